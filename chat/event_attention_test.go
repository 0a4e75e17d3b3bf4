package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestEveryTypeOfEventIsForAPersonOrNot holds for each type of event whether the log warns of it. A new type must be
// added here.
func TestEveryTypeOfEventIsForAPersonOrNot(t *testing.T) {
	t.Parallel()

	people := map[chat.EventType]bool{
		chat.EventMessageCreated:             false,
		chat.EventMessageFailed:              false, // what it has failed of has its own
		chat.EventDeliveryAccepted:           false,
		chat.EventDeliveryDelivered:          false,
		chat.EventDeliveryUndelivered:        true,
		chat.EventDeliveryBounced:            true,
		chat.EventDeliveryUnknown:            true,
		chat.EventDeliveryNeedsReview:        true,
		chat.EventDeliveryBlocked:            true,
		chat.EventDeliverySettled:            true, // its example is rejected
		chat.EventChatCreated:                false,
		chat.EventChatUpdated:                false,
		chat.EventChatNeedsResponse:          false,
		chat.EventChatEscalated:              true,
		chat.EventChatPossibleOptOut:         true,
		chat.EventSummaryUpdated:             false,
		chat.EventToolCallSucceeded:          false,
		chat.EventToolCallFailed:             true,
		chat.EventToolCallUnknown:            true,
		chat.EventApprovalRequested:          true,
		chat.EventApprovalDecided:            false, // its example is approved
		chat.EventContributorRequestOpened:   false,
		chat.EventContributorRequestAnswered: false,
		chat.EventContributorRequestExtended: false,
		chat.EventSuppressionAdded:           false,
		chat.EventSuppressionLifted:          false,
		chat.EventSenderBlocked:              true,
		chat.EventSenderRestored:             false,
		chat.EventBulkRetryPaused:            true,
		chat.EventBulkRetryFinished:          false,
		chat.EventWebhookEndpointDisabled:    true, // its example was not disabled by a member
	}

	for _, text := range chat.EventTypes() {
		want, known := people[text.Type]
		assert.True(t, known, text.Type)

		e := chat.Event{Type: text.Type, Data: text.Example}
		assert.Equal(t, want, e.NeedsAttention(), text.Type)
	}
}

// TestWhatFollowsFromAnEventIsNoWarning holds the events that are for a person only in some cases.
func TestWhatFollowsFromAnEventIsNoWarning(t *testing.T) {
	t.Parallel()

	settled := func(submission chat.SubmissionState, code string) chat.Event {
		return chat.Event{
			Type: chat.EventDeliverySettled,
			Data: chat.EventData{Submission: string(submission), ErrorCode: code},
		}
	}

	for name, tt := range map[string]struct {
		event chat.Event
		want  bool
	}{
		"blocked with its sender": {
			chat.Event{Type: chat.EventDeliveryBlocked, Data: chat.EventData{ErrorCode: chat.ErrorSenderBlocked}},
			false,
		},
		"held by a brake": {
			chat.Event{Type: chat.EventDeliveryNeedsReview, Data: chat.EventData{ErrorCode: chat.ErrorBraked}},
			true,
		},
		"held because the customer may want no more": {
			chat.Event{Type: chat.EventDeliveryNeedsReview, Data: chat.EventData{ErrorCode: chat.ErrorPossibleOptOut}},
			false,
		},
		"an approval has expired": {
			chat.Event{
				Type: chat.EventApprovalDecided,
				Data: chat.EventData{Status: string(chat.ApprovalExpired)},
			},
			true,
		},
		"a member has disabled a webhook endpoint": {
			chat.Event{
				Type: chat.EventWebhookEndpointDisabled,
				Data: chat.EventData{Reason: string(chat.WebhookDisabledByMember)},
			},
			false,
		},
		"delivered":                   {settled(chat.SubmissionAccepted, ""), false},
		"opted out":                   {settled(chat.SubmissionSuppressed, chat.ErrorOptedOut), true},
		"expired":                     {settled(chat.SubmissionExpired, chat.ErrorExpired), true},
		"canceled by a person":        {settled(chat.SubmissionCanceled, chat.ErrorCanceled), false},
		"canceled without a workflow": {settled(chat.SubmissionCanceled, chat.ErrorWorkflowGone), true},
		"a person has said it":        {settled(chat.SubmissionAbandoned, ""), false},
	} {
		assert.Equal(t, tt.want, tt.event.NeedsAttention(), name)
	}
}
