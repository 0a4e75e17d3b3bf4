package chat_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

var (
	evidenceBegan  = time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	evidenceWindow = chat.EvidenceWindow{Lease: 45 * time.Second, Skew: 2 * time.Minute}
)

func TestTheTextKey(t *testing.T) {
	t.Parallel()

	sms := chat.Delivery{
		Channel:  chat.ChannelSMS,
		Provider: chat.ProviderTwilio,
		From:     "+15550100",
		To:       "+15550199",
		Payload:  chat.Payload{Text: "Hello"},
	}

	same := sms
	same.ID = "another"
	assert.Equal(t, sms.TextKey(), same.TextKey())
	assert.Len(t, sms.TextKey(), 64)

	for name, change := range map[string]func(*chat.Delivery){
		"text":   func(d *chat.Delivery) { d.Payload.Text = "Hello!" },
		"to":     func(d *chat.Delivery) { d.To = "+15550198" },
		"from":   func(d *chat.Delivery) { d.From = "+15550101" },
		"border": func(d *chat.Delivery) { d.From, d.To = "+15550100+", "15550199" },
	} {
		other := sms
		change(&other)
		assert.NotEqual(t, sms.TextKey(), other.TextKey(), name)
	}

	email := sms
	email.Channel = chat.ChannelEmail
	assert.Empty(t, email.TextKey(), "the list shows the delivery's id")
}

// TestNoMessageIsOwnedTwice judges the same list for deliveries of the same text, of each of which
// attempts may have been taken: whoever made the messages, no two deliveries own one.
func TestNoMessageIsOwnedTwice(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		deliveries := drawDeliveries(t)
		shown := drawMessages(t)
		owner := map[string]chat.DeliveryID{}

		for i := range deliveries {
			rivals := slices.Delete(slices.Clone(deliveries), i, i+1)
			evidence := deliveries[i].JudgeEvidence(shown, nil, rivals, evidenceWindow)

			for _, r := range evidence.Own {
				other, taken := owner[r.ProviderMessageID]
				require.False(t, taken, "%s belongs to %s and %s", r.ProviderMessageID, other, deliveries[i].ID)
				owner[r.ProviderMessageID] = deliveries[i].ID
			}

			require.LessOrEqual(t, len(evidence.Own), len(deliveries[i].UnresolvedAttempts()),
				"an attempt is one message at most")
			require.True(t, len(evidence.Own) == 0 || len(evidence.Ambiguous) == 0, "it is one or the other")
		}
	})
}

// TestEvidenceIsComplete takes a delivery with no rivals, whose provider shows what it made of its
// attempts and nothing else: all of that is the delivery's.
func TestEvidenceIsComplete(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		d := drawDelivery(t, "d")
		var taken []chat.Report

		for i, a := range d.UnresolvedAttempts() {
			if rapid.Bool().Draw(t, "taken") {
				after := rapid.Int64Range(0, int64(evidenceWindow.Lease/time.Second)).Draw(t, "after")
				taken = append(taken, chat.Report{
					ProviderMessageID: fmt.Sprintf("SM%d", i),
					MadeAt:            a.StartedAt.Add(time.Duration(after) * time.Second),
				})
			}
		}

		evidence := d.JudgeEvidence(taken, nil, nil, evidenceWindow)
		require.Empty(t, evidence.Ambiguous)
		require.Len(t, evidence.Own, len(taken))
	})
}

func drawDeliveries(t *rapid.T) []chat.Delivery {
	deliveries := make([]chat.Delivery, rapid.IntRange(1, 3).Draw(t, "deliveries"))
	for i := range deliveries {
		deliveries[i] = drawDelivery(t, chat.DeliveryID(fmt.Sprintf("d%d", i)))
	}

	return deliveries
}

func drawDelivery(t *rapid.T, id chat.DeliveryID) chat.Delivery {
	d := chat.Delivery{ID: id}
	outcomes := []chat.SubmissionOutcome{chat.OutcomeUnknown, chat.OutcomeNotProcessed, ""}

	for fence := range rapid.IntRange(0, 3).Draw(t, "attempts") {
		d.Attempts = append(d.Attempts, chat.Attempt{
			Fence:     int64(fence + 1),
			StartedAt: evidenceBegan.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "started")) * time.Second),
			Outcome:   rapid.SampledFrom(outcomes).Draw(t, "outcome"),
		})
	}

	return d
}

func drawMessages(t *rapid.T) []chat.Report {
	shown := make([]chat.Report, rapid.IntRange(0, 4).Draw(t, "messages"))
	for i := range shown {
		shown[i] = chat.Report{
			ProviderMessageID: fmt.Sprintf("SM%d", i),
			MadeAt:            evidenceBegan.Add(time.Duration(rapid.IntRange(-200, 800).Draw(t, "made")) * time.Second),
		}
	}

	return shown
}

func TestAmbiguousEvidenceIsForAPerson(t *testing.T) {
	t.Parallel()

	candidates := []chat.Report{{ProviderMessageID: "SM1"}, {ProviderMessageID: "SM2"}}

	for _, state := range chat.SubmissionStates() {
		d := chat.Delivery{Submission: state, Provider: chat.ProviderTwilio}
		effect := d.MarkAmbiguous(candidates)

		if state != chat.SubmissionUnknown && state != chat.SubmissionNeedsReview {
			assert.Equal(t, chat.EffectNone, effect, state)
			assert.Equal(t, state, d.Submission)

			continue
		}

		assert.Equal(t, chat.EffectWaits, effect, state)
		assert.Equal(t, chat.SubmissionNeedsReview, d.Submission)
		assert.Equal(t, chat.ErrorAmbiguous, d.ErrorCode)
		assert.Contains(t, d.ErrorMessage, "SM1, SM2")
		assert.Equal(t, chat.EffectNone, d.MarkAmbiguous(candidates), "the same is told once")
	}
}

func TestAnAcceptanceNeedsAnID(t *testing.T) {
	t.Parallel()

	s := chat.Submission{Outcome: chat.OutcomeAccepted}
	s.RequireID()
	assert.Equal(t, []any{chat.OutcomeUnknown, chat.ErrorNoMessageID}, []any{s.Outcome, s.ErrorCode})

	s = chat.Submission{Outcome: chat.OutcomeAccepted, ProviderMessageID: "SM1"}
	s.RequireID()
	assert.Equal(t, chat.OutcomeAccepted, s.Outcome)

	now := time.Now()
	d := chat.Delivery{
		Submission: chat.SubmissionUnknown,
		Policy:     chat.ResendAfterSettle,
		ErrorCode:  chat.ErrorNoMessageID,
	}
	d.Settle(1, now)
	assert.Equal(t, chat.SubmissionNeedsReview, d.Submission, "the provider has said that it took it")
}
