package chat

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The limits of what a bulk retry may do wrong.
const (
	// BulkWindow is how many of the last attempts of a bulk retry its failures are counted in.
	BulkWindow = 50
	// DefaultBulkFailures is the share of them that pauses it, in percent.
	DefaultBulkFailures = 20
)

// RetryOutcome is how a delivery stands that a bulk retry has begun.
type RetryOutcome struct {
	Status    string
	ErrorCode string
}

// AttemptResult is what an outcome says about the run that it belongs to.
type AttemptResult string

// The results of attempts.
const (
	// AttemptTaken is a message that its provider has, and has not reported as lost.
	AttemptTaken AttemptResult = "taken"
	// AttemptFailed is a message that was not taken, or did not arrive.
	AttemptFailed AttemptResult = "failed"
	// AttemptOpen has no outcome yet.
	AttemptOpen AttemptResult = "open"
	// AttemptNone says nothing: people have ended the delivery.
	AttemptNone AttemptResult = "none"
)

// attemptResults are the results of the statuses that are no failure.
var attemptResults = map[string]AttemptResult{
	string(SubmissionPending):       AttemptOpen,
	string(SubmissionSending):       AttemptOpen,
	string(SubmissionUnknown):       AttemptOpen,
	string(SubmissionCanceled):      AttemptNone,
	string(SubmissionAbandoned):     AttemptNone,
	string(SubmissionAccepted):      AttemptTaken,
	string(SubmissionConfirmedSent): AttemptTaken,
	string(StatusDelivered):         AttemptTaken,
	string(StatusRead):              AttemptTaken,
	string(StatusUnconfirmed):       AttemptTaken,
}

// StatusesWithoutOutcome are the statuses of deliveries that say nothing about the run yet, or never
// will: open ones, and ended ones. One that is pending has failed when nothing tries it any more: see [LeftAlone].
func StatusesWithoutOutcome() (open, ended []string) {
	for _, status := range slices.Sorted(maps.Keys(attemptResults)) {
		switch attemptResults[status] {
		case AttemptOpen:
			open = append(open, status)
		case AttemptNone:
			ended = append(ended, status)
		case AttemptTaken, AttemptFailed:
		}
	}

	return open, ended
}

// Result is what the outcome says about its run.
func (o RetryOutcome) Result() AttemptResult {
	if o.Status == string(SubmissionPending) && slices.Contains(LeftAlone(), o.ErrorCode) {
		return AttemptFailed
	}

	return cmp.Or(attemptResults[o.Status], AttemptFailed)
}

// BulkTally sums up the outcomes of attempts.
type BulkTally struct {
	// Attempted are those with an outcome, Failed those of them that failed.
	Attempted int `json:"attempted,omitempty"`
	Failed    int `json:"failed,omitempty"`
	// Code is the most frequent error code of what failed, and CodeCount how many have it.
	Code      string `json:"code,omitempty"`
	CodeCount int    `json:"code_count,omitempty"`
}

// TallyRetries sums up outcomes. What has none does not count.
func TallyRetries(outcomes []RetryOutcome) BulkTally {
	var t BulkTally

	codes := map[string]int{}

	for _, o := range outcomes {
		switch o.Result() {
		case AttemptTaken:
			t.Attempted++
		case AttemptFailed:
			t.Attempted++
			t.Failed++
			codes[o.ErrorCode]++
		case AttemptOpen, AttemptNone:
		}
	}

	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if code != "" && codes[code] > t.CodeCount {
			t.Code = code
			t.CodeCount = codes[code]
		}
	}

	return t
}

// explainFailures says how many of them failed, and why most did.
func (t *BulkTally) explainFailures(them string) string {
	switch {
	case t.Code == "":
		return fmt.Sprintf("%d of %s failed.", t.Failed, them)
	case t.CodeCount == t.Failed:
		return fmt.Sprintf("%d of %s failed: %s.", t.Failed, them, nameErrorCode(t.Code))
	}

	return fmt.Sprintf("%d of %s failed, %d with %s.", t.Failed, them, t.CodeCount, nameErrorCode(t.Code))
}

// nameErrorCode is an error code in words: "Twilio 21610, the recipient has opted out …".
func nameErrorCode(code string) string {
	name := code

	for _, p := range []Provider{ProviderTwilio, ProviderSendGrid} {
		if rest, ok := strings.CutPrefix(code, string(p)+"_"); ok {
			name = p.Name() + " " + rest
		}
	}

	if known, ok := FindProviderCode(code); ok {
		name += ", " + known.Meaning
	}

	return name
}

// FailureLimit is what pauses a bulk retry after its canary: this share of [BulkWindow], in percent.
type FailureLimit int

// failures are how many failures among the last [BulkWindow] attempts pause the run.
func (l FailureLimit) failures() int {
	return max(1, (int(l)*BulkWindow+99)/100)
}

// Judge says why a bulk retry pauses, "" when it goes on. The tally is of the last [BulkWindow] attempts, or of
// fewer when there were no more: the run does not wait for all of them before it pauses.
func (l FailureLimit) Judge(last BulkTally) string {
	if last.Failed < l.failures() {
		return ""
	}

	return last.explainFailures(fmt.Sprintf("the last %d attempted", last.Attempted))
}

// CanaryStep is what a bulk retry does next while its canary is not over.
type CanaryStep string

// The steps of a canary.
const (
	CanaryBegin  CanaryStep = "begin"
	CanaryWait   CanaryStep = "wait"
	CanaryPassed CanaryStep = "passed"
	CanaryFailed CanaryStep = "failed"
)

// Canary is the first part of a bulk retry: the rest waits until so many were attempted, and none failed.
type Canary struct {
	// Size is how many are to be attempted.
	Size int
	// Begun are those begun for it, Unattempted those of them that never were: they were skipped, or
	// people have ended them. They count for nothing.
	Begun, Unattempted int
	// Tally is of all the others.
	Tally BulkTally
	// Waited reports that the wait for outcomes is over.
	Waited bool
}

// open is how many have no outcome yet.
func (c *Canary) open() int { return c.Begun - c.Unattempted - c.Tally.Attempted }

// Step is what comes next. A failure ends the canary once the others, too, have their outcome.
func (c *Canary) Step() CanaryStep {
	switch {
	case c.Tally.Failed == 0 && c.Tally.Attempted >= c.Size:
		return CanaryPassed
	case c.Tally.Failed == 0 && c.Begun-c.Unattempted < c.Size:
		return CanaryBegin
	case c.open() <= 0 || c.Waited:
		return CanaryFailed
	}

	return CanaryWait
}

// Explain says what the run waits for.
func (c *Canary) Explain() string {
	return fmt.Sprintf("Waits for the outcome of %d that are tried first.", max(0, c.open()))
}

// Note says why the run pauses.
func (c *Canary) Note() string {
	var sentences []string

	if c.Tally.Failed > 0 {
		first := fmt.Sprintf("the %d tried first", c.Begun-c.Unattempted)
		sentences = append(sentences, c.Tally.explainFailures(first))
	}

	if open := c.open(); open > 0 {
		sentences = append(sentences, fmt.Sprintf("There is no outcome of %d of the first yet.", open))
	}

	return strings.Join(sentences, " ")
}

// BulkProgress is how a bulk retry stands, as its workflow sees it.
type BulkProgress struct {
	Run BulkRetry `json:"run"`
	// First is of what was begun since the canary began, Unattempted how many of those never were tried,
	// and Last of the last [BulkWindow] attempts since then.
	First       BulkTally `json:"first,omitzero"`
	Unattempted int       `json:"unattempted,omitempty"`
	Last        BulkTally `json:"last,omitzero"`
}

// BulkOverlap is an unfinished bulk retry that is to retry some of the same deliveries.
type BulkOverlap struct {
	ID    ActionID
	State BulkState
	Count int
}

// RefuseOverlap is the error of a bulk retry whose deliveries another is to retry: bulk_retry_overlaps. It is nil
// without any.
func RefuseOverlap(overlaps []BulkOverlap) error {
	if len(overlaps) == 0 {
		return nil
	}

	others := make([]string, len(overlaps))
	for i, o := range overlaps {
		others[i] = fmt.Sprintf(
			"bulk retry %s, which is %s, is to retry %d of the same deliveries",
			o.ID,
			o.State,
			o.Count,
		)
	}

	return Errorf(
		CodeBulkOverlap,
		"%s; wait for it or cancel it, or say that both shall run with allow_overlap",
		strings.Join(others, "; "),
	)
}

// BulkSkipped is a delivery that a bulk retry could not retry.
type BulkSkipped struct {
	DeliveryID DeliveryID
	Reason     string
}

// ExplainSkip says why a bulk retry could not retry a delivery, in words that other deliveries share: they name no
// other delivery.
func ExplainSkip(problem *Error) string {
	why := problem.Message
	if problem.DeliveryID != "" {
		why = strings.ReplaceAll(why, ", as delivery "+problem.DeliveryID, "")
	}

	return strings.TrimPrefix(why, cannotRetry)
}
