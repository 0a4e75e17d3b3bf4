package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// EvidenceState is whether attempts of a delivery may have become messages in the provider's list
// that nobody knows to be its own.
type EvidenceState string

// The states. One delivery at a time is open for each [Delivery.TextKey].
const (
	// EvidenceNone: the provider's id of every message is known.
	EvidenceNone EvidenceState = "none"
	// EvidenceOpen: such a message may exist, and this is the newest delivery of its text of which
	// that is so. No other one may be posted before EvidenceUntil.
	EvidenceOpen EvidenceState = "open"
	// EvidencePast: such a message may exist; another delivery may be the newest. Until
	// EvidenceUntil it holds up the others all the same.
	EvidencePast EvidenceState = "past"
	// EvidenceClosed: the provider's list was read for the last time, and nobody looks there again
	// for such a message. It may exist all the same, so it is no evidence for another delivery.
	EvidenceClosed EvidenceState = "closed"
)

// EvidenceStates lists all of them.
func EvidenceStates() []EvidenceState {
	return []EvidenceState{EvidenceNone, EvidenceOpen, EvidencePast, EvidenceClosed}
}

// openEvidence notes that an attempt may have become a message that nobody knows. Where the
// provider's list shows ids of ours, it holds up no other delivery.
func (d *Delivery) openEvidence() {
	d.Evidence = EvidencePast
	if d.TextKey() != "" {
		d.Evidence = EvidenceOpen
	}
}

// EvidenceWindow says when a provider may have made the message that an attempt has become:
// from Skew before the attempt began until Skew after its claim had to end.
type EvidenceWindow struct {
	// Lease is how long one claim lasts, which no post outlives.
	Lease time.Duration
	// Skew is by how much the provider's clock may differ from ours.
	Skew time.Duration
}

// ClockSkew is by how much the clocks of providers, workers and the database may differ unless
// the configuration says otherwise.
const ClockSkew = 2 * time.Minute

// Hold is how long after an attempt began no other message with the same text may be posted to
// the same address: after that no message can fall into the windows of both. Providers tell times
// in whole seconds (https://www.twilio.com/docs/messaging/api/message-resource), so a second is
// added.
func (w EvidenceWindow) Hold() time.Duration { return w.Lease + 2*w.Skew + time.Second }

// Around is the time in which the provider may have made the message of an attempt.
func (w EvidenceWindow) Around(a *Attempt) (since, until time.Time) {
	return a.StartedAt.Add(-w.Skew), a.StartedAt.Add(w.Lease + w.Skew)
}

// TextKey is the same for two deliveries that may look the same in their provider's list: a hash of
// sender, address and text, the text as [EvidenceText] has it. It is "" for those that the list
// tells apart by our own ids.
func (d *Delivery) TextKey() string {
	if !d.Channel.Spec().EvidenceByText {
		return ""
	}

	digest := sha256.New()
	for _, part := range []string{string(d.Provider), d.From, d.To, EvidenceText(d.Payload.Posted())} {
		fmt.Fprintf(digest, "%d:%s", len(part), part)
	}

	return hex.EncodeToString(digest.Sum(nil))
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

// evidenceSlot is room for one message that the provider may have made of a delivery.
type evidenceSlot struct {
	since, until time.Time
	// fence is the attempt's.
	fence int64
}

func (s *evidenceSlot) fits(r *Report) bool {
	return !r.MadeAt.Before(s.since) && !r.MadeAt.After(s.until)
}

// evidenceSlots has one for each unresolved attempt, the oldest first. A database that was set
// back may have forgotten an attempt, which then can have been at any time.
func (d *Delivery) evidenceSlots(window EvidenceWindow) []evidenceSlot {
	var slots []evidenceSlot

	for _, a := range d.UnresolvedAttempts() {
		since, until := window.Around(a)
		if a.FinishedAt != nil && slices.Contains(forgottenCodes(), a.ErrorCode) {
			until = a.FinishedAt.Add(window.Skew)
		}

		slots = append(slots, evidenceSlot{
			since: since,
			until: until,
			fence: a.Fence,
		})
	}

	if slices.Contains(forgottenCodes(), d.ErrorCode) {
		slots = append(slots, evidenceSlot{
			since: d.CreatedAt.Add(-forgottenBefore - window.Skew),
			until: d.UpdatedAt.Add(window.Skew),
			fence: d.Fence + 1,
		})
	}

	return slots
}

// forgottenBefore is by how much a message may be older than the row of its delivery, if the
// database has forgotten that and the delivery was stored anew.
const forgottenBefore = time.Hour

// forgottenCodes are the error codes of deliveries whose attempts the database may have forgotten.
func forgottenCodes() []string { return []string{ErrorDatabaseRestored, ErrorDatabaseFailedOver} }

// ForgottenAttempt is an attempt that stands for those of a delivery which the database may have
// forgotten, at whatever time they were. It is nil if the delivery does not say so, as a held one does
// until something else happens to it.
func (d *Delivery) ForgottenAttempt() *Attempt {
	if !slices.Contains(forgottenCodes(), d.ErrorCode) {
		return nil
	}

	until := d.UpdatedAt

	return &Attempt{
		Fence:         d.Fence + 1,
		StartedAt:     d.CreatedAt.Add(-forgottenBefore),
		FinishedAt:    &until,
		GotConnection: true,
		Outcome:       OutcomeUnknown,
		ErrorCode:     d.ErrorCode,
		ErrorMessage:  d.ErrorMessage,
	}
}

// mayHaveBeenTaken reports whether an attempt may have become a message that nobody knows.
func (d *Delivery) mayHaveBeenTaken() bool {
	return d.seeksEvidence() || d.Evidence == EvidenceClosed
}

// seeksEvidence reports whether the provider's list is still to be read for such a message.
func (d *Delivery) seeksEvidence() bool {
	return d.Evidence == EvidenceOpen || d.Evidence == EvidencePast
}

// EvidenceTime is the time in which the provider may have made the messages of the delivery that
// nobody knows, or, if all are known, the one that it took. Both are zero if it took none.
func (d *Delivery) EvidenceTime(window EvidenceWindow) (since, until time.Time) {
	slots := d.evidenceSlots(window)

	for i := range d.Attempts {
		if a := &d.Attempts[i]; a.Outcome == OutcomeAccepted {
			from, to := window.Around(a)
			slots = append(slots, evidenceSlot{since: from, until: to})
		}
	}

	for i := range slots {
		if since.IsZero() || slots[i].since.Before(since) {
			since = slots[i].since
		}

		if slots[i].until.After(until) {
			until = slots[i].until
		}
	}

	return since, until
}

// searchedTime is [Delivery.EvidenceTime] as far as the delivery itself knows how long a claim of it lasts.
func (d *Delivery) searchedTime() (since, until time.Time) {
	window := EvidenceWindow{Skew: d.ClockSkew}

	if last := len(d.Attempts) - 1; last >= 0 && d.EvidenceUntil != nil {
		window.Lease = max(0, d.EvidenceUntil.Sub(d.Attempts[last].StartedAt)-window.Hold())
	}

	return d.EvidenceTime(window)
}

// HasUnknownMessages reports whether the provider may have made messages of the delivery that
// nobody knows to be its own.
func (d *Delivery) HasUnknownMessages() bool { return len(d.evidenceSlots(EvidenceWindow{})) > 0 }

// Evidence is what the messages that a provider shows prove about a delivery.
type Evidence struct {
	// Known are the messages that are known to be the delivery's.
	Known []Report
	// Own are the messages that only this delivery can have become, oldest first. Each has the
	// fence of the attempt that it belongs to, or 0 if it may belong to several of them.
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
// A message that carries a delivery's id is that delivery's, and one that was recorded for a
// delivery stays that one's. Of the others, a message is the delivery's if nobody else can own it:
//
//   - it was made in the window of an attempt of the delivery that is not resolved, and each
//     such attempt owns one message at most;
//   - no rival has an unresolved attempt in whose window it was made. A retry of the same message
//     is a rival too: each of the two may be a copy of its own.
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
		evidence   Evidence
		candidates []Report
	)

	for _, r := range seen {
		owner, owned := owners[r.ProviderMessageID]

		switch {
		case r.ProviderMessageID == "", owned && owner != d.ID:
		case owned, d.knowsMessage(r.ProviderMessageID):
			evidence.Known = append(evidence.Known, r)
		case r.DeliveryID == d.ID:
			evidence.Own = append(evidence.Own, r)
		case r.DeliveryID == "" && d.mayOwn(&r, window):
			candidates = append(candidates, r)
		}
	}

	sortByTime(candidates)

	own, ok := d.assignSlots(candidates, evidence.Known, window)
	if !ok || slices.ContainsFunc(candidates, func(r Report) bool { return rivalMayOwn(rivals, &r, window) }) {
		evidence.Ambiguous = candidates
		return evidence
	}

	evidence.Own = append(evidence.Own, own...)

	return evidence
}

// knowsMessage reports whether the message is one that the delivery is known to have become.
func (d *Delivery) knowsMessage(id string) bool {
	return id == d.ProviderMessageID || d.hasAttemptOf(id)
}

// hasAttemptOf reports whether an attempt is known to have become the message.
func (d *Delivery) hasAttemptOf(id string) bool {
	return slices.ContainsFunc(d.Attempts, func(a Attempt) bool { return a.ProviderMessageID == id })
}

// mayOwn reports whether a message that carries no delivery's id can be the delivery's.
func (d *Delivery) mayOwn(r *Report, window EvidenceWindow) bool {
	return slices.ContainsFunc(d.evidenceSlots(window), func(s evidenceSlot) bool { return s.fits(r) })
}

// rivalMayOwn reports whether another delivery can own it.
func rivalMayOwn(rivals []Delivery, r *Report, window EvidenceWindow) bool {
	return slices.ContainsFunc(rivals, func(rival Delivery) bool { return rival.mayOwn(r, window) })
}

// assignSlots gives each message a slot that it fits, the earliest first. Known messages that belong
// to no attempt for certain take their turn among the others. It returns false if one of the
// messages finds none. A message that fits several settles none of the attempts: it would be by
// chance, and the copy that another attempt has become would then be nobody's.
func (d *Delivery) assignSlots(messages, known []Report, window EvidenceWindow) ([]Report, bool) {
	slots := d.evidenceSlots(window)
	free := slices.Clone(slots)

	all := slices.Concat(d.unattributed(known), messages)
	sortByTime(all)

	var assigned []Report

	for _, message := range all {
		at := slices.IndexFunc(free, func(s evidenceSlot) bool { return s.fits(&message) })
		isNew := slices.ContainsFunc(messages, func(r Report) bool {
			return r.ProviderMessageID == message.ProviderMessageID
		})

		if at < 0 {
			if isNew {
				return nil, false
			}

			continue
		}

		message.Fence = free[at].fence
		free = slices.Delete(free, at, at+1)

		if countFitting(slots, &message) > 1 {
			message.Fence = 0
		}

		if isNew {
			assigned = append(assigned, message)
		}
	}

	return assigned, true
}

// unattributed are the known messages that belong to no attempt for certain.
func (d *Delivery) unattributed(known []Report) []Report {
	var all []Report

	for _, r := range known {
		if !d.hasAttemptOf(r.ProviderMessageID) {
			all = append(all, r)
		}
	}

	return all
}

func countFitting(slots []evidenceSlot, message *Report) int {
	fitting := 0

	for i := range slots {
		if slots[i].fits(message) {
			fitting++
		}
	}

	return fitting
}

func sortByTime(reports []Report) {
	slices.SortStableFunc(reports, func(a, b Report) int { return a.MadeAt.Compare(b.MadeAt) })
}

// ErrorAmbiguous is the error code of a delivery that may be one of the messages that its provider
// shows, if those may be somebody else's too.
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
