package chaos

import (
	"slices"

	"handrail/chat"
)

// verdict is what one send came to, all three truths considered.
type verdict string

// The verdicts. Every send has exactly one; the last five are failures of Handrail, or of
// the trial.
const (
	acceptedAtOnce  verdict = "accepted_and_told"
	acceptedLater   verdict = "accepted_after_202"
	foundLater      verdict = "told_unknown_and_found"
	notSentAndTold  verdict = "not_sent_and_told"
	endedLater      verdict = "ended_with_a_reason_after_202"
	heldReceived    verdict = "parked_received"
	heldNotReceived verdict = "parked_not_received"

	lost      verdict = "lost"
	sentTwice verdict = "sent_twice_unflagged"
	denied    verdict = "told_not_sent_yet_received"
	unsettled verdict = "not_settled"
)

// failureVerdicts returns the verdicts that must not occur.
func failureVerdicts() []verdict { return []verdict{lost, sentTwice, denied, unsettled} }

// classifySend compares what the caller was told with the deliveries that the database has for
// the send, and with how often the providers received it.
func classifySend(a answer, rows []row, received int) verdict {
	if len(rows) == 0 {
		return classifyWithoutRow(a, received)
	}

	r := rows[0]
	switch {
	case len(rows) > 1, received > 1 && !r.duplicate:
		return sentTwice
	case a.told == toldNothing || r.open():
		return unsettled
	case received == 0 && (a.told == toldAccepted || r.accepted()):
		return lost
	case received > 0 && (a.told == toldFailed || a.told == toldRefused || r.ended()):
		return denied
	case r.accepted():
		return verdictOfAccepted(a.told)
	case r.waitsForPerson() && received > 0:
		return heldReceived
	case r.waitsForPerson():
		return heldNotReceived
	case r.ended() && a.told.promised():
		return endedLater
	case r.ended():
		return notSentAndTold
	}

	return lost // it ended, and nothing says why
}

// verdictOfAccepted returns the verdict on a send that a provider took.
func verdictOfAccepted(t told) verdict {
	switch t {
	case toldAccepted:
		return acceptedAtOnce
	case toldPending:
		return acceptedLater
	case toldUnknown:
		return foundLater
	default:
		return ""
	}
}

// classifyWithoutRow is for a send of which the database knows nothing.
func classifyWithoutRow(a answer, received int) verdict {
	switch {
	case a.told == toldNothing:
		return unsettled
	case a.told.promised() && !a.later:
		return lost
	case received > 0:
		return denied
	case a.later:
		return endedLater
	}

	return notSentAndTold
}

// countOpen counts the sends to which something must still happen by itself: deliveries that
// are open, and sends that were promised and are only in Temporal yet.
func countOpen(answers []answer, rows []row) int {
	count, stored := 0, markersOf(rows)
	for _, r := range rows {
		if r.open() {
			count++
		}
	}

	for _, a := range answers {
		if a.missing(stored) {
			count++
		}
	}

	return count
}

func markersOf(rows []row) map[string]bool {
	stored := make(map[string]bool, len(rows))
	for _, r := range rows {
		stored[r.marker] = true
	}

	return stored
}

// finding is a send that failed, with all that is known of it.
type finding struct {
	Verdict    verdict              `json:"verdict"`
	Marker     string               `json:"marker"`
	Told       told                 `json:"told"`
	Submission chat.SubmissionState `json:"submission,omitempty"`
	Status     chat.DeliveryStatus  `json:"carrier,omitempty"`
	ErrorCode  string               `json:"error_code,omitempty"`
	Received   int                  `json:"received"`
	LastAnswer string               `json:"last_answer,omitempty"`
}

// compareSends finds the verdict on every send and counts them.
func compareSends(answers []answer, rows []row, received map[string]int) Outcome {
	byMarker := make(map[string][]row, len(rows))
	o := Outcome{Requested: len(answers), Verdicts: map[verdict]int{}, Refusals: map[string]int{}}

	for _, r := range rows {
		byMarker[r.marker] = append(byMarker[r.marker], r)
		o.count(r, received[r.marker])
	}

	for _, a := range answers {
		own := byMarker[a.marker]
		v := classifySend(a, own, received[a.marker])

		o.Verdicts[v]++
		if a.code != "" {
			o.Refusals[a.code]++
		}

		if v.failure() {
			o.Findings = append(o.Findings, newFinding(v, a, own, received[a.marker]))
		}
	}

	return o
}

func (v verdict) failure() bool { return slices.Contains(failureVerdicts(), v) }

func newFinding(v verdict, a answer, rows []row, received int) finding {
	f := finding{
		Verdict:    v,
		Marker:     a.marker,
		Told:       a.told,
		Received:   received,
		LastAnswer: a.last,
	}

	if len(rows) > 0 {
		f.Submission = rows[0].submission
		f.Status = rows[0].status
		f.ErrorCode = rows[0].errorCode
	}

	return f
}

// Outcome is what the comparison has found.
type Outcome struct {
	Requested int             `json:"requested"`
	Verdicts  map[verdict]int `json:"verdicts"`
	// Refusals are the codes of the problems that callers got.
	Refusals map[string]int `json:"refusals"`
	// Accepted are the deliveries that a provider took. Receipts are those of them that got a
	// receipt, Unconfirmed those that never got one.
	Accepted    int `json:"accepted"`
	Receipts    int `json:"receipts"`
	Unconfirmed int `json:"unconfirmed"`
	// Undelivered are those of the receipts that say that the message did not arrive.
	Undelivered int `json:"undelivered"`
	// DuplicatesFlagged are the messages that were received twice, and flagged; those of
	// FalseAlarms were flagged and received once.
	DuplicatesFlagged int `json:"duplicates_flagged"`
	FalseAlarms       int `json:"false_alarms"`
	// Findings are the sends that failed.
	Findings []finding `json:"findings,omitempty"`
}

func (o *Outcome) count(r row, received int) {
	if r.accepted() {
		o.Accepted++
	}

	switch {
	case r.status == chat.StatusUnconfirmed:
		o.Unconfirmed++
	case r.status.Final():
		o.Receipts++
	}

	if r.status.Lost() {
		o.Undelivered++
	}

	switch {
	case r.duplicate && received > 1:
		o.DuplicatesFlagged++
	case r.duplicate:
		o.FalseAlarms++
	}
}

// Passed reports whether nothing happened that must not.
func (o *Outcome) Passed() bool {
	for _, v := range failureVerdicts() {
		if o.Verdicts[v] > 0 {
			return false
		}
	}

	return o.Requested > 0
}
