package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestEveryStateTellsWhatAnOperatorMayDo(t *testing.T) {
	t.Parallel()

	retry := chat.VerdictRetry
	cancel := chat.VerdictCancel
	sent := chat.VerdictSent
	notSent := chat.VerdictNotSent
	tests := map[chat.SubmissionState][]chat.Verdict{
		chat.SubmissionPending:       {retry, cancel},
		chat.SubmissionBlocked:       {retry, cancel},
		chat.SubmissionSending:       nil,
		chat.SubmissionUnknown:       {sent, notSent},
		chat.SubmissionNeedsReview:   {retry, sent, notSent},
		chat.SubmissionAccepted:      nil,
		chat.SubmissionRejected:      {retry},
		chat.SubmissionSuppressed:    {retry},
		chat.SubmissionExpired:       {retry},
		chat.SubmissionCanceled:      {retry},
		chat.SubmissionAbandoned:     {retry},
		chat.SubmissionConfirmedSent: nil,
	}

	for _, state := range chat.SubmissionStates() {
		want, known := tests[state]
		require.True(t, known, "no rule for %s", state)
		d := chat.Delivery{ID: "d", Submission: state}
		assert.Equal(t, want, d.Commands(), state)
	}
}

func TestWhatDidNotArriveMayBeRetried(t *testing.T) {
	t.Parallel()

	for _, carrier := range chat.DeliveryStatuses() {
		d := chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: carrier}
		may := carrier.Lost() || carrier == chat.StatusUnconfirmed
		assert.Equal(t, may, d.Retryable() == nil, "carrier state %q", carrier)
	}
}

func TestARetriedDeliveryNamesItsRetry(t *testing.T) {
	t.Parallel()

	d := chat.Delivery{ID: "old", Submission: chat.SubmissionRejected, RetriedBy: "new"}
	err := chat.AsError(d.Retryable())
	assert.Equal(t, chat.CodeConflict, err.Code)
	assert.Equal(t, "old", err.DeliveryID)
	assert.Contains(t, err.Message, "as delivery new")
}

func TestPlanRetry(t *testing.T) {
	t.Parallel()

	number := chat.PhoneNumber{ID: 4, Number: "+14155550104"}
	service := chat.PhoneNumber{ID: 5, MessagingServiceSID: "MG00000000000000000000000000000000"}

	old := chat.Delivery{
		Channel:  chat.ChannelSMS,
		Provider: chat.ProviderTwilio,
		Sender:   "phone:1",
		From:     "+14155550100",
		To:       "+14155550123",
		Payload:  chat.Payload{Text: "Hello"},
		Policy:   chat.ExpireUnknown,
	}

	recipient := chat.Member{NotificationsEnabled: true, Phone: "+14155550123"}
	own := chat.PhoneNumber{ID: 1, Number: "+14155550100"}

	tests := map[string]struct {
		facts  chat.SendFacts
		change chat.Change
		want   func(*chat.SendPlan)
		code   chat.Code
	}{
		"as it was": {},
		"another address": {
			change: chat.Change{To: "+14155550199"},
			want:   func(p *chat.SendPlan) { p.To, p.ToGiven = "+14155550199", true },
		},
		"another number": {
			facts:  chat.SendFacts{PhoneNumber: &number},
			change: chat.Change{Sender: "phone:4"},
			want:   func(p *chat.SendPlan) { p.Sender, p.From = "phone:4", number.Number },
		},
		"a service": {
			facts:  chat.SendFacts{PhoneNumber: &service},
			change: chat.Change{Sender: "phone:5"},
			want:   func(p *chat.SendPlan) { p.Sender, p.From = "phone:5", service.MessagingServiceSID },
		},
		"not of the sender": {
			facts:  chat.SendFacts{PhoneNumber: &number},
			change: chat.Change{Sender: "inbox:4"},
			code:   chat.CodeSenderNotConfigured,
		},
		"archived": {
			facts: chat.SendFacts{Chat: chat.Chat{State: chat.StateArchived}},
			code:  chat.CodeChatArchived,
		},
		"too long":  {change: chat.Change{Body: string(make([]rune, 1601))}, code: chat.CodeInvalidRequest},
		"opted out": {facts: chat.SendFacts{Suppressed: true}, code: chat.CodeRecipientOptedOut},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tt.facts.Recipient = &recipient
			if tt.facts.PhoneNumber == nil {
				tt.facts.PhoneNumber = &own
			}

			plan, err := tt.facts.PlanRetry(&old, tt.change)
			if tt.code != "" {
				assert.Equal(t, tt.code, chat.CodeOf(err))
				return
			}

			require.NoError(t, err)

			want := chat.SendPlan{
				Channel:  old.Channel,
				Provider: old.Provider,
				Sender:   old.Sender,
				From:     old.From,
				To:       old.To,
				Payload:  old.Payload,
				Policy:   old.Policy,
			}
			if tt.want != nil {
				tt.want(&want)
			}

			assert.Equal(t, want, plan)
		})
	}
}

// TestARetryGoesToTheRecipientsPresentAddress unless a person has given one.
func TestARetryGoesToTheRecipientsPresentAddress(t *testing.T) {
	t.Parallel()

	old := chat.Delivery{Channel: chat.ChannelSMS, Sender: "phone:1", From: "+14155550100", To: "+14155550123"}
	moved := chat.Member{NotificationsEnabled: true, Phone: "+14155550177"}
	number := chat.PhoneNumber{ID: 4, Number: "+14155550104"}
	facts := chat.SendFacts{Recipient: &moved, PhoneNumber: &number}

	plan, err := facts.PlanRetry(&old, chat.Change{})
	require.NoError(t, err)
	assert.Equal(t, []any{"+14155550177", false, "phone:4"}, []any{plan.To, plan.ToGiven, plan.Sender})

	old.ToGiven = true
	plan, err = facts.PlanRetry(&old, chat.Change{})
	require.NoError(t, err)
	assert.Equal(t, []any{"+14155550123", true}, []any{plan.To, plan.ToGiven}, "it was given")

	facts.PhoneNumber = nil
	_, err = facts.PlanRetry(&old, chat.Change{})
	assert.Equal(t, chat.CodeSenderNotConfigured, chat.CodeOf(err))

	old.ToGiven = false
	moved.Phone = ""
	facts.PhoneNumber = &number
	_, err = facts.PlanRetry(&old, chat.Change{})
	assert.Equal(t, chat.CodeNoPhone, chat.CodeOf(err))

	facts.Recipient = nil
	_, err = facts.PlanRetry(&old, chat.Change{})
	assert.Equal(t, chat.CodeParticipantNotFound, chat.CodeOf(err))
}
