package db_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// A retry may be retried in turn, and evidence for the first delivery may come after that.
func TestEvidenceForWhatWasRetriedTwice(t *testing.T) {
	t.Parallel()

	for name, posted := range map[string]bool{"the last one waits": false, "the last one was sent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				w, clock := dbtest.Seed(t, s), newClock()
				_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
				leadToReview(t, s, w, &first, clock.now)
				_, _, err := decideDelivery(t, s, w, first.ID, chat.VerdictNotSent, clock.now)
				require.NoError(t, err)
				retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
				require.NoError(t, err)
				second := w.Claim(t, s, retried.DeliveryID, clock.forward(evidenceHold))
				recordSubmission(
					t,
					s,
					w,
					&second,
					chat.Submission{Outcome: chat.OutcomeRejected, ErrorCode: "twilio_21617"},
					clock.now,
				)

				retried, err = prepareRetry(t, s, w.Retry(second.ID, chat.Change{}))
				require.NoError(t, err)

				if posted {
					third := w.Claim(t, s, retried.DeliveryID, clock.now)
					acceptDelivery(t, s, w, &third, "SM3", clock.now)
				}

				reported := reporter{t, s, clock}.report(newCallback(&first, "SM1", chat.StatusSent))
				assert.Equal(t, posted, reported.Duplicate, "both were sent")
				last, err := s.Delivery(t.Context(), w.Workspace, retried.DeliveryID)
				require.NoError(t, err)

				want := chat.SubmissionCanceled
				if posted {
					want = chat.SubmissionAccepted
				}

				assert.Equal(t, want, last.Submission)
			})
		})
	}
}
