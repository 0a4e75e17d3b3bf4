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

// prepareAndClaim prepares a send in the chat by SMS and claims it, both at a moment.
func prepareAndClaim(t *testing.T, s *db.Store, in chat.SendAssistantMessage, now time.Time) (chat.AssistantMessageSent, chat.Claim) {
	t.Helper()
	sent, claim, err := s.PrepareAndClaim(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"), now, time.Minute)
	require.NoError(t, err)
	return sent, claim
}

func TestPrepareAndClaimIsOneTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		in := w.Send(w.SMS.ID, "hi")
		before := s.Transactions()
		sent, claim := prepareAndClaim(t, s, in, clock.now)
		assert.Equal(t, int64(1), s.Transactions()-before)
		assert.True(t, claim.Granted)
		assert.Equal(t, []any{sent.DeliveryID, chat.SubmissionSending, int64(1)}, []any{claim.Delivery.ID, claim.Delivery.Submission, claim.Delivery.Fence})
		d, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.SubmissionSending, clock.now.Add(time.Minute)}, []any{d.Submission, *d.LeaseUntil})
		require.Len(t, d.Attempts, 1)
		assert.Equal(t, []any{int64(1), clock.now}, []any{d.Attempts[0].Fence, d.Attempts[0].StartedAt})

		again, second := prepareAndClaim(t, s, in, clock.forward(time.Second))
		assert.Equal(t, sent.MessageID, again.MessageID)
		assert.Equal(t, chat.SubmissionSending, again.Submission)
		assert.Equal(t, chat.Claim{}, second, "whoever claimed it may have posted it")
		accept(t, s, w, &claim.Delivery, "SM1", clock.now)
		after, action, message, _ := standing(t, s, w, &sent)
		assert.Equal(t, []any{chat.SubmissionAccepted, chat.ActionSucceeded, chat.MessageSent}, []any{after.Submission, action.State, message.State})
	})
}

func TestPrepareAndClaimHoldsToWhatClaimsHoldTo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first, claim := prepareAndClaim(t, s, w.Send(w.SMS.ID, "hi"), clock.now)
		second, none := prepareAndClaim(t, s, w.Send(w.SMS.ID, "hi"), clock.now)
		assert.True(t, none.Busy)
		assert.False(t, none.Granted, "another one is on its way to the address")
		after, _, _, _ := standing(t, s, w, &second)
		assert.Equal(t, []any{chat.SubmissionPending, chat.ErrorAddressBusy}, []any{after.Submission, after.ErrorCode})

		refuseAccount(t, s, w, &claim.Delivery, clock.now)
		third, none := prepareAndClaim(t, s, w.Send(w.SMS.ID, "hi"), clock.forward(time.Second))
		assert.False(t, none.Granted, "the account refuses everything")
		after, action, _, _ := standing(t, s, w, &third)
		assert.Equal(t, []any{chat.SubmissionBlocked, chat.ActionParked}, []any{after.Submission, action.State})
		after, _, _, _ = standing(t, s, w, &first)
		assert.Equal(t, chat.SubmissionBlocked, after.Submission)
		_, probe := prepareAndClaim(t, s, w.Send(w.SMS.ID, "hi"), clock.forward(10*time.Minute))
		assert.True(t, probe.Granted, "it is time for a probe")
		_, none = prepareAndClaim(t, s, w.Send(w.SMS.ID, "hi"), clock.forward(time.Second))
		assert.False(t, none.Granted, "one probes")
	})
}

func TestPrepareAndClaimAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		var all sync.WaitGroup
		sent, claims, errs := make([]chat.AssistantMessageSent, 8), make([]chat.Claim, 8), make([]error, 8)
		for i := range sent {
			all.Go(func() {
				sent[i], claims[i], errs[i] = s.PrepareAndClaim(t.Context(), w.Send(w.SMS.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi"), time.Now(), time.Minute)
			})
		}
		all.Wait()
		granted := 0
		for i := range sent {
			require.NoError(t, errs[i])
			if claims[i].Granted {
				granted++
			}
			after, _, _, _ := standing(t, s, w, &sent[i])
			assert.Equal(t, claims[i].Granted, after.Submission == chat.SubmissionSending)
		}
		assert.Equal(t, 1, granted, "one at a time to an address")
	})
}
