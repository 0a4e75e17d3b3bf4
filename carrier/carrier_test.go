package carrier_test

import (
	"context"
	"fmt"
	"io"
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

// submitter is what both providers are to those who use them.
type submitter interface {
	Submit(ctx context.Context, out chat.Outgoing) chat.Submission
}

const secret = "SG0secret0token0that0must0not0leak"

// providers makes each provider, as it is configured for a server at the address.
var carriers = map[string]func(t *testing.T, url string, timeout time.Duration) submitter{
	"twilio": func(t *testing.T, url string, timeout time.Duration) submitter {
		t.Helper()

		c, err := twilio.New(twilio.Config{
			AccountSID: "AC1",
			AuthToken:  secret,
			BaseURL:    url,
			Timeout:    timeout,
		})

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

// forEachProvider runs the test for both providers.
func forEachProvider(t *testing.T, test func(t *testing.T, open func(url string, timeout time.Duration) submitter)) {
	t.Helper()

	for name, open := range carriers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(url string, timeout time.Duration) submitter { return open(t, url, timeout) })
		})
	}
}

func newOutgoing(n int) chat.Outgoing {
	return chat.Outgoing{
		DeliveryID: chat.DeliveryID(fmt.Sprintf("delivery-%d", n)),
		MessageID:  "message-1",
		Fence:      3,
		From:       "+15550100",
		To:         "+15550199",
		Payload:    chat.Payload{Text: "the text of the message", Segments: 1},
		LeaseUntil: time.Now().Add(time.Hour),
	}
}

// acceptMessage answers as both providers do.
func acceptMessage(w http.ResponseWriter) {
	w.Header().Set("X-Message-Id", "id-1")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"sid":"SM1","status":"queued"}`)
}

// assertTold asserts that a submission is told without secrets, address or text.
func assertTold(t *testing.T, s chat.Submission, outcome chat.SubmissionOutcome, code string) {
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

	forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		var posts atomic.Int32

		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			posts.Add(1)
			hangUp(w)
		}))
		defer server.Close()

		s := open(server.URL, 0).Submit(t.Context(), newOutgoing(1))
		assertTold(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
		assert.True(t, s.GotConnection)
		assert.EqualValues(t, 1, posts.Load())
	})
}

// The trap: on a connection that was used before, net/http sends a request again when it
// believes that it may, and the caller sees one request and one success.
func TestKeptConnectionThatDiesIsNotPostedAgain(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
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

			acceptMessage(w)
		}))
		defer server.Close()

		c := open(server.URL, 0)
		require.Equal(t, chat.OutcomeAccepted, c.Submit(t.Context(), newOutgoing(1)).Outcome)
		s := c.Submit(t.Context(), newOutgoing(2))
		assertTold(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
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

	s := carriers["twilio"](t, server.URL, 0).Submit(t.Context(), newOutgoing(1))
	assertTold(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
	assert.Equal(t, http.StatusAccepted, s.HTTPStatus)

	// SendGrid says all it has to say in the status and a header.
	s = carriers["sendgrid"](t, server.URL, 0).Submit(t.Context(), newOutgoing(1))
	assert.Equal(t, chat.OutcomeAccepted, s.Outcome)
	assert.Equal(t, "id-1", s.ProviderMessageID)
}

func TestSlowAnswer(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		done := make(chan struct{})

		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
		defer server.Close()
		defer close(done)

		s := open(server.URL, time.Second).Submit(t.Context(), newOutgoing(1))
		assertTold(t, s, chat.OutcomeUnknown, chat.ErrorTimeout)
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

	s := carriers["twilio"](t, server.URL, time.Second).Submit(t.Context(), newOutgoing(1))
	assertTold(t, s, chat.OutcomeUnknown, chat.ErrorTimeout)
	assert.Equal(t, http.StatusCreated, s.HTTPStatus)
}

func TestCalledOff(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
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

		s := c.Submit(ctx, newOutgoing(1))
		assertTold(t, s, chat.OutcomeNotProcessed, chat.ErrorDialFailed)
		assert.False(t, s.GotConnection)

		ctx, cancel = context.WithCancel(t.Context())

		go func() {
			<-arrived
			cancel()
		}()

		s = c.Submit(ctx, newOutgoing(1))
		assertTold(t, s, chat.OutcomeUnknown, chat.ErrorConnectionLost)
		assert.True(t, s.GotConnection)
	})
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()

	forEachProvider(t, func(t *testing.T, open func(string, time.Duration) submitter) {
		var posts atomic.Int32

		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			posts.Add(1)

			_, _ = io.Copy(io.Discard, r.Body)

			acceptMessage(w)
		}))
		defer server.Close()

		c := open(server.URL, 0)

		var group sync.WaitGroup
		for i := range 50 {
			group.Go(func() {
				s := c.Submit(t.Context(), newOutgoing(i))
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
	s := carrier.WebChat{}.Submit(t.Context(), newOutgoing(1))
	assert.Equal(t, chat.Submission{
		Outcome: chat.OutcomeAccepted, DeliveryStatus: chat.StatusDelivered, ProviderMessageID: "message-1",
	}, s)
}

func TestAProviderMayAskForAtMostADay(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]time.Duration{
		"":                        0,
		"7":                       7 * time.Second,
		"soon":                    0,
		"99999999999999999999999": 24 * time.Hour,
	} {
		answer := carrier.Answer{
			Status: http.StatusTooManyRequests,
			Header: http.Header{"Retry-After": {header}},
		}
		s := answer.Submission(chat.ProviderTwilio, 0, carrier.Verdict{Outcome: chat.OutcomeNotProcessed})
		assert.Equal(t, want, s.RetryAfter, header)
	}
}
