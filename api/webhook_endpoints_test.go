package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func (w *world) told() []chat.WebhookStep {
	w.engine.mutex.Lock()
	defer w.engine.mutex.Unlock()

	return w.engine.webhooks
}

func TestAWebhookEndpointIsCreatedWithASecretThatIsShownOnce(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	path := workspaceURL("/webhook-endpoints")
	body := `{"url":"https://example.com/handrail","types":["delivery.settled"]}`
	create := request{
		method:  http.MethodPost,
		path:    path,
		body:    body,
		headers: map[string]string{"Idempotency-Key": "k1"},
	}

	a := w.do(t, create)
	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, "whsec_new", a.json["secret"])
	assert.Equal(t, "thin", a.json["payload"])
	assert.Equal(t, true, a.json["enabled"])
	assert.Equal(t, []any{"delivery.settled"}, a.json["types"])
	assert.Equal(t, "Nothing behind.", a.json["explanation"])
	assert.Equal(t, workspaceURL("/webhook-endpoints/3"), a.Header.Get("Location"))
	assert.Equal(t, []byte("new "), w.store.endpoint.Sealed)

	a = w.do(t, create)
	assert.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.NotContains(t, a.json, "secret", "a repeated request does not get it")

	a = w.do(t, request{method: http.MethodGet, path: path + "/3"})
	assert.NotContains(t, a.raw, "whsec")

	for field, wrong := range map[string]string{
		"types[0]": `{"url":"https://example.com","types":["chat.exploded"]}`,
		"types[1]": `{"url":"https://example.com","types":["chat.created","test.ping"]}`,
		"payload":  `{"url":"https://example.com","payload":"fat"}`,
		"url":      `{"url":"ftp://example.com"}`,
		"types":    `{"url":"https://example.com","types":["chat.created","chat.updated","chat.created"]}`,
	} {
		requireProblem(t, w.do(t, request{method: http.MethodPost, path: path, body: wrong}),
			http.StatusBadRequest, "invalid_request", field)
	}

	w.posts.refuse = chat.InvalidAs(chat.CodeAddressRefused, "url", "must be public")
	requireProblem(t, w.do(t, request{method: http.MethodPost, path: path, body: body}),
		http.StatusBadRequest, "address_refused", "url")

	moved := request{method: http.MethodPatch, path: path + "/3", body: `{"url":"https://a.example"}`}
	requireProblem(t, w.do(t, moved),
		http.StatusBadRequest, "address_refused", "url")
}

// TestTextsGoWhereWhoeverMayReadThemSendsThem holds that the scope chats:read is needed to give an endpoint the payload
// full, and to change an endpoint that has it in any way but disabling it.
func TestTextsGoWhereWhoeverMayReadThemSendsThem(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	path := workspaceURL("/webhook-endpoints")
	do := func(method, path, body string) answer {
		return w.do(t, request{
			method: method,
			path:   path,
			body:   body,
			key:    noScopeKey,
		})
	}

	full := `{"url":"https://example.com","payload":"full"}`

	w.grant(chat.ScopeWebhooksWrite)
	requireProblem(t, do(http.MethodPost, path, full), http.StatusForbidden, "forbidden", "")
	requireProblem(t, do(http.MethodPatch, path+"/3", `{"payload":"full"}`), http.StatusForbidden, "forbidden", "")
	assert.Equal(t, chat.PayloadThin, w.store.endpoint.Payload)

	w.grant(chat.ScopeWebhooksWrite, chat.ScopeChatsRead)
	require.Equal(t, http.StatusCreated, do(http.MethodPost, path, full).StatusCode)

	w.grant(chat.ScopeWebhooksWrite)
	requireProblem(t, do(http.MethodPatch, path+"/3", `{"url":"https://mine.example"}`),
		http.StatusForbidden, "forbidden", "")
	assert.Equal(t, http.StatusOK, do(http.MethodPatch, path+"/3", `{"enabled":false}`).StatusCode)
	requireProblem(t, do(http.MethodPatch, path+"/3", `{"enabled":true}`), http.StatusForbidden, "forbidden", "")
	assert.Equal(t, http.StatusOK, do(http.MethodPatch, path+"/3", `{"payload":"thin"}`).StatusCode)
}

// TestAnswersOfReceiversAreForWhoeverMayReadChats holds that a receiver which sends back what it got gives texts to
// nobody who may not read them.
func TestAnswersOfReceiversAreForWhoeverMayReadChats(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	list := request{
		method: http.MethodGet,
		path:   workspaceURL("/webhook-endpoints/3/attempts"),
		key:    noScopeKey,
	}

	w.grant(chat.ScopeWebhooksRead)
	a := w.do(t, list)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	require.Len(t, a.json["items"], 2)
	assert.NotContains(t, a.raw, "customer")
	assert.Contains(t, a.raw, "pong", "a test has no texts")

	w.grant(chat.ScopeWebhooksRead, chat.ScopeChatsRead)
	assert.Contains(t, w.do(t, list).raw, "the customer's text")
}

func TestAWebhookEndpointIsTestedAndReplayed(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	path := workspaceURL("/webhook-endpoints/3")
	w.posts.answer = chat.WebhookAnswer{
		Status:   http.StatusBadGateway,
		Fault:    chat.WebhookStatusNotAccepted,
		Body:     "upstream is away",
		Duration: 183 * time.Millisecond,
	}

	a := w.do(t, request{method: http.MethodPost, path: path + "/test"})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, false, a.json["succeeded"])
	assert.Equal(t, "status_not_accepted", a.json["fault"])
	assert.InDelta(t, 502, a.json["status"], 0)
	assert.InDelta(t, 183, a.json["duration_ms"], 0)
	assert.Equal(t, "upstream is away", a.json["answer"])
	require.Len(t, w.posts.bodies, 1)
	assert.Contains(t, w.posts.bodies[0], `"type":"test.ping"`)
	assert.Contains(t, w.posts.bodies[0], `"url":"https://handrail.example`+workspaceURL("/webhook-endpoints/3"))

	a = w.do(t, request{method: http.MethodPost, path: path + "/secret"})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "whsec_new", a.json["secret"])
	assert.Equal(t, []byte("new sealed"), w.store.sealedWebhook)

	a = w.do(t, request{method: http.MethodGet, path: path + "/attempts?failed=true"})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.True(t, w.store.attemptFilter.Failed)

	item := a.json["items"].([]any)[0].(map[string]any)
	assert.Nil(t, item["status"])
	assert.Equal(t, "timeout", item["fault"])

	future := `{"since":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	requireProblem(t, w.do(t, request{method: http.MethodPost, path: path + "/replay", body: future}),
		http.StatusBadRequest, "invalid_request", "since")

	a = w.do(t, request{method: http.MethodPost, path: path + "/replay", body: `{"since":"2026-11-28T00:00:00Z"}`})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), w.store.since.UTC())

	event := path + "/events/01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f/replay"
	assert.Equal(t, http.StatusOK, w.do(t, request{method: http.MethodPost, path: event}).StatusCode)
	assert.Equal(t, http.StatusNoContent, w.do(t, request{method: http.MethodDelete, path: path}).StatusCode)

	assert.Eventually(t, func() bool { return len(w.told()) == 3 }, 5*time.Second, time.Millisecond)
}
