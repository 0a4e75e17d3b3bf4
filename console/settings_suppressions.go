package console

import (
	"github.com/a-h/templ"

	"handrail/client"
)

// suppressionReasons are why addresses get no messages.
var suppressionReasons = []client.SuppressionReason{
	client.SuppressionReasonOptOut,
	client.SuppressionReasonCarrier,
	client.SuppressionReasonGroupUnsubscribe,
	client.SuppressionReasonUnsubscribe,
	client.SuppressionReasonBounce,
	client.SuppressionReasonSpamReport,
	client.SuppressionReasonManual,
}

func (h *Handler) suppressionRoutes() {
	h.page("/settings/suppressions", h.showSuppressions)
	h.form("/settings/suppressions", h.createSuppression, h.showSuppressions)
	h.form(
		"/settings/suppressions/{id}/lift",
		deleteAt("/settings/suppressions", liftSuppression),
		h.showSuppressions,
	)
}

// showSuppressions lists suppressions. There is no filter by address: no address may stand in a URL.
func (h *Handler) showSuppressions(v *viewer) (templ.Component, error) {
	query := v.URL.Query()

	answer, err := v.ListSuppressionsWithResponse(v.ctx(), v.ws(), &client.ListSuppressionsParams{
		Limit:   new(pageLimit),
		Cursor:  readCursor(v),
		Channel: client.IfGiven(client.AddressedChannel(query.Get("channel"))),
		Reason:  client.OnlyGiven(client.SuppressionReason(query.Get("reason"))),
	})
	if err != nil {
		return nil, err
	}

	next := v.nextPage("/settings/suppressions", answer.JSON200.NextCursor)

	return suppressionsPage(v, answer.JSON200.Items, next), nil
}

func (h *Handler) createSuppression(v *viewer) (templ.SafeURL, error) {
	params := &client.CreateSuppressionParams{IdempotencyKey: v.once()}
	_, err := v.CreateSuppressionWithResponse(v.ctx(), v.ws(), params, client.NewSuppression{
		Address: readText(v, "address"),
		Channel: client.AddressedChannel(readText(v, "channel")),
		Reason:  readText(v, "reason"),
	})

	return v.path("/settings/suppressions"), err
}

func liftSuppression(v *viewer, id int64) error {
	_, err := v.LiftSuppressionWithResponse(v.ctx(), v.ws(), id, &client.LiftSuppressionParams{
		Reason: v.given("reason"),
	})

	return err
}

// explainLift returns what lifting a suppression does, in sentences. Whoever has opted out must have asked for it.
func explainLift(suppression *client.Suppression) string {
	switch suppression.Reason {
	case client.SuppressionReasonBounce:
		return "Messages to this address are sent again. Do this only if the address works now."
	case client.SuppressionReasonManual:
		return "Messages to this address are sent again."
	case client.SuppressionReasonCarrier,
		client.SuppressionReasonGroupUnsubscribe,
		client.SuppressionReasonOptOut,
		client.SuppressionReasonSpamReport,
		client.SuppressionReasonUnsubscribe:
	}

	return "Messages to this address are sent again. Do this only if the person has asked for it: the provider has " +
		"its own list, and the law applies."
}
