package chat

import (
	"fmt"
	"time"
)

// Explain says what [Delivery.Explain] says, as far as a snapshot knows: it has no attempts, no
// person's decision and no retry.
func (r *DeliverySnapshot) Explain() string {
	if r.Submission == SubmissionPending && r.ErrorCode == "" {
		return r.Duplicate.explain() + "Waits to be handed to " + r.Provider.Name() + "."
	}

	d := Delivery{
		ID:             r.DeliveryID,
		Channel:        r.Channel,
		Provider:       r.Provider,
		Submission:     r.Submission,
		DeliveryStatus: r.DeliveryStatus,
		AlsoReported:   r.AlsoReported,
		ErrorCode:      r.ErrorCode,
		ErrorMessage:   r.ErrorMessage,
		Duplicate:      r.Duplicate,
	}

	if r.Submission == SubmissionBlocked {
		d.RetryAt = r.RetryAt
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

// ExplainCopies says that the provider's list is read once more, at a time, for messages that
// nobody knows; at the zero time, that it could not be read.
func (r *DeliverySnapshot) ExplainCopies(at time.Time) string {
	words := r.Explain() + " An earlier attempt may have been taken too: "
	if at.IsZero() {
		return words + r.Provider.Name() + " could not be asked, so a second copy may stay unknown."
	}

	return words + fmt.Sprintf(
		"%s is asked once more for a second copy at %s.",
		r.Provider.Name(),
		at.UTC().Format("2006-01-02 15:04 UTC"),
	)
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
	e.ErrorCode = r.ErrorCode
	e.ActionID = string(action)

	return e
}
