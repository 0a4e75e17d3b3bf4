package service_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// receiver is somebody's program that takes events, as docs/webhooks.md says.
type receiver struct {
	*httptest.Server

	mutex   sync.Mutex
	webhook *standardwebhooks.Webhook
	// status is what it answers with.
	status int
	taken  []takenEvent
}

type takenEvent struct {
	ID       string         `json:"id"`
	Type     string         `json:"type"`
	Sequence int64          `json:"sequence"`
	Message  map[string]any `json:"message"`

	signed bool
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()

	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)

	return r
}

func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	body, err := io.ReadAll(request.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}

	event := takenEvent{signed: r.webhook != nil && r.webhook.Verify(body, request.Header) == nil}
	if json.Unmarshal(body, &event) == nil && event.ID == request.Header.Get("webhook-id") {
		r.taken = append(r.taken, event)
	}

	w.WriteHeader(r.status)
}

func (r *receiver) answers(status int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	r.status = status
	r.taken = nil
}

func (r *receiver) events() []takenEvent {
	r.mutex.Lock()
	defer r.mutex.Unlock()

	return slices.Clone(r.taken)
}

func (r *receiver) has(kind chat.EventType) bool {
	return slices.ContainsFunc(r.events(), func(e takenEvent) bool { return e.Type == string(kind) })
}

// hook makes an endpoint that leads to the receiver, and returns its path.
func (w *env) hook(r *receiver, body map[string]any) string {
	w.Helper()

	body["url"] = r.URL
	made := w.call("POST", "/webhook-endpoints", body)
	require.Equal(w, http.StatusCreated, made.status, made.raw)

	r.mutex.Lock()
	defer r.mutex.Unlock()

	var err error
	r.webhook, err = standardwebhooks.NewWebhook(made.at("secret").(string))
	require.NoError(w, err)

	return fmt.Sprintf("/webhook-endpoints/%v", made.at("id"))
}

// TestAReceiverIsToldOfASend follows a send from outside: signed, in order, with its text; then a receiver that asks
// for no more, is enabled again, and is told of what it has missed; and what is replayed.
func TestAReceiverIsToldOfASend(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		r := newReceiver(t)
		w := newEnv(t, url, allowHost(r.Server), withEncryption)
		one := w.hook(r, map[string]any{"payload": "full"})

		tested := w.call("POST", one+"/test", nil)
		require.Equal(t, true, tested.at("succeeded"), tested.raw)
		assert.True(t, r.has(chat.EventTestPing))
		r.answers(http.StatusNoContent)

		sent := w.call("POST", sendPath(w.people.sms.ID), sendBody("On its way."))
		require.Equal(t, http.StatusOK, sent.status, sent.raw)
		w.eventually(func() bool { return r.has(chat.EventDeliverySettled) })

		taken := r.events()
		for i, e := range taken {
			assert.True(t, e.signed, e.Type)
			assert.Equal(t, taken[0].Sequence+int64(i), e.Sequence, "in order, and none is left out")
		}

		isMessage := func(e takenEvent) bool { return e.Type == string(chat.EventMessageCreated) }
		created := slices.IndexFunc(taken, isMessage)
		require.GreaterOrEqual(t, created, 0)
		assert.Equal(t, "On its way.", taken[created].Message["text"])

		// Once it has answered 410 it is told nothing, until it is enabled again: then all that it has missed.
		r.answers(http.StatusGone)
		w.inbound(w.people.sms.ID, "Thank you")
		w.eventually(func() bool { return w.call("GET", one, nil).at("enabled") == false })
		assert.Equal(t, "gone", w.call("GET", one, nil).at("disabled_reason"))

		r.answers(http.StatusNoContent)
		require.Equal(t, http.StatusOK, w.call("PATCH", one, map[string]any{"enabled": true}).status)
		w.eventually(func() bool { return r.has(chat.EventWebhookEndpointDisabled) })
		assert.True(t, r.has(chat.EventMessageCreated))

		// One event again, with its id.
		r.answers(http.StatusNoContent)

		replayed := w.call("POST", one+"/events/"+taken[created].ID+"/replay", nil)
		require.Equal(t, http.StatusOK, replayed.status, replayed.raw)
		w.eventually(func() bool { return len(r.events()) == 1 })
		assert.Equal(t, taken[created].ID, r.events()[0].ID)

		attempts := w.call("GET", one+"/attempts?failed=true", nil)
		assert.InDelta(t, http.StatusGone, attempts.at("items", 0, "status"), 0, attempts.raw)
		require.Equal(t, http.StatusNoContent, w.call("DELETE", one, nil).status)
		w.awaitClosed("webhooks:" + string(w.ws) + ":" + one[len("/webhook-endpoints/"):])
	})
}

func (w *auditWalk) walkWebhooks() {
	w.Helper()

	verb := func(name string) string { return "webhook_endpoint." + name }
	made := w.ask(auditedAsk{
		id:   "createWebhookEndpoint",
		verb: verb("created"),
		path: "/webhook-endpoints",
		body: fields("url", w.desk.URL),
	})

	one := fmt.Sprintf("/webhook-endpoints/%v", made.at("id"))
	w.ask(auditedAsk{id: "updateWebhookEndpoint", verb: verb("updated"), path: one, body: fields("types", []string{})})
	w.ask(auditedAsk{id: "testWebhookEndpoint", verb: verb("tested"), path: one + "/test"})
	w.ask(auditedAsk{id: "rotateWebhookSecret", verb: verb("secret_rotated"), path: one + "/secret"})
	w.ask(auditedAsk{
		id:   "replayWebhookEvents",
		verb: verb("replayed"),
		path: one + "/replay",
		body: fields("since", "2026-11-28T00:00:00Z"),
	})

	event := w.call("GET", "/events?limit=1", nil).at("items", 0, "id")
	w.ask(auditedAsk{
		id:   "replayWebhookEvent",
		verb: verb("replayed"),
		path: fmt.Sprintf("%s/events/%v/replay", one, event),
	})
	w.ask(auditedAsk{id: "deleteWebhookEndpoint", verb: verb("deleted"), path: one})
}
