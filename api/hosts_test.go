package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/loopback"
)

// TestForeignHostsAreRefused has a web page's own name resolve to this machine. It may read and write
// nothing, with or without a key.
func TestForeignHostsAreRefused(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(c *api.Config) { c.AllowsHost = loopback.IsHost })

	for _, path := range []string{"/healthz", "/docs", "/nothing", "/webhooks/twilio/status", workspaceURL("/chats/7")} {
		for host, refused := range map[string]bool{
			"evil.example:8080": true,
			"evil.example":      true,
			"localhost:8080":    false,
			"127.0.0.1:8080":    false,
			"[::1]:8080":        false,
		} {
			a := w.do(t, request{
				method:  http.MethodGet,
				path:    path,
				headers: map[string]string{"Host": host},
			})

			told := a.StatusCode == http.StatusForbidden && a.json["detail"] == loopback.Refusal
			assert.Equal(t, refused, told, "%s at %s: %s", path, host, a.raw)
		}
	}
}

// TestAnyHostWithoutARule is an API behind a proxy, whose names it does not know.
func TestAnyHostWithoutARule(t *testing.T) {
	t.Parallel()

	a := newWorld(t).do(t, request{
		method:  http.MethodGet,
		path:    "/healthz",
		headers: map[string]string{"Host": "handrail.example.com"},
	})
	assert.Equal(t, http.StatusOK, a.StatusCode)
}

// TestDocumentsMayBeKept asks for a document again that has not changed.
func TestDocumentsMayBeKept(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for _, path := range []string{"/docs", "/openapi.json"} {
		a := w.do(t, request{
			method:  http.MethodGet,
			path:    path,
			key:     "-",
			headers: map[string]string{"Accept-Encoding": "gzip"},
		})
		require.Equal(t, http.StatusOK, a.StatusCode)
		assert.Equal(t, "public, max-age=3600", a.Header.Get("Cache-Control"))
		assert.Equal(t, "gzip", a.Header.Get("Content-Encoding"))
		require.NotEmpty(t, a.Header.Get("ETag"))

		again := w.do(t, request{
			method: http.MethodGet,
			path:   path,
			key:    "-",
			headers: map[string]string{
				"Accept-Encoding": "gzip",
				"If-None-Match":   a.Header.Get("ETag"),
			},
		})
		assert.Equal(t, http.StatusNotModified, again.StatusCode)
		assert.Empty(t, again.raw)
	}
}

// TestAddressesHaveALimit counts what comes from one address before its key is looked up.
func TestAddressesHaveALimit(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(c *api.Config) { c.AddressLimit = api.RateLimit{PerSecond: 0.01, Burst: 2} })

	for _, want := range []int{http.StatusOK, http.StatusUnauthorized, http.StatusTooManyRequests} {
		key := ""
		if want != http.StatusOK {
			key = "hr_nobodyhasthiskeynobodyhasthiskey"
		}

		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7"), key: key})
		require.Equal(t, want, a.StatusCode, a.raw)
	}
}

// TestWorkspacesHaveALimit counts what all keys of a workspace ask.
func TestWorkspacesHaveALimit(t *testing.T) {
	t.Parallel()

	w := newWorld(t, func(c *api.Config) { c.WorkspaceLimit = api.RateLimit{PerSecond: 0.01, Burst: 2} })

	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
		a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/chats/7")})
		require.Equal(t, want, a.StatusCode, a.raw)
	}
}
