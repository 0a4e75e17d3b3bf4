package model

import "handrail/chat"

// acceptance is what db/submissions.go records when the carrier has taken a message.
type acceptance struct {
	delivery int
	fence    int8
	message  int8
	// evidence reports that it was not said to the claim itself, but learnt another way.
	evidence bool
}

// ownedByAnother reports whether a provider's id is already another delivery's.
func (s *state) ownedByAnother(i int, message int8) bool {
	if message == 0 {
		return false
	}

	for k := range s.deliveries {
		if k != i && s.deliveries[k].message == message {
			return true
		}
	}

	return false
}

// isDuplicateOfAnother reports whether a message is known as one of another delivery's attempts.
func (s *state) isDuplicateOfAnother(i int, message int8) bool {
	for k := range s.deliveries {
		for _, a := range s.deliveries[k].attempts {
			if k != i && message != 0 && a.message == message {
				return true
			}
		}
	}

	return false
}

// recordSubmission stores the outcome of a post, as [db.Store.RecordSubmission] does.
func (s *state) recordSubmission(w *worker) {
	i := int(w.delivery)
	outcome := outcomes[w.outcome]

	if outcome == chat.OutcomeAccepted && s.ownedByAnother(i, w.message) {
		outcome = chat.OutcomeUnknown // activities.markContradictory
	}

	if outcome == chat.OutcomeAccepted {
		s.recordAcceptance(acceptance{
			delivery: i,
			fence:    w.fence,
			message:  w.message,
		})

		return
	}

	d := &s.deliveries[i]
	a := &d.attempts[w.fence-1]

	if d.is(chat.SubmissionSending) && d.fence == w.fence {
		d.submission = numberOf(submissions, outcome.After())
		d.reason = 0
		a.outcome = numberOf(outcomes, outcome)
	} else if a.outcome == 0 {
		a.outcome = numberOf(outcomes, outcome)
	}
}

func (s *state) recordAcceptance(in acceptance) {
	d := &s.deliveries[in.delivery]
	lasting := d.is(chat.SubmissionSending) && d.fence == in.fence

	switch {
	case d.is(chat.SubmissionAccepted):
		s.recordAcceptanceAgain(in)
		return
	case !d.state().May(chat.SubmissionAccepted):
		return
	}

	d.submission = numberOf(submissions, chat.SubmissionAccepted)
	d.reason = 0

	if in.message != 0 {
		d.message = in.message
	}

	d.finishAttempt(in)

	if !lasting || in.delivery >= sends {
		s.recordSentTwice(in.delivery)
	}
}

// recordAcceptanceAgain is for a delivery that is accepted already.
func (s *state) recordAcceptanceAgain(in acceptance) {
	d := &s.deliveries[in.delivery]

	d.finishAttempt(in)

	switch {
	case in.message == 0 || in.message == d.message:
	case d.message == 0:
		d.message = in.message
	default:
		s.flagged[in.delivery%sends] = true
	}
}

// finishAttempt completes the row of an attempt. Evidence that came another way leaves what the
// attempt itself has seen.
func (d *delivery) finishAttempt(in acceptance) {
	if in.fence == 0 {
		return
	}

	a := &d.attempts[in.fence-1]
	if in.evidence && a.outcome != 0 && outcomes[a.outcome] != chat.OutcomeUnknown {
		return
	}

	a.outcome = numberOf(outcomes, chat.OutcomeAccepted)
	a.message = in.message
}

// recordSentTwice flags a send whose other delivery was sent as well, as db/duplicates.go does.
func (s *state) recordSentTwice(i int) {
	other := (i + sends) % deliveryCount
	if !s.deliveries[other].exists {
		return
	}

	d := chat.Delivery{
		Submission:     s.deliveries[other].state(),
		DeliveryStatus: statuses[s.deliveries[other].status],
	}

	switch d.Status() {
	case "accepted", "delivered", "read", "confirmed_sent":
		s.flagged[i%sends] = true
	}
}

// report is what a callback or a look-up tells about a message.
type report struct {
	delivery int
	fence    int8
	message  int8
	status   chat.DeliveryStatus
}

// recordReport stores a report and what follows from it, as db/reports.go does.
func (p *Protocol) recordReport(s *state, r report) {
	i := r.delivery
	d := &s.deliveries[i]

	if s.ownedByAnother(i, r.message) || p.Proposals.DuplicatesAreOwned && s.isDuplicateOfAnother(i, r.message) {
		if p.Mendings.TakenIDIsNoEvidence {
			return
		}

		r.message = 0
	}

	p.acceptReported(s, r)

	if !d.is(chat.SubmissionAccepted) || r.message != 0 && d.message != 0 && r.message != d.message {
		return
	}

	if r.status.Supersedes(statuses[d.status]) {
		d.status = numberOf(statuses, r.status)
	}

	if !p.Mendings.LateArrivalIsFlagged || !r.status.Arrived() {
		return
	}

	if i < sends && s.deliveries[i+sends].exists {
		p.cancelRetry(s, i)
		s.recordSentTwice(i)
	}

	if p.Proposals.ArrivalsCompareBothWays && s.hasArrived((i+sends)%deliveryCount) {
		s.flagged[i%sends] = true
	} else if p.Proposals.ArrivalsCompareBothWays {
		s.recordSentTwice(i)
	}
}

func (p *Protocol) acceptReported(s *state, r report) {
	d := &s.deliveries[r.delivery]
	accepted := d.is(chat.SubmissionAccepted)

	if accepted && r.message != 0 && r.message == d.message {
		return
	}

	s.recordAcceptance(acceptance{
		delivery: r.delivery,
		fence:    r.fence,
		message:  r.message,
		evidence: true,
	})

	if !accepted && r.delivery < sends && !r.status.Lost() {
		p.cancelRetry(s, r.delivery)
	}
}

// cancelRetry cancels what repeats a delivery that was taken after all, if there is such a thing
// and the carrier does not have it yet.
func (p *Protocol) cancelRetry(s *state, i int) {
	if s.deliveries[i+sends].exists {
		s.move(i+sends, (*chat.Delivery).CancelAsRepeat)
		p.keepOpen(s, i+sends)
	}
}

// hasArrived reports whether the carrier has told that a message of a delivery has arrived.
func (s *state) hasArrived(i int) bool {
	for k := range s.messages {
		if s.messages[k].fence > 0 && int(s.messages[k].owner) == i && s.messages[k].delivered {
			return true
		}
	}

	return false
}
