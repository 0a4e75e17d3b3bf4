package chat

import (
	"fmt"
	"strings"
	"time"
)

// The bounds within which one text is given to a model, again and again if need be.
const (
	MaxModelAttempts = 4
	ModelPatience    = 15 * time.Minute
)

// What is waited where a model's server does not say how long: at first, and at most. In between each
// wait is modelWaitGrowth times the one before.
const (
	firstModelWait  = 2 * time.Second
	maxModelWait    = time.Minute
	modelWaitGrowth = 3
)

// ModelWait is why a summary waits for a model that could not answer, and until when.
type ModelWait struct {
	// Code and Reason say why, as a [RetryLaterError] does.
	Code   string `json:"code"`
	Reason string `json:"reason"`
	// Since is when it was last asked, NextTry when it is asked again, Until when no more.
	Since   time.Time `json:"since"`
	NextTry time.Time `json:"next_try"`
	Until   time.Time `json:"until"`
	// Waiting is how many of the parts of a chat wait, out of Parts. A chat that is read at once
	// has one part.
	Waiting int `json:"waiting"`
	Parts   int `json:"parts"`
}

// PlanModelWait returns how long to wait before a model is asked again that has failed in this attempt,
// the first of which is 1. It reports false if it is not asked again: after the last attempt, and if the
// wait would be over too late.
func PlanModelWait(failure *RetryLaterError, attempt int, now, until time.Time) (ModelWait, bool) {
	wait := failure.After
	if wait <= 0 {
		wait = firstModelWait
		for range attempt - 1 {
			wait = min(wait*modelWaitGrowth, maxModelWait)
		}
	}

	planned := ModelWait{
		Code:    failure.Code,
		Reason:  failure.Message,
		Since:   now,
		NextTry: now.Add(wait),
		Until:   until,
		Waiting: 1,
		Parts:   1,
	}

	return planned, attempt < MaxModelAttempts && planned.NextTry.Before(until)
}

// ModelExhausted is the error of a summary whose model is not asked again after this attempt:
// summarization_failed, which may be asked for again.
func ModelExhausted(failure *RetryLaterError, attempt int) *Error {
	why := "also when it was tried again"

	switch {
	case attempt < MaxModelAttempts && failure.After > 0:
		why = "and it is not to be asked again within " + failure.After.Round(time.Second).String()
	case attempt < MaxModelAttempts:
		why = "and the time for it is over"
	}

	return NoSummary(fmt.Sprintf("%s (%s), %s", failure.Message, failure.Code, why))
}

// MergeModelWaits returns the wait of a chat that is read in parts, of which these wait: that of the one
// that is asked for next. It is nil if none waits.
func MergeModelWaits(waits []ModelWait, parts int) *ModelWait {
	if len(waits) == 0 {
		return nil
	}

	next := waits[0]
	for _, wait := range waits[1:] {
		if wait.NextTry.Before(next.NextTry) {
			next = wait
		}
	}

	next.Waiting = len(waits)
	next.Parts = parts

	return &next
}

// Explain says why the summary waits, when its model is asked again, and until when at the latest.
func (w *ModelWait) Explain() string {
	again := fmt.Sprintf(
		"again at %s, and until %s UTC at the latest.",
		w.NextTry.UTC().Format(time.TimeOnly),
		w.Until.UTC().Format(time.TimeOnly),
	)

	if w.Parts > 1 {
		return fmt.Sprintf("%d of %d parts wait: %s. The next is tried %s", w.Waiting, w.Parts, w.Reason, again)
	}

	return w.explainReason() + " It is asked " + again
}

// explainReason says why in a sentence.
func (w *ModelWait) explainReason() string {
	if w.Reason == "" {
		return "The model could not answer."
	}

	return strings.ToUpper(w.Reason[:1]) + w.Reason[1:] + "."
}
