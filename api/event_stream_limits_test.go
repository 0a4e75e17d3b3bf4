package api_test

import (
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/api"
	"handrail/chat"
	"handrail/db/dbtest"
	"handrail/metrics"
)

// text is what was written so far.
func (b *lockedBuffer) text() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()

	return b.String()
}

// key makes a key, and returns its secret.
func (w *streamed) key(key chat.Key) string {
	w.Helper()

	secret := chat.NewKeySecret()
	key.MemberID = w.world.Manager.ID
	key.Name = "another"

	_, err := w.store.CreateKey(w.Context(), w.world.Workspace, chat.Actor{}, key, chat.HashKey(secret))
	require.NoError(w, err)

	return secret
}

// killListener ends the connections that listen, and have the application's name of the address.
func killListener(t *testing.T, address string) {
	t.Helper()

	admin := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(address)))
	defer admin.Close()

	require.Eventually(t, func() bool {
		var killed int

		err := admin.QueryRowContext(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE query LIKE 'LISTEN%' AND application_name = current_schema()`).Scan(&killed)
		require.NoError(t, err)

		return killed > 0
	}, 10*time.Second, 20*time.Millisecond, "a connection listens")
}

func TestAStreamSaysThatItIsAlive(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		r := w.open("?types=sender.blocked")
		w.change("not asked for")
		latest := len(w.allEvents())

		for {
			f := r.next()
			require.Equal(w, "alive", f.comment)

			if f.id == strconv.Itoa(latest) {
				break // what was passed over need not be looked through again
			}
		}
	}, func(c *api.Config) { c.Streams.Heartbeat = 50 * time.Millisecond })
}

func TestTooManyStreamsAreRefused(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		first := w.open("")
		w.open("")

		refused := w.ask("")
		assert.Equal(w, http.StatusTooManyRequests, refused.StatusCode)
		assert.NotEmpty(w, refused.Header.Get("Retry-After"))

		raw, err := io.ReadAll(refused.Body)
		require.NoError(w, err)
		assert.Contains(w, string(raw), "this key has 2 open streams already")

		other := w.key(chat.Key{Scopes: []chat.Scope{chat.ScopeChatsRead}})
		w.read(w.askAs(other, ""))

		raw, err = io.ReadAll(w.askAs(other, "").Body)
		require.NoError(w, err)
		assert.Contains(w, string(raw), "this server has 3 open streams already")

		first.cut()
		require.Eventually(w, func() bool { return w.ask("").StatusCode == http.StatusOK },
			10*time.Second, 20*time.Millisecond, "a reader that goes makes room at once")
	}, func(c *api.Config) {
		c.Streams.PerKey = 2
		c.Streams.Total = 3
	})
}

// TestSessionsShareTheStreamsOfTheirKey: who may make sessions without end would otherwise take all streams of the
// server, those of other workspaces too.
func TestSessionsShareTheStreamsOfTheirKey(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		w.open("")

		for _, status := range []int{http.StatusOK, http.StatusTooManyRequests} {
			secret := chat.KeySession.NewSecret()

			_, err := w.store.CreateSession(
				w.Context(),
				chat.NewLogIn(w.world.Workspace, w.world.By, secret, time.Now()),
			)
			require.NoError(w, err)

			answer := w.askAs(secret, "")
			assert.Equal(w, status, answer.StatusCode)
		}
	}, func(c *api.Config) { c.Streams.PerKey = 2 })
}

// TestAWorkspaceHasAShareOfTheStreams: those of others have the rest.
func TestAWorkspaceHasAShareOfTheStreams(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		w.open("")
		w.read(w.askAs(w.key(chat.Key{Scopes: []chat.Scope{chat.ScopeChatsRead}}), ""))

		raw, err := io.ReadAll(w.askAs(w.key(chat.Key{Scopes: []chat.Scope{chat.ScopeChatsRead}}), "").Body)
		require.NoError(w, err)
		assert.Contains(w, string(raw), "the keys of this workspace have together 2 open streams already")
	}, func(c *api.Config) { c.Streams.PerWorkspace = 2 })
}

func TestStreamsEndWhenTheServerStops(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		readers := []*reader{w.open(""), w.open("")}
		began := time.Now()

		ctx, cancel := context.WithTimeout(w.Context(), 10*time.Second)
		defer cancel()

		require.NoError(w, w.app.Shutdown(ctx))
		assert.Less(w, time.Since(began), 8*time.Second)

		for _, r := range readers {
			f := r.event()
			assert.Equal(w, "stream.closed", f.event)
			assert.Contains(w, f.data, `"reason":"shutdown"`)
			assert.NotEmpty(w, f.retry)

			rest, err := io.ReadAll(r.lines)
			require.NoError(w, err, "the stream ends whole")
			assert.Empty(w, rest)
		}
	})
}

// TestOpenStreamsAreCounted holds that the metric is there at 0, and follows the streams.
func TestOpenStreamsAreCounted(t *testing.T) {
	t.Parallel()

	registry := prometheus.NewRegistry()
	open := func() float64 {
		families, err := registry.Gather()
		require.NoError(t, err)

		for _, family := range families {
			if family.GetName() == metrics.OpenStreams.Name {
				return family.GetMetric()[0].GetGauge().GetValue()
			}
		}

		return -1
	}

	s := dbtest.New(t)
	w := newStreamed(t, s, func(c *api.Config) { c.Registry = registry })
	assert.Zero(t, open())

	first := w.open("")
	w.open("")
	assert.InDelta(t, 2, open(), 0)

	first.cut()
	require.Eventually(t, func() bool { return open() == 1 }, 10*time.Second, 20*time.Millisecond)
}

func TestAHeadOfAStreamIsNoStream(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		for range 3 {
			request, err := http.NewRequestWithContext(w.Context(), http.MethodHead, w.path(""), http.NoBody)
			require.NoError(w, err)
			request.Header.Set("Accept", "text/event-stream")
			request.Header.Set("Authorization", "Bearer "+w.world.Secret)
			answer, err := (&http.Client{}).Do(request)
			require.NoError(w, err)
			require.NoError(w, answer.Body.Close())
			assert.Equal(w, http.StatusOK, answer.StatusCode)
		}
	}, func(c *api.Config) { c.Streams.PerKey = 1 })
}

// endlessStore has always more events, and long ones.
type endlessStore struct{ *fakeStore }

func (endlessStore) Events(_ context.Context, ws chat.WorkspaceID, f chat.EventFilter) (chat.EventList, error) {
	list := chat.EventList{
		Next:   f.After + int64(f.Limit),
		Latest: 1 << 40,
		Oldest: 1,
	}

	for i := range int64(f.Limit) {
		list.Items = append(list.Items, chat.Event{
			ID:          "e",
			WorkspaceID: ws,
			Sequence:    f.After + i + 1,
			Type:        chat.EventChatUpdated,
			SubjectID:   strings.Repeat("x", 2000),
			At:          noon,
		})
	}

	return list, nil
}

// openEndless opens a stream that never ends, on a connection that buffers little.
func openEndless(t *testing.T, slow time.Duration) *net.TCPConn {
	t.Helper()

	fake := newFakeStore()
	w := &streamed{T: t, log: &lockedBuffer{}}
	w.serve(endlessStore{fake}, func(c *api.Config) { c.Streams.Slow = slow })

	small := func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			assert.NoError(t, syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096))
		})
	}

	conn, err := (&net.Dialer{Control: small}).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })

	_, err = io.WriteString(conn, "GET "+workspaceURL("/events?after=0")+" HTTP/1.1\r\nHost: x\r\n"+
		"Accept: text/event-stream\r\nAuthorization: Bearer "+managerKey+"\r\n\r\n")
	require.NoError(t, err)

	return conn.(*net.TCPConn)
}

func TestASlowReaderIsToldWhyItsStreamEnds(t *testing.T) {
	t.Parallel()

	conn := openEndless(t, 2*time.Second)

	time.Sleep(3 * time.Second)

	raw, err := io.ReadAll(conn)
	require.NoError(t, err, "the stream ends whole")
	assert.Contains(t, string(raw[max(0, len(raw)-1000):]), `"reason":"slow_reader"`)
	assert.Less(t, len(raw), 32<<20, "what is not read is not collected")
}

func TestAReaderThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()

	conn := openEndless(t, 300*time.Millisecond)

	time.Sleep(3 * time.Second)

	raw, err := io.ReadAll(conn)
	if err == nil {
		assert.NotContains(t, string(raw[max(0, len(raw)-1000):]), "stream.closed")
	}

	assert.Less(t, len(raw), 32<<20)
}
