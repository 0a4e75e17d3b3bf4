package db_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func prepareRetry(t *testing.T, s *db.Store, in chat.RetryDelivery) (chat.DeliveryRetried, error) {
	t.Helper()
	return s.PrepareRetry(t.Context(), in, dbtest.SendIDs().DeliveryID, dbtest.PlanRetry)
}

func decideDelivery(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	id chat.DeliveryID,
	v chat.Verdict,
	now time.Time,
) (chat.Delivery, string, error) {
	t.Helper()

	return s.Decide(t.Context(), w.Workspace, id, chat.Decision{
		Verdict: v,
		Reason:  "seen in the console",
		By:      w.By,
		At:      now,
	})
}

// leadToReview brings a delivery to where a person must decide.
func leadToReview(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time) {
	t.Helper()
	recordSubmission(t, s, w, d, chat.Submission{Outcome: chat.OutcomeUnknown, ErrorCode: chat.ErrorTimeout}, now)
	settled, err := s.SettleUnknown(t.Context(), w.Workspace, d.ID, now)
	require.NoError(t, err)
	require.Equal(t, chat.SubmissionNeedsReview, settled.Submission)
}

func TestRetryOfWhatHasEnded(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		addMessage(t, s, w, w.SMS.ID, "one")
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected, ErrorCode: "twilio_21614"}, clock.now)
		in := w.Retry(d.ID, chat.Change{})
		first, err := prepareRetry(t, s, in)
		require.NoError(t, err)

		again, err := s.PrepareRetry(
			t.Context(),
			in,
			"another",
			func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error) {
				return chat.SendPlan{}, errors.New("a repetition plans nothing")
			},
		)
		require.NoError(t, err)
		assert.Equal(t, first, again)
		assert.Equal(t, []any{in.ActionID, d.ID, "", ""}, []any{first.ActionID, first.Of, first.Owner, first.Replaced})

		fresh, err := s.Delivery(t.Context(), w.Workspace, first.DeliveryID)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{"retry:" + string(d.ID), d.ID, in.ActionID, sent.MessageID, chat.SubmissionPending, int64(1)},
			[]any{fresh.PurposeKey, fresh.RetryOf, fresh.ActionID, fresh.MessageID, fresh.Submission, fresh.Watermark},
		)

		old, action, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, []any{chat.SubmissionRejected, fresh.ID, chat.VerdictRetry, "the customer asked", w.Manager.ID},
			[]any{old.Submission, old.RetriedBy, old.Decision.Verdict, old.Decision.Reason, old.Decision.By.MemberID})

		assert.Equal(t, []any{chat.ActionFailed, chat.MessagePending}, []any{action.State, message.State})
		own, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{chat.ActionRetryDelivery, chat.ActionRunning, fresh.ID, w.SMS.ID},
			[]any{own.Kind, own.State, own.DeliveryID, own.ChatID},
		)

		_, err = prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		requireCode(t, chat.CodeConflict, err)
		assert.Equal(t, string(fresh.ID), chat.AsError(err).DeliveryID)
		fresh = w.Claim(t, s, fresh.ID, clock.now)
		acceptDelivery(t, s, w, &fresh, "SM2", clock.now)
		_, _, message, c := readStanding(t, s, w, &sent)
		assert.Equal(t, []any{chat.MessageSent, false}, []any{message.State, c.NeedsResponse})
		assert.Equal(t, "delivery.retried", auditVerbs(t, s, w.Workspace)[0])
	})
}

func TestRetryUnderTheSameID(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		refuseAccount(t, s, w, &d, clock.now)

		in := w.Retry(d.ID, chat.Change{})
		for range 2 {
			retried, err := prepareRetry(t, s, in)
			require.NoError(t, err)

			assert.Equal(t, []any{d.ID, chat.ActionWorkflowID(w.Workspace, sent.ActionID), "pending"},
				[]any{retried.DeliveryID, retried.Owner, retried.Status})
		}

		own, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.ActionSucceeded, d.ID}, []any{own.State, own.DeliveryID})
		d = w.Claim(t, s, d.ID, time.Now().Add(time.Second))
		assert.Equal(t, int64(2), d.Fence, "the fence goes on, and it is the probe")

		leadToReview(t, s, w, &d, clock.now)
		retried, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)
		assert.Equal(t, d.ID, retried.DeliveryID)
		after, action, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.SubmissionPending, chat.ActionRunning, chat.VerdictRetry},
			[]any{after.Submission, action.State, after.Decision.Verdict},
		)

		assert.Len(t, after.Attempts, 2)
	})
}

func TestRetryWithAChange(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		number, err := s.CreatePhoneNumber(t.Context(), w.Workspace, w.By, chat.PhoneNumber{Number: "+14155550101"})
		require.NoError(t, err)
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &d, clock.now)
		waiting := w.Prepare(t, s, w.SMS.ID, "hi")

		for old, ended := range map[chat.DeliveryID]chat.SubmissionState{
			waiting.DeliveryID: chat.SubmissionCanceled, d.ID: chat.SubmissionAbandoned,
		} {
			_, err = prepareRetry(t, s, w.Retry(old, chat.Change{Sender: "phone:999999"}))
			requireCode(t, chat.CodeSenderNotFound, err)

			in := w.Retry(old, chat.Change{Sender: number.Scope(), To: "+14155550124"})
			retried, err := s.PrepareRetry(
				t.Context(),
				in,
				dbtest.SendIDs().DeliveryID,
				func(f *chat.SendFacts, _ *chat.Delivery) (chat.SendPlan, error) {
					plan, err := dbtest.PlanText("changed")(f)
					plan.To = in.Change.To
					plan.ToGiven = true

					return plan, err
				},
			)
			require.NoError(t, err)
			before, err := s.Delivery(t.Context(), w.Workspace, old)
			require.NoError(t, err)

			assert.Equal(
				t,
				[]any{ended, chat.ErrorReplaced, retried.DeliveryID},
				[]any{before.Submission, before.ErrorCode, before.RetriedBy},
			)

			assert.Equal(t, chat.ActionWorkflowID(w.Workspace, before.ActionID), retried.Replaced)
			fresh, err := s.FindDelivery(t.Context(), w.Workspace, retried.DeliveryID)
			require.NoError(t, err)

			assert.Equal(
				t,
				[]string{"+14155550101", "+14155550124", number.Scope()},
				[]string{fresh.From, fresh.To, fresh.Sender},
			)
		}
	})
}

// TestARetryThatGoesOnIsSweptSoon has a delivery wait for a person, whom no sweep disturbs for a
// day. When it is tried again, the next sweep looks, and knows the workflow of the retry.
func TestARetryThatGoesOnIsSweptSoon(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now()
		_, d := sendNow(t, s, w, w.SMS.ID, now)
		leadToReview(t, s, w, &d, now)

		_, _, err := s.StaleDeliveries(t.Context(), now.Add(time.Hour), time.Minute, 10)
		require.NoError(t, err)

		in := w.Retry(d.ID, chat.Change{})
		_, err = prepareRetry(t, s, in)
		require.NoError(t, err)

		stale, _, err := s.StaleDeliveries(t.Context(), now.Add(2*time.Hour), time.Minute, 10)
		require.NoError(t, err)
		require.Len(t, stale, 1)
		assert.Equal(t, in.WorkflowID(), stale[0].ReleasedBy)
	})
}

func TestWhatMayNotBeRetried(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		tools := w.Prepare(t, s, w.Email.ID, "hi", chat.ToolCall{ID: "1", Name: chat.ToolSetTitle})
		_, err := prepareRetry(t, s, w.Retry(tools.DeliveryID, chat.Change{}))
		requireCode(t, chat.CodeConflict, err)
		assert.Contains(t, err.Error(), "send the message anew")
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)

		for _, said := range []chat.SubmissionOutcome{"", chat.OutcomeUnknown, chat.OutcomeAccepted} {
			if said != "" {
				recordSubmission(t, s, w, &d, chat.Submission{Outcome: said}, clock.now)
			}

			in := w.Retry(d.ID, chat.Change{Body: "other"})
			_, err := prepareRetry(t, s, in)
			requireCode(t, chat.CodeConflict, err)
			_, err = s.Action(t.Context(), w.Workspace, in.ActionID)
			requireCode(t, chat.CodeActionNotFound, err)
		}
	})
}

func TestRetryAnswersOnlyWhatItCan(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		addMessage(t, s, w, w.SMS.ID, "one")
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected}, clock.now)
		addMessage(t, s, w, w.SMS.ID, "two")
		retried, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)
		fresh := w.Claim(t, s, retried.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &fresh, "SM1", clock.now)
		_, _, _, c := readStanding(t, s, w, &sent)
		assert.Equal(t, []any{true, int64(1)}, []any{c.NeedsResponse, c.Answered})
	})
}

// TestEvidenceForWhatWasRetried is a message that was given up, tried again, and had been
// taken by the provider all the same.
func TestEvidenceForWhatWasRetried(t *testing.T) {
	t.Parallel()

	for name, posted := range map[string]bool{"the retry waits": false, "the retry was sent": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			dbtest.Each(t, func(t *testing.T, s *db.Store) {
				w, clock := dbtest.Seed(t, s), newClock()
				sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
				leadToReview(t, s, w, &d, clock.now)
				_, _, err := decideDelivery(t, s, w, d.ID, chat.VerdictNotSent, clock.now)
				require.NoError(t, err)
				retried, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
				require.NoError(t, err)

				if posted {
					fresh := w.Claim(t, s, retried.DeliveryID, clock.forward(evidenceHold))
					acceptDelivery(t, s, w, &fresh, "SM2", clock.now)
				}

				reported := reporter{t, s, clock}.report(newCallback(&d, "SM1", chat.StatusDelivered))
				assert.Equal(t, posted, reported.Duplicate)
				old, _, message, _ := readStanding(t, s, w, &sent)
				assert.Equal(t, []any{chat.SubmissionAccepted, chat.MessageSent}, []any{old.Submission, message.State})
				fresh, err := s.FindDelivery(t.Context(), w.Workspace, retried.DeliveryID)
				require.NoError(t, err)

				if posted {
					assert.Equal(t, chat.SubmissionAccepted, fresh.Submission)
					assert.Contains(t, string(old.Events[1].Raw), fresh.ID)

					return
				}

				assert.Equal(
					t,
					[]any{chat.SubmissionCanceled, chat.ErrorReplaced},
					[]any{fresh.Submission, fresh.ErrorCode},
					"it must not arrive twice",
				)
			})
		})
	}
}

func TestALateFailureOfWhatWasRetried(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		acceptDelivery(t, s, w, &d, "SM1", clock.now)
		_, err := s.MarkUnconfirmed(t.Context(), unconfirmed(w.Workspace, d.ID), clock.now)
		require.NoError(t, err)
		retried, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)
		fresh := w.Claim(t, s, retried.DeliveryID, clock.now)
		acceptDelivery(t, s, w, &fresh, "SM2", clock.now)
		assert.True(t, reporter{t, s, clock}.report(newCallback(&d, "SM1", chat.StatusFailed)).Changed)
		_, _, message, c := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.MessageSent, false},
			[]any{message.State, c.NeedsResponse},
			"the retry speaks for the message",
		)
	})
}

// A send that a person has let go on once more, and whose tools fail or whose workflow is canceled then.
func TestWhatMayHaveBeenTakenIsNotCanceledByItsTools(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		_, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &d, clock.now)

		_, err := prepareRetry(t, s, w.Retry(d.ID, chat.Change{}))
		require.NoError(t, err)

		_, err = s.FailSend(t.Context(), w.Workspace, d.ActionID, -1, chat.SendCanceled())
		require.NoError(t, err)

		after, err := s.FindDelivery(t.Context(), w.Workspace, d.ID)
		require.NoError(t, err)
		assert.NotEqual(t, chat.SubmissionCanceled, after.Submission)
	})
}
