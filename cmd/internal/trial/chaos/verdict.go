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
	acceptedAtOnce    verdict = "accepted_and_told"
	acceptedLater     verdict = "accepted_after_202"
	foundLater        verdict = "told_unknown_and_found"
	notSentAndTold    verdict = "not_sent_and_told"
	endedLater        verdict = "ended_with_a_reason_after_202"
	parkedReceived    verdict = "parked_received"
	parkedNotReceived verdict = "parked_not_received"

	lost      verdict = "lost"
	sentTwice verdict = "sent_twice_unflagged"
	denied    verdict = "told_not_sent_yet_received"
	unsettled verdict = "not_settled"
)

// failures are the verdicts that must not occur.
func failures() []verdict { return []verdict{lost, sentTwice, denied, unsettled} }

// judge compares what the caller was told with the deliveries that the database has for
// the send, and with how often the providers received it.
func judge(a answer, rows []row, received int) verdict {
	if len(rows) == 0 {
		return judgeWithoutRow(a, received)
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
		return map[told]verdict{toldAccepted: acceptedAtOnce, toldPending: acceptedLater, toldUnknown: foundLater}[a.told]
	case r.parked() && received > 0:
		return parkedReceived
	case r.parked():
		return parkedNotReceived
	case r.ended() && a.told.promised():
		return endedLater
	case r.ended():
		return notSentAndTold
	}

	return lost // it ended, and nothing says why
}

// judgeWithoutRow is for a send of which the database knows nothing.
func judgeWithoutRow(a answer, received int) verdict {
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

// open counts the sends to which something must still happen by itself: deliveries that
// are open, and sends that were promised and are only in Temporal yet.
func open(answers []answer, rows []row) int {
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
	Carrier    chat.DeliveryStatus  `json:"carrier,omitempty"`
	ErrorCode  string               `json:"error_code,omitempty"`
	Received   int                  `json:"received"`
	LastAnswer string               `json:"last_answer,omitempty"`
}

// compare judges every send and counts.
func compare(answers []answer, rows []row, received map[string]int) Outcome {
	byMarker := make(map[string][]row, len(rows))
	o := Outcome{Requested: len(answers), Verdicts: map[verdict]int{}, Refusals: map[string]int{}}

	for _, r := range rows {
		byMarker[r.marker] = append(byMarker[r.marker], r)
		o.count(r, received[r.marker])
	}

	for _, a := range answers {
		own := byMarker[a.marker]
		v := judge(a, own, received[a.marker])

		o.Verdicts[v]++
		if a.code != "" {
			o.Refusals[a.code]++
		}

		if v.failure() {
			o.Findings = append(o.Findings, find(v, a, own, received[a.marker]))
		}
	}

	return o
}

func (v verdict) failure() bool { return slices.Contains(failures(), v) }

func find(v verdict, a answer, rows []row, received int) finding {
	f := finding{
		Verdict:    v,
		Marker:     a.marker,
		Told:       a.told,
		Received:   received,
		LastAnswer: a.last,
	}

	if len(rows) > 0 {
		f.Submission = rows[0].submission
		f.Carrier = rows[0].carrier
		f.ErrorCode = rows[0].errorCode
	}

	return f
}

// Outcome is what the comparison has found.
type Outcome struct {
	Requested int             `json:"requested"`
	Verdicts  map[verdict]int `json:"verdicts"`
	// Refusals are the codes of the problems that callers were told.
	Refusals map[string]int `json:"refusals"`
	// Accepted are the deliveries that a provider took; Receipts those of them of which the
	// provider told the end, Unconfirmed those of which it never did.
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
	case r.carrier == chat.StatusUnconfirmed:
		o.Unconfirmed++
	case r.carrier.Final():
		o.Receipts++
	}

	if r.carrier.Lost() {
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
	for _, v := range failures() {
		if o.Verdicts[v] > 0 {
			return false
		}
	}

	return o.Requested > 0
}
