package service_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/mcpserver"
	"handrail/sandbox"
)

// assistant is an MCP client of a whole Handrail.
type assistant struct {
	*env
	session *mcp.ClientSession
}

// told is what a tool has told.
type told struct {
	failed bool
	words  string
	data   map[string]any
}

// connectAssistant connects over standard input and output, as it were, with a key of its own.
func (w *env) connectAssistant(key string) *assistant {
	w.Helper()

	server, err := mcpserver.New(mcpserver.Settings{
		URL:       w.url,
		Workspace: string(w.ws),
		Key:       key,
		Version:   "test",
		Wait:      2 * time.Second,
	})
	require.NoError(w, err)

	there, here := mcp.NewInMemoryTransports()
	ctx, cancel := context.WithCancel(w.Context())
	w.Cleanup(cancel)

	go func() { _ = server.Run(ctx, there) }() // it ends with ctx

	return w.assistantOver(here)
}

func (w *env) assistantOver(transport mcp.Transport) *assistant {
	w.Helper()

	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(
		w.Context(),
		transport,
		nil,
	)
	require.NoError(w, err)
	w.Cleanup(func() { _ = session.Close() }) // the server may have gone

	return &assistant{env: w, session: session}
}

// use calls a tool.
func (a *assistant) use(name string, arguments map[string]any) told {
	a.Helper()

	result, err := a.session.CallTool(a.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
	require.NoError(a, err)

	var words []string
	for _, content := range result.Content {
		words = append(words, content.(*mcp.TextContent).Text)
	}

	data, _ := result.StructuredContent.(map[string]any)

	return told{failed: result.IsError, words: strings.Join(words, "\n"), data: data}
}

// must is use where nothing may go wrong.
func (a *assistant) must(name string, arguments map[string]any) map[string]any {
	a.Helper()

	got := a.use(name, arguments)
	require.False(a, got.failed, "%s: %s", name, got.words)

	return got.data
}

// awaitOver asks again until an action is over.
func (a *assistant) awaitOver(action string) map[string]any {
	a.Helper()

	var last map[string]any

	require.Eventually(a, func() bool {
		last = a.must("get_action", map[string]any{"action_id": action})
		return last["ask_again"] == false
	}, time.Minute, 50*time.Millisecond)

	return last
}

// TestAnAssistantWorksAsAPersonDoes goes the whole way: find, read, send, and what takes a second member.
func TestAnAssistantWorksAsAPersonDoes(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))
		w.inbound(w.people.sms.ID, "Where is my order?")

		second := w.keyOf(w.member("Noor", chat.RoleManager), chat.AllScopes()...)
		a := w.connectAssistant(w.secret)
		noor := w.connectAssistant(strings.TrimPrefix(second[1], "Bearer "))

		w.readAndAnswer(a)
		w.askAndApprove(a, noor, d)

		people := a.must("find_people", map[string]any{"name": "Ana"})
		assert.Len(t, people["people"], 1)

		added := a.must("add_participant", map[string]any{
			"chat_id":   w.people.sms.ID,
			"member_id": w.people.priya.ID,
			"role":      "contributor",
		})
		assert.NotZero(t, added["participant_id"])

		twice := a.use("add_participant", map[string]any{"chat_id": w.people.sms.ID, "member_id": w.people.priya.ID})
		assert.True(t, twice.failed)
		assert.Contains(t, twice.words, "participant_exists")

		summarized := a.must("summarize_chat", map[string]any{"chat_id": w.people.sms.ID})
		if summarized["ask_again"] == true {
			summarized = a.awaitOver(summarized["action_id"].(string))
		}

		assert.NotEmpty(t, summarized["chat"], summarized)
	})
}

// readAndAnswer finds who waits, reads the chat and answers, twice with the same key.
func (w *env) readAndAnswer(a *assistant) {
	w.Helper()

	chats := a.must("list_chats", map[string]any{"needs_response": true})["chats"].([]any)
	require.Len(w, chats, 1)

	read := a.must("read_chat", map[string]any{"chat_id": w.people.sms.ID})
	messages := read["messages"].([]any)
	last := messages[len(messages)-1].(map[string]any)
	assert.Equal(w, "customer", last["author"])
	assert.Equal(w, false, last["trusted"])

	send := map[string]any{
		"chat_id":         w.people.sms.ID,
		"message":         "It is on its way.",
		"if_last_message": last["id"],
		"idempotency_key": "answer-to-ana",
	}

	sent := a.must("send_message", send)
	assert.Equal(w, "accepted", sent["status"])

	again := a.must("send_message", send)
	assert.Equal(w, sent["action_id"], again["action_id"], "one call id is one action")
	assert.Len(w, w.box.Messages(sandbox.MessageFilter{}), 1)

	explained := a.must("get_delivery", map[string]any{"delivery_id": sent["delivery_id"]})
	assert.Equal(w, "It is on its way.", explained["text"])
	assert.NotEmpty(w, explained["explanation"])

	send["message"] = "Something else."
	other := a.use("send_message", send)
	assert.True(w, other.failed)
	assert.Contains(w, other.words, "idempotency_key_reused")

	person := map[string]any{"member_id": w.people.ana.ID, "message": "One more thing.", "channel": "phone-sms"}

	none := a.use("message_person", map[string]any{"phone": "+14155550166", "message": "Hello"})
	assert.True(w, none.failed)
	assert.Contains(w, none.words, "default_missing")

	defaults := w.call("PUT", "/workspace-defaults", map[string]any{
		"assistant_member_id": w.people.assistant.ID,
		"phone_number_id":     w.call("GET", "/phone-numbers", nil).at("items", 0, "id"),
	})
	require.Equal(w, http.StatusOK, defaults.status, defaults.raw)

	direct := a.must("message_person", person)
	assert.EqualValues(w, w.people.ana.ID, direct["member_id"], direct)
}

// askAndApprove has a refund wait for a second member.
func (w *env) askAndApprove(a, second *assistant, d *desk) {
	w.Helper()

	waits := a.must("send_message", map[string]any{
		"chat_id":    w.people.sms.ID,
		"message":    "Refunded.",
		"tool_calls": []any{map[string]any{"name": "refund", "arguments": map[string]any{"what": "50"}}},
	})
	assert.Equal(w, true, waits["ask_again"], waits)
	assert.Equal(w, "approval", waits["waiting_for"])

	action := waits["action_id"].(string)
	decision := map[string]any{"approval_id": action, "decision": "approve", "reason": "she was charged twice"}

	stuck := a.must("list_stuck", nil)
	assert.NotZero(w, stuck["need_person"])
	assert.Len(w, stuck["actions"], 1)

	own := a.use("decide_approval", decision)
	assert.True(w, own.failed)
	assert.Contains(w, own.words, "own_request")
	assert.Contains(w, own.words, "another member must decide")
	assert.Empty(w, d.calls(), "nothing has run")

	assert.Len(w, second.must("list_approvals", nil)["approvals"], 1)

	shown := second.must("show_approval", map[string]any{"approval_id": action})
	assert.Equal(w, "Refunded.", shown["message"])
	assert.NotEmpty(w, shown["request"])

	assert.Equal(w, "approved", second.must("decide_approval", decision)["state"])

	over := a.awaitOver(action)
	assert.Equal(w, "succeeded", over["state"], over)
	assert.Len(w, d.calls(), 1)

	late := a.use("cancel_action", map[string]any{"action_id": action, "reason": "too late"})
	assert.True(w, late.failed, late.words)
}

// TestAnAssistantOverHTTPUsesItsOwnKey has two assistants at one server, one of which has no good key.
func TestAnAssistantOverHTTPUsesItsOwnKey(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	server, err := mcpserver.New(mcpserver.Settings{URL: w.url, Workspace: string(w.ws), Version: "test"})
	require.NoError(t, err)

	served := httptest.NewServer(server.Handler())
	t.Cleanup(served.Close)

	connect := func(key string) *assistant {
		return w.assistantOver(&mcp.StreamableClientTransport{
			Endpoint:             served.URL + mcpserver.Path,
			HTTPClient:           newKeyedClient(key),
			DisableStandaloneSSE: true,
		})
	}

	assert.NotEmpty(t, connect(w.secret).must("list_chats", nil)["chats"])

	refused := connect("hr_live_00000000000000000000000000000000").use("list_chats", nil)
	assert.True(t, refused.failed)
	assert.Contains(t, refused.words, "does not accept the API key")

	reader := w.keyOf(w.people.manager.ID, chat.ScopeChatsRead)
	narrow := connect(strings.TrimPrefix(reader[1], "Bearer "))
	assert.NotEmpty(t, narrow.must("list_chats", nil)["chats"])

	forbidden := narrow.use("send_message", map[string]any{"chat_id": w.people.sms.ID, "message": "Hello"})
	assert.True(t, forbidden.failed)
	assert.Contains(t, forbidden.words, "chats:admin")
}

// TestAnAssistantRetriesWhatFailed has a delivery refused for good, and retries it.
func TestAnAssistantRetriesWhatFailed(t *testing.T) {
	t.Parallel()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	a := w.connectAssistant(w.secret)

	require.NoError(t, w.box.SetFaults(sandbox.Fault{Kind: sandbox.FaultRefuse}))

	failed := a.use("send_message", map[string]any{"chat_id": w.people.sms.ID, "message": "Hello"})
	require.True(t, failed.failed, failed.words)
	assert.Contains(t, failed.words, "get_delivery explains it")

	require.NoError(t, w.box.SetFaults())

	listed := w.call("GET", "/deliveries", nil)
	id := listed.at("items", 0, "id")

	shown := a.must("get_delivery", map[string]any{"delivery_id": id})
	require.Equal(t, true, shown["can_retry"], shown)

	retried := a.must("retry_delivery", map[string]any{"delivery_id": id})
	if retried["ask_again"] == true {
		retried = a.awaitOver(retried["action_id"].(string))
	}

	assert.Equal(t, "accepted", retried["status"], retried)
	assert.NotEqual(t, id, retried["delivery_id"], "what has ended gets a new delivery")
}

// keyedTransport adds a key to every request.
type keyedTransport struct {
	*http.Transport
	key string
}

// RoundTrip adds the key.
func (k keyedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+k.key)

	return k.Transport.RoundTrip(r)
}

func newKeyedClient(key string) *http.Client {
	return &http.Client{Transport: keyedTransport{Transport: &http.Transport{}, key: key}}
}
