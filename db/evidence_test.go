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

// TestTheSameTextWaits cuts off the post of a text, which a person then resolves as sent, without
// an id. The same text to the same address is not posted before nobody can take the one message
// for the other any more; another text is.
func TestTheSameTextWaits(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		began := clock.now
		first := resolvedWithoutID(t, s, w, clock)

		same, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)

		claim, err := s.Claim(t.Context(), w.Workspace, same.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		require.False(t, claim.Granted)

		// A minute's lease, and twice the two minutes by which clocks may differ.
		until := began.Add(5*time.Minute + time.Second)
		assert.WithinDuration(t, until, *claim.WaitUntil, time.Second)
		assert.Equal(t, chat.ErrorTextBusy, claim.Delivery.ErrorCode)
		assert.Contains(t, claim.Delivery.Explain(), "the same text to the same address")

		other, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hello"), dbtest.SendIDs(), dbtest.PlanText("hello"))
		require.NoError(t, err)
		d := w.Claim(t, s, other.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &d, "SM2", clock.now)

		clock.now = until.Add(time.Second)
		d = w.Claim(t, s, same.DeliveryID, clock.now)
		unknownSubmission(t, s, w, &d, clock.now)

		rivals, err := s.EvidenceRivals(t.Context(), w.Workspace, same.DeliveryID)
		require.NoError(t, err)
		require.Len(t, rivals, 1)
		assert.Equal(t, first, rivals[0].ID)
		require.Len(t, rivals[0].Attempts, 1, "which decide in what time it may have been taken")
	})
}

// resolvedWithoutID is a delivery of the text "hi" whose outcome nobody knew, and which a person
// then resolved as sent.
func resolvedWithoutID(t *testing.T, s *db.Store, w *dbtest.World, clock *clock) chat.DeliveryID {
	t.Helper()

	_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
	unknownSubmission(t, s, w, &d, clock.now)

	_, err := s.SettleUnknown(t.Context(), w.Workspace, d.ID, clock.now)
	require.NoError(t, err)

	_, _, err = s.Decide(t.Context(), w.Workspace, d.ID, chat.Decision{
		Verdict: chat.VerdictSent,
		By:      w.By,
		At:      clock.now,
	})
	require.NoError(t, err)

	return d.ID
}

func unknownSubmission(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time) chat.Delivery {
	t.Helper()

	return recordSubmission(t, s, w, d, chat.Submission{
		Outcome:       chat.OutcomeUnknown,
		GotConnection: true,
		ErrorCode:     chat.ErrorConnectionLost,
	}, now)
}

// TestAFirstClaimWaitsForTheSameText has the claim in the transaction that stores the send.
func TestAFirstClaimWaitsForTheSameText(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		resolvedWithoutID(t, s, w, clock)

		sent, claim, err := s.PrepareAndClaim(
			t.Context(),
			w.Send(w.SMS.ID, "hi"),
			dbtest.SendIDs(),
			dbtest.PlanText("hi"),
			clock.now,
			time.Minute,
		)
		require.NoError(t, err)
		assert.False(t, claim.Granted)
		assert.Equal(t, chat.SubmissionPending, sent.Submission)
	})
}

// TestEvidenceFreesTheText posts the same text at once when a callback tells which message the
// first one is.
func TestEvidenceFreesTheText(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		d := unknownSubmission(t, s, w, &first, clock.now)
		snapshot := d.Snapshot()
		assert.True(t, snapshot.UnknownMessages)

		reported := reporter{t, s, clock}.report(newCallback(&first, "SM1", chat.StatusSent))
		assert.False(t, reported.Snapshot.UnknownMessages, "the only attempt is known")

		sendNow(t, s, w, w.SMS.ID, clock.now)
	})
}

// TestAnAttemptStaysUnknown is posted again after a review: the acceptance of the second attempt
// says nothing of the first.
func TestAnAttemptStaysUnknown(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		unknownSubmission(t, s, w, &first, clock.now)
		_, err := s.SettleUnknown(t.Context(), w.Workspace, first.ID, clock.now)
		require.NoError(t, err)
		_, err = prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)

		again := w.Claim(t, s, first.ID, clock.forward(time.Minute))
		d := acceptDelivery(t, s, w, &again, "SM2", clock.now)
		snapshot := d.Snapshot()
		assert.True(t, snapshot.UnknownMessages)

		reported := reporter{t, s, clock}.report(newCallback(&first, "SM1", chat.StatusDelivered))
		assert.True(t, reported.Duplicate)
	})
}

// TestARetryWaitsForItsOwnText: a retry that is a delivery of its own may be a copy of its own.
// One that goes on under the same id does not wait.
func TestARetryWaitsForItsOwnText(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &first, clock.now)
		_, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)
		again := w.Claim(t, s, first.ID, clock.now)
		leadToReview(t, s, w, &again, clock.now)

		_, _, err = decideDelivery(t, s, w, first.ID, chat.VerdictNotSent, clock.now)
		require.NoError(t, err)
		retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)

		claim, err := s.Claim(t.Context(), w.Workspace, retried.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)
		assert.Equal(t, chat.ErrorTextBusy, claim.Delivery.ErrorCode)

		w.Claim(t, s, retried.DeliveryID, clock.forward(evidenceHold))
	})
}

// TestADeletedChatIsNotWrittenTo has a delivery wait while its chat is deleted.
func TestADeletedChatIsNotWrittenTo(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		require.NoError(t, s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID))

		claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)
		assert.Equal(t, chat.SubmissionCanceled, claim.Delivery.Submission)
		assert.Contains(t, claim.Delivery.Explain(), chat.ReasonChatDeleted)
	})
}

func TestAmbiguityIsRecordedOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		unknownSubmission(t, s, w, &d, clock.now)

		candidates := []chat.Report{{ProviderMessageID: "SM1", MadeAt: clock.now}, {ProviderMessageID: "SM2"}}
		for range 2 {
			_, err := s.RecordAmbiguity(t.Context(), w.Workspace, d.ID, candidates, clock.forward(time.Second))
			require.NoError(t, err)
		}

		after, action, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.SubmissionNeedsReview, chat.ErrorAmbiguous, chat.ActionParked},
			[]any{after.Submission, after.ErrorCode, action.State},
		)
		require.Len(t, after.Events, 1)
		assert.Equal(t, chat.EventAmbiguous, after.Events[0].Type)
		assert.Contains(t, string(after.Events[0].Raw), "SM2")
	})
}

// TestAnAcceptanceWithoutAnID is kept as a report and changes nothing: no report after it could be
// told to be about this message.
func TestAnAcceptanceWithoutAnID(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		unknownSubmission(t, s, w, &d, clock.now)
		reporter{t, s, clock}.report(newCallback(&d, "", chat.StatusDelivered))

		after, _, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.SubmissionUnknown, after.Submission)
		assert.Len(t, after.Events, 1)
	})
}
