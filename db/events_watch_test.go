package db_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// statusEvents are the events of a delivery's status, by what it is in the tables.
var statusEvents = map[string][]chat.EventType{
	"pending": {}, "sending": {},
	"accepted":             {chat.EventDeliveryAccepted},
	"unknown":              {chat.EventDeliveryUnknown},
	"needs_review":         {chat.EventDeliveryNeedsReview},
	"blocked":              {chat.EventDeliveryBlocked},
	"delivered":            {chat.EventDeliveryDelivered, chat.EventDeliverySettled},
	"read":                 {chat.EventDeliveryDelivered, chat.EventDeliverySettled},
	"undelivered":          {chat.EventDeliveryUndelivered, chat.EventDeliverySettled},
	"failed":               {chat.EventDeliveryUndelivered, chat.EventDeliverySettled},
	"canceled_by_provider": {chat.EventDeliveryUndelivered, chat.EventDeliverySettled},
	"bounced":              {chat.EventDeliveryBounced, chat.EventDeliverySettled},
	"unconfirmed":          {chat.EventDeliverySettled},
	"rejected":             {chat.EventDeliverySettled},
	"suppressed":           {chat.EventDeliverySettled},
	"expired":              {chat.EventDeliverySettled},
	"canceled":             {chat.EventDeliverySettled},
	"confirmed_sent":       {chat.EventDeliverySettled},
	"abandoned":            {chat.EventDeliverySettled},
}

// eventsOfStatus are the events of a delivery's status, by what [described] says of it: one that is pending has the
// reason with it.
func eventsOfStatus(value string) []chat.EventType {
	code, isPending := strings.CutPrefix(value, "pending_")
	if !isPending {
		return statusEvents[value]
	}

	if slices.Contains(chat.LeftAlone(), code) {
		return []chat.EventType{chat.EventDeliveryNeedsReview}
	}

	return nil
}

// eventsBetween says which events must have come between two states, each as "type id", of a chat that was updated with
// the fields.
func eventsBetween(before, after describedState) []string {
	expected := map[string]bool{}
	fields := map[string]map[string]bool{}

	for what := range maps.Keys(merge(before, after)) {
		was, now := before[what], after[what]
		if was == now && has(before, what) == has(after, what) {
			continue
		}

		parts := strings.SplitN(what, "|", 3)
		itsChat := "chat|" + parts[1] + "|"
		newChat := has(after, itsChat) && !has(before, itsChat)

		for _, kind := range eventsOfLine(parts, was, now, newChat) {
			if field, ok := strings.CutPrefix(kind, "field "); ok {
				if fields[parts[1]] == nil {
					fields[parts[1]] = map[string]bool{}
				}

				fields[parts[1]][field] = true

				continue
			}

			expected[kind+" "+parts[1]] = true
		}
	}

	for id, changed := range fields {
		expected[updatedLine(id, slices.Sorted(maps.Keys(changed)))] = true
	}

	return slices.Sorted(maps.Keys(expected))
}

func updatedLine(id string, fields []string) string {
	return string(chat.EventChatUpdated) + " " + id + " " + strings.Join(fields, ",")
}

func merge(a, b describedState) describedState {
	all := maps.Clone(a)
	maps.Copy(all, b)

	return all
}

func has(state describedState, what string) bool {
	_, ok := state[what]

	return ok
}

// eventsOfLine are the events of one line that has changed, and "field …" for what chat.updated names.
func eventsOfLine(parts []string, was, now string, newChat bool) []string {
	pick := func(is bool, kinds ...chat.EventType) []string {
		if !is {
			return nil
		}

		return stringsOf(kinds)
	}

	switch parts[0] {
	case "message":
		return append(
			pick(was == "", chat.EventMessageCreated),
			pick(was != "" && now == "not_sent", chat.EventMessageFailed)...)
	case "delivery":
		return deliveryLine(was, now)
	case "tool_call":
		return pick(slices.Contains([]string{"succeeded", "failed", "unknown"}, now), chat.EventType("tool_call."+now))
	case "approval":
		return append(pick(was == "", chat.EventApprovalRequested), pick(was != "", chat.EventApprovalDecided)...)
	case "contributor_request":
		if parts[2] == "deadline" {
			return pick(was != "" && now != "", chat.EventContributorRequestExtended)
		}

		return append(
			pick(was == "", chat.EventContributorRequestOpened),
			pick(was != "" && now == "answered", chat.EventContributorRequestAnswered)...)
	case "suppression":
		// One that is lifted from its beginning is kept for the record, and was never in force.
		return append(
			pick(now == "in_force", chat.EventSuppressionAdded),
			pick(was != "" && now == "lifted", chat.EventSuppressionLifted)...)
	case "sender":
		return append(pick(now != "", chat.EventSenderBlocked), pick(now == "", chat.EventSenderRestored)...)
	case "webhook_endpoint":
		return pick(was == "enabled" && now == "disabled", chat.EventWebhookEndpointDisabled)
	case "bulk_retry":
		return append(
			pick(now == "paused", chat.EventBulkRetryPaused),
			pick(now == "finished" || now == "canceled", chat.EventBulkRetryFinished)...)
	case "place", "label":
		if newChat {
			return nil
		}

		return []string{map[string]string{"place": "field participants", "label": "field labels"}[parts[0]]}
	}

	switch field := parts[2]; {
	case field == "":
		return pick(was == "", chat.EventChatCreated)
	case field == "needs_response" && now == "yes":
		return pick(true, chat.EventChatNeedsResponse)
	case field == "possible_opt_out":
		return pick(now == "yes", chat.EventChatPossibleOptOut)
	case field == "summary":
		return pick(!newChat, chat.EventSummaryUpdated)
	case newChat:
		return nil
	default:
		return []string{"field " + field}
	}
}

// reportedStatuses are the statuses of a message that the provider took: a delivery that reaches one of them was
// accepted before, if only in the same transaction.
var reportedStatuses = []string{
	"accepted", "delivered", "read", "undelivered", "failed", "canceled_by_provider", "bounced", "unconfirmed",
}

func deliveryLine(was, now string) []string {
	kinds := slices.Clone(eventsOfStatus(now))
	isFinal := func(status string) bool { return slices.Contains(eventsOfStatus(status), chat.EventDeliverySettled) }

	switch {
	case slices.Contains(reportedStatuses, now) && !slices.Contains(reportedStatuses, was):
		kinds = append(kinds, chat.EventDeliveryAccepted)
	case len(kinds) == 2 && isFinal(was):
		kinds = kinds[:1]
	}

	return stringsOf(kinds)
}

// toldOf are the events as lines, like those of [eventsBetween].
func toldOf(events []chat.Event) []string {
	told := map[string]bool{}
	fields := map[string]map[string]bool{}

	for _, e := range events {
		switch {
		case e.Type == chat.EventChatEscalated:
			continue // the call's own event shows it, and chat's tests show which call it is
		case e.Type == chat.EventChatUpdated:
			if fields[e.SubjectID] == nil {
				fields[e.SubjectID] = map[string]bool{}
			}

			for _, field := range e.Data.Fields {
				fields[e.SubjectID][field] = true
			}

		case e.Data.Index != nil:
			told[fmt.Sprintf("%s %s#%d", e.Type, e.SubjectID, *e.Data.Index)] = true
		default:
			told[string(e.Type)+" "+e.SubjectID] = true
		}
	}

	for id, changed := range fields {
		told[updatedLine(id, slices.Sorted(maps.Keys(changed)))] = true
	}

	return slices.Sorted(maps.Keys(told))
}

// watchedTransactions is how many transactions of one method are compared in one test: a comparison reads everything.
const watchedTransactions = 10

// eventWatch compares, around each transaction of a store on SQLite, what has changed in the tables with the events
// that the transaction has made. Those that run at the same time are not compared: what one of them has changed could
// be taken for the other's.
type eventWatch struct {
	t     *testing.T
	plain *db.Store

	mutex sync.Mutex
	// open counts the transactions of writing methods that have not ended.
	open int
	// before is what the tables held, and newest the newest change that was noted by then.
	before describedState
	newest int64
	// count is how many transactions of a method were compared.
	count map[string]int
	// held reports that a transaction is being compared.
	held bool
}

// writers are the methods of the store of which a transaction was compared.
var writers = struct {
	sync.Mutex

	seen map[string]bool
}{seen: map[string]bool{}}

// watchEvents has every transaction of a test compared with its events on SQLite, and the whole log in the end.
func watchEvents(t *testing.T, s *db.Store) *db.Store {
	t.Helper()

	t.Cleanup(func() {
		if !t.Failed() {
			checkLog(t, s)
		}
	})

	if s.Engine() != "sqlite" {
		return s
	}

	return s.Watched(&eventWatch{t: t, plain: s, count: map[string]int{}})
}

// BeforeQuery implements [bun.QueryHook].
func (w *eventWatch) BeforeQuery(ctx context.Context, event *bun.QueryEvent) context.Context {
	if event.Query != "BEGIN" {
		return ctx
	}

	method := writingMethod()
	if method == "" {
		return ctx
	}

	w.mutex.Lock()
	defer w.mutex.Unlock()

	w.open++
	w.held = false

	if w.open > 1 || w.count[method] >= watchedTransactions {
		return ctx
	}

	var err error

	w.before, err = readDescribed(context.WithoutCancel(ctx), w.plain)
	if err == nil {
		w.newest, err = db.NewestEventChange(context.WithoutCancel(ctx), w.plain)
	}

	w.held = err == nil
	w.count[method]++

	return ctx
}

// AfterQuery implements [bun.QueryHook].
func (w *eventWatch) AfterQuery(ctx context.Context, event *bun.QueryEvent) {
	method := writingMethod()
	begun := event.Query == "BEGIN" && event.Err == nil

	if method == "" || begun || !slices.Contains([]string{"BEGIN", "COMMIT", "ROLLBACK"}, event.Query) {
		return
	}

	w.mutex.Lock()
	defer w.mutex.Unlock()

	held := w.held
	w.held = false
	w.open = max(0, w.open-1)

	if !held || event.Query != "COMMIT" || event.Err != nil {
		return
	}

	ctx = context.WithoutCancel(ctx)

	after, events, err := w.readAfter(ctx)
	if err != nil {
		w.t.Errorf("compare what %s has changed with its events: %v", method, err)
		return
	}

	assert.Equal(
		w.t,
		eventsBetween(w.before, after),
		w.withoutRepetitions(toldOf(events), after),
		"%s changes what its events do not tell, or the reverse",
		method,
	)

	writers.Lock()
	defer writers.Unlock()

	writers.seen[method] = true
}

// withoutRepetitions leaves out that a message has failed which had failed before: in between, its provider took it
// after all.
func (w *eventWatch) withoutRepetitions(told []string, after describedState) []string {
	return slices.DeleteFunc(told, func(line string) bool {
		id, failed := strings.CutPrefix(line, string(chat.EventMessageFailed)+" ")
		what := "message|" + id + "|"

		return failed && w.before[what] == "not_sent" && after[what] == "not_sent"
	})
}

// readAfter reads what a transaction has left, and its events.
func (w *eventWatch) readAfter(ctx context.Context) (describedState, []chat.Event, error) {
	after, err := readDescribed(ctx, w.plain)
	if err != nil {
		return nil, nil, err
	}

	events, err := db.EventsSince(ctx, w.plain, w.newest)

	return after, events, err
}

// writingMethod is the exported method of the store that has begun the present transaction, "" outside of inTx.
func writingMethod() string {
	var frames [64]uintptr

	const store = "handrail/db.(*Store)."

	method := ""
	inTx := false
	stack := runtime.CallersFrames(frames[:runtime.Callers(2, frames[:])])

	for more := true; more; {
		var frame runtime.Frame

		frame, more = stack.Next()

		name, ok := strings.CutPrefix(frame.Function, store)
		if !ok {
			continue
		}

		name, _, _ = strings.Cut(name, ".")
		inTx = inTx || name == "runTx"

		if name[0] >= 'A' && name[0] <= 'Z' {
			method = name
		}
	}

	if !inTx {
		return ""
	}

	return method
}

// unwatched are the methods of the store of which no transaction is compared.
var unwatched = slices.Concat(readers, []string{
	// They write what no event tells of.
	"AuditLookUp", "BeginToolTest", "RecordModelWait", "RecordWebhookTest", "ReplaceSealed",
	"ReviewTool", "SaveDiscovered",
	// SQLite has no failovers; on PostgreSQL, the whole log is compared.
	"HoldAfterFailover",
})

// readers are the methods of the store that write nothing.
var readers = []string{
	"Action", "Actions", "Approval", "Approvals", "AuditLog", "BulkOverlaps", "BulkProgress", "BulkRetries",
	"BulkRetry", "BulkSkips", "Bun", "Changed", "Chat", "ChatHead", "ChatTools", "Chats", "ClockOffset", "Close",
	"ContributorRequest", "ContributorRequests", "CountDuplicates", "CountRetryCandidates", "Deliveries",
	"Delivery", "Durability", "Engine", "Events", "EvidenceRivals", "Figures", "FindDelivery", "ForecastRetries",
	"ForgottenSummaries",
	"HasRequest", "HeldDeliveries", "Inbound", "InboundRecord", "Inbox", "Inboxes", "Key", "Keys", "Label",
	"Labels", "LastCallbacks", "ListenEvents", "LoadSendFacts", "Member", "Members", "MessageOwners", "Messages",
	"MigrationsCurrent",
	"Notices", "NotificationRule", "NotificationRules", "OpenDeliveries",
	"Participants", "PhoneNumber", "PhoneNumbers", "Ping", "PoolStats", "Reading", "RetryCandidates",
	"RevokedSenders", "SealedSecrets", "SendView", "SenderAddresses", "SenderGrants", "SenderHealth", "SenderWaiters",
	"SentMessage", "Session", "SharedAddresses", "Summaries", "SummaryDue", "SummarySettings", "SummaryVersion",
	"Suppressions", "TakesPart", "Timeline", "Tool", "ToolCallMessages", "ToolCalls", "Tools", "Transactions",
	"WaitingNotices", "WaitingWebhooks", "Watched", "WebhookAttempts", "WebhookEndpoint", "WebhookEndpoints",
	"Workspace", "WorkspaceDefaults", "WorkspaceStatus", "Workspaces",
}

// misjudgedMethods returns the methods of the store that were compared although they are in unwatched, and those that
// were not compared and are not there.
func misjudgedMethods() []string {
	writers.Lock()
	defer writers.Unlock()

	var wrong []string

	for method := range reflect.TypeFor[*db.Store]().Methods() {
		if writers.seen[method.Name] == slices.Contains(unwatched, method.Name) {
			wrong = append(wrong, method.Name)
		}
	}

	return wrong
}

// TestMain watches the stores of all tests. After a whole run, it holds that every method which writes was compared.
func TestMain(m *testing.M) {
	dbtest.Watch = watchEvents
	code := m.Run()

	if wrong := misjudgedMethods(); code == 0 && isWholeRun() && len(wrong) > 0 {
		fmt.Fprintf(
			os.Stderr,
			"what these methods write is compared with their events in no test, or their place is not among unwatched "+
				"(events_watch_test.go): %s\n",
			strings.Join(wrong, ", "),
		)

		code = 1
	}

	os.Exit(code)
}

// isWholeRun reports whether no test was left out.
func isWholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.bench"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}

	return true
}

// TestTheWatchFindsAMissingEvent takes a trigger away.
func TestTheWatchFindsAMissingEvent(t *testing.T) {
	t.Parallel()

	s := dbtest.New(t)
	w := dbtest.Seed(t, s)

	change := func(title string) (want, got []string) {
		before, err := readDescribed(t.Context(), s)
		require.NoError(t, err)
		newest, err := db.NewestEventChange(t.Context(), s)
		require.NoError(t, err)

		_, err = s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{Title: &title})
		require.NoError(t, err)

		after, err := readDescribed(t.Context(), s)
		require.NoError(t, err)
		events, err := db.EventsSince(t.Context(), s, newest)
		require.NoError(t, err)

		return eventsBetween(before, after), toldOf(events)
	}

	want, got := change("another")
	require.NotEmpty(t, want)
	assert.Equal(t, want, got)

	_, err := s.Bun().ExecContext(t.Context(), "DROP TRIGGER chats_change_noted")
	require.NoError(t, err)

	want, got = change("a third")
	require.NotEmpty(t, want)
	assert.NotEqual(t, want, got)
}
