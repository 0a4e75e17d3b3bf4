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

// countsOf are the counts of a status, by their matters.
func countsOf(t *testing.T, s *db.Store, ws chat.WorkspaceID) map[chat.Matter]int {
	t.Helper()

	status, err := s.WorkspaceStatus(t.Context(), ws)
	require.NoError(t, err)

	counts := map[chat.Matter]int{}

	for _, c := range status.Counts {
		counts[c.Matter] = c.Count

		assert.WithinDuration(t, time.Now(), c.Oldest, time.Minute)
	}

	return counts
}

func TestWorkspaceStatusCountsWhatWaits(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		other := dbtest.Seed(t, s)

		assert.Empty(t, countsOf(t, s, w.Workspace))

		// A send that waits for its first attempt, one for a second member, and a request that is no send's.
		_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "one"), dbtest.SendIDs(), dbtest.PlanText("one"))
		require.NoError(t, err)

		asker := newManager(t, s, w.Workspace, "Ivo")
		prepareRefund(t, s, w, asker)
		askForManager(t, s, w, asker)

		assert.Equal(t, map[chat.Matter]int{
			chat.Matter(chat.WaitingAttempt): 1,
			chat.MatterApproval:              2,
		}, countsOf(t, s, w.Workspace))

		assert.Empty(t, countsOf(t, s, other.Workspace), "another workspace's is nobody's business")

		// The customer writes.
		_, err = s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{NeedsResponse: new(true)})
		require.NoError(t, err)
		assert.Equal(t, 1, countsOf(t, s, w.Workspace)[chat.MatterResponse])
	})
}

// listNeeding returns the chats that the list finds for a matter of the status.
func listNeeding(t *testing.T, s *db.Store, ws chat.WorkspaceID, matter chat.Matter) []chat.ChatID {
	t.Helper()

	list, err := s.Chats(t.Context(), ws, chat.ChatFilter{Needs: matter, Page: chat.Page{Limit: 100}})
	require.NoError(t, err)

	ids := []chat.ChatID{}
	for _, found := range list.Items {
		ids = append(ids, found.ID)
	}

	return ids
}

// TestStatusTellsACustomerWhoWaitsFromALostMessage: nobody waits where a message did not arrive, and the chat needs a
// person all the same.
func TestStatusTellsACustomerWhoWaitsFromALostMessage(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLife(t, s)
		l.id = l.w.Prepare(t, s, l.chat, "hi").DeliveryID
		l.post(chat.Submission{Outcome: chat.OutcomeAccepted})
		l.report(chat.StatusUndelivered)

		counts := countsOf(t, s, l.w.Workspace)
		assert.Equal(t, 1, counts[chat.MatterAttention])
		assert.Zero(t, counts[chat.MatterResponse])
		assert.Equal(t, []chat.ChatID{l.chat}, listNeeding(t, s, l.w.Workspace, chat.MatterAttention))
		assert.Empty(t, listNeeding(t, s, l.w.Workspace, chat.MatterResponse))

		// Another one's customer writes.
		_, err := s.UpdateChat(t.Context(), l.w.Workspace, l.w.By, l.w.Email.ID, chat.ChatPatch{NeedsResponse: new(true)})
		require.NoError(t, err)
		assert.Equal(t, []chat.ChatID{l.w.Email.ID}, listNeeding(t, s, l.w.Workspace, chat.MatterResponse))
		assert.Equal(t, []chat.ChatID{l.chat}, listNeeding(t, s, l.w.Workspace, chat.MatterAttention))
	})
}

// TestStatusCountsEndpointsThatFail: those that were disabled because they failed, and those that fail for long.
func TestStatusCountsEndpointsThatFail(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		for _, set := range []string{
			"enabled = TRUE",
			"failing_since = ?",
			"failing_since = ?, url = 'https://example.com/fails'",
			"enabled = FALSE, disabled_reason = 'member'",
			"enabled = FALSE, disabled_reason = 'gone'",
			"enabled = FALSE, disabled_reason = 'gone', deleted_at = updated_at",
		} {
			made, err := s.CreateWebhookEndpoint(t.Context(), w.Workspace, w.By, chat.WebhookEndpoint{
				URL:     "https://example.com/handrail",
				Payload: chat.PayloadThin,
				Enabled: true,
			})
			require.NoError(t, err)

			since := time.Now().Add(-time.Second)
			if strings.Contains(set, "fails") {
				since = time.Now().Add(-chat.WebhookPatience - time.Second)
			}

			arguments := []any{since.UTC(), made.ID}
			if !strings.Contains(set, "?") {
				arguments = arguments[1:]
			}

			_, err = s.Bun().NewRaw("UPDATE webhook_endpoints SET "+set+" WHERE id = ?", arguments...).Exec(t.Context())
			require.NoError(t, err)
		}

		status, err := s.WorkspaceStatus(t.Context(), w.Workspace)
		require.NoError(t, err)
		require.Len(t, status.Counts, 1)
		assert.Equal(t, chat.MatterWebhook, status.Counts[0].Matter)
		assert.Equal(t, 2, status.Counts[0].Count)
		assert.WithinDuration(t, time.Now().Add(-chat.WebhookPatience), status.Counts[0].Oldest, time.Minute)

		_, err = s.Bun().NewRaw("UPDATE webhook_endpoints SET deleted_at = updated_at").Exec(t.Context())
		require.NoError(t, err)
		assert.Empty(t, countsOf(t, s, w.Workspace))
	})
}

// addOldNotices adds 2,000 notices that have reached somebody before the one that is there.
func addOldNotices(t *testing.T, s *db.Store) {
	t.Helper()

	statements := []string{`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
		INSERT INTO notices (id, workspace_id, rule_id, number, member_id, channel, chat_id, action_id, events, subject,
			body, state, error_message, created_at, updated_at)
		SELECT id || i, workspace_id, rule_id, -i, member_id, channel, chat_id, action_id, events, subject,
			body, 'begun', '', created_at, updated_at FROM notices, n`}
	if s.Engine() == "postgres" { // as autovacuum does; nobody does it on SQLite
		statements = append(statements, "ANALYZE notices")
	}

	for _, statement := range statements {
		_, err := s.Bun().ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
}

// TestStatusCountsNoticesThatReachedNobody, until a message of the rule reaches somebody, or the rule is deleted.
func TestStatusCountsNoticesThatReachedNobody(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newNoticeWorld(t, s, chat.EventChatEscalated)
		fail := func(id chat.NoticeID) {
			_, _, err := s.FailNotice(t.Context(), chat.NoticeFailure{
				WorkspaceID: w.Workspace,
				NoticeID:    id,
				Why:         "it bounced",
			})
			require.NoError(t, err)
		}
		send := func() chat.NoticeID {
			made, err := s.TestNotificationRule(t.Context(), w.Workspace, w.By, w.rule.ID)
			require.NoError(t, err)

			return made[0].ID
		}

		fail(send())
		assert.Equal(t, map[chat.Matter]int{chat.MatterNotice: 1}, countsOf(t, s, w.Workspace))
		assert.Empty(t, countsOf(t, s, dbtest.Seed(t, s).Workspace))

		addOldNotices(t, s)

		watch := &watcher{}
		_, err := s.Watched(watch).WorkspaceStatus(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Contains(t, explainQuery(t, s, watch.queries[len(watch.queries)-1]), "notices_failed")

		second := send()

		assert.Empty(t, countsOf(t, s, w.Workspace), "the second one is on its way")
		fail(second)
		assert.Equal(t, map[chat.Matter]int{chat.MatterNotice: 2}, countsOf(t, s, w.Workspace))

		_, err = s.Bun().NewRaw(
			"UPDATE notices SET created_at = ? WHERE id = ?",
			time.Now().Add(-chat.NoticePatience).UTC(),
			second,
		).Exec(t.Context())
		require.NoError(t, err)
		assert.Equal(t, map[chat.Matter]int{chat.MatterNotice: 1}, countsOf(t, s, w.Workspace))

		require.NoError(t, s.DeleteNotificationRule(t.Context(), w.Workspace, w.By, w.rule.ID))
		assert.Empty(t, countsOf(t, s, w.Workspace))
	})
}

// TestStatusCountsAsListsDo compares the counts with what lists find for each word.
func TestStatusCountsAsListsDo(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		for range 3 {
			_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "one"), dbtest.SendIDs(), dbtest.PlanText("one"))
			require.NoError(t, err)
		}

		counts := countsOf(t, s, w.Workspace)

		for _, word := range chat.Waitings() {
			list, err := s.Actions(t.Context(), w.Workspace, chat.ActionFilter{
				WaitingFor: []chat.Waiting{word},
				Page:       chat.Page{Limit: 100},
			})
			require.NoError(t, err)
			assert.Len(t, list.Items, counts[chat.Matter(word)], "%s", word)
		}
	})
}

// requireFailed checks how many messages have failed for good, and that the list finds as many.
func requireFailed(t *testing.T, s *db.Store, ws chat.WorkspaceID, failed int, why string) {
	t.Helper()
	require.Equal(t, failed, countsOf(t, s, ws)[chat.MatterFailed], why)

	list, err := s.Deliveries(t.Context(), ws, chat.DeliveryFilter{
		FailedForGood: true,
		Since:         new(time.Now().Add(-chat.FailedPatience)),
		Page:          chat.Page{Limit: 100},
	})
	require.NoError(t, err)
	require.Len(t, list.Items, failed, why)
}

// TestStatusCountsMessagesThatHaveFailed: each until it is sent again, or a day has passed.
func TestStatusCountsMessagesThatHaveFailed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLife(t, s)
		l.id = l.w.Prepare(t, s, l.chat, "hi").DeliveryID
		l.post(chat.Submission{Outcome: chat.OutcomeAccepted})
		requireFailed(t, s, l.w.Workspace, 0, "nobody knows yet")

		l.report(chat.StatusUndelivered)
		requireFailed(t, s, l.w.Workspace, 1, "it did not arrive")

		_, err := s.Bun().NewRaw("UPDATE deliveries SET created_at = ?", time.Now().UTC().Add(-25*time.Hour)).Exec(t.Context())
		require.NoError(t, err)
		requireFailed(t, s, l.w.Workspace, 0, "it was a day ago")
	})
}

func TestStatusCountsNoFailedMessageThatWasSentAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		old := w.Prepare(t, s, w.SMS.ID, "hi").DeliveryID

		_, _, err := s.Decide(t.Context(), w.Workspace, old, chat.Decision{
			Verdict: chat.VerdictCancel,
			By:      w.By,
			Reason:  "wrong text",
		})
		require.NoError(t, err)
		requireFailed(t, s, w.Workspace, 0, "a person has canceled it")

		_, err = s.Bun().NewRaw("UPDATE deliveries SET error_code = ? WHERE id = ?", chat.ErrorToolCallFailed, old).
			Exec(t.Context())
		require.NoError(t, err)
		requireFailed(t, s, w.Workspace, 1, "its tool call failed")

		_, err = s.PrepareRetry(
			t.Context(),
			w.Retry(old, chat.Change{}),
			dbtest.SendIDs().DeliveryID,
			dbtest.PlanRetry,
		)
		require.NoError(t, err)
		requireFailed(t, s, w.Workspace, 0, "it was sent again")
	})
}

// TestStatusCountsTheNewestFailures, where there are more than are counted: what fails now is among them.
func TestStatusCountsTheNewestFailures(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now().UTC()

		fillWorkspace(t, s, w)

		_, err := s.Bun().NewRaw(
			"UPDATE deliveries SET submission = 'rejected', created_at = ? WHERE workspace_id = ?",
			now.Add(-20*time.Hour),
			w.Workspace,
		).Exec(t.Context())
		require.NoError(t, err)

		d := w.Claim(t, s, sendTo(t, s, w, "+1").DeliveryID, now)
		recordSubmission(t, s, w, &d, chat.Submission{Outcome: chat.OutcomeRejected}, now)

		status, err := s.WorkspaceStatus(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.False(t, status.IsPartial, "no action waits")

		for _, count := range status.Counts {
			if count.Matter == chat.MatterFailed {
				assert.Equal(t, []int{chat.MaxFailed, 1}, []int{count.Count, count.Lately})

				return
			}
		}

		assert.Fail(t, "no message has failed")
	})
}
