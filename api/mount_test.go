package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAPanicOfAMountedPageIsLogged: the log must say what went wrong, and the answer be a page's.
func TestAPanicOfAMountedPageIsLogged(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.app.Mount("/pages", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom of a page") }))

	a := w.do(t, request{method: http.MethodGet, path: "/pages/x"})
	assert.Equal(t, http.StatusInternalServerError, a.StatusCode)
	assert.NotContains(t, a.raw, "boom")
	assert.Equal(t, 1, strings.Count(w.log.text(), "boom of a page"))
	assert.Contains(t, w.log.text(), "mount_test.go", "the stack of where it happened")
}

// plainPages are pages that say in plain text why a request has not come to them.
type plainPages struct{}

// ServeHTTP shows the request.
func (plainPages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id"))
	_, _ = io.WriteString(w, "request "+r.Header.Get("X-Request-Id"))
}

// ServeRefusal shows what is wrong.
func (plainPages) ServeRefusal(w http.ResponseWriter, _ *http.Request, status int, detail string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "pages say: "+detail)
}

// TestPagesSayThemselvesWhyARequestIsRefused: people read no JSON.
func TestPagesSayThemselvesWhyARequestIsRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.app.Mount("/pages", plainPages{})

	a := w.do(t, request{method: http.MethodGet, path: "/pages/x"})
	assert.Equal(t, "request "+a.Header.Get("X-Request-Id"), a.raw, "it has the id that the log names")

	for path, starts := range map[string]string{"/pages/x": "pages say: ", "/pagesx": "{"} {
		a = w.do(t, request{
			method: http.MethodPost,
			path:   path,
			body:   strings.Repeat("x", 1<<20+1),
		})
		assert.Equal(t, http.StatusRequestEntityTooLarge, a.StatusCode, path)
		assert.True(t, strings.HasPrefix(a.raw, starts), a.raw)
	}
}
