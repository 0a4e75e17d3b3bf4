package chat

import "slices"

// SubmissionState is whether the provider took a delivery.
//
//	pending ──claim──▶ sending ──▶ accepted
//	   ▲                  ├──▶ pending      certainly not processed: no connection, 429
//	   │                  ├──▶ rejected     refused for good
//	   │                  ├──▶ blocked      our account or set-up; waits for a person
//	   │                  ├──▶ suppressed   the recipient has opted out
//	   │                  └──▶ unknown      anything else, and every lease that ran out
//	   ├── blocked                          tried again, nothing had been taken
//	   ├──▶ blocked                         its sender's account refuses everything; not posted
//	   └── unknown ─settled─▶ needs_review | expired | pending (only by policy)
//	                          needs_review ─operator─▶ confirmed_sent | abandoned | pending
//
// What was tried again while an earlier attempt may have been taken never ends as not sent by
// itself: it goes to needs_review, and to abandoned when another delivery takes its place.
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
// everywhere, because the provider's word is the fact and ours the guess.
var submissionMoves = map[SubmissionState][]SubmissionState{
	SubmissionPending: {
		SubmissionSending,
		SubmissionBlocked,
		SubmissionSuppressed,
		SubmissionCanceled,
		SubmissionNeedsReview,
		SubmissionAbandoned,
	},
	SubmissionSending: {
		SubmissionPending,
		SubmissionRejected,
		SubmissionBlocked,
		SubmissionSuppressed,
		SubmissionUnknown,
		SubmissionNeedsReview,
	},
	SubmissionBlocked: {
		SubmissionSending,
		SubmissionPending,
		SubmissionCanceled,
		SubmissionSuppressed,
		SubmissionNeedsReview,
		SubmissionAbandoned,
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

// May reports whether a delivery may go from s to next.
func (s SubmissionState) May(next SubmissionState) bool {
	if next == SubmissionAccepted {
		return s != SubmissionAccepted
	}

	return slices.Contains(submissionMoves[s], next)
}

// Settled reports whether nothing more happens to the submission by itself. Only evidence
// of acceptance still changes it.
func (s SubmissionState) Settled() bool { return len(submissionMoves[s]) == 0 }

// InFlight reports whether the provider may be holding the delivery right now; there is at
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

// DeliveryStatus is what the provider says became of a message it took.
type DeliveryStatus string

// The provider's states. StatusNone is nothing heard yet.
const (
	StatusNone        DeliveryStatus = ""
	StatusScheduled   DeliveryStatus = "scheduled"
	StatusAccepted    DeliveryStatus = "accepted"
	StatusQueued      DeliveryStatus = "queued"
	StatusSending     DeliveryStatus = "sending"
	StatusSent        DeliveryStatus = "sent"
	StatusDeferred    DeliveryStatus = "deferred"
	StatusUnconfirmed DeliveryStatus = "unconfirmed"
	StatusDelivered   DeliveryStatus = "delivered"
	StatusUndelivered DeliveryStatus = "undelivered"
	StatusBounced     DeliveryStatus = "bounced"
	StatusFailed      DeliveryStatus = "failed"
	StatusCanceled    DeliveryStatus = "canceled"
	StatusRead        DeliveryStatus = "read"
)

// Arrived reports that the provider says that the recipient has the message.
func (s DeliveryStatus) Arrived() bool { return s == StatusDelivered || s == StatusRead }

// Lost reports that the provider took the message and it did not arrive.
func (s DeliveryStatus) Lost() bool {
	switch s {
	case StatusUndelivered, StatusBounced, StatusFailed, StatusCanceled:
		return true
	case StatusNone, StatusScheduled, StatusAccepted, StatusQueued, StatusSending, StatusSent,
		StatusDeferred, StatusUnconfirmed, StatusDelivered, StatusRead:
	}

	return false
}
