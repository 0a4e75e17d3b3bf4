package worker

import (
	"context"
	"log/slog"
	"time"

	"handrail/chat"
)

// WebhookStore finds webhook endpoints that are behind.
type WebhookStore interface {
	// WaitingWebhooks lists those of some workspaces, or of all if there are none.
	WaitingWebhooks(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) ([]chat.WebhookStep, error)
}

// WebhookEngine knows the workflows of webhook endpoints.
type WebhookEngine interface {
	// WebhooksChanged signals the workflow of an endpoint, and starts it if there is none.
	WebhooksChanged(ctx context.Context, step chat.WebhookStep) error
}

// WebhookCaller signals the workflows of webhook endpoints when there are new events. An endpoint that waits because a
// post has failed gets no signal: its workflow knows when to go on, and its history must not grow meanwhile. Any number
// of callers may run at once.
type WebhookCaller struct {
	Store  WebhookStore
	Engine WebhookEngine
	Logger *slog.Logger

	fresh freshWorkspaces
}

// Numbered notes that workspaces have new events. It does not wait.
func (c *WebhookCaller) Numbered(_ context.Context, numbered []chat.NumberedEvents) {
	for _, n := range numbered {
		c.fresh.add(n.WorkspaceID)
	}
}

// Run signals workflows until ctx ends.
func (c *WebhookCaller) Run(ctx context.Context) {
	c.fresh.signalUntilDone(ctx, c.signalFresh, c.Sweep)
}

// signalFresh signals the endpoints of workspaces with new events.
func (c *WebhookCaller) signalFresh(ctx context.Context, workspaces []chat.WorkspaceID) {
	// Without workspaces, all would be asked for.
	if len(workspaces) > 0 {
		c.signalWaiting(ctx, workspaces, time.Now())
	}
}

// Sweep signals all endpoints that are behind.
func (c *WebhookCaller) Sweep(ctx context.Context, now time.Time) { c.signalWaiting(ctx, nil, now) }

// signalWaiting signals the endpoints of these workspaces, or of all, whose lanes could go on. It gives up after
// [sweepWithin]: the next sweep finds the rest.
func (c *WebhookCaller) signalWaiting(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) {
	round, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()

	waiting, err := c.Store.WaitingWebhooks(round, workspaces, now)
	if err != nil {
		if ctx.Err() == nil {
			c.Logger.ErrorContext(ctx, "webhook endpoints that are behind could not be looked for", "error", err)
		}

		return
	}

	var failed failedSignals

	for _, step := range waiting {
		failed.add(c.Engine.WebhooksChanged(round, step))
	}

	failed.log(ctx, c.Logger, "DeliverWebhooks")
}
