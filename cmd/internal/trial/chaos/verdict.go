package chaos

import (
	"slices"
	"time"

	"handrail/chat"
)

// verdict is what one send came to, all three truths considered.
type verdict string

// The verdicts. Every send has exactly one; the last six are failures of Handrail, or of
// the trial.
const (
	acceptedAtOnce  verdict = "accepted_and_told"
	acceptedLater   verdict = "accepted_after_202"
	foundLater      verdict = "told_unknown_and_found"
	notSentAndTold  verdict = "not_sent_and_told"
	endedLater      verdict = "ended_with_a_reason_after_202"
	heldReceived    verdict = "parked_received"
	heldNotReceived verdict = "parked_not_received"
	// retried is of a message that a person has tried again, and the provider took it then.
	retried verdict = "accepted_after_a_retry"
	// notFollowed is of a message that the provider has, whose workflow the run has ended in
	// Temporal: a sweep asks for its receipt after two days.
	notFollowed verdict = "accepted_workflow_ended"
	// twiceUnknowable is of a message that was sent twice, where no API shows a second copy: it
	// is never listed and never reported on. It is no failure, and no success.
	twiceUnknowable verdict = "sent_twice_unknowable"

	lost          verdict = "lost"
	sentTwice     verdict = "sent_twice_unflagged"
	denied        verdict = "told_not_sent_yet_received"
	sentAfterStop verdict = "sent_after_stop"
	unsettled     verdict = "not_settled"
)

// failureVerdicts returns the verdicts that must not occur.
func failureVerdicts() []verdict { return []verdict{lost, sentTwice, denied, sentAfterStop, unsettled} }

// evidence is all that is known of one send.
type evidence struct {
	answer answer
	// rows are the deliveries that the database has for it.
	rows []row
	// copies are what providers received of it.
	copies []received
	// refusals are the times in which its customer wanted no messages.
	refusals []refusal
	// ended reports that the run has ended its workflow in Temporal.
	ended bool
}

// classifySend compares what the caller was told with the deliveries that the database has for
// the send, and with what the providers received.
func classifySend(e *evidence) verdict {
	if e.postedAfterStop() {
		return sentAfterStop
	}

	if len(e.rows) == 0 {
		return classifyWithoutRow(e.answer, len(e.copies))
	}

	a := e.answer
	r := e.rows[0]
	received := len(e.copies)

	if last := len(e.rows) - 1; last > 0 && e.rows[last].retryOf != "" {
		return classifyRetried(e)
	}

	switch {
	case len(e.rows) > 1:
		return sentTwice
	case received > 1 && !r.duplicate && countKnowable(e.copies, e.rows) > 1:
		return sentTwice
	case received > 1 && !r.duplicate:
		return twiceUnknowable
	case a.told != toldNothing && e.ended && r.accepted() && r.open() && received > 0:
		return notFollowed
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

// classifyRetried is for a send that a person has tried again, so that it has several
// deliveries. Copies that did not reach the recipient do not count as sent twice.
func classifyRetried(e *evidence) verdict {
	flagged := slices.ContainsFunc(e.rows, func(r row) bool { return r.duplicate })
	arrived := slices.DeleteFunc(slices.Clone(e.copies), func(c received) bool { return c.undelivered })

	switch {
	case slices.ContainsFunc(e.rows[1:], func(r row) bool { return r.retryOf == "" }):
		return sentTwice // two deliveries for one request
	case len(arrived) > 1 && !flagged && countKnowable(arrived, e.rows) > 1:
		return sentTwice
	case len(arrived) > 1 && !flagged:
		return twiceUnknowable
	case e.answer.told == toldNothing || slices.ContainsFunc(e.rows, row.open):
		return unsettled
	}

	for _, r := range e.rows {
		own := slices.ContainsFunc(e.copies, func(c received) bool { return c.delivery == r.delivery })

		switch {
		case r.accepted() && !own:
			return lost
		case r.ended() && own:
			return denied
		}
	}

	delivered := func(r row) bool { return r.accepted() && !r.status.Lost() }

	switch last := e.rows[len(e.rows)-1]; {
	case last.accepted(), slices.ContainsFunc(e.rows, delivered):
		return retried
	case last.waitsForPerson() && len(arrived) > 0:
		return heldReceived
	case last.waitsForPerson():
		return heldNotReceived
	case last.ended():
		return endedLater
	}

	return lost
}

// countKnowable counts the copies that Handrail can know of: those whose acceptance it has heard,
// or that a list shows, or that are reported on.
func countKnowable(copies []received, rows []row) int {
	count := 0

	for _, c := range copies {
		heard := slices.ContainsFunc(rows, func(r row) bool { return r.providerID == c.id })
		if heard || !c.hidden || !c.silent {
			count++
		}
	}

	return count
}

// clockMargin is more than what is stored of a time may be off.
const clockMargin = 100 * time.Millisecond

// postedAfterStop reports whether a post was begun, and ended, while the customer wanted no
// messages and Handrail knew it.
func (e *evidence) postedAfterStop() bool {
	for _, r := range e.rows {
		for _, posted := range r.attempts {
			if slices.ContainsFunc(e.refusals, posted.during) {
				return true
			}
		}
	}

	return false
}

// during reports whether all of the attempt was in the time of a refusal. One that began before
// may have been allowed to post; one that ended later may have been allowed again.
func (a attempt) during(in refusal) bool {
	return a.started.After(in.from.Add(clockMargin)) && !a.finished.IsZero() &&
		a.finished.Before(in.until.Add(-clockMargin))
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
	case a.told.promised() && !a.later && a.running && received == 0:
		return unsettled // it waits in Temporal for its turn
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
// are open, and sends that were promised and are only in Temporal yet. Those that are accepted
// and whose workflow was ended are not waited for.
func countOpen(answers []answer, rows []row, ended map[string]bool) int {
	stored := markersOf(rows)
	count := 0

	for _, r := range rows {
		if r.open() && (!r.accepted() || !ended[r.workflow]) {
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
	// Delivery and Workflow are where to look on, RetryOf the delivery that a person has tried
	// again, EqualText the send that has the same text.
	Delivery  string `json:"delivery_id,omitempty"`
	Workflow  string `json:"workflow_id,omitempty"`
	RetryOf   string `json:"retry_of,omitempty"`
	EqualText string `json:"equal_text,omitempty"`
	// Copies are what the provider calls the messages, with what hides each.
	Copies []string `json:"copies,omitempty"`
	// WorkflowEnded reports that the run has ended the workflow in Temporal.
	WorkflowEnded bool `json:"workflow_ended,omitempty"`
}

// compareSends finds the verdict on every send and counts them.
func compareSends(all []evidence) Outcome {
	o := Outcome{Requested: len(all), Verdicts: map[verdict]int{}, Refusals: map[string]int{}}

	for i := range all {
		e := &all[i]
		v := classifySend(e)
		o.Verdicts[v]++

		for _, r := range e.rows {
			o.count(r, len(e.copies))
		}

		if len(e.rows) > 1 {
			o.Retries += len(e.rows) - 1
		}

		if e.answer.code != "" {
			o.Refusals[e.answer.code]++
		}

		if v.failure() || v == twiceUnknowable {
			o.Findings = append(o.Findings, newFinding(v, e))
		}
	}

	return o
}

func (v verdict) failure() bool { return slices.Contains(failureVerdicts(), v) }

func newFinding(v verdict, e *evidence) finding {
	f := finding{
		Verdict:       v,
		Marker:        e.answer.marker,
		Told:          e.answer.told,
		Received:      len(e.copies),
		LastAnswer:    e.answer.last,
		WorkflowEnded: e.ended,
	}

	if e.answer.text != e.answer.marker {
		f.EqualText = e.answer.text
	}

	if len(e.rows) > 0 {
		last := e.rows[len(e.rows)-1]
		f.Submission = last.submission
		f.Status = last.status
		f.ErrorCode = last.errorCode
		f.Delivery = last.delivery
		f.Workflow = last.workflow
		f.RetryOf = last.retryOf
	}

	for _, c := range e.copies {
		f.Copies = append(f.Copies, c.describe())
	}

	return f
}

// describe names the message, and what hides it.
func (r *received) describe() string {
	name := r.id
	if r.undelivered {
		name += " undelivered"
	}

	if r.hidden {
		name += " hidden"
	}

	if r.silent {
		name += " silent"
	}

	return name
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
	// Retries are the deliveries with which a person has tried again.
	Retries int `json:"retries"`
	// DuplicatesFlagged are the messages that were received twice, and flagged; those of
	// FalseAlarms were flagged and received once.
	DuplicatesFlagged int `json:"duplicates_flagged"`
	FalseAlarms       int `json:"false_alarms"`
	// Findings are the sends that failed, and those that were sent twice and could not be known.
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
