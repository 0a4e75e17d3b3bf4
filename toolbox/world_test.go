package toolbox_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/codec"
	"handrail/toolbox"
)

// asServer makes the test's binary an MCP server on its standard input and output.
const asServer = "mcp-server"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asServer {
		serveStdio()
		return
	}

	os.Exit(m.Run())
}

// newBox is a toolbox with keys, that may reach the servers given.
func newBox(t *testing.T, c toolbox.Config, servers ...*httptest.Server) *toolbox.Toolbox {
	t.Helper()

	keys, err := codec.Parse("k1:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	require.NoError(t, err)

	c.Sealer, c.Logger = keys, slog.New(slog.DiscardHandler)
	for _, s := range servers {
		c.Allowed = append(c.Allowed, s.Listener.Addr().String())
	}

	b, err := toolbox.New(c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Close()) })

	return b
}

func serveTool(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()

	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)

	return s
}

// bookingTool is an HTTP tool of a server.
func bookingTool(url string) chat.ToolDefinition {
	return chat.ToolDefinition{
		ID:          1,
		WorkspaceID: "w",
		Kind:        chat.ToolHTTP,
		Name:        "book",
		Risk:        chat.RiskWrite,
		Timeout:     2 * time.Second,
		HTTP: &chat.HTTPTool{
			Method: http.MethodPost, URL: url,
			Schema: json.RawMessage(
				`{"type":"object","properties":{"at":{"type":"string"},"id":{}},"required":["id"]}`,
			),
		},
	}
}

func prepareTool(t *testing.T, b *toolbox.Toolbox, d chat.ToolDefinition, secrets chat.ToolSecrets) chat.ToolDefinition {
	t.Helper()
	require.NoError(t, b.Prepare(t.Context(), &d, secrets))

	return d
}

func newCall(arguments string) chat.ToolInvocation {
	return chat.ToolInvocation{
		Tool:        "book",
		Arguments:   json.RawMessage(arguments),
		Key:         "message-0",
		WorkspaceID: "w",
		ChatID:      7,
		MessageID:   "message",
	}
}
