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

// requireDuplicate holds what a delivery says of itself, and that a list finds it by that.
func requireDuplicate(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	id chat.DeliveryID,
	want chat.Duplicate,
) {
	t.Helper()

	d, err := s.FindDelivery(t.Context(), w.Workspace, id)
	require.NoError(t, err)
	require.Equal(t, want, d.Duplicate)

	for _, kind := range []chat.Duplicate{chat.DuplicatePossible, chat.DuplicateConfirmed} {
		filter, err := chat.NewDuplicateFilter([]chat.Duplicate{kind})
		require.NoError(t, err)

		list, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{
			Duplicate: filter,
			Page:      pageOfTen(),
		})
		require.NoError(t, err)

		var ids []chat.DeliveryID
		for i := range list.Items {
			ids = append(ids, list.Items[i].ID)
		}

		if kind == want {
			assert.Contains(t, ids, id)
		} else {
			assert.NotContains(t, ids, id)
		}
	}
}

// takenAgain is a delivery whose first attempt was never known, and whose second one was taken as SM2.
func takenAgain(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	clock *clock,
) (sent chat.AssistantMessageSent, first, second chat.Delivery) {
	t.Helper()

	sent, first = sendNow(t, s, w, w.SMS.ID, clock.now)
	leadToReview(t, s, w, &first, clock.now)
	_, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
	require.NoError(t, err)

	second = w.Claim(t, s, first.ID, clock.now)
	acceptDelivery(t, s, w, &second, "SM2", clock.now)

	return sent, first, second
}

// TestAnAttemptThatWasNeverKnownMakesADuplicatePossible has a second attempt taken, and then a copy of the
// first one found: that is told once, however often it is reported.
func TestAnAttemptThatWasNeverKnownMakesADuplicatePossible(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		r := reporter{t, s, clock}
		sent, first, second := takenAgain(t, s, w, clock)
		requireDuplicate(t, s, w, first.ID, chat.DuplicatePossible)

		r.report(newCallback(&second, "SM2", chat.StatusDelivered))
		requireDuplicate(t, s, w, first.ID, chat.DuplicatePossible)

		after, _, _, c := readStanding(t, s, w, &sent)
		assert.Regexp(t, "^It may have been sent twice: ", after.Explain())
		assert.False(t, c.NeedsResponse, "nobody knows")

		assert.True(t, r.report(newCallback(&first, "SM1", chat.StatusSent)).Duplicate)
		requireDuplicate(t, s, w, first.ID, chat.DuplicateConfirmed)

		after, _, _, c = readStanding(t, s, w, &sent)
		assert.Regexp(t, "^It was sent twice: ", after.Explain())
		assert.True(t, c.NeedsResponse)
		assert.Equal(t, chat.ReasonSentTwice, c.AttentionReason)

		told := c.Attention

		assert.False(t, r.report(newCallback(&first, "SM1", chat.StatusDelivered)).Duplicate, "it is told once")

		_, _, _, c = readStanding(t, s, w, &sent)
		assert.Equal(t, told, c.Attention, "it asks for one response")

		counts, err := s.CountDuplicates(t.Context())
		require.NoError(t, err)
		assert.Equal(t, map[chat.Provider]int64{chat.ProviderTwilio: 1}, counts)
	})
}

// changedSince are the deliveries that have changed at a time or later.
func changedSince(t *testing.T, s *db.Store, w *dbtest.World, since time.Time) []chat.DeliveryID {
	t.Helper()

	list, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{
		UpdatedSince: &since,
		Page:         pageOfTen(),
	})
	require.NoError(t, err)

	ids := make([]chat.DeliveryID, len(list.Items))
	for i := range list.Items {
		ids[i] = list.Items[i].ID
	}

	return ids
}

// TestWhoKeepsACopyLearnsOfADuplicate asks what has changed since a message was found that was taken for lost: its
// retry is a duplicate from then on.
func TestWhoKeepsACopyLearnsOfADuplicate(t *testing.T) {
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
		acceptDelivery(t, s, w, &second, "SM2", clock.now)

		_, err = s.Bun().NewRaw("UPDATE deliveries SET updated_at = ?", clock.now).Exec(t.Context())
		require.NoError(t, err)

		later := clock.forward(time.Minute)
		assert.True(t, reporter{t, s, clock}.report(newCallback(&first, "SM1", chat.StatusSent)).Duplicate)
		requireDuplicate(t, s, w, second.ID, chat.DuplicateConfirmed)
		assert.Contains(t, changedSince(t, s, w, later), second.ID)
	})
}

// TestWhoKeepsACopyLearnsOfARetry asks what has changed since a person has had a delivery repeated that had ended: it
// has a decision, and is repeated by another one.
func TestWhoKeepsACopyLearnsOfARetry(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		refused := chat.Submission{Outcome: chat.OutcomeRejected, ErrorCode: "twilio_21614"}
		recordSubmission(t, s, w, &d, refused, clock.now)

		later := clock.forward(time.Minute)
		retried, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)
		assert.ElementsMatch(t, []chat.DeliveryID{d.ID, retried.DeliveryID}, changedSince(t, s, w, later))
	})
}

// TestOneMessageIsNoDuplicate finds what the only attempt of a delivery has become.
func TestOneMessageIsNoDuplicate(t *testing.T) {
	t.Parallel()

	for name, fence := range map[string]int64{"the report names the attempt": 1, "the report names none": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				w, clock := dbtest.Seed(t, s), newClock()
				_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
				leadToReview(t, s, w, &d, clock.now)
				requireDuplicate(t, s, w, d.ID, chat.DuplicateNone)

				found := newCallback(&d, "SM1", chat.StatusDelivered)
				found.Fence = fence
				reporter{t, s, clock}.report(found)
				requireDuplicate(t, s, w, d.ID, chat.DuplicateNone)
			})
		})
	}
}

// TestARetryThatWasTakenMakesADuplicatePossible has the original given up by a person, and its retry, which
// is a delivery of its own, taken. Both say so, and both say what is found later.
func TestARetryThatWasTakenMakesADuplicatePossible(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &first, clock.now)
		_, _, err := decideDelivery(t, s, w, first.ID, chat.VerdictNotSent, clock.now)
		require.NoError(t, err)

		retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)
		requireDuplicate(t, s, w, first.ID, chat.DuplicateNone)

		second := w.Claim(t, s, retried.DeliveryID, clock.forward(evidenceHold))
		acceptDelivery(t, s, w, &second, "SM2", clock.now)
		requireDuplicate(t, s, w, first.ID, chat.DuplicatePossible)
		requireDuplicate(t, s, w, second.ID, chat.DuplicatePossible)

		reporter{t, s, clock}.report(newCallback(&first, "SM1", chat.StatusDelivered))
		requireDuplicate(t, s, w, first.ID, chat.DuplicateConfirmed)
		requireDuplicate(t, s, w, second.ID, chat.DuplicateConfirmed)

		_, _, _, c := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.ReasonSentTwice, c.AttentionReason)
	})
}

// TestALossTakesADuplicateBack has the provider report that the message which was never confirmed did not
// arrive: then its retry is the only one that did.
func TestALossTakesADuplicateBack(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &first, "SM1", clock.now)
		_, err := s.MarkUnconfirmed(t.Context(), unconfirmed(w.Workspace, first.ID), clock.now)
		require.NoError(t, err)

		retried, err := prepareRetry(t, s, w.Retry(first.ID, chat.Change{}))
		require.NoError(t, err)
		second := w.Claim(t, s, retried.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &second, "SM2", clock.now)
		requireDuplicate(t, s, w, first.ID, chat.DuplicatePossible)
		requireDuplicate(t, s, w, second.ID, chat.DuplicatePossible)

		reporter{t, s, clock}.report(newCallback(&first, "SM1", chat.StatusUndelivered))
		requireDuplicate(t, s, w, first.ID, chat.DuplicateNone)
		requireDuplicate(t, s, w, second.ID, chat.DuplicateNone)
	})
}

// TestARetryThatMaySendTwiceIsAcknowledgedAndAudited refuses it otherwise, also as a part of a bulk retry.
func TestARetryThatMaySendTwiceIsAcknowledgedAndAudited(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &d, clock.now)

		silent := w.Retry(d.ID, chat.Change{})
		silent.AcknowledgeDuplicate = false
		_, err := prepareRetry(t, s, silent)
		requireCode(t, chat.CodeInvalidRequest, err)
		assert.Equal(t, chat.FieldAcknowledgeDuplicate, chat.AsError(err).Fields[0].Field)

		unreasoned := w.Retry(d.ID, chat.Change{})
		unreasoned.Reason = ""
		_, err = prepareRetry(t, s, unreasoned)
		requireCode(t, chat.CodeInvalidRequest, err)
		assert.Equal(t, "reason", chat.AsError(err).Fields[0].Field)

		after, err := s.FindDelivery(t.Context(), w.Workspace, d.ID)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionNeedsReview, after.Submission, "nothing was tried")

		_, err = prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)

		entries, err := s.AuditLog(
			t.Context(),
			w.Workspace,
			chat.AuditFilter{Verb: "delivery.retried"},
			pageOfTen(),
		)
		require.NoError(t, err)
		require.Len(t, entries.Items, 1)
		assert.Regexp(t, `"acknowledge_duplicate": ?true`, string(entries.Items[0].Detail))
	})
}

// TestBulkRetriesCountWhatMayBeSentTwice agrees with the rule for one delivery.
func TestBulkRetriesCountWhatMayBeSentTwice(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, unknown := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &unknown, clock.now)
		refusedOnes(t, s, w, "+1", "+2")

		for status, want := range map[string]int{"needs_review": 1, "rejected": 0} {
			counts, err := s.CountRetryCandidates(t.Context(), w.Workspace, chat.DeliveryFilter{Status: status})
			require.NoError(t, err)
			require.Len(t, counts, 1, status)
			assert.Equal(t, want, counts[0].MayDuplicate, status)
		}

		clock.forward(time.Hour)
		_, lost, second := takenAgain(t, s, w, clock)
		reporter{t, s, clock}.report(newCallback(&second, "SM2", chat.StatusUndelivered))

		counts, err := s.CountRetryCandidates(t.Context(), w.Workspace, chat.DeliveryFilter{Status: "undelivered"})
		require.NoError(t, err)
		require.Len(t, counts, 1)
		assert.Equal(t, 1, counts[0].MayDuplicate, "an attempt of it was never known")

		d, err := s.FindDelivery(t.Context(), w.Workspace, lost.ID)
		require.NoError(t, err)
		assert.True(t, d.MayDuplicate())
	})
}
