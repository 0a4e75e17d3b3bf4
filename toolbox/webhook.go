package toolbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"handrail/chat"
	"handrail/retryafter"
)

// webhookAgent is the User-Agent of posts to webhook endpoints.
const webhookAgent = "Handrail-Webhooks/1"

// WebhookPlace returns the place that the signing keys of a workspace's webhook endpoints are sealed for: they do not
// open anywhere else.
func WebhookPlace(ws chat.WorkspaceID) string { return "webhooks of " + string(ws) }

// CheckWebhookURL refuses a URL that posts must not go to. The address that its host has is checked again at every
// connection. Errors: invalid_request and address_refused, which name the field url.
func (b *Toolbox) CheckWebhookURL(ctx context.Context, url string) error {
	return b.guard.checkURL(ctx, "url", url)
}

// NewWebhookSecret puts a new signing key into an endpoint, sealed, and returns it in the form of Standard Webhooks.
// The key before it signs along for 24 hours. Errors: encryption_not_configured.
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

// WebhookSecrets returns the secrets that posts to an endpoint are signed with now.
func (b *Toolbox) WebhookSecrets(e *chat.WebhookEndpoint, now time.Time) ([]string, error) {
	keys, err := b.openWebhook(e)
	if err != nil {
		return nil, err
	}

	var secrets []string

	for _, key := range keys {
		if key.Until.IsZero() || key.Until.After(now) {
			secrets = append(secrets, key.Secret)
		}
	}

	return secrets, nil
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

// PostWebhook posts an event to an endpoint once, signed by Standard Webhooks, with the event's id as webhook-id. It
// follows no redirect and waits for at most [chat.WebhookTimeout]. It has no error: the answer says why a post has
// failed.
func (b *Toolbox) PostWebhook(
	ctx context.Context,
	e *chat.WebhookEndpoint,
	id chat.EventID,
	body []byte,
) chat.WebhookAnswer {
	ctx, cancel := context.WithTimeout(ctx, chat.WebhookTimeout)
	defer cancel()

	began := time.Now()
	answer := b.sendWebhook(ctx, e, id, body)
	answer.Duration = time.Since(began)

	return answer
}

// sendWebhook signs and sends a post, and reads the answer.
func (b *Toolbox) sendWebhook(
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

// readWebhookAnswer returns an answer with the beginning of its body. The status alone decides whether the event has
// arrived, so that a body which breaks off is no failure.
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

// noRedirect makes a redirect the answer, instead of following it.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
