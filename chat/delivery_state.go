package chat

import "slices"

// SubmissionState is whether the provider took a delivery.
//
//	pending ──claim──▶ sending ──▶ accepted
//	   ▲                  ├──▶ pending      certainly not processed: no connection, 429
//	   │                  ├──▶ rejected     refused for good
//	   │                  ├──▶ blocked      our account or set-up; parked
//	   │                  ├──▶ suppressed   the recipient has opted out
//	   │                  └──▶ unknown      anything else, and every lease that ran out
//	   ├── blocked                          tried again, nothing had been taken
//	   ├──▶ blocked                         its sender's account refuses everything; not posted
//	   └── unknown ─settled─▶ needs_review | expired | pending (only by policy)
//	                          needs_review ─operator─▶ confirmed_sent | abandoned | pending
//
// Evidence of acceptance wins over every state but accepted itself.
type SubmissionState string

// The submission states.
const (
	SubmissionPending       SubmissionState = "pending"
	SubmissionSending       SubmissionState = "sending"
	SubmissionAccepted      SubmissionState = "accepted"
	SubmissionRejected      SubmissionState = "rejected"
	SubmissionBlocked       SubmissionState = "blocked"
	SubmissionSuppressed    SubmissionState = "suppressed"
	SubmissionUnknown       SubmissionState = "unknown"
	SubmissionNeedsReview   SubmissionState = "needs_review"
	SubmissionExpired       SubmissionState = "expired"
	SubmissionCanceled      SubmissionState = "canceled"
	SubmissionConfirmedSent SubmissionState = "confirmed_sent"
	SubmissionAbandoned     SubmissionState = "abandoned"
)

// submissionMoves are the legal transitions. Acceptance is not listed: it is legal from
// everywhere, because the carrier's word is the fact and ours the guess.
var submissionMoves = map[SubmissionState][]SubmissionState{
	SubmissionPending: {
		SubmissionSending,
		SubmissionBlocked,
		SubmissionSuppressed,
		SubmissionExpired,
		SubmissionCanceled,
	},
	SubmissionSending: {
		SubmissionPending,
		SubmissionRejected,
		SubmissionBlocked,
		SubmissionSuppressed,
		SubmissionUnknown,
	},
	SubmissionBlocked: {
		SubmissionSending,
		SubmissionPending,
		SubmissionExpired,
		SubmissionCanceled,
		SubmissionSuppressed,
	},
	SubmissionUnknown: {
		SubmissionNeedsReview,
		SubmissionPending,
		SubmissionExpired,
		SubmissionConfirmedSent,
		SubmissionAbandoned,
	},
	SubmissionNeedsReview:   {SubmissionConfirmedSent, SubmissionPending, SubmissionAbandoned},
	SubmissionAccepted:      {},
	SubmissionRejected:      {},
	SubmissionSuppressed:    {},
	SubmissionExpired:       {},
	SubmissionCanceled:      {},
	SubmissionConfirmedSent: {},
	SubmissionAbandoned:     {},
}

// SubmissionStates lists all of them, in no particular order.
func SubmissionStates() []SubmissionState {
	all := make([]SubmissionState, 0, len(submissionMoves))
	for s := range submissionMoves {
		all = append(all, s)
	}

	slices.Sort(all)

	return all
}

// May tells whether a delivery may go from s to next.
func (s SubmissionState) May(next SubmissionState) bool {
	if next == SubmissionAccepted {
		return s != SubmissionAccepted
	}

	return slices.Contains(submissionMoves[s], next)
}

// Settled tells whether nothing more happens to the submission by itself. Only evidence
// of acceptance still changes it.
func (s SubmissionState) Settled() bool { return len(submissionMoves[s]) == 0 }

// InFlight tells whether the carrier may be holding the delivery right now; there is at
// most one such delivery per sender and address.
func (s SubmissionState) InFlight() bool { return s == SubmissionSending || s == SubmissionUnknown }

// After is the submission state that a post's outcome leads to.
func (o SubmissionOutcome) After() SubmissionState {
	switch o {
	case OutcomeAccepted:
		return SubmissionAccepted
	case OutcomeNotProcessed, OutcomeAborted:
		return SubmissionPending
	case OutcomeRejected:
		return SubmissionRejected
	case OutcomeBlocked:
		return SubmissionBlocked
	case OutcomeSuppressed:
		return SubmissionSuppressed
	case OutcomeUnknown:
		return SubmissionUnknown
	}

	return SubmissionUnknown
}

// CarrierState is what the carrier says became of a message it took.
type CarrierState string

// The carrier states. CarrierNone is nothing heard yet.
const (
	CarrierNone        CarrierState = ""
	CarrierScheduled   CarrierState = "scheduled"
	CarrierAccepted    CarrierState = "accepted"
	CarrierQueued      CarrierState = "queued"
	CarrierSending     CarrierState = "sending"
	CarrierSent        CarrierState = "sent"
	CarrierDeferred    CarrierState = "deferred"
	CarrierUnconfirmed CarrierState = "unconfirmed"
	CarrierDelivered   CarrierState = "delivered"
	CarrierUndelivered CarrierState = "undelivered"
	CarrierBounced     CarrierState = "bounced"
	CarrierFailed      CarrierState = "failed"
	CarrierCanceled    CarrierState = "canceled"
	CarrierRead        CarrierState = "read"
)

// carrierRanks order the carrier states: callbacks come late, twice and out of order,
// and never lower the rank.
var carrierRanks = map[CarrierState]int{
	CarrierNone:        0,
	CarrierScheduled:   10,
	CarrierAccepted:    20,
	CarrierQueued:      30,
	CarrierSending:     40,
	CarrierSent:        50,
	CarrierDeferred:    60,
	CarrierUnconfirmed: 70,
	CarrierDelivered:   80,
	CarrierUndelivered: 80,
	CarrierBounced:     80,
	CarrierFailed:      80,
	CarrierCanceled:    80,
	CarrierRead:        90,
}

// CarrierStates lists all of them, CarrierNone included.
func CarrierStates() []CarrierState {
	all := make([]CarrierState, 0, len(carrierRanks))
	for s := range carrierRanks {
		all = append(all, s)
	}

	slices.Sort(all)

	return all
}

// Rank orders carrier states; states that are not known rank lowest.
func (s CarrierState) Rank() int { return carrierRanks[s] }

// Supersedes tells whether hearing s after old changes what is known.
func (s CarrierState) Supersedes(old CarrierState) bool { return s.Rank() > old.Rank() }

// Final tells whether the carrier has said its last word, or we have stopped waiting.
func (s CarrierState) Final() bool { return s.Rank() >= carrierRanks[CarrierUnconfirmed] }

// Lost tells that the carrier took the message and it did not arrive.
func (s CarrierState) Lost() bool {
	switch s {
	case CarrierUndelivered, CarrierBounced, CarrierFailed, CarrierCanceled:
		return true
	case CarrierNone, CarrierScheduled, CarrierAccepted, CarrierQueued, CarrierSending, CarrierSent,
		CarrierDeferred, CarrierUnconfirmed, CarrierDelivered, CarrierRead:
	}

	return false
}
