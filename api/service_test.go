package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"handrail/chat"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: "/healthz", key: "-"})
	assert.JSONEq(t, `{"status":"ok","version":"test"}`, a.raw)
	a = w.do(t, request{method: http.MethodGet, path: "/readyz", key: "-"})
	assert.JSONEq(t, `{"status":"ready","version":"test"}`, a.raw)

	w.store.ping = errors.New("dial tcp 10.0.0.1")
	w.store.unmigrated = true
	w.engine.ping = errors.New("dial tcp 10.0.0.2")
	a = w.do(t, request{method: http.MethodGet, path: "/readyz", key: "-"})
	requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
	assert.Equal(t, []string{"database", "migrations", "temporal"}, fieldsOf(a))
	assert.NotContains(t, a.raw, "10.0.0")
	assert.Contains(t, w.log.String(), "10.0.0.1")

	assert.Equal(
		t,
		http.StatusOK,
		w.do(t, request{method: http.MethodGet, path: "/healthz", key: "-"}).StatusCode,
		"the process is still alive",
	)
}

// TestWhatDoesNotAnswerSaysWhenToTryAgain: the document promises Retry-After with 503, and only a few had it.
func TestWhatDoesNotAnswerSaysWhenToTryAgain(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.store.ping = errors.New("dial tcp 10.0.0.1")

	a := w.do(t, request{method: http.MethodGet, path: "/readyz", key: "-"})
	requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
	assert.Equal(t, "5", a.Header.Get("Retry-After"))
}

func TestReadinessSaysInPlainWordsWhatIsWrong(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.store.clockOffset = 30 * time.Second
	a := w.do(t, request{method: http.MethodGet, path: "/readyz", key: "-"})
	assert.Equal(t, http.StatusOK, a.StatusCode, "clocks may differ a little")

	w.store.clockOffset = -75 * time.Second
	a = w.do(t, request{method: http.MethodGet, path: "/readyz", key: "-"})
	requireProblem(t, a, http.StatusServiceUnavailable, "unavailable", "")
	assert.Equal(t, []string{"clock"}, fieldsOf(a))
	assert.Contains(t, a.raw, "the clock of this process is 1m15s behind the database's")

	w.store.ping = chat.Errorf(chat.CodeUnavailable, "the database takes no writes").Because(errors.New("10.0.0.1"))
	a = w.do(t, request{method: http.MethodGet, path: "/readyz", key: "-"})
	assert.Equal(t, []string{"database"}, fieldsOf(a), "its clock cannot be asked")
	assert.Contains(t, a.raw, "is not ready: the database takes no writes")
	assert.NotContains(t, a.raw, "10.0.0.1")
}

func TestMetricsAreByRoute(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, path := range []string{workspaceURL("/chats/7"), workspaceURL("/chats/8"), "/nothing/4711", workspaceURL("/chats/7") + "?x=1"} {
		w.do(t, request{method: http.MethodGet, path: path})
	}

	shown := w.metrics(t)

	assert.Contains(
		t,
		shown,
		`handrail_http_requests_total{method="GET",route="/api/v2/w/:workspace_uuid/chats/:chat_id",status="200"} 1`,
	)

	assert.Contains(
		t,
		shown,
		`handrail_http_requests_total{method="GET",route="/api/v2/w/:workspace_uuid/chats/:chat_id",status="404"} 1`,
	)

	assert.Contains(t, shown, `handrail_http_requests_total{method="GET",route="unmatched",status="404"} 1`)
	assert.Contains(t, shown, `handrail_http_request_duration_seconds_count{method="GET",route="unmatched"} 1`)
	assert.NotContains(t, shown, "4711")
	assert.NotContains(t, shown, string(home))

	a := w.do(t, request{method: http.MethodGet, path: "/metrics", key: "-"})
	require.Equal(t, http.StatusNotFound, a.StatusCode, "they have an address of their own")
}

// TestHealthTakesAnyQuery: who checks the health of a service may add what it likes, against caches.
func TestHealthTakesAnyQuery(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for _, path := range []string{"/healthz?x=1", "/readyz?x=1"} {
		a := w.do(t, request{method: http.MethodGet, path: path, key: "-"})
		assert.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	}
}

// The tracer is the whole program's, so this test has no parallel ones.
func TestTraceIsContinued(t *testing.T) { //nolint:paralleltest // it sets the global tracer
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()

	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	w := newWorld(t)
	a := w.do(t, addRequest.with("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
	require.Equal(t, http.StatusOK, a.StatusCode)
	require.Len(t, spans.Ended(), 1)
	span := spans.Ended()[0]
	assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", span.SpanContext().TraceID().String())
	assert.Equal(t, "b7ad6b7169203331", span.Parent().SpanID().String())
	assert.Equal(t, "POST /api/v2/w/:workspace_uuid/chats/:chat_id/participants", span.Name())
}

func TestAPIKeysAreShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.do(
		t,
		request{
			method: http.MethodPost,
			path:   workspaceURL("/api-keys"),
			body:   `{"name":"Shop","scopes":["chats:write"],"memberId":42}`,
		},
	)

	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	secret := a.json["key"].(string)
	assert.Regexp(t, `^hr_[0-9a-z]{52}$`, secret)
	assert.Equal(t, workspaceURL("/api-keys/5"), a.Header.Get("Location"))
	assert.Equal(t, secret[len(secret)-4:], a.json["hint"])
	assert.Equal(t, chat.MemberID(42), w.store.key.MemberID)
	assert.NotContains(t, w.log.String(), secret)

	for _, path := range []string{"/api-keys", "/api-keys/5"} {
		assert.NotContains(t, w.do(t, request{method: http.MethodGet, path: workspaceURL(path)}).raw, `"key":`)
	}

	// The store has got the hash of just this secret.
	w.store.principals[w.store.keyHash] = chat.Principal{
		KeyID:       9,
		WorkspaceID: home,
		MemberID:    1,
		Role:        chat.RoleManager,
		Scopes:      []chat.Scope{"chats:write"},
	}

	assert.Equal(t, http.StatusOK, w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats"), key: secret}).StatusCode)
}

func TestAKeyGrantsNoMoreThanItHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.grant("keys:admin", "chats:write")

	r := request{
		method: http.MethodPost,
		path:   workspaceURL("/api-keys"),
		key:    noScopeKey,
		body:   `{"name":"x","scopes":["chats:read","chats:admin"]}`,
	}

	w.store.needsSecond = true
	a := w.do(t, r)
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Equal(t, "waiting", a.json["state"])
	assert.NotContains(t, a.raw, chat.KeyPrefix)
	w.requireUntouched(t)

	w.store.needsSecond = false
	r.body = strings.Replace(r.body, "chats:admin", "chats:write", 1)
	assert.Equal(t, http.StatusCreated, w.do(t, r).StatusCode)
}
