package hostile

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"handrail/api"
	"handrail/chat"
	"handrail/llm"
)

// knownKey is a store that knows one key, and is asked for nothing else: no hostile body comes so far.
type knownKey struct{ api.Store }

// noEngine, noTools and noModels are never asked.
type (
	noEngine struct{ api.Engine }
	noTools  struct{ api.Tools }
	noModels struct{ api.Models }
)

const (
	workspace = chat.WorkspaceID("w_hostile")
	secret    = "hr_0123456789abcdefghijklmnopqrstuvwxyz0123456"
)

// Authenticate knows every key.
func (knownKey) Authenticate(context.Context, [32]byte, time.Time) (chat.Principal, error) {
	return chat.Principal{
		KeyID:       1,
		WorkspaceID: workspace,
		MemberID:    1,
		Role:        chat.RoleManager,
		Scopes:      chat.AllScopes(),
	}, nil
}

// bodyInputs are bodies of the API, which answers each with what is wrong with it.
func bodyInputs() ([]input, error) {
	limit := api.RateLimit{PerSecond: 1e6, Burst: 1e6}

	app, err := api.New(api.Config{
		Store:          knownKey{},
		Engine:         noEngine{},
		Tools:          noTools{},
		Models:         noModels{},
		Logger:         slog.New(slog.DiscardHandler),
		Version:        "hostile",
		KeyLimit:       limit,
		FailureLimit:   limit,
		WorkspaceLimit: limit,
		AddressLimit:   limit,
	})
	if err != nil {
		return nil, err
	}

	to := func(path, name string, size int, maxBytes uint64, write func(n int) string) input {
		return input{
			name:     name,
			size:     size,
			maxBytes: maxBytes,
			prepare: func(n int) (int, func()) {
				text := write(n)
				return len(text), func() { postBody(app, path, text) }
			},
		}
	}

	body := func(name string, size int, maxBytes uint64, write func(n int) string) input {
		return to("/members", name, size, maxBytes, write)
	}

	return []input{
		body("body, a long name above a list", 40_000, 20*mega, func(n int) string {
			return `{"` + strings.Repeat("a", n) + `":` + repeatItem("1", n) + `}`
		}),
		body("body, the longest name above a list", 40_000, 100*mega, func(n int) string {
			return `{"` + strings.Repeat("a", 1000) + `":` + repeatItem("1", n) + `}`
		}),
		body("body, objects in a list", 20_000, 100*mega, func(n int) string {
			return `{"name":` + repeatItem(`{"a":1}`, n) + `}`
		}),
		body("body, unknown fields", 10_000, 100*mega, writeFields),
		body("body, levels", 20_000, 20*mega, func(n int) string {
			return strings.Repeat(`{"a":`, n)
		}),
		body("body, halves of surrogates", 60_000, 100*mega, func(n int) string {
			return `{"name":"` + strings.Repeat(`\ud800`, n) + `"}`
		}),
		to("/chats", "body, both spellings of a field", 20_000, 100*mega, func(n int) string {
			return `{"participants":` + repeatItem(`{"memberId":"x"}`, n) + `}`
		}),
	}, nil
}

// postBody sends a body with an API key.
func postBody(app *api.App, path, body string) {
	path = "/api/v2/w/" + string(workspace) + path

	r, err := http.NewRequestWithContext(
		context.Background(), http.MethodPost, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		panic("hostile: a request cannot be made: " + err.Error())
	}

	r.Header.Set("Authorization", "Bearer "+secret)
	r.Header.Set("Content-Type", "application/json")

	answer, err := app.Test(r)
	if err != nil {
		panic("hostile: a request was not answered: " + err.Error())
	}

	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()

	if answer.StatusCode != http.StatusBadRequest {
		panic("hostile: a body was not refused, but answered " + answer.Status)
	}
}

// model answers always the same.
type model struct{ text string }

// Complete answers.
func (m model) Complete(context.Context, llm.Request) (llm.Completion, error) {
	return llm.Completion{Text: m.text, Usage: chat.Usage{Requests: 1}}, nil
}

// modelInputs are answers of a model to a chat of a hundred messages.
func modelInputs() []input {
	reading := chat.Reading{
		ChooseLabels: true,
		Labels:       []chat.Label{{Name: "vip"}},
	}

	for i := range 100 {
		reading.Messages = append(reading.Messages, chat.Line{
			ID:   chat.MessageID(strings.Repeat("m", i+1)),
			Text: strings.Repeat("Where is my order? ", 30),
		})
	}

	answer := func(name string, size int, write func(n int) string) input {
		return input{
			name:     name,
			size:     size,
			maxBytes: 100 * mega,
			prepare: func(n int) (int, func()) {
				text := write(n)
				writer := llm.New(model{text}, llm.Config{})

				return len(text), func() { _, _, _ = writer.Summarize(context.Background(), reading) }
			},
		}
	}

	return []input{
		answer("model, points", 4000, func(n int) string {
			return `{"title":"t","summary":"s","key_points":` + repeatItem(`{"text":"x","messages":[1]}`, n) + `}`
		}),
		answer("model, messages of a point", 20_000, func(n int) string {
			return `{"title":"t","summary":"s","key_points":[{"text":"x","messages":` + repeatItem("7", n) + `}]}`
		}),
		answer("model, quotes", 2000, func(n int) string {
			return `{"title":"t","summary":"s","labels":[{"name":"vip","confidence":1,"evidence":` +
				repeatItem(`{"message":1,"quote":"not said"}`, n) + `}]}`
		}),
	}
}
