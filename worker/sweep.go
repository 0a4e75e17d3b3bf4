package worker

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"time"

	"handrail/chat"
	"handrail/engine"
)

// How often a worker looks for what has been forgotten, and how many it looks at with one question.
const (
	sweepEvery = time.Minute
	sweepLimit = 100
	// sweepWithin bounds one sweep. The next one goes on where it ended.
	sweepWithin = 45 * time.Second
	// summaryGrace is how long after its time a chat counts as forgotten.
	summaryGrace = 2 * time.Minute
	// forgetLimit is how many old rows, such as idempotency keys or events, are deleted with one statement.
	forgetLimit = 1000
	// endedOverlap is how much two looks for ended workflows overlap: Temporal's list lags.
	endedOverlap = 10 * time.Minute
)

// SweepStore finds deliveries that nobody has touched, and mends those without a workflow,
// chats that should have been summarized by themselves, and actions that have left no row.
type SweepStore interface {
	ForgottenSummaries(ctx context.Context, now time.Time, grace time.Duration, limit int) ([]chat.AutoSummary, error)
	StaleDeliveries(
		ctx context.Context,
		now time.Time,
		stale time.Duration,
		limit int,
	) (found []chat.StaleDelivery, more bool, err error)
	OpenDeliveries(ctx context.Context, ws chat.WorkspaceID, action chat.ActionID) ([]chat.StaleDelivery, error)
	OrphanDelivery(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID, now time.Time) (chat.Delivery, error)
	Action(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error)
	RecordEndedAction(ctx context.Context, a chat.Action) (bool, error)
	CloseEvidence(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) error
	ForgetRequests(ctx context.Context, before time.Time, limit int) (int, error)
	ForgetSessions(ctx context.Context, before time.Time, limit int) (int, error)
	ForgetEvents(ctx context.Context, before time.Time, limit int) (int, error)
	ForgetWebhookAttempts(ctx context.Context, before time.Time, limit int) (int, error)
}

// SweepEngine knows the workflows: it has one look at its delivery or chat, reports
// [engine.ErrGone] for one that is not open, and lists those that were ended in Temporal.
type SweepEngine interface {
	Signal(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error
	CheckOpen(ctx context.Context, workflowID string) error
	ChatChanged(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) error
	Action(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error)
	EndedActions(ctx context.Context, since time.Time, found func(context.Context, chat.Action) error) error
}

// Sweeper finds what signals and workflows have lost. Any number may run at once: what one
// mends is no longer stale for the others.
type Sweeper struct {
	Store  SweepStore
	Engine SweepEngine
	Logger *slog.Logger
	// Found is called with each thing that a sweep finds, to count it. It may be nil.
	Found func(chat.SweepFinding)
	// QueryProvider asks a delivery's provider for evidence, and records it.
	QueryProvider func(context.Context, chat.DeliveryStep) (chat.DeliverySnapshot, error)
	// StaleAfter is how long nothing must have happened to a delivery before a sweep looks at it.
	// It exceeds every wait between two tries of a delivery that is followed.
	StaleAfter time.Duration
	// EventsKept is how long events, and the attempts to post them, are kept; 0 for [chat.EventKept].
	EventsKept time.Duration
	// endedSince is from when on ended workflows are looked for; at first, all that Temporal has.
	endedSince time.Time
	// endedSeen are the runs that the last look has seen to: looks overlap.
	endedSeen map[endedRun]bool
}

// endedRun is one ended run of an action, which may have more than one.
type endedRun struct {
	workspace chat.WorkspaceID
	action    chat.ActionID
	at        time.Time
}

// Run sweeps about once a minute, or as often as deliveries become stale, until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	every := min(sweepEvery, s.StaleAfter)

	for {
		// Workers that were started together do not sweep together.
		pause := time.NewTimer(every/2 + rand.N(every)) //nolint:gosec // chance for its own sake
		select {
		case <-ctx.Done():
			pause.Stop()
			return

		case <-pause.C:
			s.Sweep(ctx, time.Now())
			s.SweepEnded(ctx, time.Now())
			s.SweepSummaries(ctx, time.Now())
			s.SweepRequests(ctx, time.Now())
			s.SweepEvents(ctx, time.Now())
		}
	}
}

// Sweep mends what nobody has touched for a while: a workflow that is open is made to look,
// because a signal may have been lost; a delivery whose workflow was ended in Temporal is
// handed to a person, and never sent by itself. It goes through all of them.
func (s *Sweeper) Sweep(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()

	for more := true; more && ctx.Err() == nil; {
		var (
			stale []chat.StaleDelivery
			err   error
		)

		stale, more, err = s.Store.StaleDeliveries(ctx, now, s.StaleAfter, sweepLimit)
		if err != nil {
			s.Logger.ErrorContext(ctx, "forgotten deliveries could not be looked for", "error", err)
			return
		}

		for _, d := range stale {
			s.mendDelivery(ctx, d, now)
		}
	}
}

// countFinding counts what a sweep has found.
func (s *Sweeper) countFinding(f chat.SweepFinding) {
	if s.Found != nil {
		s.Found(f)
	}
}

// mendDelivery looks after one delivery that nobody has touched.
func (s *Sweeper) mendDelivery(ctx context.Context, d chat.StaleDelivery, now time.Time) {
	if d.Step != chat.SweepSeek {
		s.countFinding(chat.FoundStale)
	}

	err := s.reachWorkflow(ctx, d, d.WorkflowID)
	if errors.Is(err, engine.ErrGone) && d.ReleasedBy != "" {
		err = s.reachWorkflow(ctx, d, d.ReleasedBy)
	}

	if errors.Is(err, engine.ErrGone) {
		err = s.adoptDelivery(ctx, d, now)
	}

	if err != nil {
		s.Logger.ErrorContext(
			ctx,
			"a forgotten delivery could not be mended",
			"delivery_id", d.DeliveryID,
			"error", err,
		)
	}
}

// reachWorkflow has a workflow look at its delivery, or only sees to it that it is open:
// [engine.ErrGone] if it is not.
func (s *Sweeper) reachWorkflow(ctx context.Context, d chat.StaleDelivery, workflowID string) error {
	switch d.Step {
	case chat.SweepSeek:
		return s.seekCopies(ctx, d)
	case chat.SweepCheck:
		return s.Engine.CheckOpen(ctx, workflowID)
	default:
		return s.Engine.Signal(ctx, workflowID, chat.DeliverySnapshot{})
	}
}

// adoptDelivery does what is left to do for a delivery that has lost its workflow: it looks for
// evidence, and hands it to a person.
func (s *Sweeper) adoptDelivery(ctx context.Context, d chat.StaleDelivery, now time.Time) error {
	s.countFinding(chat.FoundLostWorkflow)

	s.Logger.WarnContext(
		ctx,
		"a delivery has lost its workflow",
		"delivery_id", d.DeliveryID,
		"workflow_id", d.WorkflowID,
		"submission", d.Submission,
	)

	// A provider that does not answer now is asked again when the person looks.
	_, queryErr := s.QueryProvider(ctx, d.DeliveryStep())
	if d.Submission == chat.SubmissionSending {
		// The first question has only made it unknown.
		_, queryErr = s.QueryProvider(ctx, d.DeliveryStep())
	}

	_, err := s.Store.OrphanDelivery(ctx, d.WorkspaceID, d.DeliveryID, now)

	return errors.Join(queryErr, err)
}

// seekCopies reads the provider's list for the last time for a delivery that has ended.
func (s *Sweeper) seekCopies(ctx context.Context, d chat.StaleDelivery) error {
	if _, err := s.QueryProvider(ctx, d.DeliveryStep()); err != nil {
		return err
	}

	return s.Store.CloseEvidence(ctx, d.WorkspaceID, d.DeliveryID)
}

// SweepEnded records the actions whose workflows were ended in Temporal before they had stored
// anything, and hands over what the others have left. Somebody was told that they would be carried out.
func (s *Sweeper) SweepEnded(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()

	seen := map[endedRun]bool{}
	look := func(ctx context.Context, a chat.Action) error {
		run := endedRun{workspace: a.WorkspaceID, action: a.ID, at: a.UpdatedAt}

		if !s.endedSeen[run] {
			if err := s.recordEnded(ctx, a, now); err != nil {
				return err
			}
		}

		seen[run] = true

		return nil
	}

	if err := s.Engine.EndedActions(ctx, s.endedSince, look); err != nil {
		// The next look goes on with those that this one has not seen to.
		maps.Copy(seen, s.endedSeen)
		s.endedSeen = seen
		s.Logger.ErrorContext(ctx, "workflows that were ended could not be looked for", "error", err)

		return
	}

	s.endedSince = now.Add(-endedOverlap)
	s.endedSeen = seen
}

// mendEnded looks after the deliveries that an ended workflow should have followed. They need not wait until they
// are stale.
func (s *Sweeper) mendEnded(ctx context.Context, ended chat.Action, now time.Time) error {
	open, err := s.Store.OpenDeliveries(ctx, ended.WorkspaceID, ended.ID)

	for _, d := range open {
		s.mendDelivery(ctx, d, now)
	}

	return err
}

// recordEnded stores that an action was ended, unless it has left something, was stored before, or was
// asked for again.
func (s *Sweeper) recordEnded(ctx context.Context, ended chat.Action, now time.Time) error {
	stored, err := s.Store.Action(ctx, ended.WorkspaceID, ended.ID)

	switch {
	case err == nil && stored.Resumable() != nil:
		return s.mendEnded(ctx, ended, now)
	case err == nil && stored.EndedRun.ID == ended.EndedRun.ID:
		return nil
	case err != nil && chat.CodeOf(err) != chat.CodeActionNotFound:
		return err
	}

	newest, err := s.Engine.Action(ctx, ended.WorkspaceID, ended.ID)
	if chat.CodeOf(err) == chat.CodeActionNotFound || err == nil && newest.State != chat.ActionFailed {
		return nil
	}

	if err != nil {
		return err
	}

	_, err = s.Store.RecordEndedAction(ctx, newest)
	if chat.CodeOf(err).Kind() == chat.KindNotFound {
		return nil // of a workspace, chat or delivery that is no more
	}

	return err
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
		s.countFinding(chat.FoundForgottenSummary)

		if err := s.Engine.ChatChanged(ctx, f.WorkspaceID, f.ChatID); err != nil {
			s.Logger.ErrorContext(ctx, "a forgotten summary could not be begun", "chat_id", f.ChatID, "error", err)
		}
	}
}

// SweepRequests deletes the answers to requests with an Idempotency-Key, and the ended sessions, that are not kept any
// longer.
func (s *Sweeper) SweepRequests(ctx context.Context, now time.Time) {
	s.deleteOld(ctx, "idempotency keys", now.Add(-chat.RequestKept), s.Store.ForgetRequests)
	s.deleteOld(ctx, "ended sessions", now.Add(-chat.SessionsKept), s.Store.ForgetSessions)
}

// SweepEvents deletes the events, and the attempts to post them, that are not kept any longer.
func (s *Sweeper) SweepEvents(ctx context.Context, now time.Time) {
	before := now.Add(-cmp.Or(s.EventsKept, chat.EventKept))

	s.deleteOld(ctx, "events", before, s.Store.ForgetEvents)
	s.deleteOld(ctx, "attempts of webhooks", before, s.Store.ForgetWebhookAttempts)
}

// deleteOld deletes what is older than before, in small batches, until nothing is left, an error comes, or
// [sweepWithin] has passed.
func (s *Sweeper) deleteOld(
	ctx context.Context,
	what string,
	before time.Time,
	deleteSome func(ctx context.Context, before time.Time, limit int) (int, error),
) {
	ctx, cancel := context.WithTimeout(ctx, sweepWithin)
	defer cancel()

	for {
		count, err := deleteSome(ctx, before, forgetLimit)
		if err != nil {
			s.Logger.ErrorContext(ctx, "what is old could not be deleted", "what", what, "error", err)
			return
		}

		if count < forgetLimit {
			return
		}
	}
}
