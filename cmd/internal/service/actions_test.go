package service_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/cmd/internal/config"
)

func TestAParticipantIsAddedOnce(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		path := fmt.Sprintf("/chats/%d/participants", w.people.sms.ID)
		body := map[string]any{"memberId": w.people.priya.ID}
		r := w.call("POST", path, body, "Idempotency-Key", "k")
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, "Priya Raman added as contributor", r.at("message"))

		again := w.call("POST", path, body, "Idempotency-Key", "k")
		assert.Equal(t, r.at("participant_id"), again.at("participant_id"), again.raw)
		assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))

		twice := w.call("POST", path, map[string]any{"member_id": w.people.priya.ID, "role": "observer"})
		assert.Equal(t, http.StatusBadRequest, twice.status, twice.raw)
		assert.Equal(t, "participant_exists", twice.at("code"))

		nobody := w.call("POST", path, map[string]any{"member_id": 1 << 40})
		assert.Equal(t, "member_not_found", nobody.at("code"), nobody.raw)

		elsewhere := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), "Idempotency-Key", "k")
		assert.Equal(
			t,
			http.StatusConflict,
			elsewhere.status,
			"one key, one action, whatever the route: %s",
			elsewhere.raw,
		)
	})
}

func TestAChatIsSummarizedAndLabelled(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		w := newEnv(t, url)
		path := fmt.Sprintf("/chats/%d/summarize", w.people.sms.ID)
		r := w.call("POST", path+"?update_labels=true", nil)
		require.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Equal(t, "offline", r.at("summary_model"))
		assert.Contains(t, r.at("summary"), "7-1184")
		assert.NotEmpty(t, r.at("title"))
		assert.Contains(t, r.raw, "billing")

		empty := w.call("POST", fmt.Sprintf("/chats/%d/summarize", w.people.email.ID), nil)
		assert.Equal(t, "nothing_to_summarize", empty.at("code"), empty.raw)
		assert.Equal(t, http.StatusBadRequest, empty.status)
	})
}

// slowModel is an OpenAI-compatible server that answers once it is let go, and counts.
func slowModel(t *testing.T, answer string) (url string, asked *atomic.Int64, let func()) {
	t.Helper()

	asked = new(atomic.Int64)
	free := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)

		select {
		case <-free:
		case <-r.Context().Done():
		}

		w.Header().Set("Content-Type", "application/json")

		_, _ = fmt.Fprintf(
			w,
			`{"id":"1","object":"chat.completion","model":"test-model","choices":[{"index":0,`+
				`"finish_reason":"stop","message":{"role":"assistant","content":%q}}]}`,
			answer,
		)
	}))

	t.Cleanup(server.Close)

	return server.URL, asked, sync.OnceFunc(func() { close(free) })
}

func withModel(url string) option {
	return func(c *config.Config) {
		c.LLM = "openai"
		c.OpenAIAPIKey = "key"
		c.OpenAIBaseURL = url
		c.LLMModel = "test-model"
	}
}

func TestTwoWhoAskAtOnceShareOneRun(t *testing.T) {
	t.Parallel()
	url, asked, let := slowModel(t, `{"title":"Order 7-1184","summary":"Ana asks where her order is.","labels":[]}`)
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withModel(url))
	t.Cleanup(let)

	path := fmt.Sprintf("/chats/%d/summarize", w.people.sms.ID)
	// The first wait runs out, so both are certainly under way before the model answers.
	first := w.call("POST", path, nil, "Prefer", "wait=1", "Idempotency-Key", "a")
	require.Equal(t, http.StatusAccepted, first.status, first.raw)

	second := make(chan response, 1)
	go func() { second <- w.call("POST", path, nil, "Idempotency-Key", "b", "Prefer", "wait=30") }()

	third := w.call("POST", path, nil, "Prefer", "wait=1")
	require.Equal(t, http.StatusAccepted, third.status, third.raw)
	let()

	r := <-second
	require.Equal(t, http.StatusOK, r.status, r.raw)
	assert.Equal(t, "Order 7-1184", r.at("title"))
	assert.Equal(t, "test-model", r.at("summary_model"))
	assert.Equal(t, int64(1), asked.Load())

	done := w.call("GET", "/actions/"+first.at("action_id").(string)+"?wait=20", nil)
	assert.Equal(t, "succeeded", done.at("state"), done.raw)
}

func TestNonsenseFromTheModelTouchesNothing(t *testing.T) {
	t.Parallel()
	url, _, let := slowModel(t, `{"title":"x","summary":["y"],"labels":["refund-approved"]}`)
	let()

	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", withModel(url))
	title := "As it was"
	_, err := w.store.UpdateChat(
		t.Context(),
		w.ws,
		chat.Actor{MemberID: w.people.manager.ID},
		w.people.sms.ID,
		chat.ChatPatch{Title: &title},
	)

	require.NoError(t, err)

	r := w.call(
		"POST",
		fmt.Sprintf("/chats/%d/summarize?update_labels=true", w.people.sms.ID),
		nil,
		"Prefer",
		"wait=60",
	)

	assert.Equal(t, http.StatusInternalServerError, r.status, r.raw)
	assert.Equal(t, "summarization_failed", r.at("code"))

	after := w.chat(w.people.sms.ID)
	assert.Equal(t, title, after.Title)
	assert.Empty(t, after.Labels)
	assert.Empty(t, after.Summary)
}
