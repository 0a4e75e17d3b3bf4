package console

import (
	"strconv"

	"github.com/a-h/templ"

	"handrail/client"
)

// webhookPayloads are what webhook endpoints may be told, the one that is chosen first.
var webhookPayloads = []client.WebhookPayload{client.WebhookPayloadThin, client.WebhookPayloadFull}

func (h *Handler) webhookRoutes() {
	h.page("/settings/webhooks", h.showWebhooks)
	h.page("/settings/webhooks/{id}", h.showWebhook)

	h.formThatTells("/settings/webhooks", h.createWebhook, h.showWebhooks)
	h.formThatTells("/settings/webhooks/{id}/test", h.testWebhook, h.showWebhook)
	h.formThatTells("/settings/webhooks/{id}/secret", h.rotateWebhookSecret, h.showWebhook)
	h.form("/settings/webhooks/{id}/replay", h.replayWebhook, h.showWebhook)
	h.form("/settings/webhooks/{id}/events/{event}/replay", h.replayWebhookEvent, h.showWebhook)
	h.form("/settings/webhooks/{id}/enabled", h.enableWebhook, h.showWebhook)
	h.form("/settings/webhooks/{id}/delete", deleteAt("/settings/webhooks", deleteWebhook), h.showWebhook)
}

func webhookPath(id int64) string { return "/settings/webhooks/" + formatCount(id) }

func (h *Handler) showWebhooks(v *viewer) (templ.Component, error) {
	answer, err := v.ListWebhookEndpointsWithResponse(v.ctx(), v.ws(), &client.ListWebhookEndpointsParams{
		Limit:  new(pageLimit),
		Cursor: readCursor(v),
	})
	if err != nil {
		return nil, err
	}

	next := v.nextPage("/settings/webhooks", answer.JSON200.NextCursor)

	return webhooksPage(v, answer.JSON200.Items, next), nil
}

// webhookView is what the page of a webhook endpoint shows.
type webhookView struct {
	client.WebhookEndpoint

	attempts []client.WebhookAttempt
	next     templ.SafeURL
	// tested is a test that was just made; nil for none.
	tested *client.WebhookAttempt
}

func (h *Handler) showWebhook(v *viewer) (templ.Component, error) {
	view, err := readWebhook(v)
	if err != nil {
		return nil, err
	}

	return webhookPage(v, view), nil
}

// readWebhook reads the endpoint of the path, and its attempts. Errors: [errNoPage].
func readWebhook(v *viewer) (*webhookView, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	endpoint, err := v.GetWebhookEndpointWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return nil, err
	}

	attempts, err := v.ListWebhookAttemptsWithResponse(v.ctx(), v.ws(), id, &client.ListWebhookAttemptsParams{
		Limit:   new(pageLimit),
		Cursor:  readCursor(v),
		Failed:  client.IfGiven(v.URL.Query().Get("failed") != ""),
		EventID: client.IfGiven(v.URL.Query().Get("event_id")),
	})
	if err != nil {
		return nil, err
	}

	return &webhookView{
		WebhookEndpoint: *endpoint.JSON200,
		attempts:        attempts.JSON200.Items,
		next:            v.nextPage(webhookPath(id), attempts.JSON200.NextCursor),
	}, nil
}

// createWebhook creates an endpoint and shows its secret.
func (h *Handler) createWebhook(v *viewer) (templ.Component, error) {
	params := &client.CreateWebhookEndpointParams{IdempotencyKey: v.once()}

	answer, err := v.CreateWebhookEndpointWithResponse(v.ctx(), v.ws(), params, client.NewWebhookEndpoint{
		URL:         readText(v, "url"),
		Description: v.given("description"),
		Payload:     client.IfGiven(client.WebhookPayload(readText(v, "payload"))),
		Types:       readTypes(v),
	})
	if err != nil {
		return nil, err
	}

	made := answer.JSON201

	return secretPage(v, client.ValueOf(made.Secret), webhookPath(made.ID), "To the endpoint"), nil
}

// rotateWebhookSecret gives an endpoint a new secret and shows it.
func (h *Handler) rotateWebhookSecret(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	params := &client.RotateWebhookSecretParams{IdempotencyKey: v.once()}

	answer, err := v.RotateWebhookSecretWithResponse(v.ctx(), v.ws(), id, params)
	if err != nil {
		return nil, err
	}

	return secretPage(v, client.ValueOf(answer.JSON200.Secret), webhookPath(id), "To the endpoint"), nil
}

// testWebhook posts a test, and shows what the receiver has answered.
func (h *Handler) testWebhook(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	params := &client.TestWebhookEndpointParams{IdempotencyKey: v.once()}

	answer, err := v.TestWebhookEndpointWithResponse(v.ctx(), v.ws(), id, params)
	if err != nil {
		return nil, err
	}

	view, err := readWebhook(v)
	if err != nil {
		return nil, err
	}

	view.tested = answer.JSON200

	return webhookPage(v, view), nil
}

func (h *Handler) replayWebhook(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	since, err := readTime(v, "since")

	switch {
	case err != nil:
		return "", err
	case since == nil:
		return "", newInputError("since", "must be given")
	}

	params := &client.ReplayWebhookEventsParams{IdempotencyKey: v.once()}
	_, err = v.ReplayWebhookEventsWithResponse(v.ctx(), v.ws(), id, params, client.ReplaySince{Since: *since})

	return v.path(webhookPath(id)), err
}

func (h *Handler) replayWebhookEvent(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	params := &client.ReplayWebhookEventParams{IdempotencyKey: v.once()}
	_, err = v.ReplayWebhookEventWithResponse(v.ctx(), v.ws(), id, v.PathValue("event"), params)

	return v.path(webhookPath(id)), err
}

// enableWebhook enables or disables an endpoint, as the form says.
func (h *Handler) enableWebhook(v *viewer) (templ.SafeURL, error) {
	id, err := v.number("id")
	if err != nil {
		return "", err
	}

	_, err = v.UpdateWebhookEndpointWithResponse(v.ctx(), v.ws(), id, client.WebhookEndpointPatch{
		Enabled: new(v.PostFormValue("enabled") == "true"),
	})

	return v.path(webhookPath(id)), err
}

func deleteWebhook(v *viewer, id int64) error {
	_, err := v.DeleteWebhookEndpointWithResponse(v.ctx(), v.ws(), id)

	return err
}

// nameEndpointState returns how an endpoint stands, as a word with a tone.
func nameEndpointState(endpoint client.WebhookEndpoint) (word, tone string) {
	switch {
	case !endpoint.Enabled:
		return "disabled", tonePlain
	case endpoint.FailingSince != nil:
		return "failing", toneBad
	}

	return "enabled", toneGood
}

// describeAnswer returns the status of an attempt's answer, or why there was none.
func describeAnswer(attempt client.WebhookAttempt) string {
	switch {
	case attempt.Status != nil:
		return strconv.FormatInt(*attempt.Status, 10)
	case attempt.Fault != nil:
		return nameStatus(string(*attempt.Fault))
	}

	return "–"
}

// describeBehind returns how many events an endpoint has not got yet, in words.
func describeBehind(endpoint client.WebhookEndpoint) string {
	behind := formatCount(endpoint.Behind) + " events wait their turn"

	switch endpoint.Behind {
	case 0:
		behind = "nothing waits its turn"
	case 1:
		behind = "1 event waits its turn"
	}

	switch endpoint.Aside {
	case 0:
		return behind
	case 1:
		return behind + "; 1 that has failed is tried again at a time of its own"
	}

	return behind + "; " + formatCount(endpoint.Aside) + " that have failed are tried again, each at a time of its own"
}
