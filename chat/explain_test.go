package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestDeliveriesExplainThemselves(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	ben := &chat.Decision{By: chat.Actor{MemberID: 3}, Reason: "seen in the console"}

	canceled := &chat.Decision{Verdict: chat.VerdictCancel, By: chat.Actor{MemberID: 3}}
	for _, tt := range []struct {
		delivery chat.Delivery
		want     string
	}{
		{chat.Delivery{Submission: chat.SubmissionPending}, "Waits for its first attempt, which is made when a worker is free."},
		{chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorAddressBusy}, "Waits for another " +
			"message to the same address, which is being sent or whose outcome is looked for. That ends within a quarter of an hour, and this one goes out by itself then."},
		{
			chat.Delivery{
				Submission:   chat.SubmissionPending,
				ErrorCode:    chat.ErrorAddressBusy,
				ErrorMessage: "delivery 0193",
			},
			"Waits for another message to the same address (delivery 0193), which is being sent or whose outcome is " +
				"looked for. That ends within a quarter of an hour, and this one goes out by itself then.",
		},
		{chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorSenderBlocked}, "Twilio refuses every message of this sender. It waits, and goes out by itself when a trial message gets through."},
		{chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorWorkflowGone}, "Not sent: the workflow that followed it was ended in Temporal. A person must decide: retry or cancel it."},
		{
			chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorTriesExhausted, ErrorMessage: "last twilio_20429"},
			"Not sent: trying again has not helped (last twilio_20429). A person must decide: retry or cancel it.",
		},
		{
			chat.Delivery{
				Submission: chat.SubmissionPending,
				Fence:      2,
				ErrorCode:  "twilio_20429",
				RetryAt:    &at,
			},
			"Twilio did not take attempt 2 (twilio_20429); it is tried again from 12:00:00 UTC on.",
		},
		{chat.Delivery{Submission: chat.SubmissionPending, Fence: 1, Evidence: chat.EvidenceOpen}, "Is tried again when a worker is free. Twilio may have taken attempt 1 too."},
		{chat.Delivery{Submission: chat.SubmissionPending, Fence: 1, ErrorCode: chat.ErrorDialFailed}, "Twilio did not take attempt 1 (dial_failed); it is tried again by itself."},
		{chat.Delivery{Submission: chat.SubmissionSending, Fence: 1}, "Twilio is being asked to take the message " +
			"(attempt 1)."},
		{
			chat.Delivery{Submission: chat.SubmissionBlocked, ErrorCode: "twilio_20003"},
			"Not sent: Twilio refuses every message because of the account or its set-up (twilio_20003). Mend that " +
				"at the provider; it is tried again by itself.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionBlocked, ErrorCode: chat.ErrorSenderBlocked},
			"Twilio takes messages of this sender again. This one goes out next, by itself.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorOlderFirst, ErrorMessage: "delivery d1 was accepted before it"},
			"Waits for its turn: delivery d1 was accepted before it, and is still being tried. This one goes out by " +
				"itself when that one has left, has ended or waits for a person.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorChatMovedOn},
			"Not sent: the customer has written since the message that the caller had seen last. A person or the " +
				"caller must decide: retry it, which sends it all the same, or cancel it.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionPending, ErrorCode: chat.ErrorTakenOver},
			"Not sent: it is the assistant's, and a person has taken the chat over. A person or the caller must " +
				"decide: retry it, which sends it all the same, or cancel it.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionBlocked, ErrorCode: chat.ErrorSenderBlocked, RetryAt: &at},
			"Not sent: Twilio refuses every message because of the account or its set-up (sender_blocked). It " +
				"waits, and goes out by itself when a trial message gets through.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionRejected, ErrorCode: "twilio_21614", ErrorMessage: "no mobile number"},
			"Twilio refused the message for good (twilio_21614, no mobile number). Retry it with another address.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionRejected, ErrorCode: "twilio_21614", RetriedBy: "d-2"},
			"Twilio refused the message for good (twilio_21614). It was tried again as delivery d-2.",
		},
		{chat.Delivery{Submission: chat.SubmissionSuppressed}, "Not sent: the recipient has opted out of this " +
			"sender's messages. A retry is refused until the recipient has opted in again."},
		{
			chat.Delivery{Submission: chat.SubmissionUnknown, ErrorCode: chat.ErrorTimeout},
			"May have been sent: Twilio did not confirm (timeout). Evidence is looked for; it is not sent again by itself.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionNeedsReview, ErrorCode: chat.ErrorTimeout},
			"May have been sent: Twilio did not confirm (timeout), and no evidence was found. A person must " +
				"decide: resolve it as sent or not sent, or retry it, which may send it twice.",
		},
		{chat.Delivery{Submission: chat.SubmissionExpired, UnknownSince: &at}, "May have been sent: Twilio did not " +
			"confirm, and its time ran out. A retry may send it twice."},
		{chat.Delivery{Submission: chat.SubmissionCanceled, ErrorCode: chat.ErrorCanceled}, "Not sent: it was " +
			"canceled (canceled). It can be retried."},
		{chat.Delivery{Submission: chat.SubmissionCanceled, Decision: canceled}, "Not sent: member 3 canceled it. " +
			"It can be retried."},
		{chat.Delivery{Submission: chat.SubmissionCanceled, ErrorCode: chat.ErrorToolCallFailed}, "Not sent: a tool call failed before the delivery " +
			"began. See what its tools have done, and then send the message anew."},
		{
			chat.Delivery{Submission: chat.SubmissionCanceled, ErrorCode: chat.ErrorReplaced, ErrorMessage: "a person tried it again with a change, as delivery d-2"},
			"Not sent: a person tried it again with a change, as delivery d-2.",
		},
		{chat.Delivery{Submission: chat.SubmissionConfirmedSent}, "A person confirmed that it was sent."},
		{chat.Delivery{Submission: chat.SubmissionConfirmedSent, Decision: ben}, "Member 3 confirmed that it was sent."},
		{chat.Delivery{Submission: chat.SubmissionAbandoned, Decision: ben}, "Member 3 said that it was not sent. " +
			"It can be retried."},
		{
			chat.Delivery{Submission: chat.SubmissionAbandoned, ErrorCode: chat.ErrorReplaced, RetriedBy: "d-2"},
			"May have been sent: another delivery of the same message took its place.",
		},
		{chat.Delivery{Submission: chat.SubmissionAccepted}, "Twilio accepted the message; what became of it is " +
			"not known yet. When no final status comes in time, it counts as unconfirmed."},
		{chat.Delivery{Submission: chat.SubmissionAccepted, Provider: chat.ProviderHandrail}, "The message is in the web chat."},
		{chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: chat.StatusSent}, "Twilio accepted the " +
			"message and reports it as sent; its final status is waited for. When no final status comes in time, it counts as unconfirmed."},
		{
			chat.Delivery{Submission: chat.SubmissionAccepted, Provider: chat.ProviderSendGrid, DeliveryStatus: chat.StatusDeferred},
			"SendGrid accepted the message and reports it as deferred; its final status is waited for. When no final status comes in time, it counts as unconfirmed.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: chat.StatusUnconfirmed},
			"Twilio accepted the message and never told what became of it. It most likely arrived; a retry may " +
				"send it twice.",
		},
		{chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: chat.StatusDelivered}, "Twilio accepted the message and reports it as delivered."},
		{
			chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: chat.StatusUndelivered, ErrorCode: "twilio_30003"},
			"Twilio accepted the message, and it did not arrive: it reports it as undelivered (twilio_30003). " +
				"Wait a while, then retry it.",
		},
		{
			chat.Delivery{
				Submission:     chat.SubmissionAccepted,
				Provider:       chat.ProviderSendGrid,
				DeliveryStatus: chat.StatusBounced,
				RetriedBy:      "d-2",
			},
			"SendGrid accepted the message, and it did not arrive: it reports it as bounced (no reason given). It " +
				"was tried again as delivery d-2.",
		},
		{
			chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: chat.StatusFailed, ErrorCode: "twilio_30001"},
			"Twilio accepted the message and did not send it: it reports it as failed (twilio_30001). Wait a while, then retry it.",
		},
		{chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: chat.StatusRead}, "Twilio accepted the " +
			"message and reports it as read."},
		{chat.Delivery{Submission: "invented"}, "Its state is not known."},
	} {
		if tt.delivery.Provider == "" {
			tt.delivery.Provider = chat.ProviderTwilio
		}

		assert.Equal(t, tt.want, tt.delivery.Explain())
	}
}

func TestEveryCarrierStateIsExplained(t *testing.T) {
	t.Parallel()

	for _, state := range chat.DeliveryStatuses() {
		d := chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: state, Provider: chat.ProviderTwilio}
		sentence := d.Explain()
		require.Contains(t, sentence, "Twilio accepted the message", state)

		assert.Equal(
			t,
			state.Lost(),
			d.Retryable() == nil && state != chat.StatusUnconfirmed,
			"%s may be retried when it is lost",
			state,
		)

		if state.Lost() {
			assert.Contains(t, sentence, "Retry it", state)
		}
	}
}

func TestDecisionsExplainThemselves(t *testing.T) {
	t.Parallel()

	by := chat.Actor{MemberID: 3}
	for _, tt := range []struct {
		want     string
		decision chat.Decision
	}{
		{"Member 3 asked for another try.", chat.Decision{Verdict: chat.VerdictRetry, By: by}},
		{"Member 3 canceled it: the customer called.", chat.Decision{Verdict: chat.VerdictCancel, By: by, Reason: " the customer called. "}},
		{"Member 3 confirmed that it was sent: seen in the console.", chat.Decision{Verdict: chat.VerdictSent, By: by, Reason: "seen in the console"}},
		{"A person said that it was not sent: not in the list.", chat.Decision{Verdict: chat.VerdictNotSent, Reason: "not in the list"}},
		{"Member 3 decided.", chat.Decision{Verdict: "", By: by}},
	} {
		assert.Equal(t, tt.want, tt.decision.Explain())
	}
}

func TestCarriersEventsExplainThemselves(t *testing.T) {
	t.Parallel()

	for want, event := range map[string]chat.ProviderEvent{
		"Twilio reports it as delivered.":                                                  {Provider: chat.ProviderTwilio, Type: "delivered"},
		"SendGrid reports it as bounce.":                                                   {Provider: chat.ProviderSendGrid, Type: "bounce"},
		"Twilio has taken a second message for it: the recipient may have got it twice.":   {Provider: chat.ProviderTwilio, Type: chat.EventDuplicate},
		"The provider reports it as something new.":                                        {Type: "something new"},
		"Handrail has taken a second message for it: the recipient may have got it twice.": {Provider: chat.ProviderHandrail, Type: chat.EventDuplicate},
	} {
		assert.Equal(t, want, event.Explain())
		assert.Equal(t, event.Type == "bounce", event.Lost())
	}
}

// TestAQuestionThatWaitsItsTurnSaysSo: it must not look as if it had been asked.
func TestAQuestionThatWaitsItsTurnSaysSo(t *testing.T) {
	t.Parallel()

	request := chat.ContributorRequest{
		ID:       "r",
		State:    chat.RequestOpen,
		Deadline: time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC),
		Questions: []chat.ContributorQuestion{
			{MemberName: "Priya", State: chat.QuestionAsked},
			{MemberName: "Ben", State: chat.QuestionPending},
		},
	}
	explain := func() string {
		view := chat.SendView{Requests: map[chat.ContributorRequestID]chat.ContributorRequest{"r": request}}
		view.ToolCalls = []chat.ToolCall{{State: chat.ToolCallWaiting, Request: "r"}}

		return view.Standing(false).Explanation
	}

	assert.Equal(t, "Waits for an answer of Priya or Ben to contributor request r, until 2026-11-23T12:00:00Z. Not asked yet: "+
		"Ben. The question is about to leave; by SMS a person is asked one thing at a time, so it follows shortly after "+
		"an earlier one, if there is one, is over.", explain())

	request.Questions[1].State = chat.QuestionAsked

	assert.Equal(t, "Waits for an answer of Priya or Ben to contributor request r, until 2026-11-23T12:00:00Z.", explain())
}
