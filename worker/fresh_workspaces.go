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

const (
	// signalPause is the shortest time between two rounds of signals: under load, one round serves all events that
	// were numbered meanwhile.
	signalPause = 100 * time.Millisecond
	// signalSweep is how often a process looks for workflows that nobody has signaled, because the process that should
	// have done so has ended.
	signalSweep = time.Minute
)

// freshWorkspaces collects the workspaces with new events, until their workflows are signaled. Its zero value is ready
// for use. Its methods may be called at the same time.
type freshWorkspaces struct {
	mutex sync.Mutex
	ids   map[chat.WorkspaceID]bool
	once  sync.Once
	wake  chan struct{}
}

// add notes that a workspace has new events. It does not wait.
func (f *freshWorkspaces) add(ws chat.WorkspaceID) {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	if f.ids == nil {
		f.ids = map[chat.WorkspaceID]bool{}
	}

	f.ids[ws] = true

	select {
	case f.added() <- struct{}{}:
	default:
	}
}

// added has an entry after a workspace was added.
func (f *freshWorkspaces) added() chan struct{} {
	f.once.Do(func() { f.wake = make(chan struct{}, 1) })

	return f.wake
}

// takeAll returns the workspaces that were added since the last call.
func (f *freshWorkspaces) takeAll() []chat.WorkspaceID {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	all := slices.Collect(maps.Keys(f.ids))
	clear(f.ids)

	return all
}

// signalUntilDone calls signal with the workspaces that were added, soon after that, and sweep each minute, until ctx
// ends. Never do two of these calls run at once.
func (f *freshWorkspaces) signalUntilDone(
	ctx context.Context,
	signal func(ctx context.Context, workspaces []chat.WorkspaceID),
	sweep func(ctx context.Context, now time.Time),
) {
	ticker := time.NewTicker(signalSweep)
	defer ticker.Stop()

	for {
		select {
		case <-ctx.Done():
			return

		case <-f.added():
			signal(ctx, f.takeAll())

		case <-ticker.C:
			sweep(ctx, time.Now())
		}

		if !wait(ctx, signalPause, nil) {
			return
		}
	}
}

// failedSignals counts the signals of a round that have failed.
type failedSignals struct {
	count int
	last  error
}

// add counts err, unless it is nil.
func (f *failedSignals) add(err error) {
	if err != nil {
		f.count++
		f.last = err
	}
}

// log writes one line for the round: while Temporal is away, all signals fail for the same reason. It writes nothing
// when none has failed, and when the process stops.
func (f *failedSignals) log(ctx context.Context, logger *slog.Logger, workflow string) {
	if f.count > 0 && ctx.Err() == nil {
		logger.ErrorContext(
			ctx,
			"workflows could not be signaled; the next sweep tries again",
			"workflow", workflow,
			"count", f.count,
			"error", f.last,
		)
	}
}
