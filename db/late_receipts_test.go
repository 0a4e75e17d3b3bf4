package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestALateReceiptAfterARetryIsFlagged is the message that was taken for lost, tried again,
// and has arrived all the same: the recipient has it twice.
func TestALateReceiptAfterARetryIsFlagged(t *testing.T) {
	t.Parallel()

	for name, giveUp := range map[string]func(reporter, *dbtest.World, *chat.Delivery){
		"unconfirmed": func(r reporter, w *dbtest.World, d *chat.Delivery) {
			_, err := r.s.MarkUnconfirmed(r.t.Context(), unconfirmed(w.Workspace, d.ID), r.clock.now)
			require.NoError(r.t, err)
		},
		"undelivered": func(r reporter, _ *dbtest.World, d *chat.Delivery) {
			r.report(newCallback(d, "SM1", chat.StatusUndelivered))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				w, clock := dbtest.Seed(t, s), newClock()
				r := reporter{t, s, clock}
				_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
				acceptDelivery(t, s, w, &first, "SM1", clock.now)
				giveUp(r, w, &first)

				retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
				require.NoError(t, err)
				second := w.Claim(t, s, retried.DeliveryID, clock.now)
				acceptDelivery(t, s, w, &second, "SM2", clock.now)
				r.report(newCallback(&second, "SM2", chat.StatusDelivered))

				assert.True(t, r.report(newCallback(&first, "SM1", chat.StatusDelivered)).Duplicate, "both have arrived")
				assert.False(t, r.report(newCallback(&first, "SM1", chat.StatusRead)).Duplicate, "it is counted once")

				after, err := s.Delivery(t.Context(), w.Workspace, first.ID)
				require.NoError(t, err)

				twice := 0

				for _, e := range after.Events {
					if e.Type == chat.EventDuplicate {
						twice++

						assert.Contains(t, string(e.Raw), second.ID)
					}
				}

				assert.Equal(t, 1, twice)
			})
		})
	}
}

// TestAnArrivalIsComparedBothWays gives up the original and its retry, of which then both arrive,
// the retry last.
func TestAnArrivalIsComparedBothWays(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &first, "SM1", clock.now)
		_, err := s.MarkUnconfirmed(t.Context(), unconfirmed(w.Workspace, first.ID), clock.now)
		require.NoError(t, err)

		retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)
		second := w.Claim(t, s, retried.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &second, "SM2", clock.now)
		_, err = s.MarkUnconfirmed(t.Context(), unconfirmed(w.Workspace, second.ID), clock.now)
		require.NoError(t, err)

		assert.False(t, r.report(newCallback(&first, "SM1", chat.StatusDelivered)).Duplicate)
		assert.True(t, r.report(newCallback(&second, "SM2", chat.StatusDelivered)).Duplicate)
		assert.False(t, r.report(newCallback(&first, "SM1", chat.StatusRead)).Duplicate)

		counts, err := s.CountDuplicates(t.Context())
		require.NoError(t, err)
		assert.Equal(t, map[chat.Provider]int64{chat.ProviderTwilio: 1}, counts, "one duplicate, one count")
	})
}

// TestAMessageThatArrivedAfterAllIsSent corrects a loss that the provider has taken back.
func TestAMessageThatArrivedAfterAllIsSent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		r.report(newCallback(&d, "SM1", chat.StatusUndelivered))
		r.report(newCallback(&d, "SM1", chat.StatusDelivered))

		after, _, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, []any{"delivered", chat.MessageSent}, []any{after.Status(), message.State})

		late := newCallback(&d, "SM1", chat.StatusUndelivered)
		late.Key = "again"
		r.report(late)

		after, _, _, _ = readStanding(t, s, w, &sent)
		assert.Equal(t, "delivered", after.Status(), "out of order")
	})
}

// TestWhatMayHaveBeenTakenGoesToAPerson has the provider refuse a second attempt while it may have
// taken the first.
func TestWhatMayHaveBeenTakenGoesToAPerson(t *testing.T) {
	t.Parallel()

	for _, outcome := range []chat.SubmissionOutcome{chat.OutcomeRejected, chat.OutcomeSuppressed} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				w, clock := dbtest.Seed(t, s), newClock()
				sent, first := sendNow(t, s, w, w.SMS.ID, clock.now)
				leadToReview(t, s, w, &first, clock.now)
				_, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
				require.NoError(t, err)

				again := w.Claim(t, s, first.ID, clock.now)
				recordSubmission(t, s, w, &again, chat.Submission{Outcome: outcome, ErrorCode: "twilio_21211"}, clock.now)

				after, action, message, _ := readStanding(t, s, w, &sent)
				assert.Equal(
					t,
					[]any{chat.SubmissionNeedsReview, chat.ActionParked, chat.MessagePending},
					[]any{after.Submission, action.State, message.State},
				)
				assert.Contains(t, after.Explain(), "an earlier attempt may have been taken")
			})
		})
	}
}

// TestALateReceiptCancelsTheRetryThatWaits is the same before the retry was posted.
func TestALateReceiptCancelsTheRetryThatWaits(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &first, "SM1", clock.now)
		r.report(newCallback(&first, "SM1", chat.StatusUndelivered))

		retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)

		assert.False(t, r.report(newCallback(&first, "SM1", chat.StatusDelivered)).Duplicate, "nothing was doubled")

		second, err := s.FindDelivery(t.Context(), w.Workspace, retried.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionCanceled, second.Submission)
	})
}

// TestAPersonWhoSaysThatARetryWasSentFlagsIt resolves the retry of a message that was taken after
// all: both were sent.
func TestAPersonWhoSaysThatARetryWasSentFlagsIt(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &first, clock.now)
		_, _, err := decideDelivery(t, s, w, first.ID, chat.VerdictNotSent, clock.now)
		require.NoError(t, err)

		retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)
		second := w.Claim(t, s, retried.DeliveryID, clock.forward(evidenceHold))
		leadToReview(t, s, w, &second, clock.now)
		r.report(newCallback(&first, "SM1", chat.StatusDelivered))

		_, _, err = decideDelivery(t, s, w, second.ID, chat.VerdictSent, clock.forward(time.Minute))
		require.NoError(t, err)

		counts, err := s.CountDuplicates(t.Context())
		require.NoError(t, err)
		assert.Equal(t, int64(1), counts[chat.ProviderTwilio])
	})
}
