package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// API calls the API with one key. Its methods are safe for concurrent use.
type API struct {
	*ClientWithResponses

	// address is that of the API, pause the shortest time between two connections of a stream.
	address string
	pause   time.Duration
}

// How requests are made, unless an option says otherwise.
const (
	defaultTries = 4
	defaultPause = 500 * time.Millisecond
	// defaultTimeout exceeds the longest that the API lets a request wait, a minute.
	defaultTimeout = 90 * time.Second
	defaultAgent   = "handrail-client"
)

// settings are what options change.
type settings struct {
	agent string
	doer  HttpRequestDoer
	// streams makes requests for streams, which have no end in time; nil: doer does.
	streams HttpRequestDoer
	timeout time.Duration
	tries   int
	pause   time.Duration
}

// Option changes how requests are made.
type Option func(*settings)

// WithUserAgent sets the User-Agent header, by which operators know who calls.
func WithUserAgent(agent string) Option { return func(s *settings) { s.agent = agent } }

// WithDoer makes requests with another [http.Client] than one that gives up after 90 seconds and follows no redirects.
// Where it gives up after a time, so it does with a stream of [API.FollowEvents], which then comes back.
func WithDoer(doer HttpRequestDoer) Option { return func(s *settings) { s.doer = doer } }

// WithTimeout gives a request up after a time other than 90 seconds. It has no effect with [WithDoer], nor on
// [API.FollowEvents].
func WithTimeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = timeout } }

// WithRetries makes a request that may be repeated at most tries times, and waits for pause between them, or for as
// long as the server asks. The default is 4 times with half a second.
func WithRetries(tries int, pause time.Duration) Option {
	return func(s *settings) {
		s.tries = tries
		s.pause = pause
	}
}

// New returns a client of the API at an address such as https://handrail.example.com. An empty key sends none: only
// the health of the service can be asked for without one. Nothing is sent yet.
func New(address, key string, options ...Option) (*API, error) {
	if err := checkAddress(address); err != nil {
		return nil, err
	}

	s := settings{
		agent:   defaultAgent,
		timeout: defaultTimeout,
		tries:   defaultTries,
		pause:   defaultPause,
	}

	for _, set := range options {
		set(&s)
	}

	if s.doer == nil {
		s.doer = newDoer(s.timeout)
		s.streams = newDoer(0)
	}

	introduce := func(_ context.Context, request *http.Request) error {
		request.Header.Set("Accept", "application/json")
		request.Header.Set("User-Agent", s.agent)

		if key != "" {
			request.Header.Set("Authorization", "Bearer "+key)
		}

		return nil
	}

	generated, err := NewClientWithResponses(
		address,
		WithHTTPClient(&caller{settings: s}),
		WithRequestEditorFn(introduce),
	)
	if err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", address, err)
	}

	return &API{
		ClientWithResponses: generated,
		address:             address,
		pause:               s.pause,
	}, nil
}

// newDoer returns a client that follows no redirects, and gives up after the timeout, or with 0 never.
func newDoer(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// checkAddress reports what is wrong with the address of an API.
func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("the API's address cannot be read: %w", err)
	}

	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return errors.New("the API's address must be like https://handrail.example.com")
	}

	return nil
}

// NewIdempotencyKey returns an Idempotency-Key that nobody else has. Keep it with what is to be done, and give it again
// when the same request is sent again: the server then does nothing twice.
func NewIdempotencyKey() string { return rand.Text() }
