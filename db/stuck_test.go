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

// TestALostDeliveryDoesNotHoldUpItsAddressForEver is about one whose workflow is gone:
// terminated, or closed while it was canceled.
func TestALostDeliveryDoesNotHoldUpItsAddressForEver(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		lost, next := w.Prepare(t, s, w.SMS.ID, "one"), w.Prepare(t, s, w.SMS.ID, "two")
		w.Claim(t, s, lost.DeliveryID, clock.now)

		for _, tt := range []struct {
			wait  time.Duration
			after chat.SubmissionState
		}{
			{5 * time.Minute, chat.SubmissionSending},
			{7 * time.Minute, chat.SubmissionUnknown},
			{5 * time.Minute, chat.SubmissionUnknown},
			{6 * time.Minute, chat.SubmissionNeedsReview},
		} {
			claim, err := s.Claim(t.Context(), w.Workspace, next.DeliveryID, clock.forward(tt.wait), time.Minute)
			require.NoError(t, err)
			assert.True(t, claim.Busy)
			assert.Equal(t, chat.ErrorAddressBusy, claim.Delivery.ErrorCode)
			assert.Equal(t, "delivery "+string(lost.DeliveryID), claim.Delivery.ErrorMessage)
			d, _, _, _ := readStanding(t, s, w, &lost)
			assert.Equal(t, tt.after, d.Submission)
		}

		w.Claim(t, s, next.DeliveryID, clock.now)
		d, action, message, _ := readStanding(t, s, w, &lost)
		assert.Equal(t, chat.ActionParked, action.State)
		assert.Equal(t, chat.MessagePending, message.State)
		assert.Contains(t, d.Explain(), "May have been sent")
		assert.Len(t, d.Attempts, 1, "it was not posted again")
	})
}

func TestWaitingForTheCarrierIsNotWaitingForTheAddress(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first, second := w.Prepare(t, s, w.SMS.ID, "one"), w.Prepare(t, s, w.SMS.ID, "two")
		d := w.Claim(t, s, first.DeliveryID, clock.now)

		said := chat.Submission{
			Outcome:    chat.OutcomeNotProcessed,
			ErrorCode:  "twilio_20429",
			RetryAfter: 10 * time.Minute,
		}

		_, err := s.RecordSubmission(t.Context(), w.Workspace, d.ID, d.Fence, said, clock.now)
		require.NoError(t, err)

		// The address is free: another chat with it may use it. The older one of its own chat goes first.
		claim, err := s.Claim(t.Context(), w.Workspace, second.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, chat.ErrorOlderFirst, claim.Delivery.ErrorCode)
		assert.False(t, claim.Busy)
		w.Claim(t, s, prepareInAnotherChat(t, s, w).DeliveryID, clock.now)

		claim, err = s.Claim(t.Context(), w.Workspace, first.DeliveryID, clock.forward(time.Second), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)
		assert.Equal(t, "twilio_20429", claim.Delivery.ErrorCode)
		assert.Equal(t, claim.Delivery.RetryAt, claim.WaitUntil)
	})
}

func TestGiveUp(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		d := w.Claim(t, s, sent.DeliveryID, clock.now)
		held, err := s.MarkExhausted(t.Context(), w.Workspace, d.ID, clock.now)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionSending, held.Submission, "the provider may have it")

		said := chat.Submission{
			Outcome:      chat.OutcomeNotProcessed,
			ErrorCode:    "twilio_20429",
			ErrorMessage: "too many requests",
			RetryAfter:   time.Hour,
		}

		_, err = s.RecordSubmission(t.Context(), w.Workspace, d.ID, d.Fence, said, clock.now)
		require.NoError(t, err)

		for range 2 {
			_, err = s.MarkExhausted(t.Context(), w.Workspace, d.ID, clock.forward(time.Second))
			require.NoError(t, err)
			d, action, _, _ := readStanding(t, s, w, &sent)
			assert.Equal(
				t,
				[]any{chat.SubmissionPending, chat.ErrorTriesExhausted, chat.ActionParked},
				[]any{d.Submission, d.ErrorCode, action.State},
			)

			assert.Nil(t, d.RetryAt)

			assert.Equal(
				t,
				"Not sent: trying again has not helped (last twilio_20429, too many requests). A person must decide: retry or cancel it.",
				d.Explain(),
			)
		}

		_, err = s.FailSend(
			t.Context(),
			w.Workspace,
			sent.ActionID,
			-1,
			chat.Errorf(chat.CodeDeliveryFailed, "nobody decided in time"),
		)
		require.NoError(t, err)
		ended, action, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.SubmissionCanceled, chat.ActionFailed, chat.MessageNotSent},
			[]any{ended.Submission, action.State, message.State},
		)

		_, err = s.MarkExhausted(t.Context(), w.Workspace, "nothing", clock.now)
		requireCode(t, chat.CodeDeliveryNotFound, err)
	})
}

func TestSettlingAClaimThatRanOut(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		w.Claim(t, s, sent.DeliveryID, clock.now)

		for _, after := range []chat.SubmissionState{chat.SubmissionSending, chat.SubmissionUnknown, chat.SubmissionNeedsReview} {
			d, err := s.SettleUnknown(t.Context(), w.Workspace, sent.DeliveryID, clock.forward(50*time.Second))
			require.NoError(t, err)
			assert.Equal(t, after, d.Submission)
		}
	})
}

// TestARepetitionOfAFailedSendIsItsFailure is a workflow that is reset, or started twice:
// no tool may run that the failure has stopped.
func TestARepetitionOfAFailedSendIsItsFailure(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(
			w.SMS.ID,
			"hi",
			chat.ToolCall{ID: "1", Name: "add_label"},
			chat.ToolCall{ID: "2", Name: "set_title"},
		)

		_, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)

		failed := chat.Errorf(
			chat.CodeToolCallFailed,
			"tool call 1, add_label, failed: there is no label vip; nothing was delivered",
		)

		_, err = s.FailSend(t.Context(), w.Workspace, in.ActionID, 0, failed)
		require.NoError(t, err)
		_, err = s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		requireCode(t, chat.CodeToolCallFailed, err)
		assert.Equal(t, string(in.ActionID), chat.AsError(err).ActionID)
	})
}

// TestARepeatedSaveAnswersThoseWhoJoinedSince is a save that was committed and its record
// in the workflow lost.
func TestARepeatedSaveAnswersThoseWhoJoinedSince(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "Where is my parcel?")
		first, joined := w.Request(w.SMS.ID), w.Request(w.SMS.ID)
		require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary:1", first))

		start := summaryStart(w)
		plan, err := s.BeginSummary(t.Context(), start, 0)
		require.NoError(t, err)

		save := chat.SummaryToSave{
			SummaryStep: start.SummaryStep,
			Version:     plan.Version,
			Requests:    []chat.Request{first},
			Summary:     chat.Summary{Title: "T", Summary: "S", Model: "offline"},
		}

		require.NoError(t, s.SaveSummary(t.Context(), save))
		require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary:1", joined))
		save.Requests = append(save.Requests, joined)
		require.NoError(t, s.SaveSummary(t.Context(), save))
		a, err := s.Action(t.Context(), w.Workspace, joined.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionSucceeded, a.State)
	})
}
