package worker

import (
	"context"
	"log/slog"
	"time"

	"handrail/chat"
)

const (
	// numberLimit is how many changes are numbered in one transaction.
	numberLimit = 500
	// numberPause is the shortest time between two numberings of one process: under load, one numbering serves
	// all that was committed meanwhile.
	numberPause = 50 * time.Millisecond
	// numberAnyway is how often a process looks for changes without notice: those that another process committed before
	// it ended.
	numberAnyway = 2 * time.Second
)

// EventStore numbers events.
type EventStore interface {
	// NumberEvents makes numbered events of at most limit changes that were committed. It returns the workspaces with
	// new events, and whether there may be more changes.
	NumberEvents(ctx context.Context, limit int) ([]chat.NumberedEvents, bool, error)
	// Changed has an entry after this process has committed something that may have made events.
	Changed() <-chan struct{}
}

// Sequencer gives the events of all workspaces their numbers, soon after they have happened. Every process that writes
// runs one; the store lets them take turns.
type Sequencer struct {
	Store  EventStore
	Logger *slog.Logger
	// OnNumbered is called with the workspaces that have new events. It must not wait. It may be nil.
	OnNumbered func(ctx context.Context, numbered []chat.NumberedEvents)
}

// Run numbers events until ctx ends. What has no number then gets one from another process, or at the next start.
func (s *Sequencer) Run(ctx context.Context) {
	for {
		s.numberEvents(ctx)

		if !wait(ctx, numberPause, nil) || !wait(ctx, numberAnyway-numberPause, s.Store.Changed()) {
			return
		}
	}
}

// numberEvents gives numbers to all that was committed.
func (s *Sequencer) numberEvents(ctx context.Context) {
	for more := true; more && ctx.Err() == nil; {
		var (
			numbered []chat.NumberedEvents
			err      error
		)

		numbered, more, err = s.Store.NumberEvents(ctx, numberLimit)
		if err != nil {
			if ctx.Err() == nil {
				s.Logger.ErrorContext(ctx, "events could not be numbered", "error", err)
			}

			return
		}

		if len(numbered) > 0 && s.OnNumbered != nil {
			s.OnNumbered(ctx, numbered)
		}
	}
}

// wait returns after the pause, or as soon as early has an entry. It reports whether ctx goes on.
func wait(ctx context.Context, pause time.Duration, early <-chan struct{}) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()

	select {
	case <-ctx.Done():
		return false

	case <-early:
	case <-timer.C:
	}

	return true
}
