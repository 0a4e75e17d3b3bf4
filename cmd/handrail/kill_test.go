package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

// toolServer is a server of three tools, none of which may be run twice. It holds the call that a
// test names until it is let go.
type toolServer struct {
	*httptest.Server
	mutex sync.Mutex
	// ran counts the calls by tool and customer.
	ran map[string]int
	// holds are the calls that are not answered; held hears of each.
	holds map[string]bool
	held  chan string
	open  chan struct{}
}

func newToolServer(t *testing.T) *toolServer {
	t.Helper()

	c := &toolServer{
		ran:   map[string]int{},
		holds: map[string]bool{},
		held:  make(chan string, 100),
		open:  make(chan struct{}),
	}

	c.Server = httptest.NewServer(http.HandlerFunc(c.serve))

	t.Cleanup(func() { close(c.open); c.Close() })

	return c
}

func (c *toolServer) serve(w http.ResponseWriter, r *http.Request) {
	call := strings.TrimPrefix(r.URL.Path, "/")

	c.mutex.Lock()
	c.ran[call]++
	hold := c.holds[call]
	c.mutex.Unlock()

	c.held <- call

	if hold {
		select {
		case <-c.open:
		case <-r.Context().Done():
		}

		return
	}

	_, _ = io.WriteString(w, `{}`)
}

// runs is how often a call has been made.
func (c *toolServer) runs(call string) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()

	return c.ran[call]
}

// await waits until a call has come.
func (c *toolServer) await(t *testing.T, call string) {
	t.Helper()

	for {
		select {
		case came := <-c.held:
			if came == call {
				return
			}

		case <-time.After(time.Minute):
			t.Fatalf("%s was not called", call)
		}
	}
}

// post asks the API and returns what it says.
func (s *testCluster) post(url, body, key string) map[string]any {
	s.Helper()
	status, answer, err := s.ask(http.MethodPost, url, body, key)
	require.NoError(s, err)
	require.Less(s, status, 300, answer)

	return answer
}

// action is how an action stands.
func (s *testCluster) action(api string, id any) map[string]any {
	s.Helper()
	_, body, err := s.ask(http.MethodGet, fmt.Sprintf("%s/api/v2/w/%s/actions/%v", api, s.ws, id), "", "")
	require.NoError(s, err)

	return body
}

// TestKilledBetweenAnyTwoStepsOfASendWithThreeTools kills the worker with one send before
// each of its tools has answered, and one after, all at the same moment.
func TestKilledBetweenAnyTwoStepsOfASendWithThreeTools(t *testing.T) {
	t.Parallel()
	desk := newToolServer(t)
	s := newTestCluster(t, "HANDRAIL_TOOL_HOSTS="+desk.Listener.Addr().String())
	_, api := s.api()

	base := api + "/api/v2/w/" + s.ws
	for n := range 3 {
		s.post(
			base+"/tools",
			fmt.Sprintf(
				`{"kind":"http","name":"tool_%d","risk":"write","timeout_seconds":20,"http":{"method":"POST","url":"%s/%d/{who}",
			"schema":{"type":"object","properties":{"who":{"type":"string"}},"required":["who"]}}}`,
				n,
				desk.URL,
				n,
			),
			fmt.Sprint("tool", n),
		)
	}

	doomed := s.worker()
	actions := map[string]any{}
	send := func(who string, chat int) {
		body := fmt.Sprintf(
			`{"message":"done for %s","tool_calls":[{"name":"tool_0","arguments":{"who":%[1]q}},{"name":"tool_1",`+
				`"arguments":{"who":%[1]q}},{"name":"tool_2","arguments":{"who":%[1]q}}]}`,
			who,
		)

		request, err := http.NewRequestWithContext(
			t.Context(),
			http.MethodPost,
			fmt.Sprintf("%s/chats/%d/send-assistant-message", base, s.chats[chat]),
			strings.NewReader(body),
		)

		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+s.secret)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Prefer", "respond-async")
		answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusAccepted, answer.StatusCode)
		location := answer.Header.Get("Location")
		actions[who] = location[strings.LastIndex(location, "/")+1:]
	}

	// Held before the answer of each tool, in turn.
	for n := range 3 {
		who := fmt.Sprintf("held%d", n)

		desk.mutex.Lock()
		desk.holds[fmt.Sprintf("%d/%s", n, who)] = true
		desk.mutex.Unlock()
		send(who, n)
		desk.await(t, fmt.Sprintf("%d/%s", n, who))
	}

	// And one that is killed right after each tool has answered.
	for n := range 3 {
		who := fmt.Sprintf("answered%d", n)
		send(who, 3+n)
		desk.await(t, fmt.Sprintf("%d/%s", n, who))
		doomed.Kill()
		doomed = s.worker()
	}

	for who := range actions {
		if strings.HasPrefix(who, "held") {
			assert.Empty(t, s.arrived(who), "nothing is delivered before all tools have succeeded")
		}
	}

	for who, id := range actions {
		s.bring(t, api, who, id, desk)
	}
}

// arrived are the messages for somebody.
func (s *testCluster) arrived(who string) []sandbox.Message {
	var all []sandbox.Message

	for _, m := range s.box.Messages(sandbox.MessageFilter{}) {
		if m.Body == "done for "+who {
			all = append(all, m)
		}
	}

	return all
}

// bring resolves what needs a person until the send has succeeded. No tool may have been run
// twice on the way, and the message comes after all three.
func (s *testCluster) bring(t *testing.T, api, who string, id any, desk *toolServer) {
	t.Helper()

	deadline := time.Now().Add(2 * time.Minute)
	for {
		require.True(t, time.Now().Before(deadline), s.action(api, id))

		shown := s.action(api, id)
		if shown["state"] == "succeeded" || len(s.arrived(who)) > 0 {
			break
		}

		message, _ := shown["message"].(map[string]any)

		calls, _ := message["tool_calls"].([]any)
		for _, one := range calls {
			call := one.(map[string]any)
			if call["status"] == "unknown" {
				s.post(fmt.Sprintf("%s/api/v2/w/%s/actions/%v/tool-calls/%v/resolve", api, s.ws, id, call["id"]),
					`{"outcome":"succeeded","reason":"seen at the till"}`, fmt.Sprint(id, call["id"]))
			}
		}

		_, _, err := s.ask(http.MethodGet, fmt.Sprintf("%s/api/v2/w/%s/actions/%v?wait=2", api, s.ws, id), "", "")
		require.NoError(t, err)
	}

	for n := range 3 {
		assert.Equal(t, 1, desk.runs(fmt.Sprintf("%d/%s", n, who)), "tool %d for %s", n, who)
	}

	assert.Len(t, s.arrived(who), 1, who)
}
