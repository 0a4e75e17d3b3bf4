package console_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/console"
)

// failingAPI refuses everything but the session. It counts what it has refused.
type failingAPI struct {
	status  int
	code    string
	refused atomic.Int64
}

func (a *failingAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/session") {
		scopes, _ := json.Marshal(allScopes)

		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Handrail-Version", "2026-11-29")
		_, _ = io.WriteString(w, `{"kind":"session","workspace_id":"`+theWorkspace+`","member_name":"Ana","scopes":`+
			string(scopes)+`}`)

		return
	}

	a.refused.Add(1)
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

				if api.refused.Load() == 0 {
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
		pages, log := newLogged(t, gone.URL, &http.Client{})
		answer := ask(pages, http.MethodGet, path, nil)
		id := answer.Header().Get("X-Request-Id")

		assert.Equal(t, http.StatusBadGateway, answer.Code, path)
		assert.Contains(t, answer.Body.String(), "The API does not answer at the moment", path)
		assert.Contains(t, answer.Body.String(), "<code>"+id+"</code>", path)
		assert.Contains(t, log.text(), "request_id="+id, path)
		assertNoStack(t, answer.Body.String())
	})
}
