package chat

// customerTime is how a sentence for a customer shows a time.
const customerTime = "2 January 2006, 15:04 UTC"

// customerSentences say to a customer what became of a message, after "Our message of … to …", by its status.
var customerSentences = map[string]string{
	string(SubmissionPending):  "has not left yet. We are looking after it.",
	string(SubmissionSending):  "is being sent at this moment.",
	string(SubmissionBlocked):  "has not left yet, because of a fault on our side. It will be sent.",
	string(SubmissionUnknown):  "may not have reached you. We are finding out; please tell us if you have it.",
	string(SubmissionAccepted): "was sent. We have not been told yet that it has arrived.",

	string(StatusDelivered):         "has arrived.",
	string(StatusRead):              "has arrived and was read.",
	string(SubmissionConfirmedSent): "was sent.",

	string(SubmissionNeedsReview): "may not have reached you. Please tell us if you have it.",
	string(SubmissionExpired):     "may not have reached you. Please tell us if you have it.",
	string(SubmissionAbandoned):   "was not sent.",
	string(StatusUnconfirmed):     "was sent. We cannot tell whether it has arrived: please tell us if you have it.",

	string(StatusUndelivered):    "could not be delivered. Please tell us how we can reach you.",
	string(StatusBounced):        "was returned. Please tell us how we can reach you.",
	string(StatusFailed):         "could not be delivered.",
	string(SubmissionRejected):   "could not be sent.",
	string(SubmissionSuppressed): "was not sent, because we are not to write to this address.",
	string(SubmissionCanceled):   "was canceled before it was sent.",
}

// TellCustomer returns what may be said to the customer about the delivery. It returns "" for a notice to a member,
// which is no customer's.
func (d *Delivery) TellCustomer() string {
	if d.IsNotice() {
		return ""
	}

	subject := "Our message of " + d.CreatedAt.UTC().Format(customerTime) + " to " + d.To + " "

	switch d.Duplicate {
	case DuplicateConfirmed:
		return subject + "was sent twice by mistake. Both copies are the same: please ignore one."
	case DuplicatePossible:
		return subject + "may have reached you twice. If so, both copies are the same: please ignore one."
	case DuplicateNone:
	}

	return subject + customerSentences[d.Status()]
}
