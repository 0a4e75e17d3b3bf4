package toolbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"strings"
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
			&httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { seen.noteConnection() }},
		),
	)

	for name, value := range t.headers {
		r.Header.Set(name, value)
	}

	r.Header.Set("User-Agent", userAgent)
	answer, err := t.next.RoundTrip(r)
	seen.noteAnswer(answer, err)

	if err != nil {
		done()
		return nil, err
	}

	answer.Body = &bounded{Reader: answer.Body, closer: answer.Body, done: done}
	if r.Method == http.MethodPost {
		readPost(answer, seen)
	}

	return answer, nil
}

// maxHead is how much is kept of an answer that is no message.
const maxHead = 8 << 10

// readPost bounds and tidies the answer to a message. Of one that holds no messages the beginning is noted.
func readPost(answer *http.Response, seen *exchange) {
	body := &bounded{
		Reader: io.LimitReader(answer.Body, budget.MaxMCPMessage),
		closer: answer.Body,
		done:   func() {},
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))

	switch isGood := answer.StatusCode < http.StatusMultipleChoices; {
	case isGood && kind == "text/event-stream":
		body.Reader = tidyEvents(body.Reader)
	case isGood && (kind == "application/json" || kind == "" || kind == "text/plain"):
		body.Reader = readMessage(body.Reader, answer, seen)
	default:
		head, err := io.ReadAll(io.LimitReader(body.Reader, maxHead))
		seen.noteHead(answer, head)

		body.Reader = io.MultiReader(bytes.NewReader(head), failing{err}, body.Reader)
	}

	answer.Body = body
}

// readMessage returns the only message of an answer, tidied. Some servers forget to say that it is JSON.
func readMessage(body io.Reader, answer *http.Response, seen *exchange) io.Reader {
	raw, err := io.ReadAll(body)
	if err != nil {
		return io.MultiReader(bytes.NewReader(raw), failing{err})
	}

	message := tidyMessage(raw)
	if len(bytes.TrimSpace(message)) == 0 {
		return bytes.NewReader(raw)
	}

	if !json.Valid(message) {
		seen.noteHead(answer, raw[:min(len(raw), maxHead)])
	}

	answer.Header.Set("Content-Type", "application/json")

	return bytes.NewReader(message)
}

// failing is a reader that has come to an error, or to its end.
type failing struct{ err error }

// Read is [io.Reader].
func (f failing) Read([]byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}

	return 0, io.EOF
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
	seen  traffic
}

// traffic is what was seen by a moment.
type traffic struct {
	connected  bool
	status     int
	retryAfter time.Duration
	broken     error
	// kind and head are of an answer that holds no message: its Content-Type, and how it begins.
	kind string
	head []byte
	// wantsLogin is set if the server has asked for an OAuth token (RFC 9728, 5.1).
	wantsLogin bool
	// loginFailure is why no token was got.
	loginFailure string
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

// look returns what was seen up to now.
func (e *exchange) look() *traffic {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	return new(e.seen)
}

func (e *exchange) noteConnection() {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	e.seen.connected = true
}

// noteAnswer notes the first answer, that of the call itself. One that asks for a login is followed by another.
func (e *exchange) noteAnswer(answer *http.Response, err error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	if e.seen.broken != nil || e.seen.status != 0 && e.seen.status != http.StatusUnauthorized {
		return
	}

	if e.seen.broken = err; err == nil {
		e.seen.status = answer.StatusCode
		e.seen.retryAfter = retryAfter(answer.Header, time.Now())
		e.seen.head = nil
	}
}

// noteHead notes an answer that holds no message.
func (e *exchange) noteHead(answer *http.Response, head []byte) {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	if e.seen.head == nil {
		e.seen.kind = answer.Header.Get("Content-Type")
		e.seen.head = head
		e.seen.wantsLogin = strings.Contains(answer.Header.Get("WWW-Authenticate"), "resource_metadata")
	}
}

func (e *exchange) noteLogin(reason string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()

	e.seen.loginFailure = reason
}

// isUnread reports whether an answer came that was none of MCP.
func (t *traffic) isUnread() bool { return t.head != nil }

// isPage reports whether that was a web page.
func (t *traffic) isPage() bool {
	text, _ := decodeText(t.kind, t.head)

	return isWebPage(t.kind, text)
}

// words are those of an answer that holds no message, as the end of a sentence.
func (t *traffic) words() string { return detailOf(t.kind, t.head) }

// isSessionForgotten reports whether the server has said that it does not know the session: with 404
// (MCP 2025-11-25, Transports, "Session Management"), or as many do, with 400 and the word.
func (t *traffic) isSessionForgotten() bool {
	switch t.status {
	case http.StatusNotFound:
		return true
	case http.StatusBadRequest:
		return strings.Contains(strings.ToLower(t.words()), "session")
	}

	return false
}
