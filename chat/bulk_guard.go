package chat

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The limits of the failures of a bulk retry.
const (
	// BulkWindow is the number of last attempts among which failures are counted.
	BulkWindow = 50
	// DefaultBulkFailures is the share of failures that pauses a bulk retry, in percent.
	DefaultBulkFailures = 20
)

// RetryOutcome is the current state of a delivery that a bulk retry has begun.
type RetryOutcome struct {
	Status    string
	ErrorCode string
}

// AttemptResult is what an outcome means for its bulk retry.
type AttemptResult string

// The results of attempts.
const (
	// AttemptTaken: the provider has the message, and has not reported it as lost.
	AttemptTaken AttemptResult = "taken"
	// AttemptFailed: the provider did not accept the message, or it did not arrive.
	AttemptFailed AttemptResult = "failed"
	// AttemptOpen: there is no outcome yet.
	AttemptOpen AttemptResult = "open"
	// AttemptNone: people have ended the delivery, so it does not count.
	AttemptNone AttemptResult = "none"
)

// attemptResults are the results of statuses. All other statuses are failures.
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

// StatusesWithoutOutcome returns the statuses without an outcome: the open ones, which will have one, and the ended
// ones, which never will. A pending delivery that is not tried any more (see [LeftAlone]) has failed.
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

// Result returns what the outcome means for its bulk retry.
func (o RetryOutcome) Result() AttemptResult {
	if o.Status == string(SubmissionPending) && slices.Contains(LeftAlone(), o.ErrorCode) {
		return AttemptFailed
	}

	return cmp.Or(attemptResults[o.Status], AttemptFailed)
}

// BulkTally sums up the outcomes of attempts.
type BulkTally struct {
	// Attempted counts the attempts with an outcome, Failed the failed ones among them.
	Attempted int `json:"attempted,omitempty"`
	Failed    int `json:"failed,omitempty"`
	// Code is the most frequent error code of the failed ones, and CodeCount how many have it.
	Code      string `json:"code,omitempty"`
	CodeCount int    `json:"code_count,omitempty"`
}

// TallyRetries sums up outcomes. Open and ended deliveries do not count.
func TallyRetries(outcomes []RetryOutcome) BulkTally {
	counts := map[RetryOutcome]int{}
	for _, o := range outcomes {
		counts[o]++
	}

	return TallyCounts(counts)
}

// TallyCounts sums up outcomes as TallyRetries does, where it is counted how many deliveries have each.
func TallyCounts(counts map[RetryOutcome]int) BulkTally {
	var t BulkTally

	codes := map[string]int{}

	for o, n := range counts {
		switch o.Result() {
		case AttemptTaken:
			t.Attempted += n
		case AttemptFailed:
			t.Attempted += n
			t.Failed += n
			codes[o.ErrorCode] += n
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

// Explain says how many of what was attempted have failed.
func (t *BulkTally) Explain() string {
	if t.Attempted == 0 {
		return "there is no outcome yet"
	}

	return fmt.Sprintf("%d of %d with an outcome (%d %%)", t.Failed, t.Attempted, 100*t.Failed/t.Attempted)
}

// explainFailures says how many of them failed, and with which code most did.
func (t *BulkTally) explainFailures(them string) string {
	switch {
	case t.Code == "":
		return fmt.Sprintf("%d of %s failed.", t.Failed, them)
	case t.CodeCount == t.Failed:
		return fmt.Sprintf("%d of %s failed: %s.", t.Failed, them, nameErrorCode(t.Code))
	}

	return fmt.Sprintf("%d of %s failed, %d with %s.", t.Failed, them, t.CodeCount, nameErrorCode(t.Code))
}

// nameErrorCode returns an error code in words: "Twilio 21610, the recipient has opted out …".
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

// FailureLimit is the share of failures in [BulkWindow], in percent, that pauses a bulk retry after its canary.
type FailureLimit int

// threshold returns the number of failures among the last [BulkWindow] attempts that pauses the bulk retry.
func (l FailureLimit) threshold() int {
	return max(1, (int(l)*BulkWindow+99)/100)
}

// Explain says when a bulk retry pauses after its canary.
func (l FailureLimit) Explain() string {
	if l.threshold() == 1 {
		return fmt.Sprintf("one of its last %d attempts has failed", BulkWindow)
	}

	return fmt.Sprintf("%d of its last %d attempts have failed (%d %%)", l.threshold(), BulkWindow, l)
}

// Judge says why a bulk retry pauses, or "" if it goes on. The tally is of the last [BulkWindow] attempts, or of fewer
// if there were not as many yet.
func (l FailureLimit) Judge(last BulkTally) string {
	if last.Failed < l.threshold() {
		return ""
	}

	return last.explainFailures(fmt.Sprintf("the last %d attempted", last.Attempted))
}

// CanaryStep is the next step of a canary.
type CanaryStep string

// The steps of a canary.
const (
	CanaryBegin  CanaryStep = "begin"
	CanaryWait   CanaryStep = "wait"
	CanaryPassed CanaryStep = "passed"
	CanaryFailed CanaryStep = "failed"
)

// Canary is the first part of a bulk retry. The rest waits until Size deliveries were attempted and none failed.
type Canary struct {
	// Size is how many deliveries are to be attempted.
	Size int
	// Begun counts the deliveries that were begun, Unattempted those of them that do not count, because they were
	// skipped or people have ended them.
	Begun, Unattempted int
	// Tally sums up the others.
	Tally BulkTally
	// Waited reports whether the time to wait for outcomes is over.
	Waited bool
}

// ExplainCanary says what a canary of this size does.
func ExplainCanary(size int) string {
	if size == 0 {
		return "none"
	}

	return fmt.Sprintf("%d first; the rest waits for their outcome, and one failure pauses it", size)
}

// countOpen returns how many deliveries have no outcome yet.
func (c *Canary) countOpen() int { return c.Begun - c.Unattempted - c.Tally.Attempted }

// Step returns the next step. After a failure the canary fails once all its deliveries have an outcome.
func (c *Canary) Step() CanaryStep {
	switch {
	case c.Tally.Failed == 0 && c.Tally.Attempted >= c.Size:
		return CanaryPassed
	case c.Tally.Failed == 0 && c.Begun-c.Unattempted < c.Size:
		return CanaryBegin
	case c.countOpen() <= 0 || c.Waited:
		return CanaryFailed
	}

	return CanaryWait
}

// Explain says what the bulk retry waits for.
func (c *Canary) Explain() string {
	return fmt.Sprintf("Waits for the outcome of %d that are tried first.", max(0, c.countOpen()))
}

// Note says why the bulk retry pauses.
func (c *Canary) Note() string {
	var sentences []string

	if c.Tally.Failed > 0 {
		first := fmt.Sprintf("the %d tried first", c.Begun-c.Unattempted)
		sentences = append(sentences, c.Tally.explainFailures(first))
	}

	if open := c.countOpen(); open > 0 {
		sentences = append(sentences, fmt.Sprintf("There is no outcome of %d of the first yet.", open))
	}

	return strings.Join(sentences, " ")
}

// BulkProgress is the progress of a bulk retry, for its workflow.
type BulkProgress struct {
	Run BulkRetry `json:"run"`
	// First sums up the deliveries since the canary began, of which Unattempted were never tried. Last sums up the last
	// [BulkWindow] attempts since then.
	First       BulkTally `json:"first,omitzero"`
	Unattempted int       `json:"unattempted,omitempty"`
	Last        BulkTally `json:"last,omitzero"`
}

// BulkOverlap is an unfinished bulk retry that has Count deliveries in common with another one.
type BulkOverlap struct {
	ID    ActionID
	State BulkState
	Count int
}

// RefuseOverlap returns bulk_retry_overlaps, which names the overlapping bulk retries, and nil if there are none.
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

// BulkSkipFilter narrows the list of what a bulk retry could not retry. Reason is "" for any.
type BulkSkipFilter struct {
	BulkRetryID ActionID
	Reason      string
	Page
}

// ExplainBulkSkip says why a bulk retry would skip the delivery as it stands, in the words that it would record; "" if
// it would retry it. acknowledged reports that the bulk retry also sends again what may have been sent already.
func (d *Delivery) ExplainBulkSkip(acknowledged bool) string {
	const reason = "a bulk retry always has one"

	for _, err := range []error{d.CheckRetry(), d.CheckAcknowledgment(acknowledged, reason)} {
		if err != nil {
			return ExplainSkip(AsError(err))
		}
	}

	if d.RetryRefused != nil {
		return ExplainSkip(d.RetryRefused)
	}

	return ""
}

// MaxForecast is how many deliveries a dry run judges one by one, at most.
const MaxForecast = 1000

// RetryForecast is what a bulk retry would do with the first deliveries that it selects.
type RetryForecast struct {
	// Judged is how many were judged: all, up to [MaxForecast]. Skipped is how many of them it would skip.
	Judged  int
	Skipped int
	// SkippedBy counts them by the reasons that it would record.
	SkippedBy map[string]int
}

// Add judges one more delivery.
func (f *RetryForecast) Add(d *Delivery, acknowledged bool) {
	f.Judged++

	why := d.ExplainBulkSkip(acknowledged)
	if why == "" {
		return
	}

	if f.SkippedBy == nil {
		f.SkippedBy = map[string]int{}
	}

	f.Skipped++
	f.SkippedBy[why]++
}

// ExplainSkip says why a bulk retry could not retry a delivery. The text names no other delivery, and nobody who was
// first, so that equal reasons have equal texts.
func ExplainSkip(problem *Error) string {
	why, _, _ := strings.Cut(problem.Message, decidedBefore)
	if problem.DeliveryID != "" {
		why = strings.ReplaceAll(why, ", as delivery "+problem.DeliveryID, "")
	}

	return strings.TrimPrefix(why, cannotRetry)
}
