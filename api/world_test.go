package api_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"handrail/api"
)

// world is one test's own service.
type world struct {
	store  *fakeStore
	engine *fakeEngine
	tools  *fakeTools
	posts  *fakePosts
	// twilio and sendgrid read what a test makes providers call with.
	twilio   *fakeTwilio
	sendgrid *fakeSendGrid
	app      *api.App
	log      *lockedBuffer
	registry *prometheus.Registry
}

// lockedBuffer takes logs from several requests at once.
type lockedBuffer struct {
	mutex sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.Buffer.Write(p)
}

func newWorld(t *testing.T, settings ...func(*api.Config)) *world {
	t.Helper()

	w := &world{
		store:    newFakeStore(),
		engine:   &fakeEngine{},
		tools:    &fakeTools{},
		posts:    &fakePosts{},
		twilio:   &fakeTwilio{},
		sendgrid: &fakeSendGrid{},
		log:      &lockedBuffer{},
	}

	config := api.Config{
		Store:          w.store,
		Engine:         w.engine,
		Tools:          w.tools,
		Posts:          w.posts,
		EventBase:      api.EventBase("https://handrail.example/"),
		Models:         fakeModels{},
		Doctor:         fixedDoctor{},
		Renderer:       fakeRenderer{},
		Version:        "test",
		Logger:         slog.New(slog.NewTextHandler(w.log, nil)),
		Twilio:         w.twilio,
		SendGrid:       w.sendgrid,
		KeyLimit:       api.RateLimit{PerSecond: 1e6, Burst: 1e6},
		FailureLimit:   api.RateLimit{PerSecond: 1e6, Burst: 1e6},
		WorkspaceLimit: api.RateLimit{PerSecond: 1e6, Burst: 1e6},
		AddressLimit:   api.RateLimit{PerSecond: 1e6, Burst: 1e6},
		Registry:       prometheus.NewRegistry(),
	}

	for _, set := range settings {
		set(&config)
	}

	var err error
	w.app, err = api.New(config)
	require.NoError(t, err)

	w.registry = config.Registry

	return w
}

// workspaceURL is a path in the workspace that the keys of a test belong to.
func workspaceURL(path string) string { return "/api/v2/w/" + string(home) + path }

// request is a request in a table. An empty key is the manager's, "-" is none.
type request struct {
	method, path, key, body string
	headers                 map[string]string
	repeated                http.Header
}

// answer is what came back.
type answer struct {
	*http.Response
	raw  string
	json map[string]any
}

func (w *world) do(t *testing.T, r request) answer {
	t.Helper()

	body := io.Reader(http.NoBody)
	if r.body != "" {
		body = strings.NewReader(r.body)
	}

	sent := httptest.NewRequestWithContext(t.Context(), r.method, "/", body)

	sent.URL.Opaque, sent.RequestURI = r.path, r.path
	if r.body != "" {
		sent.Header.Set("Content-Type", "application/json")
	}

	switch r.key {
	case "-":
	case "":
		sent.Header.Set("Authorization", "Bearer "+managerKey)
	default:
		sent.Header.Set("Authorization", "Bearer "+r.key)
	}

	for name, value := range r.headers {
		sent.Header.Set(name, value)
	}

	if host := r.headers["Host"]; host != "" {
		sent.Host = host
	}

	maps.Copy(sent.Header, r.repeated)
	got, err := w.app.Test(sent)

	require.NoError(t, err)
	defer func() { require.NoError(t, got.Body.Close()) }()

	raw, err := io.ReadAll(got.Body)
	require.NoError(t, err)

	a := answer{Response: got, raw: string(raw)}
	if len(raw) > 0 && got.Header.Get("Content-Encoding") == "" && strings.Contains(got.Header.Get("Content-Type"), "json") {
		require.NoError(t, json.Unmarshal(raw, &a.json), a.raw)
	}

	return a
}

// requireProblem asks for a whole problem: its status, code and, when given, field.
func requireProblem(t *testing.T, a answer, status int, code, field string) {
	t.Helper()
	require.Equal(t, status, a.StatusCode, a.raw)
	require.Equal(t, "application/problem+json", a.Header.Get("Content-Type"), a.raw)
	require.Equal(t, code, a.json["code"], a.raw)
	require.Equal(t, "/docs/problems/"+code, a.json["type"], a.raw)
	require.EqualValues(t, status, a.json["status"], a.raw)
	require.NotEmpty(t, a.json["title"], a.raw)
	require.NotEmpty(t, a.json["detail"], a.raw)
	require.Equal(t, "urn:handrail:request:"+a.Header.Get("X-Request-Id"), a.json["instance"], a.raw)

	if field != "" {
		require.Contains(t, fieldsOf(a), field, a.raw)
	}

	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		require.NotEmpty(t, a.Header.Get("Retry-After"), a.raw)
	}
}

func fieldsOf(a answer) []string {
	var fields []string

	errors, _ := a.json["errors"].([]any)
	for _, e := range errors {
		fields = append(fields, e.(map[string]any)["field"].(string))
	}

	return fields
}

// requireUntouched asks that nothing was changed, and no action started.
func (w *world) requireUntouched(t *testing.T) {
	t.Helper()
	require.Empty(t, w.store.changed(), "the store was told to change something")
	require.Empty(t, w.engine.all(), "the engine was told to do something")
}
