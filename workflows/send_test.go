package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

const delivery = chat.DeliveryID("0199aaaa-0000-7000-8000-000000000002")

func sendInput(tools ...string) chat.SendAssistantMessage {
	in := chat.SendAssistantMessage{
		Request: chat.Request{
			ActionID:    "0199aaaa-0000-7000-8000-000000000001",
			WorkspaceID: workspace,
			ChatID:      7,
			By:          chat.Actor{MemberID: 1},
			Nonce:       "first",
			Fingerprint: chat.Fingerprint{"message": "a"},
		},
		Message: "Your table is booked.",
	}

	for _, name := range tools {
		in.ToolCalls = append(in.ToolCalls, chat.ToolCall{ID: name, Name: name, Arguments: []byte(`{}`)})
	}

	return in
}

// snapshotOf is how a delivery stands; one that is accepted has its final status as well.
func snapshotOf(state chat.SubmissionState) chat.DeliverySnapshot {
	r := chat.DeliverySnapshot{
		DeliveryID: delivery,
		Channel:    chat.ChannelSMS,
		Provider:   chat.ProviderTwilio,
		Submission: state,
		Status:     string(state),
		Waits:      chat.Waits{Settle: 2 * time.Minute, Receipt: time.Hour},
	}

	if state == chat.SubmissionAccepted {
		r.DeliveryStatus = chat.StatusDelivered
	}

	return r
}

// withPrepare gives the world a PrepareSend that accepts everything.
func withPrepare(w *world) {
	withActivity(w, workflows.PrepareSend, func(in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		return chat.AssistantMessageSent{
			ActionID:         in.ActionID,
			Number:           41,
			ToolCalls:        in.ToolCalls,
			DeliverySnapshot: snapshotOf(chat.SubmissionPending),
		}, nil
	})
}

func withSubmit(w *world, state chat.SubmissionState) {
	withActivity(w, workflows.Submit, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) { return snapshotOf(state), nil })
}

// run executes the send with one caller asking from the start.
func (w *world) run(in chat.SendAssistantMessage) *answer[chat.AssistantMessageSent] {
	a := askOutcome[chat.AssistantMessageSent](w, "u1", workflows.OutcomeQuery{Fingerprint: in.Fingerprint})
	w.ExecuteWorkflow(string(chat.ActionSendAssistantMessage), in)

	return a
}

// codeOf is the code a caller is told.
func codeOf(t *testing.T, err error) string {
	t.Helper()

	application, ok := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, ok, "not an application error: %v", err)

	return application.Type()
}

func TestSendAnswersWithAcceptance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionAccepted)
	a := w.run(sendInput())
	require.NoError(t, w.GetWorkflowError())
	require.NoError(t, a.err)
	assert.Equal(t, "Your table is booked.", a.out.Value.Content)
	assert.Equal(t, "accepted", a.out.Value.Status)
	assert.Equal(t, "first", a.out.Nonce)
	assert.Equal(t, []string{"PrepareSend", "Submit"}, w.said)
}

func TestSendRunsToolsInOrderBeforeItDelivers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionAccepted)
	var ran []string

	withActivity(w, workflows.RunTool, func(in chat.ToolRun) (chat.ToolCall, error) {
		ran = append(ran, in.Name)
		return chat.ToolCall{ID: in.Name, Name: in.Name, State: chat.ToolCallSucceeded}, nil
	})

	a := w.run(sendInput("add_label", "set_title"))
	require.NoError(t, a.err)
	assert.Equal(t, []string{"add_label", "set_title"}, ran)
	assert.Equal(t, []string{"PrepareSend", "RunTool", "RunTool", "Submit"}, w.said)
	assert.Equal(t, chat.ToolCallSucceeded, a.out.Value.ToolCalls[1].State)
}

func TestSendStopsAtAToolThatFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)

	withActivity(w, workflows.RunTool, func(in chat.ToolRun) (chat.ToolCall, error) {
		if in.Index == 1 {
			return chat.ToolCall{}, chat.Errorf(chat.CodeLabelNotFound, "there is no label vip")
		}

		return chat.ToolCall{ID: in.Name, State: chat.ToolCallSucceeded}, nil
	})

	var failure chat.SendFailure

	withActivity(w, workflows.FailSend, func(in chat.SendFailure) (chat.DeliverySnapshot, error) {
		failure = in
		return snapshotOf(chat.SubmissionCanceled), nil
	})

	a := w.run(sendInput("set_title", "add_label", "set_state"))
	require.NoError(t, w.GetWorkflowError())
	assert.Equal(t, "tool_call_failed", codeOf(t, a.err))
	assert.Equal(t, []string{"PrepareSend", "RunTool", "RunTool", "FailSend"}, w.said, "nothing is submitted")
	assert.Equal(t, 1, failure.Index)
	assert.Equal(t, chat.CodeToolCallFailed, failure.Problem.Code)
}

func TestSendRefusedLeavesTheReasonToTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withActivity(w, workflows.PrepareSend, func(chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
		return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeNoPhone, "the recipient has no phone number")
	})

	a := w.run(sendInput())
	require.NoError(t, w.GetWorkflowError(), "a refusal is an answer, not a broken workflow")
	assert.Equal(t, "no_phone", codeOf(t, a.err))
	assert.Equal(t, []string{"PrepareSend"}, w.said)
}

func TestSendRejectedIsDeliveryFailed(t *testing.T) {
	t.Parallel()

	for _, state := range []chat.SubmissionState{chat.SubmissionRejected, chat.SubmissionSuppressed, chat.SubmissionExpired} {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			withPrepare(w)
			withSubmit(w, state)
			a := w.run(sendInput())
			assert.Equal(t, "delivery_failed", codeOf(t, a.err))
			assert.True(t, w.IsWorkflowCompleted())
		})
	}
}

func TestSendUnknownIsToldAtOnceAndNeverPostedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionUnknown)
	withStates(w, workflows.SettleUnknown, chat.SubmissionNeedsReview)

	looks := 0

	withActivity(w, workflows.QueryProvider, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		if looks++; looks <= 2 {
			return snapshotOf(chat.SubmissionUnknown), nil
		}

		return snapshotOf(chat.SubmissionNeedsReview), nil
	})

	withCancels(w, chat.SubmissionNeedsReview)

	in := sendInput()
	a := askOutcome[chat.AssistantMessageSent](w, "u1", workflows.OutcomeQuery{Fingerprint: in.Fingerprint})
	w.RegisterDelayedCallback(func() {
		require.True(t, a.complete, "the caller does not wait for the settling")
		require.NoError(t, a.err, "unknown is never called failed")
		assert.Equal(t, "unknown", a.out.Value.Status)
	}, time.Second)

	w.RegisterDelayedCallback(func() {
		assert.False(t, w.IsWorkflowCompleted(), "it waits for a person: an operator looks for it among the open ones")
	}, 24*time.Hour)

	w.ExecuteWorkflow(string(chat.ActionSendAssistantMessage), in)
	assert.Equal(t, []string{"PrepareSend", "Submit", "LookUp", "LookUp", "SettleUnknown"}, w.said[:5])
	assert.NotContains(t, w.said[5:], "Submit")
	assert.NotContains(t, w.said, "SubmitDelivery")
}

func TestSendTriesAgainWhatWasNotProcessed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionPending)

	tries := 0

	withActivity(w, workflows.SubmitDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		if tries++; tries < 4 {
			return chat.DeliverySnapshot{}, &chat.RetryLaterError{
				After:   40 * time.Second,
				Code:    "twilio_429",
				Message: "Twilio asks to wait",
			}
		}

		return snapshotOf(chat.SubmissionAccepted), nil
	})

	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, "accepted", a.out.Value.Status)
	assert.Equal(t, 4, tries)
}

func TestSendBlockedAnswersAtOnceAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionBlocked)

	tries := 0

	withActivity(w, workflows.SubmitDelivery, func(chat.DeliveryStep) (chat.DeliverySnapshot, error) {
		if tries++; tries < 3 {
			return chat.DeliverySnapshot{}, &chat.RetryLaterError{
				After:   5 * time.Minute,
				Code:    "twilio_20003",
				Message: "credentials refused",
			}
		}

		return snapshotOf(chat.SubmissionAccepted), nil
	})

	a := w.run(sendInput())
	require.NoError(t, a.err)
	assert.Equal(t, "blocked", a.out.Value.Status)
	assert.Equal(t, 3, tries)
	assert.NoError(t, w.GetWorkflowError())
}

func TestSendRefusesAnotherBodyUnderItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	withPrepare(w)
	withSubmit(w, chat.SubmissionAccepted)
	other := askOutcome[chat.AssistantMessageSent](w, "u2", workflows.OutcomeQuery{Fingerprint: chat.Fingerprint{"message": "b"}})
	onlooker := askOutcome[chat.AssistantMessageSent](w, "u3", workflows.OutcomeQuery{})
	a := w.run(sendInput())
	require.NoError(t, a.err)
	require.NoError(t, onlooker.err, "who only waits need not know the body")
	assert.Equal(t, "idempotency_key_reused", codeOf(t, other.err))
}

func TestAddParticipant(t *testing.T) {
	t.Parallel()

	in := chat.AddParticipant{
		Request:        sendInput().Request,
		NewParticipant: chat.NewParticipant{MemberID: 42, Role: chat.ParticipantObserver},
	}

	t.Run("added", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		withActivity(w, workflows.AddMember, func(chat.AddParticipant) (chat.ParticipantAdded, error) {
			return chat.ParticipantAdded{ParticipantID: 7, Message: "Ana Lopez added as observer"}, nil
		})

		a := askOutcome[chat.ParticipantAdded](w, "u1", workflows.OutcomeQuery{Fingerprint: in.Fingerprint})
		w.ExecuteWorkflow(string(chat.ActionAddParticipant), in)
		require.NoError(t, a.err)
		assert.Equal(t, chat.ParticipantID(7), a.out.Value.ParticipantID)
		assert.NoError(t, w.GetWorkflowError())
	})

	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		withActivity(w, workflows.AddMember, func(chat.AddParticipant) (chat.ParticipantAdded, error) {
			return chat.ParticipantAdded{}, chat.Errorf(chat.CodeParticipantExists, "Ana Lopez already takes part")
		})

		a := askOutcome[chat.ParticipantAdded](w, "u1", workflows.OutcomeQuery{Fingerprint: in.Fingerprint})
		w.ExecuteWorkflow(string(chat.ActionAddParticipant), in)
		assert.Equal(t, "participant_exists", codeOf(t, a.err))
		assert.NoError(t, w.GetWorkflowError())
	})
}
