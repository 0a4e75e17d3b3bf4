package db_test

import (
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

// catalog is what both engines must agree on.
type catalog struct {
	// Columns are "table.column null|not null".
	Columns []string
	// Keys are "table primary|unique|unique partial (columns)".
	Keys []string
	// References are "table (columns) -> table (columns) on delete".
	References []string
	// Checks are "table.constraint".
	Checks []string
}

func queryLines(t *testing.T, s *db.Store, query string) []string {
	t.Helper()
	var lines []string
	require.NoError(t, s.Bun().NewRaw(query).Scan(t.Context(), &lines))
	slices.Sort(lines)

	return lines
}

func readCatalog(t *testing.T, s *db.Store) catalog {
	t.Helper()

	if s.Engine() == "postgres" {
		return postgresCatalog(t, s)
	}

	return sqliteCatalog(t, s)
}

func postgresCatalog(t *testing.T, s *db.Store) catalog {
	t.Helper()

	return catalog{
		Columns: queryLines(
			t,
			s,
			`SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END
			FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE 'bun_%'`,
		),
		Keys: queryLines(
			t,
			s,
			`SELECT c.relname || CASE WHEN i.indisprimary THEN ' primary' WHEN i.indpred IS NULL THEN ' unique' ELSE ' unique partial' END
			|| ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.ord) FROM unnest(i.indkey) WITH ORDINALITY k(num, ord)
				JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num) || ')'
			FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
			WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace AND c.relname NOT LIKE 'bun_%'`,
		),
		References: queryLines(t, s, `SELECT conrelid::regclass || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.ord)
				FROM unnest(conkey) WITH ORDINALITY k(num, ord) JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = k.num)
			|| ') -> ' || confrelid::regclass || CASE confdeltype WHEN 'c' THEN ' cascade' ELSE '' END
			FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace`),
		Checks: queryLines(t, s, `SELECT conrelid::regclass || '.' || conname FROM pg_constraint
			WHERE contype = 'c' AND connamespace = current_schema()::regnamespace`),
	}
}

func sqliteCatalog(t *testing.T, s *db.Store) catalog {
	t.Helper()
	const tables = `FROM sqlite_master t WHERE t.type = 'table' AND t.name NOT LIKE 'bun_%' AND t.name NOT LIKE ` +
		`'sqlite_%'`
	c := catalog{
		Columns: queryLines(t, s, `SELECT t.name || '.' || c.name || CASE c."notnull" WHEN 0 THEN ' null' ELSE ' not null' END
			FROM sqlite_master t, pragma_table_xinfo(t.name) c `+strings.TrimPrefix(tables, "FROM sqlite_master t")),
		Keys: queryLines(
			t,
			s,
			`SELECT t.name || CASE WHEN i.origin = 'pk' THEN ' primary' WHEN i.partial THEN ' unique partial' ELSE ' unique' END
			|| ' (' || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)) || ')'
			FROM sqlite_master t, pragma_index_list(t.name) i `+strings.TrimPrefix(
				tables,
				"FROM sqlite_master t",
			)+` AND i."unique"`,
		),
		References: queryLines(t, s, `SELECT t.name || ' (' || group_concat(f."from", ', ') || ') -> ' || f."table"
				|| CASE f.on_delete WHEN 'CASCADE' THEN ' cascade' ELSE '' END
			FROM sqlite_master t, pragma_foreign_key_list(t.name) f `+strings.TrimPrefix(tables, "FROM sqlite_master t")+` GROUP BY t.name, f.id`),
	}

	// A rowid's key is in no index list.
	c.Keys = append(
		c.Keys,
		queryLines(t, s, `SELECT t.name || ' primary (' || c.name || ')' FROM sqlite_master t, `+
			`pragma_table_info(t.name) c `+
			strings.TrimPrefix(tables, "FROM sqlite_master t")+` AND c.pk = 1 AND t.sql LIKE '%AUTOINCREMENT%'`)...)

	slices.Sort(c.Keys)

	named := regexp.MustCompile(`CONSTRAINT (\w+) CHECK`)

	for _, sql := range queryLines(t, s, "SELECT t.name || '!' || t.sql "+tables) {
		table, definition, _ := strings.Cut(sql, "!")
		for _, match := range named.FindAllStringSubmatch(definition, -1) {
			c.Checks = append(c.Checks, table+"."+match[1])
		}
	}

	slices.Sort(c.Checks)

	return c
}

func TestEnginesHaveTheSameTables(t *testing.T) {
	t.Parallel()

	var both []catalog
	for _, s := range allEngines(t) {
		both = append(both, readCatalog(t, s))
	}

	for _, part := range [][]string{both[0].Columns, both[0].Keys, both[0].References, both[0].Checks} {
		require.NotEmpty(t, part)
	}

	for _, c := range both[1:] {
		assert.Equal(t, both[0].Columns, c.Columns)
		assert.Equal(t, both[0].Keys, c.Keys)
		assert.Equal(t, both[0].References, c.References)
		assert.Equal(t, both[0].Checks, c.Checks)
	}
}

func TestEveryTableBelongsToAWorkspace(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		c := readCatalog(t, s)
		tables := map[string]bool{}

		for _, column := range c.Columns {
			table, rest, _ := strings.Cut(column, ".")
			name, _, _ := strings.Cut(rest, " ")
			tables[table] = tables[table] || name == "workspace_id"
		}

		// The history is that of the whole database; what waits for its sender is nobody's yet.
		ofNone := []string{"workspaces", "database_timeline", "inbound_waiting", "probe"}
		orphans := []string{"inbound (event_key) -> provider_events", "inbound_waiting (inbound_id) -> inbound"}

		for table, has := range tables {
			assert.True(t, has || slices.Contains(ofNone, table), "%s has no workspace_id", table)
		}

		for _, r := range c.References {
			if slices.Contains(orphans, r) {
				continue
			}

			assert.Regexp(t, `\(workspace_id[,)]`, r, "the reference must carry the workspace")
		}
	})
}

func TestChecksAreTheDomainsLists(t *testing.T) {
	t.Parallel()
	var final []chat.DeliveryStatus

	for _, s := range chat.DeliveryStatuses() {
		if s.Final() {
			final = append(final, s)
		}
	}

	lists := map[string][]string{
		"deliveries_submission": stringsOf(chat.SubmissionStates()),
		"deliveries_evidence":   stringsOf(chat.EvidenceStates()),
		"deliveries_carrier":    stringsOf(chat.DeliveryStatuses()),
		"deliveries_duplicate":  stringsOf(chat.Duplicates()),
		"deliveries_channel":    stringsOf(chat.Channels()),
		"deliveries_policy": stringsOf(
			[]chat.UnknownPolicy{chat.AtMostOnce, chat.ResendAfterSettle, chat.ExpireUnknown},
		),
		"suppressions_channel": stringsOf(chat.Channels()),
		"inbound_status":       stringsOf(chat.InboundStatuses()),
		"inbound_channel":      stringsOf(chat.Channels()),
		"chats_channel":        stringsOf(chat.Channels()),
		"chats_state":          stringsOf(chat.States()),

		"api_keys_kind": stringsOf(chat.KeyKinds()),

		"notices_state": stringsOf([]chat.NoticeState{chat.NoticeWaiting, chat.NoticeBegun, chat.NoticeFailed}),

		"notification_rules_channel": stringsOf([]chat.Channel{chat.ChannelEmail, chat.ChannelSMS}),

		"webhook_endpoints_payload":  stringsOf(chat.WebhookPayloads()),
		"webhook_endpoints_disabled": append(stringsOf(chat.WebhookDisabledReasons()), ""),

		"workspace_defaults_when_taken_over": stringsOf(chat.TakeoverPolicies()),

		"participants_role": stringsOf(chat.ParticipantRoles()),
		"actions_state": stringsOf(
			[]chat.ActionState{chat.ActionRunning, chat.ActionParked, chat.ActionSucceeded, chat.ActionFailed},
		),
		"messages_role": stringsOf([]chat.MessageRole{chat.RoleUserMessage, chat.RoleAssistantMessage}),
		"messages_state": stringsOf(
			[]chat.MessageState{chat.MessageReceived, chat.MessagePending, chat.MessageSent, chat.MessageNotSent},
		),
		"tool_calls_state": stringsOf([]chat.ToolCallState{
			chat.ToolCallPending, chat.ToolCallRunning, chat.ToolCallWaiting, chat.ToolCallUnknown,
			chat.ToolCallSucceeded, chat.ToolCallFailed, chat.ToolCallSkipped,
		}),
		"tools_kind":               stringsOf([]chat.ToolKind{chat.ToolHTTP, chat.ToolMCP}),
		"tools_risk":               stringsOf([]chat.ToolRisk{chat.RiskRead, chat.RiskWrite, chat.RiskApproval}),
		"approvals_state":          stringsOf(chat.ApprovalStates()),
		"approvals_kind":           stringsOf(chat.ApprovalKinds()),
		"contributor_asks_channel": stringsOf([]chat.Channel{chat.ChannelSMS, chat.ChannelEmail}),
		"contributor_asks_state": stringsOf([]chat.QuestionState{
			chat.QuestionPending, chat.QuestionAsked, chat.QuestionReplied, chat.QuestionUnreadable,
			chat.QuestionAnswered, chat.QuestionFailed, chat.QuestionClosed,
		}),
		"contributor_requests_state": stringsOf([]chat.ContributorRequestState{
			chat.RequestOpen, chat.RequestAnswered, chat.RequestDefaulted,
			chat.RequestExpired, chat.RequestFailed, chat.RequestCanceled,
		}),
		"contributor_requests_require": {"any", chat.ContributorRequireAll},
		"summaries_kind": stringsOf(
			[]chat.SummaryKind{chat.SummaryByModel, chat.SummaryByPerson, chat.SummaryRestored},
		),
		"summaries_state": stringsOf(
			[]chat.SummaryState{chat.SummaryRunning, chat.SummarySucceeded, chat.SummaryFailed},
		),
		"summaries_mode":     stringsOf([]chat.SummaryMode{"", chat.ModeFull, chat.ModeIncremental, chat.ModeUnchanged}),
		"chat_labels_source": stringsOf([]chat.LabelSource{chat.LabelByPerson, chat.LabelByTool, chat.LabelByModel}),
		"members_kind":       stringsOf([]chat.MemberKind{chat.KindPerson, chat.KindAssistant}),
		"members_role":       stringsOf([]chat.WorkspaceRole{chat.RoleManager, chat.RoleUser}),
		"members_consent_sms": stringsOf(
			[]chat.Consent{chat.ConsentUnknown, chat.ConsentGranted, chat.ConsentRevoked},
		),
		"members_consent_email": stringsOf(
			[]chat.Consent{chat.ConsentUnknown, chat.ConsentGranted, chat.ConsentRevoked},
		),
		"recipient_holds_channel": stringsOf(chat.AddressedChannels()),
		"request_keys_state":      stringsOf([]chat.KeyState{chat.KeyBegun, chat.KeyDone, chat.KeyAnswered}),
		"bulk_retries_state": stringsOf(
			[]chat.BulkState{chat.BulkRunning, chat.BulkPaused, chat.BulkFinished, chat.BulkCanceled},
		),
		"deliveries final statuses": append(stringsOf(final), string(chat.SubmissionAccepted)),
		"delivery_attempts_outcome": stringsOf([]chat.SubmissionOutcome{
			chat.OutcomeAccepted, chat.OutcomeNotProcessed, chat.OutcomeRejected, chat.OutcomeBlocked,
			chat.OutcomeSuppressed, chat.OutcomeUnknown, chat.OutcomeAborted,
		}),
	}

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		definitions := checkDefinitions(t, s)
		for name, list := range lists {
			assert.ElementsMatch(t, list, quotedWords(definitions[name]), "%s: %s", name, definitions[name])
		}

		for name, definition := range definitions {
			if strings.Contains(definition, " IN (") || strings.Contains(definition, "ANY") {
				assert.Contains(t, lists, name, "a list in the schema that no test compares with the domain")
			}
		}
	})
}

func stringsOf[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}

	return out
}

func quotedWords(definition string) []string {
	var out []string
	for _, match := range regexp.MustCompile(`'([^']*)'`).FindAllStringSubmatch(definition, -1) {
		out = append(out, match[1])
	}

	return out
}

// checkDefinitions are the constraints by name, and the generated status.
func checkDefinitions(t *testing.T, s *db.Store) map[string]string {
	t.Helper()

	found := map[string]string{}

	if s.Engine() == "postgres" {
		for _, line := range queryLines(t, s, `SELECT conname || '!' || pg_get_constraintdef(oid) FROM pg_constraint
			WHERE contype = 'c' AND connamespace = current_schema()::regnamespace
			UNION ALL SELECT 'deliveries final statuses!' || generation_expression FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = 'deliveries' AND column_name = 'status'`) {
			name, definition, _ := strings.Cut(line, "!")
			found[name] = definition
		}

		return found
	}

	check := regexp.MustCompile(`(?s)CONSTRAINT (\w+) CHECK (\(.*?\))(?:,\n|\n\))`)
	status := regexp.MustCompile(`(?s)status +text GENERATED ALWAYS AS (.*?) STORED`)

	for _, sql := range queryLines(t, s, "SELECT sql FROM sqlite_master WHERE type = 'table' AND sql IS NOT NULL") {
		for _, match := range check.FindAllStringSubmatch(sql, -1) {
			found[match[1]] = match[2]
		}

		if match := status.FindStringSubmatch(sql); match != nil {
			found["deliveries final statuses"] = match[1]
		}
	}

	return found
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w, other := dbtest.Seed(t, s), dbtest.Seed(t, s)
		sent := w.Prepare(t, s, w.SMS.ID, "hello")
		w.Prepare(t, s, w.SMS.ID, "two")
		w.Prepare(t, s, w.SMS.ID, "three")
		bulk, err := s.BeginBulkRetry(t.Context(), w.NewBulkRetry(chat.DeliveryFilter{}), "bulk:1")
		require.NoError(t, err)

		for name, statement := range map[string]string{
			"needs_response without attention": fmt.Sprintf("UPDATE chats SET needs_response = TRUE WHERE id = %d", w.SMS.ID),
			"more answered than asked":         fmt.Sprintf("UPDATE chats SET answered = 5 WHERE id = %d", w.SMS.ID),
			"an unknown chat state":            fmt.Sprintf("UPDATE chats SET state = 'gone' WHERE id = %d", w.SMS.ID),
			"another workspace's member":       fmt.Sprintf("UPDATE chats SET member_id = %d WHERE id = %d", other.Customer.ID, w.SMS.ID),
			"another workspace's sender":       fmt.Sprintf("UPDATE chats SET phone_number_id = %d WHERE id = %d", other.PhoneNumber.ID, w.SMS.ID),
			"a claim without an end":           fmt.Sprintf("UPDATE deliveries SET submission = 'sending' WHERE id = '%s'", sent.DeliveryID),
			"an unknown without a beginning":   fmt.Sprintf("UPDATE deliveries SET submission = 'unknown' WHERE id = '%s'", sent.DeliveryID),
			"an acceptance without an id":      fmt.Sprintf("UPDATE deliveries SET submission = 'accepted' WHERE id = '%s'", sent.DeliveryID),
			"evidence that holds up nothing":   fmt.Sprintf("UPDATE deliveries SET evidence = 'open' WHERE id = '%s'", sent.DeliveryID),
			"a status that is written":         fmt.Sprintf("UPDATE deliveries SET status = 'read' WHERE id = '%s'", sent.DeliveryID),
			"an unknown state of a bulk retry": fmt.Sprintf("UPDATE bulk_retries SET state = 'gone' WHERE id = '%s'", bulk.ID),
			"a skip of another workspace": fmt.Sprintf("INSERT INTO bulk_skips (workspace_id, bulk_retry_id, "+
				"delivery_id, why) VALUES ('%s', '%s', '%s', '')",
				other.Workspace, bulk.ID, sent.DeliveryID),
			"a breaker of no workspace": "INSERT INTO sender_breakers (workspace_id, sender, provider, opened_at, " +
				"probe_at, error_code, error_message) " +
				"VALUES ('none', 'phone:1', 'twilio', '2026-01-01', '2026-01-01', '', '')",
			"a second retry":                  fmt.Sprintf("UPDATE deliveries SET retry_of = '%s' WHERE id <> '%s'", sent.DeliveryID, sent.DeliveryID),
			"a delivery of another workspace": fmt.Sprintf("UPDATE deliveries SET workspace_id = '%s' WHERE id = '%s'", other.Workspace, sent.DeliveryID),
		} {
			_, err := s.Bun().ExecContext(t.Context(), statement)
			require.Error(t, err, name)
		}
	})
}
