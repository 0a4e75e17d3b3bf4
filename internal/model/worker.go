package model

import "handrail/chat"

// addWorker are the steps of one worker.
func (c *stepper) addWorker(w int) {
	worker := &c.from.workers[w]

	switch worker.phase {
	case idle:
		// Idle workers are alike.
		if free, _ := c.freeWorker(); w == free {
			c.addClaims(w)
			c.addLookUps()
		}

		return

	case claimed:
		c.addPosts(w)
	case answered:
		next := *c.from
		c.recordSubmission(&next, worker)
		next.workers[w] = idleWorker()
		c.add(c.labelOf(w, "{worker} records the answer for {delivery}"), next)

	case informed:
		c.addEvidence(w)
	}

	next := *c.from
	next.workers[w] = idleWorker()
	c.offer(c.labelOf(w, "{worker} dies"), next)
}

// freeWorker is the first worker that is idle.
func (c *stepper) freeWorker() (int, bool) {
	for w := range c.Bounds.Workers {
		if c.from.workers[w].phase == idle {
			return w, true
		}
	}

	return 0, false
}

func idleWorker() worker { return worker{} }

func (c *stepper) labelOf(w int, text string) label {
	return label{
		text:     text,
		worker:   w,
		delivery: int(c.from.workers[w].delivery),
	}
}

// addClaims are the claims that the store grants.
func (c *stepper) addClaims(w int) {
	if c.from.claimsLeft == 0 {
		return
	}

	for i := range c.from.deliveries {
		if !c.mayClaim(i) {
			continue
		}

		next := *c.from
		next.claimsLeft--

		d := &next.deliveries[i]
		d.submission = numberOf(submissions, chat.SubmissionSending)
		d.reason = 0
		d.attempts[d.fence] = attempt{started: next.now}
		d.fence++

		next.workers[w] = worker{
			phase:    claimed,
			delivery: int8(i),
			fence:    d.fence,
		}
		c.add(label{text: "{worker} claims {delivery}", worker: w, delivery: i}, next)
	}
}

// mayClaim reports whether the store grants a claim: the carrier certainly does not have the
// delivery, none of its workspace to the address is in flight, and no equal message may still turn up that would
// look the same.
func (c *stepper) mayClaim(i int) bool {
	d := &c.from.deliveries[i]
	if !d.exists || d.gone || !d.state().Claimable() || d.reason != 0 {
		return false
	}

	for k := range c.from.deliveries {
		other := &c.from.deliveries[k]

		switch {
		case k == i || !other.exists:
		case other.state().InFlight() && !c.areApart(i, k), c.isHeldBy(other):
			return false
		}
	}

	return true
}

// areApart reports whether two deliveries are of two workspaces.
func (c *stepper) areApart(i, k int) bool { return c.Bounds.Apart && i%sends != k%sends }

// isHeldBy reports whether another delivery with the same text may still show up, as
// db/evidence.go does.
func (c *stepper) isHeldBy(other *delivery) bool {
	evidence := evidences[other.evidence]
	holds := evidence == chat.EvidenceOpen || c.Mendings.HoldOutlastsOpen && evidence == chat.EvidencePast

	if !c.Mendings.EvidenceIsJudged || !holds {
		return false
	}

	return c.from.now < c.evidenceUntil(other)
}

// evidenceUntil is the first tick at which a delivery that is open holds up no other one.
func (c *stepper) evidenceUntil(d *delivery) tick {
	until := d.attempts[d.fence-1].started + c.from.hold()
	if c.Mendings.HoldIncludesEnd {
		until++
	}

	return until
}

// addLookUps are the look-ups for deliveries of which it is not known whether they were taken.
func (c *stepper) addLookUps() {
	for i := range c.from.deliveries {
		d := &c.from.deliveries[i]

		asks := d.is(chat.SubmissionUnknown) && (!d.gone || c.Mendings.SweepLists) ||
			d.is(chat.SubmissionNeedsReview) && !d.gone
		if !asks {
			continue
		}

		if read, ok := c.readList(c.from, i); ok {
			c.startReading(read, "{worker} reads the list for {delivery}")
		}
	}
}

// startReading gives a worker that is idle what it reads.
func (c *stepper) startReading(read worker, text string) {
	w, ok := c.freeWorker()
	if !ok {
		return
	}

	next := *c.from
	next.workers[w] = read
	c.add(label{text: text, worker: w, delivery: int(read.delivery)}, next)
}

// addEvidence records what a worker has read. Meanwhile others may have recorded more.
func (c *stepper) addEvidence(w int) {
	read := &c.from.workers[w]
	i := int(read.delivery)
	next := *c.from
	next.workers[w] = idleWorker()

	for k, fence := range read.own {
		if fence != 0 {
			c.recordReport(&next, report{
				delivery: i,
				fence:    max(fence, 0),
				message:  int8(k + 1),
			})
		}
	}

	if read.ambiguous {
		c.move(&next, i, func(d *chat.Delivery) chat.Effect { return d.MarkAmbiguous(make([]chat.Report, 1)) })
	}

	if read.last {
		c.closeDelivery(&next, i)
	}

	if read.sweep {
		c.closeEvidence(&next, i)
	}

	c.add(c.labelOf(w, "{worker} records what it has read for {delivery}"), next)
}
