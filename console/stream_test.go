package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// TestAStreamThatCannotBeOpenedIsLogged, with the id of the request, whichever way it fails.
func TestAStreamThatCannotBeOpenedIsLogged(t *testing.T) {
	t.Parallel()

	const stream = console.Root + "/w/" + theWorkspace + "/stream"

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()

	refusing := httptest.NewServer(&failingAPI{status: http.StatusServiceUnavailable, code: "unavailable"})
	t.Cleanup(refusing.Close)

	token := tokenIn.FindStringSubmatch(newEnv(t, map[string]reply{"GET /settings": ok("{}")}).get("/settings"))
	require.Len(t, token, 2)

	for address, reason := range map[string]string{
		gone.URL:     "the API does not answer",
		refusing.URL: "the shelf is empty",
	} {
		pages, log := newLogged(t, address, new(http.Client))

		answer := ask(pages, http.MethodPost, stream, url.Values{"csrf": {token[1]}})
		assert.Equal(t, http.StatusServiceUnavailable, answer.Code)

		id := answer.Header().Get("X-Request-Id")
		require.NotEmpty(t, id)
		assert.Contains(t, answer.Body.String(), id)
		assert.NotContains(t, answer.Body.String(), "127.0.0.1")
		assert.Contains(t, log.text(), `msg="the stream of events cannot be opened" request_id=`+id)
		assert.Contains(t, log.text(), reason)
		assert.Equal(t, 1, strings.Count(log.text(), "\n"), "one line")
	}
}
