package toolbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"handrail/chat"
)

// The headers that tell a tool for whom it runs.
const (
	headerWorkspace = "Handrail-Workspace"
	headerChat      = "Handrail-Chat"
	headerMessage   = "Handrail-Message"
	userAgent       = "Handrail-Tools/1"
)

// callHTTP makes one request and says what it has come to.
func (b *Toolbox) callHTTP(ctx context.Context, d *chat.ToolDefinition, in *chat.ToolInvocation) chat.ToolOutcome {
	var connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})

	request, err := b.request(ctx, d, in)
	if err != nil {
		return failedOutcome(codeMisconfigured, chat.AsError(err).Message)
	}

	answer, err := b.calls.Do(request)
	if err != nil {
		return brokenOutcome(ctx, err, connected.Load())
	}

	defer answer.Body.Close()

	return b.read(ctx, d, answer)
}

// brokenOutcome is what an error without an answer means: nothing was asked as long as there was
// no connection; after that nobody knows.
func brokenOutcome(ctx context.Context, err error, connected bool) chat.ToolOutcome {
	switch {
	case isRefused(err):
		return failedOutcome(codeRefused, "the tool's address is not public, and the operator has not allowed it")
	case errors.Is(err, errElsewhere):
		return failedOutcome(codeRedirect, "the tool sends its callers to another place, and is not followed there")
	case !connected:
		return notRun(codeUnavailable, "the tool could not be reached")
	case ctx.Err() != nil:
		return unknownOutcome(codeTimeout, "the tool has not answered in time")
	}

	return unknownOutcome(codeConnection, "the connection broke before the tool had answered")
}

// errElsewhere refuses a redirect.
var errElsewhere = errors.New("redirected to another place")

// maxRedirects is how often a tool may say that it has moved.
const maxRedirects = 3

// sameHost follows a GET to other paths of the same place. Elsewhere the headers, and the
// secrets in them, have no business; other methods are not repeated.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0]
	if first.Method != http.MethodGet {
		return http.ErrUseLastResponse
	}

	if len(before) > maxRedirects || next.URL.Scheme != first.URL.Scheme || next.URL.Host != first.URL.Host {
		return errElsewhere
	}

	return nil
}

// request is what the tool is asked.
func (b *Toolbox) request(ctx context.Context, d *chat.ToolDefinition, in *chat.ToolInvocation) (*http.Request, error) {
	secrets, err := b.open(d)
	if err != nil {
		return nil, err
	}

	headers, err := fillHeaders(d.HTTP.Headers, secrets.Values)
	if err != nil {
		return nil, err
	}

	address, body, err := composeRequest(d.HTTP, in.Arguments)
	if err != nil {
		return nil, err
	}

	request, err := http.NewRequestWithContext(ctx, d.HTTP.Method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request of tool %d: %w", d.ID, err)
	}

	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}

	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", userAgent)

	for name, value := range headers {
		request.Header.Set(name, value)
	}

	setContextHeaders(request.Header, d, in)

	return request, signRequest(request.Header, secrets.Signing, in.Key, body, time.Now())
}

// setContextHeaders says for whom the tool runs, and which call it is.
func setContextHeaders(h http.Header, d *chat.ToolDefinition, in *chat.ToolInvocation) {
	h.Set(headerWorkspace, string(d.WorkspaceID))

	if in.ChatID != 0 {
		h.Set(headerChat, fmt.Sprint(in.ChatID))
	}

	if in.MessageID != "" {
		h.Set(headerMessage, string(in.MessageID))
	}

	if in.Key == "" {
		return
	}

	name := d.HTTP.IdempotencyHeader
	if name == "" {
		name = defaultIdempotencyHeader
	}

	h.Set(name, in.Key)
}

const defaultIdempotencyHeader = "Idempotency-Key"

// signRequest adds the headers of Standard Webhooks, with every key that signs now.
func signRequest(h http.Header, keys []signingKey, id string, body []byte, now time.Time) error {
	if len(keys) == 0 {
		return nil
	}

	if id == "" {
		id = "test_" + uuid.NewString()
	}

	var signatures []string

	for _, key := range keys {
		if !key.Until.IsZero() && now.After(key.Until) {
			continue
		}

		webhook, err := standardwebhooks.NewWebhook(key.Secret)
		if err != nil {
			return fmt.Errorf("read a signing key: %w", err)
		}

		signature, err := webhook.Sign(id, now, body)
		if err != nil {
			return fmt.Errorf("sign a request: %w", err)
		}

		signatures = append(signatures, signature)
	}

	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))

	return nil
}
