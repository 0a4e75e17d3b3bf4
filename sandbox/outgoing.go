package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// webhookTimeout is how long Twilio waits for a webhook, all in all.
const webhookTimeout = 15 * time.Second

// newCaller makes the client for webhooks: no redirects, no proxy, and unless remote is
// true nothing but loopback, so that a pasted production URL does no harm.
func newCaller(remote bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !remote {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !at.Addr().Unmap().IsLoopback() {
				return errors.New("the sandbox calls back on loopback only")
			}

			return nil
		}
	}

	return &http.Client{
		Timeout: webhookTimeout,
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			MaxConnsPerHost:     32,
			MaxIdleConnsPerHost: 32,
			IdleConnTimeout:     time.Minute,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// posting is one call of a webhook.
type posting struct {
	url    string
	header http.Header
	body   []byte
}

// retryPolicy is how often and when a call that failed is made again.
type retryPolicy struct {
	retries int
	// pause is before the first retry; it doubles with each.
	pause time.Duration
	// worth tells which failures deserve a retry.
	worth func(WebhookResult) bool
}

func untilTaken(r WebhookResult) bool { return !r.OK() }

// post makes a call once.
func (s *Sandbox) post(ctx context.Context, p posting) WebhookResult {
	status, err := s.exchange(ctx, p)
	result := WebhookResult{Status: status, At: currentTime()}

	if err != nil {
		if broken, ok := errors.AsType[*url.Error](err); ok {
			err = broken.Err // the URL tells whom it is about
		}

		result.Error = err.Error()
	}

	return result
}

func (s *Sandbox) exchange(ctx context.Context, p posting) (int, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
	if err != nil {
		return 0, fmt.Errorf("make a webhook call: %w", err)
	}

	r.Header = p.header.Clone()

	answer, err := s.caller.Do(r)
	if err != nil {
		return 0, err
	}

	defer answer.Body.Close()

	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // for the connection's sake

	return answer.StatusCode, nil
}

// repeat makes a call that failed again until it is taken or its retries are at their end.
func (s *Sandbox) repeat(ctx context.Context, p posting, with retryPolicy, last WebhookResult) WebhookResult {
	wait := with.pause
	for retry := 0; retry < with.retries && with.worth(last); retry++ {
		if !pauseFor(ctx, wait) {
			return last
		}

		last = s.post(ctx, p)
		wait *= 2
	}

	return last
}

// call makes a call once, and goes on in the background when it failed.
func (s *Sandbox) call(ctx context.Context, p posting, with retryPolicy) {
	first := s.post(ctx, p)
	if first.OK() {
		return
	}

	s.background.run(func(ctx context.Context) {
		if last := s.repeat(ctx, p, with, first); !last.OK() && ctx.Err() == nil {
			s.logger.InfoContext(
				ctx,
				"a webhook of the service did not take a call",
				"status",
				last.Status,
				"error",
				last.Error,
			)
		}
	})
}
