package chat

import (
	"slices"
	"strings"
	"time"
)

// EvidenceWindow says when a provider may have made the message that an attempt has become:
// from Skew before the attempt began until Skew after its claim had to end.
type EvidenceWindow struct {
	// Lease is how long one claim lasts, which no post outlives.
	Lease time.Duration
	// Skew is by how much the provider's clock may differ from ours.
	Skew time.Duration
}

// Hold is how long after an attempt began no other message with the same text may be posted to
// the same address: by then no message can fall into the windows of both.
func (w EvidenceWindow) Hold() time.Duration { return w.Lease + 2*w.Skew }

// Around is the time in which the provider may have made the message of an attempt.
func (w EvidenceWindow) Around(a *Attempt) (since, until time.Time) {
	return a.StartedAt.Add(-w.Skew), a.StartedAt.Add(w.Lease + w.Skew)
}

func (w EvidenceWindow) contains(a *Attempt, made time.Time) bool {
	since, until := w.Around(a)
	return !made.Before(since) && !made.After(until)
}

// Unresolved reports whether the provider may have taken the attempt, under an id that nobody
// knows.
func (a *Attempt) Unresolved() bool {
	return a.Outcome == "" || a.Outcome == OutcomeUnknown ||
		a.Outcome == OutcomeAccepted && a.ProviderMessageID == ""
}

// UnresolvedAttempts are the attempts that the provider may have taken under an id that nobody
// knows, the oldest first. Each may be one message.
func (d *Delivery) UnresolvedAttempts() []*Attempt {
	var unresolved []*Attempt

	for i := range d.Attempts {
		if d.Attempts[i].Unresolved() {
			unresolved = append(unresolved, &d.Attempts[i])
		}
	}

	slices.SortStableFunc(unresolved, func(a, b *Attempt) int { return a.StartedAt.Compare(b.StartedAt) })

	return unresolved
}

// Evidence is what the messages that a provider shows prove about a delivery.
type Evidence struct {
	// Own are the messages that only this delivery can have become, oldest first, each with
	// the fence of the attempt that it belongs to.
	Own []Report
	// Ambiguous are the messages of which some may be the delivery's, and some may be of
	// somebody else: people must look.
	Ambiguous []Report
}

// JudgeEvidence decides which of the messages that a provider shows are the delivery's. seen
// are the messages that look like it: to its address, from its sender, with its text. owners
// are the deliveries that are known to own some of them, by the provider's id. rivals are the
// other deliveries that would look the same to the provider, with their attempts.
//
// A message that carries a delivery's id is that delivery's. Of the others, a message is the
// delivery's if nobody else can own it:
//
//   - no delivery is known to own it;
//   - it was made in the window of an attempt of the delivery that is not resolved, and each
//     such attempt owns one message at most;
//   - no rival has an unresolved attempt in whose window it was made.
//
// If one of the messages could be somebody else's, or there are more of them than attempts
// (another system may send the same text), nothing is the delivery's and all is ambiguous.
func (d *Delivery) JudgeEvidence(
	seen []Report,
	owners map[string]DeliveryID,
	rivals []Delivery,
	window EvidenceWindow,
) Evidence {
	var (
		marked    []Report
		candidate []Report
	)

	for _, r := range seen {
		owner, owned := owners[r.ProviderMessageID]

		switch {
		case owned && owner != d.ID, d.knowsMessage(r.ProviderMessageID):
		case r.DeliveryID == d.ID && d.ID != "":
			marked = append(marked, r)
		case r.DeliveryID == "" && d.mayOwn(&r, window):
			candidate = append(candidate, r)
		}
	}

	sortByTime(candidate)

	own, ok := assignAttempts(candidate, d.UnresolvedAttempts(), window)
	if !ok || slices.ContainsFunc(candidate, func(r Report) bool { return rivalMayOwn(rivals, &r, window) }) {
		return Evidence{Own: marked, Ambiguous: candidate}
	}

	return Evidence{Own: append(marked, own...)}
}

// knowsMessage reports whether the message is one that the delivery is known to have become.
func (d *Delivery) knowsMessage(id string) bool {
	if id == "" || id == d.ProviderMessageID {
		return true
	}

	return slices.ContainsFunc(d.Attempts, func(a Attempt) bool { return a.ProviderMessageID == id })
}

// mayOwn reports whether a message that carries no delivery's id can be the delivery's.
func (d *Delivery) mayOwn(r *Report, window EvidenceWindow) bool {
	return slices.ContainsFunc(d.UnresolvedAttempts(), func(a *Attempt) bool { return window.contains(a, r.MadeAt) })
}

func rivalMayOwn(rivals []Delivery, r *Report, window EvidenceWindow) bool {
	return slices.ContainsFunc(rivals, func(rival Delivery) bool { return rival.mayOwn(r, window) })
}

// assignAttempts gives each message the earliest attempt that is free and in whose window it was
// made. It returns false if one of them finds none.
func assignAttempts(messages []Report, attempts []*Attempt, window EvidenceWindow) ([]Report, bool) {
	free := slices.Clone(attempts)
	assigned := make([]Report, len(messages))

	for i, message := range messages {
		at := slices.IndexFunc(free, func(a *Attempt) bool { return window.contains(a, message.MadeAt) })
		if at < 0 {
			return nil, false
		}

		message.Fence = free[at].Fence
		assigned[i] = message
		free = slices.Delete(free, at, at+1)
	}

	return assigned, true
}

func sortByTime(reports []Report) {
	slices.SortStableFunc(reports, func(a, b Report) int { return a.MadeAt.Compare(b.MadeAt) })
}

// ErrorAmbiguous: the provider shows messages that may be the delivery's, or somebody else's.
const ErrorAmbiguous = "evidence_ambiguous"

// MarkAmbiguous hands a delivery to a person of which nobody can tell which of the provider's
// messages is its. Only one that is unknown, or waits for a person already, changes.
func (d *Delivery) MarkAmbiguous(candidates []Report) Effect {
	if len(candidates) == 0 || d.Submission != SubmissionUnknown && d.Submission != SubmissionNeedsReview {
		return EffectNone
	}

	ids := make([]string, len(candidates))
	for i := range candidates {
		ids[i] = candidates[i].ProviderMessageID
	}

	message := d.Provider.Name() + " shows what may be this message, or another one with the same text: " +
		strings.Join(ids, ", ")
	if d.Submission == SubmissionNeedsReview && d.ErrorMessage == message {
		return EffectNone
	}

	d.Submission = SubmissionNeedsReview
	d.ErrorCode = ErrorAmbiguous
	d.ErrorMessage = message

	return EffectWaits
}
