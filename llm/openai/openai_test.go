package openai_test

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
	"handrail/llm/openai"
)

func TestUsableAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		replies []reply
		labels  []string
	}{
		"as asked":                    {[]reply{says(good(`["Refund"]`))}, []string{"Refund"}},
		"no label fits":               {[]reply{says(good(`[]`))}, nil},
		"in a code fence":             {[]reply{says("```json\n" + good(`["Refund"]`) + "\n```")}, []string{"Refund"}},
		"in a plain code fence":       {[]reply{says("```\n" + good(`[]`) + "```\n")}, nil},
		"label in other case":         {[]reply{says(good(`["REFUND"," late Delivery ","refund"]`))}, []string{"Refund", "Late delivery"}},
		"not JSON, then repaired":     {[]reply{says("Sure! Order 4711 is late."), says(good(`[]`))}, nil},
		"text after it, repaired":     {[]reply{says(good(`[]`) + " Anything else?"), says(good(`[]`))}, nil},
		"wrong shape, then repaired":  {[]reply{says(`[1,2]`), says(good(`[]`))}, nil},
		"other field, then repaired":  {[]reply{says(`{"title":"a","summary":"b","labels":[],"mood":"fine"}`), says(good(`[]`))}, nil},
		"unknown label, repaired":     {[]reply{says(good(`["Refund","Angry"]`)), says(good(`["Refund"]`))}, []string{"Refund"}},
		"overlong title, repaired":    {[]reply{says(`{"title":"` + strings.Repeat("x", 81) + `","summary":"b","labels":[]}`), says(good(`[]`))}, nil},
		"empty, then repaired":        {[]reply{says(" "), says(good(`[]`))}, nil},
		"no choices, then repaired":   {[]reply{{body: `{"id":"1","model":"m","choices":[]}`}, says(good(`[]`))}, nil},
		"cut off, then repaired":      {[]reply{message(map[string]any{"content": `{"title":"Or`}, "length"), says(good(`[]`))}, nil},
		"server without JSON Schema":  {[]reply{fails(400, "", "'response_format.type' must be 'json_object' or 'text'"), says(good(`[]`))}, nil},
		"the same with another error": {[]reply{fails(422, "", "json_schema: extra inputs"), says(good(`["refund"]`))}, []string{"Refund"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := newWorld(t, c.replies...).summarize(t, transcriptOf("Where is order 4711?"), true)
			require.NoError(t, err)
			assert.Equal(t, chat.Summary{
				Title: "Order 4711 is late", Summary: "Ana waits for order 4711. It comes on Tuesday.",
				Labels: c.labels, Model: "small-2026-11-01",
			}, s)
		})
	}
}

func TestFinalFailures(t *testing.T) {
	t.Parallel()
	leak := "Incorrect API key provided: " + key + ". Ana said: where is order 4711"
	for name, c := range map[string]struct {
		replies []reply
		says    string
	}{
		"not JSON twice":       {[]reply{says("no"), says("still no")}, "it is not valid JSON"},
		"wrong shape twice":    {[]reply{says(`{"title":5}`), says(`{"title":5}`)}, "the field title must not be a JSON number"},
		"no summary twice":     {[]reply{says(`{"title":"a"}`), says(`{"title":"a"}`)}, "summary must have 1 to 4000 characters"},
		"unknown label twice":  {[]reply{says(good(`["Angry"]`)), says(good(`["Angry"]`))}, `the label "Angry" does not exist`},
		"empty twice":          {[]reply{says(""), says("")}, "it is empty"},
		"no choices twice":     {[]reply{{body: `{"choices":[]}`}, {body: `{"choices":[]}`}}, "it is empty"},
		"refusal":              {[]reply{message(map[string]any{"content": nil, "refusal": "I can't help"}, "stop")}, "the model refuses"},
		"content filter":       {[]reply{message(map[string]any{"content": ""}, "content_filter")}, "the model refuses"},
		"401":                  {[]reply{fails(401, "invalid_api_key", leak)}, "credentials are refused (401 Unauthorized, invalid_api_key)"},
		"401 in HTML":          {[]reply{{status: 401, body: "<html>" + key}}, "credentials are refused (401 Unauthorized)"},
		"403":                  {[]reply{fails(403, key, leak)}, "credentials are refused (403 Forbidden)"},
		"unknown model":        {[]reply{fails(404, "model_not_found", leak)}, "does not have the model small"},
		"used-up quota":        {[]reply{fails(429, "insufficient_quota", leak)}, "the quota at the model's server is used up"},
		"too long":             {[]reply{fails(400, "context_length_exceeded", leak)}, "refused the request (400 Bad Request, context_length_exceeded)"},
		"no JSON format known": {[]reply{fails(400, "", "response_format"), fails(400, "", "response_format")}, "refused the request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newWorld(t, c.replies...).summarize(t, transcriptOf("Where is order 4711?"), true)
			require.Error(t, err)
			assert.Equal(t, chat.CodeSummarizationFailed, chat.CodeOf(err))
			assert.True(t, chat.AsError(err).Final())
			assert.Contains(t, chat.AsError(err).Message, c.says)
			assert.NotContains(t, err.Error(), "Ana said")
		})
	}
}

func TestPassingFailures(t *testing.T) {
	t.Parallel()
	date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	wait := func(name, value string) reply {
		return reply{status: 429, header: map[string]string{name: value}, body: `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`}
	}
	for name, c := range map[string]struct {
		reply    reply
		code     string
		min, max time.Duration
	}{
		"429 in seconds":      {wait("Retry-After", "17"), "openai_429", 17 * time.Second, 17 * time.Second},
		"429 in milliseconds": {wait("Retry-After-Ms", "1500"), "openai_429", 1500 * time.Millisecond, 1500 * time.Millisecond},
		"429 as a date":       {wait("Retry-After", date), "openai_429", 58 * time.Minute, time.Hour},
		"429 for ever":        {wait("Retry-After", "1e300"), "openai_429", 24 * time.Hour, 24 * time.Hour},
		"429 for nonsense":    {wait("Retry-After", "soon"), "openai_429", 0, 0},
		"429 for less":        {wait("Retry-After", "-5"), "openai_429", 0, 0},
		"500":                 {fails(500, "", "boom"), "openai_500", 0, 0},
		"502 in HTML":         {reply{status: 502, body: "<html>Bad gateway"}, "openai_502", 0, 0},
		"503":                 {reply{status: 503, header: map[string]string{"Retry-After": "2"}}, "openai_503", 2 * time.Second, 2 * time.Second},
		"a page":              {reply{header: map[string]string{"Content-Type": "text/html"}, body: "<html>"}, "openai_unreadable", 0, 0},
		"broken JSON":         {reply{body: `{"choices":`}, "openai_unreadable", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := newWorld(t, c.reply).summarize(t, transcriptOf("Hello"), false)
			var later *chat.RetryLaterError
			require.ErrorAs(t, err, &later)
			assert.Equal(t, c.code, later.Code)
			assert.GreaterOrEqual(t, later.After, c.min)
			assert.LessOrEqual(t, later.After, c.max)
			assert.NotContains(t, err.Error(), "slow down", "the server's text stays out")
		})
	}
}

func TestFailureOfTheSecondRequestPassesToo(t *testing.T) {
	t.Parallel()
	_, err := newWorld(t, says("no"), fails(500, "", "")).summarize(t, transcriptOf("Hello"), false)
	var later *chat.RetryLaterError
	require.ErrorAs(t, err, &later)
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

	_, err := modelAt(t, server.URL, 50*time.Millisecond).Summarize(t.Context(), transcriptOf("Hello"), false)
	var later *chat.RetryLaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, "openai_timeout", later.Code)
	<-arrived

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err = modelAt(t, server.URL, time.Minute).Summarize(ctx, transcriptOf("Hello"), false)
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorAs(t, err, &later)
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	address := strings.Replace(server.URL, "http://", "http://user:"+key+"@", 1)
	server.Close()
	_, err := modelAt(t, address+"/v1?token="+key, time.Minute).Summarize(t.Context(), transcriptOf("Hello"), false)
	var later *chat.RetryLaterError
	require.ErrorAs(t, err, &later)
	assert.Equal(t, "openai_unreachable", later.Code)
	assert.NotContains(t, err.Error(), key)
}

func TestServerWithoutJSONSchemaIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fails(400, "", "unknown response_format json_schema"), says(good(`[]`)), says(good(`[]`)))
	_, err := w.model.Summarize(t.Context(), transcriptOf("Hello"), true)
	require.NoError(t, err)
	_, err = w.summarize(t, transcriptOf("Hello"), true)
	require.NoError(t, err)
	assert.Equal(t, "json_schema", w.requests[0].ResponseFormat.Type)
	for _, r := range w.requests[1:] {
		assert.Equal(t, "json_object", r.ResponseFormat.Type)
		assert.Contains(t, r.system(), `"enum":["Refund","Late delivery"]`)
	}
}

func TestEmptyChat(t *testing.T) {
	t.Parallel()
	_, err := newWorld(t).summarize(t, chat.Transcript{}, true)
	assert.Equal(t, chat.CodeNothingToSummarize, chat.CodeOf(err))
}

func TestServerWithoutKeyAndModelName(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		_, err := w.Write([]byte(`{"choices":[{"message":{"content":"{\"title\":\"a\",\"summary\":\"b\"}"}}]}`))
		assert.NoError(t, err)
	}))
	t.Cleanup(server.Close)
	model, err := openai.New(openai.Config{BaseURL: server.URL, Model: "llama"})
	require.NoError(t, err)
	s, err := model.Summarize(t.Context(), transcriptOf("Hello"), false)
	require.NoError(t, err)
	assert.Equal(t, chat.Summary{Title: "a", Summary: "b", Model: "llama"}, s)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]openai.Config{
		"Model":   {},
		"Timeout": {Model: "m", Timeout: -1},
		"BaseURL": {Model: "m", BaseURL: "//" + key},
	} {
		_, err := openai.New(c)
		require.ErrorContains(t, err, name)
		assert.NotContains(t, err.Error(), key)
	}
}

// Only cmd reads the environment: the SDK's own client would.
func TestEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/")
	t.Setenv("OPENAI_API_KEY", "sk-other")
	w := newWorld(t, says(good(`[]`)))
	_, err := w.summarize(t, transcriptOf("Hello"), true)
	require.NoError(t, err)
}
