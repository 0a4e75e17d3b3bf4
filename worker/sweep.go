package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"handrail/chat"
	"handrail/engine"
)

// How often a worker looks for deliveries that have been forgotten, how long nothing must
// have happened to one, and how many it mends at once.
const (
	sweepEvery = time.Minute
	// staleAfter exceeds every wait between two tries of a delivery that is followed.
	staleAfter = 15 * time.Minute
	sweepLimit = 100
	// summaryGrace is how long after its time a chat counts as forgotten.
	summaryGrace = 2 * time.Minute
)

// SweepStore finds deliveries that nobody has touched, and mends those without a workflow,
// and chats that should have been summarized by themselves.
type SweepStore interface {
	ForgottenSummaries(ctx context.Context, now time.Time, grace time.Duration, limit int) ([]chat.AutoSummary, error)
	StaleDeliveries(ctx context.Context, before time.Time, limit int) ([]chat.StaleDelivery, error)
	OrphanDelivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID, now time.Time) (chat.Delivery, error)
}

// Signaler has a workflow look at its delivery, [engine.ErrGone] when it is not open, or
// at its chat.
type Signaler interface {
	Signal(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error
	ChatChanged(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) error
}

// Sweeper finds what signals and workflows have lost. Any number may run at once: what one
// mends is no longer stale for the others.
type Sweeper struct {
	Store  SweepStore
	Engine Signaler
	Logger *slog.Logger
}

// Run sweeps about once a minute until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	for {
		// Workers that were started together do not sweep together.
		pause := time.NewTimer(sweepEvery/2 + rand.N(sweepEvery)) //nolint:gosec // chance for its own sake
		select {
		case <-ctx.Done():
			pause.Stop()
			return

		case <-pause.C:
			s.Sweep(ctx, time.Now())
			s.SweepSummaries(ctx, time.Now())
		}
	}
}

// Sweep mends what nobody has touched for a while: a workflow that is open is made to look,
// because a signal may have been lost; a delivery whose workflow was ended in Temporal is
// handed to a person, and never sent by itself.
func (s *Sweeper) Sweep(ctx context.Context, now time.Time) {
	stale, err := s.Store.StaleDeliveries(ctx, now.Add(-staleAfter), sweepLimit)
	if err != nil {
		s.Logger.ErrorContext(ctx, "forgotten deliveries could not be looked for", "error", err)
		return
	}

	for _, d := range stale {
		err := s.Engine.Signal(ctx, d.WorkflowID, chat.DeliverySnapshot{})
		if errors.Is(err, engine.ErrGone) {
			_, err = s.Store.OrphanDelivery(ctx, d.WorkspaceID, d.DeliveryID, now)

			s.Logger.WarnContext(
				ctx,
				"a delivery has lost its workflow",
				"delivery_id",
				d.DeliveryID,
				"workflow_id",
				d.WorkflowID,
				"submission",
				d.Submission,
			)
		}

		if err != nil {
			s.Logger.ErrorContext(
				ctx,
				"a forgotten delivery could not be mended",
				"delivery_id",
				d.DeliveryID,
				"error",
				err,
			)
		}
	}
}

// SweepSummaries has chats summarized that should have been by now: the word of their
// newest message was lost on its way.
func (s *Sweeper) SweepSummaries(ctx context.Context, now time.Time) {
	forgotten, err := s.Store.ForgottenSummaries(ctx, now, summaryGrace, sweepLimit)
	if err != nil {
		s.Logger.ErrorContext(ctx, "forgotten summaries could not be looked for", "error", err)
		return
	}

	for _, f := range forgotten {
		if err := s.Engine.ChatChanged(ctx, f.WorkspaceID, f.ChatID); err != nil {
			s.Logger.ErrorContext(ctx, "a forgotten summary could not be begun", "chat_id", f.ChatID, "error", err)
		}
	}
}
