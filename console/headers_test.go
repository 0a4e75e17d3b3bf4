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

// thePolicy is the whole Content-Security-Policy of the pages: what comes from elsewhere, and what is written into a
// page, is not run.
const thePolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// assertGuarded holds that an answer has the headers by which a browser guards it.
func assertGuarded(t *testing.T, answer *httptest.ResponseRecorder, path string) {
	t.Helper()

	for name, value := range map[string]string{
		"Content-Security-Policy": thePolicy,
		"X-Content-Type-Options":  "nosniff",
		"Referrer-Policy":         "no-referrer",
	} {
		assert.Equal(t, []string{value}, answer.Header().Values(name), path)
	}
}

// TestEachAnswerHasThePolicy, whether it is a page, a failure, a file or a form.
func TestEachAnswerHasThePolicy(t *testing.T) {
	t.Parallel()

	pages := newConsole(t, &failingAPI{status: http.StatusNotFound, code: "not_found"})

	paths := append(
		pagesOf(pages),
		console.Root,
		console.Root+"/",
		console.Root+"/login",
		console.Root+"/static/console.css",
		console.Root+"/no-such-page",
	)
	require.Greater(t, len(paths), 25)

	for _, path := range paths {
		answer := ask(pages, http.MethodGet, path, nil)
		assertGuarded(t, answer, path)

		if !strings.Contains(path, "/static/") {
			assert.Equal(t, "no-store", answer.Header().Get("Cache-Control"), path)
		}
	}

	for _, pattern := range pages.Patterns() {
		if path, isForm := strings.CutPrefix(pattern, "POST "); isForm {
			assertGuarded(t, ask(pages, http.MethodPost, fillPath(path), nil), path)
		}
	}
}

// TestTheSessionIsInAGuardedCookie: scripts cannot read it, other sites cannot send it, and it leaves the browser over
// TLS only. The same holds of the one that removes it.
func TestTheSessionIsInAGuardedCookie(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"POST /sessions":  newSession("hr_session_new"),
		"DELETE /session": {http.StatusNoContent, ""},
		"GET /settings":   ok("{}"),
	})

	in := e.request(http.MethodPost, "/login", url.Values{"workspace": {theWorkspace}, "key": {"hr_key"}})
	out := e.post("/settings", "/logout", nil)

	for value, answer := range map[string]*httptest.ResponseRecorder{"hr_session_new": in, "": out} {
		cookies := answer.Result().Cookies()
		require.Len(t, cookies, 1)

		cookie := cookies[0]
		assert.Equal(t, "__Secure-handrail_session_"+theWorkspace, cookie.Name)
		assert.Equal(t, value, cookie.Value)
		assert.True(t, cookie.HttpOnly, "HttpOnly")
		assert.True(t, cookie.Secure, "Secure")
		assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
		assert.Equal(t, console.Root, cookie.Path)
		assert.Empty(t, cookie.Domain, "no other host of the domain gets it")
	}

	assert.Zero(t, in.Result().Cookies()[0].MaxAge, "it ends with the browser")
	assert.Negative(t, out.Result().Cookies()[0].MaxAge)
}

// TestComponentsAreShownWhereTheyAreAskedForOnly: they are for whoever works on the console.
func TestComponentsAreShownWhereTheyAreAskedForOnly(t *testing.T) {
	t.Parallel()

	for shows, status := range map[bool]int{false: http.StatusNotFound, true: http.StatusOK} {
		pages, err := console.New(console.Config{API: "http://127.0.0.1:1", ShowsComponents: shows})
		require.NoError(t, err)
		assert.Equal(t, status, ask(pages, http.MethodGet, console.Root+"/components", nil).Code)
	}
}
