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

// isCopyOfAnother reports whether a message is recorded as a duplicate of another delivery.
func (s *state) isCopyOfAnother(i int, message int8) bool {
	if message == 0 {
		return false
	}

	of := s.messages[message-1].copyOf

	return of != 0 && int(of-1) != i
}

// recordSubmission stores the outcome of a post, as [db.Store.RecordSubmission] does.
func (p *Protocol) recordSubmission(s *state, w *worker) {
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
	lasting := d.is(chat.SubmissionSending) && d.fence == w.fence

	if lasting || a.outcome == 0 {
		a.outcome = numberOf(outcomes, outcome)
	}

	if outcome == chat.OutcomeUnknown {
		s.closeOtherEvidence(i)
	}

	if !lasting {
		return
	}

	p.move(s, i, func(d *chat.Delivery) chat.Effect {
		d.EndAttempt(outcome)
		d.ErrorCode = ""

		if outcome == chat.OutcomeUnknown {
			d.Evidence = chat.EvidenceOpen
		}

		return chat.EffectSaved
	})
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

	// What was not known before has no receipt yet; without its workflow, the sweep ends that wait.
	d.submission = numberOf(submissions, chat.SubmissionAccepted)
	d.reason = 0
	d.closed = false

	if in.message != 0 {
		d.message = in.message
	}

	d.finishAttempt(in)

	if !lasting {
		d.evidence = numberOf(evidences, d.evidenceBeside(in.fence))
	}

	if !lasting || in.delivery >= sends {
		s.recordSentTwice(in.delivery)
	}
}

// evidenceBeside is what is left open when an attempt was taken: whether another one may have
// become a message that nobody knows, as db/evidence.go asks.
func (d *delivery) evidenceBeside(fence int8) chat.EvidenceState {
	for k := range d.fence {
		outcome := outcomes[d.attempts[k].outcome]
		if k+1 != fence && (outcome == "" || outcome == chat.OutcomeUnknown) {
			return chat.EvidencePast
		}
	}

	return chat.EvidenceNone
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
		s.messages[in.message-1].copyOf = int8(in.delivery + 1)
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

	if s.ownedByAnother(i, r.message) || p.Mendings.DuplicatesAreOwned && s.isCopyOfAnother(i, r.message) {
		if p.Mendings.TakenIDIsNoEvidence {
			return
		}

		r.message = 0
	}

	p.acceptReported(s, r)

	if !d.is(chat.SubmissionAccepted) || r.message != 0 && d.message != 0 && r.message != d.message {
		return
	}

	if r.status.Supersedes(statuses[d.status], chat.ProviderTwilio) {
		d.status = numberOf(statuses, r.status)
	}

	compares := i < sends || p.Mendings.ArrivalsCompareBothWays

	if p.Mendings.LateArrivalIsFlagged && compares && r.status.Arrived() {
		p.cancelRetry(s, i)
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

	if !accepted && !r.status.Lost() {
		p.cancelRetry(s, r.delivery)
	}
}

// cancelRetry cancels what repeats a delivery that was taken after all, if there is such a thing
// and the carrier does not have it yet.
func (p *Protocol) cancelRetry(s *state, i int) {
	if i < sends && s.deliveries[i+sends].exists {
		p.move(s, i+sends, (*chat.Delivery).CancelAsRepeat)
	}
}
