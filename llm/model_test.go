package llm_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/llm"
)

// model is a provider that answers one after the other, and remembers what it was asked.
type model struct {
	mu       sync.Mutex
	answers  []func(r *llm.Request) (llm.Completion, error)
	requests []llm.Request
}

func (m *model) Complete(_ context.Context, r llm.Request) (llm.Completion, error) {
	m.mu.Lock()
	defer m.mu.Unlock()

	m.requests = append(m.requests, r)

	return m.answers[min(len(m.requests), len(m.answers))-1](&r)
}

func modelThat(answers ...func(r *llm.Request) (llm.Completion, error)) *model {
	return &model{answers: answers}
}

// saysText is an answer of 100 tokens in and 10 out.
func saysText(text string) func(*llm.Request) (llm.Completion, error) {
	return func(*llm.Request) (llm.Completion, error) {
		return llm.Completion{
			Text:  text,
			Model: "small",
			Usage: chat.Usage{Requests: 1, InputTokens: 100, OutputTokens: 10},
		}, nil
	}
}

func cutOff(text string) func(*llm.Request) (llm.Completion, error) {
	return func(*llm.Request) (llm.Completion, error) { return llm.Completion{Text: text, CutOff: true}, nil }
}

func failsWith(err error) func(*llm.Request) (llm.Completion, error) {
	return func(*llm.Request) (llm.Completion, error) {
		return llm.Completion{Usage: chat.Usage{Requests: 1, InputTokens: 7}}, err
	}
}

// summarize has the model answer and checks how often it was asked.
func (m *model) summarize(t *testing.T, r chat.Reading) (chat.Summary, chat.Usage, error) {
	t.Helper()
	s, usage, err := llm.New(m, llm.Config{}).Summarize(t.Context(), r)
	assert.Len(t, m.requests, len(m.answers), "requests")

	if err != nil {
		assert.Zero(t, s)
	}

	return s, usage, err
}

// readingOf is a chat of these messages, in turns, with the ids a, b, c.
func readingOf(texts ...string) chat.Reading {
	r := chat.Reading{
		ChatID:       7,
		Channel:      chat.ChannelSMS,
		ChooseLabels: true,
		Labels:       []chat.Label{{Name: "Refund", Description: "Wants money back"}, {Name: "Late delivery"}},
	}

	for i, text := range texts {
		role := chat.RoleUserMessage
		if i%2 == 1 {
			role = chat.RoleAssistantMessage
		}

		r.Messages = append(r.Messages, chat.Line{ID: chat.MessageID(rune('a' + i%26)), Role: role, Text: text})
	}

	return r
}

const head = `{"title":"Order 4711 is late","summary":"Ana waits for order 4711.",`

// goodAnswer is an answer with these labels.
func goodAnswer(labels string) string {
	return head + `"key_points":[{"text":"Order 4711 is late.","messages":[1]}],"open_questions":[],` +
		`"next_steps":[],"labels":` + labels + `}`
}

// refundLabel is the label with a quote.
func refundLabel(quote string) string {
	encoded, err := json.Marshal(quote)
	if err != nil {
		panic(err)
	}

	return `[{"name":"Refund","confidence":0.9,"evidence":[{"message":1,"quote":` + string(encoded) + `}]}]`
}

// linesInside are the lines between the tags.
func linesInside(prompt, tag string) []string {
	_, rest, _ := strings.Cut(prompt, "<"+tag+">\n")
	rest, _, _ = strings.Cut(rest, "\n</"+tag+">")

	return strings.Split(rest, "\n")
}
