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

// API calls Handrail's API with one key. Its methods may be used concurrently.
type API struct {
	*ClientWithResponses

	// address is that of the API, pause the shortest time between two connections of a stream.
	address string
	pause   time.Duration
}

// The settings of a client without options.
const (
	defaultTries = 4
	defaultPause = 500 * time.Millisecond
	// defaultTimeout exceeds the longest that the API lets a request wait, a minute.
	defaultTimeout = 90 * time.Second
	defaultAgent   = "handrail-client"
)

// settings are the settings that options change.
type settings struct {
	agent string
	doer  HttpRequestDoer
	// streams makes requests for streams, which have no end in time; nil: doer does.
	streams HttpRequestDoer
	timeout time.Duration
	tries   int
	pause   time.Duration
	// check refuses answers of success; nil: none is refused.
	check func(answer *http.Response) error
}

// Option changes how requests are made.
type Option func(*settings)

// WithUserAgent sets the User-Agent header, by which operators know who calls.
func WithUserAgent(agent string) Option { return func(s *settings) { s.agent = agent } }

// WithDoer sets the [http.Client] that makes requests. The default one gives up after 90 seconds and follows no
// redirects. Where it gives up after a time, so it does with a stream of [API.FollowEvents], which then comes back.
func WithDoer(doer HttpRequestDoer) Option { return func(s *settings) { s.doer = doer } }

// WithTimeout sets how long a request may take; the default is 90 seconds. It has no effect with [WithDoer], nor on
// [API.FollowEvents].
func WithTimeout(timeout time.Duration) Option { return func(s *settings) { s.timeout = timeout } }

// WithRetries sets how often a repeatable request is made at most, and the pause between two tries, which is longer if
// the server asks for it. The default is 4 tries and half a second.
func WithRetries(tries int, pause time.Duration) Option {
	return func(s *settings) {
		s.tries = tries
		s.pause = pause
	}
}

// WithCheck sets a check of every answer with a status of 2xx, before its body is read. An answer that it returns an
// error for becomes an [UnexpectedAnswerError]. It has no effect on [API.FollowEvents].
func WithCheck(check func(answer *http.Response) error) Option {
	return func(s *settings) { s.check = check }
}

// New returns a client of the API at an address such as https://handrail.example.com. It sends nothing yet. With an
// empty key, only the service's health can be read. It returns an error if the address is not one of a web server.
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

	addHeaders := func(_ context.Context, request *http.Request) error {
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
		WithRequestEditorFn(addHeaders),
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

// checkAddress returns an error if the address of an API is not one of a web server.
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

// NewIdempotencyKey returns a random Idempotency-Key. Store it with the task, and use it again when the same request is
// repeated: the server then does nothing twice.
func NewIdempotencyKey() string { return rand.Text() }
