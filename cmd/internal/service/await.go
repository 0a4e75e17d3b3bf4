package service

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// connectTimeout is how long a start waits for a part that does not answer yet.
const connectTimeout = 2 * time.Minute

// awaitConnection tries until connect succeeds, and says in the log what it waits for. What
// connect marks with [backoff.Permanent] ends the waiting at once.
func awaitConnection[T any](
	ctx context.Context,
	logger *slog.Logger,
	what string,
	connect func() (T, error),
) (T, error) {
	waits := &backoff.ExponentialBackOff{
		InitialInterval: 200 * time.Millisecond,
		Multiplier:      2,
		MaxInterval:     5 * time.Second,
	}

	logWait := func(err error, next time.Duration) {
		logger.WarnContext(ctx, "waiting", "for", what, "error", err, "next_try_in", next.Round(time.Millisecond))
	}

	got, err := backoff.Retry(
		ctx,
		connect,
		backoff.WithBackOff(waits),
		backoff.WithMaxElapsedTime(connectTimeout),
		backoff.WithNotify(logWait),
	)
	if err != nil {
		return got, fmt.Errorf("%s does not answer: %w", what, err)
	}

	return got, nil
}
