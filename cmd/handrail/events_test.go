package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEventsAreListed(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET events": {
		{status: 200, body: `{"items":[{"id":"e","sequence":8,"chat_id":7,"chat_sequence":2,"type":"delivery.bounced",` +
			`"subject_id":"d1","at":"2026-11-22T10:00:00Z","explanation":"A mail has come back.","data":{}}],` +
			`"next":8,"latest":9,"oldest":1}`},
		{status: 200, body: `{"items":[],"next":9,"latest":9,"oldest":1}`},
	}})

	status, out, errs := s.do(
		"events", "list", "--types", "delivery.bounced,message.failed", "--chat-id", "7", "--after", "5", "--limit", "1",
	)
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "8  ")
	assert.Contains(t, out, "delivery.bounced  7  ")
	assert.Contains(t, out, "A mail has come back.")
	assert.Contains(t, errs, "--after 8")

	query := s.sent("events").query
	for _, want := range []string{"types=delivery.bounced%2Cmessage.failed", "chat_id=7", "after=5", "limit=1"} {
		assert.Contains(t, query, want)
	}

	_, out, errs = s.do("events", "list", "--after", "8")
	assert.Equal(t, "no events\n", out)
	assert.Empty(t, errs)
}

// TestEventsAreFollowedAcrossConnections has a server that ends its streams, with an error in between.
func TestEventsAreFollowedAcrossConnections(t *testing.T) {
	t.Parallel()

	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()

	streams := []string{
		": alive\nid: 4\n\nid: 5\ndata: {\"sequence\":5,\"type\":\"chat.created\"}\n\nid: 6\n\n",
		"",
		"id: 7\ndata: {\"sequence\":7,\"type\":\"chat.updated\"}\n\n" +
			"event: stream.closed\ndata: {\"reason\":\"shutdown\",\"detail\":\"The server stops.\"}\n\n",
	}

	var from []string

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from = append(from, r.URL.Query().Get("after"))

		switch asked := len(from); {
		case asked > len(streams):
			stop()
		case streams[asked-1] == "":
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"code":"unavailable","detail":"the database is away"}`)
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, streams[asked-1])
		}
	}))
	defer server.Close()

	var out, errs strings.Builder

	c := newConsole(ctx, nil, strings.NewReader(""), &out, &errs)
	c.every = time.Millisecond

	status := c.run([]string{
		"events", "follow", "--url", server.URL, "--key", stubKey, "--workspace", stubWorkspace, "--after", "3",
	})
	require.Equal(t, 0, status, errs.String())

	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2, out.String())
	assert.Contains(t, lines[0], "chat.created")
	assert.Contains(t, lines[1], "chat.updated")
	assert.Contains(t, errs.String(), "the database is away")
	assert.Contains(t, errs.String(), "The server stops.")
	assert.Equal(t, []string{"3", "6", "6", "7"}, from[:4])
}

func TestFollowingEndsWhenItIsRefused(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{"GET events": {
		{status: 403, body: `{"status":403,"code":"forbidden","detail":"this needs the scope chats:read"}`},
	}})

	status, _, errs := s.do("events", "follow")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "this needs the scope chats:read")
}
