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
		require.NoError(t, errorOf(s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, true)))

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

// TestWhatIsBeingSentIsARival has a number that goes from one workspace to another, and a customer who
// is in both. The post of the one is under way when the one of the other is cut off: what the provider's
// list shows may be either's.
func TestWhatIsBeingSentIsARival(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other, clock := dbtest.Seed(t, s), dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		moveNumber(t, s, w, other)

		_, second := sendNow(t, s, other, other.SMS.ID, clock.forward(time.Second))
		unknownSubmission(t, s, other, &second, clock.now)

		rivals, err := s.EvidenceRivals(t.Context(), other.Workspace, second.ID)
		require.NoError(t, err)
		require.Len(t, rivals, 1)
		assert.Equal(t, first.ID, rivals[0].ID)
		assert.Len(t, rivals[0].Attempts, 1)

		d := acceptDelivery(t, s, w, &first, "SM1", clock.now)
		require.Equal(t, chat.SubmissionAccepted, d.Submission)
		rivals, err = s.EvidenceRivals(t.Context(), other.Workspace, second.ID)
		require.NoError(t, err)
		assert.Empty(t, rivals, "its message is known")
	})
}

// moveNumber gives the number of a workspace to another one.
func moveNumber(t *testing.T, s *db.Store, from, to *dbtest.World) {
	t.Helper()

	_, err := s.RevokeSender(t.Context(), from.PhoneNumber.Number)
	require.NoError(t, err)
	to.Grant(t, s, from.PhoneNumber.Number)

	_, err = s.UpdatePhoneNumber(t.Context(), to.Workspace, to.By, to.PhoneNumber.ID,
		chat.PhoneNumberPatch{Number: &from.PhoneNumber.Number})
	require.NoError(t, err)
}

// TestWhatIsClosedStaysARival has a person resolve what may have been sent, and the sweep read the
// provider's list for it for the last time. What the list shows may still be its message.
func TestWhatIsClosedStaysARival(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other, clock := dbtest.Seed(t, s), dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.SMS.ID, clock.now)
		moveNumber(t, s, w, other)
		_, second := sendNow(t, s, other, other.SMS.ID, clock.now)

		unknownSubmission(t, s, w, &first, clock.now)
		unknownSubmission(t, s, other, &second, clock.now)
		require.NoError(t, s.CloseEvidence(t.Context(), w.Workspace, first.ID))

		rivals, err := s.EvidenceRivals(t.Context(), other.Workspace, second.ID)
		require.NoError(t, err)
		require.Len(t, rivals, 1)
		assert.Equal(t, first.ID, rivals[0].ID)
		assert.Equal(t, chat.EvidenceClosed, rivals[0].Evidence)
	})
}

// TestCloseEvidenceOfWhatIsKnown changes nothing.
func TestCloseEvidenceOfWhatIsKnown(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)

		require.NoError(t, s.CloseEvidence(t.Context(), w.Workspace, d.ID))

		after, _, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.EvidenceNone, after.Evidence)
	})
}

// TestAmbiguousCopiesOfWhatWasTakenAreListed has a second attempt taken. What the list shows of the
// first one may be its copy, or another system's message.
func TestAmbiguousCopiesOfWhatWasTakenAreListed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		began := clock.now
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &d, clock.now)
		_, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)

		d = w.Claim(t, s, d.ID, clock.forward(evidenceHold))
		acceptDelivery(t, s, w, &d, "SM2", clock.now)

		for range 2 {
			after, err := s.RecordAmbiguity(t.Context(), w.Workspace, d.ID, []chat.Report{
				{Provider: chat.ProviderTwilio, ProviderMessageID: "SM1", MadeAt: began},
				{Provider: chat.ProviderTwilio, ProviderMessageID: "SM3", MadeAt: began},
			}, clock.now)
			require.NoError(t, err)
			assert.Equal(t, chat.SubmissionAccepted, after.Submission)
		}

		after, err := s.Delivery(t.Context(), w.Workspace, d.ID)
		require.NoError(t, err)
		require.Len(t, after.Events, 1)
		assert.Equal(t, chat.EventAmbiguous, after.Events[0].Type)
		assert.Contains(t, string(after.Events[0].Raw), "SM1")
	})
}

// TestWhatAFailoverHasForgottenIsSoughtAfterARetry holds a delivery whose claim may be lost. A person
// retries it, and that attempt is taken: a message of before may still be in the provider's list.
func TestWhatAFailoverHasForgottenIsSoughtAfterARetry(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		_, err := s.HoldUnsent(t.Context(), chat.ErrorDatabaseFailedOver)
		require.NoError(t, err)

		retry := w.Retry(sent.DeliveryID, chat.Change{})
		retry.AcceptedAt = time.Now().Add(time.Hour)
		_, err = prepareRetry(t, s, retry)
		require.NoError(t, err)

		now := time.Now().Add(time.Second)
		d := w.Claim(t, s, sent.DeliveryID, now)
		acceptDelivery(t, s, w, &d, "SM2", now)

		after, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
		require.NoError(t, err)
		require.True(t, after.HasUnknownMessages(), "the list is read once more")

		evidence := after.JudgeEvidence(
			[]chat.Report{
				{ProviderMessageID: "SM1", MadeAt: after.CreatedAt.Add(time.Millisecond)},
				{ProviderMessageID: "SM2", MadeAt: now},
			},
			map[string]chat.DeliveryID{"SM2": after.ID},
			nil,
			chat.EvidenceWindow{Lease: time.Minute, Skew: time.Minute},
		)
		assert.Len(t, evidence.Own, 1)
	})
}

// TestAnUnknownMailHoldsNoOther has a mail of which nobody knows whether the provider took it. The
// provider's list tells mails apart by our own ids, so mails to other addresses leave at once.
func TestAnUnknownMailHoldsNoOther(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, first := sendNow(t, s, w, w.Email.ID, clock.now)
		unknownSubmission(t, s, w, &first, clock.now)

		sendNow(t, s, w, openMailChat(t, s, w, "ben@example.com"), clock.now)

		other := dbtest.Seed(t, s)
		sendNow(t, s, other, other.Email.ID, clock.now)

		_, claim, err := s.PrepareAndClaim(
			t.Context(),
			w.Send(openMailChat(t, s, w, "cem@example.com"), "hi"),
			dbtest.SendIDs(),
			dbtest.PlanText("hi"),
			clock.now,
			time.Minute,
		)
		require.NoError(t, err)
		assert.True(t, claim.Granted)
	})
}

// openMailChat opens a chat by mail with somebody new.
func openMailChat(t *testing.T, s *db.Store, w *dbtest.World, address string) chat.ChatID {
	t.Helper()

	person, err := s.CreateMember(t.Context(), w.Workspace, w.By, dbtest.NewPerson("Somebody", "", address))
	require.NoError(t, err)

	opened, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
		Channel:           chat.ChannelEmail,
		MemberID:          person.ID,
		AssistantMemberID: &w.Assistant.ID,
		InboxID:           &w.Inbox.ID,
	})
	require.NoError(t, err)

	return opened.ID
}
