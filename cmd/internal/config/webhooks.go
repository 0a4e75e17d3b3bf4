package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"handrail/chat"
)

var domain = regexp.MustCompile(`^(?i)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)

// checkReceipts returns what is wrong with how providers and customers answer.
func (c *Config) checkReceipts() []error {
	var all []error
	if err := checkPublicURL(c.PublicURL); err != nil {
		all = append(all, err)
	}

	if c.ReplyDomain != "" && !domain.MatchString(c.ReplyDomain) {
		all = append(
			all,
			fmt.Errorf("HANDRAIL_REPLY_DOMAIN must be a domain like in.example.com, it is %q", c.ReplyDomain),
		)
	}

	if c.ReplyDomain != "" && c.PublicURL == "" {
		all = append(
			all,
			errors.New("HANDRAIL_REPLY_DOMAIN needs HANDRAIL_PUBLIC_URL: "+
				"without webhooks, answers to that domain would be lost"),
		)
	}

	for name, list := range map[string]string{
		"HANDRAIL_TWILIO_WEBHOOK_TOKENS":       c.TwilioWebhookTokens,
		"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY": c.SendGridWebhookPublicKey,
	} {
		if slices.Contains(splitList(list), "") {
			all = append(all, fmt.Errorf("%s must be a comma-separated list without empty entries", name))
		}
	}

	for name, wait := range map[string]time.Duration{
		"HANDRAIL_SETTLE":        c.Settle,
		"HANDRAIL_RECEIPT_SMS":   c.ReceiptSMS,
		"HANDRAIL_RECEIPT_EMAIL": c.ReceiptEmail,
	} {
		if wait < time.Second || wait > longestWait {
			all = append(all, fmt.Errorf("%s must be from 1s to %s, it is %s", name, longestWait, wait))
		}
	}

	if !slices.Contains(policies, c.WhenUnknown) {
		all = append(
			all,
			fmt.Errorf("HANDRAIL_WHEN_UNKNOWN must be %s, it is %q", strings.Join(policies, " or "), c.WhenUnknown),
		)
	}

	return all
}

// Receipts returns how long the provider's final status is awaited on the channels for which
// that is configured.
func (c *Config) Receipts() map[chat.Channel]time.Duration {
	return map[chat.Channel]time.Duration{
		chat.ChannelSMS:   c.ReceiptSMS,
		chat.ChannelEmail: c.ReceiptEmail,
	}
}

// longestWait is after how long without a receipt a delivery counts as forgotten.
const longestWait = 48 * time.Hour

// policies are what HANDRAIL_WHEN_UNKNOWN may be.
var policies = []string{string(chat.AtMostOnce), string(chat.ExpireUnknown), string(chat.ResendAfterSettle)}

// checkPublicURL holds the origin to what signatures and providers need: Twilio signs the
// URL it was given byte by byte, and takes no host with an underscore.
func checkPublicURL(raw string) error {
	if raw == "" {
		return nil
	}

	u, err := url.Parse(raw)
	switch {
	case err != nil || !isOrigin(raw) || u.Hostname() == "" || u.Path != "":
		return fmt.Errorf(
			"HANDRAIL_PUBLIC_URL must be an origin without a path, like https://handrail.example.com, it is %q",
			redactURL(raw),
		)

	case u.Scheme != "https" && !isLoopback(u.Hostname()):
		return fmt.Errorf(
			"HANDRAIL_PUBLIC_URL must begin with https://, unless it is this machine's loopback; it is %q",
			redactURL(raw),
		)

	case strings.Contains(u.Hostname(), "_"):
		return fmt.Errorf(
			"HANDRAIL_PUBLIC_URL must have no underscore in its host, which Twilio refuses; it is %q",
			redactURL(raw),
		)
	}

	return nil
}

// RequireWebhookKeys fails when webhooks are on for a provider whose signatures cannot be
// checked. Only the API asks: a worker verifies nothing.
func (c *Config) RequireWebhookKeys() error {
	if c.PublicURL == "" {
		return nil
	}

	var all []error
	if c.TwilioAccountSID != "" && len(c.TwilioTokens()) == 0 {
		all = append(
			all,
			errors.New("HANDRAIL_TWILIO_WEBHOOK_TOKENS or TWILIO_AUTH_TOKEN must be set when HANDRAIL_PUBLIC_URL is"),
		)
	}

	if c.SendGridAPIKey != "" && len(c.SendGridKeys()) == 0 {
		all = append(
			all,
			errors.New(
				"HANDRAIL_SENDGRID_WEBHOOK_PUBLIC_KEY must be set when HANDRAIL_PUBLIC_URL and SENDGRID_API_KEY are",
			),
		)
	}

	return errors.Join(all...)
}

// TwilioTokens returns the auth tokens that a webhook of Twilio may be signed with; none
// leaves Twilio's webhooks off.
func (c *Config) TwilioTokens() []string {
	if c.TwilioWebhookTokens == "" {
		return splitList(c.TwilioAuthToken)
	}

	return splitList(c.TwilioWebhookTokens)
}

// SendGridKeys returns the public keys that a webhook of SendGrid may be signed with; none
// leaves SendGrid's webhooks off.
func (c *Config) SendGridKeys() []string { return splitList(c.SendGridWebhookPublicKey) }

func splitList(list string) []string {
	if list == "" {
		return nil
	}

	all := strings.Split(list, ",")
	for i, one := range all {
		all[i] = strings.TrimSpace(one)
	}

	return all
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
