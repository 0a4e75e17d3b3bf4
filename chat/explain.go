package chat

import "fmt"

// Explain says in one sentence where the delivery stands, and what it waits for. It
// names no address and no text.
func (d *Delivery) Explain() string {
	if d.ErrorCode == ErrorTriesExhausted && !d.Submission.Settled() {
		return fmt.Sprintf("Not sent: trying again has not helped (%s), and a person must decide.", d.ErrorMessage)
	}
	switch d.Submission {
	case SubmissionPending:
		return d.explainPending()
	case SubmissionSending:
		return fmt.Sprintf("%s is being asked to take the message (attempt %d).", d.Provider, d.Fence)
	case SubmissionAccepted:
		if d.Carrier == CarrierNone {
			return fmt.Sprintf("%s accepted the message.", d.Provider)
		}
		return fmt.Sprintf("%s accepted the message and reports it as %s.", d.Provider, d.Carrier)
	case SubmissionRejected:
		return fmt.Sprintf("%s refused the message for good: %s.", d.Provider, d.reason())
	case SubmissionBlocked:
		return fmt.Sprintf("%s refuses every message because of the account or its set-up (%s); it is tried again by itself.", d.Provider, d.reason())
	case SubmissionSuppressed:
		return "Not sent: the recipient has opted out."
	case SubmissionUnknown:
		return fmt.Sprintf("May have been sent: %s did not confirm (%s). It is not sent again by itself.", d.Provider, d.reason())
	case SubmissionNeedsReview:
		return fmt.Sprintf("May have been sent: %s did not confirm (%s), and a person must decide.", d.Provider, d.reason())
	case SubmissionExpired:
		return "Not sent: it expired before it could be sent."
	case SubmissionCanceled:
		return fmt.Sprintf("Not sent: it was canceled (%s).", d.reason())
	case SubmissionConfirmedSent:
		return "A person confirmed that it was sent."
	case SubmissionAbandoned:
		return "A person gave it up."
	}
	return "Its state is not known."
}

func (d *Delivery) explainPending() string {
	switch {
	case d.ErrorCode == ErrorAddressBusy:
		return "Waits for another message to the same address whose outcome is still open."
	case d.Fence == 0:
		return "Waits for its first attempt."
	case d.RetryAt != nil:
		return fmt.Sprintf("%s did not take attempt %d (%s); tried again from %s on.",
			d.Provider, d.Fence, d.reason(), d.RetryAt.UTC().Format("15:04:05 UTC"))
	}
	return fmt.Sprintf("%s did not take attempt %d (%s); it is tried again by itself.", d.Provider, d.Fence, d.reason())
}

func (d *Delivery) reason() string {
	switch {
	case d.ErrorCode != "" && d.ErrorMessage != "":
		return d.ErrorCode + ", " + d.ErrorMessage
	case d.ErrorCode != "":
		return d.ErrorCode
	}
	return "no reason given"
}
