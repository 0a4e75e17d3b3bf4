package openai_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/llm"
	"handrail/llm/openai"
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
			Model: "small-2026-11-01",
			Usage: chat.Usage{Requests: 1, InputTokens: 100, OutputTokens: 10},
		},
		c,
	)

	r := w.requests[0]
	assert.Equal(t, "small", r.Model)

	assert.Equal(
		t,
		[]struct{ Role, Content string }{
			{"system", "Summarize."},
			{"user", "data"},
			{"assistant", "no"},
			{"user", "again"},
		},
		r.Messages,
	)

	assert.Equal(t, "json_schema", r.ResponseFormat.Type)
	assert.True(t, r.ResponseFormat.JSONSchema.Strict)
	assert.Equal(t, newQuestion().Schema, r.ResponseFormat.JSONSchema.Schema)
}

func TestSparseAnswers(t *testing.T) {
	t.Parallel()

	used := chat.Usage{Requests: 1, InputTokens: 100, OutputTokens: 10}
	for name, c := range map[string]struct {
		reply reply
		want  llm.Completion
	}{
		"cut off":    {messageReply(map[string]any{"content": `{"a`}, "length"), llm.Completion{Text: `{"a`, CutOff: true, Usage: used}},
		"empty":      {saysText(""), llm.Completion{Usage: used}},
		"no choices": {reply{body: `{"choices":[]}`}, llm.Completion{Model: "small", Usage: chat.Usage{Requests: 1}}},
		"in parts": {
			messageReply(map[string]any{"content": []any{map[string]any{"type": "text", "text": "{"}, map[string]any{"type": "text", "text": "}"}}}, "stop"),
			llm.Completion{Text: "{}", Usage: used},
		},
		"in a tool's arguments": {
			messageReply(map[string]any{"content": nil, "tool_calls": []any{map[string]any{
				"id": "1", "type": "function", "function": map[string]any{"name": "answer", "arguments": "{}"},
			}}}, "tool_calls"),
			llm.Completion{Text: "{}", Usage: used},
		},
		"among its thoughts": {
			messageReply(map[string]any{"content": "", "reasoning_content": "So: {}"}, "stop"),
			llm.Completion{Text: "So: {}", Usage: used},
		},
		"without more": {reply{body: `{"choices":[{"message":{"content":"{}"}}]}`}, llm.Completion{Text: "{}", Model: "small", Usage: chat.Usage{Requests: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newWorld(t, c.reply).complete(t)
			require.NoError(t, err)

			if c.want.Model == "" {
				c.want.Model = "small-2026-11-01"
			}

			assert.Equal(t, c.want, got)
		})
	}
}

func TestFinalFailures(t *testing.T) {
	t.Parallel()

	leak := "Incorrect API key provided: " + key + ". Ana said: where is order 4711"

	failed, long := chat.CodeSummarizationFailed, chat.CodeTooLongForModel
	for name, c := range map[string]struct {
		reply reply
		code  chat.Code
		says  string
	}{
		"refusal": {messageReply(map[string]any{"content": nil, "refusal": "I can't help"}, "stop"), failed, "the model refuses"},
		"401": {failsWith(401, "invalid_api_key", leak), failed, "credentials are refused (401 " +
			"Unauthorized, invalid_api_key)"},
		"401 in HTML": {reply{status: 401, body: "<html>" + key}, failed, "credentials are refused (401 " +
			"Unauthorized)"},
		"403":           {failsWith(403, key, leak), failed, "credentials are refused (403 Forbidden"},
		"unknown model": {failsWith(404, "model_not_found", leak), failed, "does not have the model small"},
		"invalid": {failsWith(400, "invalid_value", leak), failed, "refused the request (400 Bad " +
			"Request, invalid_value)"},
		"elsewhere":             {reply{status: 302, header: map[string]string{"Location": "http://other.test/" + key}}, failed, "redirects elsewhere (302 Found)"},
		"too long":              {failsWith(400, "context_length_exceeded", leak), long, "cannot hold this much text"},
		"413":                   {reply{status: 413}, long, "cannot hold"},
		"credentials, in a 200": {reply{body: `{"error":{"code":401,"message":"no"}}`}, failed, "credentials are refused"},
		"schema that is too long, too": {
			failsWith(400, "context_length_exceeded", "maximum context length, with your response_format"), long, "cannot hold",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newWorld(t, inDoubt(name, c.reply)...).complete(t)
			require.Equal(t, c.code, chat.CodeOf(err))
			assert.True(t, chat.AsError(err).Final())
			assert.Contains(t, chat.AsError(err).Message, c.says)
			assert.NotContains(t, err.Error(), "Ana said")
			assert.NotContains(t, err.Error(), "can't help")

			if c.reply.status == 0 && strings.Contains(c.reply.body, "usage") {
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
			body:   `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`,
		}
	}

	for name, c := range map[string]struct {
		reply    reply
		code     string
		min, max time.Duration
	}{
		"429 in seconds":     {wait("Retry-After", "17"), "openai_429", 17 * time.Second, 17 * time.Second},
		"429 as a date":      {wait("Retry-After", date), "openai_429", 58 * time.Minute, time.Hour},
		"429 until a reset":  {wait("X-Ratelimit-Reset-Requests", "30"), "openai_429", 30 * time.Second, 30 * time.Second},
		"429 until a time":   {wait("X-Ratelimit-Reset", strconv.FormatInt(time.Now().Unix()+600, 10)), "openai_429", time.Minute, 10 * time.Minute},
		"429 until for ever": {wait("X-Ratelimit-Reset", "99999999999999999"), "openai_429", 24 * time.Hour, 24 * time.Hour},
		"429 until before":   {wait("X-Ratelimit-Reset", "1000000001"), "openai_429", 0, 0},
		"429 for ever":       {wait("Retry-After", "1e300"), "openai_429", 24 * time.Hour, 24 * time.Hour},
		"429 for nonsense":   {wait("Retry-After", "soon"), "openai_429", 0, 0},
		"429 for less":       {wait("Retry-After", "-5"), "openai_429", 0, 0},
		"500":                {failsWith(500, "", "boom"), "openai_500", 0, 0},
		"502 in HTML":        {reply{status: 502, body: "<html>Bad gateway"}, "openai_502", 0, 0},
		"503":                {reply{status: 503, header: map[string]string{"Retry-After": "2"}}, "openai_503", 2 * time.Second, 2 * time.Second},
		"a page":             {reply{header: map[string]string{"Content-Type": "text/html"}, body: "<html>"}, "openai_unreadable", 0, 0},
		"broken JSON":        {reply{body: `{"choices":`}, "openai_unreadable", 0, 0},
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
	assert.Equal(t, "openai_timeout: the model did not answer within 1s", later.Error())
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

// The writer's time limit, for all requests of a summary, has the same name.
func TestTimeoutOfTheWriter(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		<-r.Context().Done()
	}))

	t.Cleanup(server.Close)
	writer := llm.New(modelAt(t, server.URL, time.Minute), llm.Config{Timeout: 20 * time.Millisecond})
	_, usage, err := writer.Summarize(t.Context(), chat.Reading{Messages: []chat.Line{{ID: "a", Text: "Hello"}}})
	var later *chat.RetryLaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, "openai_timeout: the model did not answer within 20ms", later.Error())
	assert.Positive(t, usage.Duration)
}

func TestNoConnection(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.NotFoundHandler())
	address := strings.Replace(server.URL, "http://", "http://user:"+key+"@", 1)
	server.Close()

	_, err := modelAt(t, address+"/v1?token="+key, time.Minute).Complete(t.Context(), newQuestion())
	var later *chat.RetryLaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, "openai_unreachable", later.Code)
	assert.NotContains(t, err.Error(), key)
}

func TestServersWithoutFormatsAreRemembered(t *testing.T) {
	t.Parallel()

	w := newWorld(t,
		failsWith(400, "", "'response_format.type' must be 'json_object' or 'text'"), saysText("{}"), saysText("{}"),
		failsWith(422, "", "response_format: extra inputs"), saysText("{}"), saysText("{}"))

	for _, requests := range []int{2, 1, 2, 1} {
		c, err := w.model.Complete(t.Context(), newQuestion())
		require.NoError(t, err)
		assert.Equal(t, chat.Usage{Requests: requests, InputTokens: 100, OutputTokens: 10}, c.Usage)
	}

	for i, want := range []string{"json_schema", "json_object", "json_object", "json_object", "", ""} {
		r := w.requests[i]
		assert.Equal(t, want, r.ResponseFormat.Type)

		assert.Equal(
			t,
			want != "json_schema",
			strings.Contains(r.Messages[0].Content, `{"additionalProperties":false,"type":"object"}`),
		)
	}
}

// inDoubt repeats a reply that may be about the format of the answer: the model is asked once more, in words.
func inDoubt(name string, answer reply) []reply {
	if name == "500" || name == "invalid" {
		return []reply{answer, answer}
	}

	return []reply{answer}
}

// TestAFormatRefusedInOtherWords has what servers say that cannot make a grammar of the schema, beside those of the
// matrix (llm/servers_test.go).
func TestAFormatRefusedInOtherWords(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		status int
		words  string
	}{
		"guided decoding": {422, "guided decoding backend cannot compile"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := newWorld(t, failsWith(c.status, "", c.words), saysText("{}"), saysText("{}"))

			for _, requests := range []int{2, 1} {
				answer, err := w.model.Complete(t.Context(), newQuestion())
				require.NoError(t, err)
				assert.Equal(t, requests, answer.Usage.Requests, "it is remembered")
			}

			assert.Empty(t, w.requests[2].ResponseFormat.Type)
		})
	}
}

func TestServerThatTakesNoFormat(t *testing.T) {
	t.Parallel()

	refusal := failsWith(400, "", "response_format")
	_, err := newWorld(t, refusal, refusal, refusal).complete(t)
	assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))
}

// TestTooLongInTheWordsOfManyServers has what servers say of a request that is longer than their model holds,
// beside those of the matrix.
func TestTooLongInTheWordsOfManyServers(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		status int
		words  string
	}{
		"Fireworks":    {400, "Too many tokens overall: 9000 > 8192"},
		"Bedrock":      {400, "Input is too long for requested model."},
		"xAI":          {400, "This model's maximum prompt length is 8192 but the request contains 9000 tokens."},
		"TensorRT-LLM": {500, "prompt length (9000) should not exceed max_num_tokens (8192)"},
		"Moonshot":     {400, "Invalid request: Your request exceeded model token limit: 8192"},
		"Zhipu":        {400, "Prompt exceeds max length"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := newWorld(t, failsWith(c.status, "", c.words)).complete(t)
			assert.Equal(t, chat.CodeTooLongForModel, chat.CodeOf(err), "%v", err)
		})
	}
}

func TestServerWithoutKey(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte(`{"choices":[{"message":{"content":"{}"}}]}`))
		assert.NoError(t, err)
	}))

	t.Cleanup(server.Close)
	model, err := openai.New(openai.Config{BaseURL: server.URL, Model: "llama"})
	require.NoError(t, err)
	_, err = model.Complete(t.Context(), newQuestion())
	require.NoError(t, err)
}

func TestConfig(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]openai.Config{
		"Model":   {},
		"APIKey":  {Model: "m", APIKey: key + "\n"},
		"Timeout": {Model: "m", Timeout: -1},
		"BaseURL": {Model: "m", BaseURL: "//" + key},
	} {
		_, err := openai.New(c)
		require.ErrorContains(t, err, "openai: "+name)
		assert.NotContains(t, err.Error(), key)
	}
}

// Only cmd reads the environment: the SDK's own client would.
func TestEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/")
	t.Setenv("OPENAI_API_KEY", "sk-other")
	_, err := newWorld(t, saysText("{}")).complete(t)
	require.NoError(t, err)
}

// A server that never ends its answer costs no more than what is read of it.
func TestAnAnswerWithoutEnd(t *testing.T) {
	t.Parallel()

	var written atomic.Int64

	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")

		for {
			n, err := io.WriteString(rw, strings.Repeat(" ", 64<<10))
			if written.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)

	_, err := modelAt(t, server.URL+"/v1", time.Minute).Complete(t.Context(), newQuestion())
	assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err), "trying again does not help: %v", err)
	assert.Contains(t, err.Error(), "more than 4194304 bytes")
	assert.Less(t, written.Load(), int64(32<<20))
}
