package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
	"handrail/workflows"
)

// TestALongHistoryContinuesAnew has Temporal suggest it while a send waits for a person, for an
// approval, or for its receipt. The next run has the same input, and finds in the store what was
// done.
func TestALongHistoryContinuesAnew(t *testing.T) {
	t.Parallel()

	for name, after := range map[string]chat.DeliverySnapshot{
		"for a person":  exhaustedSnapshot(),
		"for a receipt": takenSnapshot(chat.StatusQueued),
		"for evidence":  snapshotOf(chat.SubmissionUnknown),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t)
			w.SetContinueAsNewSuggested(true)
			submittedAtOnce(w, after)

			a := w.run(sendInput())
			assert.True(t, workflow.IsContinueAsNewError(w.GetWorkflowError()), "it goes on with an empty history: %v", w.GetWorkflowError())
			require.NoError(t, a.err)
			assert.True(t, a.complete, "no caller is left without an answer")
		})
	}
}

// TestAWaitingApprovalContinuesAnew ends nothing: it is waited for in the next run.
func TestAWaitingApprovalContinuesAnew(t *testing.T) {
	t.Parallel()

	in := sendInput("refund")
	o := newOutside(t, in)
	o.SetContinueAsNewSuggested(true)
	o.sent.Approval = &chat.Approval{
		State:    chat.ApprovalWaiting,
		Deadline: o.Now().Add(30 * 24 * time.Hour),
	}

	o.run(in)
	assert.True(t, workflow.IsContinueAsNewError(o.GetWorkflowError()), "%v", o.GetWorkflowError())
	assert.NotContains(t, o.said, workflows.ExpireApproval.Name)
}

// TestWaitingIsCheap waits four weeks for an approval, and counts what that adds to the history: a
// look is a timer, a workflow task and the marker of a local activity, six events at most.
func TestWaitingIsCheap(t *testing.T) {
	t.Parallel()

	const (
		eventsPerLook = 6
		weeks         = 4 * 7 * 24 * time.Hour
	)

	in := sendInput("refund")
	o := newOutside(t, in)
	o.sent.Approval = &chat.Approval{
		State:    chat.ApprovalWaiting,
		Deadline: o.Now().Add(weeks),
	}

	withActivity(o.world, workflows.ExpireApproval, func(chat.SendStep) (chat.Approval, error) {
		o.sent.Approval.State = chat.ApprovalExpired
		return *o.sent.Approval, nil
	})

	began := o.Now()
	o.run(in)

	waited := o.Now().Sub(began)
	require.GreaterOrEqual(t, waited, weeks)

	looks := 0

	for _, step := range o.said {
		if step == workflows.LoadSend.Name {
			looks++
		}
	}

	perHour := float64(looks*eventsPerLook) / waited.Hours()
	t.Logf("%d looks in %s: %.1f events an hour", looks, waited, perHour)
	assert.Positive(t, looks)
	assert.Less(t, perHour, 20.0)
}

// TestANewRunTriesNothingThatWaitsForAPerson continues anew, or is reset, while a person must decide
// about what is not tried again by itself.
func TestANewRunTriesNothingThatWaitsForAPerson(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	exhausted := exhaustedSnapshot()

	withActivity(w, workflows.PrepareSend, func(in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		return chat.AssistantMessageSent{ActionID: in.ActionID, DeliverySnapshot: exhausted}, nil
	})
	withActivity(w, workflows.LoadDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		return snapshotOf(chat.SubmissionCanceled), nil
	})
	withSubmit(w, chat.SubmissionAccepted)

	w.run(sendInput())
	assert.NotContains(t, w.said, workflows.Submit.Name, "it says that a person must decide")
}
