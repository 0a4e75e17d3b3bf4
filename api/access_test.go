package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// workspaceRoutes are the routes that need a key.
func (w *world) workspaceRoutes(t *testing.T) []operation {
	t.Helper()
	var all []operation

	for _, o := range w.operations(t) {
		if strings.HasPrefix(o.path, "/api/") {
			all = append(all, o)
		}
	}

	require.Greater(t, len(all), 35)

	return all
}

func TestEveryRouteNeedsAKey(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, o := range w.workspaceRoutes(t) {
		for name, authorization := range map[string]string{
			"none":      "",
			"empty":     "Bearer ",
			"unknown":   "Bearer hr_unknown00000000000000000000000000",
			"expired":   "Bearer " + expiredKey,
			"basic":     "Basic aHI6aHI=",
			"not a key": "Bearer eyJhbGciOiJub25lIn0",
			"short":     "Bearer hr_x",
			"long":      "Bearer hr_" + strings.Repeat("x", 500),
		} {
			r := o.exampleRequest(t)

			r.key, r.headers = "-", map[string]string{"Authorization": authorization}
			if authorization == "" {
				r.headers = nil
			}

			a := w.do(t, r)
			requireProblem(t, a, http.StatusUnauthorized, "unauthenticated", "")
			assert.Equal(t, `Bearer realm="handrail"`, a.Header.Get("WWW-Authenticate"), name)
			assert.NotContains(t, a.raw, "Monday", "%s %s: the answer must not tell why a key is refused", o.id, name)
		}
	}

	w.requireUntouched(t)
}

func TestEveryRouteKeepsToItsWorkspace(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, o := range w.workspaceRoutes(t) {
		r := o.exampleRequest(t)
		r.key = foreignKey
		requireProblem(t, w.do(t, r), http.StatusNotFound, "workspace_not_found", "")

		r = o.exampleRequest(t)
		for _, other := range []string{string(foreign), "not-a-uuid", "11111111-1111-4111-8111-11111111111"} {
			r.path = strings.Replace(o.examplePath(), string(home), other, 1)
			requireProblem(t, w.do(t, r), http.StatusNotFound, "workspace_not_found", "")
		}
	}

	w.requireUntouched(t)
}

func TestEveryRouteNeedsItsScope(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, o := range w.workspaceRoutes(t) {
		if ofLogin[o.id] {
			continue // TestWhatEachKindOfKeyIsFor
		}

		for _, body := range []string{"", "{", o.exampleRequest(t).body} {
			r := o.exampleRequest(t)
			r.key, r.body = noScopeKey, body
			requireProblem(t, w.do(t, r), http.StatusForbidden, "forbidden", "")
		}

		r := o.exampleRequest(t)
		r.key, r.path = noScopeKey, strings.NewReplacer("/7", "/abc", "/42", "/0").Replace(r.path)
		requireProblem(t, w.do(t, r), http.StatusForbidden, "forbidden", "")
	}

	w.requireUntouched(t)
}

func TestScopesOfRoutes(t *testing.T) {
	t.Parallel()

	// The weakest scope that opens a route, as the contract has it.
	want := map[string]chat.Scope{
		"addParticipant":       "chats:write",
		"updateParticipant":    "chats:write",
		"removeParticipant":    "chats:write",
		"listParticipants":     "chats:read",
		"sendAssistantMessage": "chats:admin",
		"updateBulkRetry":      "deliveries:admin",
		"previewMessage":       "chats:admin",
		"summarizeChat":        "chats:write",
		"createChat":           "chats:write",
		"listChats":            "chats:read",
		"getChat":              "chats:read",
		"updateChat":           "chats:write",
		"deleteChat":           "chats:write",
		"takeOverChat":         "chats:write",
		"releaseChat":          "chats:write",
		"listMessages":         "chats:read",
		"createMessage":        "chats:write",
		"rateMessage":          "chats:write",
		"listChatTools":        "chats:read",
		"listMembers":          "members:read",
		"getMember":            "members:read",
		"createMember":         "members:write",
		"updateMember":         "members:write",
		"optOutMember":         "members:write",
		"notOptOutMember":      "members:write",
		"mergeMember":          "members:write",
		"deleteMember":         "members:write",
		"listLabels":           "labels:read",
		"getLabel":             "labels:read",
		"createLabel":          "chats:write",
		"updateLabel":          "chats:write",
		"deleteLabel":          "chats:write",
		"getStatus":            "deliveries:read",
		"getHealth":            "deliveries:read",
		"getDoctor":            "workspace:admin",
		"listActions":          "deliveries:read",
		"listDeliveries":       "deliveries:read",
		"getDelivery":          "deliveries:read",
		"retryDelivery":        "deliveries:write",
		"cancelDelivery":       "deliveries:write",
		"lookUpDelivery":       "deliveries:write",
		"resolveDelivery":      "deliveries:write",
		"retryDeliveries":      "deliveries:admin",
		"listBulkRetries":      "deliveries:read",
		"getBulkRetry":         "deliveries:read",
		"listBulkSkipped":      "deliveries:read",
		"pauseBulkRetry":       "deliveries:admin",
		"resumeBulkRetry":      "deliveries:admin",
		"cancelBulkRetry":      "deliveries:admin",
		"listSuppressions":     "deliveries:admin",
		"createSuppression":    "deliveries:admin",
		"liftSuppression":      "deliveries:admin",
		"listAuditLog":         "workspace:admin",
		"listEvents":           "chats:read",
		"createEventToken":     "chats:read",

		"listWebhookEndpoints":  "webhooks:read",
		"getWebhookEndpoint":    "webhooks:read",
		"listWebhookAttempts":   "webhooks:read",
		"createWebhookEndpoint": "webhooks:write",
		"updateWebhookEndpoint": "webhooks:write",
		"deleteWebhookEndpoint": "webhooks:write",
		"rotateWebhookSecret":   "webhooks:write",
		"testWebhookEndpoint":   "webhooks:write",
		"replayWebhookEvents":   "webhooks:write",
		"replayWebhookEvent":    "webhooks:write",

		"listNotificationRules":  "webhooks:read",
		"getNotificationRule":    "webhooks:read",
		"listNotices":            "webhooks:read",
		"createNotificationRule": "webhooks:write",
		"updateNotificationRule": "webhooks:write",
		"deleteNotificationRule": "webhooks:write",
		"testNotificationRule":   "webhooks:write",
	}

	maps.Copy(want, map[string]chat.Scope{
		"listTools":                "tools:read",
		"getTool":                  "tools:read",
		"createTool":               "tools:write",
		"updateTool":               "tools:write",
		"deleteTool":               "tools:write",
		"testTool":                 "tools:write",
		"refreshTool":              "tools:write",
		"rotateSigningSecret":      "tools:write",
		"listToolCallMessages":     "chats:read",
		"listToolCalls":            "chats:read",
		"listInbound":              "chats:read",
		"getInbound":               "chats:read",
		"replayInbound":            "chats:write",
		"listApprovals":            "chats:admin",
		"decideApproval":           "chats:admin",
		"getApproval":              "chats:admin",
		"decideRequest":            "chats:admin",
		"resolveToolCall":          "chats:admin",
		"listContributorRequests":  "chats:read",
		"getContributorRequest":    "chats:read",
		"answerContributorRequest": "chats:write",
		"cancelContributorRequest": "chats:admin",
		"extendContributorRequest": "chats:write",
		"listSummaries":            "chats:read",
		"getSummary":               "chats:read",
		"restoreSummary":           "chats:write",
		"undoLabels":               "chats:write",
		"getSummarySettings":       "workspace:read",
		"updateSummarySettings":    "workspace:admin",
		"getWorkspaceDefaults":     "workspace:read",
		"updateWorkspaceDefaults":  "workspace:admin",
		"sendMessage":              "chats:admin",
		"upsertMember":             "members:write",
	})

	for _, sender := range []string{"PhoneNumber", "Inbox"} {
		for _, verb := range []string{"create", "update", "delete"} {
			want[verb+sender] = "workspace:admin"
		}

		want["get"+sender] = "chats:read"
	}

	want["listPhoneNumbers"] = "chats:read"
	want["listInboxes"] = "chats:read"

	// Who may change the senders may read them.
	also := map[string]chat.Scope{
		"listPhoneNumbers": "workspace:admin",
		"getPhoneNumber":   "workspace:admin",
		"listInboxes":      "workspace:admin",
		"getInbox":         "workspace:admin",
	}

	for _, id := range []string{"listApiKeys", "createApiKey", "getApiKey", "revokeApiKey"} {
		want[id] = "keys:admin"
	}

	w := newWorld(t)
	for _, o := range w.workspaceRoutes(t) {
		if o.id == "getAction" || o.id == "resumeAction" || o.id == "cancelAction" || o.id == "changeAction" {
			continue // TestActionsAreForThoseWhoMayAskForThem
		}

		if ofLogin[o.id] {
			continue // TestWhatEachKindOfKeyIsFor
		}

		scope, ok := want[o.id]
		require.True(t, ok, "%s is not in the table", o.id)

		for _, held := range allScopes() {
			w.grant(held)
			w.store.server = o.id == "refreshTool"
			r := o.exampleRequest(t)
			r.key = noScopeKey

			a := w.do(t, r)
			if held.Includes(scope) || also[o.id] != "" && held.Includes(also[o.id]) {
				// Making keys is also bound by what the key holds.
				assert.True(t, a.StatusCode < 300 || strings.Contains(a.raw, "cannot grant"), "%s: %s", held, a.raw)
			} else {
				assert.Equal(t, http.StatusForbidden, a.StatusCode, "%s: %s", held, a.raw)
			}
		}
	}
}

func allScopes() []chat.Scope {
	var all []chat.Scope

	areas := []string{"chats", "members", "labels", "tools", "deliveries", "webhooks", "keys", "workspace"}
	for _, area := range areas {
		for _, level := range []string{"read", "write", "admin"} {
			all = append(all, chat.Scope(area+":"+level))
		}
	}

	return all
}

// grant gives the key without scopes some.
func (w *world) grant(scopes ...chat.Scope) {
	for hash, p := range w.store.principals {
		if p.KeyID == 3 {
			p.Scopes = scopes
			w.store.principals[hash] = p
		}
	}
}

func TestOwnChats(t *testing.T) {
	t.Parallel()

	own := map[string]bool{
		"getChat":              true,
		"listMessages":         true,
		"createMessage":        true,
		"rateMessage":          true,
		"listParticipants":     true,
		"summarizeChat":        true,
		"listToolCallMessages": true,
		"listSummaries":        true,
		"getSummary":           true,
	}

	w := newWorld(t)
	for _, o := range w.workspaceRoutes(t) {
		if o.id == "getContributorRequest" || o.id == "answerContributorRequest" {
			continue // TestContributorRequestsAreForWhoWasAsked
		}

		if ofLogin[o.id] {
			continue // TestWhatEachKindOfKeyIsFor
		}

		r := o.exampleRequest(t)
		r.key = userKey

		a := w.do(t, r)
		if !own[o.id] {
			requireProblem(t, a, http.StatusForbidden, "forbidden", "")
			continue
		}

		assert.Less(t, a.StatusCode, 300, "%s: %s", o.id, a.raw)

		r.path = strings.Replace(r.path, "/chats/7", "/chats/8", 1)
		requireProblem(t, w.do(t, r), http.StatusForbidden, "forbidden", "")
	}
}

func TestWritingAsAnotherMember(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	r := request{
		method: http.MethodPost,
		path:   workspaceURL("/chats/7/messages"),
		key:    userKey,
		body:   `{"content":"hi","memberId":9}`,
	}

	requireProblem(t, w.do(t, r), http.StatusForbidden, "forbidden", "")
	w.requireUntouched(t)

	r.key = managerKey
	require.Equal(t, http.StatusCreated, w.do(t, r).StatusCode)
	assert.Equal(t, chat.MemberID(9), w.store.newMessage.MemberID)
}

func TestOrderOfChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	elsewhere := strings.Replace(workspaceURL("/chats/999/send-assistant-message"), string(home), string(foreign), 1)
	for name, test := range map[string]struct {
		request
		status int
		code   string
	}{
		"401 before all":              {request{path: elsewhere, key: "-", body: "{"}, 401, "unauthenticated"},
		"404 workspace before 403":    {request{path: elsewhere, key: noScopeKey, body: "{"}, 404, "workspace_not_found"},
		"403 before 404 object":       {request{path: workspaceURL("/chats/999/send-assistant-message"), key: noScopeKey, body: "{"}, 403, "forbidden"},
		"403 before a bad id":         {request{path: workspaceURL("/chats/abc/send-assistant-message"), key: noScopeKey, body: "{"}, 403, "forbidden"},
		"a bad id before the body":    {request{path: workspaceURL("/chats/abc/send-assistant-message"), body: "{"}, 400, "invalid_request"},
		"404 object before the body":  {request{path: workspaceURL("/chats/999/send-assistant-message"), body: "{"}, 404, "chat_not_found"},
		"404 object before the query": {request{path: workspaceURL("/chats/999/send-assistant-message?x=1"), body: "{}"}, 404, "chat_not_found"},
		"400 at last":                 {request{path: workspaceURL("/chats/7/send-assistant-message"), body: "{"}, 400, "invalid_request"},
	} {
		test.method = http.MethodPost

		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireProblem(t, w.do(t, test.request), test.status, test.code, "")
			w.requireUntouched(t)
		})
	}
}

func TestEveryPathIDIsChecked(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, o := range w.workspaceRoutes(t) {
		for _, raw := range o.parameters {
			p := raw.(map[string]any)

			name := p["name"].(string)
			if p["in"] != "path" || name == "workspace_uuid" {
				continue
			}

			wrong := []string{"abc", "0", "-1", "9223372036854775808", "1.0", "1e3", "%00", "%zz", "+1"}
			if p["schema"].(map[string]any)["format"] == "uuid" {
				wrong = []string{
					"abc",
					"0",
					"01934f6e7f3c7c4e9d2b1f4d5a6b7c8d",
					"{01934f6e-7f3c-7c4e-9d2b-1f4d5a6b7c8d}",
					"%00",
				}
			}

			if name == "call_id" {
				wrong = []string{"%00", "%ff", strings.Repeat("a", 65)}
			}

			if name == "external_id" {
				wrong = []string{"%00", "%ff", "a%20b", strings.Repeat("a", 256)}
			}

			example, err := json.Marshal(p["example"])
			require.NoError(t, err)

			for _, id := range wrong {
				r := o.exampleRequest(t)
				r.path = strings.Replace(o.path, "{workspace_uuid}", string(home), 1)
				r.path = strings.Replace(r.path, "{"+name+"}", id, 1)

				for _, other := range o.parameters {
					q := other.(map[string]any)
					text, err := json.Marshal(q["example"])
					require.NoError(t, err)

					r.path = strings.ReplaceAll(r.path, "{"+q["name"].(string)+"}", strings.Trim(string(text), `"`))
				}

				requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", "path."+name)
			}

			require.NotEmpty(t, example)
		}
	}

	w.requireUntouched(t)
}

func TestMissingObjects(t *testing.T) {
	t.Parallel()

	for path, code := range map[string]chat.Code{
		"/members/42":                        chat.CodeMemberNotFound,
		"/chat-labels/3":                     chat.CodeLabelNotFound,
		"/phone-numbers/1":                   chat.CodeSenderNotFound,
		"/inboxes/1":                         chat.CodeSenderNotFound,
		"/api-keys/5":                        chat.CodeKeyNotFound,
		"/deliveries/" + string(deliveryID):  chat.CodeDeliveryNotFound,
		"/bulk-retries/" + string(actionOne): chat.CodeBulkRetryNotFound,
	} {
		w := newWorld(t)
		w.store.fail = chat.Errorf(code, "there is no such thing")
		requireProblem(
			t,
			w.do(t, request{method: http.MethodGet, path: workspaceURL(path)}),
			http.StatusNotFound,
			string(code),
			"",
		)
	}

	w := newWorld(t)
	requireProblem(
		t,
		w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/8")}),
		http.StatusNotFound,
		"chat_not_found",
		"",
	)

	requireProblem(
		t,
		w.do(t, request{method: http.MethodGet, path: workspaceURL("/actions/" + string(actionOne))}),
		http.StatusNotFound,
		"action_not_found",
		"",
	)
}
