package service_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/config"
)

// desk is a tool server of the test: it notes what it is asked, and answers as the test says.
type desk struct {
	*httptest.Server
	mutex  sync.Mutex
	asked  []deskCall
	answer func(deskCall, http.ResponseWriter)
}

type deskCall struct {
	method, path, body string
	header             http.Header
}

func newDesk(t *testing.T) *desk {
	t.Helper()

	d := &desk{answer: func(_ deskCall, w http.ResponseWriter) { _, _ = io.WriteString(w, `{"booking_id":"b-1"}`) }}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		call := deskCall{r.Method, r.URL.Path, string(body), r.Header}

		d.mutex.Lock()
		d.asked = append(d.asked, call)
		answer := d.answer
		d.mutex.Unlock()
		answer(call, w)
	}))

	t.Cleanup(d.Close)

	return d
}

// answers changes how the desk answers.
func (d *desk) answers(answer func(deskCall, http.ResponseWriter)) {
	d.mutex.Lock()
	defer d.mutex.Unlock()

	d.answer = answer
}

func (d *desk) calls() []deskCall {
	d.mutex.Lock()
	defer d.mutex.Unlock()

	return append([]deskCall(nil), d.asked...)
}

// hostOf is what HANDRAIL_TOOL_HOSTS must hold for a server of the test.
func hostOf(s *httptest.Server) string { return s.Listener.Addr().String() }

func allowHost(s *httptest.Server) option {
	return func(c *config.Config) { c.ToolHosts += " " + hostOf(s) }
}

// defineTool stores a tool through the API.
func (w *env) defineTool(body map[string]any) response {
	w.Helper()
	r := w.call("POST", "/tools", body)
	require.Equal(w, http.StatusCreated, r.status, r.raw)

	return r
}

// httpTool is a tool of the desk, with one argument in its path.
func httpTool(d *desk, name string, changes ...map[string]any) map[string]any {
	body := map[string]any{
		"kind":            "http",
		"name":            name,
		"description":     "Does " + name,
		"risk":            "write",
		"timeout_seconds": 2,
		"http": map[string]any{
			"method": "POST", "url": d.URL + "/" + name,
			"schema": map[string]any{
				"type":                 "object",
				"properties":           map[string]any{"what": map[string]any{"type": "string", "minLength": 1}},
				"required":             []string{"what"},
				"additionalProperties": false,
			},
		},
	}

	for _, change := range changes {
		maps.Copy(body, change)
	}

	return body
}
