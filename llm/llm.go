// Package llm owns the summaries written by language models: the prompt, the shape of the
// answer, and what is done about answers that do not have it. How a model is asked belongs
// to a [Provider]; retries after failures that pass belong to the caller.
//
// Messages, and summaries written before, go into the prompt as data: JSON inside a fence
// that nothing in them can close. What comes back is bound by a JSON Schema that knows the
// workspace's labels, and checked again against what was read, whatever the model made of
// it. Messages carry short numbers in the prompt: models copy them better than ids, and
// they cost less.
package llm

import (
	"context"
	"time"

	"handrail/budget"
	"handrail/chat"
	"handrail/llm/internal/timeout"
)

// DefaultTimeout bounds one summary, and one request to a model, where the configuration
// says nothing else.
const DefaultTimeout = 90 * time.Second

// DefaultCapacity is what a [Writer] is given to read at a time, in characters: some 15,000
// to 30,000 tokens, which models with a context of 32,000 hold beside the prompt, and of
// which models still make use from the beginning to the end.
const DefaultCapacity = 60_000

// Provider asks a language model. It may be used by many at once.
type Provider interface {
	// Complete has the model answer. What it cost is in the Completion also beside an error,
	// but for the time, which the caller measures.
	//
	// The errors: CodeTooLongForModel for what the model cannot hold; CodeSummarizationFailed
	// for what trying again does not help; a [chat.RetryLaterError] for what may pass; the
	// context's error when that ends.
	Complete(ctx context.Context, r Request) (Completion, error)
}

// Request is what a model is asked.
type Request struct {
	// System are the rules.
	System string
	Turns  []Turn
	// Schema is the JSON Schema of the answer, within what OpenAI's strict mode takes.
	Schema map[string]any
}

// SystemWithSchema are the rules with the schema in words, for a server that knows no
// JSON Schema.
func (r *Request) SystemWithSchema() string {
	return r.System + "\nThe JSON Schema of the answer: " + inJSON(r.Schema)
}

// size is how many bytes the request has. A token has one at least.
func (r *Request) size() int64 {
	size := len(r.SystemWithSchema())
	for _, turn := range r.Turns {
		size += len(turn.Text)
	}

	return int64(size)
}

// Role is who speaks in a request.
type Role string

// The roles of turns.
const (
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Turn is what one side says.
type Turn struct {
	Role Role
	Text string
}

// Completion is what a model said. The text is empty when it said nothing.
type Completion struct {
	Text string
	// Model is the model's name as its server gives it.
	Model string
	// CutOff reports that the server stopped the model in the middle.
	CutOff bool
	// Usage leaves out the time.
	Usage chat.Usage
}

// Config of a writer. The zero value is usable.
type Config struct {
	// Capacity is how many characters of messages to give at a time; 0 means
	// [DefaultCapacity].
	Capacity int
	// Timeout bounds one summary with all its requests; 0 means [DefaultTimeout].
	Timeout time.Duration
	// Shortlist ranks a reading's labels when it has more than the prompt takes, and gives
	// the limit most fitting ones; nil takes the first ones.
	Shortlist func(r chat.Reading, limit int) []chat.Label
}

// Writer summarizes with a language model. It may be used by many at once.
type Writer struct {
	provider  Provider
	capacity  int
	timeout   time.Duration
	shortlist func(r chat.Reading, limit int) []chat.Label
}

// New makes a writer; it asks the provider nothing.
func New(provider Provider, c Config) *Writer {
	if c.Capacity <= 0 {
		c.Capacity = DefaultCapacity
	}

	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}

	if c.Shortlist == nil {
		c.Shortlist = firstLabels
	}

	return &Writer{
		provider:  provider,
		capacity:  c.Capacity,
		timeout:   c.Timeout,
		shortlist: c.Shortlist,
	}
}

// Capacity is how many characters of messages the writer is to be given at a time. It cuts
// single long messages, but never leaves one out.
func (w *Writer) Capacity() int { return w.capacity }

// Summarize has the model read, and write and choose as the reading asks. An answer that is
// not usable is shown to the model once, with what is wrong with it. What of the answer the
// reading does not support is left out, see [chat.Reading.Accept]; a text that is too long
// the second time, too, is cut. The usage is what all requests cost, also beside an error.
//
// The errors: CodeNothingToSummarize for nothing to read; CodeTooLongForModel for more than
// the model holds; CodeSummarizationFailed for what trying again does not help: refused
// credentials, an unknown model, a used-up quota, a refusal, an answer that is still not
// usable; a [chat.RetryLaterError] with the wait the server asks for, if any, for what may
// pass; the context's error when that ends.
func (w *Writer) Summarize(ctx context.Context, r chat.Reading) (chat.Summary, chat.Usage, error) {
	var spent chat.Usage
	if len(r.Messages) == 0 && len(r.Earlier) == 0 {
		return chat.Summary{}, spent, chat.Errorf(chat.CodeNothingToSummarize, "this chat has no messages to summarize")
	}

	ctx, cancel := timeout.Bound(ctx, w.timeout)
	defer cancel()

	q := newQuestion(&r, w.offered(&r))

	first, err := w.ask(ctx, q, &spent)
	if err != nil {
		return chat.Summary{}, spent, err
	}

	s, err := q.read(&first)
	if err == nil {
		return s, spent, nil
	}

	q.repair(first.Text, chat.AsError(err).Message)

	second, err := w.ask(ctx, q, &spent)
	if err != nil {
		return chat.Summary{}, spent, err
	}

	if s, err = q.readLast(&second); err != nil {
		return chat.Summary{}, spent, chat.Errorf(chat.CodeSummarizationFailed,
			"the model's answer is not usable, nor is its second one: %s", chat.AsError(err).Message)
	}

	return s, spent, nil
}

// ask makes one request and adds what it cost. What a server says that it cost is believed as far as
// the request can have cost it: the tokens of a workspace are counted against a limit, and neither
// grow without end nor fall.
func (w *Writer) ask(ctx context.Context, q *question, spent *chat.Usage) (Completion, error) {
	begun := time.Now()
	c, err := w.provider.Complete(ctx, q.request)
	c.Usage.Duration = time.Since(begun)
	requests := int64(c.Usage.Requests)
	c.Usage.InputTokens = budget.Tokens(c.Usage.InputTokens, requests*(q.request.size()+budget.TokensBeside))
	c.Usage.OutputTokens = budget.Tokens(c.Usage.OutputTokens, requests*budget.MaxOutputTokens)

	*spent = spent.Plus(c.Usage)

	return c, err
}
