package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/client"
)

// streamServer plays streams, one connection after the other; "" is a 503, and after the last it is 403.
type streamServer struct {
	streams []string
	// from are the positions that were asked for.
	from []string
}

func (s *streamServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.from = append(s.from, r.URL.Query().Get("after"))

	switch asked := len(s.from); {
	case r.Header.Get("Accept") != "text/event-stream":
		w.WriteHeader(http.StatusNotAcceptable)
	case asked > len(s.streams):
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"code":"forbidden","detail":"this needs the scope chats:read"}`)
	case s.streams[asked-1] == "":
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprint(w, busy)
	default:
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprint(w, s.streams[asked-1])
	}
}

func followAll(t *testing.T, s *streamServer, after *int64) ([]client.StreamedEvent, error) {
	t.Helper()

	server := httptest.NewServer(s)
	defer server.Close()

	api, err := client.New(server.URL, "hr_key", client.WithRetries(4, time.Millisecond))
	require.NoError(t, err)

	var all []client.StreamedEvent

	for streamed, err := range api.FollowEvents(t.Context(), workspace, client.ListEventsParams{After: after}) {
		if err != nil {
			return all, err
		}

		all = append(all, streamed)
	}

	return all, nil
}

func logLine(sequence int) string {
	return fmt.Sprintf("id: %d\ndata: {\"sequence\":%d,\"type\":\"chat.updated\",\"data\":{}}\n\n", sequence, sequence)
}

// TestAFollowedStreamHasNoGapAndNoDouble has connections that end in the middle of an event, one that is refused for a
// moment, and one that the server ends.
func TestAFollowedStreamHasNoGapAndNoDouble(t *testing.T) {
	t.Parallel()

	s := &streamServer{streams: []string{
		": alive\nid: 4\n\n" + logLine(5) + "id: 6\ndata: {\"sequ",
		"",
		logLine(6) + ": alive\nid: 9\n\n",
		logLine(10) + "retry: 1\nevent: stream.closed\n" +
			"data: {\"reason\":\"shutdown\",\"detail\":\"The server stops.\"}\n\n",
	}}

	all, err := followAll(t, s, nil)
	require.ErrorContains(t, err, "chats:read")
	assert.True(t, client.HasCode(err, client.ProblemCodeForbidden))

	// A position comes with a whole event only, and also without one.
	assert.Equal(t, []string{"", "5", "5", "9", "10"}, s.from)

	var sequences []int64

	var notices []string

	for _, streamed := range all {
		if streamed.Event == nil {
			notices = append(notices, streamed.Notice)
			continue
		}

		sequences = append(sequences, streamed.Event.Sequence)
		assert.Equal(t, streamed.Event.Sequence, streamed.Position)

		raw := fmt.Sprintf(`{"sequence":%d,"type":"chat.updated","data":{}}`, streamed.Position)
		assert.JSONEq(t, raw, string(streamed.Raw))
	}

	assert.Equal(t, []int64{5, 6, 10}, sequences)
	require.Len(t, notices, 2)
	assert.Contains(t, notices[0], "the database does not answer")
	assert.Equal(t, "The server stops.", notices[1])
}

func TestWhatIsNoStreamIsNotFollowed(t *testing.T) {
	t.Parallel()

	for name, stream := range map[string]string{
		"no number":    "id: x\ndata: {}\n\n",
		"no JSON":      "id: 1\ndata: <html>\n\n",
		"another type": "id: 1\ndata: []\n\n",
	} {
		_, err := followAll(t, &streamServer{streams: []string{stream}}, new(int64))
		require.ErrorAs(t, err, new(*client.UnexpectedAnswerError), name)
	}
}

// TestFollowingEndsWithItsContext has a stream that goes on.
func TestFollowingEndsWithItsContext(t *testing.T) {
	t.Parallel()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = fmt.Fprint(w, logLine(1))
		assert.NoError(t, http.NewResponseController(w).Flush())
		<-r.Context().Done()
	}))
	defer server.Close()

	// What limits other requests does not limit a stream.
	api, err := client.New(server.URL, "hr_key", client.WithTimeout(50*time.Millisecond))
	require.NoError(t, err)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()

	count := 0

	for streamed, err := range api.FollowEvents(ctx, workspace, client.ListEventsParams{}) {
		require.NoError(t, err)
		require.Empty(t, streamed.Notice)

		count++

		time.AfterFunc(150*time.Millisecond, stop)
	}

	assert.Equal(t, 1, count)
}
