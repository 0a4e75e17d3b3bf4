package chat

// Duplicate is whether a delivery may have reached its recipient twice: by two attempts of its own, or
// by one of it and one of a delivery that it repeats or that repeats it.
type Duplicate string

// The kinds. A delivery without one has none.
const (
	// DuplicateNone: one message at most may have reached the recipient.
	DuplicateNone Duplicate = "none"
	// DuplicatePossible: one attempt was taken, and another one may have been; nothing tells.
	DuplicatePossible Duplicate = "possible"
	// DuplicateConfirmed: two messages were found.
	DuplicateConfirmed Duplicate = "confirmed"
)

// Duplicates lists all of them.
func Duplicates() []Duplicate {
	return []Duplicate{DuplicateNone, DuplicatePossible, DuplicateConfirmed}
}

// Copies is what is known of the messages that one delivery has become.
type Copies struct {
	// Possible is how many messages may have reached the recipient.
	Possible int
	// Taken reports that the provider, or a person, has said of one of them that it was sent.
	Taken bool
	// Found reports that a second message was found: of the delivery itself, or of it and of another
	// delivery of the same message.
	Found bool
}

// CountCopies counts the messages that the delivery may have become, by its state and its attempts. One
// that its provider has reported as lost has not reached the recipient. found reports that a second one
// was found.
func (d *Delivery) CountCopies(found bool) Copies {
	unresolved := d.countUnresolved()
	copies := Copies{Possible: unresolved, Found: found}

	switch {
	case d.Submission == SubmissionAccepted && d.DeliveryStatus.Lost():
		copies.Possible = d.countBeside(unresolved)
	case d.Submission == SubmissionAccepted, d.Submission == SubmissionConfirmedSent:
		copies.Possible = 1 + d.countBeside(unresolved)
		copies.Taken = true
	case d.mayBeSent():
		copies.Possible = max(1, unresolved)
	}

	return copies
}

// countUnresolved counts the attempts that may have become messages which nobody knows. One that is
// under way has not come to anything yet.
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

// countBeside is how many of the unresolved attempts stand beside the message that is known. If no attempt
// is known to have become it, one of them has.
func (d *Delivery) countBeside(unresolved int) int {
	for i := range d.Attempts {
		if d.Attempts[i].Outcome == OutcomeAccepted {
			return unresolved
		}
	}

	return max(0, unresolved-1)
}

// mayBeSent reports whether the delivery stands for a message of which nobody knows whether it was sent.
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

	possible, taken := c.Possible, c.Taken

	for _, other := range others {
		possible += other.Possible
		taken = taken || other.Taken
	}

	if c.Possible > 0 && possible > 1 && taken {
		return DuplicatePossible
	}

	return DuplicateNone
}

// explain begins what a delivery's explanation says. It is "" if there is nothing to say.
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

// ReasonSentTwice is why a chat needs a response in which a message was sent twice.
const ReasonSentTwice = "A message was sent twice: the recipient may have got two copies."

// MayDuplicate reports whether a retry of the delivery may create a second copy: an attempt of it may have
// been taken, or the provider has it and never told what became of it.
func (d *Delivery) MayDuplicate() bool {
	unconfirmed := d.Submission == SubmissionAccepted && d.DeliveryStatus == StatusUnconfirmed

	return unconfirmed || d.mayBeSent() || d.mayHaveBeenTaken()
}

// FieldAcknowledgeDuplicate is the field of a retry by which a person says that they know that the message
// may be sent twice.
const FieldAcknowledgeDuplicate = "acknowledge_duplicate"

// RetryNeeds lists the fields that a retry without a change must have.
func (d *Delivery) RetryNeeds() []string {
	if !d.MayDuplicate() {
		return nil
	}

	return []string{"reason", FieldAcknowledgeDuplicate}
}

// CheckAcknowledgment refuses a retry that may send the message twice, unless whoever asks for it has said
// that they know, and why: invalid_request with the fields that are missing.
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

// DuplicateFilter narrows a list to deliveries that were sent twice, or may have been. The zero one does not.
type DuplicateFilter struct {
	Possible  bool `json:"possible,omitempty"`
	Confirmed bool `json:"confirmed,omitempty"`
}

// NewDuplicateFilter is the filter for any of these kinds, and invalid_request for DuplicateNone.
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

// Kinds lists what the filter lets through, nothing if it does not narrow.
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
