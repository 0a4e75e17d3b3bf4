package mcpserver_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/mcpserver"
)

// newHTTPServer serves over HTTP in front of a stub, and returns its address.
func newHTTPServer(t *testing.T, api string, to *log, hosts ...string) string {
	t.Helper()

	settings := settingsFor(api, to)
	settings.Key = ""

	server, err := mcpserver.New(settings)
	require.NoError(t, err)

	served := httptest.NewServer(server.Handler(hosts...))
	t.Cleanup(served.Close)

	return served.URL + mcpserver.Path
}

// withKey adds a key to every request.
type withKey struct {
	*http.Transport
	key string
}

// RoundTrip adds the key.
func (w withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+w.key)

	return w.Transport.RoundTrip(r)
}

// connectHTTP connects the SDK's client.
func connectHTTP(t *testing.T, url, key string) *mcp.ClientSession {
	t.Helper()

	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(
		t.Context(),
		&mcp.StreamableClientTransport{
			Endpoint:             url,
			HTTPClient:           &http.Client{Transport: withKey{Transport: &http.Transport{}, key: key}},
			DisableStandaloneSSE: true,
		},
		nil,
	)
	require.NoError(t, err)
	t.Cleanup(func() { _ = session.Close() }) // the server may have gone

	return session
}

func TestOverHTTPEachCallerHasItsOwnKey(t *testing.T) {
	t.Parallel()

	s := newStub(t)
	s.on("GET /chats", http.StatusOK, `{"items":[],"next_cursor":null}`)

	written := &log{}
	url := newHTTPServer(t, s.URL, written)
	ada := connectHTTP(t, url, "hr_ada")
	ben := connectHTTP(t, url, "hr_ben")

	for _, session := range []*mcp.ClientSession{ada, ben, ada} {
		got := callTool(t, session, &mcp.CallToolParams{Name: "list_chats"})
		require.False(t, got.failed, got.words)
	}

	var bearers []string
	for _, asked := range s.all("GET /chats") {
		bearers = append(bearers, asked.bearer)
	}

	assert.Equal(t, []string{"Bearer hr_ada", "Bearer hr_ben", "Bearer hr_ada"}, bearers)
	assert.NotContains(t, written.String(), "hr_ada")
}

// postRaw sends a body as it is.
func postRaw(t *testing.T, url, body string, change func(*http.Request)) (status int, text string) {
	t.Helper()

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)

	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Authorization", "Bearer hr_ada")
	change(r)

	answer, err := (&http.Client{}).Do(r)
	require.NoError(t, err)

	raw, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())

	return answer.StatusCode, string(raw)
}

const ping = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`

func TestWhoMayAskOverHTTP(t *testing.T) {
	t.Parallel()

	url := newHTTPServer(t, "http://127.0.0.1:1", &log{}, "mcp.example.com")

	for name, c := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"with a key":              {func(*http.Request) {}, http.StatusOK},
		"without a key":           {func(r *http.Request) { r.Header.Del("Authorization") }, http.StatusUnauthorized},
		"with another scheme":     {func(r *http.Request) { r.Header.Set("Authorization", "Basic eDp5") }, http.StatusUnauthorized},
		"with an empty key":       {func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }, http.StatusUnauthorized},
		"with two keys":           {func(r *http.Request) { r.Header.Add("Authorization", "Bearer hr_ben") }, http.StatusUnauthorized},
		"to a name of ours":       {func(r *http.Request) { r.Host = "mcp.example.com:443" }, http.StatusOK},
		"to a foreign name":       {func(r *http.Request) { r.Host = "evil.example" }, http.StatusMisdirectedRequest},
		"from a page of ours":     {func(r *http.Request) { r.Header.Set("Origin", "http://localhost:3000") }, http.StatusOK},
		"from a foreign page":     {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, http.StatusForbidden},
		"from a page of no place": {func(r *http.Request) { r.Header.Set("Origin", "null") }, http.StatusForbidden},
		"with another type":       {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, http.StatusUnsupportedMediaType},
		"for a stream":            {func(r *http.Request) { r.Method = http.MethodGet }, http.StatusMethodNotAllowed},
		"at another path":         {func(r *http.Request) { r.URL.Path = "/" }, http.StatusNotFound},
	} {
		status, text := postRaw(t, url, ping, c.change)
		assert.Equal(t, c.want, status, "%s: %s", name, text)
		assert.NotContains(t, text, "hr_ada", name)
	}
}

func TestHostileBodiesOverHTTP(t *testing.T) {
	t.Parallel()

	s := newStub(t)
	url := newHTTPServer(t, s.URL, &log{})
	call := func(arguments string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send_message","arguments":` + arguments + `}}`
	}

	status, _ := postRaw(t, url, call(`{"chat_id":7,"message":"`+strings.Repeat("x", 2<<20)+`"}`), func(*http.Request) {})
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)

	status, _ = postRaw(t, url, call(`{"chat_id":7,"message":"x","tool_calls":[{"name":"f","arguments":`+
		strings.Repeat(`{"a":`, 5000)+"1"+strings.Repeat("}", 5000)+`}]}`), func(*http.Request) {})
	assert.Equal(t, http.StatusBadRequest, status, "too deep")

	status, _ = postRaw(t, url, "{", func(*http.Request) {})
	assert.Equal(t, http.StatusBadRequest, status)

	batch := " [" + call(`{"chat_id":7,"message":"x"}`) + strings.Repeat(","+call(`{"chat_id":7,"message":"x"}`), 200) + "]"
	status, _ = postRaw(t, url, batch, func(*http.Request) {})
	assert.Equal(t, http.StatusBadRequest, status, "many calls in one request")

	status, text := postRaw(t, url, ping, func(*http.Request) {})
	assert.Equal(t, http.StatusOK, status, "it still answers: %s", text)
	assert.Empty(t, s.all(sendRoute))
}

func TestTheServerStopsWithItsContext(t *testing.T) {
	t.Parallel()

	server, err := mcpserver.New(settingsFor("http://127.0.0.1:1", &log{}))
	require.NoError(t, err)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)

	go func() { ended <- server.Serve(ctx, l) }()

	status, _ := postRaw(t, "http://"+l.Addr().String()+mcpserver.Path, ping, func(*http.Request) {})
	assert.Equal(t, http.StatusOK, status)

	cancel()
	assert.NoError(t, <-ended)
}

// TestSlowConnectionsHoldUpNobody opens more connections than there may be. Half of them send the beginning of their
// headers, half of them all but the end of a body: another client is answered all the same.
func TestSlowConnectionsHoldUpNobody(t *testing.T) {
	t.Parallel()

	s := newStub(t)
	settings := settingsFor(s.URL, &log{})
	settings.Key = ""

	server, err := mcpserver.New(settings)
	require.NoError(t, err)

	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)

	go func() { ended <- server.Serve(ctx, l) }()

	t.Cleanup(func() {
		stop()
		assert.NoError(t, <-ended)
	})

	const (
		head = "POST " + mcpserver.Path + " HTTP/1.1\r\nHost: localhost\r\n"
		rest = "Authorization: Bearer hr_slow\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
	)

	for i := range 300 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() }) // the server may have closed it

		sent := head
		if i%2 == 0 {
			sent += rest
		}

		_, err = conn.Write([]byte(sent))
		require.NoError(t, err)
	}

	began := time.Now()
	session := connectHTTP(t, "http://"+l.Addr().String()+mcpserver.Path, "hr_ada")

	_, err = session.ListTools(t.Context(), nil)
	require.NoError(t, err)
	assert.Less(t, time.Since(began), 3*time.Second)
}

func TestSettingsThatCannotWork(t *testing.T) {
	t.Parallel()

	good := settingsFor("http://127.0.0.1:1", &log{})

	noPlace := good
	noPlace.URL = "127.0.0.1:8080"

	noWorkspace := good
	noWorkspace.Workspace = ""

	tooLong := good
	tooLong.Wait = mcpserver.MaxWait + 1

	for name, settings := range map[string]mcpserver.Settings{
		"an address that is none": noPlace,
		"no workspace":            noWorkspace,
		"a wait that is too long": tooLong,
	} {
		_, err := mcpserver.New(settings)
		assert.Error(t, err, name)
	}
}

// TestStandardInputIsLimited sends a line without an end.
func TestStandardInputIsLimited(t *testing.T) {
	t.Parallel()

	server, err := mcpserver.New(settingsFor("http://127.0.0.1:1", &log{}))
	require.NoError(t, err)

	endless := io.MultiReader(strings.NewReader(`{"a":"`), io.LimitReader(letters{}, 64<<20))

	err = server.Run(t.Context(), &mcp.IOTransport{
		Reader:        io.NopCloser(endless),
		Writer:        closer{&bytes.Buffer{}},
		MaxLineLength: mcpserver.MaxLine,
	})
	assert.Error(t, err)
}

// letters are letters without an end.
type letters struct{}

// Read fills p.
func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}

	return len(p), nil
}

type closer struct{ io.Writer }

// Close does nothing.
func (closer) Close() error { return nil }
