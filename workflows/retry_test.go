package workflows_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
	"handrail/workflows"
)

func retryInput() chat.RetryDelivery {
	in := chat.RetryDelivery{
		Request:    sendInput().Request,
		DeliveryID: "0199aaaa-0000-7000-8000-0000000000ff",
		Reason:     "asked by phone",
	}

	in.Fingerprint = chat.Fingerprint{"delivery": "a"}

	return in
}

// withRetry gives the world a PrepareRetry with this answer.
func withRetry(w *world, retried chat.DeliveryRetried) {
	withActivity(w, workflows.PrepareRetry, func(chat.RetryDelivery) (chat.DeliveryRetried, error) { return retried, nil })
}

func (w *world) retry(in chat.RetryDelivery) *answer[chat.DeliveryRetried] {
	a := askOutcome[chat.DeliveryRetried](w, "u1", workflows.OutcomeQuery{Fingerprint: in.Fingerprint})
	w.ExecuteWorkflow(string(chat.ActionRetryDelivery), in)

	return a
}

func TestRetryFollowsItsNewDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withRetry(w, chat.DeliveryRetried{Of: "old", DeliverySnapshot: snapshotOf(chat.SubmissionPending)})
	withAcceptedSubmit(w)
	w.signal(20*time.Second, takenSnapshot(chat.StatusDelivered))
	a := w.retry(retryInput())
	require.NoError(t, a.err)
	assert.Equal(t, "old", string(a.out.Value.Of))
	assert.Equal(t, chat.SubmissionAccepted, a.out.Value.Submission)
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, []string{"PrepareRetry", "Submit"}, w.said)
}

func TestRetryOfAnOpenDeliveryGoesOnWhereItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withRetry(w, chat.DeliveryRetried{Owner: "action:owner", DeliverySnapshot: snapshotOf(chat.SubmissionPending)})
	w.OnSignalExternalWorkflow(mock.Anything, "action:owner", "", "Changed", chat.DeliverySnapshot{}).Return(nil).Once()
	a := w.retry(retryInput())
	require.NoError(t, a.err)
	assert.Equal(t, chat.SubmissionPending, a.out.Value.Submission)
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, []string{"PrepareRetry"}, w.said, "only one workflow posts")
	w.AssertExpectations(t)
}

func TestRetryTakesOverWhatHasLostItsWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withRetry(w, chat.DeliveryRetried{Owner: "action:gone", DeliverySnapshot: snapshotOf(chat.SubmissionPending)})

	w.OnSignalExternalWorkflow(mock.Anything, "action:gone", "", "Changed", chat.DeliverySnapshot{}).
		Return(serviceerror.NewNotFound("gone"))

	withSubmit(w, chat.SubmissionAccepted)
	a := w.retry(retryInput())
	require.NoError(t, a.err)
	assert.Equal(t, chat.SubmissionAccepted, a.out.Value.Submission)
	assert.Equal(t, []string{"PrepareRetry", "Submit"}, w.said)
}

func TestRetryWithAChangeTellsTheOneItReplaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withRetry(w, chat.DeliveryRetried{Replaced: "action:old", DeliverySnapshot: snapshotOf(chat.SubmissionPending)})
	w.OnSignalExternalWorkflow(mock.Anything, "action:old", "", "Changed", chat.DeliverySnapshot{}).Return(nil).Once()
	withSubmit(w, chat.SubmissionAccepted)
	a := w.retry(retryInput())
	require.NoError(t, a.err)
	w.AssertExpectations(t)
}

func TestRetryRefused(t *testing.T) {
	t.Parallel()

	for name, bulk := range map[string]chat.ActionID{"by a person": "", "in bulk": "0199aaaa-0000-7000-8000-0000000000b1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			withActivity(w, workflows.PrepareRetry, func(chat.RetryDelivery) (chat.DeliveryRetried, error) {
				return chat.DeliveryRetried{}, chat.Errorf(chat.CodeConflict, "the provider has it")
			})

			skipped := []chat.BulkSkip{}

			withActivity(w, workflows.SkipRetry, func(in chat.BulkSkip) (struct{}, error) {
				skipped = append(skipped, in)
				return struct{}{}, nil
			})

			in := retryInput()
			in.BulkRetryID = bulk
			a := w.retry(in)
			assert.Equal(t, "conflict", codeOf(t, a.err))
			require.NoError(t, w.GetWorkflowError())
			assert.Equal(t, bulk != "", len(skipped) == 1)
		})
	}
}

func TestRetryCanceledWhileItIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withRetry(w, chat.DeliveryRetried{DeliverySnapshot: snapshotOf(chat.SubmissionPending)})
	withSubmit(w, chat.SubmissionPending)
	neverTaken(w)
	ended := withCancels(w, chat.SubmissionCanceled)
	w.RegisterDelayedCallback(w.CancelWorkflow, time.Minute)
	a := w.retry(retryInput())
	assert.Equal(t, "delivery_failed", codeOf(t, a.err))
	assert.Len(t, *ended, 1)
}

// TestRetryCanceledBeforeItsPostIsNotPosted cancels it while it is stored.
func TestRetryCanceledBeforeItsPostIsNotPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withActivity(w, workflows.PrepareRetry, func(chat.RetryDelivery) (chat.DeliveryRetried, error) {
		w.CancelWorkflow()
		return chat.DeliveryRetried{Of: "old", DeliverySnapshot: snapshotOf(chat.SubmissionPending)}, nil
	})

	withSubmit(w, chat.SubmissionAccepted)
	withCancels(w, chat.SubmissionCanceled)

	a := w.retry(retryInput())
	assert.Equal(t, "delivery_failed", codeOf(t, a.err))
	assert.Equal(t, []string{"PrepareRetry", "EndDelivery"}, w.said)
	assert.True(t, temporal.IsCanceledError(w.GetWorkflowError()))
}

// bulkWorld is a bulk retry of deliveries d001, d002, … in a store that answers as its
// fields say.
type bulkWorld struct {
	*world
	begun []chat.DeliveryID
	// asked are the retries as they were begun.
	asked []chat.RetryDelivery
	state chat.BulkState
	note  string
	// outcome is the status that a delivery has once it is begun.
	outcome func(n int) string
}

func newBulkWorld(t *testing.T, count int) *bulkWorld {
	t.Helper()
	b := &bulkWorld{world: newWorld(t), state: chat.BulkRunning, outcome: func(int) string { return "accepted" }}

	all := make([]chat.DeliveryID, count)
	for i := range all {
		all[i] = chat.DeliveryID(fmt.Sprintf("d%03d", i+1))
	}

	run := func() (chat.BulkRetry, error) {
		r := chat.BulkRetry{
			State:    b.state,
			Note:     b.note,
			Selected: count,
			Begun:    len(b.begun),
			ByStatus: map[string]int{},
		}

		for i := range b.begun {
			r.ByStatus[b.outcome(i+1)]++
		}

		return r, nil
	}

	withActivity(b.world, workflows.BeginBulkRetry, func(chat.NewBulkRetry) (chat.BulkRetry, error) { return run() })
	withActivity(b.world, workflows.BulkProgress, func(chat.BulkStep) (chat.BulkRetry, error) { return run() })

	withActivity(b.world, workflows.SelectRetries, func(in chat.BulkStep) ([]chat.DeliveryID, error) {
		left := slices.DeleteFunc(slices.Clone(all), func(id chat.DeliveryID) bool {
			return id <= in.After || slices.Contains(b.begun, id)
		})

		return left[:min(in.Limit, len(left))], nil
	})

	withActivity(b.world, workflows.MoveBulkRetry, func(in chat.BulkMove) (chat.BulkRetry, error) {
		b.state, b.note = in.To, in.Note
		return run()
	})

	b.OnWorkflow(string(chat.ActionRetryDelivery), mock.Anything, mock.Anything).
		Return(
			func(_ workflow.Context, in chat.RetryDelivery) error {
				b.mu.Lock()
				defer b.mu.Unlock()

				b.begun = append(b.begun, in.DeliveryID)
				b.asked = append(b.asked, in)

				return nil
			},
		)

	return b
}

func (b *bulkWorld) run(rate, canary int) {
	in := workflows.BulkRetryRun{NewBulkRetry: chat.NewBulkRetry{
		ID:          "0199aaaa-0000-7000-8000-0000000000b1",
		WorkspaceID: workspace,
		Rate:        rate,
		Canary:      canary,
		Reason:      "number fixed",
	}}

	b.ExecuteWorkflow(string(chat.ActionRetryDeliveries), in)
}

func TestBulkRetryBeginsEachOnceAtItsRate(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 30)
	start := b.Now()
	b.run(5, 3)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 30)
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(b.begun))), 30, "each once")
	assert.GreaterOrEqual(t, b.Now().Sub(start), 5*time.Second, "five a second")
	assert.Equal(t, chat.BulkFinished, b.state)
}

func TestBulkRetryGoesOnWithAFreshHistory(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 600)
	b.run(50, 0)
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, b.GetWorkflowError(), &again)
	assert.Len(t, b.begun, 500)
	assert.Equal(t, chat.BulkRunning, b.state)
}

func TestBulkRetryPausesForItsCanary(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.outcome = func(n int) string {
		if n == 2 {
			return "rejected"
		}

		return "accepted"
	}

	b.changes(time.Hour, func() {
		assert.Len(t, b.begun, 4, "the rest waits")
		assert.Equal(t, chat.BulkPaused, b.state)
		assert.Equal(t, "1 of the first 4 were not taken by the provider.", b.note)
		b.state = chat.BulkRunning
	})

	b.run(5, 4)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 20, "a person let it go on")
	assert.Equal(t, chat.BulkFinished, b.state)
}

func TestBulkRetryCanceled(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.changes(1500*time.Millisecond, func() { b.state = chat.BulkCanceled })
	b.run(5, 0)
	require.NoError(t, b.GetWorkflowError())
	assert.Less(t, len(b.begun), 20)
	assert.Equal(t, chat.BulkCanceled, b.state)
}

// The run before was ended in Temporal when it had begun twelve.
func TestBulkRetryTakenUpAgainCountsWhatItHadBegun(t *testing.T) {
	t.Parallel()

	b := newBulkWorld(t, 20)
	for n := range 12 {
		b.begun = append(b.begun, chat.DeliveryID(fmt.Sprintf("d%03d", n+1)))
	}

	b.run(5, 3)
	require.NoError(t, b.GetWorkflowError())
	assert.Len(t, b.begun, 20, "each once")
	assert.Equal(t, "All 20 were begun.", b.note)
}

// The same request, asked again after its run has ended, starts the workflow again.
func TestBulkRetryThatHasFinishedBeginsNothing(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.state = chat.BulkFinished
	b.run(5, 0)
	require.NoError(t, b.GetWorkflowError())
	assert.Empty(t, b.begun)
}

func TestBulkRetryCanceledInTemporalSaysSo(t *testing.T) {
	t.Parallel()
	b := newBulkWorld(t, 20)
	b.state = chat.BulkPaused
	b.RegisterDelayedCallback(b.CancelWorkflow, time.Minute)
	b.run(5, 0)
	assert.True(t, temporal.IsCanceledError(b.GetWorkflowError()))
	assert.Equal(t, chat.BulkCanceled, b.state)
	assert.Empty(t, b.begun)
}

// TestABulkRetryHandsOnItsAcknowledgment tells each retry whether its message may be sent twice.
func TestABulkRetryHandsOnItsAcknowledgment(t *testing.T) {
	t.Parallel()

	for _, acknowledged := range []bool{true, false} {
		b := newBulkWorld(t, 2)
		b.ExecuteWorkflow(string(chat.ActionRetryDeliveries), workflows.BulkRetryRun{NewBulkRetry: chat.NewBulkRetry{
			ID:                   "0199aaaa-0000-7000-8000-0000000000b1",
			WorkspaceID:          workspace,
			Rate:                 5,
			Reason:               "number fixed",
			AcknowledgeDuplicate: acknowledged,
		}})

		require.NoError(t, b.GetWorkflowError())
		require.Len(t, b.asked, 2)

		for _, retry := range b.asked {
			assert.Equal(t, acknowledged, retry.AcknowledgeDuplicate)
		}
	}
}
