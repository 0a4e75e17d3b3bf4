package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/api"
	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/worker"
)

// streamed is a service with a store of its own behind it, that answers on a port.
type streamed struct {
	*testing.T
	store *db.Store
	world *dbtest.World
	app   *api.App
	url   string
	log   *lockedBuffer
}

// deafStore hears of no event.
type deafStore struct{ *db.Store }

func (deafStore) ListenEvents(context.Context, func(chat.WorkspaceID)) error { return io.EOF }

// eachStreamed runs a test on both databases, with events that get their numbers.
func eachStreamed(t *testing.T, test func(w *streamed), settings ...func(*api.Config)) {
	t.Helper()
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) { test(newStreamed(t, s, settings...)) })
}

func newStreamed(t *testing.T, s *db.Store, settings ...func(*api.Config)) *streamed {
	t.Helper()

	w := &streamed{
		T:     t,
		store: s,
		world: dbtest.Seed(t, s),
		log:   &lockedBuffer{},
	}

	ctx, stop := context.WithCancel(context.Background())
	sequencer := &worker.Sequencer{Store: s, Logger: slog.New(slog.DiscardHandler)}

	var running sync.WaitGroup
	running.Go(func() { sequencer.Run(ctx) })

	t.Cleanup(func() {
		stop()
		running.Wait()
	})

	w.serve(s, settings...)

	return w
}

// serve answers requests until the test ends.
func (w *streamed) serve(s api.Store, settings ...func(*api.Config)) {
	w.Helper()

	fast := api.RateLimit{PerSecond: 1e6, Burst: 1e6}
	config := api.Config{
		Store:          s,
		Engine:         &fakeEngine{},
		Tools:          &fakeTools{},
		Models:         fakeModels{},
		Logger:         slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		KeyLimit:       fast,
		WorkspaceLimit: fast,
		AddressLimit:   fast,
		Streams:        api.StreamLimits{Poll: 100 * time.Millisecond},
	}

	for _, set := range settings {
		set(&config)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w, err)

	app, err := api.New(config)
	require.NoError(w, err)

	w.app = app
	w.url = "http://" + l.Addr().String()

	var serving sync.WaitGroup
	serving.Go(func() { assert.NoError(w, app.Serve(l)) })
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()

		assert.NoError(w, app.Shutdown(ctx))
		serving.Wait()
	})
}

// change makes one event in a chat.
func (w *streamed) change(title string) {
	w.Helper()

	_, err := w.store.UpdateChat(
		w.Context(),
		w.world.Workspace,
		w.world.By,
		w.world.SMS.ID,
		chat.ChatPatch{Title: &title},
	)
	require.NoError(w, err)
}

// path is the address of the workspace's events.
func (w *streamed) path(rest string) string {
	return w.url + "/api/v2/w/" + string(w.world.Workspace) + "/events" + rest
}

// frame is one event of a stream, or a comment.
type frame struct{ id, event, data, comment, retry string }

// reader reads a stream.
type reader struct {
	*streamed
	answer *http.Response
	lines  *bufio.Reader
}

// ask sends a request for a stream with the world's key.
func (w *streamed) ask(query string, headers ...string) *http.Response {
	w.Helper()

	return w.askAs(w.world.Secret, query, headers...)
}

// askAs is ask with another key, "" for none.
func (w *streamed) askAs(key, query string, headers ...string) *http.Response {
	w.Helper()

	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, w.path(query), http.NoBody)
	require.NoError(w, err)
	request.Header.Set("Accept", "text/event-stream")

	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}

	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}

	// Connections of its own: a stream that is cut closes one.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	require.NoError(w, err)
	w.Cleanup(func() { _ = answer.Body.Close() })

	return answer
}

// open opens a stream, and reads where it begins.
func (w *streamed) open(query string, headers ...string) *reader {
	w.Helper()

	r := w.read(w.ask(query, headers...))
	assert.Equal(w, "alive", r.next().comment)

	return r
}

func (w *streamed) read(answer *http.Response) *reader {
	w.Helper()
	require.Equal(w, http.StatusOK, answer.StatusCode)
	require.Equal(w, "text/event-stream", answer.Header.Get("Content-Type"))
	require.False(w, answer.Uncompressed, "it is not compressed")
	require.Empty(w, answer.Header.Get("ETag"))

	return &reader{
		streamed: w,
		answer:   answer,
		lines:    bufio.NewReader(answer.Body),
	}
}

// next is the next frame; an empty one at the end of the stream.
func (r *reader) next() frame {
	var f frame

	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return frame{}
		}

		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")

		switch {
		case line == "\n":
			return f
		case name == "":
			f.comment = value
		case name == "id":
			f.id = value
		case name == "event":
			f.event = value
		case name == "data":
			f.data = value
		case name == "retry":
			f.retry = value
		}
	}
}

// event is the next frame that is no sign of life.
func (r *reader) event() frame {
	for {
		if f := r.next(); f.comment == "" {
			return f
		}
	}
}

func (r *reader) cut() { _ = r.answer.Body.Close() }

// log reads the whole log, when all that was committed is in it.
func (w *streamed) allEvents() []chat.Event {
	w.Helper()

	for {
		_, more, err := w.store.NumberEvents(w.Context(), 100)
		require.NoError(w, err)

		if !more {
			break
		}
	}

	list, err := w.store.Events(w.Context(), w.world.Workspace, chat.EventFilter{Limit: 100_000})
	require.NoError(w, err)

	return list.Items
}

func TestAStreamHasNoGapAndNoDoubleAcrossCutConnections(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		var writing sync.WaitGroup
		for n := range 4 {
			writing.Go(func() {
				for i := range 30 {
					w.change(fmt.Sprintf("%d of %d", i, n))
				}
			})
		}

		written := make(chan struct{})

		go func() {
			writing.Wait()
			close(written)
		}()

		var (
			got   []string
			after = "0"
			want  = -1
		)

		for want < 0 || len(got) < want {
			r := w.open("", "Last-Event-ID", after)

			for range 11 {
				f := r.event()
				require.NotEmpty(w, f.data, "the stream goes on")
				require.Contains(w, f.data, `"sequence":`+f.id+`,`)

				got = append(got, f.id)
				after = f.id

				if len(got) == want {
					break
				}

				select {
				case <-written:
					want = len(w.allEvents())
				default:
				}

				if len(got) == want {
					break
				}
			}

			r.cut()
		}

		for i, id := range got {
			require.Equal(w, strconv.Itoa(i+1), id)
		}

		assert.Len(w, w.allEvents(), len(got))
	})
}

func TestAStreamBeginsWithWhatComesNow(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		before := w.allEvents()
		r := w.read(w.ask(""))

		begun := r.next()
		assert.Equal(w, strconv.Itoa(len(before)), begun.id, "its position, should it be cut before the first event")

		w.change("new")
		assert.Equal(w, strconv.Itoa(len(before)+1), r.event().id)

		assert.Equal(w, "1", w.open("?after=0").event().id)
		assert.Equal(w, "3", w.open("?after=1", "Last-Event-ID", "2").event().id, "the header is the newer one")
	})
}

func TestFiftyStreamsSeeAnEventAtOnce(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		readers := make([]*reader, 50)
		for i := range readers {
			readers[i] = w.open("")
		}

		// The first of them has begun to listen, which takes a moment.
		time.Sleep(200 * time.Millisecond)
		w.change("told")

		began := time.Now()

		for _, r := range readers {
			assert.Contains(w, r.event().data, "chat.updated")
		}

		assert.Less(w, time.Since(began), time.Minute, "they were told, and did not wait for a look")
	}, func(c *api.Config) { c.Streams = api.StreamLimits{PerKey: 50, Poll: time.Hour} })
}

func TestAStreamThatIsNotToldLooks(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := newStreamed(t, s)
		w.serve(deafStore{s})

		r := w.open("")
		w.change("unheard")
		assert.Contains(w, r.event().data, "chat.updated")
	})
}

// TestAListenerThatWasKilledListensAgain ends the connection that listens. A poll finds what was missed meanwhile, and
// the next connection is notified again.
func TestAListenerThatWasKilledListensAgain(t *testing.T) {
	t.Parallel()

	address, err := url.Parse(dbtest.NewPostgresURL(t))
	require.NoError(t, err)

	query := address.Query()
	query.Set("application_name", query.Get("search_path"))
	address.RawQuery = query.Encode()

	s, err := db.Open(t.Context(), address.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = db.NewMigrator(s).Up(t.Context())
	require.NoError(t, err)

	w := newStreamed(t, s)
	r := w.open("")

	for range 3 {
		killListener(t, address.String())
		w.change("killed " + time.Now().String())
		assert.Contains(w, r.event().data, "chat.updated")
	}

	require.Eventually(t, func() bool { return strings.Contains(w.log.text(), "listening for them has failed") },
		10*time.Second, 10*time.Millisecond)
}

func TestStreamsAreForWhoMayReadChats(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		labels := w.key(chat.Key{Scopes: []chat.Scope{chat.ScopeLabelsRead}})
		assert.Equal(w, http.StatusForbidden, w.askAs(labels, "").StatusCode)

		other := dbtest.Seed(w.T, w.store)
		assert.Equal(w, http.StatusNotFound, w.askAs(other.Secret, "").StatusCode)
		assert.Equal(w, http.StatusUnauthorized, w.askAs("", "").StatusCode)

		r := w.open("?chat_id=" + strconv.FormatInt(int64(w.world.SMS.ID), 10) + "&types=chat.updated")
		_, err := w.store.UpdateChat(w.Context(), other.Workspace, other.By, other.SMS.ID, chat.ChatPatch{Title: new("x")})
		require.NoError(w, err)
		_, err = w.store.UpdateChat(
			w.Context(), w.world.Workspace, w.world.By, w.world.Email.ID, chat.ChatPatch{Title: new("y")})
		require.NoError(w, err)
		w.change("mine")

		f := r.event()
		assert.Contains(w, f.data, fmt.Sprintf(`"chat_id":%d,`, w.world.SMS.ID))
		assert.Equal(w, strconv.Itoa(len(w.allEvents())), f.id, "what was not asked for is passed over")
	})
}

func TestAStreamEndsWithItsKey(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		expires := time.Now().Add(700 * time.Millisecond)
		short := w.key(chat.Key{Scopes: []chat.Scope{chat.ScopeChatsRead}, ExpiresAt: &expires})
		expiring := w.read(w.askAs(short, ""))
		revoked := w.open("")

		require.NoError(w, w.store.RevokeKey(
			w.Context(), w.world.Workspace, w.world.By, w.world.Key.ID, time.Now()))

		for _, r := range []*reader{revoked, expiring} {
			f := r.event()
			assert.Equal(w, "stream.closed", f.event)
			assert.Contains(w, f.data, `"reason":"key_ended"`)
			assert.Empty(w, f.id, "the position stays")
			assert.Equal(w, frame{}, r.next())
		}
	})
}

func TestATokenOpensOneStream(t *testing.T) {
	eachStreamed(t, func(w *streamed) {
		newToken := func() string {
			request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.path("/tokens"), http.NoBody)
			require.NoError(w, err)
			request.Header.Set("Authorization", "Bearer "+w.world.Secret)
			answer, err := (&http.Client{}).Do(request)
			require.NoError(w, err)

			defer answer.Body.Close()

			raw, err := io.ReadAll(answer.Body)
			require.NoError(w, err)
			require.Equal(w, http.StatusOK, answer.StatusCode, string(raw))

			_, rest, _ := strings.Cut(string(raw), `"token":"`)
			token, _, _ := strings.Cut(rest, `"`)
			require.True(w, chat.IsEventToken(token), string(raw))

			return token
		}

		token := newToken()
		r := w.read(w.askAs("", "?token="+token))
		assert.NotEmpty(w, r.next().id)
		w.change("by token")
		assert.Contains(w, r.event().data, "chat.updated")

		assert.Equal(w, http.StatusUnauthorized, w.askAs("", "?token="+token).StatusCode, "used twice")
		assert.Equal(w, http.StatusUnauthorized, w.askAs("", "?token="+token+"x").StatusCode)
		assert.Equal(w, http.StatusBadRequest, w.askAs("", "?token="+newToken(), "Accept", "application/json").StatusCode,
			"without a key too, it says what a token is for")
		assert.Equal(w, http.StatusBadRequest, w.ask("?token="+newToken(), "Accept", "application/json").StatusCode)

		now := time.Now()
		old, secret := chat.NewEventToken(&chat.Principal{
			WorkspaceID: w.world.Workspace,
			KeyID:       w.world.Key.ID,
		}, now.Add(-chat.EventTokenLife))
		require.NoError(w, w.store.CreateEventToken(w.Context(), old, chat.HashKey(secret), now.Add(-time.Minute)))
		assert.Equal(w, http.StatusUnauthorized, w.askAs("", "?token="+secret).StatusCode, "expired")

		late := newToken()

		require.NoError(w, w.store.RevokeKey(
			w.Context(), w.world.Workspace, w.world.By, w.world.Key.ID, time.Now()))
		assert.Equal(w, http.StatusUnauthorized, w.askAs("", "?token="+late).StatusCode, "of a key that was revoked")
		assert.Equal(w, "stream.closed", r.event().event, "it ends with the key that the token was made with")

		assert.NotContains(w, w.log.text(), chat.EventTokenPrefix, "tokens stay out of the log")
	})
}
