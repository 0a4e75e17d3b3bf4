package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestWhatTakesASecondMemberWaits asks every route that may take a second member for what does, and wants
// an approval that waits, and nothing done.
func TestWhatTakesASecondMemberWaits(t *testing.T) {
	t.Parallel()

	kinds := map[string]chat.ApprovalKind{
		"createMember":        chat.ApprovalMemberRole,
		"updateMember":        chat.ApprovalMemberRole,
		"createApiKey":        chat.ApprovalKey,
		"createTool":          chat.ApprovalToolChange,
		"updateTool":          chat.ApprovalToolChange,
		"testTool":            chat.ApprovalToolTest,
		"rotateSigningSecret": chat.ApprovalToolSecret,
	}

	w := newWorld(t)
	w.store.needsSecond = true

	for _, o := range w.workspaceRoutes(t) {
		kind, takesTwo := kinds[o.id]
		if !takesTwo {
			continue
		}

		delete(kinds, o.id)

		a := w.do(t, o.exampleRequest(t))
		require.Equal(t, http.StatusAccepted, a.StatusCode, "%s: %s", o.id, a.raw)
		assert.Equal(t, workspaceURL("/approvals/"+string(requestedApproval)), a.Header.Get("Location"), o.id)
		assert.EqualValues(t, kind, a.json["kind"], o.id)
		assert.Equal(t, chat.NobodyElse, a.json["note"], o.id)
		assert.NotContains(t, a.raw, "whsec_", o.id)
		w.requireUntouched(t)
	}

	assert.Empty(t, kinds, "these routes are gone")
	assert.Empty(t, w.tools.invoked)
}

// TestAServerThatWaitsIsNotAsked: the URL of an MCP server was asked for its tools before anybody had agreed to
// it, and what it answered was stored with the approval.
func TestAServerThatWaitsIsNotAsked(t *testing.T) {
	t.Parallel()

	const moved = `{"mcp":{"url":"https://elsewhere.example.com","tools":{"pay":{"risk":"approval"}}}}`

	for name, c := range map[string]struct {
		request request
		want    int
	}{
		"a new one": {
			request{
				method: http.MethodPost,
				path:   "/tools",
				body:   `{"kind":"mcp","name":"taxis","mcp":{"url":"https://mcp.example.com","tools":{"pay":{"risk":"approval"}}}}`,
			},
			http.StatusCreated,
		},
		"another address": {request{method: http.MethodPatch, path: "/tools/5", body: moved}, http.StatusOK},
	} {
		w := newWorld(t)
		w.store.needsSecond = true
		c.request.path = workspaceURL(c.request.path)

		a := w.do(t, c.request)
		require.Equal(t, http.StatusAccepted, a.StatusCode, "%s: %s", name, a.raw)
		assert.Zero(t, w.tools.askedAnew, name)
		require.NotNil(t, w.store.requested.Effect, name)
		assert.Empty(t, w.store.requested.Effect.Tool.MCP.Discovered, name)
		assert.Nil(t, w.store.requested.Effect.Tool.MCP.DiscoveredAt, name)

		w.store.needsSecond = false
		w.tools.discover = func(d *chat.ToolDefinition) error {
			d.MCP.Discovered = []chat.MCPTool{{Name: "pay", Schema: []byte(`{"type":"object"}`)}}
			d.MCP.DiscoveredAt = &noon

			return nil
		}

		a = w.do(t, c.request)
		require.Equal(t, c.want, a.StatusCode, "%s: %s", name, a.raw)
		assert.Equal(t, 1, w.tools.askedAnew, name)
	}
}
