package chat

import (
	"fmt"
	"strings"
)

// Name is how people call the provider.
func (p Provider) Name() string {
	switch p {
	case ProviderTwilio:
		return "Twilio"
	case ProviderSendGrid:
		return "SendGrid"
	case ProviderHandrail:
		return "Handrail"
	}

	return "The provider"
}

// Explain says in a sentence or two where the delivery stands, what it waits for, and what
// a person may do. It names no address and no text.
func (d *Delivery) Explain() string {
	if sentence := d.explainWaitingForPerson(); sentence != "" {
		return sentence
	}

	switch d.Submission {
	case SubmissionPending:
		return d.explainPending()
	case SubmissionSending:
		return fmt.Sprintf("%s is being asked to take the message (attempt %d).", d.Provider.Name(), d.Fence)
	case SubmissionAccepted:
		return d.explainAccepted()
	case SubmissionRejected:
		return fmt.Sprintf(
			"%s refused the message for good (%s). ",
			d.Provider.Name(),
			d.reason(),
		) + d.whatNow(
			"Retry it with another address or another text.",
		)

	case SubmissionBlocked:
		return d.explainBlocked()
	case SubmissionSuppressed:
		return "Not sent: the recipient has opted out of this sender's messages. " + d.whatNow(
			"It can be retried when the recipient has opted in again.",
		)

	case SubmissionUnknown:
		return fmt.Sprintf(
			"May have been sent: %s did not confirm (%s). Evidence is looked for; it is not sent again by itself.",
			d.Provider.Name(),
			d.reason(),
		)

	case SubmissionNeedsReview:
		return fmt.Sprintf("May have been sent: %s did not confirm (%s), and no evidence was found. "+
			"A person must decide: resolve it as sent or not sent, or retry it, which may send it twice.",
			d.Provider.Name(), d.reason())
	case SubmissionExpired:
		return fmt.Sprintf("May have been sent: %s did not confirm, and its time ran out. ", d.Provider.Name()) +
			d.whatNow("A retry may send it twice.")

	case SubmissionCanceled:
		return d.explainCanceled()
	case SubmissionConfirmedSent:
		return d.decider() + " confirmed that it was sent."
	case SubmissionAbandoned:
		return d.explainAbandoned()
	}

	return "Its state is not known."
}

// Explain says what [Delivery.Explain] says, as far as a snapshot knows: it has no attempts, no
// person's decision and no retry.
func (r *DeliverySnapshot) Explain() string {
	d := Delivery{
		ID:             r.DeliveryID,
		Channel:        r.Channel,
		Provider:       r.Provider,
		Submission:     r.Submission,
		DeliveryStatus: r.DeliveryStatus,
		ErrorCode:      r.ErrorCode,
		ErrorMessage:   r.ErrorMessage,
	}

	return d.Explain()
}

// ExplainTrying says what is known while an activity tries to hand the message over.
func (r *DeliverySnapshot) ExplainTrying() string {
	return r.Explain() + " The activity SubmitDelivery shows the last error and the next try."
}

// ExplainUndecided says how a delivery has ended about which nobody decided.
func (r *DeliverySnapshot) ExplainUndecided() string {
	return "Nobody decided in time. " + r.Explain()
}

// ExplainReleased says which workflow follows a delivery that was tried again.
func ExplainReleased(workflowID string) string {
	return "The delivery was released and goes on in workflow " + workflowID + "."
}

// ExplainCanceled says what becomes of a delivery whose workflow was canceled in Temporal.
func (r *DeliverySnapshot) ExplainCanceled() string {
	switch {
	case r.Submission == SubmissionCanceled:
		return "Canceled in Temporal; nothing was sent."
	case r.Submission.InFlight():
		return fmt.Sprintf(
			"Canceled in Temporal, too late: %s may have the message. It is not sent again.",
			r.Provider.Name(),
		)

	case r.Submission == SubmissionAccepted && !r.DeliveryStatus.Final():
		return fmt.Sprintf(
			"Canceled in Temporal: %s has the message, and its receipt is not waited for.",
			r.Provider.Name(),
		)
	}

	return "Canceled in Temporal, too late. " + r.Explain()
}

// NobodyDecided is the error of a send that has waited for a person too long: delivery_failed.
func NobodyDecided() *Error { return Errorf(CodeDeliveryFailed, reasonNobodyDecided) }

// SendCanceled is the error of a send whose workflow was canceled in Temporal: delivery_failed.
func SendCanceled() *Error { return Errorf(CodeDeliveryFailed, reasonSendCanceled) }

// NotDelivered is the error of an action whose delivery has ended without being sent:
// delivery_failed.
func (r *DeliverySnapshot) NotDelivered(action ActionID) *Error {
	e := Errorf(CodeDeliveryFailed, "the message was not delivered: %s", r.ErrorMessage)
	e.DeliveryID = string(r.DeliveryID)
	e.ActionID = string(action)

	return e
}

// explainWaitingForPerson speaks of what certainly was not sent, and waits for a person.
func (d *Delivery) explainWaitingForPerson() string {
	if d.Submission != SubmissionPending && d.Submission != SubmissionBlocked {
		return ""
	}

	switch d.ErrorCode {
	case ErrorTriesExhausted:
		return fmt.Sprintf("Not sent: trying again has not helped (%s), and a person must decide.", d.ErrorMessage)
	case ErrorWorkflowGone:
		return "Not sent: the workflow that followed it was ended in Temporal, and a person must decide."
	}

	return ""
}

func (d *Delivery) explainPending() string {
	provider := d.Provider.Name()
	switch {
	case d.ErrorCode == ErrorAddressBusy:
		return "Waits for another message to the same address whose outcome is still open."
	case d.ErrorCode == ErrorSenderBlocked:
		return provider + " refuses every message of this sender. It waits, and goes out by itself when a trial " +
			"message gets through."
	case d.Fence == 0 && d.ErrorCode == "":
		return "Waits for its first attempt."
	case d.Fence == 0:
		return fmt.Sprintf("%s did not take the message (%s); it is tried again by itself.", provider, d.reason())
	case d.RetryAt != nil:
		return fmt.Sprintf(
			"%s did not take attempt %d (%s); it is tried again from %s on.",
			provider,
			d.Fence,
			d.reason(),
			d.RetryAt.UTC().Format("15:04:05 UTC"),
		)
	}

	return fmt.Sprintf("%s did not take attempt %d (%s); it is tried again by itself.", provider, d.Fence, d.reason())
}

func (d *Delivery) explainBlocked() string {
	again := "It is tried again by itself."
	if d.ErrorCode == ErrorSenderBlocked {
		again = "It waits, and goes out by itself when a trial message gets through."
	}

	return fmt.Sprintf(
		"Not sent: %s refuses every message because of the account or its set-up (%s). %s",
		d.Provider.Name(),
		d.reason(),
		again,
	)
}

func (d *Delivery) explainAccepted() string {
	provider := d.Provider.Name()
	switch {
	case d.Provider == ProviderHandrail:
		return "The message is in the web chat."
	case d.DeliveryStatus == StatusNone:
		return provider + " accepted the message; what became of it is not known yet."
	case d.DeliveryStatus == StatusUnconfirmed:
		return provider + " accepted the message and never told what became of it. " + d.whatNow(
			"It most likely arrived; a retry may send it twice.",
		)

	case d.DeliveryStatus == StatusCanceled || d.DeliveryStatus == StatusFailed:
		return fmt.Sprintf(
			"%s accepted the message and did not send it: it reports it as %s (%s). ",
			provider,
			d.DeliveryStatus,
			d.reason(),
		) + d.whatNow(
			"Retry it.",
		)

	case d.DeliveryStatus.Lost():
		return fmt.Sprintf(
			"%s accepted the message, and it did not arrive: it reports it as %s (%s). ",
			provider,
			d.DeliveryStatus,
			d.reason(),
		) +
			d.whatNow(
				"Retry it with another address.",
			)

	case !d.DeliveryStatus.Final():
		return fmt.Sprintf(
			"%s accepted the message and reports it as %s; its final status is waited for.",
			provider,
			d.DeliveryStatus,
		)
	}

	return fmt.Sprintf("%s accepted the message and reports it as %s.", provider, d.DeliveryStatus)
}

func (d *Delivery) explainCanceled() string {
	switch {
	case d.ErrorCode == ErrorReplaced:
		return d.explainReplaced("Not sent")
	case d.ErrorCode == ErrorToolCallFailed:
		return "Not sent: a tool call failed before the delivery began. Send the message anew."
	case d.Decision != nil && d.Decision.Verdict == VerdictCancel:
		return fmt.Sprintf("Not sent: %s canceled it. ", d.Decision.by()) + d.whatNow("It can be retried.")
	}

	return fmt.Sprintf("Not sent: it was canceled (%s). ", d.reason()) + d.whatNow("It can be retried.")
}

func (d *Delivery) explainAbandoned() string {
	if d.ErrorCode == ErrorReplaced {
		return d.explainReplaced("May have been sent")
	}

	return d.decider() + " said that it was not sent. " + d.whatNow("It can be retried.")
}

func (d *Delivery) explainReplaced(beginning string) string {
	if d.ErrorMessage == "" {
		return beginning + ": another delivery of the same message took its place."
	}

	return fmt.Sprintf("%s: %s.", beginning, d.ErrorMessage)
}

// whatNow is what may be done about a delivery that has ended, or by what it was followed.
func (d *Delivery) whatNow(may string) string {
	if d.RetriedBy != "" {
		return fmt.Sprintf("It was tried again as delivery %s.", d.RetriedBy)
	}

	return may
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

// decider begins a sentence with who decided.
func (d *Delivery) decider() string {
	if d.Decision == nil {
		return "A person"
	}

	by := d.Decision.by()

	return strings.ToUpper(by[:1]) + by[1:]
}

func (d *Decision) by() string {
	if d.By.MemberID == 0 {
		return "a person"
	}

	return fmt.Sprintf("member %d", d.By.MemberID)
}

// Explain says who decided what, with the reason as it was given.
func (d *Decision) Explain() string {
	by := d.by()
	sentence := strings.ToUpper(by[:1]) + by[1:]

	switch d.Verdict {
	case VerdictRetry:
		sentence += " asked for another try"
	case VerdictCancel:
		sentence += " canceled it"
	case VerdictSent:
		sentence += " confirmed that it was sent"
	case VerdictNotSent:
		sentence += " said that it was not sent"
	default:
		sentence += " decided"
	}

	if reason := strings.TrimRight(strings.TrimSpace(d.Reason), "."); reason != "" {
		sentence += ": " + reason
	}

	return sentence + "."
}

// lostEvents are the words by which providers say that a message did not arrive.
var lostEvents = map[string]bool{
	"undelivered": true,
	"failed":      true,
	"canceled":    true,
	"bounce":      true,
	"blocked":     true,
	"dropped":     true,
}

// Lost reports whether the provider said that the message did not arrive.
func (e *ProviderEvent) Lost() bool { return lostEvents[e.Type] }

// Explain says in a sentence what the provider told, in the provider's own word.
func (e *ProviderEvent) Explain() string {
	if e.Type == EventDuplicate {
		return e.Provider.Name() + " has taken a second message for it: the recipient may have got it twice."
	}

	return fmt.Sprintf("%s reports it as %s.", e.Provider.Name(), e.Type)
}
