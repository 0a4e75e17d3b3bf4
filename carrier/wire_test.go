package carrier_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestNoConnection(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)

	refused := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())

	untrusted := httptest.NewTLSServer(
		http.HandlerFunc(
			func(http.ResponseWriter, *http.Request) { t.Error("a request over an unverified connection") },
		),
	)

	t.Cleanup(untrusted.Close)

	silent, err := (&net.ListenConfig{}).Listen(
		t.Context(),
		"tcp",
		"127.0.0.1:0",
	) // takes connections, and never shakes hands

	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })

	for name, where := range map[string]struct {
		url     string
		timeout time.Duration
	}{
		"refused":        {refused, 0},
		"no such name":   {"http://carrier.invalid", 5 * time.Second},
		"untrusted":      {untrusted.URL, 0},
		"no handshake":   {"https://" + silent.Addr().String(), 200 * time.Millisecond},
		"not TLS at all": {"https" + plainServer(t)[len("http"):], 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
				s := open(where.url, where.timeout).Submit(t.Context(), newOutgoing(1))
				assertTold(t, s, chat.OutcomeNotProcessed, chat.ErrorDialFailed)
				assert.False(t, s.GotConnection)
				assert.Zero(t, s.HTTPStatus)
			})
		})
	}
}

func plainServer(t *testing.T) string {
	t.Helper()

	server := httptest.NewServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request where there is no TLS") }),
	)

	t.Cleanup(server.Close)

	return server.URL
}

func TestLeaseTooShort(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		server := httptest.NewServer(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request beyond the claim") }),
		)
		defer server.Close()

		c := open(server.URL, time.Minute)
		for _, lease := range []time.Duration{-time.Hour, 0, 30 * time.Second, time.Minute} {
			out := newOutgoing(1)
			out.LeaseUntil = time.Now().Add(lease)
			s := c.Submit(t.Context(), out)
			assertTold(t, s, chat.OutcomeAborted, chat.ErrorLeaseExpired)
			assert.False(t, s.GotConnection)
		}

		out := newOutgoing(1)
		out.LeaseUntil = time.Time{}
		assert.Equal(t, chat.OutcomeAborted, c.Submit(t.Context(), out).Outcome)
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()

	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()

			forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
				var posts atomic.Int32

				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					posts.Add(1)
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(status)
					_, _ = io.WriteString(w, `{"sid":"SM1"}`)
				}))
				defer server.Close()

				s := open(server.URL, 0).Submit(t.Context(), newOutgoing(1))
				assert.Equal(t, chat.OutcomeUnknown, s.Outcome)
				assert.Equal(t, status, s.HTTPStatus)
				assert.EqualValues(t, 1, posts.Load())
			})
		})
	}
}

func TestAnswersThatAreNotHTTP(t *testing.T) {
	t.Parallel()

	for name, answer := range map[string]string{
		"garbage":          "SSH-2.0-x\r\n",
		"endless headers":  "HTTP/1.1 202 Accepted\r\nX: " + string(make([]byte, 1<<20)),
		"a bad length":     "HTTP/1.1 202 Accepted\r\nContent-Length: x\r\n\r\n",
		"a broken chunk":   "HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
		"a bad redirect":   "HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
		"nothing but 100s": "HTTP/1.1 100 Continue\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
				listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
				require.NoError(t, err)

				defer listener.Close()

				go func() {
					conn, err := listener.Accept()
					if err != nil {
						return
					}

					defer conn.Close()

					if request, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
						_, _ = io.Copy(io.Discard, request.Body)
					}

					_, _ = io.WriteString(conn, answer)
				}()

				s := open("http://"+listener.Addr().String(), 0).Submit(t.Context(), newOutgoing(1))
				assert.Equal(t, chat.OutcomeUnknown, s.Outcome, "%+v", s)
				assert.True(t, s.GotConnection)
			})
		})
	}
}

func TestHugeAnswerIsNotRead(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)

			_, _ = io.WriteString(w, `{"sid":"`)
			for range 1000 {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		}))
		defer server.Close()

		assert.Equal(t, chat.OutcomeUnknown, open(server.URL, 0).Submit(t.Context(), newOutgoing(1)).Outcome)
	})
}
