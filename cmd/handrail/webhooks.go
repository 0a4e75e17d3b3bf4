package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"handrail/client"
)

type webhooksCommand struct {
	List     webhookList     `cmd:"" help:"List the webhook endpoints, and how each stands."`
	Create   webhookCreate   `cmd:"" help:"Create a webhook endpoint and show its secret. This is the only time it is shown."`
	Show     webhookShow     `cmd:"" help:"Show a webhook endpoint."`
	Test     webhookTest     `cmd:"" help:"Post test.ping now and show what the receiver answers; exit 1 if it has failed."`
	Attempts webhookAttempts `cmd:"" help:"List the posts to a webhook endpoint, newest first."`
	Replay   webhookReplay   `cmd:"" help:"Post one event, or all events since a time, to a webhook endpoint again."`
	Rotate   webhookRotate   `cmd:"" help:"Give a webhook endpoint a new secret and show it. This is the only time it is shown."`
	Enable   webhookEnable   `cmd:"" help:"Enable a webhook endpoint: it goes on where it has stopped."`
	Disable  webhookDisable  `cmd:"" help:"Disable a webhook endpoint: nothing is posted there until it is enabled."`
	Delete   webhookDelete   `cmd:"" help:"Delete a webhook endpoint: events that it has not got yet are not posted."`
}

// Help is shown by kong.
func (webhooksCommand) Help() string {
	return `Webhooks tell programs of yours what happens in the workspace (docs/webhooks.md). These commands need a key
with the scope webhooks:read, or webhooks:write for all but list, show and attempts.

` + exitHelp
}

// webhookOf is the argument of a command for one endpoint.
type webhookOf struct {
	ID int64 `arg:"" help:"The endpoint's id, as listed."`
}

// webhookView is an endpoint as the API shows it.
type webhookView struct{ client.WebhookEndpoint }

// describeTypes returns the types of events that are posted, with commas.
func (v *webhookView) describeTypes() string {
	if len(v.Types) == 0 {
		return "all"
	}

	names := make([]string, len(v.Types))
	for i, name := range v.Types {
		names[i] = string(name)
	}

	return strings.Join(names, ", ")
}

func (v *webhookView) show(c *console) {
	f := facts{c}
	f.say("webhook", "%d, %s", v.ID, v.URL)
	f.say("stands", "%s", v.Explanation)

	if v.Description != "" {
		f.say("is for", "%s", v.Description)
	}

	f.say("types", "%s", v.describeTypes())
	f.say("payload", "%s", v.Payload)
	f.say("behind", "%d, and %d aside", v.Behind, v.Aside)

	if v.Missed > 0 {
		f.say("missed", "up to %d, which were too old", v.Missed)
	}

	f.sayTime("failing since", v.FailingSince)
	f.sayTime("next try", v.NextTryAt)
	f.say("created", "%s (%s ago)", formatTime(v.CreatedAt), formatAge(v.CreatedAt))
}

// showWebhook makes a request that is answered with an endpoint, and shows it.
func showWebhook(c *console, r *remote, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, v *webhookView) error {
		v.show(c)
		return nil
	})
}

type webhookList struct {
	remote
	listing
}

// Run lists endpoints.
func (l *webhookList) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[webhookView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListWebhookEndpoints(
				c.ctx,
				api.workspace,
				&client.ListWebhookEndpointsParams{Limit: at.limit, Cursor: at.cursor},
			)
		},
		empty:   "no webhook endpoints yet; create one with: handrail webhooks create URL",
		columns: []string{"ID", "URL", "TYPES", "STANDS"},
		row: func(v *webhookView) []string {
			return []string{
				strconv.FormatInt(v.ID, 10),
				makePrintable(v.URL),
				shortenText(v.describeTypes(), 40),
				makePrintable(v.Explanation),
			}
		},
	})
}

type webhookCreate struct {
	remote
	URL         string   `arg:"" help:"Where to post to, by https."`
	Types       []string `help:"Only events of these types, like message.created, with commas." placeholder:"TYPE"`
	Payload     string   `enum:"thin,full" default:"thin" help:"thin has ids and states, full also texts." placeholder:"PAYLOAD"`
	Description string   `help:"What it is for." placeholder:"TEXT"`
}

// Run creates an endpoint. The request is not repeated, because that could create another endpoint.
func (w *webhookCreate) Run(c *console) error {
	body := client.NewWebhookEndpoint{
		URL:         w.URL,
		Description: client.IfGiven(w.Description),
		Payload:     new(client.WebhookPayload(w.Payload)),
	}

	for _, name := range w.Types {
		body.Types = append(body.Types, client.EventType(name))
	}

	ask := func(api *apiClient) (*http.Response, error) {
		return api.CreateWebhookEndpoint(c.ctx, api.workspace, nil, body)
	}

	return showOne(c, &w.remote, ask, func(_ *apiClient, made *client.CreatedWebhookEndpoint) error {
		fmt.Fprintf(
			c.out,
			"webhook endpoint %d\n%s\n\nSave this secret now: it is not shown again. "+
				"docs/webhooks.md says what it is for.\n",
			made.ID,
			makePrintable(client.ValueOf(made.Secret)),
		)

		return nil
	})
}

type webhookShow struct {
	remote
	webhookOf
}

// Run shows an endpoint.
func (s *webhookShow) Run(c *console) error {
	return showWebhook(c, &s.remote, func(api *apiClient) (*http.Response, error) {
		return api.GetWebhookEndpoint(c.ctx, api.workspace, s.ID)
	})
}

// attemptView is a post as the API shows it.
type attemptView struct{ client.WebhookAttempt }

// describeOutcome returns the status of the answer, or why there was none.
func (v *attemptView) describeOutcome() string {
	switch {
	case v.Status != nil:
		return strconv.FormatInt(*v.Status, 10)
	case v.Fault != nil:
		return string(*v.Fault)
	}

	return "–"
}

type webhookTest struct {
	remote
	webhookOf
}

// Run posts a test.
func (t *webhookTest) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.TestWebhookEndpoint(c.ctx, api.workspace, t.ID, nil)
	}

	return showOne(c, &t.remote, ask, func(_ *apiClient, v *attemptView) error {
		took := time.Duration(v.DurationMs) * time.Millisecond
		fmt.Fprintf(c.out, "answer: %s after %s\n", makePrintable(v.describeOutcome()), took)

		if v.Answer != "" {
			fmt.Fprintf(c.out, "%s\n", makePrintable(v.Answer))
		}

		if !v.Succeeded {
			return errors.New("the test has failed")
		}

		return nil
	})
}

type webhookAttempts struct {
	remote
	listing
	webhookOf

	Failed bool   `help:"Only those that have failed."`
	Event  string `help:"Only posts of this event." placeholder:"ID"`
}

// Run lists attempts.
func (l *webhookAttempts) Run(c *console) error {
	return showList(c, &l.remote, l.listing, listView[attemptView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			return api.ListWebhookAttempts(c.ctx, api.workspace, l.ID, &client.ListWebhookAttemptsParams{
				Limit:   at.limit,
				Cursor:  at.cursor,
				Failed:  client.IfGiven(l.Failed),
				EventID: client.IfGiven(l.Event),
			})
		},
		empty:   "no such attempts",
		columns: []string{"AT", "TYPE", "EVENT", "TRY", "OUTCOME", "MS", "ANSWER"},
		row: func(v *attemptView) []string {
			return []string{
				formatTime(v.AttemptedAt),
				makePrintable(v.EventType),
				makePrintable(v.EventID),
				strconv.FormatInt(v.Number, 10),
				makePrintable(v.describeOutcome()),
				strconv.FormatInt(v.DurationMs, 10),
				shortenText(v.Answer, 60),
			}
		},
	})
}

type webhookReplay struct {
	remote
	webhookOf

	Since moment `xor:"what" required:"" help:"All events since then, in order: how long ago, like 2h, or a time like 2026-11-22T10:00:00Z." placeholder:"WHEN"`
	Event string `xor:"what" required:"" help:"This event alone." placeholder:"ID"`
}

// Run has events posted again. The request is not repeated, because that could post them once more.
func (r *webhookReplay) Run(c *console) error {
	return showWebhook(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		if r.Event != "" {
			return api.ReplayWebhookEvent(c.ctx, api.workspace, r.ID, r.Event, nil)
		}

		since := r.Since.time()

		return api.ReplayWebhookEvents(c.ctx, api.workspace, r.ID, nil, client.ReplaySince{Since: *since})
	})
}

type webhookRotate struct {
	remote
	webhookOf
}

// Run makes a new secret. The request is not repeated, because that could make another secret.
func (r *webhookRotate) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.RotateWebhookSecret(c.ctx, api.workspace, r.ID, nil)
	}

	return showOne(c, &r.remote, ask, func(_ *apiClient, made *client.WebhookSecret) error {
		fmt.Fprintf(
			c.out,
			"%s\n\nSave this secret now: it is not shown again. The old one also signs for 24 hours.\n",
			makePrintable(client.ValueOf(made.Secret)),
		)

		return nil
	})
}

type webhookEnable struct {
	remote
	webhookOf
}

// Run enables an endpoint.
func (e *webhookEnable) Run(c *console) error { return switchWebhook(c, &e.remote, e.ID, true) }

type webhookDisable struct {
	remote
	webhookOf
}

// Run disables an endpoint.
func (d *webhookDisable) Run(c *console) error { return switchWebhook(c, &d.remote, d.ID, false) }

// switchWebhook enables or disables an endpoint, and shows it.
func switchWebhook(c *console, r *remote, id int64, on bool) error {
	return showWebhook(c, r, func(api *apiClient) (*http.Response, error) {
		patch := client.WebhookEndpointPatch{Enabled: &on}

		return api.UpdateWebhookEndpoint(c.ctx, api.workspace, id, patch)
	})
}

type webhookDelete struct {
	remote
	webhookOf
}

// Run deletes an endpoint.
func (d *webhookDelete) Run(c *console) error {
	api, err := d.dial(c)
	if err != nil {
		return err
	}

	if _, err := api.read(api.DeleteWebhookEndpoint(c.ctx, api.workspace, d.ID)); err != nil {
		return err
	}

	fmt.Fprintf(c.out, "webhook endpoint %d deleted\n", d.ID)

	return nil
}
