package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestTheViewerLoadsFromThisServerOnly asks for the page of the document and all that it loads.
func TestTheViewerLoadsFromThisServerOnly(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	page := w.do(t, request{method: http.MethodGet, path: "/docs", key: "-"})
	require.Equal(t, http.StatusOK, page.StatusCode, page.raw)
	assert.Contains(t, page.Header.Get("Content-Type"), "text/html")

	policy := page.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.NotContains(t, policy, "unsafe")
	assert.NotContains(t, policy, "http")
	assert.NotRegexp(t, `<script>|<style|style=|onload`, page.raw, "nothing is inline")

	loaded := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page.raw, -1)
	require.Len(t, loaded, 8)

	for _, found := range loaded {
		assert.True(t, strings.HasPrefix(found[1], "/") && !strings.HasPrefix(found[1], "//"), found[1])

		asset := w.do(t, request{method: http.MethodGet, path: found[1], key: "-"})
		assert.Equal(t, http.StatusOK, asset.StatusCode, found[1])
		assert.NotEmpty(t, asset.raw, found[1])
	}

	start := w.do(t, request{method: http.MethodGet, path: "/docs/assets/start.js", key: "-"})
	assert.Contains(t, start.Header.Get("Content-Type"), "javascript")
	assert.Contains(t, start.raw, "url: '/docs/openapi.json'")
	assert.Contains(t, start.raw, "tryItOutEnabled: true")
	assert.NotContains(t, start.raw, "http", "it loads nothing from elsewhere")
}

// TestTryingWithoutAKeySaysWhatToDo tries a request as the page does before a key is entered, and after an empty one.
func TestTryingWithoutAKeySaysWhatToDo(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	page := w.do(t, request{method: http.MethodGet, path: "/docs", key: "-"})
	assert.Contains(t, page.raw, "enter an API key under <strong>Authorize</strong> first")

	tried := request{method: http.MethodGet, path: workspaceURL("/chats"), key: "-"}

	for name, r := range map[string]request{
		"no header":    tried,
		"an empty key": tried.with("Authorization", "Bearer "),
		"only Bearer":  tried.with("Authorization", "Bearer"),
	} {
		a := w.do(t, r)
		requireProblem(t, a, http.StatusUnauthorized, "unauthenticated", "")
		assert.Contains(t, a.raw, "Authorization", name)
		assert.Contains(t, a.raw, "hr_", name)
		assert.Equal(t, `Bearer realm="handrail"`, a.Header.Get("WWW-Authenticate"), name)
	}
}

// TestTheViewerIsSentAsItIsPacked asks for the same file by one who takes gzip and one who does not.
func TestTheViewerIsSentAsItIsPacked(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	r := request{method: http.MethodGet, path: "/docs/assets/swagger-ui-bundle.js", key: "-"}

	plain := w.do(t, r)
	require.Equal(t, http.StatusOK, plain.StatusCode)
	assert.Empty(t, plain.Header.Get("Content-Encoding"))
	assert.Contains(t, plain.raw, "SwaggerUIBundle")

	packed := w.do(t, r.with("Accept-Encoding", "gzip"))
	require.Equal(t, http.StatusOK, packed.StatusCode)
	assert.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
	assert.Less(t, len(packed.raw), len(plain.raw)/2)

	again := w.do(t, r.with("If-None-Match", plain.Header.Get("ETag")))
	assert.Equal(t, http.StatusNotModified, again.StatusCode)

	for _, path := range []string{"/docs/assets/", "/docs/assets/swagger-ui.js", "/docs/assets/..%2findex.html"} {
		missing := w.do(t, request{method: http.MethodGet, path: path, key: "-"})
		requireProblem(t, missing, http.StatusNotFound, "not_found", "")
	}
}

// TestEveryCodeHasAPage asks for the page that the type of a problem leads to, and for the list of all.
func TestEveryCodeHasAPage(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	list := w.do(t, request{method: http.MethodGet, path: "/docs/problems", key: "-"})
	require.Equal(t, http.StatusOK, list.StatusCode)
	assert.Contains(t, list.Header.Get("Content-Security-Policy"), "default-src 'none'")

	for _, code := range chat.Codes() {
		path := "/docs/problems/" + string(code)
		assert.Contains(t, list.raw, `href="`+path+`"`)

		page := w.do(t, request{method: http.MethodGet, path: path, key: "-"})
		require.Equal(t, http.StatusOK, page.StatusCode, code)
		assert.Contains(t, page.raw, "<code>"+string(code)+"</code>")
		assert.NotContains(t, page.raw, "ZgotmplZ")

		for _, part := range []string{"What it means", "Why it comes", "What to do"} {
			assert.Contains(t, page.raw, part, code)
		}
	}

	missing := w.do(t, request{method: http.MethodGet, path: "/docs/problems/nonsense", key: "-"})
	requireProblem(t, missing, http.StatusNotFound, "not_found", "")
}

// TestTheGuideIsServed asks for its pages, for what they load, and for one that is not there.
func TestTheGuideIsServed(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for _, path := range []string{"/docs/guide", "/docs/guide/"} {
		moved := w.do(t, request{method: http.MethodGet, path: path, key: "-"})
		assert.Equal(t, http.StatusFound, moved.StatusCode, path)
		assert.Equal(t, "/docs/guide/index.html", moved.Header.Get("Location"), path)
	}

	for path, media := range map[string]string{
		"/docs/guide/index.html":           "text/html",
		"/docs/guide/statuses.html":        "text/html",
		"/docs/guide/decisions/index.html": "text/html",
		"/docs/guide/search.html?q=retry":  "text/html",
		"/docs/guide/style.css":            "text/css",
		"/docs/guide/search.js":            "javascript",
		"/docs/guide/icon.svg":             "image/svg",
		"/docs/guide/performance.svg":      "image/svg+xml",
	} {
		page := w.do(t, request{method: http.MethodGet, path: path, key: "-"})
		require.Equal(t, http.StatusOK, page.StatusCode, path)
		assert.Contains(t, page.Header.Get("Content-Type"), media, path)
		assert.Equal(t, "nosniff", page.Header.Get("X-Content-Type-Options"), path)
		assert.NotEmpty(t, page.Header.Get("ETag"), path)

		policy := page.Header.Get("Content-Security-Policy")
		assert.Contains(t, policy, "default-src 'none'", path)
		assert.NotContains(t, policy, "unsafe", path)
	}

	index := w.do(t, request{method: http.MethodGet, path: "/docs/guide/index.html", key: "-"})
	assert.Contains(t, index.raw, `<a href="/docs">API</a>`)

	for _, path := range []string{"/docs/guide/nonsense.html", "/docs/guide/decisions/nonsense.html", "/docs/guide/..%2f..%2fgo.mod"} {
		missing := w.do(t, request{method: http.MethodGet, path: path, key: "-"})
		require.Equal(t, http.StatusNotFound, missing.StatusCode, path)
		assert.Contains(t, missing.Header.Get("Content-Type"), "text/html", path)
		assert.Contains(t, missing.Header.Get("Content-Security-Policy"), "default-src 'none'", path)
		assert.Contains(t, missing.raw, `<a class="name" href="/docs/guide/index.html">`, path)
	}
}
