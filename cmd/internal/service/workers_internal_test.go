package service

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestWorkersAreAskedForOnceInAWhile: an answer is kept for five seconds, and an error says that Temporal is away.
func TestWorkersAreAskedForOnceInAWhile(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.November, 30, 10, 0, 0, 0, time.UTC)
	asked := 0
	polling := true

	var away error
	var log bytes.Buffer

	watch := &workerWatch{
		hasWorkers: func(context.Context) (bool, error) {
			asked++
			return polling, away
		},
		now:    func() time.Time { return now },
		logger: slog.New(slog.NewTextHandler(&log, nil)),
	}

	well := chat.Workers{Reachable: true, Polling: true, CheckedAt: now}
	assert.Equal(t, well, watch.Workers(t.Context()))

	polling = false
	now = now.Add(workersKept - time.Millisecond)

	assert.Equal(t, well, watch.Workers(t.Context()), "it is still kept")
	assert.Equal(t, 1, asked)

	now = now.Add(time.Millisecond)
	assert.Equal(t, chat.Workers{Reachable: true, CheckedAt: now}, watch.Workers(t.Context()))

	away = errors.New("connection refused")
	now = now.Add(workersKept)

	found := watch.Workers(t.Context())
	assert.Equal(t, chat.Workers{CheckedAt: now}, found)
	assert.True(t, found.NeedPerson())

	now = now.Add(workersKept)

	watch.Workers(t.Context())
	assert.Equal(t, 1, strings.Count(log.String(), "connection refused"), "why, and once")
	assert.Equal(t, 4, asked)
}
