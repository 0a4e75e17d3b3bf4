package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// machine does random things to one delivery and checks every move it makes.
type machine struct {
	s     *db.Store
	w     *dbtest.World
	id    chat.DeliveryID
	now   time.Time
	state chat.SubmissionState
	fence int64
}

func (m *machine) look(t *rapid.T) {
	d, err := m.s.Delivery(t.Context(), m.w.Workspace, m.id)
	require.NoError(t, err)
	if d.Submission != m.state {
		require.True(t, m.state.May(d.Submission), "%s must not become %s", m.state, d.Submission)
	}
	require.GreaterOrEqual(t, d.Fence, m.fence)
	require.Len(t, d.Attempts, int(d.Fence), "one attempt for each claim, never erased")
	require.Equal(t, d.Submission == chat.SubmissionSending, d.LeaseUntil != nil)
	for _, a := range d.Attempts {
		open := a.Fence == d.Fence && (d.Submission == chat.SubmissionSending || d.Submission == chat.SubmissionAccepted)
		require.True(t, open || a.Outcome != "", "an attempt that is over has an outcome")
	}
	m.state, m.fence = d.Submission, d.Fence
}

func (m *machine) claim(t *rapid.T) {
	was := m.state
	claim, err := m.s.Claim(t.Context(), m.w.Workspace, m.id, m.now, time.Minute)
	require.NoError(t, err)
	if claim.Granted {
		require.Contains(t, []chat.SubmissionState{chat.SubmissionPending, chat.SubmissionBlocked}, was,
			"only what the carrier certainly does not have")
		require.Equal(t, m.fence+1, claim.Delivery.Fence)
	}
	m.look(t)
}

func (m *machine) record(t *rapid.T) {
	outcome := rapid.SampledFrom([]chat.SubmissionOutcome{
		chat.OutcomeNotProcessed, chat.OutcomeNotProcessed, chat.OutcomeBlocked, chat.OutcomeUnknown, chat.OutcomeAborted,
		chat.OutcomeRejected, chat.OutcomeAccepted,
	}).Draw(t, "outcome")
	fence := m.fence - rapid.Int64Range(0, 2).Draw(t, "fences ago")
	was, wasFence := m.state, m.fence
	said := chat.Submission{Outcome: outcome, RetryAfter: time.Second}
	d, err := m.s.RecordSubmission(t.Context(), m.w.Workspace, m.id, fence, said, m.now)
	require.NoError(t, err)
	m.look(t)
	require.Equal(t, m.state, d.Submission)
	switch {
	case outcome == chat.OutcomeAccepted:
		require.Equal(t, chat.SubmissionAccepted, m.state, "acceptance wins over everything")
	case was == chat.SubmissionSending && fence == wasFence:
		require.Equal(t, outcome.After(), m.state)
	default:
		require.Equal(t, was, m.state, "a result counts only from the claim that lasts")
	}
}

func (m *machine) settle(t *rapid.T) {
	was := m.state
	_, err := m.s.SettleUnknown(t.Context(), m.w.Workspace, m.id, m.now)
	require.NoError(t, err)
	m.look(t)
	switch was {
	case chat.SubmissionUnknown:
	case chat.SubmissionSending:
		require.Contains(t, []chat.SubmissionState{was, chat.SubmissionUnknown}, m.state, "unknown once its claim ran out")
	default:
		require.Equal(t, was, m.state)
	}
}

func (m *machine) giveUp(t *rapid.T) {
	was := m.state
	_, err := m.s.GiveUp(t.Context(), m.w.Workspace, m.id, m.now)
	require.NoError(t, err)
	m.look(t)
	require.Equal(t, was, m.state)
}

func (m *machine) cancel(t *rapid.T) {
	d, err := m.s.Delivery(t.Context(), m.w.Workspace, m.id)
	require.NoError(t, err)
	_, err = m.s.FailSend(t.Context(), m.w.Workspace, d.ActionID, -1, chat.Errorf(chat.CodeDeliveryFailed, "canceled"))
	require.NoError(t, err)
	m.look(t)
}

func TestOnlyLegalMoves(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		rapid.Check(t, func(t *rapid.T) {
			policy := rapid.SampledFrom([]chat.UnknownPolicy{chat.AtMostOnce, chat.ExpireUnknown, chat.ResendAfterSettle}).Draw(t, "policy")
			ids := dbtest.SendIDs()
			_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), ids, func(f *chat.SendFacts) (chat.SendPlan, error) {
				plan, err := dbtest.PlanText("hi")(f)
				// An address of its own: what others left in flight is not the point.
				plan.Policy, plan.To = policy, string(ids.DeliveryID)
				return plan, err
			})
			require.NoError(t, err)
			m := &machine{s: s, w: w, id: ids.DeliveryID, now: newClock().now, state: chat.SubmissionPending}
			t.Repeat(map[string]func(*rapid.T){
				"claim": m.claim, "record": m.record, "settle": m.settle, "cancel": m.cancel, "give up": m.giveUp,
				"wait": func(t *rapid.T) {
					m.now = m.now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second)
				},
			})
		})
	})
}
