package testcluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
)

// maxCallback is more than any callback holds.
const maxCallback = 1 << 20

// newProxy is the one public address in front of several APIs, as a load balancer is: it
// takes them in turn, and asks the next one only when it could not connect, so that no
// request is ever made twice.
func newProxy(origins ...string) (http.Handler, error) {
	backends := make([]*url.URL, len(origins))
	for i, origin := range origins {
		parsed, err := url.Parse(origin)
		if err != nil {
			return nil, fmt.Errorf("read the address of an API: %w", err)
		}

		backends[i] = parsed
	}

	return &httputil.ReverseProxy{
		Rewrite:   func(*httputil.ProxyRequest) {}, // the transport chooses where to
		Transport: &inTurn{backends: backends, transport: &http.Transport{}},
		// An API that is killed is no news.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}, nil
}

type inTurn struct {
	backends  []*url.URL
	transport http.RoundTripper
	turn      atomic.Uint64
}

// RoundTrip implements http.RoundTripper.
func (t *inTurn) RoundTrip(request *http.Request) (*http.Response, error) {
	var (
		body []byte
		err  error
	)

	if request.Body != nil {
		if body, err = io.ReadAll(io.LimitReader(request.Body, maxCallback)); err != nil {
			return nil, fmt.Errorf("read a request: %w", err)
		}
	}

	first := t.turn.Add(1)
	for i := range t.backends {
		backend := t.backends[(first+uint64(i))%uint64(len(t.backends))]
		attempt := request.Clone(request.Context())
		attempt.URL.Scheme = backend.Scheme
		attempt.URL.Host = backend.Host
		attempt.Body = io.NopCloser(bytes.NewReader(body))

		var answer *http.Response

		answer, err = t.transport.RoundTrip(attempt)
		if failed, ok := errors.AsType[*net.OpError](err); !ok || failed.Op != "dial" {
			return answer, err
		}
	}

	return nil, err
}
