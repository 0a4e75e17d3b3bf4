package console

import (
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// liveDelivery are the events after which the page of a delivery or of an action is fetched anew.
const liveDelivery = "delivery message tool_call approval contributor_request"

// deliveryView is what the page of a delivery shows.
type deliveryView struct {
	*client.WholeDelivery

	// action and chat are nil where the session may not see them.
	action  *client.WholeAction
	chat    *client.Chat
	moments []moment
	// senders are those that a retry may use instead.
	senders []sender
	// suppressions are those that keep the message from its recipient, as far as the session may see them.
	suppressions []client.Suppression
	// recipient is who gets the message, by name or address. Only the page of decisions has it.
	recipient string
}

func (h *Handler) deliveryRoutes() {
	h.page("/deliveries/{id}", h.showDelivery)
	h.form("/deliveries/{id}/retry", h.retryDelivery, h.showDelivery)
	h.form("/deliveries/{id}/resolve", h.resolveDelivery, h.showDelivery)
	h.form("/deliveries/{id}/look-up", h.lookUpDelivery, h.showDelivery)
	h.form("/deliveries/{id}/cancel", h.cancelDelivery, h.showDelivery)
	h.form("/deliveries/{id}/suppressions/{suppression}/lift", h.liftFromDelivery, h.showDelivery)
}

func (h *Handler) showDelivery(v *viewer) (templ.Component, error) {
	answer, err := v.GetDeliveryWithResponse(v.ctx(), v.ws(), v.PathValue("id"))
	if err != nil {
		return nil, err
	}

	view := deliveryView{WholeDelivery: answer.JSON200}
	v.shownAt = v.deliveryPath(view.ID)

	if view.chat, err = findChat(v, client.ValueOf(view.ChatID)); err != nil {
		return nil, err
	}

	if view.action, err = findAction(v, view.ActionID); err != nil {
		return nil, err
	}

	var other *client.WholeDelivery
	if view.action != nil && view.action.Delivery != nil && view.action.Delivery.ID != view.ID {
		if other, err = findDelivery(v, view.action.Delivery.ID); err != nil {
			return nil, err
		}
	}

	view.moments = append(
		makeTimeline(view.action, view.WholeDelivery, other),
		waitMoments(view.RetryAt, view.WaitingUntil, view.WaitingFor)...,
	)

	v.learnNamed(view.Explanation)
	v.learnNamed(tellMoments(view.moments)...)

	if view.offers(v, client.WholeDeliveryNextRetry) {
		if view.senders, err = listUsableSenders(v, view.Channel); err != nil {
			return nil, err
		}
	}

	if err = view.loadSuppressions(v); err != nil {
		return nil, err
	}

	return deliveryPage(v, &view), nil
}

// findChat returns a chat with its customer; nil for none, and if the session may not see it.
func findChat(v *viewer, id int64) (*client.Chat, error) {
	if id == 0 || !v.may("chats:read") {
		return nil, nil
	}

	answer, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, newChatParams(v))

	switch {
	case isAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	}

	return answer.JSON200, nil
}

// findAction returns an action; nil if the session may not see it.
func findAction(v *viewer, id string) (*client.WholeAction, error) {
	answer, err := v.GetActionWithResponse(v.ctx(), v.ws(), id, &client.GetActionParams{})

	switch {
	case isAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	}

	return answer.JSON200, nil
}

// findDelivery returns a delivery; nil if the session may not see it.
func findDelivery(v *viewer, id string) (*client.WholeDelivery, error) {
	answer, err := v.GetDeliveryWithResponse(v.ctx(), v.ws(), id)

	switch {
	case isAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	}

	return answer.JSON200, nil
}

// listUsableSenders returns the senders that a message of the channel may be sent from; none if the session may not see
// them.
func listUsableSenders(v *viewer, channel client.Channel) ([]sender, error) {
	if !v.may("chats:read") {
		return nil, nil
	}

	senders, err := listSenders(v, channel)

	return slices.DeleteFunc(senders, func(s sender) bool { return s.isRevoked }), err
}

// nameRecipient returns who gets the message.
func (d *deliveryView) nameRecipient() string { return nameWithAddress(d.recipient, d.To) }

// loadSuppressions loads what keeps the message from its recipient.
func (d *deliveryView) loadSuppressions(v *viewer) error {
	if !d.isSuppressed() {
		return nil
	}

	found, err := listSuppressionsOf(v, d.To, new(client.AddressedChannel(d.Channel)))

	d.suppressions = slices.DeleteFunc(found, func(s client.Suppression) bool {
		return s.SenderAddress != "" && s.SenderAddress != d.From
	})

	return err
}

// liftFromDelivery lifts a suppression that keeps a delivery's message from its recipient.
func (h *Handler) liftFromDelivery(v *viewer) (templ.SafeURL, error) {
	suppression, err := v.number("suppression")
	if err != nil {
		return "", err
	}

	return v.deliveryPath(v.PathValue("id")), liftSuppression(v, suppression)
}

// isSuppressed reports whether a suppression keeps the message from its recipient.
func (d *deliveryView) isSuppressed() bool { return d.Status == client.DeliveryStatusSuppressed }

// offers reports whether a command will work and the member may give it.
func (d *deliveryView) offers(v *viewer, next client.WholeDeliveryNext) bool {
	return v.may("deliveries:write") && slices.Contains(d.Next, next)
}

// mayDuplicate reports whether a retry may send the message twice, so that somebody has to accept that.
func (d *deliveryView) mayDuplicate() bool {
	return slices.Contains(d.RetryNeeds, client.WholeDeliveryRetryNeedsAcknowledgeDuplicate)
}

// isChangeNeeded reports whether only a retry with another address or sender may be accepted.
func (d *deliveryView) isChangeNeeded() bool {
	return slices.Contains(d.RetryNeeds, client.WholeDeliveryRetryNeedsChange)
}

// isReasonNeeded reports whether a retry without a change needs a reason.
func (d *deliveryView) isReasonNeeded() bool {
	return slices.Contains(d.RetryNeeds, client.WholeDeliveryRetryNeedsReason)
}

// advise returns what the API advises, in a sentence; "" for nothing, and where the explanation says it already.
func (d *deliveryView) advise() string {
	words := chat.Advice(client.ValueOf(d.Advice)).Words()
	if strings.Contains(d.Explanation, words) {
		return ""
	}

	return words
}

// markdown returns the text of the message as it was written, and what was sent where that is not known.
func (d *deliveryView) markdown() string {
	if d.action != nil && d.action.Message != nil {
		return d.action.Message.Content
	}

	return d.Payload.Text
}

// providerName returns the provider as people call it.
func (d *deliveryView) providerName() string { return chat.Provider(d.Provider).Name() }

// carrierPage returns where the provider's own console shows the message; "" if nowhere.
func (d *deliveryView) carrierPage() templ.SafeURL {
	switch {
	case d.Provider == client.ProviderTwilio && d.ProviderMessageID != "":
		return templ.SafeURL("https://www.twilio.com/console/sms/logs/" + url.PathEscape(d.ProviderMessageID))
	case d.Provider == client.ProviderTwilio:
		return "https://console.twilio.com/us1/monitor/logs/sms"
	case d.Provider == client.ProviderSendgrid:
		return "https://app.sendgrid.com/email_activity"
	}

	return ""
}

// temporalPage returns where Temporal's web interface shows a workflow; "" if nowhere.
func (v *viewer) temporalPage(workflow string) templ.SafeURL {
	base := strings.TrimRight(v.handler.config.Temporal, "/")
	if base == "" || workflow == "" {
		return ""
	}

	if !strings.Contains(base, "/namespaces/") {
		base += "/namespaces/default"
	}

	return templ.SafeURL(base + "/workflows/" + url.PathEscape(workflow))
}

// retryWait is how long a retry from a page waits for its outcome, so that the page can show it.
const retryWait = "wait=3"

// retryDelivery tries a delivery again, and shows the delivery by which it is tried.
func (h *Handler) retryDelivery(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	retry := client.Retry{
		AcknowledgeDuplicate: client.IfGiven(v.PostFormValue("acknowledge_duplicate") == "true"),
		Reason:               v.given("reason"),
		Sender:               v.given("sender"),
		To:                   v.given("to"),
		Body:                 v.givenIfChanged("body"),
	}

	answer, err := requestRetry(v, id, v.once(), retry)
	if err != nil {
		return "", err
	}

	switch {
	case answer.JSON200 != nil:
		return v.deliveryPath(answer.JSON200.Delivery.ID), nil
	case answer.JSON202 != nil:
		return v.begunPath(answer.JSON202), nil
	}

	return v.deliveryPath(id), nil
}

// requestRetry has the API try a delivery again, and waits a while for the outcome. once is the Idempotency-Key.
func requestRetry(v *viewer, id string, once *string, retry client.Retry) (*client.RetryDeliveryResponse, error) {
	wait := retryWait
	params := &client.RetryDeliveryParams{
		IdempotencyKey: once,
		Prefer:         &wait,
	}

	return v.RetryDeliveryWithResponse(v.ctx(), v.ws(), id, params, retry)
}

func (h *Handler) resolveDelivery(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")

	return v.deliveryPath(id), resolveAs(v, id, v.once())
}

// resolveAs records whether a delivery was sent, as the form says.
func resolveAs(v *viewer, id string, once *string) error {
	_, err := v.ResolveDeliveryWithResponse(
		v.ctx(),
		v.ws(),
		id,
		&client.ResolveDeliveryParams{IdempotencyKey: once},
		client.Resolve{
			As:                client.ResolveAs(v.PostFormValue("as")),
			ProviderMessageID: v.given("provider_message_id"),
			Reason:            v.reason(),
		},
	)

	return err
}

func (h *Handler) lookUpDelivery(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	_, err := v.LookUpDeliveryWithResponse(v.ctx(), v.ws(), id, &client.LookUpDeliveryParams{IdempotencyKey: v.once()})

	return v.deliveryPath(id), err
}

func (h *Handler) cancelDelivery(v *viewer) (templ.SafeURL, error) {
	id := v.PathValue("id")
	_, err := v.CancelDeliveryWithResponse(
		v.ctx(),
		v.ws(),
		id,
		&client.CancelDeliveryParams{IdempotencyKey: v.once()},
		readReason(v),
	)

	return v.deliveryPath(id), err
}
