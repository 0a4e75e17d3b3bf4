// Package anthropic asks language models behind Anthropic's Messages API.
package anthropic

import (
	"context"
	"net/http"
	"strings"
	"time"

	sdk "github.com/anthropics/anthropic-sdk-go"
	"github.com/anthropics/anthropic-sdk-go/option"

	"handrail/chat"
	"handrail/llm"
	"handrail/llm/internal/remote"
	"handrail/llm/internal/timeout"
)

// maxTokens bounds an answer, as the API wants it: some 12,000 characters of English, twice
// what the rules ask for.
const maxTokens = 4096

// Config says which model to ask, and where.
type Config struct {
	// APIKey may be empty for a server that asks for none.
	APIKey string
	// BaseURL of the API, without its version; empty means Anthropic's.
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
	messages sdk.MessageService
	server   remote.Server
	format   remote.Format
}

// New checks the configuration; it asks the server nothing. The environment is not read.
func New(c Config) (*Model, error) {
	checked := remote.Config(c)
	if err := checked.Check("anthropic"); err != nil {
		return nil, err
	}

	// Not sdk.NewClient: that one reads the environment, and so would the SDK's spans, which
	// it can have carry whole prompts.
	options := []option.RequestOption{
		option.WithEnvironmentProduction(), option.WithMaxRetries(0), option.WithHTTPClient(checked.HTTPClient),
		option.WithRequestTimeout(
			checked.Timeout,
		), option.WithoutOpenTelemetry(), option.WithOpenTelemetryPropagation(false),
	}

	if c.BaseURL != "" {
		options = append(options, option.WithBaseURL(c.BaseURL))
	}

	if c.APIKey != "" {
		options = append(options, option.WithAPIKey(c.APIKey))
	}

	return &Model{
		messages: sdk.NewMessageService(options...),
		server:   remote.Server{Provider: "anthropic", Model: c.Model, Timeout: checked.Timeout},
		format:   remote.Format{Last: inWords},
	}, nil
}

// Complete asks with a JSON Schema for the answer, or a server that has refused one with
// the schema in words. See [llm.Provider] for the errors.
func (m *Model) Complete(ctx context.Context, r llm.Request) (llm.Completion, error) {
	ctx, cancel := timeout.Bound(ctx, m.server.Timeout)
	defer cancel()

	return m.format.Ask(func(format int) (llm.Completion, remote.Verdict, error) { return m.post(ctx, r, format) })
}

// How an answer is asked for: by JSON Schema, or in words alone.
const (
	bySchema = iota
	inWords
)

// post makes one request. It also returns what the server makes of the format of the answer.
func (m *Model) post(ctx context.Context, r llm.Request, format int) (llm.Completion, remote.Verdict, error) {
	answer := llm.Completion{Model: m.server.Model, Usage: chat.Usage{Requests: 1}}
	var response *http.Response

	message, err := m.messages.New(ctx, m.params(&r, format == bySchema), option.WithResponseInto(&response))
	if err != nil {
		return answer, remote.Judge(ctx, response), m.server.Failure(ctx, response, err)
	}

	if failure := remote.ErrorWithin(message.RawJSON()); failure != nil {
		return answer, remote.Accepted, m.server.Refused(failure)
	}

	// The first of these are only those that no cache had a part in.
	answer.Usage.InputTokens = message.Usage.InputTokens +
		message.Usage.CacheCreationInputTokens +
		message.Usage.CacheReadInputTokens

	answer.Usage.OutputTokens = message.Usage.OutputTokens
	if message.Model != "" {
		answer.Model = message.Model
	}

	switch message.StopReason {
	case sdk.StopReasonRefusal:
		return answer, remote.Accepted, remote.Refusal()
	case sdk.StopReasonModelContextWindowExceeded:
		return answer, remote.Accepted, m.server.TooLong()
	case sdk.StopReasonMaxTokens:
		answer.CutOff = true
	default: // the model found an end itself
	}

	answer.Text = textOf(message)

	return answer, remote.Accepted, nil
}

func (m *Model) params(r *llm.Request, withSchema bool) sdk.MessageNewParams {
	params := sdk.MessageNewParams{Model: m.server.Model, MaxTokens: maxTokens}

	system := r.SystemWithSchema()
	if withSchema {
		system = r.System
		params.OutputConfig.Format.Schema = r.Schema
	}

	params.System = []sdk.TextBlockParam{{Text: system}}
	for _, t := range r.Turns {
		text := sdk.NewTextBlock(t.Text)
		if t.Role == llm.RoleAssistant {
			params.Messages = append(params.Messages, sdk.NewAssistantMessage(text))
		} else {
			params.Messages = append(params.Messages, sdk.NewUserMessage(text))
		}
	}

	return params
}

// textOf is what the model wrote, without what it thought: as text, or else as the input of a tool.
func textOf(message *sdk.Message) string {
	var text strings.Builder

	for i := range message.Content {
		if block := &message.Content[i]; block.Type == "text" {
			text.WriteString(block.Text)
		}
	}

	for i := range message.Content {
		if block := &message.Content[i]; block.Type == "tool_use" && text.Len() == 0 {
			text.Write(block.Input)
		}
	}

	return text.String()
}
