package worker

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"handrail/chat"
)

const (
	// webhookPause is the shortest time between two looks for endpoints of workspaces with new events.
	webhookPause = 100 * time.Millisecond
	// webhookSweep is how often a process looks for endpoints that nobody has told: the process that should have,
	// has ended.
	webhookSweep = time.Minute
)

// WebhookStore finds webhook endpoints that are behind.
type WebhookStore interface {
	// WaitingWebhooks lists those of some workspaces, or of all.
	WaitingWebhooks(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) ([]chat.WebhookStep, error)
	ForgetWebhookAttempts(ctx context.Context, before time.Time, limit int) (int, error)
}

// WebhookEngine knows the workflows of webhook endpoints.
type WebhookEngine interface {
	WebhooksChanged(ctx context.Context, step chat.WebhookStep) error
}

// WebhookCaller tells the workflows of webhook endpoints that there are new events. An endpoint that waits because a
// post has failed is not told: its workflow knows when to go on, and its history must not grow meanwhile. Any number
// may run at once.
type WebhookCaller struct {
	Store  WebhookStore
	Engine WebhookEngine
	Logger *slog.Logger
	// AttemptsKept is how long attempts are kept; 0 for [chat.EventKept].
	AttemptsKept time.Duration

	mutex sync.Mutex
	fresh map[chat.WorkspaceID]bool
	wake  chan struct{}
	once  sync.Once
}

// Numbered notes that workspaces have new events. It does not wait.
func (c *WebhookCaller) Numbered(_ context.Context, numbered []chat.NumberedEvents) {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	if c.fresh == nil {
		c.fresh = map[chat.WorkspaceID]bool{}
	}

	for _, n := range numbered {
		c.fresh[n.WorkspaceID] = true
	}

	select {
	case c.awake() <- struct{}{}:
	default:
	}
}

func (c *WebhookCaller) awake() chan struct{} {
	c.once.Do(func() { c.wake = make(chan struct{}, 1) })

	return c.wake
}

// Run tells workflows until ctx ends.
func (c *WebhookCaller) Run(ctx context.Context) {
	sweep := time.NewTicker(webhookSweep)
	defer sweep.Stop()

	for {
		select {
		case <-ctx.Done():
			return

		case <-c.awake():
			c.tellFresh(ctx)

		case <-sweep.C:
			c.Sweep(ctx, time.Now())
		}

		if !wait(ctx, webhookPause, nil) {
			return
		}
	}
}

// tellFresh tells the endpoints of workspaces with new events.
func (c *WebhookCaller) tellFresh(ctx context.Context) {
	c.mutex.Lock()
	fresh := slices.Collect(maps.Keys(c.fresh))
	clear(c.fresh)
	c.mutex.Unlock()

	if len(fresh) > 0 {
		c.tell(ctx, fresh, time.Now())
	}
}

// Sweep tells all endpoints that are behind, and deletes attempts that are not kept any longer.
func (c *WebhookCaller) Sweep(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()

	c.tell(ctx, nil, now)

	before := now.Add(-cmp.Or(c.AttemptsKept, chat.EventKept))

	for count := forgetLimit; count == forgetLimit; {
		var err error

		count, err = c.Store.ForgetWebhookAttempts(ctx, before, forgetLimit)
		if err != nil && ctx.Err() == nil {
			c.Logger.ErrorContext(ctx, "old attempts of webhooks could not be deleted", "error", err)
		}
	}
}

func (c *WebhookCaller) tell(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) {
	waiting, err := c.Store.WaitingWebhooks(ctx, workspaces, now)
	if err != nil {
		if ctx.Err() == nil {
			c.Logger.ErrorContext(ctx, "webhooks that are behind could not be looked for", "error", err)
		}

		return
	}

	for _, step := range waiting {
		if err := c.Engine.WebhooksChanged(ctx, step); err != nil && ctx.Err() == nil {
			c.Logger.ErrorContext(
				ctx,
				"a webhook endpoint could not be told of new events",
				"webhook_endpoint_id", step.EndpointID,
				"error", err,
			)
		}
	}
}
