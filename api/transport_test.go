package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
)

func TestPathsAndMethodsThatAreNotServed(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, path := range []string{"/", "/chats", "/api/v2", "/api/v2/w/", workspaceURL("/"), workspaceURL("/chats/"), workspaceURL("/Chats"), workspaceURL("/chats/7/"), "/docs/", "/swagger", "/openapi.yaml", "/schemas/Chat.json"} {
		requireProblem(t, w.do(t, request{method: http.MethodGet, path: path}), http.StatusNotFound, "not_found", "")
	}

	for _, test := range []struct{ method, path, allow string }{
		{"PUT", workspaceURL("/chats/7"), "GET, DELETE, PATCH"},
		{"GET", workspaceURL("/chats/7/summarize"), "POST"},
		{"DELETE", workspaceURL("/members"), "GET, POST"},
		{"HEAD", workspaceURL("/chats/7/summarize"), "POST"},
		{"OPTIONS", workspaceURL("/chats"), "GET, POST"},
		{"POST", "/openapi.json", "GET"},
		{"TRACE", "/docs", "GET"},
		{"PURGE", "/docs", "GET, POST, PUT, PATCH, DELETE"},
	} {
		a := w.do(t, request{method: test.method, path: test.path})
		assert.Equal(t, http.StatusMethodNotAllowed, a.StatusCode, "%s %s", test.method, test.path)
		assert.Equal(t, test.allow, a.Header.Get("Allow"), "%s %s", test.method, test.path)
		assert.NotEmpty(t, a.Header.Get("X-Request-Id"))

		if test.method != "HEAD" {
			requireProblem(t, a, http.StatusMethodNotAllowed, "method_not_allowed", "")
		}
	}

	w.requireUntouched(t)
}

func TestHEADIsGETWithoutItsBody(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for path, status := range map[string]int{"/healthz": 200, "/docs": 200, workspaceURL("/chats/7"): 200, workspaceURL("/chats?limit=-1"): 400, "/nothing": 404} {
		get, head := w.do(
			t,
			request{method: http.MethodGet, path: path},
		), w.do(
			t,
			request{method: http.MethodHead, path: path},
		)

		assert.Equal(t, status, head.StatusCode, path)
		assert.Equal(t, get.Header.Get("Content-Type"), head.Header.Get("Content-Type"), path)
		assert.Equal(t, get.ContentLength, head.ContentLength, path)
		assert.Empty(t, head.raw, path)
	}
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	address := w.serve(t)
	for _, o := range w.bodyRoutes(t) {
		a := exchangeRaw(
			t,
			address,
			o.method+" "+o.examplePath()+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer "+managerKey+
				"\r\nContent-Length: 1048577\r\n\r\n",
		)

		assert.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode, a.raw)
		assert.Contains(t, a.raw, `"code":"body_too_large"`)
	}

	w.requireUntouched(t)

	r := sendRequest
	r.body = `{"message":"hi","tool_calls":[{"name":"a","arguments":{"x":"`
	r.body += strings.Repeat("x", 1<<20-len(r.body)-len(`"}}]}`)) + `"}}]}`
	require.Len(t, r.body, 1<<20)
	assert.Equal(t, http.StatusOK, w.do(t, r).StatusCode, "a body of 1 MiB is taken")
}

// serve runs the app on a port of its own until the test ends.
func (w *world) serve(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.serveAt(t, listener)

	return listener.Addr().String()
}

// serveAt runs the app on a listener until the test ends.
func (w *world) serveAt(t *testing.T, listener net.Listener) {
	t.Helper()

	done := make(chan error, 1)
	go func() { done <- w.app.Serve(listener) }()

	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()

		assert.NoError(t, w.app.Shutdown(ctx))
		assert.NoError(t, <-done)
	})
}

// exchangeRaw writes raw bytes to a server and reads one answer.
func exchangeRaw(t *testing.T, address, raw string) answer {
	t.Helper()
	a, err := rawExchange(t.Context(), address, raw)
	require.NoError(t, err)

	return a
}

func rawExchange(ctx context.Context, address, raw string) (answer, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return answer{}, err
	}

	defer conn.Close()

	if _, err = io.WriteString(conn, raw); err != nil {
		return answer{}, err
	}

	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return answer{}, err
	}

	defer got.Body.Close()

	body, err := io.ReadAll(got.Body)

	return answer{Response: got, raw: string(body)}, err
}

func TestRequestsThatAreNotHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	address := w.serve(t)
	for name, test := range map[string]struct {
		raw    string
		status int
	}{
		"nonsense":         {"\x16\x03\x01nonsense\r\n\r\n", 400},
		"a bad length":     {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400},
		"a negative one":   {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 400},
		"a huge header":    {"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 20_000) + "\r\n\r\n", 431},
		"a huge path":      {"GET /" + strings.Repeat("x", 20_000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"announced, large": {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413},
	} {
		a := exchangeRaw(t, address, test.raw)
		assert.Equal(t, test.status, a.StatusCode, "%s: %s", name, a.raw)
		assert.Equal(t, "application/problem+json", a.Header.Get("Content-Type"), name)
		assert.NotEmpty(t, a.Header.Get("X-Request-Id"), name)
		assert.Contains(t, a.raw, fmt.Sprintf(`"status":%d`, test.status), name)
	}
}

func TestWaitsEndWhenTheServerStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	waiting := make(chan struct{})
	w.engine.send = func(ctx context.Context, _ chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
		close(waiting)
		<-ctx.Done()

		return chat.Answer[chat.AssistantMessageSent]{}, chat.ErrStillRunning
	}

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)

	served := make(chan error, 1)
	go func() { served <- w.app.Serve(listener) }()

	got := make(chan answer, 1)

	go func() {
		a, err := rawExchange(
			t.Context(),
			listener.Addr().String(),
			"POST "+sendRequest.path+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+managerKey+
				fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n%s", len(sendRequest.body), sendRequest.body),
		)

		assert.NoError(t, err)

		got <- a
	}()

	<-waiting
	require.NoError(t, w.app.Shutdown(t.Context()))
	require.NoError(t, <-served)

	a := <-got
	assert.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)
	assert.Equal(t, location, a.Header.Get("Location"))

	requireProblem(
		t,
		w.do(t, request{method: http.MethodGet, path: "/readyz"}),
		http.StatusServiceUnavailable,
		"unavailable",
		"server",
	)
}

func TestAHalfRequestDoesNotMakeTheStopFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)

	served := make(chan error, 1)
	go func() { served <- w.app.Serve(listener) }()

	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)

	defer conn.Close()

	// The first request is answered with the start of a second one at hand.
	_, err = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHo")
	require.NoError(t, err)
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()

	assert.NoError(t, w.app.Shutdown(ctx))
	assert.NoError(t, <-served)
}

func TestAStopNamesTheRequestsItLeavesUnanswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	waiting := make(chan struct{})
	release := make(chan struct{})
	w.engine.send = func(context.Context, chat.SendAssistantMessage) (chat.Answer[chat.AssistantMessageSent], error) {
		close(waiting)
		<-release

		return chat.Answer[chat.AssistantMessageSent]{}, chat.ErrStillRunning
	}

	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)

	served := make(chan error, 1)
	go func() { served <- w.app.Serve(listener) }()

	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)

	defer conn.Close()

	_, err = fmt.Fprintf(
		conn,
		"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s",
		sendRequest.path, managerKey, len(sendRequest.body), sendRequest.body,
	)
	require.NoError(t, err)

	<-waiting

	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	err = w.app.Shutdown(ctx)
	require.ErrorContains(t, err, "stop serving with 1 unanswered requests")
	close(release)
	assert.NoError(t, <-served)
}

func TestPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.chat = func(chat.ChatID) (chat.Chat, error) { panic("secret reason") }
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7")}.with("X-Request-Id", "find-me"))
	requireProblem(t, a, http.StatusInternalServerError, "internal", "")
	assert.NotContains(t, a.raw, "secret")
	assert.Equal(t, 1, strings.Count(w.log.String(), "secret reason"), w.log.String())
	assert.Contains(t, w.log.String(), "(*fakeStore).Chat(", "the stack is logged")
	assert.Contains(t, w.log.String(), "request_id=find-me")
	assert.Equal(t, http.StatusOK, w.do(t, request{method: http.MethodGet, path: "/healthz"}).StatusCode)
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for given, kept := range map[string]bool{
		"abc-123_X.y":            true,
		strings.Repeat("x", 128): true,
		"":                       false,
		strings.Repeat("x", 129): false,
		"a b":                    false,
		"<script>":               false,
		"a;b":                    false,
	} {
		for _, r := range []request{{method: http.MethodGet, path: "/healthz"}, {method: http.MethodGet, path: "/nothing"}, {method: http.MethodGet, path: workspaceURL("/chats/8")}} {
			id := w.do(t, r.with("X-Request-Id", given)).Header.Get("X-Request-Id")
			if kept {
				assert.Equal(t, given, id)
			} else {
				assert.Regexp(t, `^[0-9a-f-]{36}$`, id)
			}
		}
	}
}

func TestForwardedHeadersAreNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *api.Config) { c.FailureLimit = api.RateLimit{PerSecond: 0.001, Burst: 3} })

	last := answer{}
	for i := range 5 {
		last = w.do(
			t,
			request{
				method: http.MethodGet,
				path:   workspaceURL("/chats"),
				key:    "-",
			}.with(
				"X-Forwarded-For",
				fmt.Sprintf("10.0.0.%d", i),
			),
		)
	}

	requireProblem(t, last, http.StatusTooManyRequests, "rate_limited", "")
	assert.Equal(t, "1000", last.Header.Get("Retry-After"))

	assert.Equal(
		t,
		http.StatusOK,
		w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats")}).StatusCode,
		"a good key is not locked out by the bad ones beside it",
	)
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *api.Config) { c.KeyLimit = api.RateLimit{PerSecond: 0.01, Burst: 2} })

	r := request{method: http.MethodGet, path: workspaceURL("/chats")}
	for left := range 2 {
		a := w.do(t, r)
		require.Equal(t, http.StatusOK, a.StatusCode)
		assert.Equal(t, `"default";q=2;w=200`, a.Header.Get("RateLimit-Policy"))
		assert.Equal(t, fmt.Sprintf(`"default";r=%d;t=%d`, 1-left, 100*(left+1)), a.Header.Get("RateLimit"))
	}

	for _, o := range w.workspaceRoutes(t) {
		a := w.do(t, o.exampleRequest(t))
		requireProblem(t, a, http.StatusTooManyRequests, "rate_limited", "")
		assert.Equal(t, true, a.json["retryable"])
		assert.Equal(t, "100", a.Header.Get("Retry-After"))
		assert.Contains(t, a.Header.Get("RateLimit"), "r=0;")
	}

	w.requireUntouched(t)

	r.key = userKey
	assert.Equal(t, http.StatusForbidden, w.do(t, r).StatusCode, "another key has its own limit")
}

// TestSessionsShareTheRateOfTheirKey: whoever may make sessions would otherwise make as many requests as they like.
func TestSessionsShareTheRateOfTheirKey(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(c *api.Config) { c.KeyLimit = api.RateLimit{PerSecond: 0.01, Burst: 3} })
	manager := w.store.principals[chat.HashKey(managerKey)]

	ask := func(secret string, id chat.KeyID, parent chat.KeyID) int {
		p := manager
		p.KeyID = id
		p.KeyKind = chat.KeySession
		p.ParentID = parent
		w.store.principals[chat.HashKey(secret)] = p

		return w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats"), key: secret}).StatusCode
	}

	assert.Equal(t, http.StatusOK, w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats")}).StatusCode)

	for id := range chat.KeyID(3) {
		status := ask(chat.KeySession.NewSecret(), 100+id, manager.KeyID)
		assert.Equal(t, id == 2, status == http.StatusTooManyRequests, "the key itself has asked once: %d", status)
	}

	for id := range chat.KeyID(4) {
		status := ask(chat.KeySession.NewSecret(), 200+id, 0)
		assert.Equal(t, id == 3, status == http.StatusTooManyRequests, "they count as their member: %d", status)
	}
}

func TestWhenAuthenticationFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.store.takesPart = func(chat.ChatID, chat.MemberID) (bool, error) { return false, errors.New("database is gone") }
	requireProblem(
		t,
		w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7"), key: userKey}),
		http.StatusInternalServerError,
		"internal",
		"",
	)
}
