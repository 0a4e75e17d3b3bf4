package chat

import (
	"cmp"
	"strings"
	"time"
)

// Effect is what a change of a delivery means for its message and its action.
type Effect string

// The effects. A rule that has changed nothing returns EffectNone.
const (
	EffectNone Effect = ""
	// EffectSaved: neither message nor action change, the delivery alone does.
	EffectSaved Effect = "saved"
	// EffectWaits: the action waits for more than a moment, for another try or a person.
	EffectWaits Effect = "waits"
	// EffectResumes: the action runs again.
	EffectResumes Effect = "resumes"
	// EffectSent: the message was sent, and the action has succeeded.
	EffectSent Effect = "sent"
	// EffectNotSent: the message was not sent, and the action has failed.
	EffectNotSent Effect = "not_sent"
	// EffectReplaced: the action has failed; another delivery goes on with the message.
	EffectReplaced Effect = "replaced"
)

// StatesBefore lists the states from which a delivery may go to next, in no particular order.
func StatesBefore(next SubmissionState) []SubmissionState {
	var before []SubmissionState

	for _, state := range SubmissionStates() {
		if state.May(next) {
			before = append(before, state)
		}
	}

	return before
}

// Claimable reports whether a delivery may be claimed: the provider certainly does not have it.
func (s SubmissionState) Claimable() bool { return s.May(SubmissionSending) }

// ClaimFacts is what a claim that was not granted may have failed at, as the store sees it
// in the transaction of the claim.
type ClaimFacts struct {
	Now time.Time
	Allowance
	// Busy reports that another delivery to the address is in flight.
	Busy bool
	// BusyWith is that delivery, "" if it has ended meanwhile.
	BusyWith DeliveryID
	// SameTextUntil is until when another delivery of the same text to the same address may
	// show up at the provider, nil if there is none. Then nobody could tell the two apart.
	SameTextUntil *time.Time
	// Older is an older delivery of the chat that is still to be tried by itself, nil if there is none.
	Older *OlderDelivery
	// ProbeAt is when the sender, whose account refuses everything, may post again; nil if
	// it refuses nothing. BreakerReason says what the provider refused it with.
	ProbeAt       *time.Time
	BreakerReason string
}

// ClaimRefusal says why a claim was not granted, and what that has changed.
type ClaimRefusal struct {
	Effect Effect
	// WaitUntil is when asking again makes sense, nil if that is not known.
	WaitUntil *time.Time
	// Busy reports that another delivery to the address must end first.
	Busy bool
	// Again reports that whatever refused the claim is over, so that it must be decided anew.
	Again bool
}

// RefuseClaim decides what a claim that was not granted means. It ends a delivery that must
// not be sent any more, makes one unknown whose claim ran out, and notes what the others
// wait for.
func (d *Delivery) RefuseClaim(facts ClaimFacts) ClaimRefusal {
	switch {
	case d.hasLostClaim(facts.Now):
		return ClaimRefusal{Effect: d.loseClaim(facts.Now)}
	case d.Submission == SubmissionSending:
		return ClaimRefusal{WaitUntil: d.LeaseUntil}
	case !d.Submission.Claimable():
		return ClaimRefusal{}
	case facts.forbids():
		return ClaimRefusal{Effect: d.stop(&facts.Allowance)}
	case d.RetryAt != nil && d.RetryAt.After(facts.Now):
		return ClaimRefusal{WaitUntil: d.RetryAt}
	case facts.ProbeAt != nil:
		return ClaimRefusal{Effect: d.waitForProbe(facts), WaitUntil: facts.ProbeAt}
	case facts.Busy:
		return ClaimRefusal{Effect: d.waitForAddress(facts.BusyWith), WaitUntil: d.RetryAt, Busy: true}
	case facts.Older != nil:
		return ClaimRefusal{Effect: d.waitForOlder(facts.Older), WaitUntil: facts.Older.nextCheck(facts.Now)}
	case facts.SameTextUntil != nil:
		return ClaimRefusal{Effect: d.waitForSameText(*facts.SameTextUntil), WaitUntil: facts.SameTextUntil}
	}

	return ClaimRefusal{Again: true}
}

// waitForProbe lets a delivery wait whose sender's account refuses everything. One that was
// refused itself keeps the provider's message.
func (d *Delivery) waitForProbe(facts ClaimFacts) Effect {
	if d.Submission != SubmissionBlocked {
		d.Submission = SubmissionBlocked
		d.ErrorCode = ErrorSenderBlocked
		d.ErrorMessage = facts.BreakerReason
	}

	d.RetryAt = facts.ProbeAt

	return EffectWaits
}

// waitForAddress lets a delivery wait whose address has another one in flight, and names that one.
func (d *Delivery) waitForAddress(other DeliveryID) Effect {
	if d.Submission == SubmissionPending {
		d.ErrorCode = ErrorAddressBusy
		d.ErrorMessage = ""
	}

	if d.Submission == SubmissionPending && other != "" {
		d.ErrorMessage = "delivery " + string(other)
	}

	return EffectSaved
}

// waitForSameText lets a delivery wait while a message of another one, with the same text to the
// same address, may still show up at the provider: nobody could tell the two apart.
func (d *Delivery) waitForSameText(until time.Time) Effect {
	if d.Submission == SubmissionPending {
		d.ErrorCode = ErrorTextBusy
		d.ErrorMessage = ""
	}

	d.RetryAt = &until

	return EffectWaits
}

// endUnsent ends a delivery whose last attempt the provider certainly does not have. If it may have
// taken an earlier one, nobody may say that nothing was sent: a person must decide.
func (d *Delivery) endUnsent(state SubmissionState, code, message string) Effect {
	if d.mayHaveBeenTaken() {
		return d.reviewEarlierAttempt(code, message)
	}

	d.Submission = state
	d.RetryAt = nil
	d.LeaseUntil = nil
	d.ErrorCode = code
	d.ErrorMessage = message

	return EffectNotSent
}

// reviewEarlierAttempt hands a delivery to a person that would go no further by itself, because an
// attempt before its last one may have been taken.
func (d *Delivery) reviewEarlierAttempt(code, message string) Effect {
	d.RetryAt = nil
	d.LeaseUntil = nil
	d.ErrorCode = code
	d.ErrorMessage = WithEarlierAttempt(message)

	return d.requireReview()
}

// WithEarlierAttempt adds to the error message of a delivery's last attempt that an earlier one may
// have been taken.
func WithEarlierAttempt(message string) string {
	return strings.TrimPrefix(message+"; an earlier attempt may have been taken", "; ")
}

// EndAttempt puts the delivery into the state that the outcome of an attempt leads to.
func (d *Delivery) EndAttempt(outcome SubmissionOutcome) {
	d.Submission = outcome.After()
	if d.Submission.Settled() && d.Submission != SubmissionAccepted && d.mayHaveBeenTaken() {
		d.Submission = SubmissionNeedsReview
	}
}

// loseClaim makes a delivery unknown whose claimer did not come back. It is never posted
// again from here, since the provider may have it.
func (d *Delivery) loseClaim(now time.Time) Effect {
	d.Submission = SubmissionUnknown
	d.UnknownSince = &now
	d.LeaseUntil = nil
	d.openEvidence()
	d.ErrorCode = ErrorLeaseExpired
	d.ErrorMessage = "whoever was sending it did not come back in time"

	return EffectWaits
}

// hasLostClaim reports whether whoever claimed the delivery did not come back in time.
func (d *Delivery) hasLostClaim(now time.Time) bool {
	return d.Submission == SubmissionSending && d.LeaseUntil.Before(now)
}

// Exhaust notes that a delivery which was not sent is not tried again by itself, so that a
// person must decide. It changes only one that is pending or blocked, and only if none must yet.
func (d *Delivery) Exhaust() Effect {
	if !d.Submission.Claimable() || d.leftAlone() {
		return EffectNone
	}

	if d.mayHaveBeenTaken() {
		return d.reviewEarlierAttempt(ErrorTriesExhausted, "it is not tried again by itself")
	}

	d.ErrorMessage = strings.TrimSuffix("last "+cmp.Or(d.ErrorCode, "no reason given")+", "+d.ErrorMessage, ", ")
	d.ErrorCode = ErrorTriesExhausted
	d.RetryAt = nil

	return EffectWaits
}

// MaxUnknown is how many attempts of one delivery may end unknown before nothing sends it
// again by itself: each may be a copy that the recipient has got.
const MaxUnknown = 3

// Settle decides by the policy what becomes of an unknown delivery for which no evidence has
// come, and makes one unknown whose claim ran out. unknown is how many of its attempts have
// ended unknown. Any other delivery stays as it is.
func (d *Delivery) Settle(unknown int64, now time.Time) Effect {
	switch {
	case d.hasLostClaim(now):
		return d.loseClaim(now)
	case d.Submission != SubmissionUnknown:
		return EffectNone
	}

	switch d.Policy {
	case ResendAfterSettle:
		if unknown >= MaxUnknown || d.ErrorCode == ErrorNoMessageID {
			return d.requireReview()
		}

		d.Submission = SubmissionPending
		d.UnknownSince = nil

		return EffectResumes

	case ExpireUnknown:
		d.Submission = SubmissionExpired
		d.ErrorCode = ErrorExpired
		d.ErrorMessage = "nobody could tell in time whether it was sent; it may have been"

		return EffectNotSent

	case AtMostOnce:
	}

	return d.requireReview()
}

// requireReview hands an unknown outcome to a person.
func (d *Delivery) requireReview() Effect {
	d.Submission = SubmissionNeedsReview

	return EffectWaits
}

// FreeAddress ends the time that a delivery may hold up the next one to its address, because
// its own workflow is gone: one that was being sent becomes unknown, an unknown one goes to a
// person.
func (d *Delivery) FreeAddress(now time.Time) Effect {
	switch d.Submission {
	case SubmissionSending:
		return d.loseClaim(now)
	case SubmissionUnknown:
		return d.requireReview()
	default: // it holds up nothing
		return EffectNone
	}
}

// Orphan notes that nothing follows a delivery any more, because its workflow is gone.
// toolsPending reports that tool calls of its message have not all succeeded. What the
// provider may have goes to a person, by way of unknown; what it has is unconfirmed; what was
// not handed over waits for a person, unless its tools had still to run.
func (d *Delivery) Orphan(toolsPending bool, now time.Time) Effect {
	switch {
	case d.hasLostClaim(now):
		return d.loseClaim(now)
	case d.Submission == SubmissionUnknown && d.Policy == ExpireUnknown:
		return d.Settle(0, now)
	case d.Submission == SubmissionUnknown:
		// It is never sent again, whatever its policy, since nothing would send it.
		return d.requireReview()
	case d.Submission.Claimable() && !d.leftAlone():
		return d.orphanUnsent(toolsPending)
	case d.Submission == SubmissionAccepted:
		return d.Unconfirm(false)
	}

	return EffectNone
}

func (d *Delivery) orphanUnsent(toolsPending bool) Effect {
	if toolsPending {
		return d.endUnsent(
			SubmissionCanceled,
			ErrorWorkflowGone,
			"its workflow was ended in Temporal before its tools had run; nothing was sent",
		)
	}

	if d.mayHaveBeenTaken() {
		return d.reviewEarlierAttempt(ErrorWorkflowGone, "its workflow was ended in Temporal")
	}

	d.Submission = SubmissionPending
	d.RetryAt = nil
	d.ErrorCode = ErrorWorkflowGone
	d.ErrorMessage = "its workflow was ended in Temporal; nothing was sent"

	return EffectWaits
}

// Unconfirm ends the wait for the final status of a delivery that the provider accepted. notShown
// reports that the provider was asked, and does not know the message by the id that it gave. Any
// other delivery stays as it is.
func (d *Delivery) Unconfirm(notShown bool) Effect {
	if d.Submission != SubmissionAccepted || d.DeliveryStatus.Final() {
		return EffectNone
	}

	d.DeliveryStatus = StatusUnconfirmed
	d.ErrorCode = ErrorUnconfirmed
	d.ErrorMessage = "the provider took it and never reported what became of it"

	if notShown {
		d.ErrorCode = ErrorNotShown
		d.ErrorMessage = "the provider took it, and does not know it by the id that it gave"
	}

	return EffectSaved
}

// Cancel ends a delivery that was not handed over, for a reason. Any other stays as it is.
func (d *Delivery) Cancel(reason string) Effect {
	if !d.Submission.May(SubmissionCanceled) {
		return EffectNone
	}

	return d.endUnsent(SubmissionCanceled, ErrorCanceled, reason)
}

// CancelAsRepeat ends a delivery that was not handed over and repeats one that the provider
// took after all: the message must not arrive twice. Any other stays as it is.
func (d *Delivery) CancelAsRepeat() Effect {
	if !d.Submission.May(SubmissionCanceled) {
		return EffectNone
	}

	effect := d.endUnsent(SubmissionCanceled, ErrorReplaced, "the provider took the delivery that it repeats after all")
	if effect == EffectNotSent {
		return EffectReplaced
	}

	return effect
}

// Replace ends a delivery in favour of another one if it is still open. One that has ended
// stays as it is.
func (d *Delivery) Replace(by DeliveryID) Effect {
	if !d.Releasable() {
		return EffectNone
	}

	d.RetryAt = nil
	d.LeaseUntil = nil
	d.UnknownSince = nil
	d.ErrorCode = ErrorReplaced
	d.ErrorMessage = "a person tried it again with a change, as delivery " + string(by)

	if d.Submission == SubmissionNeedsReview || d.mayHaveBeenTaken() {
		d.Submission = SubmissionAbandoned
	} else {
		d.Submission = SubmissionCanceled
	}

	return EffectReplaced
}

// Releasable reports whether a retry of the delivery goes on under its own id: the provider
// certainly does not have it, or a person must decide about it.
func (d *Delivery) Releasable() bool {
	return d.Submission.Claimable() || d.Submission == SubmissionNeedsReview
}

// GoesOnAsIs reports whether a retry without a change releases the delivery. One whose recipient has
// another address, or whose sender is gone, is planned anew, as another delivery.
func (d *Delivery) GoesOnAsIs() bool {
	return d.Releasable() && d.ErrorCode != ErrorAddressChanged && d.ErrorCode != ErrorSenderGone
}

// Release lets a releasable delivery be tried at once. A precondition that has held it back is not
// asked again.
func (d *Delivery) Release() {
	d.ignoreHold()

	d.Submission = SubmissionPending
	d.RetryAt = nil
	d.UnknownSince = nil
	d.LeaseUntil = nil
	d.ErrorCode = ""
	d.ErrorMessage = ""
}
