package db_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// machine does random things to the deliveries of one message, as workers that crash,
// providers that answer late, operators and the sweeper do them, and checks every move.
type machine struct {
	s      *db.Store
	w      *dbtest.World
	sender string
	now    time.Time
	// seen are the deliveries as they were last looked at: the send's and its retries.
	seen []chat.Delivery
	// reports counts the reports of the provider.
	reports int
}

// pick is one of the deliveries.
func (m *machine) pick(t *rapid.T) *chat.Delivery {
	return &m.seen[rapid.IntRange(0, len(m.seen)-1).Draw(t, "delivery")]
}

// look checks the invariants after every action.
func (m *machine) look(t *rapid.T) {
	inFlight := 0

	for i := range m.seen {
		d, err := m.s.Delivery(t.Context(), m.w.Workspace, m.seen[i].ID)
		require.NoError(t, err)

		was := &m.seen[i]
		if d.Submission != was.Submission {
			require.True(t, was.Submission.May(d.Submission), "%s must not become %s", was.Submission, d.Submission)
		}

		require.GreaterOrEqual(t, d.Fence, was.Fence)
		require.GreaterOrEqual(t, d.DeliveryStatus.Rank(d.Provider), was.DeliveryStatus.Rank(d.Provider))
		require.Len(t, d.Attempts, int(d.Fence), "one attempt for each claim, never erased")
		require.GreaterOrEqual(t, len(d.Events), len(was.Events))
		require.Equal(t, d.Submission == chat.SubmissionSending, d.LeaseUntil != nil)

		for _, a := range d.Attempts {
			open := a.Fence == d.Fence &&
				(d.Submission == chat.SubmissionSending || d.Submission == chat.SubmissionAccepted)

			require.True(t, open || a.Outcome != "", "an attempt that is over has an outcome")
		}

		if d.Submission.InFlight() {
			inFlight++
		}

		m.seen[i] = d
	}

	require.LessOrEqual(t, inFlight, 1, "one in flight to one address")
}

func (m *machine) claim(t *rapid.T) {
	was := *m.pick(t)
	claim, err := m.s.Claim(t.Context(), m.w.Workspace, was.ID, m.now, time.Minute)
	require.NoError(t, err)

	if !claim.Granted {
		return
	}

	require.Contains(t, []chat.SubmissionState{chat.SubmissionPending, chat.SubmissionBlocked}, was.Submission,
		"only what the provider certainly does not have")

	require.Equal(t, was.Fence+1, claim.Delivery.Fence)

	for _, other := range m.seen {
		require.False(t, other.ID != was.ID && other.Submission.InFlight(), "another one is in flight")
	}
}

// record is the answer to a claim, which may be an old one: a zombie's.
func (m *machine) record(t *rapid.T) {
	m.answer(t, *m.pick(t), rapid.Int64Range(0, 2).Draw(t, "fences ago"))
}

// post answers the claim that lasts, or makes one.
func (m *machine) post(t *rapid.T) {
	for i := range m.seen {
		if m.seen[i].Submission == chat.SubmissionSending {
			m.answer(t, m.seen[i], 0)
			return
		}
	}

	m.claim(t)
}

func (m *machine) answer(t *rapid.T, was chat.Delivery, fencesAgo int64) {
	outcome := rapid.SampledFrom([]chat.SubmissionOutcome{
		chat.OutcomeNotProcessed, chat.OutcomeNotProcessed, chat.OutcomeBlocked,
		chat.OutcomeUnknown, chat.OutcomeUnknown, chat.OutcomeAborted,
		chat.OutcomeRejected, chat.OutcomeSuppressed, chat.OutcomeAccepted,
	}).Draw(t, "outcome")

	fence := was.Fence - fencesAgo

	said := chat.Submission{Outcome: outcome, RetryAfter: time.Second}
	if outcome == chat.OutcomeAccepted {
		said.ProviderMessageID = fmt.Sprintf("SM-%s-%d", was.ID, fence)
	}

	d, err := m.s.RecordSubmission(t.Context(), m.w.Workspace, was.ID, fence, said, m.now)
	require.NoError(t, err)

	switch {
	case outcome == chat.OutcomeAccepted:
		require.Equal(t, chat.SubmissionAccepted, d.Submission, "acceptance wins over everything")
	case was.Submission == chat.SubmissionSending && fence == was.Fence:
		rule := was
		rule.EndAttempt(outcome)
		require.Equal(t, rule.Submission, d.Submission)
	default:
		require.Equal(t, was.Submission, d.Submission, "a result counts only from the claim that lasts")
	}
}

// report is evidence: at any time, twice, out of order, of one message or of a second one.
func (m *machine) report(t *rapid.T) {
	was := *m.pick(t)
	if was.Fence == 0 {
		t.Skip("the provider has never seen it")
	}

	r := chat.Report{
		Provider:          was.Provider,
		DeliveryID:        was.ID,
		Fence:             rapid.Int64Range(0, was.Fence).Draw(t, "fence"),
		DeliveryStatus:    rapid.SampledFrom(chat.DeliveryStatuses()).Draw(t, "carrier"),
		Accepts:           true,
		ProviderMessageID: fmt.Sprintf("SM%s-%d", was.ID, rapid.IntRange(1, 2).Draw(t, "message")),
	}

	m.reports++
	r.Key = fmt.Sprintf("%s-%d", was.ID, m.reports-rapid.IntRange(0, min(1, m.reports-1)).Draw(t, "told before"))
	reported, err := m.s.RecordReport(t.Context(), r, m.now)
	require.NoError(t, err)
	require.True(t, reported.Known)

	if reported.Repeated {
		require.False(t, reported.Changed)
		return
	}

	require.Equal(t, chat.SubmissionAccepted, reported.Snapshot.Submission)
}

// requireMove holds what the store made of a delivery to what the rule makes of it.
func requireMove(t *rapid.T, rule, stored chat.Delivery) {
	require.Equal(t, rule.Submission, stored.Submission)
	require.Equal(t, rule.DeliveryStatus, stored.DeliveryStatus)
	require.Equal(t, rule.ErrorCode, stored.ErrorCode)
	require.Equal(t, rule.ErrorMessage, stored.ErrorMessage)
}

func (m *machine) settle(t *rapid.T) {
	rule := *m.pick(t)
	d, err := m.s.SettleUnknown(t.Context(), m.w.Workspace, rule.ID, m.now)
	require.NoError(t, err)

	unknown := int64(0)

	for _, a := range rule.Attempts {
		if a.Outcome == chat.OutcomeUnknown {
			unknown++
		}
	}

	rule.Settle(unknown, m.now)
	requireMove(t, rule, d)
}

func (m *machine) giveUp(t *rapid.T) {
	rule := *m.pick(t)
	d, err := m.s.MarkExhausted(t.Context(), m.w.Workspace, rule.ID, m.now)
	require.NoError(t, err)
	rule.Exhaust()
	requireMove(t, rule, d)
}

func (m *machine) unconfirmed(t *rapid.T) {
	rule := *m.pick(t)
	d, err := m.s.MarkUnconfirmed(t.Context(), unconfirmed(m.w.Workspace, rule.ID), m.now)
	require.NoError(t, err)
	rule.Unconfirm(false)
	requireMove(t, rule, d)
}

func (m *machine) end(t *rapid.T) {
	rule := *m.pick(t)
	why := chat.Errorf(chat.CodeDeliveryFailed, "nobody decided")
	d, err := m.s.CancelDelivery(t.Context(), m.w.Workspace, rule.ID, why)
	require.NoError(t, err)
	rule.Cancel(why.Message)
	requireMove(t, rule, d)
}

func (m *machine) decide(t *rapid.T) {
	was := *m.pick(t)

	verdict := rapid.SampledFrom([]chat.Verdict{chat.VerdictCancel, chat.VerdictSent, chat.VerdictNotSent}).
		Draw(t, "verdict")

	d, _, err := m.s.Decide(t.Context(), m.w.Workspace, was.ID, chat.Decision{
		Verdict: verdict,
		Reason:  "x",
		By:      m.w.By,
		At:      m.now,
	})

	rule := was

	_, refused := rule.Decide(&chat.Decision{Verdict: verdict})
	require.Equal(t, chat.CodeOf(refused), chat.CodeOf(err))

	if err == nil {
		requireMove(t, rule, d)
	}
}

func (m *machine) retry(t *rapid.T) {
	was := *m.pick(t)
	change := rapid.SampledFrom([]chat.Change{{}, {Body: "other"}}).Draw(t, "change")
	in := m.w.Retry(was.ID, change)

	retried, err := m.s.PrepareRetry(t.Context(), in, dbtest.SendIDs().DeliveryID, m.plan(was.To, was.Policy))
	if may := was.Retryable(); may != nil {
		require.Equal(t, chat.CodeConflict, chat.CodeOf(err))
		return
	}

	require.NoError(t, err)
	require.Equal(t, chat.SubmissionPending, retried.Submission)

	if retried.DeliveryID != was.ID {
		require.Empty(t, was.RetriedBy, "tried again once at most")
		fresh, err := m.s.Delivery(t.Context(), m.w.Workspace, retried.DeliveryID)
		require.NoError(t, err)
		require.Equal(t, was.ID, fresh.RetryOf)
		m.seen = append(m.seen, fresh)
	}
}

// plan sends to the given address, whether it is suppressed by now or not.
func (m *machine) plan(
	to string,
	policy chat.UnknownPolicy,
) func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error) {
	return func(*chat.SendFacts, *chat.Delivery) (chat.SendPlan, error) {
		return chat.SendPlan{
			Channel:  chat.ChannelSMS,
			Provider: chat.ProviderTwilio,
			Sender:   m.sender,
			From:     "+14155550100",
			To:       to,
			ToGiven:  true,
			Payload:  chat.Payload{Text: "hi"},
			Policy:   policy,
		}, nil
	}
}

// sweep does what the sweeper does with a delivery whose workflow is gone.
func (m *machine) sweep(t *rapid.T) {
	rule := *m.pick(t)
	d, err := m.s.OrphanDelivery(t.Context(), m.w.Workspace, rule.ID, m.now)
	require.NoError(t, err)
	rule.Orphan(false, m.now)
	requireMove(t, rule, d)
}

func (m *machine) lift(t *rapid.T) {
	list, err := m.s.Suppressions(t.Context(), m.w.Workspace, chat.SuppressionFilter{Page: pageOfTen()})
	require.NoError(t, err)

	for _, x := range list.Items {
		if x.Address == m.seen[0].To {
			require.NoError(t, m.s.LiftSuppression(t.Context(), m.w.Workspace, m.w.By, chat.SuppressionLift{ID: x.ID}, m.now))
		}
	}
}

func newMachine(t *rapid.T, s *db.Store, w *dbtest.World) *machine {
	policy := rapid.SampledFrom([]chat.UnknownPolicy{chat.AtMostOnce, chat.ExpireUnknown, chat.ResendAfterSettle}).
		Draw(t, "policy")

	ids := dbtest.SendIDs()
	// Sender and address of its own: what others left in flight, or blocked, is not the point.
	m := &machine{
		s:      s,
		w:      w,
		sender: "phone:" + string(ids.DeliveryID),
		now:    newClock().now,
	}

	_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "hi"), ids, func(f *chat.SendFacts) (chat.SendPlan, error) {
		return m.plan(string(ids.DeliveryID), policy)(f, nil)
	})
	require.NoError(t, err)
	d, err := s.Delivery(t.Context(), w.Workspace, ids.DeliveryID)
	require.NoError(t, err)

	m.seen = []chat.Delivery{d}

	return m
}

func TestOnlyLegalMoves(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		rapid.Check(t, func(t *rapid.T) {
			since := time.Now()
			m := newMachine(t, s, w)

			defer func() { requireFoundByWait(t, s, w.Workspace, since) }()

			t.Repeat(map[string]func(*rapid.T){
				"": m.look,
				// Twice: a worker that claims and never comes back is the most frequent crash.
				"claim":       m.claim,
				"claim again": m.claim,
				"record":      m.record,
				"post":        m.post,
				"report":      m.report,
				"settle":      m.settle,
				"give up":     m.giveUp,
				"unconfirmed": m.unconfirmed,
				"end":         m.end,
				"decide":      m.decide,
				"retry":       m.retry,
				"sweep":       m.sweep,
				"lift":        m.lift,
				"wait": func(t *rapid.T) {
					m.now = m.now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "seconds")) * time.Second)
				},
			})
		})
	})
}
