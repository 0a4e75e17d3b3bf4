package chat

import "strings"

// Decide puts the delivery into the state that a person's verdict means: invalid_request for
// a verdict that is no decision, and a conflict that says what may be done instead if it does
// not fit the state.
//
//   - cancel: what was not handed over is never sent.
//   - sent: what may have been sent counts as sent; the provider's id is kept when it is given.
//   - not_sent: what may have been sent counts as not sent.
func (d *Delivery) Decide(decision *Decision) (Effect, error) {
	to := map[Verdict]SubmissionState{
		VerdictCancel:  SubmissionCanceled,
		VerdictSent:    SubmissionConfirmedSent,
		VerdictNotSent: SubmissionAbandoned,
	}[decision.Verdict]
	if to == "" {
		return EffectNone, Invalid("as", "must be sent or not_sent")
	}

	if decision.ActionID != "" {
		if err := d.CheckCancel(); err != nil {
			return EffectNone, err
		}
	}

	// What is abandoned otherwise is not for a person to say.
	decidable := d.Submission.May(to) && (to != SubmissionAbandoned || d.Submission.May(SubmissionConfirmedSent))
	if !decidable {
		return EffectNone, d.refuseVerdict(decision.Verdict)
	}

	if decision.Verdict == VerdictCancel {
		return d.endUnsent(SubmissionCanceled, ErrorCanceled, "a person canceled it"), nil
	}

	d.Submission = to
	d.RetryAt = nil
	d.LeaseUntil = nil
	d.UnknownSince = nil

	if decision.Verdict == VerdictNotSent {
		d.ErrorMessage = "a person resolved it as not sent"
		return EffectNotSent, nil
	}

	d.ErrorCode = ""
	d.ErrorMessage = ""

	if decision.ProviderMessageID != "" {
		d.ProviderMessageID = decision.ProviderMessageID
	}

	return EffectSent, nil
}

// refuseVerdict says why the verdict does not fit the delivery, and what may be done instead.
func (d *Delivery) refuseVerdict(v Verdict) *Error {
	only := "only one that may have been sent can be resolved"
	if v == VerdictCancel {
		only = "only one that was not handed over yet can be canceled"
	}

	words := map[Verdict]string{
		VerdictRetry:   "retry it",
		VerdictCancel:  "cancel it",
		VerdictSent:    "resolve it as sent",
		VerdictNotSent: "resolve it as not sent",
	}

	var may []string
	for _, c := range d.Commands() {
		may = append(may, words[c])
	}

	instead := "nothing needs to be done"

	switch {
	case len(may) > 0:
		instead = "you may " + strings.Join(may, ", or ")
	case d.Submission == SubmissionSending:
		instead = "wait for the provider's answer"
	}

	e := Errorf(CodeConflict, "this delivery is %s: %s; %s%s", d.Status(), only, instead, d.tellDecision())
	e.DeliveryID = string(d.ID)

	return e
}

// CheckCancel returns CodeAlreadySending if an attempt of the delivery may have left, and CodeConflict if it has ended
// without one. It returns nil if the provider certainly does not have it.
func (d *Delivery) CheckCancel() error {
	var e *Error

	switch {
	case d.Submission.May(SubmissionCanceled) && !d.mayHaveBeenTaken():
		return nil
	case d.Submission.Settled() && d.Submission != SubmissionAccepted && d.Submission != SubmissionConfirmedSent:
		e = Errorf(
			CodeConflict,
			"there is nothing left to cancel: the delivery is %s%s",
			d.Status(),
			d.tellDecision(),
		)
	default:
		e = Errorf(
			CodeAlreadySending,
			"the message may have left, so that it cannot be canceled: the delivery is %s%s",
			d.Status(),
			d.tellDecision(),
		)
	}

	e.DeliveryID = string(d.ID)

	return e
}
