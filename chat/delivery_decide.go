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

	if !d.Submission.May(to) {
		return EffectNone, d.refuseVerdict(decision.Verdict)
	}

	d.Submission = to
	d.RetryAt = nil
	d.LeaseUntil = nil
	d.UnknownSince = nil

	switch decision.Verdict {
	case VerdictSent:
		d.ErrorCode = ""
		d.ErrorMessage = ""

		if decision.ProviderMessageID != "" {
			d.ProviderMessageID = decision.ProviderMessageID
		}

		return EffectSent, nil

	case VerdictNotSent:
		d.ErrorMessage = "a person resolved it as not sent"
		return EffectNotSent, nil
	case VerdictCancel, VerdictRetry:
	}

	d.ErrorCode = ErrorCanceled
	d.ErrorMessage = "a person canceled it"

	return EffectNotSent, nil
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

	e := Errorf(CodeConflict, "this delivery is %s: %s; %s", d.Status(), only, instead)
	e.DeliveryID = string(d.ID)

	return e
}
