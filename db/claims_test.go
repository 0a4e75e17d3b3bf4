package db_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestClaimOneOfTwenty(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		now := time.Now()
		var all sync.WaitGroup

		claims, errs := make([]chat.Claim, 20), make([]error, 20)
		for i := range claims {
			all.Go(func() { claims[i], errs[i] = s.Claim(t.Context(), w.Workspace, sent.DeliveryID, now, time.Minute) })
		}

		all.Wait()

		granted := 0

		for i, c := range claims {
			require.NoError(t, errs[i])

			if c.Granted {
				granted++
				continue
			}

			require.NotNil(t, c.WaitUntil)
			assert.Equal(t, chat.SubmissionSending, c.Delivery.Submission)
		}

		assert.Equal(t, 1, granted)
		d, _, _, _ := readStanding(t, s, w, &sent)
		assert.Len(t, d.Attempts, 1)
	})
}

func TestOneInFlightPerAddress(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now()

		sends := make([]chat.AssistantMessageSent, 10)
		for i := range sends {
			sends[i] = w.Prepare(t, s, w.SMS.ID, "hi")
		}

		var all sync.WaitGroup

		claims, errs := make([]chat.Claim, len(sends)), make([]error, len(sends))
		for i := range sends {
			all.Go(func() {
				claims[i], errs[i] = s.Claim(t.Context(), w.Workspace, sends[i].DeliveryID, now, time.Minute)
			})
		}

		all.Wait()
		var granted *chat.Delivery

		for i := range claims {
			require.NoError(t, errs[i])

			if claims[i].Granted {
				require.Nil(t, granted, "two to one address")
				granted = &claims[i].Delivery

				continue
			}

			assert.Equal(t, chat.SubmissionPending, claims[i].Delivery.Submission)
			assert.Contains(t, []string{chat.ErrorAddressBusy, chat.ErrorOlderFirst}, claims[i].Delivery.ErrorCode)
		}

		require.NotNil(t, granted)

		_, err := s.RecordSubmission(
			t.Context(),
			w.Workspace,
			granted.ID,
			granted.Fence,
			chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1"},
			now,
		)
		require.NoError(t, err)

		for i := range sends {
			if sends[i].DeliveryID != granted.ID {
				assert.Empty(t, w.Claim(t, s, sends[i].DeliveryID, now).ErrorCode, "the next one may go")
				break
			}
		}
	})
}

func TestWebChatHasNoAddress(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		c, err := s.CreateChat(t.Context(), w.Workspace, w.By, chat.NewChat{
			Channel: chat.ChannelWeb, MemberID: w.Customer.ID, AssistantMemberID: &w.Assistant.ID,
		})
		require.NoError(t, err)
		first, second := w.Prepare(t, s, c.ID, "one"), w.Prepare(t, s, c.ID, "two")
		w.Claim(t, s, first.DeliveryID, time.Now())
		w.Claim(t, s, second.DeliveryID, time.Now())
	})
}

func TestLeaseThatRanOut(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		zombie := w.Claim(t, s, sent.DeliveryID, clock.now)
		claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, clock.forward(59*time.Second), time.Minute)
		require.NoError(t, err)
		assert.Equal(t, zombie.LeaseUntil, claim.WaitUntil)
		claim, err = s.Claim(t.Context(), w.Workspace, sent.DeliveryID, clock.forward(2*time.Second), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted, "never posted again from here")
		d, action, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, chat.SubmissionUnknown, d.Submission)
		assert.Equal(t, clock.now, *d.UnknownSince)
		assert.Equal(t, chat.ErrorLeaseExpired, d.ErrorCode)
		assert.Equal(t, chat.OutcomeUnknown, d.Attempts[0].Outcome)
		assert.Equal(t, chat.ActionParked, action.State)
		assert.Equal(t, chat.MessagePending, message.State)

		for _, outcome := range []chat.SubmissionOutcome{
			chat.OutcomeNotProcessed, chat.OutcomeRejected, chat.OutcomeBlocked,
			chat.OutcomeSuppressed, chat.OutcomeUnknown, chat.OutcomeAborted,
		} {
			_, err := s.RecordSubmission(
				t.Context(),
				w.Workspace,
				d.ID,
				zombie.Fence,
				chat.Submission{Outcome: outcome, ErrorCode: "late"},
				clock.now,
			)
			require.NoError(t, err)
			after, actionAfter, _, _ := readStanding(t, s, w, &sent)
			assert.Equal(t, d, after, outcome)
			assert.Equal(t, action, actionAfter)
		}

		_, err = s.RecordSubmission(
			t.Context(),
			w.Workspace,
			d.ID,
			zombie.Fence,
			chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM9"},
			clock.now,
		)
		require.NoError(t, err)
		d, action, message, _ = readStanding(t, s, w, &sent)
		assert.Equal(t, chat.SubmissionAccepted, d.Submission, "acceptance wins")
		assert.Equal(t, chat.OutcomeAccepted, d.Attempts[0].Outcome)
		assert.Equal(t, chat.ActionSucceeded, action.State)
		assert.Equal(t, chat.MessageSent, message.State)
	})
}

func TestOldFence(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		w.Claim(t, s, sent.DeliveryID, clock.now)

		_, err := s.RecordSubmission(
			t.Context(),
			w.Workspace,
			sent.DeliveryID,
			1,
			chat.Submission{Outcome: chat.OutcomeNotProcessed},
			clock.now,
		)
		require.NoError(t, err)
		w.Claim(t, s, sent.DeliveryID, clock.now)
		before, _, _, _ := readStanding(t, s, w, &sent)
		_, err = s.RecordSubmission(
			t.Context(),
			w.Workspace,
			sent.DeliveryID,
			1,
			chat.Submission{Outcome: chat.OutcomeRejected},
			clock.now,
		)
		require.NoError(t, err)
		after, _, _, _ := readStanding(t, s, w, &sent)
		assert.Equal(t, before, after)
	})
}

func TestClaimEndsWhatMayNotBeSent(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first, second := w.Prepare(t, s, w.SMS.ID, "hi"), w.Prepare(t, s, w.SMS.ID, "hi again")

		claimed := w.Claim(t, s, first.DeliveryID, clock.now)
		for range 2 {
			_, err := s.RecordSubmission(
				t.Context(),
				w.Workspace,
				first.DeliveryID,
				claimed.Fence,
				chat.Submission{Outcome: chat.OutcomeSuppressed},
				clock.now,
			)
			require.NoError(t, err)
		}

		claim, err := s.Claim(t.Context(), w.Workspace, second.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)
		d, action, message, _ := readStanding(t, s, w, &second)
		assert.Equal(
			t,
			[]any{chat.SubmissionSuppressed, chat.ErrorOptedOut, chat.ActionFailed, chat.MessageNotSent},
			[]any{d.Submission, d.ErrorCode, action.State, message.State},
		)

		assert.Zero(t, d.Fence)

		_, err = s.Claim(t.Context(), w.Workspace, "nothing", clock.now, time.Minute)
		requireCode(t, chat.CodeDeliveryNotFound, err)

		_, err = s.RecordSubmission(
			t.Context(),
			w.Workspace,
			"nothing",
			1,
			chat.Submission{Outcome: chat.OutcomeAccepted},
			clock.now,
		)

		requireCode(t, chat.CodeDeliveryNotFound, err)

		_, err = s.RecordSubmission(
			t.Context(),
			w.Workspace,
			"nothing",
			1,
			chat.Submission{Outcome: chat.OutcomeUnknown},
			clock.now,
		)

		requireCode(t, chat.CodeDeliveryNotFound, err)
	})
}
