// Package openai owns the summaries written by a language model behind OpenAI's chat
// completions API, at OpenAI or at any server that speaks it. It owns the prompt, the
// shape of the answer and what is done about answers that do not have it; retries after
// failures that pass belong to the caller.
//
// The transcript goes into the prompt as data: one JSON object per message inside a
// fence that no message can close. What comes back is bound by a JSON Schema that knows
// the workspace's labels, and checked here again, whatever the server made of it.
package openai

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"handrail/chat"
)

// DefaultTimeout bounds one summary where the configuration says nothing else.
const DefaultTimeout = 90 * time.Second

// Config says which model to ask, and where.
type Config struct {
	// APIKey may be empty for a server that asks for none.
	APIKey string
	// BaseURL of the API, up to and with its version; empty means OpenAI's.
	BaseURL string
	// Model is the model's name at that server.
	Model string
	// Timeout bounds one summary with all its requests; 0 means [DefaultTimeout].
	Timeout time.Duration
	// HTTPClient is for tests and for proxies; nil means one of its own.
	HTTPClient *http.Client
}

// Model summarizes with a language model. It may be used by many at once.
type Model struct {
	completions sdk.ChatCompletionService
	name        string
	timeout     time.Duration
	// schemaless is set once the server has refused a JSON Schema.
	schemaless atomic.Bool
}

// New checks the configuration; it asks the server nothing. The environment is not read.
func New(c Config) (*Model, error) {
	if c.Model == "" {
		return nil, errors.New("openai: Model must name a language model")
	}
	if c.Timeout < 0 {
		return nil, errors.New("openai: Timeout must not be negative")
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{} // the context bounds its requests
	}
	// Not sdk.NewClient: that one reads the environment.
	options := []option.RequestOption{option.WithEnvironmentProduction(), option.WithMaxRetries(0), option.WithHTTPClient(c.HTTPClient)}
	if c.BaseURL != "" {
		if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("openai: BaseURL must be an http or https URL") // it may hold a secret: not shown
		}
		options = append(options, option.WithBaseURL(c.BaseURL))
	}
	if c.APIKey != "" {
		options = append(options, option.WithAPIKey(c.APIKey))
	}
	return &Model{completions: sdk.NewChatCompletionService(options...), name: c.Model, timeout: c.Timeout}, nil
}

// Summarize has the model read the chat and write its title and summary, in the chat's
// language, and with chooseLabels choose among the transcript's labels. An answer that is
// not usable is shown to the model once, with what is wrong with it.
//
// The errors: CodeNothingToSummarize for a chat without messages; CodeSummarizationFailed
// for what trying again does not help: refused credentials, an unknown model, a used-up
// quota, a refusal, an answer that is still not usable; a [chat.RetryLaterError] with the wait
// the server asks for, if any, for what may pass; the context's error when that ends.
func (m *Model) Summarize(ctx context.Context, t chat.Transcript, chooseLabels bool) (chat.Summary, error) {
	if len(t.Messages) == 0 {
		return chat.Summary{}, chat.Errorf(chat.CodeNothingToSummarize, "this chat has no messages to summarize")
	}
	if !chooseLabels || len(t.Labels) == 0 {
		t.Labels = nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, m.timeout, errTimeout)
	defer cancel()

	q := newQuestion(&t)
	a, err := m.ask(ctx, q)
	if err != nil {
		return chat.Summary{}, err
	}
	s, err := a.summary(&t)
	if err == nil {
		return s, nil
	}
	q.repair(a.text, chat.AsError(err).Message)
	if a, err = m.ask(ctx, q); err != nil {
		return chat.Summary{}, err
	}
	if s, err = a.summary(&t); err != nil {
		return chat.Summary{}, chat.Errorf(chat.CodeSummarizationFailed,
			"the model's answer is not usable, nor is its second one: %s", chat.AsError(err).Message)
	}
	return s, nil
}

// ask poses the question with a JSON Schema for the answer, or to a server that knows
// none with the schema in words.
func (m *Model) ask(ctx context.Context, q *question) (answer, error) {
	if !m.schemaless.Load() {
		params := sdk.ChatCompletionNewParams{Messages: q.messages(false)}
		params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: "chat_summary", Strict: sdk.Bool(true), Schema: q.schema},
		}
		a, err := m.post(ctx, params)
		if !errors.Is(err, errNoSchema) {
			return a, err
		}
		m.schemaless.Store(true)
	}
	params := sdk.ChatCompletionNewParams{Messages: q.messages(true)}
	params.ResponseFormat.OfJSONObject = &shared.ResponseFormatJSONObjectParam{}
	return m.post(ctx, params)
}

// post makes one request. An answer without usable text is an answer; see [answer].
func (m *Model) post(ctx context.Context, params sdk.ChatCompletionNewParams) (answer, error) {
	params.Model = m.name
	var response *http.Response
	completion, err := m.completions.New(ctx, params, option.WithResponseInto(&response))
	if err != nil {
		return answer{}, m.failure(ctx, response, params.ResponseFormat.OfJSONSchema != nil, err)
	}
	a := answer{model: completion.Model}
	if a.model == "" {
		a.model = m.name
	}
	if len(completion.Choices) == 0 {
		return a, nil
	}
	choice := completion.Choices[0]
	if choice.Message.Refusal != "" || choice.FinishReason == "content_filter" {
		return answer{}, chat.Errorf(chat.CodeSummarizationFailed, "the model refuses to summarize this chat")
	}
	a.text, a.cutOff = choice.Message.Content, choice.FinishReason == "length"
	return a, nil
}
