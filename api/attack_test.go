package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
)

// TestSessionsShareTheStreamsOfTheirKey: who may make sessions without end would otherwise take all streams of the
// server, those of other workspaces too.
func TestSessionsShareTheStreamsOfTheirKey(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		w.open("")

		for _, status := range []int{http.StatusOK, http.StatusTooManyRequests} {
			secret := chat.KeySession.NewSecret()

			_, err := w.store.CreateSession(
				w.Context(),
				chat.NewLogIn(w.world.Workspace, w.world.By, secret, time.Now()),
			)
			require.NoError(w, err)

			answer := w.askAs(secret, "")
			assert.Equal(w, status, answer.StatusCode)
		}
	}, func(c *api.Config) { c.Streams.PerKey = 2 })
}

// TestAPanicOfAMountedPageIsLogged: the log must say what went wrong, and the answer be a page's.
func TestAPanicOfAMountedPageIsLogged(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.app.Mount("/pages", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom of a page") }))

	a := w.do(t, request{method: http.MethodGet, path: "/pages/x"})
	assert.Equal(t, http.StatusInternalServerError, a.StatusCode)
	assert.NotContains(t, a.raw, "boom")
	assert.Contains(t, w.log.text(), "boom of a page")
	assert.Contains(t, w.log.text(), "attack_test.go", "the stack of where it happened")
}
