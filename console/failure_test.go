package console_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// failingAPI refuses everything but the session. It counts what it has refused.
type failingAPI struct {
	status  int
	code    string
	refused int
}

func (a *failingAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/session") {
		scopes, _ := json.Marshal(allScopes)

		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"member_name":"Ana","scopes":`+string(scopes)+`}`)

		return
	}

	a.refused++
	refused := refuse(a.status, a.code, "the shelf is empty")

	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("X-Request-Id", "request-of-the-api")
	w.WriteHeader(refused.status)
	_, _ = io.WriteString(w, refused.body)
}

// pagesOf returns the paths of all pages of a workspace.
func pagesOf(pages *console.Handler) []string {
	var paths []string

	for _, pattern := range pages.Patterns() {
		path, isPage := strings.CutPrefix(pattern, "GET ")
		if isPage && strings.Contains(path, "{workspace}") {
			paths = append(paths, fillPath(path))
		}
	}

	return paths
}

// assertNoStack holds that an answer shows nothing of the program.
func assertNoStack(t *testing.T, text string) {
	t.Helper()

	for _, inside := range []string{"goroutine ", ".go:", "runtime.", "127.0.0.1:"} {
		assert.NotContains(t, text, inside)
	}
}

// TestEveryPageSaysWhatTheAPIHasRefused has the API refuse each page, and holds that the page shows the sentence of the
// problem and the id of the request.
func TestEveryPageSaysWhatTheAPIHasRefused(t *testing.T) {
	t.Parallel()

	for status, code := range map[int]string{
		http.StatusNotFound:            "not_found",
		http.StatusInternalServerError: "internal_error",
		http.StatusServiceUnavailable:  "unavailable",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()

			var shown atomic.Int64

			askEach(t, func(path string) {
				api := &failingAPI{status: status, code: code}
				answer := ask(newConsole(t, api), http.MethodGet, path, nil)

				assertNoStack(t, answer.Body.String())

				if api.refused == 0 {
					return // a page that asks for nothing, such as the list of settings
				}

				shown.Add(1)

				assert.Equal(t, status, answer.Code, path)
				assert.Contains(t, answer.Body.String(), "The shelf is empty.", path)
				assert.Contains(t, answer.Body.String(), "request-of-the-api", path)
				assert.Contains(t, answer.Body.String(), code, path)
			})

			assert.Greater(t, shown.Load(), int64(25))
		})
	}
}

// askEach does something with each page, with all at once: what does not answer is asked again, after a while.
func askEach(t *testing.T, do func(path string)) {
	t.Helper()

	var asking sync.WaitGroup

	for _, path := range pagesOf(newConsole(t, http.NotFoundHandler())) {
		asking.Go(func() { do(path) })
	}

	asking.Wait()
}

// TestEveryPageSaysThatTheAPIDoesNotAnswer holds that the page has an id by which the log names the request.
func TestEveryPageSaysThatTheAPIDoesNotAnswer(t *testing.T) {
	t.Parallel()

	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()

	askEach(t, func(path string) {
		pages, log := newLoggedConsole(t, gone.URL)
		answer := ask(pages, http.MethodGet, path, nil)
		id := answer.Header().Get("X-Request-Id")

		assert.Equal(t, http.StatusBadGateway, answer.Code, path)
		assert.Contains(t, answer.Body.String(), "The API does not answer at the moment", path)
		assert.Contains(t, answer.Body.String(), "<code>"+id+"</code>", path)
		assert.Contains(t, log.String(), "request_id="+id, path)
		assertNoStack(t, answer.Body.String())
	})
}

// newLoggedConsole returns a console, and what it logs.
func newLoggedConsole(t *testing.T, api string) (*console.Handler, *strings.Builder) {
	t.Helper()

	log := &strings.Builder{}

	pages, err := console.New(console.Config{
		API:    api,
		Doer:   &http.Client{},
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	require.NoError(t, err)

	return pages, log
}

// TestAPageThatPanicsShowsNoStack has an answer of the API that cannot be: the log has the stack, the page an id.
func TestAPageThatPanicsShowsNoStack(t *testing.T) {
	t.Parallel()

	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(api.Close)

	pages, log := newLoggedConsole(t, api.URL)
	answer := ask(pages, http.MethodGet, fillPath(console.Root+"/w/{workspace}/"), nil)

	assert.Equal(t, http.StatusInternalServerError, answer.Code)
	assert.Contains(t, answer.Body.String(), "Something in the console is broken")
	assert.Contains(t, answer.Body.String(), answer.Header().Get("X-Request-Id"))
	assert.Contains(t, log.String(), "viewer.go")
	assertNoStack(t, answer.Body.String())
}
