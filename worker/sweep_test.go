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
	stale    []chat.StaleDelivery
	gone     map[string]bool
	away     map[string]bool
	before   time.Time
	nudged   []string
	orphaned []chat.DeliveryID
	chats    []chat.AutoSummary
	changed  []chat.ChatID
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

func (f *forgotten) StaleDeliveries(_ context.Context, before time.Time, _ int) ([]chat.StaleDelivery, error) {
	f.before = before
	return f.stale, nil
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
		},
		gone: map[string]bool{"gone": true}, away: map[string]bool{"away": true},
	}

	now := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	(&worker.Sweeper{Store: f, Engine: f, Logger: slog.New(slog.DiscardHandler)}).Sweep(t.Context(), now)
	assert.Equal(t, []string{"open", "gone", "away"}, f.nudged, "one that fails does not stop the others")
	assert.Equal(t, []chat.DeliveryID{"2"}, f.orphaned, "an engine that does not answer proves nothing")
	assert.Equal(t, 15*time.Minute, now.Sub(f.before))
}

func TestSweepSummarizesWhatWasForgotten(t *testing.T) {
	t.Parallel()

	f := &forgotten{chats: []chat.AutoSummary{{ChatID: 1}, {ChatID: 2}}}
	(&worker.Sweeper{Store: f, Engine: f, Logger: slog.New(slog.DiscardHandler)}).SweepSummaries(
		t.Context(),
		time.Now(),
	)

	assert.Equal(t, []chat.ChatID{1, 2}, f.changed, "one that fails does not stop the others")
}
