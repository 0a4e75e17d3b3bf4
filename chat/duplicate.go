package chat

// Duplicate says whether a message may have reached its recipient twice: by two attempts of one delivery, or by
// attempts of two deliveries of which one repeats the other.
type Duplicate string

// The kinds of duplicates.
const (
	// DuplicateNone: one message at most may have reached the recipient.
	DuplicateNone Duplicate = "none"
	// DuplicatePossible: one attempt was accepted, and the outcome of another one is unknown.
	DuplicatePossible Duplicate = "possible"
	// DuplicateConfirmed: two messages were found.
	DuplicateConfirmed Duplicate = "confirmed"
)

// Duplicates lists all kinds.
func Duplicates() []Duplicate {
	return []Duplicate{DuplicateNone, DuplicatePossible, DuplicateConfirmed}
}

// Copies counts the copies of its message that one delivery may have sent.
type Copies struct {
	// Possible is how many copies may have reached the recipient.
	Possible int
	// Taken reports whether the provider or a person has confirmed one copy.
	Taken bool
	// Found reports whether a second copy was found, of this delivery or of another one of the same message.
	Found bool
}

// CountCopies counts the copies that the delivery may have sent, by its state and its attempts. A copy that the
// provider has reported as lost does not count. found says that a second copy was found.
func (d *Delivery) CountCopies(found bool) Copies {
	unresolved := d.countUnresolved()
	copies := Copies{Possible: unresolved, Found: found}

	switch {
	case d.Submission == SubmissionAccepted && d.DeliveryStatus.Lost():
		copies.Possible = d.countOtherUnresolved(unresolved)
	case d.Submission == SubmissionAccepted, d.Submission == SubmissionConfirmedSent:
		copies.Possible = 1 + d.countOtherUnresolved(unresolved)
		copies.Taken = true
	case d.mayBeSent():
		copies.Possible = max(1, unresolved)
	}

	return copies
}

// countUnresolved counts the attempts whose outcome is unknown, without one that is under way.
func (d *Delivery) countUnresolved() int {
	if !d.mayHaveBeenTaken() {
		return 0
	}

	unresolved := 0

	for _, a := range d.UnresolvedAttempts() {
		isRunning := a.Outcome == "" && a.Fence == d.Fence && d.Submission == SubmissionSending
		if !isRunning {
			unresolved++
		}
	}

	return unresolved
}

// countOtherUnresolved counts the unresolved attempts beside the one that has sent the known copy. If no attempt is
// known to have sent it, one of the unresolved ones has.
func (d *Delivery) countOtherUnresolved(unresolved int) int {
	for i := range d.Attempts {
		if d.Attempts[i].Outcome == OutcomeAccepted {
			return unresolved
		}
	}

	return max(0, unresolved-1)
}

// mayBeSent reports whether it is unknown whether the delivery was sent.
func (d *Delivery) mayBeSent() bool {
	switch d.Submission {
	case SubmissionUnknown, SubmissionNeedsReview, SubmissionExpired, SubmissionAbandoned:
		return true
	case SubmissionPending,
		SubmissionSending,
		SubmissionAccepted,
		SubmissionRejected,
		SubmissionBlocked,
		SubmissionSuppressed,
		SubmissionCanceled,
		SubmissionConfirmedSent:
	}

	return false
}

// JudgeDuplicate decides whether a delivery was sent twice, or may have been. others are the deliveries
// that it repeats, and those that repeat it, directly or in turn.
func (c Copies) JudgeDuplicate(others ...Copies) Duplicate {
	if c.Found {
		return DuplicateConfirmed
	}

	possible := c.Possible
	taken := c.Taken

	for _, other := range others {
		possible += other.Possible
		taken = taken || other.Taken
	}

	if c.Possible > 0 && possible > 1 && taken {
		return DuplicatePossible
	}

	return DuplicateNone
}

// explain returns the beginning of a delivery's explanation, "" if there is no duplicate.
func (d Duplicate) explain() string {
	switch d {
	case DuplicateConfirmed:
		return "It was sent twice: the recipient may have got two copies. "
	case DuplicatePossible:
		return "It may have been sent twice: more than one attempt may have reached the recipient. "
	case DuplicateNone:
	}

	return ""
}

// ReasonSentTwice is the reason for which a chat needs a response after a confirmed duplicate.
const ReasonSentTwice = "A message was sent twice: the recipient may have got two copies."

// MayDuplicate reports whether a retry of the delivery may create a second copy: an attempt of it may have
// been taken, or the provider has it and never told what became of it.
func (d *Delivery) MayDuplicate() bool {
	unconfirmed := d.Submission == SubmissionAccepted && d.DeliveryStatus == StatusUnconfirmed

	return unconfirmed || d.mayBeSent() || d.mayHaveBeenTaken()
}

// FieldAcknowledgeDuplicate is the field of a retry by which a person accepts that the message may be sent twice.
const FieldAcknowledgeDuplicate = "acknowledge_duplicate"

// NeedChange says that only a retry with another address or sender may be accepted.
const NeedChange = "change"

// RetryNeeds lists what a retry must have: fields, and [NeedChange].
func (d *Delivery) RetryNeeds() []string {
	var needs []string

	if d.findRetryRefusal() != nil {
		needs = append(needs, NeedChange)
	}

	if d.MayDuplicate() {
		needs = append(needs, "reason", FieldAcknowledgeDuplicate)
	}

	return needs
}

// CheckAcknowledgment returns invalid_request, with the missing fields, for a retry that may send the message twice,
// unless the duplicate is acknowledged and a reason is given.
func (d *Delivery) CheckAcknowledgment(acknowledged bool, reason string) error {
	if !d.MayDuplicate() || acknowledged && reason != "" {
		return nil
	}

	var missing []FieldError

	if !acknowledged {
		missing = append(missing, FieldError{
			Field:   FieldAcknowledgeDuplicate,
			Message: "must be true: this delivery is " + d.Status() + ", so a retry may send the message twice",
		})
	}

	if reason == "" {
		missing = append(missing, FieldError{
			Field:   "reason",
			Message: "must say why the message may be sent twice, since it is kept with the delivery",
		})
	}

	e := Errorf(CodeInvalidRequest, "%s %s", missing[0].Field, missing[0].Message)
	e.Fields = missing
	e.DeliveryID = string(d.ID)

	return e
}

// DuplicateFilter selects deliveries that were sent twice, or may have been. The zero value selects all.
type DuplicateFilter struct {
	Possible  bool `json:"possible,omitempty"`
	Confirmed bool `json:"confirmed,omitempty"`
}

// NewDuplicateFilter returns the filter for any of these kinds, and invalid_request for DuplicateNone.
func NewDuplicateFilter(kinds []Duplicate) (DuplicateFilter, error) {
	var f DuplicateFilter

	for _, kind := range kinds {
		switch kind {
		case DuplicatePossible:
			f.Possible = true
		case DuplicateConfirmed:
			f.Confirmed = true
		case DuplicateNone:
			return f, Invalid("duplicate", "must be %s or %s", DuplicatePossible, DuplicateConfirmed)
		}
	}

	return f, nil
}

// Kinds lists the kinds that the filter selects, none if it selects all.
func (f DuplicateFilter) Kinds() []Duplicate {
	var kinds []Duplicate

	if f.Possible {
		kinds = append(kinds, DuplicatePossible)
	}

	if f.Confirmed {
		kinds = append(kinds, DuplicateConfirmed)
	}

	return kinds
}
