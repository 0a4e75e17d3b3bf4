package console_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// someID is an id of what has a UUID.
const someID = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"

// twin is a form of the console, and the operation of the API that it calls: "" for one that only leads to a page.
type twin struct {
	form      string
	operation string
	// fields are those without which the form asks for nothing: name, value, name, value…
	fields []string
}

// twins are all forms of the console below the workspace, and what those that decide several ways call in each.
var twins = []twin{
	{"/decisions/approval", "decideApproval", []string{"action", someID}},
	{"/decisions/approval", "decideRequest", []string{"approval", someID}},
	{"/decisions/contributor", "answerContributorRequest", []string{"request", someID, "member", "7", "answer", "yes"}},
	{"/decisions/contributor/extend", "extendContributorRequest", []string{"request", someID, "deadline", "2026-12-02T10:00"}},
	{"/decisions/contributor/cancel", "cancelContributorRequest", []string{"request", someID}},
	{"/decisions/inbound", "replayInbound", []string{"inbound", someID}},
	{"/decisions/opt-out", "optOutMember", []string{"member", "7", "opted_out", "yes"}},
	{"/decisions/opt-out", "notOptOutMember", []string{"member", "7", "opted_out", "no"}},
	{"/decisions/person", "resolveDelivery", []string{"delivery", someID, "as", "sent"}},
	{"/decisions/person", "retryDelivery", []string{"delivery", someID, "do", "retry"}},
	{"/decisions/person", "cancelDelivery", []string{"delivery", someID, "do", "cancel"}},
	{"/decisions/tool_decision", "resolveToolCall", []string{"call", someID + "/call_1"}},
	{"/deliveries/{id}/cancel", "cancelDelivery", nil},
	{"/deliveries/{id}/look-up", "lookUpDelivery", nil},
	{"/deliveries/{id}/resolve", "resolveDelivery", nil},
	{"/deliveries/{id}/retry", "retryDelivery", nil},
	{"/deliveries/{id}/suppressions/{suppression}/lift", "liftSuppression", nil},
	{"/actions/{id}/approve", "decideApproval", nil},
	{"/actions/{id}/cancel", "cancelAction", nil},
	{"/actions/{id}/change", "changeAction", nil},
	{"/actions/{id}/resume", "resumeAction", nil},
	{"/actions/{id}/tool-calls", "resolveToolCall", []string{"call", someID}},
	{"/chats/{id}/draft", "getChat", nil},
	{"/chats/{id}/labels", "updateChat", nil},
	{"/chats/{id}/needs-response", "updateChat", nil},
	{"/chats/{id}/participants", "addParticipant", []string{"member_id", "7"}},
	{"/chats/{id}/participants/{participant}/remove", "removeParticipant", nil},
	{"/chats/{id}/participants/{participant}/role", "updateParticipant", nil},
	{"/chats/{id}/preview", "getChat", nil},
	{"/chats/{id}/release", "releaseChat", nil},
	{"/chats/{id}/sender", "updateChat", []string{"sender", "3"}},
	{"/chats/{id}/send", "sendAssistantMessage", []string{"message", "Hello", "text", "Hello"}},
	{"/chats/{id}/state", "updateChat", nil},
	{"/chats/{id}/summaries/{version}/restore", "restoreSummary", nil},
	{"/chats/{id}/summaries/{version}/undo-labels", "undoLabels", nil},
	{"/chats/{id}/summarize", "summarizeChat", nil},
	{"/chats/{id}/takeover", "takeOverChat", nil},
	{"/chats/{id}/title", "updateChat", nil},
	{"/failures/bulk/new", "retryDeliveries", []string{"status", "rejected", "reason", "Again"}},
	{"/failures/bulk/{id}/cancel", "cancelBulkRetry", nil},
	{"/failures/bulk/{id}/pause", "pauseBulkRetry", nil},
	{"/failures/bulk/{id}/rate", "updateBulkRetry", []string{"rate_per_second", "5"}},
	{"/failures/bulk/{id}/resume", "resumeBulkRetry", nil},
	{"/find", "", []string{"q", "Ana"}},
	{"/inbound/{id}/replay", "replayInbound", nil},
	{"/people", "", nil},
	{"/people/{id}/edit", "updateMember", []string{"name", "Ana"}},
	{"/people/{id}/merge", "mergeMember", []string{"into", "9"}},
	{"/people/{id}/not-opt-out", "notOptOutMember", nil},
	{"/people/{id}/opt-out", "optOutMember", nil},
	{"/people/{id}/write", "sendMessage", []string{"message", "Hello"}},
	{"/people/{id}/suppressions/{suppression}/lift", "liftSuppression", nil},
	{"/settings/defaults", "updateWorkspaceDefaults", nil},
	{"/settings/keys/{id}/revoke", "revokeApiKey", nil},
	{"/settings/labels", "createLabel", nil},
	{"/settings/labels/{id}", "updateLabel", nil},
	{"/settings/labels/{id}/delete", "deleteLabel", nil},
	{"/settings/notifications", "createNotificationRule", nil},
	{"/settings/notifications/{id}", "updateNotificationRule", nil},
	{"/settings/notifications/{id}/delete", "deleteNotificationRule", nil},
	{"/settings/notifications/{id}/enabled", "updateNotificationRule", nil},
	{"/settings/notifications/{id}/test", "testNotificationRule", nil},
	{"/settings/senders/inboxes", "createInbox", nil},
	{"/settings/senders/inboxes/{id}", "updateInbox", nil},
	{"/settings/senders/inboxes/{id}/delete", "deleteInbox", nil},
	{"/settings/senders/phone-numbers", "createPhoneNumber", nil},
	{"/settings/senders/phone-numbers/{id}", "updatePhoneNumber", nil},
	{"/settings/senders/phone-numbers/{id}/delete", "deletePhoneNumber", nil},
	{"/settings/senders/inboxes/{id}/test", "sendAssistantMessage", []string{"to", "42", "message", "Hello"}},
	{"/settings/senders/phone-numbers/{id}/test", "sendAssistantMessage", []string{"to", "42", "message", "Hello"}},
	{"/settings/summaries", "updateSummarySettings", nil},
	{"/settings/suppressions", "createSuppression", nil},
	{"/settings/suppressions/{id}/lift", "liftSuppression", nil},
	{"/settings/tools/{id}", "testTool", nil},
	{"/settings/webhooks", "createWebhookEndpoint", nil},
	{"/settings/webhooks/{id}/delete", "deleteWebhookEndpoint", nil},
	{"/settings/webhooks/{id}/enabled", "updateWebhookEndpoint", nil},
	{"/settings/webhooks/{id}/events/{event}/replay", "replayWebhookEvent", nil},
	{"/settings/webhooks/{id}/replay", "replayWebhookEvents", []string{"since", "2026-11-30T00:00:00Z"}},
	{"/settings/webhooks/{id}/secret", "rotateWebhookSecret", nil},
	{"/settings/webhooks/{id}/test", "testWebhookEndpoint", nil},
	{"/probe", "retryDelivery", []string{"delivery", someID}},
	{"/seen", "", nil},
	{"/stream", "createEventToken", nil},
	{"/logout", "endSession", nil},
}

// operation is what the API's document says of one of its calls.
type operation struct {
	id     string
	method string
	path   *regexp.Regexp
	status int
}

// documentedAPI plays the API as its document describes it: to every call that the document knows it answers with an
// empty object.
type documentedAPI struct {
	*testing.T
	operations []operation

	mutex sync.Mutex
	calls []string
}

// inBraces is a parameter of a path.
var inBraces = regexp.MustCompile(`\{[^}]+\}`)

func newDocumentedAPI(t *testing.T) *documentedAPI {
	t.Helper()

	raw, err := os.ReadFile("../client/openapi.json")
	require.NoError(t, err)

	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}

	require.NoError(t, json.Unmarshal(raw, &document))

	api := &documentedAPI{T: t}

	for path, methods := range document.Paths {
		for method, raw := range methods {
			var found struct {
				OperationID string                     `json:"operationId"`
				Responses   map[string]json.RawMessage `json:"responses"`
			}

			if json.Unmarshal(raw, &found) == nil && found.OperationID != "" {
				api.operations = append(api.operations, operation{
					id:     found.OperationID,
					method: strings.ToUpper(method),
					path:   regexp.MustCompile("^" + inBraces.ReplaceAllString(path, "[^/]+") + "$"),
					status: firstStatus(t, found.Responses),
				})
			}
		}
	}

	return api
}

// firstStatus returns the lowest status of the answers, which is that of success.
func firstStatus[V any](t *testing.T, responses map[string]V) int {
	t.Helper()

	lowest := http.StatusInternalServerError

	for text := range responses {
		if status, err := strconv.Atoi(text); err == nil {
			lowest = min(lowest, status)
		}
	}

	return lowest
}

// find returns the operation of a call; nil if the document has none. A path without parameters comes before one that
// has them.
func (a *documentedAPI) find(r *http.Request) *operation {
	var found *operation

	for i := range a.operations {
		one := &a.operations[i]
		if one.method == r.Method && one.path.MatchString(r.URL.Path) {
			if found == nil || strings.Count(one.path.String(), "[") < strings.Count(found.path.String(), "[") {
				found = one
			}
		}
	}

	return found
}

// ServeHTTP answers a call, and notes it if it is more than a look.
func (a *documentedAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found := a.find(r)
	if found == nil {
		a.Errorf("the console has called %s %s, which the API does not have", r.Method, r.URL.Path)
		w.WriteHeader(http.StatusNotFound)

		return
	}

	if found.id != "getSession" {
		a.mutex.Lock()
		a.calls = append(a.calls, found.id)
		a.mutex.Unlock()
	}

	status := found.status

	body, _ := io.ReadAll(r.Body)
	if found.id == "retryDeliveries" && !strings.Contains(string(body), `"dry_run":true`) {
		status = http.StatusAccepted
	}

	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Handrail-Version", "2026-11-29")
	w.WriteHeader(status)

	if status != http.StatusNoContent {
		scopes, _ := json.Marshal(allScopes)
		answer := `{"items":[],"scopes":` + string(scopes) + `,"action":{},"delivery":{},"http":{"schema":{}}`

		switch found.id {
		case "retryDeliveries", "getBulkRetry":
			answer += `,"id":"` + someID + `"`
		case "getSession":
			answer += `,"kind":"session","workspace_id":"` + theWorkspace + `"`
		case "getWorkspaceDefaults":
			answer += `,"assistant_member_id":2`
		case "createSession":
			answer += `,"kind":"session","key":"hr_session"`
		}

		_, _ = io.WriteString(w, answer+`}`)
	}
}

// takeCalls returns the calls since the last look.
func (a *documentedAPI) takeCalls() []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()

	calls := a.calls
	a.calls = nil

	return calls
}

// fillPath returns a path of a pattern, with ids in the places of its parameters.
func fillPath(pattern string) string {
	id := "7"
	if regexp.MustCompile(`/(deliveries|actions|bulk|inbound)/\{id\}`).MatchString(pattern) {
		id = someID
	}

	return strings.NewReplacer(
		"{workspace}", theWorkspace,
		"{id}", id,
		"{version}", someID,
		"{event}", someID,
		"{participant}", "8",
		"{suppression}", "9",
		"{$}", "",
	).Replace(pattern)
}

// newConsole returns a console before an API.
func newConsole(t *testing.T, api http.Handler) *console.Handler {
	t.Helper()

	server := httptest.NewServer(api)
	t.Cleanup(server.Close)

	pages, err := console.New(console.Config{
		API:    server.URL,
		Doer:   server.Client(),
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)

	return pages
}

// ask makes a request of a browser that is logged in.
func ask(pages http.Handler, method, path string, fields url.Values) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(fields.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.AddCookie(&http.Cookie{Name: "__Secure-handrail_session_" + theWorkspace, Value: "hr_session"})

	answer := httptest.NewRecorder()
	pages.ServeHTTP(answer, request)

	return answer
}

// TestEveryButtonHasItsRESTTwin walks through all forms that the console serves: each calls an operation of the API's
// document, which twins names. A form that is not in the table fails the test, and so does one that calls nothing.
func TestEveryButtonHasItsRESTTwin(t *testing.T) {
	t.Parallel()

	const workspace = console.Root + "/w/{workspace}"

	api := newDocumentedAPI(t)
	pages := newConsole(t, api)
	token := tokenIn.FindStringSubmatch(ask(pages, http.MethodGet, fillPath(workspace+"/settings"), nil).Body.String())
	require.Len(t, token, 2)

	inTable := map[string]bool{}
	for _, twin := range twins {
		inTable[twin.form] = true
		fields := url.Values{"csrf": {token[1]}, "once": {"once-1"}}

		for i := 0; i < len(twin.fields); i += 2 {
			fields.Set(twin.fields[i], twin.fields[i+1])
		}

		api.takeCalls()

		answer := ask(pages, http.MethodPost, fillPath(workspace+twin.form), fields)

		if twin.operation == "" {
			assert.Equal(t, http.StatusSeeOther, answer.Code, "%s leads to a page, which asks", twin.form)
		} else {
			assert.Contains(t, api.takeCalls(), twin.operation, "%s: %s", twin.form, answer.Body)
		}

		assert.Less(t, answer.Code, http.StatusBadRequest, "%s: %s", twin.form, answer.Body)
	}

	for _, pattern := range pages.Patterns() {
		form, isForm := strings.CutPrefix(pattern, http.MethodPost+" "+workspace)
		if isForm {
			assert.True(t, inTable[form], "the form %s is not in the table of twins", form)
			delete(inTable, form)
		}
	}

	assert.Empty(t, inTable, "the console has no such forms any more")
}

// TestTheLoginHasItsRESTTwin logs in, which is the one form without a session.
func TestTheLoginHasItsRESTTwin(t *testing.T) {
	t.Parallel()

	api := newDocumentedAPI(t)
	pages := newConsole(t, api)
	fields := url.Values{"workspace": {theWorkspace}, "key": {"hr_key"}}

	answer := ask(pages, http.MethodPost, console.Root+"/login", fields)

	assert.Equal(t, http.StatusSeeOther, answer.Code, answer.Body)
	assert.Equal(t, []string{"createSession", "endSession"}, api.takeCalls(), "the session before ends")
}
