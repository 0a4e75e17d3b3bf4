package model

import "handrail/chat"

// addTick lets time go on as long as it can make a difference: until no window of an attempt so
// far can touch that of the next one.
func (c *stepper) addTick() {
	if !c.from.needsTime() || c.from.now-c.from.lastTime() > c.from.hold() {
		return
	}

	next := *c.from
	next.now++
	c.add(label{text: "a minute passes"}, next)
}

// needsTime reports whether the time can still make a difference: something may be claimed or
// posted, or a claim may run out.
func (s *state) needsTime() bool {
	if s.claimsLeft > 0 {
		return true
	}

	for i := range s.deliveries {
		if s.deliveries[i].is(chat.SubmissionSending) {
			return true
		}
	}

	return s.isPosting() || s.hasRequest()
}

// hasRequest reports whether a request is under way whose sender no longer waits for it.
func (s *state) hasRequest() bool {
	for i := range s.deliveries {
		for k := range s.deliveries[i].attempts {
			if s.deliveries[i].attempts[k].inTransit {
				return true
			}
		}
	}

	return false
}

// isPosting reports whether a worker has claimed and may write.
func (s *state) isPosting() bool {
	for w := range s.workers {
		if s.workers[w].phase == claimed {
			return true
		}
	}

	return false
}

// isOpen reports whether an attempt may still become a message, or may be one that nobody knows.
func (s *state) isOpen(i int, fence int8) bool {
	d := &s.deliveries[i]
	if d.isUnresolved(fence) || d.attempts[fence-1].inTransit {
		return true
	}

	for w := range s.workers {
		worker := &s.workers[w]
		if worker.phase == claimed && int(worker.delivery) == i && worker.fence == fence {
			return true
		}
	}

	return false
}

// isTimed reports whether it makes a difference when an attempt began: it is open, or the last one,
// from which on a delivery holds up others.
func (s *state) isTimed(i int, fence int8) bool {
	d := &s.deliveries[i]

	return s.isOpen(i, fence) || fence == d.fence && evidences[d.evidence] != chat.EvidenceNone
}

// lastTime is the last moment that can still make a difference, long ago if there is none.
func (s *state) lastTime() tick {
	last := s.now - s.hold() - 1

	for i := range s.deliveries {
		d := &s.deliveries[i]
		for fence := int8(1); fence <= d.fence; fence++ {
			if s.isTimed(i, fence) {
				last = max(last, d.attempts[fence-1].started)
			}
		}
	}

	for k := range s.messages {
		if s.messages[k].fence > 0 && !s.isOwnID(int8(k+1)) {
			last = max(last, s.messages[k].made-lease-s.skew)
		}
	}

	return last
}

// isQuiet reports whether no request is under way or about to be, and the list shows everything.
func (s *state) isQuiet() bool {
	if s.isPosting() || s.hasRequest() {
		return false
	}

	for k := range s.messages {
		if s.messages[k].fence > 0 && !s.messages[k].listed && !s.isOwnID(int8(k+1)) {
			return false
		}
	}

	return true
}
