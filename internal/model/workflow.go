package model

import "handrail/chat"

// addFirstTask is the start of a send's workflow, and its cancellation before that.
func (c *stepper) addFirstTask(i int) {
	d := &c.from.deliveries[i]
	if i >= c.Bounds.Sends || d.exists || d.toldCanceled || !c.from.hasSpareClaim() {
		return
	}

	next := *c.from

	if d.cancelAsked && c.Mendings.CancelIsAskedFirst {
		next.deliveries[i].toldCanceled = true
		c.add(label{text: "{delivery} finds itself canceled before anything is stored", delivery: i}, next)

		return
	}

	next.deliveries[i] = newDelivery()
	next.deliveries[i].cancelAsked = d.cancelAsked
	c.add(label{text: "{delivery} is stored", delivery: i}, next)

	if !d.cancelAsked && c.from.cancelsLeft > 0 {
		next = *c.from
		next.cancelsLeft--
		next.deliveries[i].cancelAsked = true
		c.offer(label{text: "somebody cancels {delivery} in Temporal before its first task", delivery: i}, next)
	}
}

// addFollowing is what follows a delivery: its workflow, or the sweep when that is gone.
func (c *stepper) addFollowing(i int) {
	c.addSweepListing(i)

	if c.from.deliveries[i].gone {
		c.addOrphaning(i)
		return
	}

	c.addWorkflow(i)
	c.addTermination(i)
}

// addWorkflow are the steps of a delivery's workflow that are one transaction each.
func (c *stepper) addWorkflow(i int) {
	d := &c.from.deliveries[i]
	next := *c.from

	switch d.state() {
	case chat.SubmissionPending:
		cancel := func(d *chat.Delivery) chat.Effect { return d.Cancel("") }
		if d.cancelAsked && d.fence > 0 && c.move(&next, i, cancel) {
			c.add(label{text: "{delivery} is canceled by its workflow", delivery: i}, next)
		}

	case chat.SubmissionSending:
		refuse := func(d *chat.Delivery) chat.Effect {
			return d.RefuseClaim(chat.ClaimFacts{Now: c.from.now.at()}).Effect
		}
		if c.move(&next, i, refuse) {
			c.add(label{text: "the claim of {delivery} has run out: unknown", delivery: i}, next)
		}

	case chat.SubmissionUnknown:
		settle := func(d *chat.Delivery) chat.Effect { return d.Settle(0, c.from.now.at()) }
		if c.move(&next, i, settle) {
			c.add(label{text: "the wait for evidence on {delivery} ends: a person must decide", delivery: i}, next)
		}

	default: // it has ended, or waits for a person
		c.addEnd(i)
	}
}

// addTermination is the end of a delivery's workflow by somebody's hand in Temporal.
func (c *stepper) addTermination(i int) {
	if c.from.endsLeft == 0 {
		return
	}

	next := *c.from
	next.endsLeft--
	next.deliveries[i].gone = true
	c.offer(label{text: "somebody ends the workflow of {delivery} in Temporal", delivery: i}, next)
}

// addOrphaning is what the sweep does about a delivery whose workflow is gone.
func (c *stepper) addOrphaning(i int) {
	next := *c.from
	orphan := func(d *chat.Delivery) chat.Effect { return d.Orphan(false, c.from.now.at()) }

	if c.move(&next, i, orphan) {
		c.add(label{text: "the sweep finds {delivery} without its workflow", delivery: i}, next)
	}
}

// addEnd is what a workflow still does when its delivery has ended, at the receipt deadline. That
// comes long after the last request, when the carrier's list has caught up.
func (c *stepper) addEnd(i int) {
	d := &c.from.deliveries[i]
	accepted := d.is(chat.SubmissionAccepted)

	if d.closed || !d.state().Settled() || !c.from.isQuiet() {
		return
	}

	lists := accepted && c.Mendings.LastListing || !accepted && c.Mendings.ListingForEveryEnd
	if lists && c.addLastListing(i) || !accepted {
		return
	}

	next := *c.from
	c.closeDelivery(&next, i)
	c.add(label{text: "the wait for the receipt of {delivery} ends", delivery: i}, next)
}

// addLastListing reads the list once more for a delivery with messages that nobody knows. It
// reports false when there is nothing to learn.
func (c *stepper) addLastListing(i int) bool {
	read, ok := c.readList(c.from, i)
	if ok {
		read.last = true
		c.startReading(read, "{worker} reads the list once more for {delivery}, at the receipt deadline")
	}

	return ok
}

// closeDelivery ends the wait for the receipt.
func (p *Protocol) closeDelivery(s *state, i int) {
	p.move(s, i, func(d *chat.Delivery) chat.Effect { return d.Unconfirm(false) })
	s.deliveries[i].closed = true
}

// addSweepListing is the last look for messages of a delivery that has ended, long after its
// workflow's.
func (c *stepper) addSweepListing(i int) {
	d := &c.from.deliveries[i]
	if !c.Mendings.SweepLists || evidences[d.evidence] == chat.EvidenceNone || !c.isLongAgo(d) {
		return
	}

	domain := c.from.domain(i)
	if step, _ := domain.PlanSweep(c.from.now.at(), 0); step != chat.SweepSeek {
		return
	}

	if read, ok := c.readList(c.from, i); ok {
		read.sweep = true
		c.startReading(read, "{worker} reads the list for the sweep, for {delivery}")

		return
	}

	next := *c.from
	c.closeEvidence(&next, i)
	c.add(label{text: "the sweep finds no more messages of {delivery}", delivery: i}, next)
}

// closeEvidence notes that nobody looks any more for messages of a delivery, as db/sweeps.go does.
func (p *Protocol) closeEvidence(s *state, i int) {
	closed := chat.EvidenceClosed
	if !p.Mendings.ClosedIsRival {
		closed = chat.EvidenceNone
	}

	if d := &s.deliveries[i]; evidences[d.evidence] != chat.EvidenceNone {
		d.evidence = numberOf(evidences, closed)
	}
}

// isLongAgo reports whether all about a delivery is over: what its workflow does at the end, all
// requests and claims, and the time in which it holds up others.
func (c *stepper) isLongAgo(d *delivery) bool {
	if d.is(chat.SubmissionAccepted) && !d.closed && !d.gone || !c.from.isQuiet() {
		return false
	}

	for i := range c.from.deliveries {
		if c.from.deliveries[i].is(chat.SubmissionSending) {
			return false
		}
	}

	return c.from.now >= c.evidenceUntil(d) || !c.from.needsTime()
}

// isSaidUnsent reports whether Handrail itself says that a delivery was not sent, and does nothing
// more about it.
func (d *delivery) isSaidUnsent() bool {
	return d.is(chat.SubmissionRejected) || d.is(chat.SubmissionCanceled) ||
		d.is(chat.SubmissionPending) && d.reason != 0
}

// hasSpareClaim reports whether the bounds leave a claim besides those that deliveries wait for: a
// delivery never waits for a claim that the model does not have.
func (s *state) hasSpareClaim() bool {
	spare := s.claimsLeft

	for i := range s.deliveries {
		if s.deliveries[i].is(chat.SubmissionPending) {
			spare--
		}
	}

	for w := range s.workers {
		if s.workers[w].phase == answered && outcomes[s.workers[w].outcome] == chat.OutcomeNotProcessed {
			spare--
		}
	}

	return spare > 0
}

// answerCanceled tells whoever asked for a send that was canceled that it is, as soon as the send is
// not under way any more.
func (s *state) answerCanceled() {
	for i := range s.deliveries {
		d := &s.deliveries[i]
		if d.exists && d.cancelAsked && !d.is(chat.SubmissionPending) && !d.is(chat.SubmissionSending) {
			d.toldCanceled = true
		}
	}
}
