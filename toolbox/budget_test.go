package toolbox_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

// What no database takes fails once, as a call that had its effect: it is never made again.
func TestAnswersThatCannotBeStored(t *testing.T) {
	t.Parallel()

	deep := strings.Repeat(`{"a":`, 1100) + "1" + strings.Repeat("}", 1100)
	for name, body := range map[string]string{
		"1,100 deep":    deep,
		"many values":   "[" + strings.Repeat("1,", 110_000) + "1]",
		"a long name":   `{"` + strings.Repeat("a", 2000) + `":1}`,
		"a long number": `{"a":1e99999}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var asked atomic.Int32

			s := serveTool(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)

				_, _ = io.WriteString(w, body)
			})
			b := newBox(t, toolbox.Config{}, s)
			o := b.Call(t.Context(), prepareTool(t, b, bookingTool(s.URL), nil), newCall(`{"id":1}`))
			assert.Equal(t, chat.ToolFailed, o.Kind)
			assert.Equal(t, "invalid_response", o.Code)
			assert.True(t, o.TookEffect)
			assert.Contains(t, o.Message, "must")
			assert.Less(t, len(o.Message), 600)
			assert.EqualValues(t, 1, asked.Load())
		})
	}
}

func TestAnAnswerThatIsWrongInManyPlaces(t *testing.T) {
	t.Parallel()

	s := serveTool(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "["+strings.Repeat("1,", 90_000)+"1]")
	})
	b := newBox(t, toolbox.Config{}, s)
	d := bookingTool(s.URL)
	d.HTTP.ResponseSchema = []byte(`{"type":"array","items":{"type":"string"}}`)
	o := b.Call(t.Context(), prepareTool(t, b, d, nil), newCall(`{"id":1}`))
	assert.Equal(t, "invalid_response", o.Code)
	assert.Less(t, len(o.Message), 2000)
}

// An MCP server can neither list tools without end nor answer what cannot be stored.
func TestAnMCPServerWithoutEnd(t *testing.T) {
	t.Parallel()

	server := mcp.NewServer(&mcp.Implementation{Name: "endless", Version: "1"}, &mcp.ServerOptions{PageSize: 500})
	for i := range 1500 {
		server.AddTool(
			&mcp.Tool{Name: strings.Repeat("n", 129+i), InputSchema: map[string]any{"type": "object"}},
			func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return &mcp.CallToolResult{}, nil
			},
		)
	}

	server.AddTool(
		&mcp.Tool{Name: "zz_beyond", InputSchema: map[string]any{"type": "object"}},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{}, nil
		},
	)
	server.AddTool(
		&mcp.Tool{Name: "deep", InputSchema: map[string]any{"type": "object"}},
		func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			text := strings.Repeat(`{"a":`, 1100) + "1" + strings.Repeat("}", 1100)
			return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}}, nil
		},
	)

	s := overHTTP(t, server)
	b := newBox(t, toolbox.Config{}, s)
	d := mcpServerTool(chat.MCPServer{URL: s.URL})
	require.NoError(t, b.Prepare(t.Context(), &d, nil))
	assert.Len(t, d.MCP.Discovered, 1, "only so many are looked at")

	call := newCall(`{}`)
	call.Tool = "deep"
	o := b.Call(t.Context(), d, call)
	assert.Equal(t, "invalid_response", o.Code, o.Message)
	assert.True(t, o.TookEffect)
	assert.Contains(t, o.Message, "must not hold more than 100")
}
