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
	require.Len(t, loaded, 6)

	for _, found := range loaded {
		assert.True(t, strings.HasPrefix(found[1], "/") && !strings.HasPrefix(found[1], "//"), found[1])

		asset := w.do(t, request{method: http.MethodGet, path: found[1], key: "-"})
		assert.Equal(t, http.StatusOK, asset.StatusCode, found[1])
		assert.NotEmpty(t, asset.raw, found[1])
	}

	start := w.do(t, request{method: http.MethodGet, path: "/docs/assets/start.js", key: "-"})
	assert.Contains(t, start.Header.Get("Content-Type"), "javascript")
	assert.Contains(t, start.raw, "url: '/openapi.json'")
	assert.Contains(t, start.raw, "tryItOutEnabled: true")
	assert.NotContains(t, start.raw, "http", "it loads nothing from elsewhere")
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
