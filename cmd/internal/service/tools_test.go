package service_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
	"handrail/sandbox"
)

// desk is a tool server of the test: it notes what it is asked, and answers as the test says.
type desk struct {
	*httptest.Server
	mutex  sync.Mutex
	asked  []deskCall
	answer func(deskCall, http.ResponseWriter)
}

type deskCall struct {
	method, path, body string
	header             http.Header
}

func newDesk(t *testing.T) *desk {
	t.Helper()

	d := &desk{answer: func(_ deskCall, w http.ResponseWriter) { _, _ = io.WriteString(w, `{"booking_id":"b-1"}`) }}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		call := deskCall{r.Method, r.URL.Path, string(body), r.Header}

		d.mutex.Lock()
		d.asked = append(d.asked, call)
		answer := d.answer
		d.mutex.Unlock()
		answer(call, w)
	}))

	t.Cleanup(d.Close)

	return d
}

// answers changes how the desk answers.
func (d *desk) answers(answer func(deskCall, http.ResponseWriter)) {
	d.mutex.Lock()
	defer d.mutex.Unlock()

	d.answer = answer
}

func (d *desk) calls() []deskCall {
	d.mutex.Lock()
	defer d.mutex.Unlock()

	return append([]deskCall(nil), d.asked...)
}

// hostOf is what HANDRAIL_TOOL_HOSTS must hold for a server of the test.
func hostOf(s *httptest.Server) string { return s.Listener.Addr().String() }

func allowHost(s *httptest.Server) option {
	return func(c *config.Config) { c.ToolHosts += " " + hostOf(s) }
}

// defineTool stores a tool through the API.
func (w *env) defineTool(body map[string]any) response {
	w.Helper()
	r := w.call("POST", "/tools", body)
	require.Equal(w, http.StatusCreated, r.status, r.raw)

	return r
}

// httpTool is a tool of the desk, with one argument in its path.
func httpTool(d *desk, name string, changes ...map[string]any) map[string]any {
	body := map[string]any{
		"kind":            "http",
		"name":            name,
		"description":     "Does " + name,
		"risk":            "write",
		"timeout_seconds": 2,
		"http": map[string]any{
			"method": "POST", "url": d.URL + "/" + name,
			"schema": map[string]any{
				"type":                 "object",
				"properties":           map[string]any{"what": map[string]any{"type": "string", "minLength": 1}},
				"required":             []string{"what"},
				"additionalProperties": false,
			},
		},
	}

	for _, change := range changes {
		maps.Copy(body, change)
	}

	return body
}

func TestAnHTTPToolActsBeforeTheMessage(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, withEncryption, allowHost(d.Server))
		definition := httpTool(d, "book")
		definition["http"].(map[string]any)["headers"] = map[string]string{"Authorization": "Bearer {secret.DESK_KEY}"}
		definition["secrets"] = map[string]string{"DESK_KEY": "hush-1"}
		made := w.defineTool(definition)
		assert.NotContains(t, made.raw, "hush-1")
		verifier, err := standardwebhooks.NewWebhook(made.at("signing_secret").(string))
		require.NoError(t, err)

		d.answers(func(_ deskCall, answer http.ResponseWriter) {
			assert.Empty(
				t,
				w.box.Messages(sandbox.MessageFilter{}),
				"nothing is delivered before the tool has succeeded",
			)

			_, _ = io.WriteString(answer, `{"booking_id":"b-1"}`)
		})

		r := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("It is booked.", newToolCall("book", map[string]any{"what": "a table"})),
		)

		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, "succeeded", r.at("message", "tool_calls", 0, "status"))
		assert.Equal(t, map[string]any{"booking_id": "b-1"}, r.at("message", "tool_calls", 0, "result"))
		require.Len(t, d.calls(), 1)
		call := d.calls()[0]
		assert.JSONEq(t, `{"what":"a table"}`, call.body)
		assert.Equal(t, "Bearer hush-1", call.header.Get("Authorization"))
		assert.Equal(t, r.at("message", "uuid").(string)+"-0", call.header.Get("Idempotency-Key"))
		require.NoError(t, verifier.Verify([]byte(call.body), call.header), "the tool can trust who calls")
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
		shown := w.call("GET", "/actions/"+r.at("action_id").(string), nil)
		assert.EqualValues(t, 1, shown.at("message", "tool_calls", 0, "attempts"), shown.raw)
		assert.NotContains(t, w.call("GET", "/tools", nil).raw, "hush-1")
	})
}

func TestBadArgumentsAreRefusedBeforeAnythingRan(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", allowHost(d.Server))
	w.defineTool(httpTool(d, "book"))

	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody(
			"Both.",
			newToolCall("book", map[string]any{"what": "a"}),
			newToolCall("book", map[string]any{"what": ""}),
		),
	)

	assert.Equal(t, http.StatusBadRequest, r.status, r.raw)
	assert.Equal(t, "invalid_tool_arguments", r.at("code"))
	assert.Equal(t, "tool_calls[1].arguments.what", r.at("errors", 0, "field"), r.raw)
	assert.Empty(t, d.calls())
	assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}))
}

func TestToolsThatMisbehave(t *testing.T) {
	t.Parallel()

	private := httptest.NewServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a private address was called") }),
	)

	t.Cleanup(private.Close)

	big := strings.Repeat("x", 10<<20)

	for name, answer := range map[string]func(deskCall, http.ResponseWriter){
		"garbage": func(_ deskCall, w http.ResponseWriter) { _, _ = io.WriteString(w, `{"booking`) },
		"10 MB":   func(_ deskCall, w http.ResponseWriter) { _, _ = io.WriteString(w, `"`+big+`"`) },
		"says no": func(_ deskCall, w http.ResponseWriter) { http.Error(w, `{"detail":"full"}`, http.StatusConflict) },
		"redirect": func(_ deskCall, w http.ResponseWriter) {
			w.Header().Set("Location", private.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", allowHost(d.Server))
			w.defineTool(httpTool(d, "book"))
			d.answers(answer)

			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
			)
			assert.Equal(t, http.StatusInternalServerError, r.status, r.raw)
			assert.Equal(t, "tool_call_failed", r.at("code"))
			assert.Len(t, d.calls(), 1, "it has been called, and that is known: it is not called again")
			assert.Empty(t, w.box.Messages(sandbox.MessageFilter{}))
			shown := w.call("GET", "/actions/"+r.at("action_id").(string), nil)
			assert.Equal(t, "failed", shown.at("message", "tool_calls", 0, "status"), shown.raw)
			assert.NotEmpty(t, shown.at("message", "tool_calls", 0, "error_code"))
		})
	}
}

func TestAnIdempotentToolIsTriedAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", allowHost(d.Server))
	w.defineTool(httpTool(d, "book", map[string]any{"idempotent": true}))

	d.answers(func(_ deskCall, answer http.ResponseWriter) {
		if len(d.calls()) < 3 {
			answer.WriteHeader(http.StatusInternalServerError)
			return
		}

		_, _ = io.WriteString(answer, `{}`)
	})

	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
	)
	require.Equal(t, http.StatusOK, r.status, r.raw)
	assert.Len(t, d.calls(), 3)
	assert.Equal(t, d.calls()[0].header.Get("Idempotency-Key"), d.calls()[2].header.Get("Idempotency-Key"))
	assert.EqualValues(t, 3, r.at("message", "tool_calls", 0, "attempts"))
}

func TestACallThatMayHaveHadItsEffectWaitsForAPerson(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "book"))
		d.answers(func(_ deskCall, answer http.ResponseWriter) { answer.WriteHeader(http.StatusBadGateway) })

		send := func() (string, string) {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
			)
			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			assert.Equal(t, "parked", r.at("state"), r.raw)
			assert.Contains(t, r.at("waiting_for"), "may have had its effect")
			action := r.at("action_id").(string)

			return action, "/actions/" + action + "/tool-calls/call_1/resolve"
		}

		action, resolve := send()

		require.Len(t, d.calls(), 1)

		vague := w.call("POST", resolve, map[string]any{"outcome": "succeeded"})
		assert.Equal(t, http.StatusBadRequest, vague.status, vague.raw)

		r := w.call(
			"POST",
			resolve,
			map[string]any{
				"outcome": "succeeded",
				"result":  map[string]any{"booking_id": "b-9"},
				"reason":  "it is in their book",
			},
		)

		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 1, "it is not run again")
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
		twice := w.call("POST", resolve, map[string]any{"outcome": "failed", "reason": "no"})
		assert.Equal(t, http.StatusConflict, twice.status, twice.raw)

		action, resolve = send()
		r = w.call("POST", resolve, map[string]any{"outcome": "failed", "reason": "nothing in their book"})
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(action)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)

		action, resolve = send()

		d.answers(func(_ deskCall, answer http.ResponseWriter) { _, _ = io.WriteString(answer, `{}`) })

		r = w.call("POST", resolve, map[string]any{"outcome": "retry", "reason": "they are back"})
		require.Equal(t, http.StatusOK, r.status, r.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 4)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 2)
	})
}

// secondManager is a key of another member with every scope.
func (w *env) secondManager() string {
	w.Helper()

	noor, err := w.store.CreateMember(w.Context(), w.ws, chat.Actor{}, chat.Member{
		Kind: chat.KindPerson,
		Role: chat.RoleManager,
		Name: "Noor Haddad",
	})

	require.NoError(w, err)

	secret := chat.NewKeySecret()
	_, err = w.store.CreateKey(
		w.Context(),
		w.ws,
		chat.Actor{MemberID: noor.ID},
		chat.Key{MemberID: noor.ID, Name: "noor", Scopes: chat.AllScopes()},
		chat.HashKey(secret),
	)

	require.NoError(w, err)

	return secret
}

func TestApprovalTakesASecondPerson(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		noor := w.secondManager()
		w.defineTool(httpTool(d, "refund", map[string]any{"risk": "approval"}))

		send := func() string {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody(
					"Refunded.",
					newToolCall("add_label", map[string]any{"label": "billing"}),
					newToolCall("refund", map[string]any{"what": "50"}),
				),
			)

			require.Equal(t, http.StatusAccepted, r.status, r.raw)
			assert.Contains(t, r.at("waiting_for"), "approv", r.raw)

			return r.at("action_id").(string)
		}

		decide := func(action, decision string, headers ...string) response {
			return w.call(
				"POST",
				"/actions/"+action+"/approvals",
				map[string]any{"decision": decision, "reason": "looked at it"},
				headers...)
		}

		action := send()
		own := decide(action, "approve")
		assert.Equal(t, http.StatusForbidden, own.status, own.raw)
		assert.Equal(t, "own_request", own.at("code"))

		waiting := w.call("GET", "/approvals?state=waiting", nil)
		assert.Equal(t, action, waiting.at("items", 0, "action_id"), waiting.raw)
		assert.Empty(t, w.chat(w.people.sms.ID).Labels, "not even the tool that needs no approval has run")

		approved := decide(action, "approve", "Authorization", "Bearer "+noor)
		require.Equal(t, http.StatusOK, approved.status, approved.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 1)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)

		twice := decide(action, "refuse", "Authorization", "Bearer "+noor)
		assert.Equal(t, http.StatusConflict, twice.status, twice.raw)

		action = send()
		refused := decide(action, "refuse", "Authorization", "Bearer "+noor)
		require.Equal(t, http.StatusOK, refused.status, refused.raw)
		w.awaitSettled(action)
		assert.Len(t, d.calls(), 1)

		shown := w.call("GET", "/actions/"+action, nil)
		assert.Equal(t, "approval_refused", shown.at("problem", "code"), shown.raw)
		assert.Len(t, w.box.Messages(sandbox.MessageFilter{}), 1)
	})
}

func TestWhatAToolHasDoneIsTakenBackWhenTheMessageDoesNotArrive(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		d := newDesk(t)
		w := newEnv(t, url, allowHost(d.Server))
		w.defineTool(httpTool(d, "cancel", map[string]any{"idempotent": true}))

		w.defineTool(
			httpTool(
				d,
				"book",
				map[string]any{
					"undo": map[string]any{"tool": "cancel", "arguments": map[string]any{"what": "$result.booking_id"}},
				},
			),
		)

		w.setFaults(sandbox.Fault{Kind: "refuse", To: "+14155550101"})

		r := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody(
				"Booked.",
				newToolCall("book", map[string]any{"what": "a"}),
				newToolCall("add_label", map[string]any{"label": "vip"}),
			),
		)

		require.Equal(t, "delivery_failed", r.at("code"), r.raw)
		action := r.at("action_id").(string)

		w.eventually(func() bool {
			return w.call("GET", "/actions/"+action, nil).
				at("message", "tool_calls", 0, "undo", "status") == "succeeded"
		})

		require.Len(t, d.calls(), 2)
		assert.Equal(t, "/cancel", d.calls()[1].path)
		assert.JSONEq(t, `{"what":"b-1"}`, d.calls()[1].body)
		w.setFaults()

		again := w.call(
			"POST",
			"/deliveries/"+r.at("delivery_id").(string)+"/retry",
			map[string]any{"reason": "try again"},
		)

		assert.Equal(
			t,
			http.StatusConflict,
			again.status,
			"the message would say what is no longer true: %s",
			again.raw,
		)
	})
}

// newConcierge is an MCP server built on the official SDK.
func newConcierge() *mcp.Server {
	type taxi struct {
		At string `json:"at" jsonschema:"when it is to come"`
	}

	s := mcp.NewServer(&mcp.Implementation{Name: "concierge", Version: "1"}, nil)
	mcp.AddTool(
		s,
		&mcp.Tool{Name: "order_taxi", Description: "Order a taxi"},
		func(_ context.Context, _ *mcp.CallToolRequest, in taxi) (*mcp.CallToolResult, any, error) {
			return nil, map[string]string{"taxi": "T-1", "at": in.At}, nil
		},
	)

	return s
}

// asMCPServer makes this test's binary an MCP server on its standard input and output.
const asMCPServer = "mcp-server"

func serveMCP() {
	if err := newConcierge().Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		os.Exit(1)
	}
}

func TestMCPTools(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		server := httptest.NewServer(
			mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newConcierge() }, nil),
		)

		t.Cleanup(server.Close)

		w := newEnv(
			t,
			url,
			allowHost(server),
			func(c *config.Config) { c.MCPCommands = "local=" + os.Args[0] + " " + asMCPServer },
		)

		w.defineTool(
			map[string]any{"kind": "mcp", "name": "web", "risk": "write", "mcp": map[string]any{"url": server.URL}},
		)

		w.defineTool(
			map[string]any{"kind": "mcp", "name": "here", "risk": "write", "mcp": map[string]any{"command": "local"}},
		)

		listed := w.call("GET", "/chats/"+strconv.FormatInt(int64(w.people.sms.ID), 10)+"/tools?limit=50", nil)
		assert.Contains(t, listed.raw, "web.order_taxi")
		assert.Contains(t, listed.raw, "here.order_taxi")

		wrong := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("Taxi!", newToolCall("web.order_taxi", map[string]any{"when": 8})),
		)

		assert.Equal(t, "invalid_tool_arguments", wrong.at("code"), wrong.raw)

		for _, name := range []string{"web.order_taxi", "here.order_taxi"} {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody("Your taxi comes.", newToolCall(name, map[string]any{"at": "20:00"})),
			)

			require.Equal(t, http.StatusOK, r.status, r.raw)
			assert.Equal(t, map[string]any{"taxi": "T-1", "at": "20:00"}, r.at("message", "tool_calls", 0, "result"))
		}

		foreign := w.call(
			"POST",
			"/tools",
			map[string]any{"kind": "mcp", "name": "shell", "mcp": map[string]any{"command": "/bin/sh"}},
		)

		assert.Equal(t, http.StatusBadRequest, foreign.status, foreign.raw)
	})
}

func TestAnMCPServerThatIsAwayIsAClearError(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.NotFoundHandler())
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", allowHost(server))
	server.Close()

	begun := time.Now()

	r := w.call(
		"POST",
		"/tools",
		map[string]any{"kind": "mcp", "name": "web", "timeout_seconds": 5, "mcp": map[string]any{"url": server.URL}},
	)

	assert.Equal(t, http.StatusBadRequest, r.status, r.raw)
	assert.Equal(t, "tool_unavailable", r.at("code"), r.raw)
	assert.Less(t, time.Since(begun), 20*time.Second)
}

func TestARetryThatDoesNotArriveTakesBackToo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withShortWaits, allowHost(d.Server))
	w.defineTool(httpTool(d, "cancel", map[string]any{"idempotent": true}))
	w.defineTool(httpTool(d, "book", map[string]any{"undo": map[string]any{"tool": "cancel"}}))
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultLate, Delay: time.Hour, Times: 1})
	r := w.call(
		"POST",
		sendPath(w.people.sms.ID),
		sendBody("Booked.", newToolCall("book", map[string]any{"what": "a"})),
	)
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	id := r.at("delivery", "id").(string)

	w.eventually(func() bool { return w.delivery(id).at("status") == "needs_review" })
	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRefuse})
	again := w.call("POST", "/deliveries/"+id+"/retry", map[string]any{"to": "+14155550199", "reason": "new number"})
	require.Equal(t, "delivery_failed", again.at("code"), again.raw)
	w.awaitSettled(again.at("action_id"))
	w.awaitSettled(r.at("action_id"))
	shown := w.call("GET", "/actions/"+r.at("action_id").(string), nil)
	assert.Equal(t, "succeeded", shown.at("message", "tool_calls", 0, "undo", "status"), shown.raw)
	require.Len(t, d.calls(), 2, "one of the two workflows takes it back")
	assert.Equal(t, "/cancel", d.calls()[1].path)
}
