package db_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestCancel(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		_, _, err := decideDelivery(t, s, w, sent.DeliveryID, chat.VerdictSent, clock.now)
		requireCode(t, chat.CodeConflict, err)
		assert.Contains(t, err.Error(), "you may retry it, or cancel it")
		d, workflow, err := decideDelivery(t, s, w, sent.DeliveryID, chat.VerdictCancel, clock.now)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionWorkflowID(w.Workspace, sent.ActionID), workflow)
		stored, action, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, stored.Decision, d.Decision)

		assert.Equal(t, chat.Decision{
			Verdict: chat.VerdictCancel,
			Reason:  "seen in the console",
			By:      chat.Actor{MemberID: w.Manager.ID},
			At:      clock.now,
		}, *d.Decision)

		assert.Equal(
			t,
			[]any{chat.SubmissionCanceled, chat.ActionFailed, chat.MessageNotSent},
			[]any{stored.Submission, action.State, message.State},
		)

		_, _, err = decideDelivery(t, s, w, sent.DeliveryID, chat.VerdictCancel, clock.now)
		requireCode(t, chat.CodeConflict, err)
		assert.Equal(t, string(sent.DeliveryID), chat.AsError(err).DeliveryID)
		require.ErrorContains(t, err, fmt.Sprintf(
			"; decided before: member %d canceled it, at %s",
			w.Manager.ID,
			clock.now.UTC().Format(time.RFC3339),
		), "who comes second is told who was first")
		_, _, err = decideDelivery(t, s, w, sent.DeliveryID, "shrug", clock.now)
		requireCode(t, chat.CodeInvalidRequest, err)
		_, _, err = decideDelivery(t, s, w, "nothing", chat.VerdictCancel, clock.now)
		requireCode(t, chat.CodeDeliveryNotFound, err)
		assert.Equal(t, "delivery.canceled", auditVerbs(t, s, w.Workspace)[0])
	})
}

func TestResolve(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		addMessage(t, s, w, w.SMS.ID, "one")
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		_, _, err := decideDelivery(t, s, w, d.ID, chat.VerdictSent, clock.now)
		requireCode(t, chat.CodeConflict, err)
		assert.Contains(t, err.Error(), "wait for the provider's answer")
		leadToReview(t, s, w, &d, clock.now)

		said := chat.Decision{
			Verdict:           chat.VerdictSent,
			Reason:            "in the log",
			ProviderMessageID: "SM7",
			By:                w.By,
			At:                clock.now,
		}

		resolved, _, err := s.Decide(t.Context(), w.Workspace, d.ID, said)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{chat.SubmissionConfirmedSent, "SM7", "SM7"},
			[]any{resolved.Submission, resolved.ProviderMessageID, resolved.Decision.ProviderMessageID},
		)

		_, action, message, c := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.ActionSucceeded, chat.MessageSent, false},
			[]any{action.State, message.State, c.NeedsResponse},
		)

		next, other := sendNow(t, s, w, w.SMS.ID, clock.forward(evidenceHold))
		recordSubmission(t, s, w, &other, chat.Submission{Outcome: chat.OutcomeUnknown}, clock.now)
		_, _, err = s.Decide(t.Context(), w.Workspace, other.ID, said)
		requireCode(t, chat.CodeConflict, err)
		_, _, err = decideDelivery(t, s, w, other.ID, chat.VerdictNotSent, clock.now)
		require.NoError(t, err)
		after, action, message, _ := readStanding(t, s, w, &next)
		assert.Equal(
			t,
			[]any{chat.SubmissionAbandoned, chat.ActionFailed, chat.MessageNotSent},
			[]any{after.Submission, action.State, message.State},
		)

		reported := reporter{t, s, clock}.report(newCallback(&other, "SM8", chat.StatusDelivered))
		assert.Equal(t, "delivered", reported.Snapshot.Status, "evidence wins over a person's decision")
	})
}

// TestAReportOfAnotherMessageThanThePersonNamed flags a possible copy: the person saw one message at the
// provider, and the provider's callback, which names our attempt, speaks of another one.
func TestAReportOfAnotherMessageThanThePersonNamed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		leadToReview(t, s, w, &d, clock.now)

		_, _, err := s.Decide(t.Context(), w.Workspace, d.ID, chat.Decision{
			Verdict:           chat.VerdictSent,
			Reason:            "in the log",
			ProviderMessageID: "SM7",
			By:                w.By,
			At:                clock.now,
		})
		require.NoError(t, err)

		for range 2 {
			reporter{t, s, clock}.report(newCallback(&d, "SM8", chat.StatusDelivered))
		}

		after, _, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, "SM8", after.ProviderMessageID, "which the provider itself names")

		duplicates := slices.DeleteFunc(after.Events, func(e chat.ProviderEvent) bool {
			return e.Type != chat.EventDuplicate
		})
		require.Len(t, duplicates, 1)
		assert.Contains(t, duplicates[0].Key, "SM7")

		owners, err := s.MessageOwners(t.Context(), chat.ProviderTwilio, []string{"SM7", "SM8"})
		require.NoError(t, err)
		assert.Equal(t, map[string]chat.DeliveryID{"SM7": d.ID, "SM8": d.ID}, owners)
	})
}

func TestEndDelivery(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		why := chat.Errorf(chat.CodeDeliveryFailed, "nobody decided in time")
		end := func() chat.SubmissionState {
			after, err := s.CancelDelivery(t.Context(), w.Workspace, d.ID, why)
			require.NoError(t, err)

			return after.Submission
		}

		assert.Equal(t, chat.SubmissionSending, end(), "the provider may have it")
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeNotProcessed}, clock.now)

		for range 2 {
			assert.Equal(t, chat.SubmissionCanceled, end())
		}

		after, action, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{"nobody decided in time", chat.ActionFailed, chat.MessageNotSent},
			[]any{after.ErrorMessage, action.State, message.State},
		)

		assert.Equal(t, string(d.ID), action.Problem.DeliveryID)
	})
}

func TestStaleDeliveries(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now()
		touched := func(id chat.DeliveryID, ago time.Duration) {
			_, err := s.Bun().
				NewRaw("UPDATE deliveries SET updated_at = ? WHERE id = ?", now.Add(-ago).UTC(), id).
				Exec(t.Context())

			require.NoError(t, err)
		}

		pending := sendTo(t, s, w, "+1")
		touched(pending.DeliveryID, time.Hour)

		unknown := sendTo(t, s, w, "+2")
		d := w.Claim(t, s, unknown.DeliveryID, now)
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeUnknown}, now)
		touched(d.ID, 2*time.Hour)

		over := sendTo(t, s, w, "+3")
		w.Claim(t, s, over.DeliveryID, now.Add(-time.Hour))
		lasting := sendTo(t, s, w, "+4")
		w.Claim(t, s, lasting.DeliveryID, now)
		touched(lasting.DeliveryID, time.Hour)

		accepted := sendTo(t, s, w, "+5")
		d = w.Claim(t, s, accepted.DeliveryID, now)
		acceptDelivery(t, s, w, &d, "SM1", now)
		touched(d.ID, 3*time.Hour)

		recent := sendTo(t, s, w, "+6")
		d = w.Claim(t, s, recent.DeliveryID, now)
		acceptDelivery(t, s, w, &d, "SM2", now)
		touched(d.ID, 2*time.Hour)

		given := sendTo(t, s, w, "+7")
		_, err := s.MarkExhausted(t.Context(), w.Workspace, given.DeliveryID, now)
		require.NoError(t, err)
		touched(given.DeliveryID, time.Hour)

		waits := sendTo(t, s, w, "+8")
		d = w.Claim(t, s, waits.DeliveryID, now)
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeNotProcessed, RetryAfter: time.Hour}, now)
		touched(d.ID, time.Hour)
		sendTo(t, s, w, "+9")

		var stale []chat.StaleDelivery

		for more := true; more; {
			var page []chat.StaleDelivery

			// By now some of them are older than the test, on a busy machine.
			page, more, err = s.StaleDeliveries(t.Context(), time.Now().Add(time.Second), 30*time.Minute, 2)
			require.NoError(t, err)

			stale = append(stale, page...)
		}

		steps := map[chat.DeliveryID]chat.SweepStep{}

		for _, one := range stale {
			assert.Equal(t, w.Workspace, one.WorkspaceID)
			steps[one.DeliveryID] = one.Step
		}

		assert.Equal(
			t,
			map[chat.DeliveryID]chat.SweepStep{
				accepted.DeliveryID: chat.SweepNudge,
				unknown.DeliveryID:  chat.SweepNudge,
				pending.DeliveryID:  chat.SweepCheck,
				over.DeliveryID:     chat.SweepNudge,
			},
			steps,
		)

		again, more, err := s.StaleDeliveries(t.Context(), now.Add(time.Minute), 30*time.Minute, 10)
		require.NoError(t, err)
		assert.Empty(t, again, "each has had its turn")
		assert.False(t, more)

		again, _, err = s.StaleDeliveries(t.Context(), now.Add(25*time.Hour), 30*time.Minute, 10)
		require.NoError(t, err)
		assert.NotEmpty(t, again, "and has it again")
	})
}

func TestOrphanDelivery(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		orphan := func(id chat.DeliveryID) chat.Delivery {
			d, err := s.OrphanDelivery(t.Context(), w.Workspace, id, clock.now)
			require.NoError(t, err)

			return d
		}

		sent, d := sendNow(t, s, w, w.SMS.ID, clock.now)
		assert.Equal(t, chat.SubmissionSending, orphan(d.ID).Submission, "its claim lasts")
		clock.forward(2 * time.Minute)

		for _, after := range []chat.SubmissionState{chat.SubmissionUnknown, chat.SubmissionNeedsReview, chat.SubmissionNeedsReview} {
			assert.Equal(t, after, orphan(d.ID).Submission)
		}

		_, action, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.ActionParked, action.State)

		pending := w.Prepare(t, s, w.SMS.ID, "hi")
		for range 2 {
			after := orphan(pending.DeliveryID)
			assert.Equal(
				t,
				[]any{chat.SubmissionPending, chat.ErrorWorkflowGone},
				[]any{after.Submission, after.ErrorCode},
			)
		}

		_, action, _, _ = readStanding(t, s, w, &pending)
		assert.Equal(t, chat.ActionParked, action.State)

		tools := w.Prepare(t, s, w.Email.ID, "hi", chat.ToolCall{ID: "1", Name: chat.ToolSetTitle})
		after := orphan(tools.DeliveryID)
		assert.Equal(
			t,
			[]any{chat.SubmissionCanceled, chat.ErrorWorkflowGone},
			[]any{after.Submission, after.ErrorCode},
		)

		_, action, message, _ := readStanding(t, s, w, &tools)
		assert.Equal(t, []any{chat.ActionFailed, chat.MessageNotSent}, []any{action.State, message.State})

		_, d = sendNow(t, s, w, w.SMS.ID, clock.forward(evidenceHold))
		acceptDelivery(t, s, w, &d, "SM1", clock.now)

		for range 2 {
			after = orphan(d.ID)
			assert.Equal(t, "unconfirmed", after.Status())
		}
	})
}

// TestACanceledSendWaitsForNoApproval: its approval stayed in the list, and every decision about it was refused.
func TestACanceledSendWaitsForNoApproval(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		asker := newManager(t, s, w.Workspace, "Ivo")

		sent := prepareRefund(t, s, w, asker)

		_, _, err := s.Decide(t.Context(), w.Workspace, sent.DeliveryID, chat.Decision{
			Verdict: chat.VerdictCancel,
			Reason:  "she has called",
			By:      asker,
		})
		require.NoError(t, err)

		approval, err := s.Approval(t.Context(), w.Workspace, chat.ApprovalID(sent.ActionID))
		require.NoError(t, err)
		assert.Equal(t, chat.ApprovalVoid, approval.State)
	})
}
