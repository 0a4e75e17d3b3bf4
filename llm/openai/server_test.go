package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/llm"
	"handrail/llm/openai"
)

const key = "sk-test-3f9c2b7a"

// reply is one answer of the server. The zero value of status is 200.
type reply struct {
	status int
	header map[string]string
	body   string
}

// saysText is a completion with this content.
func saysText(content string) reply {
	return messageReply(map[string]any{"role": "assistant", "content": content}, "stop")
}

func messageReply(fields map[string]any, finish string) reply {
	return reply{body: encodeJSON(map[string]any{
		"id":      "chatcmpl-1",
		"object":  "chat.completion",
		"created": 1,
		"model":   "small-2026-11-01",
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "message": fields}},
		"usage":   map[string]any{"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
	})}
}

func failsWith(status int, code, text string) reply {
	return reply{
		status: status,
		body: encodeJSON(
			map[string]any{"error": map[string]any{"message": text, "type": "x", "code": code, "param": nil}},
		),
	}
}

func encodeJSON(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}

	return string(body)
}

// request is what a model was asked.
type request struct {
	Model          string
	Stream         *bool
	Messages       []struct{ Role, Content string }
	ResponseFormat struct {
		Type       string
		JSONSchema struct {
			Strict bool
			Schema map[string]any
		} `json:"json_schema"`
	} `json:"response_format"`
}

// world is a server that gives its replies one after the other, and a model that asks it.
type world struct {
	model    *openai.Model
	mu       sync.Mutex
	replies  []reply
	requests []request
}

func newWorld(t *testing.T, replies ...reply) *world {
	t.Helper()

	w := &world{replies: replies}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()

		assert.Equal(t, "/v1/chat/completions", r.URL.Path)
		assert.Equal(t, "Bearer "+key, r.Header.Get("Authorization"))
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		var asked request
		assert.NoError(t, json.Unmarshal(body, &asked)) //nolint:musttag // names match whatever their case
		assert.Nil(t, asked.Stream)

		w.requests = append(w.requests, asked)
		if !assert.LessOrEqual(t, len(w.requests), len(w.replies), "one request more than expected") {
			rw.WriteHeader(http.StatusTeapot)
			return
		}

		answer := w.replies[len(w.requests)-1]

		rw.Header().Set("Content-Type", "application/json")

		for name, value := range answer.header {
			rw.Header().Set(name, value)
		}

		rw.WriteHeader(max(answer.status, http.StatusOK))
		_, err = rw.Write([]byte(answer.body))
		assert.NoError(t, err)
	}))

	t.Cleanup(server.Close)
	w.model = modelAt(t, server.URL+"/v1", time.Minute)

	return w
}

func modelAt(t *testing.T, baseURL string, timeout time.Duration) *openai.Model {
	t.Helper()

	model, err := openai.New(openai.Config{
		APIKey:  key,
		BaseURL: baseURL,
		Model:   "small",
		Timeout: timeout,
	})

	require.NoError(t, err)

	return model
}

// complete also checks what holds for every outcome.
func (w *world) complete(t *testing.T) (llm.Completion, error) {
	t.Helper()
	c, err := w.model.Complete(t.Context(), newQuestion())
	w.mu.Lock()
	defer w.mu.Unlock()

	assert.Len(t, w.requests, len(w.replies), "requests")
	assert.Equal(t, len(w.requests), c.Usage.Requests)

	if err != nil {
		assert.NotContains(t, err.Error(), key)
		assert.NotContains(t, err.Error(), "3f9c")
		assert.Empty(t, c.Text)
	}

	return c, err
}

func newQuestion() llm.Request {
	return llm.Request{
		System: "Summarize.",
		Turns: []llm.Turn{
			{Role: llm.RoleUser, Text: "data"},
			{Role: llm.RoleAssistant, Text: "no"},
			{Role: llm.RoleUser, Text: "again"},
		},
		Schema: map[string]any{"type": "object", "additionalProperties": false},
	}
}
