package toolbox

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"handrail/budget"
)

// watched adds headers to requests, bounds the answers, and notes in the exchange of the
// context what happened on the wire.
type watched struct {
	next    http.RoundTripper
	headers map[string]string
}

// RoundTrip sends a request.
func (t *watched) RoundTrip(r *http.Request) (*http.Response, error) {
	seen, done := exchangeOf(r.Context()), func() {}
	if r.Method == http.MethodDelete {
		// The SDK ends sessions so, and waits for the answer without end.
		var ctx context.Context
		ctx, done = context.WithTimeout(r.Context(), closeWithin)
		r = r.WithContext(ctx)
	}

	r = r.Clone(
		httptrace.WithClientTrace(
			r.Context(),
			&httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { seen.connect() }},
		),
	)

	for name, value := range t.headers {
		r.Header.Set(name, value)
	}

	r.Header.Set("User-Agent", userAgent)
	answer, err := t.next.RoundTrip(r)
	seen.answer(answer, err)

	if err != nil {
		done()
		return nil, err
	}

	body := &bounded{Reader: answer.Body, closer: answer.Body, done: done}
	if r.Method == http.MethodPost {
		body.Reader = io.LimitReader(answer.Body, budget.MaxMCPMessage)
	}

	answer.Body = body

	return answer, nil
}

// closeWithin is how long a server has to hear that a session is over.
const closeWithin = 2 * time.Second

// bounded is a body of which only so much is read, and with which something else ends.
type bounded struct {
	io.Reader
	closer io.Closer
	done   func()
}

// Close ends both.
func (b *bounded) Close() error {
	b.done()
	return b.closer.Close()
}

// exchange is what has been seen of one call on the wire.
type exchange struct {
	mutex sync.Mutex
	got   bool
	code  int
	after time.Duration
	err   error
}

type exchangeKey struct{}

func withExchange(ctx context.Context, e *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, e)
}

// exchangeOf is the context's, or one that nobody looks at.
func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}

	return &exchange{}
}

func (e *exchange) connect() {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	e.got = true
}

// answer notes the first answer: that of the call itself.
func (e *exchange) answer(answer *http.Response, err error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	if e.code == 0 && e.err == nil {
		if e.err = err; err == nil {
			e.code, e.after = answer.StatusCode, retryAfter(answer.Header, time.Now())
		}
	}
}

func (e *exchange) connected() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	return e.got
}

func (e *exchange) status() int {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	return e.code
}

func (e *exchange) retryAfter() time.Duration {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	return e.after
}

func (e *exchange) broken() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	return e.err
}
