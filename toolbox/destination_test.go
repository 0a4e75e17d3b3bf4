package toolbox_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/toolbox"
)

// TestSecretsGoNowhereElse points a tool with secrets at another host, whose owner would like to have
// them.
func TestSecretsGoNowhereElse(t *testing.T) {
	t.Parallel()

	own := serveTool(t, func(http.ResponseWriter, *http.Request) {})
	thief := serveTool(t, func(_ http.ResponseWriter, r *http.Request) {
		assert.NotContains(t, r.Header.Get("Authorization"), "hush")
	})

	b := newBox(t, toolbox.Config{}, own, thief)
	key := "hush-hush"
	made := bookingTool(own.URL + "/tables")
	made.HTTP.Headers = map[string]string{"Authorization": "Bearer {secret.KEY}"}
	made = prepareTool(t, b, made, chat.ToolSecrets{"KEY": &key})

	signing, err := b.SigningSecret(made)
	require.NoError(t, err)

	for name, url := range map[string]string{
		"another port": thief.URL + "/tables",
		"https":        strings.Replace(own.URL, "http://", "https://", 1) + "/tables",
		"another name": strings.Replace(own.URL, "127.0.0.1", "localhost", 1) + "/tables",
	} {
		moved := made
		http := *made.HTTP
		http.URL = url
		moved.HTTP = &http

		err := b.Prepare(t.Context(), &moved, nil)
		require.Error(t, err, name)
		assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), name)
		require.ErrorContains(t, err, "must be given again")
	}

	moved := made
	elsewhere := *made.HTTP
	elsewhere.URL = thief.URL + "/tables"
	elsewhere.Headers = nil
	moved.HTTP = &elsewhere
	require.NoError(t, b.Prepare(t.Context(), &moved, nil))
	assert.Empty(t, moved.SecretNames, "they are dropped")

	fresh, err := b.SigningSecret(moved)
	require.NoError(t, err)
	assert.NotEqual(t, signing, fresh, "whoever gets signed requests there could send them on")

	same := made
	path := *made.HTTP
	path.URL = own.URL + "/v2/tables?x={id}"
	path.Schema = []byte(`{"type":"object","required":["id"]}`)
	same.HTTP = &path
	require.NoError(t, b.Prepare(t.Context(), &same, nil))
	assert.Equal(t, []string{"KEY"}, same.SecretNames, "the destination is the same")
}

// TestCheckingAServerSendsItNothing keeps an address that nobody has approved from being asked.
func TestCheckingAServerSendsItNothing(t *testing.T) {
	t.Parallel()

	var asked atomic.Int64

	server := serveTool(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusTeapot)
	})
	b := newBox(t, toolbox.Config{}, server)
	d := mcpServerTool(chat.MCPServer{URL: server.URL})

	require.NoError(t, b.Check(t.Context(), &d, nil))
	assert.Zero(t, asked.Load())

	assert.Equal(t, chat.CodeToolUnavailable, chat.CodeOf(b.DiscoverAnew(t.Context(), &d)))
	assert.NotZero(t, asked.Load())
}

// TestAHostHasOneSpelling refuses the letters that a resolver would map to others: "ｄesk" is found where "desk" is.
func TestAHostHasOneSpelling(t *testing.T) {
	t.Parallel()

	b := newBox(t, toolbox.Config{})

	for _, url := range []string{"https://ｄesk.example.com/x", "https://desk。example.com/x", "https://d%C3%A9sk.example.com/x"} {
		d := bookingTool(url)
		err := b.Check(t.Context(), &d, nil)
		assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), url)
		require.ErrorContains(t, err, "ASCII", url)
	}
}
