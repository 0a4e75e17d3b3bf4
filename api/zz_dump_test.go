package api_test

import (
	"net/http"
	"os"
	"testing"
)

func TestZZDump(t *testing.T) {
	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: "/openapi.json", key: "-"})
	os.WriteFile("/tmp/E/openapi.json", []byte(a.raw), 0o644)
	t.Log(len(a.raw))
}
