package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

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
