package chat

import "time"

// SweepStep is what a sweep does about a delivery.
type SweepStep string

// The steps.
const (
	// SweepNone: it was touched lately, or waits for a time or a person.
	SweepNone SweepStep = "none"
	// SweepCheck: its workflow must be open, and is not disturbed: the delivery waits for tools
	// or people, and changes through its workflow alone.
	SweepCheck SweepStep = "check"
	// SweepNudge: its workflow is made to look, because a signal may have been lost.
	SweepNudge SweepStep = "nudge"
	// SweepSeek: it has ended, and the provider's list is read once more for copies of it that
	// nobody knows, because its workflow is gone.
	SweepSeek SweepStep = "seek"
)

// sweepSeldom is the longest time between two looks at one delivery.
const sweepSeldom = 24 * time.Hour

// PlanSweep decides what a sweep does about a delivery that has not ended, and when the next one
// is to look at it. stale is how long nothing must have happened to it. A delivery is looked at
// ever more seldom, so that those that wait for weeks cost little, and their workflows' histories
// hardly grow.
func (d *Delivery) PlanSweep(now time.Time, stale time.Duration) (step SweepStep, next time.Time) {
	idle := d.UpdatedAt.Add(stale)
	ended := d.Submission.Settled() && (d.Submission != SubmissionAccepted || d.DeliveryStatus.Final())

	switch {
	case ended && d.seeksEvidence():
		return SweepSeek, now.Add(sweepSeldom)
	case d.Submission == SubmissionNeedsReview || d.leftAlone():
		return SweepNone, now.Add(sweepSeldom)
	case d.Submission == SubmissionSending && d.LeaseUntil.After(now):
		return SweepNone, d.LeaseUntil.Add(stale)
	case d.Submission.Claimable() && d.RetryAt != nil && d.RetryAt.After(now):
		return SweepNone, d.RetryAt.Add(stale)
	case idle.After(now):
		return SweepNone, idle
	}

	next = now.Add(min(max(now.Sub(d.UpdatedAt), 2*stale), sweepSeldom))
	if d.Submission == SubmissionPending && d.Fence == 0 {
		return SweepCheck, next
	}

	return SweepNudge, next
}

// SweepFinding is what a sweep has found that signals or workflows had lost.
type SweepFinding string

// The findings.
const (
	// FoundStale: nothing has happened to a delivery for a while.
	FoundStale SweepFinding = "stale_delivery"
	// FoundLostWorkflow: the workflow that follows a delivery was gone.
	FoundLostWorkflow SweepFinding = "lost_workflow"
	// FoundForgottenSummary: a chat should have been summarized by itself.
	FoundForgottenSummary SweepFinding = "forgotten_summary"
)

// SweepFindings lists all of them.
func SweepFindings() []SweepFinding {
	return []SweepFinding{FoundStale, FoundLostWorkflow, FoundForgottenSummary}
}
