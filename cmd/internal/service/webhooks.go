package service

import (
	"context"
	"fmt"
	"log/slog"

	"handrail/api"
	"handrail/carrier/sendgrid"
	"handrail/carrier/twilio"
	"handrail/cmd/internal/config"
)

// webhooks are what providers may call; nil is off.
type webhooks struct {
	twilio   api.TwilioWebhooks
	sendgrid api.SendGridWebhooks
}

// CheckWebhooks fails, naming the variable, when the API could not verify the webhooks that
// it is configured to take.
func CheckWebhooks(c *config.Config) error {
	_, err := newWebhooks(c)
	return err
}

func newWebhooks(c *config.Config) (webhooks, error) {
	var all webhooks
	if c.PublicURL == "" {
		return all, nil
	}

	if err := c.RequireWebhookKeys(); err != nil {
		return all, err
	}

	if tokens := c.TwilioTokens(); len(tokens) > 0 {
		w, err := twilio.NewWebhook(c.PublicURL, tokens)
		if err != nil {
			return all, fmt.Errorf("HANDRAIL_PUBLIC_URL, HANDRAIL_TWILIO_WEBHOOK_TOKENS: %w", err)
		}

		all.twilio = w
	}

	if keys := c.SendGridKeys(); len(keys) > 0 {
		w, err := sendgrid.NewWebhook(keys)
		if err != nil {
			return all, fmt.Errorf("HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY: %w", err)
		}

		all.sendgrid = w
	}

	return all, nil
}

// warn says which webhooks are off although there is an address for them: the worker may
// have credentials that this process does not see.
func (w *webhooks) warn(ctx context.Context, c *config.Config, logger *slog.Logger) {
	if c.PublicURL == "" {
		return
	}

	if w.twilio == nil {
		logger.WarnContext(ctx, "Twilio's webhooks are off; set HANDRAIL_TWILIO_WEBHOOK_TOKENS or TWILIO_AUTH_TOKEN")
	}

	if w.sendgrid == nil {
		logger.WarnContext(ctx, "SendGrid's webhooks are off; set HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY")
	}
}
