package db_test

import (
	"context"
	"strings"
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

// watcher keeps the queries that a store asks.
type watcher struct {
	mu      sync.Mutex
	queries []string
}

func (w *watcher) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()

	one := !strings.Contains(e.Query, ";\n")
	if one &&
		(strings.HasPrefix(strings.TrimLeft(e.Query, "("), "SELECT") ||
			strings.HasPrefix(e.Query, "UPDATE") || strings.HasPrefix(e.Query, "WITH")) {
		w.queries = append(w.queries, e.Query)
	}

	return ctx
}

func (w *watcher) AfterQuery(context.Context, *bun.QueryEvent) {}

// fillWorkspace fills a workspace with 6,000 messages, each of them sent, in 1,000 chats.
func fillWorkspace(t *testing.T, s *db.Store, w *dbtest.World) {
	t.Helper()

	at := "strftime('%Y-%m-%d %H:%M:%S+00:00', '2026-11-01', '+' || i || ' seconds')"
	if s.Engine() == "postgres" {
		at = "timestamptz '2026-11-01' + i * interval '1 second'"
	}

	numbers := func(count string) string {
		return "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + count + ") "
	}

	for _, statement := range []string{
		numbers("1000") + `INSERT INTO chats (id, workspace_id, channel, state, title,
				member_id, assistant_member_id, phone_number_id, needs_response, attention, answered,
				summary, summary_model, summary_version, last_activity_at, created_at, updated_at)
			SELECT 10000 + i, ?0, 'phone-sms', 'open', 'chat', ?1, ?2, ?3, FALSE, 0, 0, '', '', 0,
				` + at + `, ` + at + `, ` + at + ` FROM n`,
		numbers("6000") + `INSERT INTO actions (id, workspace_id, kind, chat_id, state,
				fingerprint, workflow_id, created_at, updated_at)
			SELECT CAST(1000000 + i AS text), ?0, 'SendAssistantMessage', 10001 + i % 1000, 'succeeded',
				'{}', '', ` + at + `, ` + at + ` FROM n`,
		numbers("6000") + `INSERT INTO messages (id, workspace_id, chat_id, member_id, role, content, state,
				action_id, email_message_id, created_at)
			SELECT CAST(1000000 + i AS text), ?0, 10001 + i % 1000, ?2, 'assistant', 'text', 'sent',
				CAST(1000000 + i AS text), '<' || i || '@example.com>', ` + at + ` FROM n`,
		numbers("6000") + `INSERT INTO deliveries (id, workspace_id, chat_id, message_id, action_id,
				channel, provider, purpose_key, text_key, sender, from_address, to_address, payload, policy, submission, carrier, carrier_rank, fence,
				provider_message_id, evidence, error_code, error_message, segments, watermark, created_at, updated_at, sweep_after)
			SELECT CAST(1000000 + i AS text), ?0, 10001 + i % 1000, CAST(1000000 + i AS text),
				CAST(1000000 + i AS text), 'phone-sms', 'twilio', 'send:' || i, 'text:' || i, 'phone:1', '+1', '+1' || i % 900,
				'{}', 'at_most_once', CASE i % 100 WHEN 0 THEN 'rejected' ELSE 'accepted' END,
				'', 0, 1, 'PM' || i, 'none', '', '', 1, 0, ` + at + `, ` + at + `, ` + at + ` FROM n`,
	} {
		_, err := s.Bun().
			NewRaw(statement, w.Workspace, w.Customer.ID, w.Assistant.ID, w.PhoneNumber.ID).
			Exec(t.Context())

		require.NoError(t, err)
	}

	if s.Engine() == "postgres" { // as autovacuum does; nobody does it on SQLite
		_, err := s.Bun().ExecContext(t.Context(), "ANALYZE")
		require.NoError(t, err)
	}
}

// explainQuery is the plan of a query. On PostgreSQL, tables that are small here are not read
// as a whole either: in production they are large.
func explainQuery(tb testing.TB, s *db.Store, query string) string {
	tb.Helper()
	var lines []string

	if s.Engine() == "sqlite" {
		var steps []struct {
			ID, Parent, Notused int
			Detail              string
		}

		require.NoError(tb, s.Bun().NewRaw("EXPLAIN QUERY PLAN "+query).Scan(tb.Context(), &steps))

		for _, step := range steps {
			lines = append(lines, step.Detail)
		}

		return strings.Join(lines, "\n")
	}

	require.NoError(tb, s.Bun().RunInTx(tb.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, "SET LOCAL enable_seqscan = off"); err != nil {
			return err
		}

		return tx.NewRaw("EXPLAIN "+query).Scan(ctx, &lines)
	}))

	return strings.Join(lines, "\n")
}

func TestHotQueriesUseIndexes(t *testing.T) {
	t.Parallel()

	yes := true

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "hi")
		now := time.Now()
		_, err := s.Authenticate(t.Context(), w.Hash(), now)
		require.NoError(t, err)
		fillWorkspace(t, s, w)

		// Those that are counted, and those that are listed.
		whatFails := []string{"deliveries_failed", "deliveries_failed"}
		if s.Engine() == "sqlite" {
			whatFails = []string{"deliveries_by_status", "deliveries_newest"}
		}

		tests := map[string]struct {
			ask func(context.Context, *db.Store) error
			// indexes must be in the plans of the queries, in this order; "" stands for a
			// primary key.
			indexes []string
			// sorted reports that the index must also give the order of the first query.
			sorted bool
		}{
			"authenticate": {func(ctx context.Context, s *db.Store) error { return errorOf(s.Authenticate(ctx, w.Hash(), now)) }, []string{"api_keys"}, false},
			"chats": {func(ctx context.Context, s *db.Store) error {
				list, err := s.Chats(ctx, w.Workspace, chat.ChatFilter{Page: pageOfTen()})
				require.NoError(t, err)

				return errorOf(s.Chats(ctx, w.Workspace, chat.ChatFilter{Page: chat.Page{Limit: 10, Cursor: list.NextCursor}}))
			}, []string{"chats_newest", "chat_labels", "messages_newest", "chats_newest", "chat_labels", "messages_newest"}, false},
			"chats that wait": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Chats(ctx, w.Workspace, chat.ChatFilter{NeedsResponse: &yes, Page: pageOfTen()}))
			}, []string{"chats_waiting"}, true},
			"messages": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Messages(ctx, w.Workspace, 10005, chat.MessagePage{Page: pageOfTen()}))
			}, []string{"", "messages_newest", "tool_calls"}, false},
			"deliveries": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{Page: pageOfTen()}))
			}, []string{"deliveries_newest", "", "", "suppressions_in_force"}, true},
			"deliveries by status": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{Status: "rejected", Page: pageOfTen()}))
			}, []string{"deliveries_by_status", "", "", "suppressions_in_force"}, true},
			"deliveries that wait": {func(ctx context.Context, s *db.Store) error {
				words := &chat.DeliveryWords{WaitingFor: []chat.Waiting{chat.WaitingPerson}}

				return errorOf(s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{Words: words, Page: pageOfTen()}))
			}, []string{"deliveries_by_status"}, false},
			"deliveries of a chat": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{ChatID: 10005, Page: pageOfTen()}))
			}, []string{"deliveries_of_chat"}, true},
			"what has failed, counted": {func(ctx context.Context, s *db.Store) error {
				page := chat.Page{Limit: 1, Total: true}

				return errorOf(s.Deliveries(ctx, w.Workspace, chat.DeliveryFilter{FailedForGood: true, Page: page}))
			}, append(whatFails, "", "", "suppressions_in_force"), false},
			"an action": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Action(ctx, w.Workspace, "1000005"))
			}, []string{"deliveries_of_action"}, true},
			"what was sent": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.SentMessage(ctx, w.Workspace, "1000005"))
			}, []string{"messages", "deliveries_of_message", "tool_calls"}, false},
			"claim": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Claim(ctx, w.Workspace, sent.DeliveryID, now, time.Minute))
			}, []string{"deliveries_in_flight"}, false},
			"what a model reads": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.Reading(ctx, chat.SummaryPart{
					SummaryStep: chat.SummaryStep{WorkspaceID: w.Workspace, ChatID: 10005, UpdateLabels: true},
					Messages:    chat.MessageRange{From: 1, To: 1 << 40},
				}))
			}, []string{"", "", "messages_newest", "labels"}, false},
			"send facts": {func(ctx context.Context, s *db.Store) error {
				return errorOf(s.PrepareSend(ctx, w.Send(w.Email.ID, "hi"), dbtest.SendIDs(), dbtest.PlanText("hi")))
			}, []string{"suppressions_in_force", "messages", "messages_newest"}, false},
		}

		// The order stays the same: what "send facts" stores is on the pages of deliveries that are asked for later.
		for _, name := range sortedKeys(tests) {
			test := tests[name]
			watch := &watcher{}

			require.NoError(t, test.ask(t.Context(), s.Watched(watch)), name)
			require.Len(t, watch.queries, len(test.indexes), "%s asks %q", name, watch.queries)

			for i, query := range watch.queries {
				plan := explainQuery(t, s, query)
				assert.Contains(t, plan, test.indexes[i], "%s: %s", name, query)
				assert.NotContains(t, plan, "Seq Scan", "%s: %s", name, query)
				// "newer" and "counted" are what a subquery has found by the index, and a constant row is read from no table.
				scans := strings.NewReplacer("SCAN newer", "", "SCAN counted", "", "SCAN CONSTANT ROW", "").Replace(plan)
				assert.NotRegexp(t, `(?m)^SCAN `, scans, "%s: %s", name, query)

				if test.sorted && i == 0 {
					assert.NotContains(t, plan, "Sort", "%s: %s", name, query)
					assert.NotContains(t, plan, "TEMP B-TREE", "%s: %s", name, query)
				}
			}
		}
	})
}

func errorOf[T any](_ T, err error) error { return err }

// TestStatementsOfOneSend holds the cost of the hot path: round trips to the database,
// BEGIN and COMMIT included.
func TestStatementsOfOneSend(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		count := &counter{}
		watched := s.Watched(count)
		sent := w.Prepare(t, watched, w.SMS.ID, "hi")
		assert.Equal(t, 6, count.reset(), "prepare")
		d := w.Claim(t, watched, sent.DeliveryID, time.Now())
		assert.Equal(t, 4, count.reset(), "claim")

		_, err := watched.RecordSubmission(t.Context(), w.Workspace, d.ID, d.Fence,
			chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1"}, time.Now())

		require.NoError(t, err)
		assert.Equal(t, 4, count.reset(), "record")
	})
}

type counter struct{ n int }

func (c *counter) reset() int {
	defer func() { c.n = 0 }()
	return c.n
}

func (c *counter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	c.n++
	return ctx
}

func (c *counter) AfterQuery(context.Context, *bun.QueryEvent) {}
