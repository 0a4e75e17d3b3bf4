package worker

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"handrail/chat"
)

// NoticeStore finds workspaces whose people are to be told of events.
type NoticeStore interface {
	// WaitingNotices lists those of some workspaces, or of all.
	WaitingNotices(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) ([]chat.NoticeStep, error)
}

// NoticeEngine knows the workflows that tell people.
type NoticeEngine interface {
	NoticesChanged(ctx context.Context, step chat.NoticeStep) error
}

// NoticeCaller tells the workflows that tell people that something has happened. Most events are none that people can be
// told of, and wake nobody. Any number may run at once.
type NoticeCaller struct {
	Store  NoticeStore
	Engine NoticeEngine
	Logger *slog.Logger

	mutex sync.Mutex
	fresh map[chat.WorkspaceID]bool
	wake  chan struct{}
	once  sync.Once
}

// Numbered notes that workspaces have new events. It does not wait.
func (c *NoticeCaller) Numbered(_ context.Context, numbered []chat.NumberedEvents) {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	if c.fresh == nil {
		c.fresh = map[chat.WorkspaceID]bool{}
	}

	for _, n := range numbered {
		if n.TellPeople {
			c.fresh[n.WorkspaceID] = true
		}
	}

	if len(c.fresh) == 0 {
		return
	}

	select {
	case c.awake() <- struct{}{}:
	default:
	}
}

func (c *NoticeCaller) awake() chan struct{} {
	c.once.Do(func() { c.wake = make(chan struct{}, 1) })

	return c.wake
}

// Run tells workflows until ctx ends.
func (c *NoticeCaller) Run(ctx context.Context) {
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

func (c *NoticeCaller) tellFresh(ctx context.Context) {
	c.mutex.Lock()
	fresh := slices.Collect(maps.Keys(c.fresh))
	clear(c.fresh)
	c.mutex.Unlock()

	if len(fresh) > 0 {
		c.tell(ctx, fresh, time.Now())
	}
}

// Sweep tells all workspaces whose rules are behind: the process that should have, has ended.
func (c *NoticeCaller) Sweep(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()

	c.tell(ctx, nil, now)
}

func (c *NoticeCaller) tell(ctx context.Context, workspaces []chat.WorkspaceID, now time.Time) {
	waiting, err := c.Store.WaitingNotices(ctx, workspaces, now)
	if err != nil {
		if ctx.Err() == nil {
			c.Logger.ErrorContext(ctx, "notification rules that are behind could not be looked for", "error", err)
		}

		return
	}

	for _, step := range waiting {
		if err := c.Engine.NoticesChanged(ctx, step); err != nil && ctx.Err() == nil {
			c.Logger.ErrorContext(
				ctx,
				"the workflow that tells people could not be told of new events",
				"workspace_id", step.WorkspaceID,
				"error", err,
			)
		}
	}
}
