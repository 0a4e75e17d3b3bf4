package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// bearer presents a token with every request.
type bearer string

// RoundTrip adds the token.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))

	return (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
}

func (w *world) dial(t *testing.T, token string) (*mcp.ClientSession, error) {
	t.Helper()

	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)

	return client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: w.url + "/mcp", HTTPClient: &http.Client{Transport: bearer(token)}, MaxRetries: -1,
	}, nil)
}

func TestTheConciergeSpeaksMCP(t *testing.T) {
	t.Parallel()
	w := setup(t, func(c *sandbox.Config) { c.MCPToken = "concierge" })
	_, err := w.dial(t, "nobody")
	require.Error(t, err)
	session, err := w.dial(t, "concierge")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, session.Close()) })

	listed, err := session.ListTools(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, listed.Tools, 2)
	assert.Equal(t, "opening_hours", listed.Tools[0].Name)
	assert.True(t, listed.Tools[0].Annotations.ReadOnlyHint)
	assert.Equal(t, "order_taxi", listed.Tools[1].Name)

	call := func(name string, arguments map[string]any) *mcp.CallToolResult {
		t.Helper()
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: arguments})
		require.NoError(t, err)

		return result
	}

	hours := call("opening_hours", map[string]any{"day": "friday"})
	assert.Equal(t, map[string]any{"hours": map[string]any{"Friday": "17:00-24:00"}}, hours.StructuredContent)
	assert.Len(t, call("opening_hours", nil).StructuredContent.(map[string]any)["hours"], 7)
	assert.True(t, call("opening_hours", map[string]any{"day": "someday"}).IsError)
	assert.True(t, call("order_taxi", map[string]any{"to": "Station", "at": "soon"}).IsError)
	assert.Empty(t, w.Orders())

	taxi := call("order_taxi", map[string]any{"to": "Station", "at": "2026-11-27T22:00:00Z"})
	require.False(t, taxi.IsError)

	orders := w.Orders()
	require.Len(t, orders, 1)
	assert.Equal(t, orders[0].ID, taxi.StructuredContent.(map[string]any)["taxi_id"])
	assert.Equal(t, sandbox.OrderRequest{To: "Station", At: "2026-11-27T22:00:00Z", People: 1}, orders[0].OrderRequest)
}
