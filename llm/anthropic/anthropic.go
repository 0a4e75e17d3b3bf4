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
	// format is 1 for a server that takes no JSON Schema.
	format remote.Format
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
	}, nil
}

// Complete asks with a JSON Schema for the answer, or a server that has refused one with
// the schema in words. See [llm.Provider] for the errors.
func (m *Model) Complete(ctx context.Context, r llm.Request) (llm.Completion, error) {
	ctx, cancel := timeout.Bound(ctx, m.server.Timeout)
	defer cancel()

	withSchema := m.format.Level() == 0

	completion, mayRefuse, err := m.post(ctx, r, withSchema)
	if !withSchema || !mayRefuse {
		return completion, err
	}

	// Once, in words: what fails then is the answer to the first request.
	second, _, secondErr := m.post(ctx, r, false)
	spent := completion.Usage.Plus(second.Usage)

	if secondErr == nil {
		m.format.Lower(1)

		completion = second
		err = nil
	}

	completion.Usage = spent

	return completion, err
}

// post makes one request. It also reports whether a failure may be about the schema.
func (m *Model) post(ctx context.Context, r llm.Request, withSchema bool) (llm.Completion, bool, error) {
	answer := llm.Completion{Model: m.server.Model, Usage: chat.Usage{Requests: 1}}
	var response *http.Response

	message, err := m.messages.New(ctx, m.params(&r, withSchema), option.WithResponseInto(&response))
	if err != nil {
		mayRefuse := ctx.Err() == nil && response != nil && refusesSchema(response)
		return answer, mayRefuse, m.server.Failure(ctx, response, err)
	}

	if failure := remote.ErrorWithin(message.RawJSON()); failure != nil {
		return answer, false, m.server.Refused(failure)
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
		return answer, false, remote.Refusal()
	case sdk.StopReasonModelContextWindowExceeded:
		return answer, false, m.server.TooLong()
	case sdk.StopReasonMaxTokens:
		answer.CutOff = true
	default: // the model found an end itself
	}

	answer.Text = textOf(message)

	return answer, false, nil
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

// refusesSchema reports whether the server's complaint is about the form of the answer.
func refusesSchema(response *http.Response) bool {
	if response.StatusCode < http.StatusBadRequest {
		return false
	}

	complaint := remote.Read(response)

	return complaint.RefusesFormat("output_config", "output_format", "json_schema", "structured output", "schema") ||
		complaint.MayRefuseFormat()
}
