package console

import "handrail/client"

// customerTime is how a sentence for a customer tells a time.
const customerTime = "2 January 2006, 15:04 UTC"

// customerSentences say to a customer what became of a message, after "Our message of … to …".
var customerSentences = map[client.DeliveryStatus]string{
	client.DeliveryStatusPending:  "has not left yet. We are looking after it.",
	client.DeliveryStatusSending:  "is being sent at this moment.",
	client.DeliveryStatusBlocked:  "has not left yet, because of a fault on our side. It will be sent.",
	client.DeliveryStatusUnknown:  "may not have reached you. We are finding out; please tell us if you have it.",
	client.DeliveryStatusAccepted: "was sent. We have not been told yet that it has arrived.",

	client.DeliveryStatusDelivered:     "has arrived.",
	client.DeliveryStatusRead:          "has arrived and was read.",
	client.DeliveryStatusConfirmedSent: "was sent.",

	client.DeliveryStatusNeedsReview: "may not have reached you. Please tell us if you have it.",
	client.DeliveryStatusExpired:     "may not have reached you. Please tell us if you have it.",
	client.DeliveryStatusAbandoned:   "was not sent.",
	client.DeliveryStatusUnconfirmed: "was sent. We cannot tell whether it has arrived: please tell us if you have it.",

	client.DeliveryStatusUndelivered: "could not be delivered. Please tell us how we can reach you.",
	client.DeliveryStatusBounced:     "was returned. Please tell us how we can reach you.",
	client.DeliveryStatusFailed:      "could not be delivered.",
	client.DeliveryStatusRejected:    "could not be sent.",
	client.DeliveryStatusSuppressed:  "was not sent, because we are not to write to this address.",
	client.DeliveryStatusCanceled:    "was canceled before it was sent.",
}

// tellCustomer returns what may be said to the customer about a delivery.
func tellCustomer(d *client.WholeDelivery) string {
	subject := "Our message of " + d.CreatedAt.UTC().Format(customerTime) + " to " + d.To + " "

	switch d.Duplicate {
	case client.DuplicateConfirmed:
		return subject + "was sent twice by mistake. Both copies are the same: please ignore one."
	case client.DuplicatePossible:
		return subject + "may have reached you twice. If so, both copies are the same: please ignore one."
	case client.DuplicateNone:
	}

	return subject + customerSentences[d.Status]
}
