package toolbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/budget"
	"handrail/chat"
	"handrail/toolbox"
)

type taxi struct {
	At string `json:"at"`
}

// newConcierge is a server with a tool of every sort.
func newConcierge() *mcp.Server {
	s := mcp.NewServer(&mcp.Implementation{Name: "concierge", Version: "1"}, nil)
	mcp.AddTool(
		s,
		&mcp.Tool{Name: "order_taxi", Description: "Order a taxi"},
		func(_ context.Context, r *mcp.CallToolRequest, in taxi) (*mcp.CallToolResult, any, error) {
			return nil, map[string]any{"at": in.At, "key": r.Params.Meta["handrail.dev/idempotency-key"]}, nil
		},
	)

	mcp.AddTool(
		s,
		&mcp.Tool{Name: "hours", Annotations: &mcp.ToolAnnotations{ReadOnlyHint: true}},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "9 to 5"}}}, nil, nil
		},
	)

	mcp.AddTool(
		s,
		&mcp.Tool{Name: "environment"},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return nil, map[string]any{
				"environment": os.Environ(), //nolint:forbidigo // it is what the program sees that is asked
			}, nil
		},
	)

	mcp.AddTool(
		s,
		&mcp.Tool{Name: "fails"},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{
				IsError: true,
				Content: []mcp.Content{&mcp.TextContent{Text: "no taxis\nleft"}},
			}, nil, nil
		},
	)

	mcp.AddTool(
		s,
		&mcp.Tool{Name: "hangs"},
		func(ctx context.Context, _ *mcp.CallToolRequest, _ struct{}) (*mcp.CallToolResult, any, error) {
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Second): // or the server could not be closed
			}

			return nil, nil, ctx.Err()
		},
	)

	mcp.AddTool(
		s,
		&mcp.Tool{Name: "dies"},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			os.Exit(3)
			return nil, nil, nil
		},
	)

	mcp.AddTool(
		s,
		&mcp.Tool{Name: "huge"},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{
				Content: []mcp.Content{&mcp.TextContent{Text: string(make([]byte, chat.MaxToolResult))}},
			}, nil, nil
		},
	)

	mcp.AddTool(
		s,
		&mcp.Tool{Name: "floods"},
		func(context.Context, *mcp.CallToolRequest, struct{}) (*mcp.CallToolResult, any, error) {
			return &mcp.CallToolResult{
				Content: []mcp.Content{&mcp.TextContent{Text: strings.Repeat("x", budget.MaxMCPMessage)}},
			}, nil, nil
		},
	)

	return s
}

func serveStdio() {
	if err := newConcierge().Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		os.Exit(1)
	}
}

func overHTTP(t *testing.T, s *mcp.Server) *httptest.Server {
	t.Helper()

	server := httptest.NewServer(mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return s }, nil))

	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })

	return server
}

func mcpServerTool(m chat.MCPServer) chat.ToolDefinition {
	return chat.ToolDefinition{
		ID:          1,
		WorkspaceID: "w",
		Kind:        chat.ToolMCP,
		Name:        "concierge",
		Risk:        chat.RiskWrite,
		Timeout:     30 * time.Second,
		MCP:         &m,
	}
}

func TestAServersToolsAreDiscoveredAndCalled(t *testing.T) {
	t.Parallel()
	web := overHTTP(t, newConcierge())

	b := newBox(t, toolbox.Config{Commands: map[string][]string{"local": {os.Args[0], asServer}}}, web)
	for name, m := range map[string]chat.MCPServer{"http": {URL: web.URL}, "stdio": {Command: "local"}} {
		t.Run(name, func(t *testing.T) {
			d := mcpServerTool(m)
			d.Version = int64(len(name))
			d = prepareTool(t, b, d, nil)

			var names []string
			for _, tool := range d.Tools() {
				names = append(names, tool.Name)
			}

			assert.Equal(
				t,
				[]string{
					"concierge.dies",
					"concierge.environment",
					"concierge.fails",
					"concierge.floods",
					"concierge.hangs",
					"concierge.hours",
					"concierge.huge",
					"concierge.order_taxi",
				},
				names,
			)

			for tool, want := range map[string]struct {
				kind      chat.ToolOutcomeKind
				code, say string
			}{
				"order_taxi": {chat.ToolSucceeded, "", `"key":"message-0"`},
				"hours":      {chat.ToolSucceeded, "", "9 to 5"},
				"fails":      {chat.ToolFailed, "tool_error", "no taxis left"},
				"none":       {chat.ToolFailed, "tool_error", ""},
				"huge":       {chat.ToolFailed, "response_too_large", ""},
			} {
				in := newCall(`{"at":"20:00"}`)
				if tool != "order_taxi" {
					in = newCall(`{}`)
				}

				in.Tool = tool
				o := b.Call(t.Context(), d, in)
				assert.Equal(t, want.kind, o.Kind, "%s: %s", tool, o.Message)
				assert.Equal(t, want.code, o.Code, tool)
				assert.Contains(t, o.Message+string(o.Result), want.say)
			}

			hung := d
			hung.Timeout = time.Second
			in := newCall(`{}`)
			in.Tool = "hangs"
			o := b.Call(t.Context(), hung, in)
			assert.Equal(t, chat.ToolUnknown, o.Kind, "%s: never a hang", o.Message)
		})
	}
}

func TestACommandThatDiesIsStartedAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t, toolbox.Config{Commands: map[string][]string{"local": {os.Args[0], asServer}}})
	d := prepareTool(t, b, mcpServerTool(chat.MCPServer{Command: "local"}), nil)
	in := newCall(`{}`)
	in.Tool = "dies"
	o := b.Call(t.Context(), d, in)
	assert.Equal(t, chat.ToolUnknown, o.Kind, "it may have done something before: %s", o.Message)

	in.Tool = "hours"
	assert.Equal(t, chat.ToolSucceeded, b.Call(t.Context(), d, in).Kind)
}

// TestACommandsLineHasALimit has a program write one line that is longer than any message may be.
func TestACommandsLineHasALimit(t *testing.T) {
	t.Parallel()

	b := newBox(t, toolbox.Config{Commands: map[string][]string{"local": {os.Args[0], asServer}}})
	d := prepareTool(t, b, mcpServerTool(chat.MCPServer{Command: "local"}), nil)

	in := newCall(`{}`)
	in.Tool = "floods"
	o := b.Call(t.Context(), d, in)
	assert.Equal(t, chat.ToolUnknown, o.Kind, "it has done what it was asked, and nobody has read what: %s", o.Message)
	assert.Equal(t, "connection_lost", o.Code)

	in.Tool = "hours"
	assert.Equal(t, chat.ToolSucceeded, b.Call(t.Context(), d, in).Kind, "it is started again")
}

func TestAServerThatIsAwayOrRefuses(t *testing.T) {
	t.Parallel()
	away := serveTool(t, nil)
	b := newBox(t, toolbox.Config{}, away)
	away.Close()
	d := mcpServerTool(chat.MCPServer{URL: away.URL})
	assert.Equal(t, chat.CodeToolUnavailable, chat.CodeOf(b.Prepare(t.Context(), &d, nil)))
	assert.Equal(t, chat.ToolNotRun, b.Call(t.Context(), d, newCall(`{}`)).Kind)

	silent := serveTool(t, func(_ http.ResponseWriter, r *http.Request) {
		// Only who has read the body hears that the caller is gone.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})

	b = newBox(t, toolbox.Config{}, silent)
	d = mcpServerTool(chat.MCPServer{URL: silent.URL})
	d.Timeout = time.Second
	assert.Equal(t, chat.CodeToolUnavailable, chat.CodeOf(b.Prepare(t.Context(), &d, nil)))

	d = mcpServerTool(chat.MCPServer{Command: "/bin/sh"})
	assert.Equal(t, "mcp.command", chat.AsError(b.Prepare(t.Context(), &d, nil)).Fields[0].Field)
	d = mcpServerTool(chat.MCPServer{URL: "https://10.0.0.1/mcp"})
	assert.Equal(t, chat.CodeAddressRefused, chat.CodeOf(b.Prepare(t.Context(), &d, nil)))
}

func TestSecretsReachTheServerInHeaders(t *testing.T) {
	t.Parallel()

	inner := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newConcierge() }, nil)
	var refused atomic.Int32
	web := serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hush-hush" {
			refused.Add(1)
			w.WriteHeader(http.StatusUnauthorized)

			return
		}

		inner.ServeHTTP(w, r)
	})

	b := newBox(t, toolbox.Config{}, web)
	key := "hush-hush"
	d := mcpServerTool(chat.MCPServer{URL: web.URL, Headers: map[string]string{"Authorization": "Bearer {secret.KEY}"}})
	d = prepareTool(t, b, d, chat.ToolSecrets{"KEY": &key})
	assert.NotEmpty(t, d.MCP.Discovered)
	assert.Zero(t, refused.Load())

	bare := mcpServerTool(chat.MCPServer{URL: web.URL})
	bare.Version = 2
	assert.Equal(t, chat.CodeToolUnavailable, chat.CodeOf(b.Prepare(t.Context(), &bare, nil)))
}

func TestChangedToolsAreToldAbout(t *testing.T) {
	t.Parallel()

	s := newConcierge()
	web := overHTTP(t, s)
	told := make(chan chat.MCPListing, 10)
	b := newBox(
		t,
		toolbox.Config{
			Discovered: func(_ context.Context, d *chat.ToolDefinition, listing chat.MCPListing) error {
				assert.Equal(t, chat.WorkspaceID("w"), d.WorkspaceID)
				assert.Equal(t, chat.ToolID(1), d.ID)

				told <- listing

				return nil
			},
		},
		web,
	)

	d := prepareTool(t, b, mcpServerTool(chat.MCPServer{URL: web.URL}), nil)
	in := newCall(`{}`)
	in.Tool = "hours"
	require.Equal(t, chat.ToolSucceeded, b.Call(t.Context(), d, in).Kind)

	s.AddTool(
		&mcp.Tool{Name: "new_one", InputSchema: json.RawMessage(`{"type":"object"}`)},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{}, nil
		},
	)

	select {
	case listing := <-told:
		assert.Len(t, listing.Discovered, len(d.MCP.Discovered)+1)

	case <-time.After(30 * time.Second):
		t.Fatal("nobody was told")
	}
}

func TestACommandSeesNothingOfOurEnvironment(t *testing.T) {
	t.Setenv("HANDRAIL_TEST_SECRET", "hush-hush")

	b := newBox(
		t,
		toolbox.Config{
			Commands: map[string][]string{"local": {os.Args[0], asServer}},
			Environ:  []string{"HOME=/nowhere"},
		},
	)

	d := prepareTool(t, b, mcpServerTool(chat.MCPServer{Command: "local"}), nil)
	in := newCall(`{}`)
	in.Tool = "environment"
	o := b.Call(t.Context(), d, in)
	require.Equal(t, chat.ToolSucceeded, o.Kind, o.Message)
	assert.JSONEq(t, `{"environment":["HOME=/nowhere"]}`, string(o.Result))
}

func TestWhatTheStatusOfAnMCPServerMeans(t *testing.T) {
	t.Parallel()
	var status atomic.Int32
	inner := mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newConcierge() }, nil)
	web := serveTool(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if code := int(status.Load()); code != 0 && bytes.Contains(body, []byte("tools/call")) {
			w.Header().Set("Retry-After", "7")
			w.Header().Set("Location", "https://elsewhere.example.com")
			w.WriteHeader(code)

			return
		}

		r.Body = io.NopCloser(bytes.NewReader(body))
		inner.ServeHTTP(w, r)
	})

	b := newBox(t, toolbox.Config{}, web)
	d := prepareTool(t, b, mcpServerTool(chat.MCPServer{URL: web.URL}), nil)
	in := newCall(`{}`)
	in.Tool = "hours"

	for code, want := range map[int]chat.ToolOutcomeKind{
		429: chat.ToolNotRun,
		404: chat.ToolNotRun,
		401: chat.ToolFailed,
		307: chat.ToolFailed,
		408: chat.ToolUnknown,
		500: chat.ToolUnknown,
		503: chat.ToolUnknown,
	} {
		status.Store(int32(code))

		o := b.Call(t.Context(), d, in)
		assert.Equal(t, want, o.Kind, "%d: %s", code, o.Message)

		if code == 429 {
			assert.Equal(t, 7*time.Second, o.RetryAfter)
		}
	}

	status.Store(0)
	assert.Equal(t, chat.ToolSucceeded, b.Call(t.Context(), d, in).Kind, "and it works again")
}

func TestAServerThatHasMovedIsAskedWhereItIs(t *testing.T) {
	t.Parallel()
	old, other := overHTTP(t, newConcierge()), mcp.NewServer(&mcp.Implementation{Name: "other", Version: "1"}, nil)
	other.AddTool(
		&mcp.Tool{Name: "only_here", InputSchema: json.RawMessage(`{"type":"object"}`)},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{}, nil
		},
	)

	moved := overHTTP(t, other)
	b := newBox(t, toolbox.Config{}, old, moved)
	d := prepareTool(t, b, mcpServerTool(chat.MCPServer{URL: old.URL}), nil)
	in := newCall(`{}`)
	in.Tool = "hours"
	require.Equal(t, chat.ToolSucceeded, b.Call(t.Context(), d, in).Kind)
	d.MCP = &chat.MCPServer{URL: moved.URL}
	d = prepareTool(t, b, d, nil)
	require.Len(t, d.MCP.Discovered, 1)
	assert.Equal(t, "only_here", d.MCP.Discovered[0].Name)
}
