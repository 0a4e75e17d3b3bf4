package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestTheEndpointOfAToolHasNoSecret: whoever may see its calls need not see its definition.
func TestTheEndpointOfAToolHasNoSecret(t *testing.T) {
	t.Parallel()

	for url, endpoint := range map[string]string{
		"https://desk.example.com/bookings":                   "POST https://desk.example.com/bookings",
		"https://desk.example.com":                            "POST https://desk.example.com",
		"https://desk.example.com/bookings/{id}?key=s3cret#x": "POST https://desk.example.com/bookings/{id}",
		"https://me:s3cret@desk.example.com:8443/bookings":    "POST https://desk.example.com:8443/bookings",
	} {
		d := chat.ToolDefinition{HTTP: &chat.HTTPTool{Method: "POST", URL: url}}
		assert.Equal(t, endpoint, d.Endpoint())
	}

	server := chat.ToolDefinition{MCP: &chat.MCPServer{URL: "https://desk.example.com/mcp?key=s3cret"}}
	assert.Equal(t, "https://desk.example.com/mcp", server.Endpoint())

	server.MCP = &chat.MCPServer{Command: "desk"}
	assert.Equal(t, "command desk", server.Endpoint())
}
