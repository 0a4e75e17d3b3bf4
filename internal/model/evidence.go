package model

import (
	"cmp"

	"handrail/chat"
)

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

	evidence := d.JudgeEvidence(s.list(), p.ownersIn(s), p.rivalsIn(s, i), s.window())
	if !p.Mendings.FitsSeveralSettlesNone {
		settleEarliest(&d, evidence.Own, s.window())
	}

	for _, r := range evidence.Own {
		read.own[messageNumber(r.ProviderMessageID)-1] = cmp.Or(int8(r.Fence), ofNoAttempt)
	}

	read.ambiguous = len(evidence.Ambiguous) > 0 && d.ErrorCode != chat.ErrorAmbiguous &&
		d.MarkAmbiguous(evidence.Ambiguous) != chat.EffectNone

	return read, len(evidence.Own) > 0 || read.ambiguous
}

// settleEarliest gives each message the fence of the earliest attempt that it fits and that no
// earlier message has.
func settleEarliest(d *chat.Delivery, own []chat.Report, window chat.EvidenceWindow) {
	taken := map[int64]bool{}

	for k := range own {
		for _, a := range d.UnresolvedAttempts() {
			since, until := window.Around(a)
			if !taken[a.Fence] && !own[k].MadeAt.Before(since) && !own[k].MadeAt.After(until) {
				own[k].Fence = a.Fence
				taken[a.Fence] = true

				break
			}
		}
	}
}

// hasUnboundListing reports whether the carrier's list shows a message that is no delivery's yet.
func (p *Protocol) hasUnboundListing(s *state) bool {
	for k := range s.messages {
		isBound := s.isOwnID(int8(k+1)) || p.Mendings.DuplicatesAreOwned && s.messages[k].copyOf != 0
		if s.messages[k].listed && !isBound {
			return true
		}
	}

	return false
}

// takeFirst is the look-up before there was a rule: the first message that is no delivery's own.
func (s *state) takeFirst(d *chat.Delivery, read *worker) bool {
	open := d.UnresolvedAttempts()
	window := s.window()
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

// ownersIn are the deliveries that are known to own messages: by their own id, or as duplicates.
func (p *Protocol) ownersIn(s *state) map[string]chat.DeliveryID {
	owners := map[string]chat.DeliveryID{}

	for i := range s.deliveries {
		d := &s.deliveries[i]
		if d.message != 0 {
			owners[messageNames[d.message]] = deliveryNames[i]
		}
	}

	for k := range s.messages {
		if of := s.messages[k].copyOf; of != 0 && p.Mendings.DuplicatesAreOwned {
			owners[messageNames[k+1]] = deliveryNames[of-1]
		}
	}

	return owners
}

// rivalsIn are the other deliveries that may have become messages which nobody knows; they all look
// the same to the carrier.
func (p *Protocol) rivalsIn(s *state, i int) []chat.Delivery {
	var rivals []chat.Delivery

	for k := range s.deliveries {
		other := &s.deliveries[k]
		isRival := evidences[other.evidence] != chat.EvidenceNone ||
			p.Mendings.SendingIsRival && other.is(chat.SubmissionSending)

		if k != i && isRival {
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
