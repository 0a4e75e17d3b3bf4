package loopback_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/loopback"
)

func TestHosts(t *testing.T) {
	t.Parallel()

	for host, want := range map[string]bool{
		"localhost":            true,
		"localhost:8080":       true,
		"LocalHost.:8080":      true,
		"app.localhost":        true,
		"127.0.0.1":            true,
		"127.0.0.1:8233":       true,
		"127.8.9.10:1":         true,
		"[::1]":                true,
		"[::1]:8080":           true,
		"::1":                  true,
		"":                     false,
		"evil.example":         false,
		"evil.example:8080":    false,
		"127.0.0.1.nip.io":     false,
		"localhost.evil.com":   false,
		"notlocalhost":         false,
		"10.0.0.1":             false,
		"0.0.0.0:8080":         false,
		"[fe80::1]":            false,
		"localhost@evil.com":   false,
		"127.0.0.1@evil.com:1": false,
	} {
		assert.Equal(t, want, loopback.IsHost(host), "%q", host)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()

	guarded := loopback.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))

	for host, want := range map[string]int{
		"localhost:8026": http.StatusNoContent,
		"evil.example":   http.StatusMisdirectedRequest,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()

		guarded.ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, host)
	}
}
