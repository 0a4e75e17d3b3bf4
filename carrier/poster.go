package carrier

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"handrail/chat"
)

// DefaultTimeout bounds one post, from the dial to the last byte of the answer. Twilio
// itself may take 26 seconds before it gives up, and an answer that is not waited for is
// a message of which nobody knows whether it left.
const DefaultTimeout = 30 * time.Second

// maxAnswer is the most bytes of an answer that are read. A message resource of Twilio,
// the largest answer expected, has about 8 KiB.
const maxAnswer = 64 << 10

// Poster makes posts to one provider, and asks it questions. It is safe for concurrent use.
type Poster struct {
	timeout time.Duration
	client  *http.Client
	// reader shares the connections of client, and reads longer answers.
	reader *http.Client
}

// Options say how a Poster reaches its provider.
type Options struct {
	// Timeout bounds one post; 0 is [DefaultTimeout].
	Timeout time.Duration
	// Proxy chooses the proxy of a request, as in [http.Transport]; nil is none. The
	// proxy must not repeat requests by itself.
	Proxy func(*http.Request) (*url.URL, error)
}

// NewPoster makes a Poster with connections of its own.
func NewPoster(o Options) *Poster {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}

	transport := newTransport(o.Proxy)

	return &Poster{timeout: o.Timeout, client: newClient(transport, maxAnswer), reader: newClient(transport, maxPage)}
}

func newClient(transport http.RoundTripper, most int64) *http.Client {
	return &http.Client{
		Transport:     capped{transport, most},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Call makes one HTTP request with the context and client given, and says what came of
// it. It returns an error when no full answer came; the submission beside the error may
// then hold what is known.
type Call func(ctx context.Context, client *http.Client) (chat.Submission, error)

// Post makes the call, at most once, unless the claim of out could end before the call's
// time limit does: then it is aborted and nothing is written. Ending ctx ends the call.
func (p *Poster) Post(ctx context.Context, out *chat.Outgoing, call Call) chat.Submission {
	if timeLeft(out.LeaseUntil) <= p.timeout {
		return chat.Submission{
			Outcome: chat.OutcomeAborted, ErrorCode: chat.ErrorLeaseExpired,
			ErrorMessage: "the claim could have ended before the provider's answer, so nothing was sent",
		}
	}

	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})

	s, err := call(ctx, p.client)
	if err != nil {
		completeFailed(&s, err, connected.Load())
	}

	s.GotConnection = connected.Load()

	return s
}

// timeLeft is the time until a claim ends, by whichever clock ends it first: nobody can set
// the monotonic one, where lease has a reading of it, and only the other counts while the
// machine sleeps.
func timeLeft(lease time.Time) time.Duration {
	return min(time.Until(lease), lease.Round(0).Sub(time.Now().Round(0)))
}

// newTransport speaks HTTP/1.1 only: over HTTP/2, net/http sends a request again by
// itself when the server refuses the stream or goes away, on the server's word that
// nothing was done. Over HTTP/1.1 it does so only when no byte was written, as long as
// no Idempotency-Key makes it believe that a POST may be repeated.
func newTransport(proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)

	return &http.Transport{
		Proxy:               proxy,
		Protocols:           &protocols,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		MaxIdleConnsPerHost: 64,
		// Shorter than the idle limits of usual load balancers: a request written to
		// a connection that the other end is just closing has an unknown outcome.
		IdleConnTimeout:        20 * time.Second,
		MaxResponseHeaderBytes: maxAnswer,
	}
}

// capped ends every answer's body after most bytes.
type capped struct {
	next http.RoundTripper
	most int64
}

// RoundTrip is [http.RoundTripper].
func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}

	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, c.most), res.Body}

	return res, nil
}
