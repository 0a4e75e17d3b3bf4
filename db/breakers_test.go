package db_test

import (
	"cmp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// sendTo claims nothing: it prepares a message to an address of its own.
func sendTo(t *testing.T, s *db.Store, w *dbtest.World, to string) chat.AssistantMessageSent {
	t.Helper()

	return sendFrom(t, s, w, "", to)
}

// sendFrom sends from a sender to an address; "" is the chat's own sender.
func sendFrom(t *testing.T, s *db.Store, w *dbtest.World, sender, to string) chat.AssistantMessageSent {
	t.Helper()

	sent, err := s.PrepareSend(
		t.Context(),
		w.Send(w.SMS.ID, "hi"),
		dbtest.SendIDs(),
		func(f *chat.SendFacts) (chat.SendPlan, error) {
			plan, err := dbtest.PlanText("hi")(f)
			plan.Sender = cmp.Or(sender, plan.Sender)
			plan.To = to
			plan.ToGiven = true

			return plan, err
		},
	)
	require.NoError(t, err)

	return sent
}

func refuseAccount(t *testing.T, s *db.Store, w *dbtest.World, d *chat.Delivery, now time.Time) {
	t.Helper()

	recordSubmission(
		t,
		s,
		w,
		d,
		chat.Submission{
			Outcome:      chat.OutcomeBlocked,
			ErrorCode:    "twilio_20003",
			ErrorMessage: "the account is suspended",
		},
		now,
	)
}

func TestBreaker(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first := sendTo(t, s, w, "+1")
		second := sendTo(t, s, w, "+2")
		third := sendTo(t, s, w, "+3")
		d := w.Claim(t, s, first.DeliveryID, clock.now)
		refuseAccount(t, s, w, &d, clock.now)

		probe := clock.now.Add(5 * time.Minute)
		for range 2 {
			claim, err := s.Claim(t.Context(), w.Workspace, second.DeliveryID, clock.forward(time.Second), time.Minute)
			require.NoError(t, err)
			assert.False(t, claim.Granted)
			assert.Equal(t, probe, *claim.WaitUntil)
		}

		after, action, message, _ := readStanding(t, s, w, &second)
		assert.Equal(
			t,
			[]any{chat.SubmissionBlocked, chat.ErrorSenderBlocked, "twilio_20003, the account is suspended", int64(0)},
			[]any{after.Submission, after.ErrorCode, after.ErrorMessage, after.Fence},
		)

		assert.Empty(t, after.Attempts, "it was not posted")

		found, err := s.Deliveries(t.Context(), w.Workspace, chat.DeliveryFilter{
			ErrorCode: "twilio_20003",
			Page:      pageOfTen(),
		})
		require.NoError(t, err)
		assert.Len(t, found.Items, 2, "the code finds what was refused, and what waits for the same account")

		assert.Equal(t, []any{chat.ActionParked, chat.MessagePending}, []any{action.State, message.State})
		email := w.Prepare(t, s, w.Email.ID, "hi")
		w.Claim(t, s, email.DeliveryID, clock.now)

		clock.now = probe
		w.Claim(t, s, second.DeliveryID, clock.now)
		claim, err := s.Claim(t.Context(), w.Workspace, third.DeliveryID, clock.forward(time.Second), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted, "one probes")
		own, _, _, _ := readStanding(t, s, w, &first)
		assert.Equal(t, "twilio_20003", own.ErrorCode)

		probing, _, _, _ := readStanding(t, s, w, &second)
		acceptDelivery(t, s, w, &probing, "SM2", clock.now)

		for _, sent := range []chat.AssistantMessageSent{first, third} {
			freed, _, _, _ := readStanding(t, s, w, &sent)
			assert.Nil(t, freed.RetryAt)
			w.Claim(t, s, sent.DeliveryID, clock.now)
		}
	})
}

func TestOneProbeOfMany(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		opener := sendTo(t, s, w, "+1")
		d := w.Claim(t, s, opener.DeliveryID, clock.now)
		refuseAccount(t, s, w, &d, clock.now)

		var sends []chat.AssistantMessageSent
		for _, to := range []string{"+2", "+3", "+4", "+5", "+6", "+7", "+8", "+9"} {
			sends = append(sends, sendTo(t, s, w, to))
		}

		now := clock.forward(5 * time.Minute)
		claims, errs := make([]chat.Claim, len(sends)), make([]error, len(sends))

		var all sync.WaitGroup
		for i := range sends {
			all.Go(
				func() { claims[i], errs[i] = s.Claim(t.Context(), w.Workspace, sends[i].DeliveryID, now, time.Minute) },
			)
		}

		all.Wait()

		granted := 0

		for i := range claims {
			require.NoError(t, errs[i])

			if claims[i].Granted {
				granted++
				continue
			}

			assert.Equal(t, chat.SubmissionBlocked, claims[i].Delivery.Submission)
		}

		assert.Equal(t, 1, granted)
	})
}

func TestARefusalOfOneCountryStopsNobodyElse(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		abroad, home := sendTo(t, s, w, "+1"), sendTo(t, s, w, "+2")
		d := w.Claim(t, s, abroad.DeliveryID, clock.now)
		recordSubmission(t, s, w, &d, chat.Submission{
			Outcome:         chat.OutcomeBlocked,
			RecipientScoped: true,
			ErrorCode:       "twilio_21408",
			ErrorMessage:    "no permission for the country",
		}, clock.now)

		blocked, action, _, _ := readStanding(t, s, w, &abroad)
		assert.Equal(t, chat.SubmissionBlocked, blocked.Submission)
		assert.Equal(t, chat.ActionParked, action.State)
		require.NotNil(t, blocked.RetryAt)
		assert.Equal(t, time.Hour, blocked.RetryAt.Sub(clock.now), "it is its own probe, and a slow one")
		w.Claim(t, s, home.DeliveryID, clock.now)
	})
}

func TestANarrowRefusalOfTheProbeClosesTheBreakerAndWaits(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, clock := dbtest.Seed(t, s), newClock()
		first, abroad := sendTo(t, s, w, "+1"), sendTo(t, s, w, "+2")
		d := w.Claim(t, s, first.DeliveryID, clock.now)
		refuseAccount(t, s, w, &d, clock.now)
		d = w.Claim(t, s, abroad.DeliveryID, clock.forward(5*time.Minute))
		recordSubmission(
			t,
			s,
			w,
			&d,
			chat.Submission{Outcome: chat.OutcomeBlocked, RecipientScoped: true, RetryAfter: time.Minute},
			clock.now,
		)

		blocked, _, _, _ := readStanding(t, s, w, &abroad)
		require.NotNil(t, blocked.RetryAt)
		assert.Equal(t, time.Hour, blocked.RetryAt.Sub(clock.now))
		w.Claim(t, s, first.DeliveryID, clock.now)
	})
}
