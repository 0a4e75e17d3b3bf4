package mcpserver_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/mcpserver"
)

const (
	workspace = "11111111-1111-4111-8111-111111111111"
	key       = "hr_test_0123456789abcdef0123456789abcdef"
	actionID  = "01a204a0-0000-7000-8000-00000000000a"
	delivery  = "01a2049f-5492-79f8-8209-ee1146eb6a56"
)

// asked is a request that the stub got.
type asked struct {
	route, query, key, prefer, bearer string
	body                              string
}

// stub stands for the API: it answers each "METHOD path" with one answer.
type stub struct {
	*testing.T
	*httptest.Server
	mutex   sync.Mutex
	answers map[string]func(http.ResponseWriter)
	asked   []asked
	// hold makes every answer wait until the caller has gone.
	hold bool
}

func newStub(t *testing.T) *stub {
	t.Helper()

	s := &stub{T: t, answers: map[string]func(http.ResponseWriter){}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)

	return s
}

// answers a route with a status and a body.
func (s *stub) on(route string, status int, body string) {
	s.answers[route] = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, err := io.WriteString(w, body)
		assert.NoError(s, err)
	}
}

// refuse answers a route with a problem.
func (s *stub) refuse(route string, status int, code, detail, more string) {
	body, err := json.Marshal(map[string]any{
		"type":     "/docs/problems/" + code,
		"title":    "T",
		"status":   status,
		"detail":   detail,
		"instance": "urn:handrail:request:r1",
		"code":     code,
	})
	require.NoError(s, err)

	s.on(route, status, strings.TrimSuffix(string(body), "}")+more+"}")
}

// ServeHTTP answers as it was told to.
func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	assert.NoError(s, err)

	route := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v2/w/"+workspace)

	s.mutex.Lock()
	s.asked = append(s.asked, asked{
		route:  route,
		query:  r.URL.RawQuery,
		key:    r.Header.Get("Idempotency-Key"),
		prefer: r.Header.Get("Prefer"),
		bearer: r.Header.Get("Authorization"),
		body:   string(raw),
	})
	answer := s.answers[route]
	s.mutex.Unlock()

	if s.hold {
		<-r.Context().Done()
		return
	}

	if answer == nil {
		http.NotFound(w, r)
		return
	}

	answer(w)
}

// all are the requests to a route so far.
func (s *stub) all(route string) []asked {
	s.mutex.Lock()
	defer s.mutex.Unlock()

	return slices.DeleteFunc(slices.Clone(s.asked), func(a asked) bool { return a.route != route })
}

// log keeps what a server logs.
type log struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write keeps p.
func (l *log) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	return l.text.Write(p)
}

func (l *log) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()

	return l.text.String()
}

// settingsFor are those of a server in front of a stub.
func settingsFor(url string, to *log) mcpserver.Settings {
	return mcpserver.Settings{
		URL:       url,
		Workspace: workspace,
		Key:       key,
		Version:   "test",
		Wait:      time.Second,
		Logger:    slog.New(slog.NewTextHandler(to, nil)),
	}
}

// assistant is an MCP client and what its server has logged.
type assistant struct {
	*testing.T
	*mcp.ClientSession
	log *log
}

// newAssistant connects the SDK's client with a server in this process.
func newAssistant(t *testing.T, url string) *assistant {
	t.Helper()

	written := &log{}
	server, err := mcpserver.New(settingsFor(url, written))
	require.NoError(t, err)

	there, here := mcp.NewInMemoryTransports()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)

	go func() { ended <- server.Run(ctx, there) }()

	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, here, nil)
	require.NoError(t, err)

	t.Cleanup(func() {
		_ = session.Close() // the server may have gone

		cancel()
		assert.NoError(t, <-ended)
	})

	return &assistant{T: t, ClientSession: session, log: written}
}

// answer is a tool's answer.
type answer struct {
	failed bool
	// words is all its text.
	words string
	// data is its structured content.
	data map[string]any
}

// do calls a tool.
func (a *assistant) do(name string, arguments any) answer {
	a.Helper()

	return callTool(a.T, a.ClientSession, &mcp.CallToolParams{Name: name, Arguments: arguments})
}

func callTool(t *testing.T, session *mcp.ClientSession, params *mcp.CallToolParams) answer {
	t.Helper()

	result, err := session.CallTool(t.Context(), params)
	require.NoError(t, err)

	var words []string

	for _, content := range result.Content {
		text, ok := content.(*mcp.TextContent)
		require.True(t, ok)

		words = append(words, text.Text)
	}

	data, _ := result.StructuredContent.(map[string]any)

	return answer{failed: result.IsError, words: strings.Join(words, "\n"), data: data}
}
