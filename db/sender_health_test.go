package db_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// healthOf returns how a sender fares.
func healthOf(t *testing.T, s *db.Store, w *dbtest.World, scope string) chat.SenderHealth {
	t.Helper()

	health, err := s.SenderHealth(t.Context(), w.Workspace)
	require.NoError(t, err)

	for _, sender := range health.Senders {
		if sender.Scope == scope {
			return sender
		}
	}

	require.Fail(t, "the sender is not listed", scope)

	return chat.SenderHealth{}
}

// TestHealthOfASenderWhoseAccountIsRefused: what waits, since when, what is tried next and when, and that a retry of
// it lets it be tried at once.
func TestHealthOfASenderWhoseAccountIsRefused(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Microsecond)
		first := sendTo(t, s, w, "+1")
		second := sendTo(t, s, w, "+2")

		d := w.Claim(t, s, first.DeliveryID, now)
		refuseAccount(t, s, w, &d, now)

		_, err := s.Claim(t.Context(), w.Workspace, second.DeliveryID, now.Add(time.Second), time.Minute)
		require.NoError(t, err)

		health, err := s.SenderHealth(t.Context(), w.Workspace)
		require.NoError(t, err)
		require.Len(t, health.Senders, 2, "its number and its inbox")

		sender := health.Senders[0]
		assert.Equal(t, w.PhoneNumber.Scope(), sender.Scope, "what is blocked comes first")
		assert.Equal(t, chat.SenderBlocked, sender.State())
		assert.Equal(t, &chat.Breaker{
			ErrorCode:    "twilio_20003",
			ErrorMessage: "the account is suspended",
			OpenedAt:     now,
			ProbeAt:      now.Add(chat.ProbeEvery),
			Probe:        first.DeliveryID,
		}, sender.Breaker)
		assert.Equal(t, 2, sender.Waiting)
		assert.Nil(t, sender.LastSuccess)

		assert.Equal(t, chat.SenderReady, health.Senders[1].State())
		assert.Empty(t, health.Senders[1].Minutes)

		_, err = s.PrepareRetry(t.Context(), w.Retry(first.DeliveryID, chat.Change{}), "", nil)
		require.NoError(t, err)

		sender = healthOf(t, s, w, w.PhoneNumber.Scope())
		assert.False(t, sender.Breaker.ProbeAt.After(time.Now()), "the retry is the next probe")
	})
}

// TestHealthCountsAttemptsByMinute: what was accepted, when that was last, and when the provider has last reported. An
// answer to our own question is no report.
func TestHealthCountsAttemptsByMinute(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		other := dbtest.Seed(t, s)
		now := time.Now().UTC().Truncate(time.Minute)
		early := now.Add(-30 * time.Minute)

		post := func(to string, at time.Time, said chat.Submission) chat.Delivery {
			d := w.Claim(t, s, sendTo(t, s, w, to).DeliveryID, at)
			return recordSubmission(t, s, w, &d, said, at)
		}

		// One that is under way says nothing yet.
		w.Claim(t, s, sendTo(t, s, w, "+6").DeliveryID, now.Add(-10*time.Minute))
		post("+7", now.Add(-11*time.Minute), chat.Submission{Outcome: chat.OutcomeAborted})
		assert.Empty(t, healthOf(t, s, w, w.PhoneNumber.Scope()).Minutes)

		accepted := post("+1", early, chat.Submission{Outcome: chat.OutcomeAccepted})
		post("+2", early.Add(time.Second), chat.Submission{Outcome: chat.OutcomeAccepted})
		post("+3", now, chat.Submission{Outcome: chat.OutcomeNotProcessed, HTTPStatus: 429})
		post("+4", now, chat.Submission{Outcome: chat.OutcomeNotProcessed, HTTPStatus: 503})
		post("+5", now.Add(-2*time.Hour), chat.Submission{Outcome: chat.OutcomeNotProcessed, HTTPStatus: 503})

		sender := healthOf(t, s, w, w.PhoneNumber.Scope())
		assert.Equal(t, []chat.SenderMinute{
			{At: early, Accepted: 2},
			{At: now, Throttled: 1, Failed: 1},
		}, sender.Minutes)
		assert.Equal(t, early.Add(time.Second), *sender.LastSuccess)
		assert.Nil(t, sender.LastCallback)

		report := chat.Report{
			Provider:          chat.ProviderTwilio,
			ProviderMessageID: accepted.ProviderMessageID,
			Type:              "sent",
			DeliveryStatus:    chat.StatusSent,
		}

		for _, key := range []string{"lookup:1", "k1"} {
			report.Key = key
			_, err := s.RecordReport(t.Context(), report, now)
			require.NoError(t, err)

			sender = healthOf(t, s, w, w.PhoneNumber.Scope())
			assert.Equal(t, key == "k1", sender.LastCallback != nil, key)
		}

		assert.Equal(t, now, *sender.LastCallback)
		assert.Empty(t, healthOf(t, s, other, other.PhoneNumber.Scope()).Minutes)
	})
}

// TestHealthIsFoundByIndexes fills a workspace with attempts, none of whose queries may read them all.
func TestHealthIsFoundByIndexes(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		fillWorkspace(t, s, w)

		_, err := s.Bun().NewRaw(
			`INSERT INTO delivery_attempts (workspace_id, delivery_id, fence, sender, started_at, got_connection,
					outcome, http_status, error_code, error_message, provider_request_id, provider_message_id)
				SELECT workspace_id, id, 1, ?, ?, TRUE, 'accepted', 201, '', '', '', '' FROM deliveries
				WHERE workspace_id = ?`,
			w.PhoneNumber.Scope(),
			time.Now().UTC(),
			w.Workspace,
		).Exec(t.Context())
		require.NoError(t, err)

		if s.Engine() == "postgres" {
			_, err := s.Bun().ExecContext(t.Context(), "ANALYZE")
			require.NoError(t, err)
		}

		watch := &watcher{}
		health, err := s.Watched(watch).SenderHealth(t.Context(), w.Workspace)
		require.NoError(t, err)
		require.Len(t, health.Senders[0].Minutes, 1)
		assert.Equal(t, chat.MaxHealthAttempts, health.Senders[0].Minutes[0].Accepted, "the newest of 6,000")

		require.Len(t, watch.queries, 3)

		for i, index := range []string{"delivery_attempts_of_sender", "deliveries_by_status", "delivery_attempts_of_sender"} {
			plan := explainQuery(t, s, watch.queries[i])
			assert.Contains(t, plan, index, watch.queries[i])
			assert.NotContains(t, plan, "Seq Scan", watch.queries[i])

			// What a subquery has found is read as a whole.
			scans := strings.NewReplacer("SCAN s\n", "", "SCAN x", "", "SCAN n", "").Replace(plan + "\n")
			assert.NotRegexp(t, `(?m)^SCAN `, scans, watch.queries[i])
		}
	})
}

// TestStatusCountsAgesAndDeadlines: how many wait for long, how many are new, and when the first approval expires.
func TestStatusCountsAgesAndDeadlines(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC()

		for i := range 3 {
			sent := sendTo(t, s, w, "+1")
			at := now.Add(-time.Duration(i) * 40 * time.Minute)

			_, err := s.Bun().NewRaw("UPDATE actions SET created_at = ? WHERE id = ?", at, sent.ActionID).Exec(t.Context())
			require.NoError(t, err)
		}

		asker := newManager(t, s, w.Workspace, "Ivo")
		prepareRefund(t, s, w, asker)
		askForManager(t, s, w, asker)

		status, err := s.WorkspaceStatus(t.Context(), w.Workspace)
		require.NoError(t, err)
		require.Len(t, status.Counts, 2)

		approvals, attempts := status.Counts[0], status.Counts[1]
		assert.Equal(t, []int{2, 0, 2}, []int{approvals.Count, approvals.Late, approvals.Lately})
		require.NotNil(t, approvals.Deadline)
		assert.True(t, approvals.Deadline.After(now))
		assert.Equal(t, []int{3, 2, 2, 0}, []int{attempts.Count, attempts.Late, attempts.Lately, attempts.WorkflowGone})
		assert.Nil(t, attempts.Deadline)

		_, err = s.Bun().NewRaw("UPDATE deliveries SET error_code = ?", chat.ErrorWorkflowGone).Exec(t.Context())
		require.NoError(t, err)

		status, err = s.WorkspaceStatus(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, chat.Matter(chat.WaitingPerson), status.Counts[0].Matter)
		assert.Equal(t, 4, status.Counts[0].WorkflowGone, "the send that waits for approval has a delivery too")
	})
}
