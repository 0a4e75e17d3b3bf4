package sendgrid

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/sendgrid/rest"

	"handrail/chat"
)

// ErrNotAllowed says that the API key may not read a setting.
var ErrNotAllowed = errors.New("sendgrid: the API key may not read this setting")

// EventSetup is one Event Webhook of the account
// (https://www.twilio.com/docs/sendgrid/api-reference/webhooks).
type EventSetup struct {
	URL     string
	Enabled bool
	Signed  bool
	// Missing are the events that Handrail counts on and that it does not post.
	Missing []string
}

// ParseSetup is one host whose mail Inbound Parse posts
// (https://www.twilio.com/docs/sendgrid/api-reference/settings-inbound-parse).
type ParseSetup struct {
	Host string
	URL  string
}

// reportedEvents are those that say what became of a message, as the settings name them.
func reportedEvents() []string {
	return []string{
		"bounce",
		"deferred",
		"delivered",
		"dropped",
		"group_resubscribe",
		"group_unsubscribe",
		"processed",
		"spam_report",
		"unsubscribe",
	}
}

// CheckKey asks SendGrid whether the key is known and may send: [carrier.ErrCredentials], or an
// error that says in words what is wrong. It repeats no secret.
func (c *Client) CheckKey(ctx context.Context) error {
	var answer struct {
		Scopes []string `json:"scopes"`
	}

	if err := c.readSetting(ctx, "/v3/scopes", &answer); err != nil {
		return err
	}

	if !slices.Contains(answer.Scopes, "mail.send") {
		return errors.New("sendgrid: the API key lacks the scope mail.send")
	}

	return nil
}

// EventSetups lists the account's Event Webhooks: [ErrNotAllowed] if the key lacks the scope
// user.webhooks.event.settings.read.
func (c *Client) EventSetups(ctx context.Context) ([]EventSetup, error) {
	var answer struct {
		Webhooks []map[string]any `json:"webhooks"`
	}

	if err := c.readSetting(ctx, "/v3/user/webhooks/event/settings/all", &answer); err != nil {
		return nil, err
	}

	all := make([]EventSetup, len(answer.Webhooks))
	for i, w := range answer.Webhooks {
		url, _ := w["url"].(string)
		key, _ := w["public_key"].(string)

		all[i] = EventSetup{
			URL:     url,
			Enabled: w["enabled"] == true,
			Signed:  key != "",
			Missing: slices.DeleteFunc(reportedEvents(), func(event string) bool { return w[event] == true }),
		}
	}

	return all, nil
}

// ParseSetups lists the hosts of Inbound Parse: [ErrNotAllowed] if the key lacks the scope
// user.webhooks.parse.settings.read.
func (c *Client) ParseSetups(ctx context.Context) ([]ParseSetup, error) {
	var answer struct {
		Result []struct {
			Hostname string `json:"hostname"`
			URL      string `json:"url"`
		} `json:"result"`
	}

	if err := c.readSetting(ctx, "/v3/user/webhooks/parse/settings", &answer); err != nil {
		return nil, err
	}

	all := make([]ParseSetup, len(answer.Result))
	for i, one := range answer.Result {
		all[i] = ParseSetup{Host: one.Hostname, URL: one.URL}
	}

	return all, nil
}

// readSetting asks one question about the account and decodes its answer.
func (c *Client) readSetting(ctx context.Context, path string, into any) error {
	answer, err := c.ask(ctx, rest.Get, path, nil)

	switch {
	case err != nil:
		return err
	case answer.Status == http.StatusForbidden:
		return ErrNotAllowed
	case !answer.Success():
		return answer.Refused(chat.ProviderSendGrid)
	case json.Unmarshal(answer.Body, into) != nil:
		return errors.New("sendgrid: the answer cannot be read")
	}

	return nil
}
