package openai_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm/openai"
)

const key = "sk-test-3f9c2b7a"

// reply is one answer of the server. The zero value of status is 200.
type reply struct {
	status int
	header map[string]string
	body   string
}

// says is a completion with this content.
func says(content string) reply {
	return message(map[string]any{"role": "assistant", "content": content}, "stop")
}

func message(fields map[string]any, finish string) reply {
	body, err := json.Marshal(map[string]any{
		"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "small-2026-11-01",
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "message": fields}},
	})
	if err != nil {
		panic(err)
	}
	return reply{body: string(body)}
}

func fails(status int, code, text string) reply {
	body, err := json.Marshal(map[string]any{"error": map[string]any{"message": text, "type": "x", "code": code, "param": nil}})
	if err != nil {
		panic(err)
	}
	return reply{status: status, body: string(body)}
}

// request is what a model was asked.
type request struct {
	Model          string
	Messages       []struct{ Role, Content string }
	ResponseFormat struct {
		Type       string
		JSONSchema struct {
			Strict bool
			Schema struct {
				Properties           map[string]json.RawMessage
				Required             []string
				AdditionalProperties *bool `json:"additionalProperties"`
			}
		} `json:"json_schema"`
	} `json:"response_format"`
}

func (r *request) system() string     { return r.Messages[0].Content }
func (r *request) transcript() string { return r.Messages[1].Content }

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
		var asked request
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&asked)) //nolint:musttag // names match whatever their case
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
		_, err := rw.Write([]byte(answer.body))
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	w.model = modelAt(t, server.URL+"/v1", time.Minute)
	return w
}

func modelAt(t *testing.T, baseURL string, timeout time.Duration) *openai.Model {
	t.Helper()
	model, err := openai.New(openai.Config{APIKey: key, BaseURL: baseURL, Model: "small", Timeout: timeout})
	require.NoError(t, err)
	return model
}

// summarize also checks what holds for every outcome.
func (w *world) summarize(t *testing.T, transcript chat.Transcript, chooseLabels bool) (chat.Summary, error) {
	t.Helper()
	s, err := w.model.Summarize(t.Context(), transcript, chooseLabels)
	w.mu.Lock()
	defer w.mu.Unlock()
	assert.Len(t, w.requests, len(w.replies), "requests")
	if err != nil {
		assert.NotContains(t, err.Error(), key)
		assert.NotContains(t, err.Error(), "3f9c")
		assert.Zero(t, s)
	} else {
		assert.NoError(t, s.Check(&transcript))
	}
	return s, err
}

func transcriptOf(texts ...string) chat.Transcript {
	t := chat.Transcript{
		ChatID: 7, Channel: chat.ChannelSMS,
		Labels: []chat.Label{{Name: "Refund", Description: "Wants money back"}, {Name: "Late delivery"}},
	}
	for i, text := range texts {
		role := chat.RoleUserMessage
		if i%2 == 1 {
			role = chat.RoleAssistantMessage
		}
		t.Messages = append(t.Messages, chat.Line{Role: role, Speaker: "Ana", Text: text})
	}
	return t
}

func good(labels string) string {
	return `{"title":"Order 4711 is late","summary":"Ana waits for order 4711. It comes on Tuesday.","labels":` + labels + `}`
}

func lines(transcript string) []string {
	_, inside, _ := strings.Cut(transcript, "<transcript>\n")
	inside, _, _ = strings.Cut(inside, "\n</transcript>")
	return strings.Split(inside, "\n")
}
