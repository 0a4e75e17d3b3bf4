package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

const (
	newHTTPTool = `{"kind":"http","name":"book_table","http":{"method":"POST","url":"https://desk.example.com/t",` +
		`"schema":{"type":"object"}}`
	newMCPTool = `{"kind":"mcp","name":"concierge","mcp":{"url":"https://mcp.example.com"}`
)

func TestDefiningAnHTTPTool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/tools"),
			body: newHTTPTool + `,"description":"Books","risk":"approval","timeout_seconds":20,` +
				`"undo":{"tool":"cancel_table","arguments":{"id":"$result.id"}},"secrets":{"API_KEY":"hush"}}`,
		},
	)

	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, workspaceURL("/tools/4"), a.Header.Get("Location"))
	assert.Equal(t, "whsec_c2VjcmV0", a.json["signing_secret"])
	assert.Equal(t, []any{"API_KEY"}, a.json["secrets"])
	assert.NotContains(t, a.raw, "hush")
	assert.NotContains(t, a.raw, "sealed")
	assert.Equal(t, "hush", *w.tools.secrets["API_KEY"])
	stored := w.store.stored
	assert.Equal(t, []any{home, chat.ToolHTTP, chat.RiskApproval, 20 * time.Second, true, false},
		[]any{stored.WorkspaceID, stored.Kind, stored.Risk, stored.Timeout, stored.Enabled, stored.Idempotent})

	assert.Equal(t, &chat.Undo{Tool: "cancel_table", Arguments: []byte(`{"id":"$result.id"}`)}, stored.Undo)
	assert.Equal(t, []byte("sealed"), stored.Sealed)

	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/tools/4")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.NotContains(t, a.json, "signing_secret")
	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/tools?kind=http&limit=2")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, chat.ToolFilter{Kind: chat.ToolHTTP, Page: chat.Page{Limit: 2}}, w.store.toolFilter)
	assert.Equal(t, "next", a.json["next_cursor"])
}

func TestDefiningAnMCPServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.tools.prepare = func(d *chat.ToolDefinition) error {
		d.MCP.Discovered, d.MCP.DiscoveredAt = taxiServer().MCP.Discovered, &noon
		return nil
	}

	a := w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/tools"),
			body: `{"kind":"mcp","name":"concierge","mcp":{"command":"files",` +
				`"tools":{"order_taxi":{"risk":"read","undo":{"tool":"concierge.order_taxi"}}}}}`,
		},
	)

	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.NotContains(t, a.json, "signing_secret", "MCP requests are not signed")
	assert.Equal(t, []any{chat.RiskWrite, 10 * time.Second}, []any{w.store.stored.Risk, w.store.stored.Timeout})
	assert.Equal(t, chat.RiskRead, *w.store.stored.MCP.Overrides["order_taxi"].Risk)

	shown := a.json["mcp"].(map[string]any)
	assert.Equal(t, "order_taxi", shown["discovered"].([]any)[0].(map[string]any)["name"])
	assert.Equal(t, "files", shown["command"])
}

func TestToolsThatCanNotBeDefined(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct{ body, code, field string }{
		"no http":             {`{"kind":"http","name":"a"}`, "invalid_request", "http"},
		"both":                {newHTTPTool + `,"mcp":{"url":"https://x.example"}}`, "invalid_request", "mcp"},
		"http of a server":    {newMCPTool + `,"http":{"method":"GET","url":"https://x.example"}}`, "invalid_request", "http"},
		"a server's undo":     {newMCPTool + `,"undo":{"tool":"add_label"}}`, "invalid_request", "undo"},
		"unknown override":    {`{"kind":"mcp","name":"c","mcp":{"url":"https://x.example","tools":{"fly":{}}}}`, "invalid_request", "mcp.tools.fly"},
		"unknown undo":        {newHTTPTool + `,"undo":{"tool":"unbook"}}`, "invalid_request", "undo.tool"},
		"undo arguments":      {newHTTPTool + `,"undo":{"tool":"add_label","arguments":[]}}`, "invalid_request", "undo.arguments"},
		"a kind":              {`{"kind":"builtin","name":"a"}`, "invalid_request", "kind"},
		"timeout":             {newHTTPTool + `,"timeout_seconds":121}`, "invalid_request", "timeout_seconds"},
		"method":              {`{"kind":"http","name":"a","http":{"method":"HEAD","url":"https://x.example"}}`, "invalid_request", "http.method"},
		"person as assistant": {newHTTPTool + `,"assistants":[42]}`, "invalid_request", "assistants[0]"},
		"secret of no text":   {newHTTPTool + `,"secrets":{"A":1}}`, "invalid_request", "secrets.A"},
		"unknown field":       {newHTTPTool + `,"retries":3}`, "invalid_request", "retries"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/tools"), body: test.body})
			requireProblem(t, a, http.StatusBadRequest, test.code, test.field)
			w.requireUntouched(t)
		})
	}
}

func TestWhatTheToolboxRefusesIsNotStored(t *testing.T) {
	t.Parallel()

	for _, refusal := range []*chat.Error{
		chat.InvalidAs(chat.CodeAddressRefused, "http.url", "must be public"), chat.InvalidAs(chat.CodeToolUnavailable, "mcp.url", "must answer"),
		chat.InvalidAs(chat.CodeEncryptionOff, "secrets", "cannot be kept"),
	} {
		w := newWorld(t)

		w.tools.prepare = func(*chat.ToolDefinition) error { return refusal }
		for _, r := range []request{{method: http.MethodPost, path: workspaceURL("/tools"), body: newHTTPTool + `}`}, {method: http.MethodPatch, path: workspaceURL("/tools/4"), body: `{"name":"b"}`}} {
			requireProblem(t, w.do(t, r), http.StatusBadRequest, string(refusal.Code), refusal.Fields[0].Field)
		}

		w.requireUntouched(t)
	}
}

func TestChangingATool(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	change := func(id, body string) answer {
		return w.do(t, request{method: http.MethodPatch, path: workspaceURL("/tools/" + id), body: body})
	}

	a := change("4", `{"risk":"approval","undo":{"tool":""},"secrets":{"DESK_KEY":null}}`)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	want := bookTool()
	want.Risk, want.Undo = chat.RiskApproval, nil
	assert.Equal(t, want.HTTP, w.store.stored.HTTP, "what is left out stays")

	assert.Equal(
		t,
		[]any{want.Version, want.Risk, want.Undo},
		[]any{w.store.stored.Version, w.store.stored.Risk, w.store.stored.Undo},
	)

	value, given := w.tools.secrets["DESK_KEY"]
	assert.True(t, given && value == nil)

	requireProblem(t, change("4", `{"kind":"mcp"}`), http.StatusBadRequest, "invalid_request", "kind")

	requireProblem(
		t,
		change("4", `{"mcp":{"url":"https://x.example"}}`),
		http.StatusBadRequest,
		"invalid_request",
		"mcp",
	)

	w.tools.prepare = func(*chat.ToolDefinition) error { return chat.Errorf(chat.CodeToolUnavailable, "away") }
	a = change("5", `{"enabled":false,"risk":"approval","timeout_seconds":20,"description":"Away","assistants":[]}`)
	require.Equal(t, http.StatusOK, a.StatusCode, "a server that is away can be disabled: %s", a.raw)

	assert.Equal(
		t,
		[]any{false, chat.RiskApproval, 20 * time.Second},
		[]any{w.store.stored.Enabled, w.store.stored.Risk, w.store.stored.Timeout},
	)

	assert.NotEmpty(t, w.store.stored.MCP.Discovered)

	w.store.fail = chat.Errorf(chat.CodeConflict, "changed meanwhile")

	requireProblem(t, change("4", `{"enabled":false}`), http.StatusConflict, "conflict", "")

	w.store.definition = func(chat.ToolID) (chat.ToolDefinition, error) {
		return chat.ToolDefinition{}, chat.Errorf(chat.CodeToolNotFound, "there is no such tool")
	}

	requireProblem(t, change("4", `{"enabled":false}`), http.StatusNotFound, "tool_not_found", "")
}

func TestTestingATool(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		id, body string
		outcome  chat.ToolOutcome
		invoked  chat.ToolInvocation
		want     map[string]any
	}{
		"succeeds": {
			"4", `{"arguments":{"guests":4}}`,
			chat.ToolOutcome{Kind: chat.ToolSucceeded, Result: []byte(`{"id":1}`), HTTPStatus: 201},
			chat.ToolInvocation{Tool: "book_table", Arguments: []byte(`{"guests":4}`), WorkspaceID: home},
			map[string]any{"outcome": "succeeded", "result": map[string]any{"id": 1.0}, "http_status": 201.0},
		},
		"is not known": {
			"4", `{"arguments":{"guests":4}}`,
			chat.ToolOutcome{Kind: chat.ToolUnknown, Code: "timeout", Message: "no answer in time"},
			chat.ToolInvocation{Tool: "book_table", Arguments: []byte(`{"guests":4}`), WorkspaceID: home},
			map[string]any{"outcome": "unknown", "error_code": "timeout", "error": "no answer in time"},
		},
		"of a server": {
			"5", `{"tool":"order_taxi","arguments":{"at":"20:00"}}`,
			chat.ToolOutcome{Kind: chat.ToolNotRun, Code: "tool_unavailable"},
			chat.ToolInvocation{Tool: "order_taxi", Arguments: []byte(`{"at":"20:00"}`), WorkspaceID: home},
			map[string]any{"outcome": "not_run", "error_code": "tool_unavailable"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.tools.call = func(chat.ToolInvocation) chat.ToolOutcome { return test.outcome }
			a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/tools/" + test.id + "/test"), body: test.body})
			require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
			assert.Contains(t, a.json, "duration_ms")
			delete(a.json, "duration_ms")
			assert.Equal(t, test.want, a.json)
			assert.Equal(t, []chat.ToolInvocation{test.invoked}, w.tools.invoked)
		})
	}
}

func TestTestsThatAreRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, test := range []struct{ id, body, code, field string }{
		{"4", `{"arguments":{"guests":"four"}}`, "invalid_tool_arguments", "arguments.guests"},
		{"4", `{}`, "invalid_tool_arguments", "arguments.guests"},
		{"4", `{"arguments":[]}`, "invalid_request", "arguments"},
		{"4", `{"tool":"order_taxi","arguments":{"guests":4}}`, "invalid_request", "tool"},
		{"5", `{"arguments":{"at":"20:00"}}`, "invalid_request", "tool"},
		{"5", `{"tool":"fly","arguments":{"at":"20:00"}}`, "invalid_request", "tool"},
	} {
		a := w.do(t, request{method: http.MethodPost, path: workspaceURL("/tools/" + test.id + "/test"), body: test.body})
		requireProblem(t, a, http.StatusBadRequest, test.code, test.field)
	}

	assert.Empty(t, w.tools.invoked)
}

func TestRefreshingAndRotating(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(path string) answer { return w.do(t, request{method: http.MethodPost, path: workspaceURL(path)}) }
	a := post("/tools/5/refresh")
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Len(t, w.store.discovered, 1)
	requireProblem(t, post("/tools/4/refresh"), http.StatusBadRequest, "invalid_request", "path.tool_id")

	w.tools.discover = func(*chat.ToolDefinition) error {
		return chat.InvalidAs(chat.CodeToolUnavailable, "mcp.url", "must be an MCP server that answers")
	}

	requireProblem(t, post("/tools/5/refresh"), http.StatusBadRequest, "tool_unavailable", "mcp.url")

	a = post("/tools/4/signing-secret")
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, map[string]any{"signing_secret": "whsec_bmV3"}, a.json)
	assert.Equal(t, []byte("sealed anew"), w.store.stored.Sealed)
	requireProblem(t, post("/tools/5/signing-secret"), http.StatusBadRequest, "invalid_request", "path.tool_id")
	assert.Equal(t, []string{"SaveDiscovered", "UpdateTool"}, w.store.changed())
}

func TestToolCallsAsOpenAIMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7/tool-calls/call%201/messages")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "call 1", w.store.callID)

	assert.JSONEq(t, `{"items":[
		{"role":"assistant","content":"On its way.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"add_label","arguments":"{\"label\":\"vip\"}"}}]},
		{"role":"tool","tool_call_id":"call_1","content":"{}"}
	],"next_cursor":null}`, a.raw)

	upward := workspaceURL("/chats/7/tool-calls/call_1/messages?order=asc&total=true")
	a = w.do(t, request{method: http.MethodGet, path: upward})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.EqualValues(t, 1, a.json["total"], "calls are counted, as limit does")

	var roles []any
	for _, item := range a.json["items"].([]any) {
		roles = append(roles, item.(map[string]any)["role"])
	}

	assert.Equal(t, []any{"assistant", "tool"}, roles, "a result follows its call in either order")
}

func TestToolsOfMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := func(body string) answer {
		return w.do(t, request{method: http.MethodPost, path: workspaceURL("/members"), body: body})
	}

	a := post(`{"name":"Bot","kind":"assistant","tools":["book_table","concierge.*"]}`)
	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, []string{"book_table", "concierge.*"}, w.store.member.Tools)
	assert.Equal(t, []any{"book_table", "concierge.*"}, a.json["tools"])
	a = w.do(t, request{method: http.MethodPatch, path: workspaceURL("/members/42"), body: `{"tools":[]}`})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, &[]string{}, w.store.memberPatch.Tools, "an assistant may use none")

	requireProblem(
		t,
		post(`{"name":"Bot","kind":"assistant","tools":["*","conci*"]}`),
		http.StatusBadRequest,
		"invalid_request",
		"tools[1]",
	)

	requireProblem(t, post(`{"name":"Ana","tools":["*"]}`), http.StatusBadRequest, "invalid_request", "tools")
}
