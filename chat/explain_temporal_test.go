package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestASnapshotIsExplainedAsItsDelivery(t *testing.T) {
	t.Parallel()

	for _, state := range chat.SubmissionStates() {
		for _, status := range chat.DeliveryStatuses() {
			d := chat.Delivery{
				ID:             "d1",
				Provider:       chat.ProviderTwilio,
				Submission:     state,
				DeliveryStatus: status,
				ErrorCode:      "twilio_21211",
				ErrorMessage:   "no such number",
			}

			snapshot := d.Snapshot()
			assert.Equal(t, d.Explain(), snapshot.Explain(), "%s, %s", state, status)
		}
	}
}

func TestWhatACancellationInTemporalMeans(t *testing.T) {
	t.Parallel()

	for want, snapshot := range map[string]chat.DeliverySnapshot{
		"Canceled in Temporal; nothing was sent.": {Submission: chat.SubmissionCanceled},
		"Canceled in Temporal, too late: Twilio may have the message. It is not sent again.": {
			Submission: chat.SubmissionUnknown,
		},
		"Canceled in Temporal: Twilio has the message, and its receipt is not waited for.": {
			Submission: chat.SubmissionAccepted,
		},
		"Canceled in Temporal, too late. Twilio accepted the message and reports it as delivered.": {
			Submission:     chat.SubmissionAccepted,
			DeliveryStatus: chat.StatusDelivered,
		},
	} {
		snapshot.Provider = chat.ProviderTwilio
		assert.Equal(t, want, snapshot.ExplainCanceled())
	}
}

func TestHowABulkRetryIsExplained(t *testing.T) {
	t.Parallel()

	run := chat.BulkRetry{
		NewBulkRetry: chat.NewBulkRetry{Rate: 5, Canary: 4},
		Selected:     9,
		Begun:        3,
		Note:         "A person did.",
	}
	for state, want := range map[chat.BulkState]string{
		chat.BulkRunning:  "Begun 3 of 9, 5 a second.",
		chat.BulkPaused:   "Paused: A person did. Resume or cancel it.",
		chat.BulkCanceled: "Canceled after 3 of 9. What was begun goes on by itself.",
		chat.BulkFinished: "All 3 have had their turn.",
	} {
		run.State = state
		assert.Equal(t, want, run.Explain())
	}
}
