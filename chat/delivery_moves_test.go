package chat_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

var testNow = time.Date(2026, 11, 28, 3, 0, 0, 0, time.UTC)

// move is a rule that may change a delivery.
type move struct {
	name string
	do   func(*chat.Delivery) chat.Effect
}

// moves are all rules that change a delivery, with every fact that they depend on.
func moves() []move {
	later := testNow.Add(time.Hour)
	all := []move{
		{"lose the claim", func(d *chat.Delivery) chat.Effect { return d.Settle(0, later) }},
		{"settle", func(d *chat.Delivery) chat.Effect { return d.Settle(0, testNow) }},
		{"settle, often unknown", func(d *chat.Delivery) chat.Effect { return d.Settle(chat.MaxUnknown, testNow) }},
		{"exhaust", (*chat.Delivery).Exhaust},
		{"orphan", func(d *chat.Delivery) chat.Effect { return d.Orphan(false, testNow) }},
		{"orphan with tools", func(d *chat.Delivery) chat.Effect { return d.Orphan(true, testNow) }},
		{"free the address", func(d *chat.Delivery) chat.Effect { return d.FreeAddress(testNow) }},
		{"unconfirm", func(d *chat.Delivery) chat.Effect { return d.Unconfirm(false) }},
		{"cancel", func(d *chat.Delivery) chat.Effect { return d.Cancel("nobody decided") }},
		{"cancel as repeated", (*chat.Delivery).CancelAsRepeat},
		{"hold for an opt-out", (*chat.Delivery).HoldForOptOut},
		{"confirm the opt-out", (*chat.Delivery).ConfirmOptOut},
		{"deny the opt-out", (*chat.Delivery).DenyOptOut},
		{"end with the chat", (*chat.Delivery).EndWithChat},
		{"replace", func(d *chat.Delivery) chat.Effect { return d.Replace("d2") }},
		{"release", func(d *chat.Delivery) chat.Effect {
			if !d.Releasable() {
				return chat.EffectNone
			}

			d.Release()

			return chat.EffectResumes
		}},
	}

	for _, v := range []chat.Verdict{chat.VerdictCancel, chat.VerdictSent, chat.VerdictNotSent} {
		all = append(all, move{"decide " + string(v), func(d *chat.Delivery) chat.Effect {
			effect, _ := d.Decide(&chat.Decision{Verdict: v, ProviderMessageID: "SM1"})
			return effect
		}})
	}

	for name, facts := range map[string]chat.ClaimFacts{
		"free":            {},
		"suppressed":      {Allowance: chat.Allowance{Suppressed: true}},
		"chat archived":   {Allowance: chat.Allowance{ChatArchived: true}},
		"address changed": {Allowance: chat.Allowance{AddressChanged: true}},
		"asked to stop":   {Allowance: chat.Allowance{PossibleOptOut: true}},
		"busy":            {Busy: true},
		"sender refused":  {ProbeAt: &later, BreakerReason: "twilio_30001, suspended"},
		"busy and barred": {Busy: true, Allowance: chat.Allowance{Suppressed: true}, ProbeAt: &later},
	} {
		facts.Now = testNow
		refuse := func(d *chat.Delivery) chat.Effect { return d.RefuseClaim(facts).Effect }
		all = append(all, move{"claim, " + name, refuse})
	}

	return all
}

// deliveries are deliveries in every state that the rules tell apart.
func deliveries() []chat.Delivery {
	earlier := testNow.Add(-time.Minute)
	later := testNow.Add(time.Minute)

	var all []chat.Delivery

	for _, state := range chat.SubmissionStates() {
		for _, policy := range []chat.UnknownPolicy{chat.AtMostOnce, chat.ExpireUnknown, chat.ResendAfterSettle} {
			d := chat.Delivery{ID: "d1", Submission: state, Policy: policy}

			switch state {
			case chat.SubmissionSending:
				d.LeaseUntil = &earlier
				all = append(all, d)
				d.LeaseUntil = &later
			case chat.SubmissionUnknown:
				d.UnknownSince = &earlier
			case chat.SubmissionPending, chat.SubmissionBlocked:
				d.RetryAt = &later
				all = append(all, d)
				d.RetryAt = &earlier
			default:
			}

			all = append(all, d)

			// An earlier attempt may have been taken.
			d.Evidence = chat.EvidencePast
			all = append(all, d)

			if d.Releasable() {
				d.ErrorCode = chat.ErrorPossibleOptOut
				all = append(all, d)
			}
		}
	}

	return all
}

func TestEveryRuleMakesLegalMovesOnly(t *testing.T) {
	t.Parallel()

	for _, was := range deliveries() {
		for _, m := range moves() {
			d := was
			effect := m.do(&d)
			name := fmt.Sprintf("%s from %s by %s", m.name, was.Submission, was.Policy)

			if effect == chat.EffectNone {
				assert.Equal(t, was, d, "%s: it says that it has changed nothing", name)
				continue
			}

			assert.True(t, d.Submission == was.Submission || was.Submission.May(d.Submission),
				"%s must not lead to %s", name, d.Submission)

			assert.NotEqual(t, chat.SubmissionSending, d.Submission, "%s: only a granted claim sends", name)
			assert.Equal(t, d.Submission == chat.SubmissionUnknown, d.UnknownSince != nil &&
				d.Submission != chat.SubmissionNeedsReview && d.Submission != chat.SubmissionExpired, name)
			assert.Equal(t, d.Submission.Settled() && !was.Submission.Settled(),
				effect == chat.EffectSent || effect == chat.EffectNotSent || effect == chat.EffectReplaced,
				"%s: an end has its effect, and no other has it: %s", name, effect)
		}
	}
}

// TestEveryLegalMoveIsMade finds entries of the table that nothing needs: a claim, a post's
// outcome and the rules make all others.
func TestEveryLegalMoveIsMade(t *testing.T) {
	t.Parallel()

	made := map[string]bool{}

	for _, outcome := range []chat.SubmissionOutcome{
		chat.OutcomeNotProcessed, chat.OutcomeRejected, chat.OutcomeBlocked, chat.OutcomeSuppressed, chat.OutcomeUnknown,
	} {
		for _, evidence := range []chat.EvidenceState{chat.EvidenceNone, chat.EvidencePast} {
			d := chat.Delivery{Submission: chat.SubmissionSending, Evidence: evidence}
			d.EndAttempt(outcome)
			made["sending to "+string(d.Submission)] = true
		}
	}

	for _, was := range deliveries() {
		if was.Submission.Claimable() {
			made[string(was.Submission)+" to sending"] = true
		}

		for _, m := range moves() {
			d := was
			m.do(&d)
			made[string(was.Submission)+" to "+string(d.Submission)] = true
		}
	}

	for _, from := range chat.SubmissionStates() {
		for _, to := range chat.SubmissionStates() {
			if to != chat.SubmissionAccepted && from.May(to) {
				assert.True(t, made[string(from)+" to "+string(to)], "nothing makes the move from %s to %s", from, to)
			}
		}
	}
}

// TestWhatMayHaveBeenTakenIsNeverCalledUnsent tries every rule on what was tried again while an
// earlier attempt may have been taken: none of them ends it as not sent.
func TestWhatMayHaveBeenTakenIsNeverCalledUnsent(t *testing.T) {
	t.Parallel()

	unsent := []chat.SubmissionState{chat.SubmissionCanceled, chat.SubmissionSuppressed, chat.SubmissionRejected}

	for _, was := range deliveries() {
		if was.Evidence != chat.EvidencePast {
			continue
		}

		for _, m := range moves() {
			d := was
			if m.do(&d) != chat.EffectNone {
				assert.NotContains(t, unsent, d.Submission, "%s from %s", m.name, was.Submission)
			}
		}

		for _, outcome := range []chat.SubmissionOutcome{chat.OutcomeRejected, chat.OutcomeSuppressed} {
			d := was
			d.EndAttempt(outcome)
			assert.Equal(t, chat.SubmissionNeedsReview, d.Submission)
		}
	}
}

func TestWhatAClaimWaitsFor(t *testing.T) {
	t.Parallel()

	probe := testNow.Add(5 * time.Minute)
	d := chat.Delivery{Submission: chat.SubmissionPending}
	refusal := d.RefuseClaim(chat.ClaimFacts{Now: testNow, ProbeAt: &probe, BreakerReason: "twilio_30001, suspended"})
	require.Equal(t, chat.EffectWaits, refusal.Effect)
	assert.Equal(t, &probe, refusal.WaitUntil)
	assert.Equal(t, chat.SubmissionBlocked, d.Submission)
	assert.Equal(t, "twilio_30001, suspended", d.ErrorMessage)

	d = chat.Delivery{Submission: chat.SubmissionBlocked, ErrorCode: "twilio_21612", ErrorMessage: "no route"}
	d.RefuseClaim(chat.ClaimFacts{Now: testNow, ProbeAt: &probe, BreakerReason: "other"})
	assert.Equal(t, "twilio_21612", d.ErrorCode, "what was refused itself keeps the provider's message")

	d = chat.Delivery{Submission: chat.SubmissionPending}
	assert.True(t, d.RefuseClaim(chat.ClaimFacts{Now: testNow}).Again)

	d = chat.Delivery{Submission: chat.SubmissionPending, RetryAt: &probe}
	assert.Equal(t, &probe, d.RefuseClaim(chat.ClaimFacts{Now: testNow, Busy: true}).WaitUntil)

	refusal = d.RefuseClaim(chat.ClaimFacts{Now: testNow, Allowance: chat.Allowance{Suppressed: true}})
	assert.Equal(t, chat.EffectNotSent, refusal.Effect, "an opt-out ends it at once, whatever it waited for")
	assert.Equal(t, chat.SubmissionSuppressed, d.Submission)
}
