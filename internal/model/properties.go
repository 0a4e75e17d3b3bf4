package model

import "handrail/chat"

// Kind says which part of the promise is broken.
type Kind string

// The parts of the promise.
const (
	Lost      Kind = "lost"
	NoID      Kind = "no id"
	Doubled   Kind = "doubled"
	ToldWrong Kind = "told wrong"
	Stuck     Kind = "stuck"
)

// Violation is a state that the promise forbids.
type Violation struct {
	Kind Kind
	// What says what is wrong, in a sentence.
	What string
}

// checkAlways checks what must hold in every state.
func (s *state) checkAlways() *Violation {
	for i := range s.deliveries {
		d := &s.deliveries[i]
		name := string(deliveryNames[i])

		switch {
		case d.is(chat.SubmissionAccepted) && d.message == 0:
			return &Violation{Kind: NoID, What: name + " is accepted and has no provider's id"}
		case d.message != 0 && int(s.messages[d.message-1].owner)%sends != i%sends:
			return &Violation{Kind: Lost, What: name + " is accepted as a message of another send"}
		case (d.toldCanceled || d.is(chat.SubmissionCanceled)) && s.countMessages(i) > 0:
			return &Violation{Kind: ToldWrong, What: name + " was told to be canceled, and the carrier has it"}
		}
	}

	return nil
}

// checkQuiet checks what must hold when nothing more happens by itself.
func (s *state) checkQuiet() *Violation {
	for i := range s.deliveries {
		if !s.deliveries[i].exists {
			continue
		}

		if v := s.checkEnd(i); v != nil {
			return v
		}
	}

	for i := range sends {
		if !s.flagged[i] && s.isDoubled(i) && !s.isLeftToPerson(i) && !s.isLeftToPerson(i+sends) {
			return &Violation{Kind: Doubled, What: "the carrier has " + string(deliveryNames[i]) + " twice, unflagged"}
		}
	}

	return nil
}

// checkEnd checks how one delivery has ended.
func (s *state) checkEnd(i int) *Violation {
	d := s.domain(i)
	snapshot := d.Snapshot()
	name := string(deliveryNames[i])
	ended := d.Submission.Settled() && (d.Submission != chat.SubmissionAccepted || d.DeliveryStatus.Final())

	switch {
	case !ended && !snapshot.WaitsForPerson(), d.Explain() == "":
		return &Violation{Kind: Stuck, What: name + " is " + d.Status() + " for ever"}
	case s.deliveries[i].isSaidUnsent() && s.countMessages(i) > 0:
		return &Violation{Kind: ToldWrong, What: name + " is said to be not sent, and the carrier has it"}
	}

	return nil
}

// isLeftToPerson reports whether a delivery waits for a person and has no workflow that looks for its
// messages meanwhile. The sweep does when the person has decided.
func (s *state) isLeftToPerson(i int) bool {
	d := &s.deliveries[i]

	return d.gone && d.is(chat.SubmissionNeedsReview)
}

// isDoubled reports whether the carrier has two messages for a send that nobody can explain away:
// two of one delivery, or one of the send and one of its retry of which neither is known to be
// lost, nor was given up unconfirmed.
func (s *state) isDoubled(i int) bool {
	return s.countHeld(i) > 1 || s.countHeld(i+sends) > 1 || s.countsAsSent(i) && s.countsAsSent(i+sends)
}

// countHeld is how many of the carrier's messages count as a delivery's.
func (s *state) countHeld(i int) int {
	count := 0

	for k := range s.messages {
		if s.messages[k].fence > 0 && s.holderOf(k) == i {
			count++
		}
	}

	return count
}

// holderOf is the delivery that a message counts as. A send and its retry have one recipient and
// one text, so that it is the one that it is recorded for, if there is one.
func (s *state) holderOf(k int) int {
	if holder, ok := s.recordedFor(k); ok {
		return holder
	}

	return int(s.messages[k].owner)
}

// recordedFor is the delivery that a message is recorded for, as its own or as its duplicate.
func (s *state) recordedFor(k int) (int, bool) {
	if of := s.messages[k].copyOf; of != 0 {
		return int(of - 1), true
	}

	for i := range s.deliveries {
		if int(s.deliveries[i].message) == k+1 {
			return i, true
		}
	}

	return 0, false
}

// countsAsSent reports whether the carrier has a message for a delivery which is not known as
// lost, nor was given up unconfirmed.
func (s *state) countsAsSent(i int) bool {
	d := &s.deliveries[i]

	for k := range s.messages {
		m := &s.messages[k]
		if m.fence == 0 || s.holderOf(k) != i {
			continue
		}

		givenUp := d.is(chat.SubmissionAccepted) && statuses[d.status] == chat.StatusUnconfirmed
		if m.delivered || !m.undelivered && !givenUp {
			return true
		}
	}

	return false
}

// countMessages is how many messages the carrier has made for a delivery.
func (s *state) countMessages(i int) int {
	count := 0

	for k := range s.messages {
		if s.messages[k].fence > 0 && int(s.messages[k].owner) == i {
			count++
		}
	}

	return count
}
