package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"time"

	"handrail/retryafter"
)

// caller makes the requests of a client. It turns refusals into errors, and repeats what may be repeated.
type caller struct {
	settings
}

const (
	// maxAnswer exceeds every answer of the API: a page of a hundred deliveries, or one with its payload and events.
	maxAnswer = 64 << 20
	// maxPause is the longest that the server may ask a caller to wait before it repeats a request.
	maxPause = 30 * time.Second
)

// errTooLong is the error of an answer that is longer than any of the API.
var errTooLong = errors.New("it is longer than 64 MiB")

// repeatableMark is the context key of requests that [Repeatable] has marked.
type repeatableMark struct{}

// Repeatable marks a request as safe to make a second time, although it is a POST without an Idempotency-Key. Pass it
// to a method as its last argument. It never fails.
func Repeatable(ctx context.Context, request *http.Request) error {
	*request = *request.WithContext(context.WithValue(ctx, repeatableMark{}, true))

	return nil
}

// isRepeatable reports whether the request may safely be made a second time.
func isRepeatable(request *http.Request) bool {
	switch request.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut:
		return true
	}

	return request.Header.Get("Idempotency-Key") != "" || request.Context().Value(repeatableMark{}) != nil
}

// Do makes a request, and repeats a repeatable one after a transient failure. It returns an answer only if its status
// is 2xx. A stream is asked for once, and returned unread.
// Errors: [Error], [UnreachableError], [UnexpectedAnswerError], and the cause for which the context ended.
func (c *caller) Do(request *http.Request) (*http.Response, error) {
	// Whoever follows a stream comes back anyway.
	if request.Header.Get("Accept") == mediaEvents {
		return c.openStream(request)
	}

	for try := 1; ; try++ {
		answer, err := c.doOnce(request)
		if err == nil || try >= c.tries || !isRepeatable(request) || !IsTransient(err) {
			return answer, err
		}

		if !waitBetween(request.Context(), max(c.pause, readRetryAfter(err))) {
			return nil, context.Cause(request.Context())
		}

		if request, err = renewBody(request); err != nil {
			return nil, err
		}
	}
}

// renewBody returns a copy of the request whose body has not been read.
func renewBody(request *http.Request) (*http.Request, error) {
	again := request.Clone(request.Context())
	if request.GetBody == nil {
		return again, nil
	}

	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}

	again.Body = body

	return again, nil
}

// waitBetween waits between two tries. It returns false if the context ends first.
func waitBetween(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()

	select {
	case <-timer.C:
		return true

	case <-ctx.Done():
		return false
	}
}

// doOnce makes a request once, and reads its whole answer.
func (c *caller) doOnce(request *http.Request) (*http.Response, error) {
	answer, err := c.doer.Do(request)
	if err != nil {
		return nil, newUnreachableError(request, err)
	}

	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	_ = answer.Body.Close() // the body was read to its end, or is given up

	switch {
	case err != nil:
		return nil, newUnreachableError(request, err)
	case len(raw) > maxAnswer:
		return nil, &UnexpectedAnswerError{Status: answer.Status, Err: errTooLong}
	}

	if answer.StatusCode/100 != 2 {
		return nil, readError(answer, raw)
	}

	if c.check != nil {
		if err := c.check(answer); err != nil {
			return nil, &UnexpectedAnswerError{Status: answer.Status, Err: err}
		}
	}

	// Generated code would take an answer that is not JSON for one without a body.
	if len(raw) > 0 && !isJSON(answer.Header) {
		return nil, &UnexpectedAnswerError{Status: answer.Status}
	}

	answer.Body = io.NopCloser(bytes.NewReader(raw))

	return answer, nil
}

// openStream makes a request for a stream, which the answer's body then is.
func (c *caller) openStream(request *http.Request) (*http.Response, error) {
	doer := c.streams
	if doer == nil {
		doer = c.doer
	}

	answer, err := doer.Do(request)
	if err != nil {
		return nil, newUnreachableError(request, err)
	}

	if answer.StatusCode == http.StatusOK && hasMedia(answer.Header, mediaEvents) {
		return answer, nil
	}

	raw, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close() // it was read to its end, or is given up

	switch {
	case err != nil:
		return nil, newUnreachableError(request, err)
	case answer.StatusCode/100 == 2:
		return nil, &UnexpectedAnswerError{Status: answer.Status}
	default:
		return nil, readError(answer, raw)
	}
}

// isJSON reports whether the Content-Type is that of JSON.
func isJSON(header http.Header) bool { return hasMedia(header, "application/json") }

func hasMedia(header http.Header, want string) bool {
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && media == want
}

// newUnreachableError returns an [UnreachableError], or the cause for which the request's context ended.
func newUnreachableError(request *http.Request, err error) error {
	if ctx := request.Context(); ctx.Err() != nil {
		return context.Cause(ctx)
	}

	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}

	return &UnreachableError{
		Address: request.URL.Scheme + "://" + request.URL.Host,
		Err:     err,
	}
}

// readError returns an [Error] for a problem of the API, and an [UnexpectedAnswerError] for any other answer.
func readError(answer *http.Response, raw []byte) error {
	refusal := &Error{RequestID: answer.Header.Get("X-Request-Id")}
	if json.Unmarshal(raw, &refusal.Problem) != nil || refusal.Code == "" {
		return &UnexpectedAnswerError{Status: answer.Status}
	}

	refusal.Status = int64(answer.StatusCode)

	if wait, ok := retryafter.Parse(answer.Header.Get("Retry-After"), time.Now(), maxPause); ok {
		refusal.RetryAfter = wait
	}

	return refusal
}
