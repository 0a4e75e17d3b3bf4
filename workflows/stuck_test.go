package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// withStates gives the world an activity for a step, which answers each call with the next of states.
func withStates[In any](w *world, step workflows.Step[In, chat.DeliverySnapshot], states ...chat.SubmissionState) {
	withActivity(w, step, func(In) (chat.DeliverySnapshot, error) {
		next := states[0]
		states = states[min(1, len(states)-1):]

		return snapshotOf(next), nil
	})
}

// withCancels gives the world a CancelDelivery that finds the delivery in each of states in turn, and
// returns the ends that it was given.
func withCancels(w *world, states ...chat.SubmissionState) *[]chat.DeliveryEnd {
	failures := &[]chat.DeliveryEnd{}

	withActivity(w, workflows.CancelDelivery, func(in chat.DeliveryEnd) (chat.DeliverySnapshot, error) {
		*failures = append(*failures, in)
		next := states[0]
		states = states[min(1, len(states)-1):]

		return snapshotOf(next), nil
	})

	return failures
}

// neverTaken gives the world a SubmitDelivery that a provider always turns away.
func neverTaken(w *world) {
	withActivity(w, workflows.SubmitDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		return chat.DeliverySnapshot{}, &chat.RetryLaterError{
			After:   time.Hour,
			Code:    "twilio_429",
			Message: "Twilio asks to wait",
		}
	})
}

// exhaustedSnapshot is a delivery that was not sent and is not tried again by itself.
func exhaustedSnapshot() chat.DeliverySnapshot {
	r := snapshotOf(chat.SubmissionPending)
	r.ErrorCode = chat.ErrorTriesExhausted

	return r
}

func TestSendParksWhenTryingDoesNotHelp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionPending)
	neverTaken(w)
	withActivity(w, workflows.MarkExhausted, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return exhaustedSnapshot(), nil })
	withActivity(w, workflows.LoadDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return exhaustedSnapshot(), nil })
	failures := withCancels(w, chat.SubmissionCanceled)

	w.at(20*24*time.Hour, func() {
		assert.Contains(t, w.said, "GiveUp", "the store is told that nobody tries any more")
		assert.False(t, w.IsWorkflowCompleted(), "an operator looks for it among the open ones")
	})

	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, "pending", a.out.Value.Status)
	require.NoError(t, w.GetWorkflowError(), "after thirty days it closes")
	require.Len(t, *failures, 1, "and says that it was not sent")
	assert.Equal(t, delivery, (*failures)[0].DeliveryID)
}

func TestSendCanceledWhileItIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionPending)
	neverTaken(w)
	failures := withCancels(w, chat.SubmissionCanceled)
	w.RegisterDelayedCallback(w.CancelWorkflow, time.Minute)
	a := w.run(sendInput())
	assert.Equal(t, "delivery_failed", codeOf(t, a.err))
	assert.True(t, temporal.IsCanceledError(w.GetWorkflowError()))
	require.Len(t, *failures, 1)
	assert.Equal(t, delivery, (*failures)[0].DeliveryID)
}

// TestSendCanceledInMidPost: whatever the provider says to a post that was under way is
// waited for and told, and nothing is posted after it.
func TestSendCanceledInMidPost(t *testing.T) {
	t.Parallel()
	type S = chat.SubmissionState

	tests := map[string]struct {
		said   S
		ends   []S
		looked []S
		code   string
		status string
		steps  []string
	}{
		"accepted": {said: chat.SubmissionAccepted, status: "accepted"},
		"rejected": {said: chat.SubmissionRejected, code: "delivery_failed"},
		"not taken": {
			said:  chat.SubmissionPending,
			ends:  []S{chat.SubmissionCanceled},
			code:  "delivery_failed",
			steps: []string{"EndDelivery"},
		},
		"not known": {
			said:   chat.SubmissionUnknown,
			ends:   []S{chat.SubmissionUnknown, chat.SubmissionNeedsReview},
			status: "unknown",
			steps:  []string{"EndDelivery", "LookUp", "LookUp", "SettleUnknown", "EndDelivery"},
		},
		"worker lost": {
			said:   chat.SubmissionSending,
			ends:   []S{chat.SubmissionSending, chat.SubmissionUnknown, chat.SubmissionNeedsReview},
			status: "sending",
			looked: []S{chat.SubmissionSending, chat.SubmissionUnknown},
			steps: []string{
				"EndDelivery",
				"LookUp",
				"EndDelivery",
				"LookUp",
				"LookUp",
				"SettleUnknown",
				"EndDelivery",
			},
		},
		"accepted late": {
			said:   chat.SubmissionSending,
			ends:   []S{chat.SubmissionSending, chat.SubmissionAccepted},
			status: "sending",
			looked: []S{chat.SubmissionAccepted},
			steps:  []string{"EndDelivery", "LookUp", "EndDelivery"},
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			withPrepare(w)

			withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
				w.CancelWorkflow()
				return snapshotOf(tt.said), nil
			})

			withCancels(w, tt.ends...)
			withStates(w, workflows.SettleUnknown, chat.SubmissionUnknown)
			withStates(w, workflows.QueryProvider, append(tt.looked, chat.SubmissionUnknown)[:max(1, len(tt.looked))]...)
			a := w.run(sendInput())
			assert.Equal(t, append([]string{"PrepareSend", "Submit"}, tt.steps...), w.said)
			assert.Equal(t, len(tt.ends) > 0, temporal.IsCanceledError(w.GetWorkflowError()))

			if tt.code != "" {
				assert.Equal(t, tt.code, codeOf(t, a.err))
				return
			}

			require.NoError(t, a.err, "what may have been sent is not called failed")
			assert.Equal(t, tt.status, a.out.Value.Status)
		})
	}
}

func TestSendCanceledBeforeItsPostIsNotPosted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withActivity(w, workflows.PrepareSend, func(in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		w.CancelWorkflow()
		return chat.AssistantMessageSent{ActionID: in.ActionID, DeliverySnapshot: snapshotOf(chat.SubmissionPending)}, nil
	})

	withCancels(w, chat.SubmissionCanceled)
	a := w.run(sendInput())
	assert.Equal(t, "delivery_failed", codeOf(t, a.err))
	assert.Equal(t, []string{"PrepareSend", "EndDelivery"}, w.said)
	assert.True(t, temporal.IsCanceledError(w.GetWorkflowError()))
}

func TestSendWhoseRowsAreGoneFailsInTheOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)

	withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		return chat.DeliverySnapshot{}, chat.Errorf(chat.CodeDeliveryNotFound, "there is no such delivery")
	})

	a := w.run(sendInput())
	assert.Equal(t, "delivery_not_found", codeOf(t, a.err))
	assert.Error(t, w.GetWorkflowError())
}

func TestSendStartedAgainTellsItsFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withActivity(w, workflows.PrepareSend, func(chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeToolCallFailed, "tool call 1, add_label, failed")
	})

	a := w.run(sendInput("add_label", "set_title"))
	assert.Equal(t, "tool_call_failed", codeOf(t, a.err))
	assert.Equal(t, []string{"PrepareSend"}, w.said, "no tool runs after a failure")
}

func TestAddParticipantCanceledIsAnswered(t *testing.T) {
	t.Parallel()

	in := chat.AddParticipant{
		Request:        sendInput().Request,
		NewParticipant: chat.NewParticipant{MemberID: 42, Role: chat.ParticipantObserver},
	}

	w := newWorld(t)
	withActivity(w, workflows.AddMember, func(chat.AddParticipant) (chat.ParticipantAdded, error) {
		w.CancelWorkflow()
		return chat.ParticipantAdded{ParticipantID: 7}, nil
	})

	a := askOutcome[chat.ParticipantAdded](w, "u1", workflows.OutcomeQuery{Fingerprint: in.Fingerprint})
	w.ExecuteWorkflow(string(chat.ActionAddParticipant), in)
	require.NoError(t, a.err, "it was stored")
	assert.Equal(t, chat.ParticipantID(7), a.out.Value.ParticipantID)
	assert.NoError(t, w.GetWorkflowError())
}
