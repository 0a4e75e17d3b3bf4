package chat

// AttemptReach is whether an attempt to send has reached its provider.
type AttemptReach string

// The answers. ReachedPossibly is what nobody can prove.
const (
	ReachedNo       AttemptReach = "no"
	ReachedPossibly AttemptReach = "possibly"
	ReachedYes      AttemptReach = "yes"
)

var attemptReachWords = []WordText{
	{Word: string(ReachedNo), Meaning: "It did not reach the provider."},
	{Word: string(ReachedPossibly), Meaning: "It may have reached the provider."},
	{Word: string(ReachedYes), Meaning: "It reached the provider."},
}

// Explain returns a sentence that says so.
func (r AttemptReach) Explain() string { return findMeaning(attemptReachWords, string(r)) }

// Reached returns whether an attempt of the delivery has reached the provider. It has if the provider has answered, or
// has reported a message that can only be of this attempt.
func (d *Delivery) Reached(a *Attempt) AttemptReach {
	switch {
	case !a.mayHaveReached():
		return ReachedNo
	case a.HTTPStatus != 0, a.Outcome == OutcomeAccepted:
		return ReachedYes
	case d.Submission == SubmissionAccepted && d.isOnlyToReach(a):
		return ReachedYes
	}

	return ReachedPossibly
}

// mayHaveReached reports whether something of the attempt may have left. While it runs, nobody has noted yet whether
// there was a connection.
func (a *Attempt) mayHaveReached() bool { return a.GotConnection || a.Outcome == "" }

// isOnlyToReach reports whether no other attempt may have reached the provider.
func (d *Delivery) isOnlyToReach(a *Attempt) bool {
	for i := range d.Attempts {
		if other := &d.Attempts[i]; other.Fence != a.Fence && other.mayHaveReached() {
			return false
		}
	}

	return true
}
