package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/engine"
	"handrail/worker"
)

// forgotten is a store of deliveries that nobody has touched, and the engine that may or
// may not still have their workflows.
type forgotten struct {
	// looked is how many actions were looked for.
	looked int
	// storeAway is the error of looking for one.
	storeAway error

	stale    []chat.StaleDelivery
	gone     map[string]bool
	away     map[string]bool
	nudged   []string
	checked  []string
	stored   map[chat.ActionID]chat.Action
	ended    []chat.ActionID
	asked    []chat.DeliveryID
	closed   []chat.DeliveryID
	orphaned []chat.DeliveryID
	chats    []chat.AutoSummary
	changed  []chat.ChatID
	// open are the deliveries that actions have to follow.
	open map[chat.ActionID][]chat.StaleDelivery
	// keys, events and attempts are how many are old, before is until when they were made.
	keys     int
	events   int
	attempts int
	before   time.Time
	// sessions are how many have ended before sessionsBefore.
	sessions       int
	sessionsBefore time.Time
	// forgetFails is the error of deleting old attempts.
	forgetFails error
	// forgets counts the calls that delete old attempts.
	forgets int
}

func (f *forgotten) OpenDeliveries(
	_ context.Context,
	_ chat.WorkspaceID,
	action chat.ActionID,
) ([]chat.StaleDelivery, error) {
	return f.open[action], nil
}

func (f *forgotten) ForgetRequests(_ context.Context, before time.Time, limit int) (int, error) {
	count := min(f.keys, limit)
	f.keys -= count
	f.before = before

	return count, nil
}

func (f *forgotten) ForgetSessions(_ context.Context, before time.Time, limit int) (int, error) {
	count := min(f.sessions, limit)
	f.sessions -= count
	f.sessionsBefore = before

	return count, nil
}

func (f *forgotten) ForgetEvents(_ context.Context, before time.Time, limit int) (int, error) {
	count := min(f.events, limit)
	f.events -= count
	f.before = before

	return count, nil
}

func (f *forgotten) ForgetWebhookAttempts(_ context.Context, _ time.Time, limit int) (int, error) {
	count := min(f.attempts, limit)
	f.attempts -= count
	f.forgets++

	return count, f.forgetFails
}

func (f *forgotten) ForgottenSummaries(context.Context, time.Time, time.Duration, int) ([]chat.AutoSummary, error) {
	return f.chats, nil
}

func (f *forgotten) ChatChanged(_ context.Context, _ chat.WorkspaceID, id chat.ChatID) error {
	f.changed = append(f.changed, id)

	if id == 1 {
		return errors.New("no connection")
	}

	return nil
}

// StaleDeliveries gives them out one by one.
func (f *forgotten) StaleDeliveries(
	_ context.Context,
	_ time.Time,
	_ time.Duration,
	_ int,
) (found []chat.StaleDelivery, more bool, err error) {
	if len(f.stale) == 0 {
		return nil, false, nil
	}

	found, f.stale = f.stale[:1], f.stale[1:]

	return found, true, nil
}

func (f *forgotten) Action(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	f.looked++

	if f.storeAway != nil {
		return chat.Action{}, f.storeAway
	}

	if a, ok := f.stored[id]; ok {
		return a, nil
	}

	return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no such action")
}

func (f *forgotten) CloseEvidence(_ context.Context, _ chat.WorkspaceID, id chat.DeliveryID) error {
	f.closed = append(f.closed, id)
	return nil
}

func (f *forgotten) QueryProvider(_ context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	f.asked = append(f.asked, in.DeliveryID)
	return chat.DeliverySnapshot{}, nil
}

func (f *forgotten) RecordEndedAction(_ context.Context, a chat.Action) (bool, error) {
	f.ended = append(f.ended, a.ID)
	return true, nil
}

// workflowList is the engine's side of forgotten.
type workflowList struct {
	*forgotten
	// listed were ended at some time, newest are how their actions stand now.
	listed []chat.ActionID
	newest map[chat.ActionID]chat.Action
	since  []time.Time
}

func (w *workflowList) CheckOpen(_ context.Context, workflowID string) error {
	w.checked = append(w.checked, workflowID)
	if w.gone[workflowID] {
		return engine.ErrGone
	}

	return nil
}

func (w *workflowList) EndedActions(
	ctx context.Context,
	since time.Time,
	found func(context.Context, chat.Action) error,
) error {
	w.since = append(w.since, since)

	for _, id := range w.listed {
		if err := found(ctx, chat.Action{ID: id, EndedRun: chat.Run{ID: "run of " + string(id)}}); err != nil {
			return err
		}
	}

	return nil
}

func (w *workflowList) Action(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	if a, ok := w.newest[id]; ok {
		return a, nil
	}

	return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "it was refused")
}

func newSweeper(f *forgotten) *worker.Sweeper {
	return &worker.Sweeper{
		Store:      f,
		Engine:     &workflowList{forgotten: f},
		Logger:     slog.New(slog.DiscardHandler),
		StaleAfter: 15 * time.Minute,

		QueryProvider: f.QueryProvider,
	}
}

func (f *forgotten) OrphanDelivery(
	_ context.Context,
	_ chat.WorkspaceID,
	id chat.DeliveryID,
	_ time.Time,
) (chat.Delivery, error) {
	f.orphaned = append(f.orphaned, id)
	return chat.Delivery{}, nil
}

func (f *forgotten) Signal(_ context.Context, workflowID string, _ chat.DeliverySnapshot) error {
	f.nudged = append(f.nudged, workflowID)
	switch {
	case f.gone[workflowID]:
		return engine.ErrGone
	case f.away[workflowID]:
		return errors.New("no connection")
	}

	return nil
}

func TestSweepWakesTheOpenAndHandsTheOrphansToAPerson(t *testing.T) {
	t.Parallel()

	f := &forgotten{
		stale: []chat.StaleDelivery{
			{DeliveryID: "1", WorkflowID: "open"},
			{DeliveryID: "2", WorkflowID: "gone"},
			{DeliveryID: "3", WorkflowID: "away"},
			{DeliveryID: "4", WorkflowID: "waits", Step: chat.SweepCheck},
			{DeliveryID: "5", WorkflowID: "gone", Step: chat.SweepCheck},
			{DeliveryID: "6", WorkflowID: "gone", Step: chat.SweepSeek},
			{DeliveryID: "7", WorkflowID: "gone", ReleasedBy: "retry"},
		},
		gone: map[string]bool{"gone": true}, away: map[string]bool{"away": true},
	}

	now := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	newSweeper(f).Sweep(t.Context(), now)
	assert.Equal(t, []string{"open", "gone", "away", "gone", "retry"}, f.nudged, "one that fails does not stop the others")
	assert.Equal(t, []string{"waits", "gone"}, f.checked, "what waits for people is not disturbed")
	assert.Equal(t, []chat.DeliveryID{"2", "5"}, f.orphaned, "an engine that does not answer proves nothing")
	assert.Equal(t, []chat.DeliveryID{"2", "5", "6"}, f.asked, "the provider is asked before a person is")
	assert.Equal(t, []chat.DeliveryID{"6"}, f.closed, "and once more for copies of what has ended")
}

// TestSweepFindsWhatWasEndedInTemporal records what was promised to a caller and then ended before
// it had left a row. What has a row, was refused, or runs again, is no such action, unless its row tells of
// an earlier run.
func TestSweepFindsWhatWasEndedInTemporal(t *testing.T) {
	t.Parallel()

	ended := chat.Action{
		ID:      "ended",
		State:   chat.ActionFailed,
		Problem: chat.EndedInTemporal("ended", "terminated"),
	}

	known := ended
	known.EndedRun.ID = "run of known"

	again := ended
	again.ID = "ended again"
	again.EndedRun.ID = "an earlier run"

	f := &forgotten{stored: map[chat.ActionID]chat.Action{
		"stored":      {ID: "stored", State: chat.ActionRunning},
		"known":       known,
		"ended again": again,
	}}
	list := &workflowList{
		forgotten: f,
		listed:    []chat.ActionID{"stored", "refused since", "runs again", "known", "ended", "ended again"},
		newest: map[chat.ActionID]chat.Action{
			"runs again":  {ID: "runs again", State: chat.ActionRunning},
			"known":       known,
			"ended":       ended,
			"ended again": again,
		},
	}

	sweeper := newSweeper(f)
	sweeper.Engine = list

	now := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	sweeper.SweepEnded(t.Context(), now)
	assert.Equal(t, []chat.ActionID{"ended", "ended again"}, f.ended)

	sweeper.SweepEnded(t.Context(), now.Add(time.Minute))
	assert.Equal(t, len(list.listed), f.looked, "none is looked at twice, though looks overlap")
	assert.Equal(t, []time.Time{{}, now.Add(-10 * time.Minute)}, list.since, "all at first, then what is new")
}

// TestSweepHandsOverWhatAnEndedWorkflowFollowed: an accepted delivery whose workflow was terminated was noticed after
// two days.
func TestSweepHandsOverWhatAnEndedWorkflowFollowed(t *testing.T) {
	t.Parallel()

	follow := func(id chat.DeliveryID, workflow string) []chat.StaleDelivery {
		return []chat.StaleDelivery{{DeliveryID: id, WorkflowID: workflow, Step: chat.SweepCheck}}
	}

	f := &forgotten{
		gone: map[string]bool{"terminated": true},
		stored: map[chat.ActionID]chat.Action{
			"terminated": {ID: "terminated", State: chat.ActionParked},
			"reset":      {ID: "reset", State: chat.ActionParked},
		},
		open: map[chat.ActionID][]chat.StaleDelivery{
			"terminated": follow("lost", "terminated"),
			"reset":      follow("followed", "runs again"),
		},
	}

	sweeper := newSweeper(f)
	sweeper.Engine = &workflowList{forgotten: f, listed: []chat.ActionID{"terminated", "reset"}}

	now := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	sweeper.SweepEnded(t.Context(), now)
	assert.Equal(t, []chat.DeliveryID{"lost"}, f.orphaned)
	assert.Equal(t, []chat.DeliveryID{"lost"}, f.asked, "the provider may know what became of it")
	assert.Empty(t, f.ended, "nothing of them is told as unsent")
}

// TestSweepComesBackToWhatItCouldNotRecord: a look that fails has not seen to the action.
func TestSweepComesBackToWhatItCouldNotRecord(t *testing.T) {
	t.Parallel()

	ended := chat.Action{
		ID:      "ended",
		State:   chat.ActionFailed,
		Problem: chat.EndedInTemporal("ended", "terminated"),
	}

	f := &forgotten{storeAway: chat.Unavailable("the database does not answer")}
	sweeper := newSweeper(f)
	sweeper.Engine = &workflowList{
		forgotten: f,
		listed:    []chat.ActionID{"ended"},
		newest:    map[chat.ActionID]chat.Action{"ended": ended},
	}

	now := time.Date(2026, time.November, 28, 10, 0, 0, 0, time.UTC)
	sweeper.SweepEnded(t.Context(), now)
	assert.Empty(t, f.ended)

	f.storeAway = nil

	sweeper.SweepEnded(t.Context(), now.Add(time.Minute))
	assert.Equal(t, []chat.ActionID{"ended"}, f.ended)
}

func TestSweepSummarizesWhatWasForgotten(t *testing.T) {
	t.Parallel()

	f := &forgotten{chats: []chat.AutoSummary{{ChatID: 1}, {ChatID: 2}}}
	newSweeper(f).SweepSummaries(t.Context(), time.Now())

	assert.Equal(t, []chat.ChatID{1, 2}, f.changed, "one that fails does not stop the others")
}

func TestSweepForgetsOldIdempotencyKeys(t *testing.T) {
	t.Parallel()

	f := &forgotten{keys: 2500, sessions: 1500}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	newSweeper(f).SweepRequests(t.Context(), now)

	assert.Zero(t, f.keys)
	assert.Equal(t, now.Add(-chat.RequestKept), f.before)
	assert.Zero(t, f.sessions)
	assert.Equal(t, now.Add(-chat.SessionsKept), f.sessionsBefore)
}

func TestSweepEventsForgetsThemInBatches(t *testing.T) {
	t.Parallel()

	f := &forgotten{events: 2500, attempts: 1500}
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	sweeper := newSweeper(f)

	sweeper.SweepEvents(t.Context(), now)
	assert.Zero(t, f.events)
	assert.Zero(t, f.attempts)
	assert.Equal(t, now.Add(-chat.EventKept), f.before)

	sweeper.EventsKept = time.Hour
	sweeper.SweepEvents(t.Context(), now)
	assert.Equal(t, now.Add(-time.Hour), f.before)
}

// TestASweepThatFailsIsNotRepeatedAtOnce stops at an error, even if the statement had deleted rows before its
// transaction failed.
func TestASweepThatFailsIsNotRepeatedAtOnce(t *testing.T) {
	t.Parallel()

	f := &forgotten{attempts: 5000, forgetFails: errors.New("the commit has failed")}
	newSweeper(f).SweepEvents(t.Context(), time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))

	assert.Equal(t, 1, f.forgets)
}
