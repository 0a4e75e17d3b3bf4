package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// newTold is a delivery that a customer asks about.
func newTold(state chat.SubmissionState, status chat.DeliveryStatus) *chat.Delivery {
	return &chat.Delivery{
		ChatID:         7,
		To:             "+15550199",
		Submission:     state,
		DeliveryStatus: status,
		CreatedAt:      time.Date(2026, time.November, 30, 9, 5, 0, 0, time.UTC),
	}
}

func TestEveryStatusHasASentenceForTheCustomer(t *testing.T) {
	t.Parallel()

	const subject = "Our message of 30 November 2026, 09:05 UTC to +15550199 "

	for _, state := range chat.SubmissionStates() {
		told := newTold(state, chat.StatusNone).TellCustomer()
		assert.Contains(t, told, subject)
		assert.Greater(t, len(told), len(subject), state)
	}

	for _, status := range chat.DeliveryStatuses() {
		told := newTold(chat.SubmissionAccepted, status).TellCustomer()
		assert.Greater(t, len(told), len(subject), status)
	}

	twice := newTold(chat.SubmissionAccepted, chat.StatusDelivered)
	twice.Duplicate = chat.DuplicateConfirmed
	assert.Contains(t, twice.TellCustomer(), "sent twice by mistake")

	twice.Duplicate = chat.DuplicatePossible
	assert.Contains(t, twice.TellCustomer(), "may have reached you twice")
}

func TestANoticeIsNoCustomers(t *testing.T) {
	t.Parallel()

	notice := newTold(chat.SubmissionAccepted, chat.StatusDelivered)
	notice.PurposeKey = chat.NoticePurpose + "n1"
	assert.Empty(t, notice.TellCustomer())
}
