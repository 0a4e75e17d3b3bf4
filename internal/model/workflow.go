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
	if c.from.deliveries[i].gone {
		c.addSweep(i)
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
		if d.cancelAsked && d.fence > 0 {
			next.move(i, func(d *chat.Delivery) chat.Effect { return d.Cancel("") })
			c.keepOpen(&next, i)
			c.add(label{text: "{delivery} is canceled by its workflow", delivery: i}, next)
		}

	case chat.SubmissionSending:
		refuse := func(d *chat.Delivery) chat.Effect {
			return d.RefuseClaim(chat.ClaimFacts{Now: c.from.now.at()}).Effect
		}
		if next.move(i, refuse) {
			c.add(label{text: "the claim of {delivery} has run out: unknown", delivery: i}, next)
		}

	case chat.SubmissionUnknown:
		settle := func(d *chat.Delivery) chat.Effect { return d.Settle(0, c.from.now.at()) }
		if next.move(i, settle) {
			c.add(label{text: "the wait for evidence on {delivery} ends: a person must decide", delivery: i}, next)
		}

	case chat.SubmissionAccepted:
		c.addDeadline(i)
	case chat.SubmissionConfirmedSent, chat.SubmissionAbandoned:
		if c.Proposals.ListingForEveryEnd && !d.closed && c.from.isQuiet() {
			c.addLastListing(i)
		}

	default: // it has ended, or waits for a person
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

// addSweep is what the sweep does about a delivery whose workflow is gone.
func (c *stepper) addSweep(i int) {
	d := &c.from.deliveries[i]
	next := *c.from
	orphan := func(d *chat.Delivery) chat.Effect { return d.Orphan(false, c.from.now.at()) }

	switch {
	case c.Proposals.SweepLists && !d.closed && c.from.isQuiet() && c.addLastListing(i):
	case next.move(i, orphan):
		c.keepOpen(&next, i)
		c.add(label{text: "the sweep finds {delivery} without its workflow", delivery: i}, next)
	}
}

// addDeadline is the receipt deadline. It comes long after the last request, when the carrier's
// list has caught up.
func (c *stepper) addDeadline(i int) {
	d := &c.from.deliveries[i]
	if d.closed || !c.from.isQuiet() {
		return
	}

	if c.Mendings.LastListing && c.addLastListing(i) {
		return
	}

	next := *c.from
	next.closeDelivery(i)
	c.add(label{text: "the wait for the receipt of {delivery} ends", delivery: i}, next)
}

// addLastListing reads the list once more for a delivery with an attempt whose outcome is not
// known. It reports false when there is nothing to learn.
func (c *stepper) addLastListing(i int) bool {
	read, ok := c.readList(c.from, i)
	if ok {
		read.last = true
		c.startReading(read, "{worker} reads the list once more for {delivery}, at the receipt deadline")
	}

	return ok
}

// closeDelivery ends the wait for the receipt.
func (s *state) closeDelivery(i int) {
	s.move(i, func(d *chat.Delivery) chat.Effect { return d.Unconfirm(false) })
	s.deliveries[i].closed = true
}

// keepOpen leaves a delivery to a person that would end as not sent although one of its attempts
// may have been taken.
func (p *Protocol) keepOpen(s *state, i int) {
	d := &s.deliveries[i]
	if !p.Proposals.UnsentIsCertain || !d.isSaidUnsent() {
		return
	}

	for fence := int8(1); fence <= d.fence; fence++ {
		if d.isUnresolved(fence) {
			d.submission = numberOf(submissions, chat.SubmissionNeedsReview)
			d.reason = 0
		}
	}
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
