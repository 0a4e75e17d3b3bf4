package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

func TestSubmissionMoves(t *testing.T) {
	t.Parallel()

	legal := map[chat.SubmissionState][]chat.SubmissionState{
		chat.SubmissionPending: {
			chat.SubmissionSending,
			chat.SubmissionBlocked,
			chat.SubmissionSuppressed,
			chat.SubmissionCanceled,
			chat.SubmissionNeedsReview,
			chat.SubmissionAbandoned,
		},
		chat.SubmissionSending: {
			chat.SubmissionPending,
			chat.SubmissionRejected,
			chat.SubmissionBlocked,
			chat.SubmissionSuppressed,
			chat.SubmissionUnknown,
			chat.SubmissionNeedsReview,
		},
		chat.SubmissionBlocked: {
			chat.SubmissionSending,
			chat.SubmissionPending,
			chat.SubmissionCanceled,
			chat.SubmissionSuppressed,
			chat.SubmissionNeedsReview,
			chat.SubmissionAbandoned,
		},
		chat.SubmissionUnknown: {
			chat.SubmissionNeedsReview,
			chat.SubmissionPending,
			chat.SubmissionExpired,
			chat.SubmissionConfirmedSent,
			chat.SubmissionAbandoned,
		},
		chat.SubmissionNeedsReview: {chat.SubmissionConfirmedSent, chat.SubmissionPending, chat.SubmissionAbandoned},
	}

	for _, from := range chat.SubmissionStates() {
		for _, to := range chat.SubmissionStates() {
			want := to == chat.SubmissionAccepted && from != chat.SubmissionAccepted
			for _, state := range legal[from] {
				want = want || state == to
			}

			assert.Equal(t, want, from.May(to), "%s to %s", from, to)
		}
	}
}

func TestUnknownIsNeverPostedAgainByItself(t *testing.T) {
	t.Parallel()
	assert.False(t, chat.SubmissionUnknown.May(chat.SubmissionSending))
	assert.False(t, chat.SubmissionNeedsReview.May(chat.SubmissionSending))
	assert.False(t, chat.SubmissionSending.May(chat.SubmissionSending), "a claim cannot be taken over")
}

func TestSettledStatesAreLeftByEvidenceOnly(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		from := rapid.SampledFrom(chat.SubmissionStates()).Draw(t, "from")

		to := rapid.SampledFrom(chat.SubmissionStates()).Draw(t, "to")
		if from.Settled() && from.May(to) && to != chat.SubmissionAccepted {
			t.Fatalf("%s is settled and may still become %s", from, to)
		}

		if from.InFlight() && from.Settled() {
			t.Fatalf("%s is in flight and settled", from)
		}
	})
}

func TestEveryOutcomeIsALegalMoveFromSending(t *testing.T) {
	t.Parallel()

	for _, o := range []chat.SubmissionOutcome{
		chat.OutcomeAccepted, chat.OutcomeNotProcessed, chat.OutcomeRejected, chat.OutcomeBlocked,
		chat.OutcomeSuppressed, chat.OutcomeUnknown, chat.OutcomeAborted,
	} {
		assert.True(t, chat.SubmissionSending.May(o.After()), "%s", o)
	}

	assert.Equal(
		t,
		chat.SubmissionUnknown,
		chat.SubmissionOutcome("something new").After(),
		"what is not understood is not known",
	)
}

func TestCarrierStatesNeverGoBack(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		provider := rapid.SampledFrom(chat.Providers()).Draw(t, "provider")
		state, highest := chat.StatusNone, 0

		for range rapid.IntRange(0, 20).Draw(t, "callbacks") {
			heard := rapid.SampledFrom(chat.DeliveryStatuses()).Draw(t, "heard")
			if heard.Supersedes(state, provider) {
				state = heard
			}

			if state.Rank(provider) < highest {
				t.Fatalf("%s ranks below what was known", state)
			}

			highest = state.Rank(provider)
		}
	})

	invented := chat.DeliveryStatus("invented")
	assert.False(
		t,
		invented.Supersedes(chat.StatusNone, chat.ProviderTwilio),
		"a status nobody knows changes nothing",
	)
}

func TestStatusIsTheCarriersFinalWord(t *testing.T) {
	t.Parallel()

	for _, tt := range []struct {
		submission chat.SubmissionState
		carrier    chat.DeliveryStatus
		want       string
	}{
		{chat.SubmissionPending, chat.StatusNone, "pending"},
		{chat.SubmissionAccepted, chat.StatusNone, "accepted"},
		{chat.SubmissionAccepted, chat.StatusSent, "accepted"},
		{chat.SubmissionAccepted, chat.StatusDelivered, "delivered"},
		{chat.SubmissionAccepted, chat.StatusBounced, "bounced"},
		{chat.SubmissionUnknown, chat.StatusDelivered, "unknown"},
	} {
		d := chat.Delivery{Submission: tt.submission, DeliveryStatus: tt.carrier}
		assert.Equal(t, tt.want, d.Status())
	}
}

func TestEveryStateExplainsItselfWithoutAnAddress(t *testing.T) {
	t.Parallel()

	for _, s := range chat.SubmissionStates() {
		d := chat.Delivery{
			Submission: s,
			Provider:   chat.ProviderTwilio,
			To:         "+14155550101",
			ErrorCode:  "twilio_429",
			Payload:    chat.Payload{Text: "secret text"},
		}

		sentence := d.Explain()
		require.NotEmpty(t, sentence)
		assert.NotEqual(t, "Its state is not known.", sentence, s)
		assert.NotContains(t, sentence, "4155550101")
		assert.NotContains(t, sentence, "secret text")
	}

	assert.NotContains(
		t,
		(&chat.Delivery{Submission: chat.SubmissionUnknown}).Explain(),
		"failed",
		"unknown is never called failed",
	)
}
