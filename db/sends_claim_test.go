package db_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// prepareAndClaim prepares a send in the chat by SMS and claims it, both at a moment.
func prepareAndClaim(
	t *testing.T,
	s *db.Store,
	in chat.SendAssistantMessage,
	now time.Time,
) (chat.AssistantMessageSent, chat.Claim) {
	t.Helper()
	sent, claim, err := s.PrepareAndClaim(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"), now, time.Minute)
	require.NoError(t, err)

	return sent, claim
}

// prepareThenClaim is what a workflow does: what was not claimed at once is claimed then.
func prepareThenClaim(
	t *testing.T,
	s *db.Store,
	w *dbtest.World,
	now time.Time,
) (chat.AssistantMessageSent, chat.Claim) {
	t.Helper()

	sent, claim := prepareAndClaim(t, s, w.Send(w.SMS.ID, "hi"), now)
	if claim.Granted {
		return sent, claim
	}

	assert.Equal(t, chat.Claim{}, claim)
	claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, now, time.Minute)
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

		assert.Equal(
			t,
			[]any{sent.DeliveryID, chat.SubmissionSending, int64(1)},
			[]any{claim.Delivery.ID, claim.Delivery.Submission, claim.Delivery.Fence},
		)

		d, err := s.Delivery(t.Context(), w.Workspace, sent.DeliveryID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.SubmissionSending, clock.now.Add(time.Minute)}, []any{d.Submission, *d.LeaseUntil})
		require.Len(t, d.Attempts, 1)
		assert.Equal(t, []any{int64(1), clock.now}, []any{d.Attempts[0].Fence, d.Attempts[0].StartedAt})

		again, second := prepareAndClaim(t, s, in, clock.forward(time.Second))
		assert.Equal(t, sent.MessageID, again.MessageID)
		assert.Equal(t, chat.SubmissionSending, again.Submission)
		assert.Equal(t, chat.Claim{}, second, "whoever claimed it may have posted it")
		acceptDelivery(t, s, w, &claim.Delivery, "SM1", clock.now)
		after, action, message, _ := readStanding(t, s, w, &sent)
		assert.Equal(
			t,
			[]any{chat.SubmissionAccepted, chat.ActionSucceeded, chat.MessageSent},
			[]any{after.Submission, action.State, message.State},
		)
	})
}

func TestPrepareAndClaimHoldsToWhatClaimsHoldTo(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first, claim := prepareThenClaim(t, s, w, clock.now)
		second, none := prepareThenClaim(t, s, w, clock.now)
		assert.True(t, none.Busy)
		assert.False(t, none.Granted, "another one is on its way to the address")
		after, _, _, _ := readStanding(t, s, w, &second)
		assert.Equal(t, []any{chat.SubmissionPending, chat.ErrorAddressBusy}, []any{after.Submission, after.ErrorCode})

		refuseAccount(t, s, w, &claim.Delivery, clock.now)
		waiting, err := s.Claim(t.Context(), w.Workspace, second.DeliveryID, clock.now, time.Minute)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionBlocked, waiting.Delivery.Submission)
		third, none := prepareThenClaim(t, s, w, clock.forward(time.Second))
		assert.False(t, none.Granted, "the account refuses everything")
		after, action, _, _ := readStanding(t, s, w, &third)
		assert.Equal(t, []any{chat.SubmissionBlocked, chat.ActionParked}, []any{after.Submission, action.State})
		after, _, _, _ = readStanding(t, s, w, &first)
		assert.Equal(t, chat.SubmissionBlocked, after.Submission)
		_, probe := prepareThenClaim(t, s, w, clock.forward(10*time.Minute))
		assert.True(t, probe.Granted, "it is time for a probe")
		_, none = prepareThenClaim(t, s, w, clock.forward(time.Second))
		assert.False(t, none.Granted, "one probes")
	})
}

func TestPrepareAndClaimAtOnce(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		var all sync.WaitGroup
		sent := make([]chat.AssistantMessageSent, 8)
		claims := make([]chat.Claim, 8)
		errs := make([]error, 8)

		for i := range sent {
			all.Go(func() {
				sent[i], claims[i], errs[i] = s.PrepareAndClaim(
					t.Context(),
					w.Send(w.SMS.ID, "hi"),
					dbtest.SendIDs(),
					dbtest.PlanText("hi"),
					time.Now(),
					time.Minute,
				)
			})
		}

		all.Wait()

		granted := 0

		for i := range sent {
			require.NoError(t, errs[i])

			if claims[i].Granted {
				granted++
			}

			after, _, _, _ := readStanding(t, s, w, &sent[i])
			assert.Equal(t, claims[i].Granted, after.Submission == chat.SubmissionSending)
		}

		assert.Equal(t, 1, granted, "one at a time to an address")
	})
}

// TestAPreviewWaitsForNoSend holds the chat as a send does.
func TestAPreviewWaitsForNoSend(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	w := dbtest.Seed(t, s)

	send, err := s.Bun().BeginTx(t.Context(), nil)
	require.NoError(t, err)

	defer func() { require.NoError(t, send.Rollback()) }()

	_, err = send.NewRaw("SELECT 1 FROM chats WHERE workspace_id = ? AND id = ? FOR NO KEY UPDATE", w.Workspace, w.SMS.ID).
		Exec(t.Context())
	require.NoError(t, err)

	facts, err := s.LoadSendFacts(t.Context(), w.Send(w.SMS.ID, "hi"))
	require.NoError(t, err)
	assert.Equal(t, w.SMS.ID, facts.Chat.ID)
}

// TestWhoOptsOutWhileASendWaitsIsNotWrittenTo holds the chat as an inbound STOP does, which
// commits when the send has read already whether the address is suppressed.
func TestWhoOptsOutWhileASendWaitsIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)
	w := dbtest.Seed(t, s)
	stop, err := s.Bun().BeginTx(t.Context(), nil)
	require.NoError(t, err)

	_, err = stop.NewRaw("SELECT 1 FROM chats WHERE workspace_id = ? AND id = ? FOR NO KEY UPDATE", w.Workspace, w.SMS.ID).
		Exec(t.Context())

	require.NoError(t, err)

	type result struct {
		sent  chat.AssistantMessageSent
		claim chat.Claim
		err   error
	}

	done := make(chan result, 1)

	go func() {
		var r result
		r.sent, r.claim, r.err = s.PrepareAndClaim(
			t.Context(),
			w.Send(w.SMS.ID, "hi"),
			dbtest.SendIDs(),
			dbtest.PlanText("hi"),
			time.Now(),
			time.Minute,
		)

		done <- r
	}()

	require.Eventually(t, func() bool {
		var waiting int
		err := s.Bun().
			NewRaw("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE NOT l.granted "+
				"AND ? = ANY (pg_blocking_pids(l.pid))", backendPID(t, &stop)).
			Scan(t.Context(), &waiting)

		return err == nil && waiting > 0
	}, time.Minute, 10*time.Millisecond)

	_, err = stop.NewRaw(
		`INSERT INTO suppressions (workspace_id, channel, sender, address, reason, created_at) VALUES (?, ?, ?, ?, `+
			`'stop', now())`,
		w.Workspace,
		chat.ChannelSMS,
		w.PhoneNumber.Number,
		w.Customer.Phone,
	).Exec(t.Context())
	require.NoError(t, err)
	require.NoError(t, stop.Commit())

	r := <-done
	require.NoError(t, r.err)
	assert.False(t, r.claim.Granted)
	claim, err := s.Claim(t.Context(), w.Workspace, r.sent.DeliveryID, time.Now(), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, []any{false, chat.SubmissionSuppressed}, []any{claim.Granted, claim.Delivery.Submission})
}

// backendPID is the PostgreSQL process of a transaction.
func backendPID(t *testing.T, tx *bun.Tx) int {
	t.Helper()
	var pid int
	require.NoError(t, tx.NewRaw("SELECT pg_backend_pid()").Scan(t.Context(), &pid))

	return pid
}

// TestARefusalIsFoundAgain is a worker that dies between the provider's refusal and telling
// its workflow.
func TestARefusalIsFoundAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		in := w.Send(w.SMS.ID, "hi")
		sent, claim := prepareAndClaim(t, s, in, clock.now)
		_, err := s.RecordSubmission(
			t.Context(),
			w.Workspace,
			claim.Delivery.ID,
			claim.Delivery.Fence,
			chat.Submission{
				Outcome:      chat.OutcomeRejected,
				ErrorCode:    "twilio_21211",
				ErrorMessage: "no such number",
			},
			clock.now,
		)
		require.NoError(t, err)
		again, none := prepareAndClaim(t, s, in, clock.forward(time.Second))
		assert.Equal(t, chat.Claim{}, none)

		assert.Equal(
			t,
			[]any{sent.DeliveryID, chat.SubmissionRejected, "twilio_21211"},
			[]any{again.DeliveryID, again.Submission, again.ErrorCode},
		)
	})
}
