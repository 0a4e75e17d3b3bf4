package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// received are the posts to the sandbox's first receiver, the newest first.
func (p *testEnv) received() []sandbox.ReceivedWebhook {
	p.Helper()

	request, err := http.NewRequestWithContext(p.Context(), http.MethodGet, p.inbox+"/sandbox/webhooks.json", nil)
	require.NoError(p, err)

	answer, err := http.DefaultClient.Do(request)
	require.NoError(p, err)

	defer answer.Body.Close()

	raw, err := io.ReadAll(answer.Body)
	require.NoError(p, err)

	var listed struct {
		Receivers []struct{ Posts []sandbox.ReceivedWebhook }
	}

	require.NoError(p, json.Unmarshal(raw, &listed))

	return listed.Receivers[0].Posts
}

// press submits a form of the sandbox's page, and follows it back to the page.
func (p *testEnv) press(path string, fields url.Values) {
	p.Helper()

	answer, err := http.PostForm(p.inbox+path, fields) //nolint:noctx // a form
	require.NoError(p, err)

	defer answer.Body.Close()

	shown, err := io.ReadAll(answer.Body)
	require.NoError(p, err)
	require.Equal(p, http.StatusOK, answer.StatusCode, "%s", shown)
}

// TestTheSandboxReceivesWebhooks presses the button, and sees the test and then the events of a send, each verified.
// What has failed comes again when the receiver answers again.
func TestTheSandboxReceivesWebhooks(t *testing.T) {
	t.Parallel()

	p := newTestEnv(t)
	p.up()

	assert.Contains(t, p.inboxPage(), "Nothing yet. The button creates an endpoint")
	p.press("/sandbox/webhooks/demo/create", nil)

	pinged := p.received()
	require.Len(t, pinged, 1)
	assert.Equal(t, "test.ping", pinged[0].Type)
	assert.Empty(t, pinged[0].Problem)
	assert.Equal(t, http.StatusNoContent, pinged[0].Status)
	assert.Contains(t, p.inboxPage(), `<span class="kind">test.ping</span> verified`)

	p.press("/sandbox/webhooks/demo/answer", url.Values{"mode": {"error"}})
	p.send()

	awaitType := func(kind string, status int) {
		require.Eventually(t, func() bool {
			for _, post := range p.received() {
				if post.Type == kind && post.Status == status {
					return assert.Empty(t, post.Problem)
				}
			}

			return false
		}, 30*time.Second, 50*time.Millisecond, "%s, answered %d", kind, status)
	}

	awaitType("message.created", http.StatusInternalServerError)
	p.press("/sandbox/webhooks/demo/answer", url.Values{"mode": {"accept"}})
	awaitType("message.created", http.StatusNoContent)
	awaitType("delivery.accepted", http.StatusNoContent)

	p.press("/sandbox/webhooks/demo/create", nil)

	endpoints := p.get(p.workspace() + "/webhook-endpoints")["items"].([]any)
	assert.Len(t, endpoints, 1, "pressed again, the endpoint that is there is tried")
}
