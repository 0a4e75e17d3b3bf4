package toolbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"handrail/chat"
	"handrail/retryafter"
)

// webhookAgent is how posts to webhook endpoints name themselves.
const webhookAgent = "Handrail-Webhooks/1"

// WebhookPlace is where the signing keys of a workspace's webhook endpoints open.
func WebhookPlace(ws chat.WorkspaceID) string { return "webhooks of " + string(ws) }

// CheckWebhookURL refuses a URL that posts must not go to. The errors name the field: invalid_request, address_refused.
// The address itself is looked at again at every connection.
func (b *Toolbox) CheckWebhookURL(ctx context.Context, text string) error {
	const field = "url"

	if u, err := url.Parse(text); err == nil && (u.User != nil || u.Fragment != "") {
		return chat.Invalid(field, "must have no user, password or fragment: the signature says who posts")
	}

	return b.guard.checkURL(ctx, field, text)
}

// NewWebhookSecret gives an endpoint a new signing key, which is returned, in the form of Standard Webhooks. A key that
// it has had signs along for 24 hours: encryption_not_configured.
func (b *Toolbox) NewWebhookSecret(e *chat.WebhookEndpoint, now time.Time) (string, error) {
	if b.config.Sealer == nil {
		return "", chat.InvalidAs(
			chat.CodeEncryptionOff,
			"secret",
			"cannot be kept: the operator must set HANDRAIL_ENCRYPTION_KEYS first",
		)
	}

	keys, err := b.openWebhook(e)
	if err != nil {
		return "", err
	}

	fresh := newSigningKey()
	given := []signingKey{fresh}

	if len(keys) > 0 {
		old := keys[0]
		old.Until = now.Add(oldKeySigns)
		given = append(given, old)
	}

	plain, err := json.Marshal(given) //nolint:gosec // it is sealed before it is stored
	if err != nil {
		return "", fmt.Errorf("write the secret of a webhook endpoint: %w", err)
	}

	if e.Sealed, err = b.config.Sealer.Seal(WebhookPlace(e.WorkspaceID), plain); err != nil {
		return "", fmt.Errorf("seal the secret of a webhook endpoint: %w", err)
	}

	return fresh.Secret, nil
}

// openWebhook returns the signing keys of an endpoint, the newest first.
func (b *Toolbox) openWebhook(e *chat.WebhookEndpoint) ([]signingKey, error) {
	if len(e.Sealed) == 0 {
		return nil, nil
	}

	if b.config.Sealer == nil {
		return nil, errors.New("there are no encryption keys")
	}

	plain, err := b.config.Sealer.Open(WebhookPlace(e.WorkspaceID), e.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open the secret of webhook endpoint %d: %w", e.ID, err)
	}

	var keys []signingKey
	if err := json.Unmarshal(plain, &keys); err != nil {
		return nil, fmt.Errorf("read the secret of webhook endpoint %d: %w", e.ID, err)
	}

	return keys, nil
}

// PostWebhook posts an event to an endpoint once, signed by Standard Webhooks, whose webhook-id is the event's id. It
// follows no redirect, waits [chat.WebhookTimeout] and never fails: the answer says what has come of it.
func (b *Toolbox) PostWebhook(
	ctx context.Context,
	e *chat.WebhookEndpoint,
	id chat.EventID,
	body []byte,
) chat.WebhookAnswer {
	ctx, cancel := context.WithTimeout(ctx, chat.WebhookTimeout)
	defer cancel()

	begun := time.Now()
	answer := b.postWebhook(ctx, e, id, body)
	answer.Duration = time.Since(begun)

	return answer
}

func (b *Toolbox) postWebhook(
	ctx context.Context,
	e *chat.WebhookEndpoint,
	id chat.EventID,
	body []byte,
) chat.WebhookAnswer {
	keys, err := b.openWebhook(e)
	if err != nil || len(keys) == 0 {
		b.config.Logger.ErrorContext(ctx, "a webhook cannot be signed", "webhook_endpoint_id", e.ID, "error", err)
		return chat.WebhookAnswer{Fault: chat.WebhookSecretUnreadable}
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, bytes.NewReader(body))
	if err != nil {
		return chat.WebhookAnswer{Fault: chat.WebhookAddressRefused}
	}

	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", webhookAgent)

	if err := signRequest(request.Header, keys, string(id), body, time.Now()); err != nil {
		return chat.WebhookAnswer{Fault: chat.WebhookSecretUnreadable}
	}

	got, err := b.posts.Do(request)

	switch {
	case isRefused(err):
		return chat.WebhookAnswer{Fault: chat.WebhookAddressRefused}
	case err != nil && ctx.Err() != nil:
		return chat.WebhookAnswer{Fault: chat.WebhookTimedOut}
	case err != nil:
		return chat.WebhookAnswer{Fault: chat.WebhookConnectionFailed}
	}

	defer got.Body.Close()

	return readWebhookAnswer(got)
}

// readWebhookAnswer goes by the status, however the body ends.
func readWebhookAnswer(got *http.Response) chat.WebhookAnswer {
	read, _ := io.ReadAll(io.LimitReader(got.Body, chat.MaxWebhookAnswer))
	wait, _ := retryafter.Parse(got.Header.Get("Retry-After"), time.Now(), chat.MaxWebhookRetryAfter)

	return chat.WebhookAnswer{
		Status:     got.StatusCode,
		Fault:      chat.WebhookFaultOf(got.StatusCode),
		Body:       strings.ReplaceAll(strings.ToValidUTF8(string(read), "\uFFFD"), "\x00", "\uFFFD"),
		RetryAfter: wait,
	}
}

// noRedirect takes a redirect as the answer.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
