package chat

import (
	"fmt"
	"slices"
)

// Allowance is what may have taken away, since a send was prepared, that it may be posted. The
// store reads it in the transaction of each claim, of the rows as they are then. Consent counts
// as revoked from the moment at which it is: 47 CFR 64.1200(a)(10) and Art. 7(3) GDPR.
type Allowance struct {
	// Suppressed reports that the sender must not write to the address.
	Suppressed bool
	// Bounced reports whether it must not only because messages to the address have bounced.
	Bounced bool
	// ConsentRevoked reports that the recipient's consent on the delivery's channel is revoked.
	ConsentRevoked bool
	// NotificationsOff reports whether the recipient's notifications are switched off, on all channels.
	NotificationsOff bool
	// ChatDeleted and ChatArchived are how the delivery's chat stands.
	ChatDeleted  bool
	ChatArchived bool
	// RecipientLeft reports that the recipient has no place in the chat any more, or, if it is
	// asked something, is no contributor, or, if it is told of events, is no manager.
	RecipientLeft bool
	// SenderGone reports that the workspace has no such sender any more: it was deleted, or has
	// another number or address.
	SenderGone bool
	// AddressChanged reports that the recipient has another address, or none, and that nobody
	// has given this one for the delivery.
	AddressChanged bool
	// PossibleOptOut reports that the recipient may have asked not to be written to on the
	// channel, and that nobody has decided that yet.
	PossibleOptOut bool
	// MovedOn reports whether the customer has written since the last message that the caller had seen.
	MovedOn bool
	// TakenOver reports whether a person has taken over the chat, and the delivery is the assistant's.
	TakenOver bool
	// Braked is why the workspace's brakes stop the assistant, "" if they do not; see [Pace.Brake].
	Braked string
}

// forbids reports whether something stands against posting.
func (a *Allowance) forbids() bool { return *a != Allowance{} }

// The error messages of deliveries that may not be posted any more.
const (
	ReasonOptedOut         = "the recipient has opted out of this channel"
	ReasonBounced          = "messages to this address have bounced"
	ReasonChatDeleted      = "its chat was deleted before it was sent"
	reasonChatArchived     = "its chat was archived before it was sent"
	reasonRecipientLeft    = "the recipient left the chat before it was sent"
	reasonNoManager        = "the recipient is no manager of the workspace any more"
	reasonNotificationsOff = "the recipient's notifications were disabled before it was sent"
	reasonSenderGone       = "the workspace does not have the sender any more"
	reasonAddressChanged   = "the recipient has another address now, or none"
)

// ReasonPossibleOptOut is the error message of a delivery that waits because its recipient may
// have asked not to be written to.
func ReasonPossibleOptOut(member MemberID) string {
	if member == 0 {
		return "the recipient may have asked not to be written to"
	}

	return fmt.Sprintf("member %d may have asked not to be written to", member)
}

// stop ends a delivery that may not be posted any more, or lets it wait for a person if a
// decision can allow it. What ends it goes before what lets it wait.
func (d *Delivery) stop(a *Allowance) Effect {
	switch {
	case a.Bounced && !a.ConsentRevoked:
		return d.endUnsent(SubmissionSuppressed, ErrorOptedOut, ReasonBounced)
	case a.Suppressed || a.ConsentRevoked:
		return d.endUnsent(SubmissionSuppressed, ErrorOptedOut, ReasonOptedOut)
	case a.ChatDeleted:
		return d.endUnsent(SubmissionCanceled, ErrorChatDeleted, ReasonChatDeleted)
	case a.NotificationsOff:
		return d.endUnsent(SubmissionCanceled, ErrorNotificationsOff, reasonNotificationsOff)
	case a.RecipientLeft && d.IsNotice():
		return d.endUnsent(SubmissionCanceled, ErrorRecipientLeft, reasonNoManager)
	case a.RecipientLeft:
		return d.endUnsent(SubmissionCanceled, ErrorRecipientLeft, reasonRecipientLeft)
	case a.ChatArchived:
		return d.endUnsent(SubmissionCanceled, ErrorChatArchived, reasonChatArchived)
	case a.PossibleOptOut:
		return d.HoldForOptOut()
	case a.AddressChanged:
		return d.leaveAlone(ErrorAddressChanged, reasonAddressChanged)
	case a.SenderGone:
		return d.leaveAlone(ErrorSenderGone, reasonSenderGone)
	case a.MovedOn:
		return d.leaveAlone(ErrorChatMovedOn, reasonChatMovedOn)
	case a.TakenOver:
		return d.leaveAlone(ErrorTakenOver, reasonTakenOver)
	case a.Braked != "":
		return d.leaveAlone(ErrorBraked, a.Braked)
	}

	return EffectNone
}

// RefuseTool returns the outcome of a tool call that is not made, because its message can no longer leave: the send has
// ended, or not even a person's decision can let the message leave. It reports false if the message may leave.
func (d *Delivery) RefuseTool(a Allowance) (refusal ToolOutcome, isRefused bool) {
	after := *d
	if !after.Submission.Settled() && after.stop(&a) != EffectNotSent {
		return ToolOutcome{}, false
	}

	return ToolOutcome{
		Kind:    ToolFailed,
		Code:    after.ErrorCode,
		Message: "its message is not sent any more: " + after.ErrorMessage,
	}, true
}

// leaveAlone lets a delivery that was not sent wait for a person. If an earlier attempt may have
// been taken, that goes to the person too.
func (d *Delivery) leaveAlone(code, message string) Effect {
	if d.mayHaveBeenTaken() {
		return d.reviewEarlierAttempt(code, message)
	}

	if d.Submission == SubmissionPending && d.ErrorCode == code {
		return EffectNone
	}

	d.Submission = SubmissionPending
	d.RetryAt = nil
	d.ErrorCode = code
	d.ErrorMessage = message

	return EffectWaits
}

// leftAlone reports whether nothing tries the delivery again by itself.
func (d *Delivery) leftAlone() bool { return slices.Contains(LeftAlone(), d.ErrorCode) }

// HoldForOptOut lets a delivery that was not handed over wait until a person has decided whether
// its recipient has opted out. Any other stays as it is.
func (d *Delivery) HoldForOptOut() Effect {
	if !d.Submission.Claimable() {
		return EffectNone
	}

	return d.leaveAlone(ErrorPossibleOptOut, ReasonPossibleOptOut(d.ToMemberID))
}

// heldForOptOut reports whether it waits for that decision.
func (d *Delivery) heldForOptOut() bool {
	return d.ErrorCode == ErrorPossibleOptOut && d.Releasable()
}

// ConfirmOptOut ends a delivery that was not handed over, because a person has decided that its
// recipient has opted out. What may have been taken before stays with a person, and says so.
func (d *Delivery) ConfirmOptOut() Effect {
	if !d.Submission.Claimable() && !d.heldForOptOut() {
		return EffectNone
	}

	return d.endUnsent(SubmissionSuppressed, ErrorOptedOut, ReasonOptedOut)
}

// DenyOptOut lets a delivery be tried at once that has waited for the decision whether its
// recipient has opted out. Any other stays as it is.
func (d *Delivery) DenyOptOut() Effect {
	if !d.heldForOptOut() {
		return EffectNone
	}

	d.Release()

	return EffectResumes
}

// EndWithChat ends a delivery that was not handed over, because its chat is deleted. Any other
// stays as it is.
func (d *Delivery) EndWithChat() Effect {
	if !d.Submission.Claimable() {
		return EffectNone
	}

	return d.endUnsent(SubmissionCanceled, ErrorChatDeleted, ReasonChatDeleted)
}
