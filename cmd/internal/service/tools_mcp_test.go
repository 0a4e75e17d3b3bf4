package service_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
)

// newConcierge is an MCP server built on the official SDK.
func newConcierge() *mcp.Server {
	type taxi struct {
		At string `json:"at" jsonschema:"when it is to come"`
	}

	s := mcp.NewServer(&mcp.Implementation{Name: "concierge", Version: "1"}, nil)
	mcp.AddTool(
		s,
		&mcp.Tool{Name: "order_taxi", Description: "Order a taxi"},
		func(_ context.Context, _ *mcp.CallToolRequest, in taxi) (*mcp.CallToolResult, any, error) {
			return nil, map[string]string{"taxi": "T-1", "at": in.At}, nil
		},
	)

	return s
}

// asMCPServer makes this test's binary an MCP server on its standard input and output.
const asMCPServer = "mcp-server"

func serveMCP() {
	if err := newConcierge().Run(context.Background(), &mcp.StdioTransport{}); err != nil {
		os.Exit(1)
	}
}

func TestMCPTools(t *testing.T) {
	t.Parallel()

	eachEngine(t, func(t *testing.T, url string) {
		server := httptest.NewServer(
			mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return newConcierge() }, nil),
		)

		t.Cleanup(server.Close)

		w := newEnv(
			t,
			url,
			allowHost(server),
			func(c *config.Config) { c.MCPCommands = "local=" + os.Args[0] + " " + asMCPServer },
		)

		w.defineTool(
			map[string]any{"kind": "mcp", "name": "web", "risk": "write", "mcp": map[string]any{"url": server.URL}},
		)

		w.defineTool(
			map[string]any{"kind": "mcp", "name": "here", "risk": "write", "mcp": map[string]any{"command": "local"}},
		)

		listed := w.call("GET", "/chats/"+strconv.FormatInt(int64(w.people.sms.ID), 10)+"/tools?limit=50", nil)
		assert.Contains(t, listed.raw, "web.order_taxi")
		assert.Contains(t, listed.raw, "here.order_taxi")

		wrong := w.call(
			"POST",
			sendPath(w.people.sms.ID),
			sendBody("Taxi!", newToolCall("web.order_taxi", map[string]any{"when": 8})),
		)

		assert.Equal(t, "invalid_tool_arguments", wrong.at("code"), wrong.raw)

		for _, name := range []string{"web.order_taxi", "here.order_taxi"} {
			r := w.call(
				"POST",
				sendPath(w.people.sms.ID),
				sendBody("Your taxi comes.", newToolCall(name, map[string]any{"at": "20:00"})),
			)

			require.Equal(t, http.StatusOK, r.status, r.raw)
			assert.Equal(t, map[string]any{"taxi": "T-1", "at": "20:00"}, r.at("message", "tool_calls", 0, "result"))
		}

		foreign := w.call(
			"POST",
			"/tools",
			map[string]any{"kind": "mcp", "name": "shell", "mcp": map[string]any{"command": "/bin/sh"}},
		)

		assert.Equal(t, http.StatusBadRequest, foreign.status, foreign.raw)
	})
}

func TestAnMCPServerThatIsAwayIsAClearError(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.NotFoundHandler())
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db", allowHost(server))
	server.Close()

	begun := time.Now()

	r := w.call(
		"POST",
		"/tools",
		map[string]any{"kind": "mcp", "name": "web", "timeout_seconds": 5, "mcp": map[string]any{"url": server.URL}},
	)

	assert.Equal(t, http.StatusBadRequest, r.status, r.raw)
	assert.Equal(t, "tool_unavailable", r.at("code"), r.raw)
	assert.Less(t, time.Since(begun), 20*time.Second)
}
