package anthropic_test

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
	"handrail/llm/anthropic"
)

const key = "sk-ant-test-3f9c2b7a"

// reply is one answer of the server. The zero value of status is 200.
type reply struct {
	status int
	header map[string]string
	body   string
}

// saysText is a message with this text.
func saysText(text string) reply {
	return messageReply("end_turn", map[string]any{"type": "text", "text": text})
}

func messageReply(stop string, content ...any) reply {
	return reply{body: encodeJSON(map[string]any{
		"id":          "msg_1",
		"type":        "message",
		"role":        "assistant",
		"model":       "small-20261101",
		"stop_reason": stop,
		"content":     content,
		"usage": map[string]any{
			"input_tokens":                70,
			"cache_read_input_tokens":     20,
			"cache_creation_input_tokens": 10,
			"output_tokens":               10,
		},
	})}
}

func failsWith(status int, kind, text string) reply {
	return reply{
		status: status,
		body:   encodeJSON(map[string]any{"type": "error", "error": map[string]any{"type": kind, "message": text}}),
	}
}

func encodeJSON(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}

	return string(body)
}

type block struct{ Type, Text string }

// request is what a model was asked.
type request struct {
	Model     string
	Stream    *bool
	MaxTokens int `json:"max_tokens"`
	System    []block
	Messages  []struct {
		Role    string
		Content []block
	}
	OutputConfig *struct {
		Format struct {
			Type   string
			Schema map[string]any
		}
	} `json:"output_config"`
}

// world is a server that gives its replies one after the other, and a model that asks it.
type world struct {
	model    *anthropic.Model
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

		assert.Equal(t, "/v1/messages", r.URL.Path)
		assert.Equal(t, key, r.Header.Get("X-Api-Key"))
		assert.Empty(t, r.Header.Get("Authorization"))
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
	w.model = modelAt(t, server.URL, time.Minute)

	return w
}

func modelAt(t *testing.T, baseURL string, timeout time.Duration) *anthropic.Model {
	t.Helper()

	model, err := anthropic.New(anthropic.Config{
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
