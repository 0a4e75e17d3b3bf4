package db_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// described is all that events tell of, as lines "what|id|field" and their values. It does not ask the triggers: it
// reads the tables. Of notices, events tell nothing.
const described = `
	WITH told_chats AS (SELECT * FROM chats WHERE NOT for_notices)
	SELECT 'message|' || id || '|' AS what, CASE state WHEN 'not_sent' THEN state ELSE 'there' END AS value
		FROM messages WHERE chat_id IN (SELECT id FROM told_chats)
	UNION ALL SELECT 'delivery|' || id || '|',
		CASE WHEN submission = 'accepted' AND status = 'canceled' THEN 'canceled_by_provider'
			WHEN status = 'pending' AND error_code <> '' THEN 'pending_' || error_code ELSE status END FROM deliveries
		WHERE chat_id IN (SELECT id FROM told_chats)
	UNION ALL SELECT 'tool_call|' || message_id || '#' || position || '|', state FROM tool_calls
	UNION ALL SELECT 'approval|' || id || '|', state FROM approvals
	UNION ALL SELECT 'contributor_request|' || id || '|', state FROM contributor_requests
	UNION ALL SELECT 'contributor_request|' || id || '|deadline', CAST(deadline AS text) FROM contributor_requests
	UNION ALL SELECT 'suppression|' || id || '|', CASE WHEN lifted_at IS NULL THEN 'in_force' ELSE 'lifted' END
		FROM suppressions
	UNION ALL SELECT 'sender|' || sender || '|' || workspace_id, 'blocked' FROM sender_breakers
	UNION ALL SELECT 'bulk_retry|' || id || '|', state FROM bulk_retries
	UNION ALL SELECT 'webhook_endpoint|' || id || '|', CASE WHEN enabled THEN 'enabled' ELSE 'disabled' END
		FROM webhook_endpoints
	UNION ALL SELECT 'chat|' || id || '|', 'there' FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|title', title FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|state', state FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|member_id', CAST(member_id AS text) FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|assistant_member_id', COALESCE(CAST(assistant_member_id AS text), '') FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|phone_number_id', COALESCE(CAST(phone_number_id AS text), '') FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|inbox_id', COALESCE(CAST(inbox_id AS text), '') FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|external_id', external_id FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|metadata', CAST(metadata AS text) FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|taken_over_by', COALESCE(CAST(taken_over_by AS text), '') FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|deleted', CASE WHEN deleted_at IS NULL THEN '' ELSE 'deleted' END FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|needs_response', CASE WHEN needs_response THEN 'yes' ELSE 'no' END FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|possible_opt_out',
		CASE attention_reason WHEN 'possible_opt_out' THEN 'yes' ELSE 'no' END FROM told_chats
	UNION ALL SELECT 'chat|' || id || '|summary', COALESCE(CAST(summary_updated_at AS text), '') || summary FROM told_chats
	UNION ALL SELECT 'place|' || chat_id || '|' || id, member_id || role FROM participants
	UNION ALL SELECT 'label|' || chat_id || '|' || label_id, '' FROM chat_labels`

type describedState map[string]string

func readDescribed(ctx context.Context, s *db.Store) (describedState, error) {
	var lines []struct {
		What  string `bun:"what"`
		Value string `bun:"value"`
	}

	err := s.Bun().NewRaw(described).Scan(ctx, &lines)

	state := describedState{}
	for _, line := range lines {
		state[line.What] = line.Value
	}

	return state, err
}

// eventTriggers are the triggers that note changes, each with its table, sorted.
func eventTriggers(tb testing.TB, s *db.Store) [][2]string {
	tb.Helper()

	query := `SELECT tbl_name || ' ' || name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%event_changes%'
		ORDER BY 1`
	if s.Engine() == "postgres" {
		query = `SELECT c.relname || ' ' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
			JOIN pg_proc p ON p.oid = t.tgfoid
			WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace AND p.prosrc LIKE '%event_changes%'
			ORDER BY 1`
	}

	var lines []string
	require.NoError(tb, s.Bun().NewRaw(query).Scan(tb.Context(), &lines))

	triggers := make([][2]string, len(lines))
	for i, line := range lines {
		table, name, _ := strings.Cut(line, " ")
		triggers[i] = [2]string{table, name}
	}

	return triggers
}

// TestEnginesNoteTheSameTables also holds that no migration has lost a trigger: SQLite drops them with a table that is
// made anew.
func TestEnginesNoteTheSameTables(t *testing.T) {
	t.Parallel()

	want := []string{
		"approvals", "bulk_retries", "chat_labels", "chats", "contributor_requests", "deliveries", "messages",
		"participants", "sender_breakers", "suppressions", "tool_calls", "webhook_endpoints",
	}

	for _, s := range allEngines(t) {
		var tables []string
		for _, trigger := range eventTriggers(t, s) {
			tables = append(tables, trigger[0])
		}

		assert.Equal(t, want, slices.Compact(tables), s.Engine())
	}
}

// untoldColumns are the columns of chats whose change is no event of its own.
var untoldColumns = []string{
	"id", "workspace_id", "channel", "created_at", "updated_at", "last_activity_at",
	// needs_response is what they come to.
	"attention", "answered",
	// They change with the summary, or only a run needs them.
	"summary_model", "summary_version", "summary_id", "summary_points", "summary_watermark", "summary_tried",
	"suggested_labels", "title_edited", "summary_edited",
	// It changes with taken_over_by.
	"taken_over_at",
	// Of those chats, nothing is told.
	"for_notices",
}

// TestEveryColumnOfAChatIsToldOrNot fails for a new column until somebody has decided whether people hear of it.
func TestEveryColumnOfAChatIsToldOrNot(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		query := `SELECT name || ' ' || (SELECT sql FROM sqlite_master WHERE name = 'chats_change_noted')
			FROM pragma_table_xinfo('chats')`
		if s.Engine() == "postgres" {
			query = `SELECT column_name || ' ' || (SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c
					ON c.oid = t.tgrelid WHERE t.tgname = 'chats_change_noted' AND c.relnamespace = current_schema()::regnamespace)
				FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'chats'`
		}

		for _, line := range queryLines(t, s, query) {
			column, trigger, _ := strings.Cut(line, " ")
			list, _, _ := strings.Cut(strings.ToUpper(trigger), " ON ")
			told := regexp.MustCompile(`[ ,]` + strings.ToUpper(column) + `(,|\s|$)`).MatchString(list)

			assert.NotEqual(t, told, slices.Contains(untoldColumns, column), column)
		}
	})
}

// checkLog compares the whole log of all workspaces with the tables, after a test.
func checkLog(t *testing.T, s *db.Store) {
	t.Helper()

	ctx := context.Background()

	for more := true; more; {
		var err error
		if _, more, err = s.NumberEvents(ctx, 200); err != nil {
			return // the test has taken the database away
		}
	}

	state, err := readDescribed(ctx, s)
	require.NoError(t, err)

	workspaces, err := s.Workspaces(ctx)
	require.NoError(t, err)

	log := newLogFold()

	for _, ws := range workspaces {
		list, err := s.Events(ctx, ws.ID, chat.EventFilter{Limit: 1_000_000})
		require.NoError(t, err)

		if list.Oldest > 1 || list.Oldest == 0 && list.Latest > 0 {
			return // the test has old events deleted
		}

		requireNoGap(t, list.Items)
		log.take(list.Items)
	}

	log.compare(t, state)
}

// logFold is what a log comes to.
type logFold struct {
	// count and last are by "object|id|", last being the status of the newest event.
	count map[string]map[chat.EventType]int
	last  map[string]chat.Event
}

func newLogFold() *logFold {
	return &logFold{
		count: map[string]map[chat.EventType]int{},
		last:  map[string]chat.Event{},
	}
}

func (f *logFold) take(events []chat.Event) {
	for _, e := range events {
		object, _, _ := strings.Cut(string(e.Type), ".")
		what := object + "|" + e.SubjectID + "|"

		switch {
		case e.Type == chat.EventChatEscalated:
			continue
		case e.Data.Index != nil:
			what = fmt.Sprintf("%s|%s#%d|", object, e.SubjectID, *e.Data.Index)
		case object == "summary":
			what = "chat|" + e.SubjectID + "|"
		case object == "sender":
			what += string(e.WorkspaceID)
		}

		if f.count[what] == nil {
			f.count[what] = map[chat.EventType]int{}
		}

		f.count[what][e.Type]++

		if e.Type == chat.EventChatNeedsResponse || slices.Contains(e.Data.Fields, "needs_response") {
			f.last[what+"needs_response"] = e
		}

		f.last[what] = e
	}
}

func (f *logFold) compare(t *testing.T, state describedState) {
	t.Helper()

	for what := range f.count {
		// A sender's row goes when it works again.
		assert.True(t, has(state, what) || strings.HasPrefix(what, "sender|"), "events of what is not there: %s", what)
	}

	for what, value := range state {
		object, _, _ := strings.Cut(what, "|")
		last := f.last[what]
		count := f.count[what]

		switch object {
		case "message":
			assert.Equal(t, 1, count[chat.EventMessageCreated], what)
			assert.True(t, value != "not_sent" || count[chat.EventMessageFailed] > 0, what)
		case "delivery":
			status, code, _ := strings.Cut(value, "pending_")
			if code != "" {
				status = "pending"
			}

			if len(eventsOfStatus(value)) > 0 {
				assert.Equal(t, strings.TrimSuffix(status, "_by_provider"), last.Data.Status, what)
			}

		case "tool_call":
			if slices.Contains([]string{"succeeded", "failed", "unknown"}, value) {
				assert.Equal(t, value, last.Data.Status, what)
			}

		case "approval", "contributor_request":
			if value == "waiting" || value == "answered" || value == "open" || object == "approval" {
				assert.Equal(t, value, last.Data.Status, what)
			}

		case "suppression":
			assert.Equal(t, value == "in_force", last.Type == chat.EventSuppressionAdded, what)
		case "sender":
			assert.Equal(t, chat.EventSenderBlocked, last.Type, what)
		case "bulk_retry":
			assert.Equal(t, value == "finished" || value == "canceled", last.Type == chat.EventBulkRetryFinished, what)
		case "chat":
			f.compareChat(t, what, value)
		}
	}
}

func (f *logFold) compareChat(t *testing.T, what, value string) {
	t.Helper()

	switch {
	case strings.HasSuffix(what, "|needs_response"):
		assert.Equal(t, value == "yes", f.last[what].Type == chat.EventChatNeedsResponse, what)
	case strings.HasSuffix(what, "|"):
		assert.Equal(t, 1, f.count[what][chat.EventChatCreated], what)
	}
}
