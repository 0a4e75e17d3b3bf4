package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"handrail/client"
)

// How people interfere.
const (
	// retryWithin is how long a delivery is looked for that can be retried, and retryLook how
	// often.
	retryWithin = time.Minute
	retryLook   = 300 * time.Millisecond
	// retriedWithin is how long it may take until a retry is there: one that is refused after a
	// 202, because the message has arrived meanwhile, never is.
	retriedWithin = 30 * time.Second
)

// peopleDisturbances are what operators do, though they cannot know better.
func (r *run) peopleDisturbances() []disturbance {
	return []disturbance{{kind: "person_retry", needs: "people", play: r.retryOne}}
}

// retryOne has a person retry a delivery that waits for one, or that did not arrive, or of which
// nobody has heard. The provider may have it all the same. It waits for such a delivery.
func (r *run) retryOne(ctx context.Context, chance *rand.Rand) bool {
	ctx, cancel := context.WithTimeout(ctx, retryWithin)
	defer cancel()

	for {
		if all, err := r.findToRetry(ctx); err == nil && len(all) > 0 {
			id := oneOf(chance, all)
			if r.callers.retry(ctx, id) == nil && r.awaitRetry(ctx, id) {
				return true
			}
		}

		if !waitFor(ctx, retryLook) {
			return false
		}
	}
}

// findToRetry asks the server that is the primary now.
func (r *run) findToRetry(ctx context.Context) ([]string, error) {
	l := openLedger(r.cluster.HandrailURL())
	defer func() { _ = l.close() }() // everything is read

	return l.toRetry(ctx)
}

// awaitRetry reports whether a delivery has been tried again. It waits for that.
func (r *run) awaitRetry(ctx context.Context, delivery string) bool {
	ctx, cancel := context.WithTimeout(ctx, retriedWithin)
	defer cancel()

	for {
		l := openLedger(r.cluster.HandrailURL())
		done, err := l.isRetried(ctx, delivery)
		_ = l.close() // it is read

		if err == nil && done {
			return true
		}

		if !waitFor(ctx, retryLook) {
			return false
		}
	}
}

// retry asks for another try of a delivery. It returns nil when that is begun, or done.
func (c *callers) retry(ctx context.Context, delivery string) error {
	api, err := c.dial(c.api(0), c.seeded.Secrets[0])
	if err != nil {
		return err
	}

	_, err = api.RetryDeliveryWithResponse(
		ctx,
		string(c.seeded.Workspace),
		delivery,
		&client.RetryDeliveryParams{IdempotencyKey: new("retry-" + delivery)},
		client.Retry{
			Reason:               new("make chaos retries it"),
			AcknowledgeDuplicate: new(true),
		},
	)

	return err
}
