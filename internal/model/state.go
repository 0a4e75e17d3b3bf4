package model

import (
	"slices"
	"time"

	"handrail/chat"
)

// The sizes of a state. The deliveries are two sends and one retry of each as a new delivery; the
// retry of a send stands sends after it.
const (
	sends         = 2
	deliveryCount = 2 * sends
	attemptCount  = 3
	messageCount  = 3
	workerCount   = 2
)

// lease is how long a claim lasts, in ticks. One tick of the model is a minute.
const lease = 1

// tick is a moment, in minutes since the model began.
type tick int8

// at is the moment as the rules of chat take it.
func (t tick) at() time.Time { return time.Unix(0, 0).UTC().Add(time.Duration(t) * time.Minute) }

// state is all that the actors know and hold. It is small, comparable and without pointers, so
// that it can be copied and told apart by its bytes.
type state struct {
	now tick
	// skew is by how much the clocks may differ, which the windows allow for; it never changes.
	skew tick
	// carrierAhead is by how much the carrier's clock is ahead of ours.
	carrierAhead tick
	// claimsLeft, cancelsLeft and endsLeft bound the model: how often something may still be claimed,
	// canceled and ended in Temporal.
	claimsLeft  int8
	cancelsLeft int8
	endsLeft    int8
	deliveries  [deliveryCount]delivery
	messages    [messageCount]message
	workers     [workerCount]worker
	// flagged reports for each send whether a duplicate of it was recorded.
	flagged [sends]bool
}

// window is what the protocol goes by.
func (s *state) window() chat.EvidenceWindow {
	return chat.EvidenceWindow{
		Lease: lease * time.Minute,
		Skew:  time.Duration(s.skew) * time.Minute,
	}
}

// hold is how long the windows of two attempts touch, in ticks. [chat.EvidenceWindow.Hold] has a
// second more.
func (s *state) hold() tick { return lease + 2*s.skew }

// delivery is a row of the store, and what the workflow behind it knows.
type delivery struct {
	// exists reports that the row is stored, closed that the wait for its receipt is over, gone that
	// somebody ended its workflow in Temporal.
	exists bool
	closed bool
	gone   bool
	// cancelAsked reports that somebody canceled the workflow in Temporal before its first task,
	// toldCanceled that whoever asked for the send was told so.
	cancelAsked  bool
	toldCanceled bool
	submission   uint8
	status       uint8
	reason       uint8
	evidence     uint8
	fence        int8
	// message is the provider's id: the number of the message, 0 for none.
	message  int8
	attempts [attemptCount]attempt
}

// attempt is a row of the store, and the request that may still be under way.
type attempt struct {
	started   tick
	outcome   uint8
	message   int8
	inTransit bool
}

// message is what the carrier has made. Its number is its place, counted from 1.
type message struct {
	made tick
	// owner and fence name the claim that it truly belongs to; fence 0 means that there is no
	// such message.
	owner int8
	fence int8
	// copyOf is the delivery that it is recorded for as a duplicate, counted from 1; 0 for none.
	copyOf int8
	// listed reports that the carrier's list shows it by now.
	listed bool
	// undelivered and delivered report which callbacks on its end have come.
	undelivered bool
	delivered   bool
}

// phase is where a worker stands in an activity.
type phase uint8

const (
	idle phase = iota
	// claimed: it holds a claim and has not written a byte.
	claimed
	// answered: it knows the outcome of its post and has not recorded it.
	answered
	// informed: it has read and judged the carrier's list and has not recorded it.
	informed
)

// ofNoAttempt stands for the fence of a message that may belong to several attempts.
const ofNoAttempt = -1

// worker is what one process holds in memory only.
type worker struct {
	phase    phase
	delivery int8
	fence    int8
	outcome  uint8
	message  int8
	// own is the fence of the attempt that each message is evidence for, 0 for a message that is
	// no evidence, and [ofNoAttempt] for one that is the delivery's and settles no attempt.
	own [messageCount]int8
	// ambiguous reports that the list is no evidence, but something for a person to look at.
	ambiguous bool
	// last reports that it is the listing at the receipt deadline, sweep that it is that of the sweep.
	last  bool
	sweep bool
}

// The words that states hold as numbers.
var (
	submissions = chat.SubmissionStates()
	statuses    = chat.DeliveryStatuses()
	evidences   = chat.EvidenceStates()
	outcomes    = []chat.SubmissionOutcome{
		"",
		chat.OutcomeAccepted,
		chat.OutcomeNotProcessed,
		chat.OutcomeRejected,
		chat.OutcomeUnknown,
	}
	// reasons are the error codes that a rule goes by; the others are only for people to read.
	reasons = []string{"", chat.ErrorAmbiguous, chat.ErrorWorkflowGone, chat.ErrorTriesExhausted}
)

// numberOf is the number of a word, 0 for one that no rule goes by.
func numberOf[T comparable](words []T, word T) uint8 { return uint8(max(0, slices.Index(words, word))) }

var (
	deliveryNames = [deliveryCount]chat.DeliveryID{"A", "B", "A's retry", "B's retry"}
	messageNames  = [messageCount + 1]string{"", "m1", "m2", "m3"}
)

// newDelivery is the row of a delivery before its first claim.
func newDelivery() delivery {
	return delivery{
		exists:     true,
		submission: numberOf(submissions, chat.SubmissionPending),
		status:     numberOf(statuses, chat.StatusNone),
		evidence:   numberOf(evidences, chat.EvidenceNone),
	}
}

func (d *delivery) state() chat.SubmissionState { return submissions[d.submission] }

func (d *delivery) is(s chat.SubmissionState) bool { return d.exists && d.state() == s }

// isUnresolved reports whether the carrier may have taken an attempt under an id nobody knows.
func (d *delivery) isUnresolved(fence int8) bool {
	if fence > d.fence {
		return false
	}

	a := &d.attempts[fence-1]
	if a.message != 0 {
		return unresolved[a.outcome].withID
	}

	return unresolved[a.outcome].withoutID
}

// unresolved is what [chat.Attempt.Unresolved] says of each outcome.
var unresolved = func() (table [5]struct{ withID, withoutID bool }) {
	for k := range table {
		with := attempt{outcome: uint8(k), message: 1}
		without := attempt{outcome: uint8(k)}
		withID := with.domain(1)
		withoutID := without.domain(1)
		table[k].withID = withID.Unresolved()
		table[k].withoutID = withoutID.Unresolved()
	}

	return table
}()

func (a *attempt) domain(fence int8) chat.Attempt {
	return chat.Attempt{
		Fence:             int64(fence),
		StartedAt:         a.started.at(),
		Outcome:           outcomes[a.outcome],
		ProviderMessageID: messageNames[a.message],
	}
}

// domain is the delivery as the rules of chat take it.
func (s *state) domain(i int) chat.Delivery {
	d := &s.deliveries[i]
	out := chat.Delivery{
		ID:                deliveryNames[i],
		Channel:           chat.ChannelSMS,
		Provider:          chat.ProviderTwilio,
		Policy:            chat.AtMostOnce,
		Submission:        d.state(),
		DeliveryStatus:    statuses[d.status],
		Fence:             int64(d.fence),
		Evidence:          evidences[d.evidence],
		ProviderMessageID: messageNames[d.message],
		ErrorCode:         reasons[d.reason],
	}

	if d.fence > 0 {
		out.Attempts = make([]chat.Attempt, d.fence)
	}

	for k := range out.Attempts {
		out.Attempts[k] = d.attempts[k].domain(int8(k + 1))
	}

	if d.is(chat.SubmissionSending) {
		until := (d.attempts[d.fence-1].started + lease).at()
		out.LeaseUntil = &until
	}

	if i >= sends {
		out.RetryOf = deliveryNames[i-sends]
	} else if s.deliveries[i+sends].exists {
		out.RetriedBy = deliveryNames[i+sends]
	}

	return out
}

// apply stores what a rule of chat has made of a delivery, as db/moves.go does.
func (s *state) apply(i int, moved *chat.Delivery, effect chat.Effect) {
	if effect == chat.EffectNone {
		return
	}

	d := &s.deliveries[i]
	if d.is(chat.SubmissionSending) && moved.Submission == chat.SubmissionUnknown {
		d.attempts[d.fence-1].outcome = numberOf(outcomes, chat.OutcomeUnknown)

		s.closeOtherEvidence(i)
	}

	d.submission = numberOf(submissions, moved.Submission)
	d.evidence = numberOf(evidences, moved.Evidence)
	d.status = numberOf(statuses, moved.DeliveryStatus)
	d.reason = numberOf(reasons, moved.ErrorCode)
}

// move has a rule of chat change a delivery, and reports whether it did.
func (p *Protocol) move(s *state, i int, rule func(*chat.Delivery) chat.Effect) bool {
	d := s.domain(i)
	if !p.Mendings.UnsentIsCertain {
		d.Evidence = chat.EvidenceNone
	}

	effect := rule(&d)
	if !p.Mendings.UnsentIsCertain && d.Evidence == chat.EvidenceNone {
		d.Evidence = evidences[s.deliveries[i].evidence]
	}

	s.apply(i, &d, effect)

	return effect != chat.EffectNone
}

// closeOtherEvidence ends the time in which other deliveries hold up the next one, as
// db/evidence.go does.
func (s *state) closeOtherEvidence(i int) {
	for k := range s.deliveries {
		if k != i && evidences[s.deliveries[k].evidence] == chat.EvidenceOpen {
			s.deliveries[k].evidence = numberOf(evidences, chat.EvidencePast)
		}
	}
}
