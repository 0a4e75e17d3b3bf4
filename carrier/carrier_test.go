package carrier_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier"
	"handrail/carrier/sendgrid"
	"handrail/carrier/twilio"
	"handrail/chat"
)

// submitter is what both carriers are to those who use them.
type submitter interface {
	Submit(ctx context.Context, out chat.Outgoing) chat.Submission
}

const secret = "SG0secret0token0that0must0not0leak"

// carriers makes each carrier, as it is configured for a server at the address.
var carriers = map[string]func(t *testing.T, url string, timeout time.Duration) submitter{
	"twilio": func(t *testing.T, url string, timeout time.Duration) submitter {
		t.Helper()
		c, err := twilio.New(twilio.Config{AccountSID: "AC1", AuthToken: secret, BaseURL: url, Timeout: timeout})
		require.NoError(t, err)
		return c
	},
	"sendgrid": func(t *testing.T, url string, timeout time.Duration) submitter {
		t.Helper()
		c, err := sendgrid.New(sendgrid.Config{APIKey: secret, BaseURL: url, Timeout: timeout})
		require.NoError(t, err)
		return c
	},
}

// each runs the test for both carriers.
func each(t *testing.T, test func(t *testing.T, open func(url string, timeout time.Duration) submitter)) {
	t.Helper()
	for name, open := range carriers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(url string, timeout time.Duration) submitter { return open(t, url, timeout) })
		})
	}
}

func outgoing(n int) chat.Outgoing {
	return chat.Outgoing{
		DeliveryID: chat.DeliveryID(fmt.Sprintf("delivery-%d", n)), MessageID: "message-1", Fence: 3,
		From: "+15550100", To: "+15550199", Payload: chat.Payload{Text: "the text of the message", Segments: 1},
		LeaseUntil: time.Now().Add(time.Hour),
	}
}

// accepts answers as both carriers do.
func accepts(w http.ResponseWriter) {
	w.Header().Set("X-Message-Id", "id-1")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"sid":"SM1","status":"queued"}`)
}

// tell asserts that a submission is told without secrets, address or text.
func tell(t *testing.T, s chat.Submission, outcome chat.SubmissionOutcome, code string) {
	t.Helper()
	assert.Equal(t, outcome, s.Outcome, "%+v", s)
	assert.Equal(t, code, s.ErrorCode)
	assert.NotEmpty(t, s.ErrorMessage)
	for _, private := range []string{secret, "15550199", "the text", "127.0.0.1", "AC1"} {
		assert.NotContains(t, s.ErrorMessage, private)
	}
}

// hangUp closes the connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

func TestConnectionClosedBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		var posts atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			posts.Add(1)
			hangUp(w)
		}))
		defer server.Close()
		s := open(server.URL, 0).Submit(t.Context(), outgoing(1))
		tell(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
		assert.True(t, s.GotConnection)
		assert.EqualValues(t, 1, posts.Load())
	})
}

// The trap: on a connection that was used before, net/http sends a request again when it
// believes that it may, and the caller sees one request and one success.
func TestKeptConnectionThatDiesIsNotPostedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		var posts atomic.Int32
		var connections sync.Map
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			connections.Store(r.RemoteAddr, true)
			assert.Empty(t, r.Header.Get("Idempotency-Key"))
			assert.Empty(t, r.Header.Get("X-Idempotency-Key"))
			_, _ = io.Copy(io.Discard, r.Body)
			if posts.Add(1) == 2 {
				hangUp(w)
				return
			}
			accepts(w)
		}))
		defer server.Close()
		c := open(server.URL, 0)
		require.Equal(t, chat.OutcomeAccepted, c.Submit(t.Context(), outgoing(1)).Outcome)
		s := c.Submit(t.Context(), outgoing(2))
		tell(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
		assert.True(t, s.GotConnection)
		assert.EqualValues(t, 2, posts.Load(), "one POST for each submission")
		used := 0
		connections.Range(func(any, any) bool { used++; return true })
		assert.Equal(t, 1, used, "the second submission must have met the kept connection")
	})
}

func TestAnswerCutOff(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("X-Message-Id", "id-1")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, `{"sid":"SM1","sta`)
	}))
	defer server.Close()
	s := carriers["twilio"](t, server.URL, 0).Submit(t.Context(), outgoing(1))
	tell(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
	assert.Equal(t, http.StatusAccepted, s.HTTPStatus)

	// SendGrid says all it has to say in the status and a header.
	s = carriers["sendgrid"](t, server.URL, 0).Submit(t.Context(), outgoing(1))
	assert.Equal(t, chat.OutcomeAccepted, s.Outcome)
	assert.Equal(t, "id-1", s.ProviderMessageID)
}

func TestSlowAnswer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		done := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
		defer server.Close()
		defer close(done)
		s := open(server.URL, 100*time.Millisecond).Submit(t.Context(), outgoing(1))
		tell(t, s, chat.OutcomeUnknown, chat.ErrorTimeout)
		assert.True(t, s.GotConnection)
	})
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":`)
		_ = http.NewResponseController(w).Flush()
		<-done
	}))
	defer server.Close()
	defer close(done)
	s := carriers["twilio"](t, server.URL, 200*time.Millisecond).Submit(t.Context(), outgoing(1))
	tell(t, s, chat.OutcomeUnknown, chat.ErrorTimeout)
	assert.Equal(t, http.StatusCreated, s.HTTPStatus)
}

func TestCalledOff(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		arrived, done := make(chan struct{}), make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			close(arrived)
			<-done
		}))
		defer server.Close()
		defer close(done)
		c := open(server.URL, 0)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := c.Submit(ctx, outgoing(1))
		tell(t, s, chat.OutcomeNotProcessed, chat.ErrorDialFailed)
		assert.False(t, s.GotConnection)

		ctx, cancel = context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		s = c.Submit(ctx, outgoing(1))
		tell(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
		assert.True(t, s.GotConnection)
	})
}

func TestNoConnection(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	refused := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())

	untrusted := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request over an unverified connection") }))
	t.Cleanup(untrusted.Close)

	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0") // takes connections, and never shakes hands
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
			each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
				s := open(where.url, where.timeout).Submit(t.Context(), outgoing(1))
				tell(t, s, chat.OutcomeNotProcessed, chat.ErrorDialFailed)
				assert.False(t, s.GotConnection)
				assert.Zero(t, s.HTTPStatus)
			})
		})
	}
}

func plainServer(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request where there is no TLS") }))
	t.Cleanup(server.Close)
	return server.URL
}

func TestLeaseTooShort(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request beyond the claim") }))
		defer server.Close()
		c := open(server.URL, time.Minute)
		for _, lease := range []time.Duration{-time.Hour, 0, 30 * time.Second, time.Minute} {
			out := outgoing(1)
			out.LeaseUntil = time.Now().Add(lease)
			s := c.Submit(t.Context(), out)
			tell(t, s, chat.OutcomeAborted, chat.ErrorLeaseExpired)
			assert.False(t, s.GotConnection)
		}
		out := outgoing(1)
		out.LeaseUntil = time.Time{}
		assert.Equal(t, chat.OutcomeAborted, c.Submit(t.Context(), out).Outcome)
	})
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
				var posts atomic.Int32
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					posts.Add(1)
					w.Header().Set("Location", "/elsewhere")
					w.WriteHeader(status)
					_, _ = io.WriteString(w, `{"sid":"SM1"}`)
				}))
				defer server.Close()
				s := open(server.URL, 0).Submit(t.Context(), outgoing(1))
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
			each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
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
				s := open("http://"+listener.Addr().String(), 0).Submit(t.Context(), outgoing(1))
				assert.Equal(t, chat.OutcomeUnknown, s.Outcome, "%+v", s)
				assert.True(t, s.GotConnection)
			})
		})
	}
}

func TestHugeAnswerIsNotRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
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
		assert.Equal(t, chat.OutcomeUnknown, open(server.URL, 0).Submit(t.Context(), outgoing(1)).Outcome)
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		var posts atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			posts.Add(1)
			_, _ = io.Copy(io.Discard, r.Body)
			accepts(w)
		}))
		defer server.Close()
		c := open(server.URL, 0)
		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				s := c.Submit(t.Context(), outgoing(i))
				assert.Equal(t, chat.OutcomeAccepted, s.Outcome)
				assert.True(t, s.GotConnection)
			})
		}
		group.Wait()
		assert.EqualValues(t, 50, posts.Load())
	})
}

func TestWebChat(t *testing.T) {
	t.Parallel()
	s := carrier.WebChat{}.Submit(t.Context(), outgoing(1))
	assert.Equal(t, chat.Submission{
		Outcome: chat.OutcomeAccepted, Carrier: chat.CarrierDelivered, ProviderMessageID: "message-1",
	}, s)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"7":                             7 * time.Second,
		" 7 ":                           7 * time.Second,
		"0":                             0,
		"-7":                            0,
		"1.5":                           0,
		"soon":                          0,
		"99999999999999":                24 * time.Hour,
		"999999999999999999999999":      0,
		"Sun, 22 Nov 2026 10:00:40 GMT": 40 * time.Second,
		"Sun, 22 Nov 2026 09:00:00 GMT": 0,
		"Sun, 22 Nov 2099 10:00:00 GMT": 24 * time.Hour,
	} {
		assert.Equal(t, want, carrier.RetryAfter(header, now), header)
	}
}
