package worker

import (
	"context"
	"log/slog"
	"time"

	"handrail/chat"
)

// NoticeStore finds workspaces whose people are to be told of events.
type NoticeStore interface {
	// WaitingNotices lists those of some workspaces, or of all if there are none.
	WaitingNotices(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) ([]chat.NoticeStep, error)
}

// NoticeEngine knows the workflows that tell people.
type NoticeEngine interface {
	// NoticesChanged signals the workflow of a workspace, and starts it if there is none.
	NoticesChanged(ctx context.Context, step chat.NoticeStep) error
}

// NoticeCaller signals the workflows that tell people when there are new events. People cannot be told of most types of
// events, and those wake nobody. Any number of callers may run at once.
type NoticeCaller struct {
	Store  NoticeStore
	Engine NoticeEngine
	Logger *slog.Logger

	fresh freshWorkspaces
}

// Numbered notes that workspaces have new events. It does not wait.
func (c *NoticeCaller) Numbered(_ context.Context, numbered []chat.NumberedEvents) {
	for _, n := range numbered {
		if n.TellPeople {
			c.fresh.add(n.WorkspaceID)
		}
	}
}

// Run signals workflows until ctx ends.
func (c *NoticeCaller) Run(ctx context.Context) {
	c.fresh.signalUntilDone(ctx, c.signalFresh, c.Sweep)
}

// signalFresh signals the workflows of workspaces with new events.
func (c *NoticeCaller) signalFresh(ctx context.Context, workspaces []chat.WorkspaceID) {
	// Without workspaces, all would be asked for.
	if len(workspaces) > 0 {
		c.signalWaiting(ctx, workspaces, time.Now())
	}
}

// Sweep signals the workflows of all workspaces whose rules are behind.
func (c *NoticeCaller) Sweep(ctx context.Context, now time.Time) { c.signalWaiting(ctx, nil, now) }

// signalWaiting signals the workflows of these workspaces, or of all, whose rules are behind. It gives up after
// [sweepWithin]: the next sweep finds the rest.
func (c *NoticeCaller) signalWaiting(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) {
	round, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()

	waiting, err := c.Store.WaitingNotices(round, workspaces, now)
	if err != nil {
		if ctx.Err() == nil {
			c.Logger.ErrorContext(ctx, "notification rules that are behind could not be looked for", "error", err)
		}

		return
	}

	var failed failedSignals

	for _, step := range waiting {
		failed.add(c.Engine.NoticesChanged(round, step))
	}

	failed.log(ctx, c.Logger, "TellPeople")
}
