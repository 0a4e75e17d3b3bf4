package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
)

// mcpCall has the fields of a request of the Model Context Protocol that faults need.
type mcpCall struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name string `json:"name"`
	} `json:"params"`
}

// serveMCP lets the concierge answer. Faults apply to calls of its tools; other requests, such as the list of tools,
// are answered normally.
func (s *Sandbox) serveMCP(w http.ResponseWriter, r *http.Request, concierge http.Handler) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, toolLimit))
	if err != nil {
		http.Error(w, "The body is longer than 1 MiB.", http.StatusRequestEntityTooLarge)
		return
	}

	r.Body = io.NopCloser(bytes.NewReader(body))

	var call mcpCall
	if json.Unmarshal(body, &call) != nil || call.Method != "tools/call" {
		concierge.ServeHTTP(w, r)
		return
	}

	fault := s.faults.post(ChannelTool, call.Params.Name)

	switch {
	case fault.Kind == FaultRefuse:
		writeJSON(w, http.StatusOK, call.refusal())
		return
	case refusedCall(w, fault):
		return
	case fault.Kind == FaultLate:
		s.acceptLate(fault, func() (func(), error) {
			concierge.ServeHTTP(newHeldAnswer(), r.WithContext(context.WithoutCancel(r.Context())))
			return func() {}, nil
		})
	}

	answer := newHeldAnswer()
	concierge.ServeHTTP(answer, r)
	s.keepBack(r.Context())

	if !s.spoilAnswer(w, r, fault, answer.status) {
		answer.release(w)
	}
}

// refusal returns the answer of a tool that has refused a call.
func (c *mcpCall) refusal() map[string]any {
	return map[string]any{
		"jsonrpc": "2.0",
		"id":      c.ID,
		"result": map[string]any{
			"isError": true,
			"content": []map[string]string{{"type": "text", "text": "we would rather not"}},
		},
	}
}

// heldAnswer is an answer that is not sent yet.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newHeldAnswer() *heldAnswer { return &heldAnswer{header: http.Header{}, status: http.StatusOK} }

// Header implements [http.ResponseWriter].
func (a *heldAnswer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *heldAnswer) WriteHeader(status int) { a.status = status }

// Write implements [http.ResponseWriter].
func (a *heldAnswer) Write(part []byte) (int, error) { return a.body.Write(part) }

// release sends the answer.
func (a *heldAnswer) release(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = a.body.WriteTo(w) // the client may be gone
}
