package model

import "handrail/chat"

// addPosts are what a post may come to.
func (c *stepper) addPosts(w int) {
	post := c.from.workers[w]
	i := int(post.delivery)

	answer := func(next state, outcome chat.SubmissionOutcome, message int8, text string) {
		next.workers[w].phase = answered
		next.workers[w].outcome = numberOf(outcomes, outcome)
		next.workers[w].message = message
		l := c.labelOf(w, text)
		l.message = int(message)
		c.add(l, next)
	}

	answer(*c.from, chat.OutcomeUnknown, 0, "the request of {worker} for {delivery} is lost")

	if c.from.hasSpareClaim() {
		answer(*c.from, chat.OutcomeNotProcessed, 0, "{worker} gets no connection for {delivery}")
	}

	if !c.canArrive(i, post.fence) {
		return
	}

	answer(*c.from, chat.OutcomeRejected, 0, "the carrier refuses {delivery}")

	taken := *c.from
	number := taken.takeMessage(i, post.fence)
	answer(taken, chat.OutcomeAccepted, number, "the carrier takes {delivery} as {message} and answers")
	answer(taken, chat.OutcomeUnknown, 0, "the carrier takes {delivery} and its answer is lost")

	slow := *c.from
	slow.deliveries[i].attempts[post.fence-1].inTransit = true
	answer(slow, chat.OutcomeUnknown, 0, "the request for {delivery} takes too long for {worker}")
}

// canArrive reports whether the carrier may still make the message of an attempt.
func (c *stepper) canArrive(i int, fence int8) bool {
	a := c.from.deliveries[i].attempts[fence-1].domain(fence)
	window := c.from.window()
	_, until := window.Around(&a)

	return c.Bounds.PostsOutliveWindow || !c.from.carrierNow().at().After(until)
}

func (s *state) carrierNow() tick { return s.now + s.carrierAhead }

// takeMessage makes the message of an attempt, and returns its number.
func (s *state) takeMessage(i int, fence int8) int8 {
	for k := range s.messages {
		if s.messages[k].fence == 0 {
			s.messages[k] = message{
				made:  s.carrierNow(),
				owner: int8(i),
				fence: fence,
			}

			return int8(k + 1)
		}
	}

	panic("more messages than claims")
}

// addCarrier are the steps of the carrier alone: late requests, its list, its callbacks.
func (c *stepper) addCarrier() {
	for i := range c.from.deliveries {
		for k := range c.from.deliveries[i].attempts {
			if c.from.deliveries[i].attempts[k].inTransit {
				c.addArrival(i, int8(k+1))
			}
		}
	}

	for k := range c.from.messages {
		if c.from.messages[k].fence > 0 {
			c.addListing(k)

			if c.Bounds.Callbacks {
				c.addCallbacks(k)
			}
		}
	}
}

// addArrival is a request that arrives when its sender no longer waits for it. One that never does is
// like one that was lost at once.
func (c *stepper) addArrival(i int, fence int8) {
	if !c.canArrive(i, fence) {
		return
	}

	next := *c.from
	next.deliveries[i].attempts[fence-1].inTransit = false
	next.takeMessage(i, fence)
	c.add(label{text: "the carrier takes {delivery} late", delivery: i}, next)
}

func (c *stepper) addListing(k int) {
	if !c.from.messages[k].listed && !c.from.isOwnID(int8(k+1)) {
		next := *c.from
		next.messages[k].listed = true
		c.add(label{text: "the carrier's list shows {message}", message: k + 1}, next)
	}
}

// addCallbacks are what the carrier may tell of a message, in any order, once each. They name the
// claim.
func (c *stepper) addCallbacks(k int) {
	m := &c.from.messages[k]

	c.addCallback(k, chat.StatusNone, "the callback on {message} of {delivery} comes: sent")

	if !m.undelivered {
		c.addCallback(k, chat.StatusUndelivered, "the callback on {message} of {delivery} comes: undelivered")
	}

	if !m.delivered {
		c.addCallback(k, chat.StatusDelivered, "the callback on {message} of {delivery} comes: delivered")
	}
}

func (c *stepper) addCallback(k int, status chat.DeliveryStatus, text string) {
	next := *c.from
	m := &next.messages[k]
	m.undelivered = m.undelivered || status.Lost()
	m.delivered = m.delivered || status.Arrived()

	c.recordReport(&next, report{
		delivery: int(m.owner),
		fence:    m.fence,
		message:  int8(k + 1),
		status:   status,
	})

	if next != *c.from {
		c.offer(label{text: text, delivery: int(m.owner), message: k + 1}, next)
	}
}
