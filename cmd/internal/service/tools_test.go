package service_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

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
