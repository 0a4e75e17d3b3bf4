package model

import (
	"bytes"
	"math"
)

// keySize is how many bytes a state needs.
const (
	keySize     = 3 + deliveryCount*(5+2*attemptCount) + messageCount*3 + workerCount*workerBytes
	workerBytes = 5
)

// resolved stands for the outcome of an attempt of which all is known: which it was makes no
// difference.
const resolved = 7

// key tells states apart. States that differ in nothing that can still make a difference have the
// same one: times are counted from the first that matters, workers are alike, and so are the two
// sends.
type key [keySize]byte

// keyOf is the key of a state.
func (e *explorer) keyOf(s *state) key {
	one := s.encode()
	if e.protocol.Bounds.Sends < sends {
		return one
	}

	swapped := s.swapSends()
	other := swapped.encode()

	if bytes.Compare(one[:], other[:]) <= 0 {
		return one
	}

	return other
}

// swapSends is the same state with the two sends, and their retries, in each other's place.
func (s *state) swapSends() state {
	next := *s
	for i := range next.deliveries {
		next.deliveries[i] = s.deliveries[i^1]
	}

	for k := range next.messages {
		if next.messages[k].fence > 0 {
			next.messages[k].owner ^= 1
			if of := next.messages[k].copyOf; of != 0 {
				next.messages[k].copyOf = (of - 1) ^ 1 + 1
			}
		}
	}

	for w := range next.workers {
		if next.workers[w].phase != idle {
			next.workers[w].delivery ^= 1
		}
	}

	next.flagged[0], next.flagged[1] = s.flagged[1], s.flagged[0]

	return next
}

// encode writes a state down, its workers in order.
func (s *state) encode() key {
	first := s.firstTime()
	now := byte(s.now - first)
	ahead := byte(s.carrierAhead + s.skew)

	if !s.needsTime() {
		now = 0
		ahead = 0
	}

	out := make([]byte, 0, keySize)
	out = append(out,
		now,
		byte(s.claimsLeft)|byte(s.cancelsLeft)<<3|ahead<<5,
		bitAt(0, s.flagged[0])|bitAt(1, s.flagged[1])|byte(s.endsLeft)<<2,
	)

	for i := range s.deliveries {
		out = s.appendDelivery(out, i, first)
	}

	for i := range s.messages {
		out = s.appendMessage(out, i, first)
	}

	one := s.workers[0].encode()
	other := s.workers[1].encode()

	if bytes.Compare(one[:], other[:]) > 0 {
		one, other = other, one
	}

	out = append(out, one[:]...)
	out = append(out, other[:]...)

	return key(out)
}

// firstTime is the first moment that can still make a difference, now if there is none.
func (s *state) firstTime() tick {
	first := s.now
	if !s.needsTime() {
		first = math.MaxInt8
	}

	for i := range s.deliveries {
		d := &s.deliveries[i]
		for fence := int8(1); fence <= d.fence; fence++ {
			if s.isTimed(i, fence) {
				first = min(first, d.attempts[fence-1].started)
			}
		}
	}

	for i := range s.messages {
		if s.messages[i].fence > 0 && !s.isOwnID(int8(i+1)) {
			first = min(first, s.messages[i].made)
		}
	}

	return first
}

func (s *state) appendDelivery(out []byte, i int, first tick) []byte {
	d := &s.deliveries[i]
	out = append(out,
		bitAt(0, d.exists)|bitAt(1, d.closed)|bitAt(2, d.cancelAsked)|bitAt(3, d.toldCanceled)|bitAt(4, d.gone),
		d.submission|d.reason<<4,
		d.status,
		d.evidence,
		byte(d.fence)|byte(d.message)<<4,
	)

	for k := range d.attempts {
		a := &d.attempts[k]
		since := byte(0)
		outcome := uint8(resolved)

		if int8(k) < d.fence && s.isTimed(i, int8(k+1)) {
			since = byte(a.started - first)
		}

		if int8(k) < d.fence && s.isOpen(i, int8(k+1)) {
			outcome = a.outcome
		}

		out = append(out, since, outcome|byte(a.message)<<3|bitAt(6, a.inTransit))
	}

	return out
}

func (s *state) appendMessage(out []byte, i int, first tick) []byte {
	m := &s.messages[i]
	if m.fence == 0 {
		return append(out, 0, 0, 0)
	}

	since := byte(0)
	listed := true

	if !s.isOwnID(int8(i + 1)) {
		since = byte(m.made - first)
		listed = m.listed
	}

	told := bitAt(0, listed) | bitAt(1, m.undelivered) | bitAt(2, m.delivered) | byte(m.copyOf)<<3

	return append(out, since, byte(m.owner)|byte(m.fence)<<2, told)
}

func (w *worker) encode() [workerBytes]byte {
	own := uint16(0)
	for k, fence := range w.own {
		own |= uint16(fence-ofNoAttempt) << (3 * k)
	}

	return [workerBytes]byte{
		byte(w.phase) | byte(w.delivery)<<2 | bitAt(4, w.ambiguous) | bitAt(5, w.last) | bitAt(6, w.sweep),
		byte(w.fence) | w.outcome<<3,
		byte(w.message),
		byte(own),
		byte(own >> 8),
	}
}

// bitAt is a byte with one bit, if it is set.
func bitAt(place int, set bool) byte {
	if set {
		return 1 << place
	}

	return 0
}
