package anthropic_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm"
	"handrail/llm/anthropic"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, saysText("{}"))
	c, err := w.complete(t)
	require.NoError(t, err)

	assert.Equal(
		t,
		llm.Completion{
			Text:  "{}",
			Model: "small-20261101",
			Usage: chat.Usage{Requests: 1, InputTokens: 100, OutputTokens: 10},
		},
		c,
	)

	r := w.requests[0]
	assert.Equal(t, "small", r.Model)
	assert.Equal(t, 4096, r.MaxTokens)
	assert.Equal(t, []block{{"text", "Summarize."}}, r.System)
	require.Len(t, r.Messages, 3)

	for i, want := range []struct{ role, text string }{{"user", "data"}, {"assistant", "no"}, {"user", "again"}} {
		assert.Equal(t, want.role, r.Messages[i].Role)
		assert.Equal(t, []block{{"text", want.text}}, r.Messages[i].Content)
	}

	require.NotNil(t, r.OutputConfig)
	assert.Equal(t, "json_schema", r.OutputConfig.Format.Type)
	assert.Equal(t, newQuestion().Schema, r.OutputConfig.Format.Schema)
}

func TestSparseAnswers(t *testing.T) {
	t.Parallel()

	used := chat.Usage{Requests: 1, InputTokens: 100, OutputTokens: 10}
	thought := map[string]any{"type": "thinking", "thinking": "hm", "signature": "x"}

	part := func(text string) map[string]any { return map[string]any{"type": "text", "text": text} }
	for name, c := range map[string]struct {
		reply reply
		want  llm.Completion
	}{
		"cut off":       {messageReply("max_tokens", part(`{"a`)), llm.Completion{Text: `{"a`, CutOff: true, Usage: used}},
		"empty":         {messageReply("end_turn"), llm.Completion{Usage: used}},
		"with thoughts": {messageReply("end_turn", thought, part("{"), part("}")), llm.Completion{Text: "{}", Usage: used}},
		"in a tool's input": {
			messageReply("tool_use", map[string]any{"type": "tool_use", "id": "1", "name": "answer", "input": map[string]any{"title": "x"}}),
			llm.Completion{Text: `{"title":"x"}`, Usage: used},
		},
		"without more": {
			reply{body: `{"content":[{"type":"text","text":"{}"}]}`},
			llm.Completion{Text: "{}", Model: "small", Usage: chat.Usage{Requests: 1}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newWorld(t, c.reply).complete(t)
			require.NoError(t, err)

			if c.want.Model == "" {
				c.want.Model = "small-20261101"
			}

			assert.Equal(t, c.want, got)
		})
	}
}

func TestFinalFailures(t *testing.T) {
	t.Parallel()

	leak := "invalid x-api-key: " + key + ". Ana said: where is order 4711"

	failed, long := chat.CodeSummarizationFailed, chat.CodeTooLongForModel
	for name, c := range map[string]struct {
		reply reply
		code  chat.Code
		says  string
	}{
		"refusal": {messageReply("refusal"), failed, "the model refuses"},
		"401": {failsWith(401, "authentication_error", leak), failed, "credentials are refused (401 " +
			"Unauthorized, authentication_error)"},
		"401 in HTML": {reply{status: 401, body: "<html>" + key}, failed, "credentials are refused (401 " +
			"Unauthorized)"},
		"403":           {failsWith(403, key, leak), failed, "credentials are refused (403 Forbidden)"},
		"unknown model": {failsWith(404, "not_found_error", leak), failed, "does not have the model small"},
		"billing":       {failsWith(402, "billing_error", leak), failed, "the quota at the model's server is used up"},
		"invalid": {failsWith(400, "invalid_request_error", leak), failed, "refused the request (400 Bad " +
			"Request, invalid_request_error)"},
		"elsewhere": {reply{status: 307, header: map[string]string{"Location": "http://other.test/" + key}}, failed, "redirects elsewhere (307 Temporary Redirect)"},
		"too long":  {failsWith(400, "invalid_request_error", "prompt is too long: 200251 tokens > 200000 maximum"), long, "cannot hold this much text"},
		"over the limit": {failsWith(400, "invalid_request_error", "input length and `max_tokens` exceed context "+
			"limit: 1 + 2 > 2"), long, "cannot hold"},
		"413":            {failsWith(413, "request_too_large", leak), long, "cannot hold"},
		"window is full": {messageReply("model_context_window_exceeded", map[string]any{"type": "text", "text": `{"a`}), long, "cannot hold"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newWorld(t, inDoubt(name, c.reply)...).complete(t)
			require.Equal(t, c.code, chat.CodeOf(err))
			assert.True(t, chat.AsError(err).Final())
			assert.Contains(t, chat.AsError(err).Message, c.says)
			assert.NotContains(t, err.Error(), "Ana said")

			if c.reply.status == 0 {
				assert.Equal(t, int64(110), got.Usage.Tokens(), "a refusal is paid for")
			}
		})
	}
}

func TestPassingFailures(t *testing.T) {
	t.Parallel()

	date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)

	wait := func(name, value string) reply {
		return reply{
			status: 429,
			header: map[string]string{name: value},
			body:   `{"error":{"message":"slow down","type":"rate_limit_error"}}`,
		}
	}

	for name, c := range map[string]struct {
		reply    reply
		code     string
		min, max time.Duration
	}{
		"429 in seconds":      {wait("Retry-After", "17"), "anthropic_429", 17 * time.Second, 17 * time.Second},
		"429 in milliseconds": {wait("Retry-After-Ms", "1500"), "anthropic_429", 1500 * time.Millisecond, 1500 * time.Millisecond},
		"429 as a date":       {wait("Retry-After", date), "anthropic_429", 58 * time.Minute, time.Hour},
		"500":                 {failsWith(500, "api_error", "boom"), "anthropic_500", 0, 0},
		"502 in HTML":         {reply{status: 502, body: "<html>Bad gateway"}, "anthropic_502", 0, 0},
		"529":                 {failsWith(529, "overloaded_error", "Overloaded"), "anthropic_529", 0, 0},
		"a page":              {reply{header: map[string]string{"Content-Type": "text/html"}, body: "<html>"}, "anthropic_unreadable", 0, 0},
		"broken JSON":         {reply{body: `{"content":`}, "anthropic_unreadable", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newWorld(t, inDoubt(name, c.reply)...).complete(t)
			var later *chat.RetryLaterError
			require.ErrorAs(t, err, &later)
			assert.Equal(t, c.code, later.Code)
			assert.GreaterOrEqual(t, later.After, c.min)
			assert.LessOrEqual(t, later.After, c.max)
			assert.NotContains(t, err.Error(), "slow down", "the server's text stays out")

			if name == "529" {
				assert.Equal(t, "the model's server has too much to do for now (529, overloaded_error)", later.Message)
			}
		})
	}
}

func TestTimeoutAndCancellation(t *testing.T) {
	t.Parallel()

	arrived := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body) // only then does the server see the client go
		assert.NoError(t, err)

		arrived <- struct{}{}

		<-r.Context().Done()
	}))

	t.Cleanup(server.Close)

	c, err := modelAt(t, server.URL, time.Second).Complete(t.Context(), newQuestion())
	var later *chat.RetryLaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, "anthropic_timeout: the model did not answer within 1s", later.Error())
	assert.Equal(t, 1, c.Usage.Requests)
	<-arrived

	ctx, cancel := context.WithCancel(t.Context())

	go func() {
		<-arrived
		cancel()
	}()

	_, err = modelAt(t, server.URL, time.Minute).Complete(ctx, newQuestion())
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorAs(t, err, &later)
}

func TestNoConnection(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.NotFoundHandler())
	address := strings.Replace(server.URL, "http://", "http://user:"+key+"@", 1)
	server.Close()

	_, err := modelAt(t, address+"?token="+key, time.Minute).Complete(t.Context(), newQuestion())
	var later *chat.RetryLaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, "anthropic_unreachable", later.Code)
	assert.NotContains(t, err.Error(), key)
}

func TestServerWithoutSchemasIsRemembered(t *testing.T) {
	t.Parallel()

	for _, complaint := range []string{"output_config.format: Extra inputs are not permitted", "small does not support structured outputs"} {
		w := newWorld(t, failsWith(400, "invalid_request_error", complaint), saysText("{}"), saysText("{}"))
		for _, requests := range []int{2, 1} {
			c, err := w.model.Complete(t.Context(), newQuestion())
			require.NoError(t, err)
			assert.Equal(t, chat.Usage{Requests: requests, InputTokens: 100, OutputTokens: 10}, c.Usage)
		}

		for i, r := range w.requests {
			assert.Equal(t, i == 0, r.OutputConfig != nil)
			assert.Equal(t, i > 0, strings.Contains(r.System[0].Text, `{"additionalProperties":false,"type":"object"}`))
		}
	}
}

// inDoubt repeats a reply that may be about the schema: the model is asked once more, in words.
func inDoubt(name string, answer reply) []reply {
	if name == "500" || name == "invalid" {
		return []reply{answer, answer}
	}

	return []reply{answer}
}

func TestServerThatTakesNothing(t *testing.T) {
	t.Parallel()

	refusal := failsWith(400, "invalid_request_error", "output_config")
	_, err := newWorld(t, refusal, refusal).complete(t)
	assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))
}

func TestConfig(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]anthropic.Config{
		"Model":   {},
		"Timeout": {Model: "m", Timeout: -1},
		"BaseURL": {Model: "m", BaseURL: "//" + key},
	} {
		_, err := anthropic.New(c)
		require.ErrorContains(t, err, "anthropic: "+name)
		assert.NotContains(t, err.Error(), key)
	}
}

// Only cmd reads the environment: the SDK's own client would, and so would its spans.
func TestEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1/")
	t.Setenv("ANTHROPIC_API_KEY", "sk-other")
	t.Setenv("ANTHROPIC_AUTH_TOKEN", "other")
	t.Setenv("ANTHROPIC_PROFILE", "other")
	t.Setenv("ANTHROPIC_CUSTOM_HEADERS", "Authorization: other")
	_, err := newWorld(t, saysText("{}")).complete(t)
	require.NoError(t, err)
}

// A server that never ends its answer costs no more than what is read of it.
func TestAnAnswerWithoutEnd(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")

		for {
			if _, err := io.WriteString(rw, strings.Repeat(" ", 64<<10)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)

	_, err := modelAt(t, server.URL, time.Minute).Complete(t.Context(), newQuestion())
	assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err), "trying again does not help: %v", err)
	assert.Contains(t, err.Error(), "more than 4194304 bytes")
}
