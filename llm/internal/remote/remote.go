// Package remote holds what is the same for every server of language models: where it is,
// how long to wait for it, and what its failures mean.
package remote

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"handrail/budget"
	"handrail/llm"
)

// Config says which model to ask, and where.
type Config struct {
	APIKey     string
	BaseURL    string
	Model      string
	Timeout    time.Duration
	HTTPClient *http.Client
}

// Check fills in what is left out, and says what cannot be right, without showing it: it
// may hold a secret.
func (c *Config) Check(provider string) error {
	if c.Model == "" {
		return errors.New(provider + ": Model must name a language model")
	}

	if strings.ContainsFunc(c.APIKey, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return errors.New(provider + ": APIKey must be one line without blanks")
	}

	if c.Timeout < 0 {
		return errors.New(provider + ": Timeout must not be negative")
	}

	if c.BaseURL != "" {
		if u, err := url.Parse(c.BaseURL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return errors.New(provider + ": BaseURL must be an http or https URL")
		}
	}

	if c.Timeout == 0 {
		c.Timeout = llm.DefaultTimeout
	}

	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{CheckRedirect: sameServer} // the context bounds its requests
	}

	client := *c.HTTPClient
	client.Transport = limited{client.Transport}
	c.HTTPClient = &client

	return nil
}

// limited is a transport whose answers are read up to [budget.MaxModelAnswer] bytes, unpacked.
type limited struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	next := l.next
	if next == nil {
		next = http.DefaultTransport //nolint:forbidigo // what a client without one uses; the context bounds its requests
	}

	answer, err := next.RoundTrip(r)
	if err != nil {
		return nil, err
	}

	answer.Body = http.MaxBytesReader(nil, answer.Body, budget.MaxModelAnswer)
	tidyBody(answer)

	return answer, nil
}

const byteOrderMark = "\ufeff"

// tidyBody takes off a mark at the beginning of a body that is none of JSON, and calls JSON what is: the SDKs
// read it only then.
func tidyBody(answer *http.Response) {
	body := bufio.NewReader(answer.Body)
	if mark, _ := body.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = body.Discard(len(mark)) // it is there
	}

	if first, _ := body.Peek(1); string(first) == "{" {
		answer.Header.Set("Content-Type", "application/json")
	}

	answer.Body = struct {
		io.Reader
		io.Closer
	}{body, answer.Body}
}

// sameServer keeps keys, which travel in headers of all names, and chats from going where a
// server sends them.
func sameServer(r *http.Request, via []*http.Request) error {
	first := via[0].URL
	if r.URL.Host != first.Host || first.Scheme == "https" && r.URL.Scheme != "https" || len(via) > 3 {
		return http.ErrUseLastResponse
	}

	return nil
}

// Server is one model at one server.
type Server struct {
	// Provider begins the codes of failures: "openai" gives openai_429.
	Provider string
	Model    string
	Timeout  time.Duration
}
