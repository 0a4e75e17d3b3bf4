package toolbox_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

func TestARequestIsWhatItsDefinitionSays(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	s := serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		read, _ := io.ReadAll(r.Body)
		got, body = r, string(read)
		_, _ = io.WriteString(w, `{"ok":true}`)
	})

	b := newBox(t, toolbox.Config{}, s)
	d := bookingTool(s.URL + "/tables/{id}?when={at}")
	d.HTTP.Schema = []byte(`{"type":"object","required":["id","at"]}`)
	d.HTTP.Headers = map[string]string{"Authorization": "Bearer {secret.KEY}"}
	key := "hush-hush"
	d = prepareTool(t, b, d, chat.ToolSecrets{"KEY": &key})
	assert.Equal(t, []string{"KEY"}, d.SecretNames)
	assert.NotContains(t, string(d.Sealed), "hush-hush")

	o := b.Call(t.Context(), d, newCall(`{"id":"a/b c","at":"20:00 & later","people":4}`))
	require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
	assert.JSONEq(t, `{"ok":true}`, string(o.Result))
	assert.Equal(t, "/tables/a%2Fb%20c", got.URL.EscapedPath())
	assert.Equal(t, "20:00 & later", got.URL.Query().Get("when"))
	assert.JSONEq(t, `{"people":4}`, body)
	assert.Equal(t, "Bearer hush-hush", got.Header.Get("Authorization"))
	assert.Equal(t, "message-0", got.Header.Get("Idempotency-Key"))
	assert.Equal(t, "7", got.Header.Get("Handrail-Chat"))

	secret, err := b.SigningSecret(d)
	require.NoError(t, err)
	verifier, err := standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify([]byte(body), got.Header))

	fresh, err := b.RotateSigning(&d, time.Now())
	require.NoError(t, err)
	require.NotEqual(t, secret, fresh)
	b.Call(t.Context(), d, newCall(`{"id":1,"at":"x"}`))
	require.NoError(t, verifier.Verify([]byte(body), got.Header), "the old key signs along")

	_, err = b.RotateSigning(&d, time.Now())
	require.NoError(t, err)
	b.Call(t.Context(), d, newCall(`{"id":1,"at":"x"}`))
	require.Error(t, verifier.Verify([]byte(body), got.Header), "and no longer after the next rotation")
}

func TestArgumentsWithoutABodyAreTheQuery(t *testing.T) {
	t.Parallel()
	var got *http.Request
	s := serveTool(t, func(_ http.ResponseWriter, r *http.Request) { got = r })
	b := newBox(t, toolbox.Config{}, s)
	d := bookingTool(s.URL + "/tables")
	d.HTTP.Method = http.MethodGet
	o := b.Call(t.Context(), prepareTool(t, b, d, nil), newCall(`{"id":5,"tags":["a","b"],"since":null,"at":{"h":1}}`))
	require.Equal(t, chat.ToolSucceeded, o.Kind)
	assert.JSONEq(t, `{}`, string(o.Result), "nothing is an empty object")
	assert.Equal(t, "5", got.URL.Query().Get("id"))
	assert.Equal(t, []string{"a", "b"}, got.URL.Query()["tags"], "a list is its name once for each value")
	assert.Equal(t, `{"h":1}`, got.URL.Query().Get("at"))
	assert.False(t, got.URL.Query().Has("since"), "null is nothing")
}

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()

	elsewhere := serveTool(
		t,
		func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed to another place") },
	)

	big := strings.Repeat("x", 10<<20)

	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}

	tests := map[string]struct {
		answer http.HandlerFunc
		want   chat.ToolOutcomeKind
		code   string
		effect bool
		says   string
	}{
		"500": {status(500, `{}`), chat.ToolUnknown, "http_500", false, ""},
		"503": {status(503, ``), chat.ToolUnknown, "http_503", false, ""},
		"429": {status(429, ``), chat.ToolNotRun, "rate_limited", false, ""},
		"says no": {
			status(422, `{"detail":"no table\nfor 30"}`),
			chat.ToolFailed,
			"http_422",
			false,
			"no table for 30",
		},
		"garbage": {status(200, `{"booking`), chat.ToolFailed, "invalid_response", true, ""},
		"10 MB":   {status(200, `"`+big+`"`), chat.ToolFailed, "response_too_large", true, ""},
		"wrong":   {status(200, `{"id":5}`), chat.ToolFailed, "invalid_response", true, "result.id"},
		"right":   {status(201, `{"id":"b"}`), chat.ToolSucceeded, "", false, ""},
		"plain text": {
			func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "booked") },
			chat.ToolFailed,
			"invalid_response",
			true,
			"result",
		},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, chat.ToolFailed, "redirect_refused", false, ""},
		"silent": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			chat.ToolUnknown,
			"timeout",
			false,
			"",
		},
		"broken": {func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := w.(http.Hijacker).Hijack()
			assert.NoError(t, err)

			_ = connection.Close()
		}, chat.ToolUnknown, "connection_lost", false, ""},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			s := serveTool(t, func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)

				_, _ = io.Copy(io.Discard, r.Body)
				tt.answer(w, r)
			})

			b := newBox(t, toolbox.Config{}, s, elsewhere)
			d := bookingTool(s.URL)
			d.Timeout = time.Second
			d.HTTP.ResponseSchema = []byte(`{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}`)
			o := b.Call(t.Context(), prepareTool(t, b, d, nil), newCall(`{"id":"a"}`))
			assert.Equal(t, tt.want, o.Kind, o.Message)
			assert.Equal(t, tt.code, o.Code)
			assert.Equal(t, tt.effect, o.TookEffect)
			assert.Contains(t, o.Message, tt.says)
			assert.EqualValues(t, 1, asked.Load(), "one call is one request")

			if name == "429" {
				assert.Equal(t, 7*time.Second, o.RetryAfter)
			}
		})
	}
}

func TestAToolThatIsAwayWasNotRun(t *testing.T) {
	t.Parallel()
	s := serveTool(t, nil)
	b := newBox(t, toolbox.Config{}, s)
	d := prepareTool(t, b, bookingTool(s.URL), nil)
	s.Close()

	o := b.Call(t.Context(), d, newCall(`{"id":"a"}`))
	assert.Equal(t, chat.ToolNotRun, o.Kind)
	assert.Equal(t, "tool_unavailable", o.Code)
}

func TestARedirectOfAGETIsFollowedAtTheSamePlaceOnly(t *testing.T) {
	t.Parallel()
	var secret atomic.Value
	elsewhere := serveTool(t, func(_ http.ResponseWriter, r *http.Request) { secret.Store(r.Header.Get("X-Key")) })
	s := serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/old":
			http.Redirect(w, r, "/new", http.StatusFound)
		case "/away":
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		default:
			_, _ = io.WriteString(w, `{}`)
		}
	})

	b := newBox(t, toolbox.Config{}, s, elsewhere)
	key := "hush-hush"

	for path, want := range map[string]chat.ToolOutcomeKind{"/old": chat.ToolSucceeded, "/away": chat.ToolFailed} {
		d := bookingTool(s.URL + path)
		d.HTTP.Method, d.HTTP.Headers = http.MethodGet, map[string]string{"X-Key": "{secret.KEY}"}
		o := b.Call(t.Context(), prepareTool(t, b, d, chat.ToolSecrets{"KEY": &key}), newCall(`{"id":"a"}`))
		assert.Equal(t, want, o.Kind, path)
	}

	assert.Nil(t, secret.Load(), "a secret has left for another place")
}

func TestDefinitionsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := serveTool(t, nil)

	b := newBox(t, toolbox.Config{}, s)
	for name, tt := range map[string]struct {
		change func(*chat.ToolDefinition)
		field  string
		code   chat.Code
	}{
		"name":            {func(d *chat.ToolDefinition) { d.Name = "a b" }, "name", ""},
		"built-in":        {func(d *chat.ToolDefinition) { d.Name = "Add_Label" }, "name", ""},
		"method":          {func(d *chat.ToolDefinition) { d.HTTP.Method = "TRACE" }, "http.method", ""},
		"no URL":          {func(d *chat.ToolDefinition) { d.HTTP.URL = "ftp://example.com" }, "http.url", ""},
		"credentials":     {func(d *chat.ToolDefinition) { d.HTTP.URL = "https://user:pass@example.com/" }, "http.url", ""},
		"private":         {func(d *chat.ToolDefinition) { d.HTTP.URL = "https://10.0.0.1/" }, "http.url", chat.CodeAddressRefused},
		"metadata":        {func(d *chat.ToolDefinition) { d.HTTP.URL = "http://169.254.169.254/latest" }, "http.url", chat.CodeAddressRefused},
		"loopback":        {func(d *chat.ToolDefinition) { d.HTTP.URL = "https://localhost/" }, "http.url", chat.CodeAddressRefused},
		"mapped loopback": {func(d *chat.ToolDefinition) { d.HTTP.URL = "https://[::ffff:127.0.0.1]/" }, "http.url", chat.CodeAddressRefused},
		"decimal":         {func(d *chat.ToolDefinition) { d.HTTP.URL = "https://2130706433/" }, "http.url", ""},
		"no TLS":          {func(d *chat.ToolDefinition) { d.HTTP.URL = "http://1.1.1.1/" }, "http.url", chat.CodeAddressRefused},
		"port":            {func(d *chat.ToolDefinition) { d.HTTP.URL = "https://1.1.1.1:25/" }, "http.url", chat.CodeAddressRefused},
		"host argument":   {func(d *chat.ToolDefinition) { d.HTTP.URL = "https://{id}.example.com/" }, "http.url", ""},
		"optional":        {func(d *chat.ToolDefinition) { d.HTTP.URL += "/{at}" }, "http.url", ""},
		"schema":          {func(d *chat.ToolDefinition) { d.HTTP.Schema = []byte(`{"type":"strnig"}`) }, "http.schema", ""},
		"no object":       {func(d *chat.ToolDefinition) { d.HTTP.Schema = []byte(`{"type":"string"}`) }, "http.schema", ""},
		"no secret":       {func(d *chat.ToolDefinition) { d.HTTP.Headers = map[string]string{"X-Key": "{secret.NONE}"} }, "http.headers.X-Key", ""},
		"our header":      {func(d *chat.ToolDefinition) { d.HTTP.Headers = map[string]string{"Webhook-Id": "1"} }, "http.headers.Webhook-Id", ""},
		"two lines":       {func(d *chat.ToolDefinition) { d.HTTP.Headers = map[string]string{"X": "a\r\nb: c"} }, "http.headers.X", ""},
		"time":            {func(d *chat.ToolDefinition) { d.Timeout = time.Hour }, "timeout_seconds", ""},
		"risk":            {func(d *chat.ToolDefinition) { d.Risk = "none" }, "risk", ""},
		"undo":            {func(d *chat.ToolDefinition) { d.Undo = &chat.Undo{Tool: "x", Arguments: []byte(`[]`)} }, "undo.arguments", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := bookingTool(s.URL)
			tt.change(&d)
			refused := chat.AsError(b.Prepare(t.Context(), &d, nil))
			require.NotNil(t, refused)
			require.NotEmpty(t, refused.Fields, refused.Error())
			assert.Equal(t, tt.field, refused.Fields[0].Field)

			if tt.code != "" {
				assert.Equal(t, tt.code, refused.Code)
			}
		})
	}
}

func TestSecretsNeedKeys(t *testing.T) {
	t.Parallel()

	s := serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Empty(t, r.Header.Get("webhook-signature"))

		_, _ = io.WriteString(w, `{}`)
	})

	b, err := toolbox.New(toolbox.Config{Allowed: []string{s.Listener.Addr().String()}})
	require.NoError(t, err)

	d := bookingTool(s.URL)
	key := "hush-hush"
	assert.Equal(t, chat.CodeEncryptionOff, chat.CodeOf(b.Prepare(t.Context(), &d, chat.ToolSecrets{"KEY": &key})))
	require.NoError(t, b.Prepare(t.Context(), &d, nil), "a tool without secrets needs no keys")
	assert.Equal(t, chat.ToolSucceeded, b.Call(t.Context(), d, newCall(`{"id":"a"}`)).Kind)
}

func TestAllowedEntries(t *testing.T) {
	t.Parallel()

	for _, wrong := range []string{"http://tools", "tools:", "tools:70000", "user@tools", "10.0.0.0/64"} {
		_, err := toolbox.New(toolbox.Config{Allowed: []string{wrong}})
		require.Error(t, err, wrong)
	}

	s := serveTool(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{}`) })
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)

	for entry, open := range map[string]bool{
		"127.0.0.1":         true,
		"127.0.0.0/8":       true,
		"127.0.0.1:" + port: true,
		"127.0.0.1:1":       false,
		"10.0.0.0/8":        false,
		"localhost":         false,
	} {
		b := newBox(t, toolbox.Config{Allowed: []string{entry}})
		d := bookingTool(s.URL)
		err := b.Prepare(t.Context(), &d, nil)
		assert.Equal(t, open, err == nil, "%s: %v", entry, err)
	}

	b := newBox(t, toolbox.Config{Allowed: []string{"localhost:" + port}})
	prepareTool(t, b, bookingTool("http://localhost:"+port), nil)
}

func TestASecretThatAToolRepeatsIsMasked(t *testing.T) {
	t.Parallel()

	s := serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")

		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusUnauthorized)
		}

		_, _ = io.WriteString(w, `{"detail":"bad key `+r.Header.Get("X-Key")+`"}`)
	})

	b := newBox(t, toolbox.Config{}, s)
	key := "hush-hush/1"

	for _, path := range []string{"/no", "/yes"} {
		d := bookingTool(s.URL + path)
		d.HTTP.Headers = map[string]string{"X-Key": "{secret.KEY}"}
		o := b.Call(t.Context(), prepareTool(t, b, d, chat.ToolSecrets{"KEY": &key}), newCall(`{"id":"a"}`))
		assert.NotContains(t, o.Message+string(o.Result), key)
		assert.Contains(t, o.Message+string(o.Result), "bad key ***")
	}
}

func TestAToolMayAskForAtMostTenMinutes(t *testing.T) {
	t.Parallel()

	for value, want := range map[string]time.Duration{
		"7":                             7 * time.Second,
		"10000000000":                   10 * time.Minute,
		"99999999999999999999999":       10 * time.Minute,
		"Sun, 22 Nov 2099 10:00:00 GMT": 10 * time.Minute,
		"-7":                            0,
		"soon":                          0,
	} {
		s := serveTool(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusTooManyRequests)
		})

		b := newBox(t, toolbox.Config{}, s)
		o := b.Call(t.Context(), prepareTool(t, b, bookingTool(s.URL), nil), newCall(`{"id":1}`))
		assert.Equal(t, want, o.RetryAfter, value)
	}
}
