package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestWhatNoLongerAllowsASend says what becomes of a send for each fact that stands against it, and
// what a person may do.
func TestWhatNoLongerAllowsASend(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		facts    chat.Allowance
		state    chat.SubmissionState
		code     string
		waits    bool
		sentence string
	}{
		"suppressed": {
			facts:    chat.Allowance{Suppressed: true},
			state:    chat.SubmissionSuppressed,
			code:     "recipient_opted_out",
			sentence: "opted in again",
		},
		"bounced": {
			facts:    chat.Allowance{Suppressed: true, Bounced: true},
			state:    chat.SubmissionSuppressed,
			code:     "recipient_opted_out",
			sentence: "messages to this address have bounced. Retry it with another address",
		},
		"bounced and consent revoked": {
			facts:    chat.Allowance{Suppressed: true, Bounced: true, ConsentRevoked: true},
			state:    chat.SubmissionSuppressed,
			code:     "recipient_opted_out",
			sentence: "opted in again",
		},
		"consent revoked": {
			facts:    chat.Allowance{ConsentRevoked: true},
			state:    chat.SubmissionSuppressed,
			code:     "recipient_opted_out",
			sentence: "opted in again",
		},
		"notifications off": {
			facts:    chat.Allowance{NotificationsOff: true},
			state:    chat.SubmissionCanceled,
			code:     "notifications_disabled",
			sentence: "when they are enabled again",
		},
		"chat archived": {
			facts:    chat.Allowance{ChatArchived: true},
			state:    chat.SubmissionCanceled,
			code:     "chat_archived",
			sentence: "when the chat is open again",
		},
		"chat deleted": {
			facts:    chat.Allowance{ChatDeleted: true},
			state:    chat.SubmissionCanceled,
			code:     "chat_deleted",
			sentence: "its chat was deleted",
		},
		"recipient left": {
			facts:    chat.Allowance{RecipientLeft: true},
			state:    chat.SubmissionCanceled,
			code:     "participant_not_found",
			sentence: "has a place in the chat again",
		},
		"address changed": {
			facts:    chat.Allowance{AddressChanged: true},
			state:    chat.SubmissionPending,
			code:     "address_changed",
			waits:    true,
			sentence: "present address",
		},
		"sender gone": {
			facts:    chat.Allowance{SenderGone: true},
			state:    chat.SubmissionPending,
			code:     "sender_not_configured",
			waits:    true,
			sentence: "present sender",
		},
		"possible opt-out": {
			facts:    chat.Allowance{PossibleOptOut: true},
			state:    chat.SubmissionPending,
			code:     "possible_opt_out",
			waits:    true,
			sentence: "not-opt-out lets it go on",
		},
		"braked": {
			facts:    chat.Allowance{Braked: "5 messages of the assistant left"},
			state:    chat.SubmissionPending,
			code:     "braked",
			waits:    true,
			sentence: "a brake has stopped the assistant, as 5 messages",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for _, from := range []chat.SubmissionState{chat.SubmissionPending, chat.SubmissionBlocked} {
				later := testNow.Add(1)
				d := chat.Delivery{Submission: from, RetryAt: &later, ErrorCode: "twilio_21606", ToMemberID: 7}
				facts := chat.ClaimFacts{Now: testNow, Busy: true, Allowance: tt.facts}
				refusal := d.RefuseClaim(facts)
				snapshot := d.Snapshot()

				assert.NotEqual(t, chat.EffectNone, refusal.Effect)
				assert.Equal(t, tt.state, d.Submission)
				assert.Equal(t, tt.code, d.ErrorCode)
				assert.Nil(t, d.RetryAt)
				assert.Equal(t, tt.waits, snapshot.WaitsForPerson())
				assert.Contains(t, d.Explain(), tt.sentence)
				assert.Contains(t, d.Explain(), "Not sent")
				assert.Equal(t, d.Explain(), snapshot.Explain())

				offered := tt.facts != chat.Allowance{ChatDeleted: true} && tt.facts != chat.Allowance{PossibleOptOut: true}
				assert.Equal(t, offered, d.Retryable() == nil, "only what would be accepted is offered")
				assert.Equal(t, chat.EffectNone, d.RefuseClaim(facts).Effect, "asked again it says nothing new")
			}
		})
	}
}

// TestWhatIsDecidedAboutAnOptOut holds a delivery until a person has decided.
func TestWhatIsDecidedAboutAnOptOut(t *testing.T) {
	t.Parallel()

	d := chat.Delivery{Submission: chat.SubmissionBlocked, ErrorCode: "twilio_21606"}
	assert.Equal(t, chat.EffectWaits, d.HoldForOptOut())
	assert.Equal(t, chat.EffectNone, d.HoldForOptOut())
	assert.Equal(t, chat.EffectNone, d.Exhaust(), "it is left alone already")

	ended := d
	assert.Equal(t, chat.EffectNotSent, ended.ConfirmOptOut())
	assert.Equal(t, chat.ErrorOptedOut, ended.ErrorCode)
	assert.Equal(t, chat.EffectNone, ended.ConfirmOptOut())
	assert.Equal(t, chat.EffectNone, ended.DenyOptOut(), "what has ended does not go on")

	assert.Equal(t, chat.EffectResumes, d.DenyOptOut())
	assert.Equal(t, chat.Delivery{Submission: chat.SubmissionPending}, d)
	assert.Equal(t, chat.EffectNone, d.DenyOptOut())

	for _, state := range []chat.SubmissionState{chat.SubmissionSending, chat.SubmissionUnknown, chat.SubmissionAccepted} {
		d := chat.Delivery{Submission: state}
		assert.Equal(t, chat.EffectNone, d.HoldForOptOut(), "%s is with the provider", state)
		assert.Equal(t, chat.EffectNone, d.ConfirmOptOut())
	}
}
