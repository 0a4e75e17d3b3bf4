package toolbox_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

// TestWordsOfAServerThatIsAskedForItsToolsAreMasked: a server that repeats the key which it refuses showed it to whoever
// may change the tool, who must not be able to read it.
func TestWordsOfAServerThatIsAskedForItsToolsAreMasked(t *testing.T) {
	t.Parallel()

	const secret = "sk-live-4711-secret"

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"error":{"message":"invalid key: ` + r.Header.Get("Authorization") + `"}}`))
	}))
	t.Cleanup(server.Close)

	b := newBox(t, toolbox.Config{}, server)
	key := secret
	d := mcpServerTool(chat.MCPServer{
		URL:     server.URL,
		Headers: map[string]string{"Authorization": "Bearer {secret.KEY}"},
	})

	err := b.Prepare(t.Context(), &d, chat.ToolSecrets{"KEY": &key})
	require.Error(t, err)
	assert.Contains(t, chat.AsError(err).Error(), "invalid key", "what it says is told")
	assert.NotContains(t, chat.AsError(err).Error(), secret)
}
