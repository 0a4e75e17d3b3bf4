// Package openai asks language models behind OpenAI's chat completions API, at OpenAI or at
// any server that speaks it.
package openai

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"handrail/chat"
	"handrail/llm"
	"handrail/llm/internal/remote"
	"handrail/llm/internal/timeout"
)

// Config says which model to ask, and where.
type Config struct {
	// APIKey may be empty for a server that asks for none.
	APIKey string
	// BaseURL of the API, up to and with its version; empty means OpenAI's.
	BaseURL string
	// Model is the model's name at that server.
	Model string
	// Timeout bounds one request; 0 means [llm.DefaultTimeout].
	Timeout time.Duration
	// HTTPClient is for tests and for proxies; nil means one of its own.
	HTTPClient *http.Client
}

// Model is a language model. It may be used by many at once.
type Model struct {
	completions sdk.ChatCompletionService
	server      remote.Server
	format      remote.Format
}

// How an answer is asked for, from the strictest on: by JSON Schema, as any JSON object, or
// in words alone.
const (
	bySchema = iota
	asObject
	inWords
)

// New checks the configuration; it asks the server nothing. The environment is not read.
func New(c Config) (*Model, error) {
	checked := remote.Config(c)
	if err := checked.Check("openai"); err != nil {
		return nil, err
	}

	// Not sdk.NewClient: that one reads the environment.
	options := []option.RequestOption{
		option.WithEnvironmentProduction(),
		option.WithMaxRetries(0),
		option.WithHTTPClient(checked.HTTPClient),
	}

	if c.BaseURL != "" {
		options = append(options, option.WithBaseURL(c.BaseURL))
	}

	if c.APIKey != "" {
		options = append(options, option.WithAPIKey(c.APIKey))
	}

	return &Model{
		completions: sdk.NewChatCompletionService(options...),
		server:      remote.Server{Provider: "openai", Model: c.Model, Timeout: checked.Timeout},
		format:      remote.Format{Last: inWords},
	}, nil
}

// Complete asks with a JSON Schema for the answer, or a server that has refused one with
// the schema in words. See [llm.Provider] for the errors.
func (m *Model) Complete(ctx context.Context, r llm.Request) (llm.Completion, error) {
	ctx, cancel := timeout.Bound(ctx, m.server.Timeout)
	defer cancel()

	return m.format.Ask(func(format int) (llm.Completion, remote.Verdict, error) { return m.post(ctx, r, format) })
}

// post makes one request. It also returns what the server makes of the format of the answer.
func (m *Model) post(ctx context.Context, r llm.Request, format int) (llm.Completion, remote.Verdict, error) {
	answer := llm.Completion{Model: m.server.Model, Usage: chat.Usage{Requests: 1}}
	var response *http.Response

	completion, err := m.completions.New(ctx, m.params(&r, format), option.WithResponseInto(&response))
	if err != nil {
		verdict := remote.Judge(ctx, response, "response_format", "json_schema", "json_object")
		return answer, verdict, m.server.Failure(ctx, response, err)
	}

	answer.Usage.InputTokens = completion.Usage.PromptTokens
	answer.Usage.OutputTokens = completion.Usage.CompletionTokens

	if completion.Model != "" {
		answer.Model = completion.Model
	}

	// Routers in front of models answer 200 with the error of the model's own server in it.
	if failure := remote.ErrorWithin(completion.RawJSON()); failure != nil {
		return answer, remote.Accepted, m.server.Refused(failure)
	}

	if len(completion.Choices) == 0 {
		return answer, remote.Accepted, nil
	}

	choice := completion.Choices[0]
	if failure := remote.ErrorWithin(choice.RawJSON()); failure != nil {
		return answer, remote.Accepted, m.server.Refused(failure)
	}

	if choice.FinishReason == "error" {
		return answer, remote.Accepted, m.server.Stopped()
	}

	if choice.Message.Refusal != "" || choice.FinishReason == "content_filter" {
		return answer, remote.Accepted, remote.Refusal()
	}

	answer.Text = textOf(&choice.Message)
	answer.CutOff = choice.FinishReason == "length"

	return answer, remote.Accepted, nil
}

// textOf is what the model wrote, wherever its server puts it: in the content, as a text or in parts, in the
// arguments of a tool or a function, parsed, or where its thoughts belong.
func textOf(message *sdk.ChatCompletionMessage) string {
	text := message.Content

	// The SDK leaves parts as the JSON that they are.
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal([]byte(message.JSON.Content.Raw()), &parts) == nil && parts != nil {
		var joined strings.Builder
		for _, part := range parts {
			joined.WriteString(part.Text)
		}

		text = joined.String()
	}

	if strings.TrimSpace(text) != "" {
		return text
	}

	if len(message.ToolCalls) > 0 {
		text = message.ToolCalls[0].Function.Arguments
	}

	for _, field := range []string{"function_call", "parsed", "reasoning_content", "reasoning"} {
		if strings.TrimSpace(text) == "" {
			text = extraText(message, field)
		}
	}

	return text
}

// extraText is what stands in a field that servers add: a text, or an object as JSON.
func extraText(message *sdk.ChatCompletionMessage, field string) string {
	raw := message.JSON.ExtraFields[field].Raw()
	if field == "function_call" {
		return message.FunctionCall.Arguments //nolint:staticcheck // old servers have nothing else
	}

	var text string
	if json.Unmarshal([]byte(raw), &text) != nil {
		return raw
	}

	return text
}

func (m *Model) params(r *llm.Request, format int) sdk.ChatCompletionNewParams {
	params := sdk.ChatCompletionNewParams{Model: m.server.Model}
	system := r.SystemWithSchema()

	switch format {
	case bySchema:
		system = r.System

		params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
				Name:   "chat_summary",
				Strict: sdk.Bool(true),
				Schema: r.Schema,
			},
		}

	case asObject:
		params.ResponseFormat.OfJSONObject = &shared.ResponseFormatJSONObjectParam{}
	}

	params.Messages = append(params.Messages, sdk.SystemMessage(system))

	for _, t := range r.Turns {
		if t.Role == llm.RoleAssistant {
			params.Messages = append(params.Messages, sdk.AssistantMessage(t.Text))
		} else {
			params.Messages = append(params.Messages, sdk.UserMessage(t.Text))
		}
	}

	return params
}
