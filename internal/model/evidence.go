package model

import "handrail/chat"

// readList is what a worker knows once it has read and judged the carrier's list for a delivery.
// It reports false when that would change nothing.
func (p *Protocol) readList(s *state, i int) (worker, bool) {
	read := worker{
		phase:    informed,
		delivery: int8(i),
	}

	if !p.hasUnboundListing(s) {
		return read, false
	}

	d := s.domain(i)
	if len(d.UnresolvedAttempts()) == 0 {
		return read, false
	}

	if !p.Mendings.EvidenceIsJudged {
		return read, s.takeFirst(&d, &read)
	}

	evidence := d.JudgeEvidence(s.list(), p.ownersIn(s), s.rivalsOf(i), window)
	for _, r := range evidence.Own {
		number := messageNumber(r.ProviderMessageID)
		read.own[number-1] = int8(r.Fence)

		if p.Proposals.FitsSeveralSettlesNone && s.fitsSeveral(&d, number-1) {
			read.own[number-1] = ofNoAttempt
		}
	}

	read.ambiguous = len(evidence.Ambiguous) > 0 && d.ErrorCode != chat.ErrorAmbiguous &&
		d.MarkAmbiguous(evidence.Ambiguous) != chat.EffectNone

	return read, len(evidence.Own) > 0 || read.ambiguous
}

// fitsSeveral reports whether a message was made in the windows of several attempts of a delivery
// whose outcome is not known.
func (s *state) fitsSeveral(d *chat.Delivery, number int) bool {
	fits := 0
	made := s.messages[number].made.at()

	for _, a := range d.UnresolvedAttempts() {
		since, until := window.Around(a)
		if !made.Before(since) && !made.After(until) {
			fits++
		}
	}

	return fits > 1
}

// hasUnboundListing reports whether the carrier's list shows a message that is no delivery's yet.
func (p *Protocol) hasUnboundListing(s *state) bool {
	isBound := s.isOwnID
	if p.Proposals.DuplicatesAreOwned {
		isBound = s.isBound
	}

	for k := range s.messages {
		if s.messages[k].listed && !isBound(int8(k+1)) {
			return true
		}
	}

	return false
}

// isBound reports whether a message is known to be a delivery's, as its own or as its duplicate.
func (s *state) isBound(message int8) bool {
	for i := range s.deliveries {
		d := &s.deliveries[i]
		if d.message == message {
			return true
		}

		for k := range d.attempts {
			if d.attempts[k].message == message {
				return true
			}
		}
	}

	return false
}

// takeFirst is the look-up before there was a rule: the first message that is no delivery's own.
func (s *state) takeFirst(d *chat.Delivery, read *worker) bool {
	open := d.UnresolvedAttempts()
	since, _ := window.Around(open[0])
	last := open[len(open)-1]
	_, until := window.Around(last)

	for k := range s.messages {
		m := &s.messages[k]
		made := m.made.at()

		if !m.listed || made.Before(since) || made.After(until) || s.isOwnID(int8(k+1)) {
			continue
		}

		read.own[k] = int8(last.Fence)

		return true
	}

	return false
}

func (s *state) isOwnID(message int8) bool {
	for k := range s.deliveries {
		if s.deliveries[k].message == message {
			return true
		}
	}

	return false
}

// list is what the carrier shows: messages without our ids.
func (s *state) list() []chat.Report {
	var list []chat.Report

	for k := range s.messages {
		if s.messages[k].listed {
			list = append(list, chat.Report{
				Provider:          chat.ProviderTwilio,
				ProviderMessageID: messageNames[k+1],
				Accepts:           true,
				MadeAt:            s.messages[k].made.at(),
			})
		}
	}

	return list
}

// ownersIn are the deliveries that are known to own messages: by their own id, or as duplicates by
// the id of one of their attempts.
func (p *Protocol) ownersIn(s *state) map[string]chat.DeliveryID {
	owners := map[string]chat.DeliveryID{}

	for i := range s.deliveries {
		d := &s.deliveries[i]
		if d.message != 0 {
			owners[messageNames[d.message]] = deliveryNames[i]
		}

		for k := range d.attempts {
			if p.Proposals.DuplicatesAreOwned && d.attempts[k].message != 0 {
				owners[messageNames[d.attempts[k].message]] = deliveryNames[i]
			}
		}
	}

	return owners
}

// rivalsOf are the other deliveries, which all look the same to the carrier.
func (s *state) rivalsOf(i int) []chat.Delivery {
	var rivals []chat.Delivery

	for k := range s.deliveries {
		if k != i && s.deliveries[k].exists {
			rivals = append(rivals, s.domain(k))
		}
	}

	return rivals
}

func messageNumber(id string) int {
	for k, name := range messageNames {
		if name == id {
			return k
		}
	}

	return 0
}
