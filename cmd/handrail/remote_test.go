package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	stubWorkspace = "11111111-1111-4111-8111-111111111111"
	stubKey       = "hr_test_0123456789abcdef0123456789abcdef"
	stubDelivery  = "01a2049f-5492-79f8-8209-ee1146eb6a56"
	stubNext      = "01a204a0-0000-7000-8000-000000000001"
	stubBulk      = "01a204a0-0000-7000-8000-00000000000b"
	stubAction    = "01a204a0-0000-7000-8000-00000000000a"
)

// reply is one answer of the stub.
type reply struct {
	status int
	body   string
}

func okReply(body string) reply       { return reply{http.StatusOK, body} }
func acceptedReply(body string) reply { return reply{http.StatusAccepted, body} }

func refusalReply(status int, code, detail string) reply {
	return reply{
		status,
		`{"type":"/docs/problems/` + code + `","title":"T","status":` + formatNumber(int64(status)) + `,"detail":"` + detail +
			`","instance":"urn:handrail:request:r1","code":"` + code + `"}`,
	}
}

// stubCall is a request that the stub got.
type stubCall struct {
	method, path, query, idempotency string
	body                             map[string]any
	// left is closed when the caller waits no more.
	left <-chan struct{}
}

// stub stands for the API: it answers each "METHOD path" with its replies, one after the
// other, the last one again and again.
type stub struct {
	*testing.T
	url     string
	mu      sync.Mutex
	replies map[string][]reply
	calls   []stubCall
	// hook runs before each answer.
	hook func(stubCall)
}

func newStub(t *testing.T, replies map[string][]reply) *stub {
	t.Helper()
	s := &stub{T: t, replies: replies}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL

	return s
}

// ServeHTTP answers with the next reply.
func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, inside := strings.CutPrefix(r.URL.Path, "/api/v2/w/"+stubWorkspace+"/")
	assert.True(s, inside, r.URL.Path)
	assert.Equal(s, "Bearer "+stubKey, r.Header.Get("Authorization"))

	a := stubCall{
		method:      r.Method,
		path:        path,
		query:       r.URL.Query().Encode(),
		idempotency: r.Header.Get("Idempotency-Key"),
		left:        r.Context().Done(),
	}

	raw, err := io.ReadAll(r.Body)
	assert.NoError(s, err)

	if len(raw) > 0 {
		assert.NoError(s, json.Unmarshal(raw, &a.body))
	}

	if s.hook != nil {
		s.hook(a)
	}

	next := s.next(a)

	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(next.status)
	_, err = io.WriteString(w, next.body)
	assert.NoError(s, err)
}

func (s *stub) next(a stubCall) reply {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.calls = append(s.calls, a)
	route := a.method + " " + a.path

	all := s.replies[route]
	if len(all) == 0 {
		return refusalReply(http.StatusNotFound, "not_found", "there is nothing at "+route)
	}

	if len(all) > 1 {
		s.replies[route] = all[1:]
	}

	return all[0]
}

// all are the requests so far; one that was given up may still be on its way.
func (s *stub) all() []stubCall {
	s.mu.Lock()
	defer s.mu.Unlock()

	return slices.Clone(s.calls)
}

// sent is the last request to path.
func (s *stub) sent(path string) stubCall {
	s.Helper()

	for _, a := range slices.Backward(s.all()) {
		if a.path == path {
			return a
		}
	}

	require.Fail(s, "nothing was asked of "+path)

	return stubCall{}
}

// session is one use of the command line against a stub.
type session struct {
	*console
	out, errs bytes.Buffer
}

func (s *stub) session(in string) *session {
	one := &session{}
	one.console = newConsole(s.Context(), []string{
		"HANDRAIL_URL=" + s.url, "HANDRAIL_API_KEY=" + stubKey, "HANDRAIL_WORKSPACE=" + stubWorkspace,
		"HANDRAIL_ADDR=nonsense", // the server's settings do not matter here
	}, strings.NewReader(in), &one.out, &one.errs)

	one.every = time.Millisecond

	return one
}

// doNarrow runs a command against the stub on a terminal of 80 columns, which its output must fit.
func (s *stub) doNarrow(args ...string) (status int, out, errs string) {
	s.Helper()

	one := s.session("")
	one.width = 80
	status = one.run(args)

	for line := range strings.Lines(one.out.String()) {
		assert.LessOrEqual(s, displaywidth.String(strings.TrimSuffix(line, "\n")), 80, line)
	}

	return status, one.out.String(), one.errs.String()
}

// do runs a command against the stub.
func (s *stub) do(args ...string) (status int, out, errs string) {
	one := s.session("")
	status = one.run(args)

	return status, one.out.String(), one.errs.String()
}

func TestCallsThatTheAPICannotAnswer(t *testing.T) {
	t.Parallel()

	whole := []string{
		"HANDRAIL_URL=http://127.0.0.1:1",
		"HANDRAIL_API_KEY=" + stubKey,
		"HANDRAIL_WORKSPACE=" + stubWorkspace,
	}

	tests := map[string]struct {
		environ []string
		args    []string
		status  int
		says    []string
	}{
		"no key":       {nil, []string{"deliveries", "list"}, 2, []string{"HANDRAIL_API_KEY", "--key"}},
		"no workspace": {whole[:2], []string{"deliveries", "list"}, 2, []string{"HANDRAIL_WORKSPACE", "--workspace"}},
		"bad address": {
			whole,
			[]string{"deliveries", "list", "--url", "example.com"},
			2,
			[]string{"--url", "https://"},
		},
		"nobody there": {
			whole,
			[]string{"deliveries", "list"},
			1,
			[]string{"http://127.0.0.1:1", "refused", "--url", "HANDRAIL_URL"},
		},
		"bad time":  {whole, []string{"deliveries", "list", "--since", "yesterday"}, 2, []string{"--since", "2h"}},
		"no reason": {whole, []string{"deliveries", "cancel", stubDelivery}, 2, []string{"--reason"}},
		"bad verdict": {
			whole,
			[]string{"deliveries", "resolve", stubDelivery, "--as", "maybe", "--reason", "x"},
			2,
			[]string{"--as", "not_sent"},
		},
		"bare change": {
			whole,
			[]string{"deliveries", "retry", stubDelivery, "--to", "+14155550199"},
			2,
			[]string{"--reason"},
		},
		"all of them": {
			whole,
			[]string{"deliveries", "retry-all", "--reason", "x"},
			2,
			[]string{"--status", "at least one"},
		},
		"bulk no why": {whole, []string{"deliveries", "retry-all", "--status", "blocked"}, 2, []string{"--reason"}},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			c := newConsole(t.Context(), tt.environ, strings.NewReader(""), &out, &errs)
			c.every = time.Millisecond
			assert.Equal(t, tt.status, c.run(tt.args), errs.String())

			for _, want := range tt.says {
				assert.Contains(t, errs.String(), want)
			}

			assert.NotContains(t, errs.String(), stubKey)
		})
	}
}

func TestRefusalsAreToldWithTheirCode(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		reply reply
		says  []string
	}{
		"refused": {
			refusalReply(http.StatusConflict, "conflict", "the provider has it"),
			[]string{"the provider has it (conflict)"},
		},
		"forbidden": {
			refusalReply(http.StatusForbidden, "forbidden", "the key needs deliveries:read"),
			[]string{"deliveries:read (forbidden)"},
		},
		"a fault": {
			refusalReply(http.StatusInternalServerError, "internal", "internal error"),
			[]string{"internal error (internal)", "urn:handrail:request:r1"},
		},
		"another API": {reply{http.StatusBadGateway, "<html>"}, []string{"502 Bad Gateway", "HANDRAIL_URL"}},
		"redirected":  {reply{http.StatusFound, ""}, []string{"302 Found", "HANDRAIL_URL"}},
		"other words": {okReply(`[]`), []string{"another version"}},
		"control": {
			reply{
				http.StatusBadRequest,
				`{"code":"invalid_request","detail":"bad \u001b[31m","errors":[{"field":"to","message":"must be ` +
					`E.164"}]}`,
			},
			[]string{"bad  [31m (invalid_request)", "to must be E.164"},
		},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, map[string][]reply{"GET deliveries/" + stubDelivery: {tt.reply}})
			status, out, errs := s.do("deliveries", "show", stubDelivery)
			assert.Equal(t, 1, status)
			assert.Empty(t, out)

			for _, want := range tt.says {
				assert.Contains(t, errs, want)
			}
		})
	}
}

func TestABusyAPIIsAskedAgain(t *testing.T) {
	t.Parallel()

	busy := refusalReply(http.StatusServiceUnavailable, "unavailable", "the database does not answer")
	s := newStub(t, map[string][]reply{"GET suppressions": {busy, busy, okReply(`{"items":[],"next_cursor":null}`)}})
	status, out, _ := s.do("suppressions", "list")
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "no suppressions")

	s = newStub(t, map[string][]reply{"POST deliveries/" + stubDelivery + "/cancel": {busy}})
	status, _, errs := s.do("deliveries", "cancel", stubDelivery, "--reason", "x")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "(unavailable)")
	assert.Len(t, s.all(), 1, "a decision has no idempotency key and is asked for once")
}

func TestCtrlCEndsAWait(t *testing.T) {
	t.Parallel()
	s := newStub(t, map[string][]reply{"GET deliveries": {okReply(`{}`)}})
	one := s.session("")
	ctx, cancel := context.WithCancel(t.Context())
	one.ctx = ctx

	// An answer that came at the same moment would count.
	s.hook = func(call stubCall) {
		cancel()
		<-call.left
	}

	assert.Equal(t, 1, one.run([]string{"deliveries", "list"}))
}
