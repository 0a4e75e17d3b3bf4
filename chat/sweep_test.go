package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

// TestASweepLooksEverMoreSeldom lets a delivery wait for weeks: its workflow is disturbed a few
// times in the first hour, and once a day later on.
func TestASweepLooksEverMoreSeldom(t *testing.T) {
	t.Parallel()

	began := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)
	d := chat.Delivery{Submission: chat.SubmissionUnknown, UpdatedAt: began}
	firstHour, looks := 0, 0

	for now := began; now.Before(began.Add(4 * 7 * 24 * time.Hour)); {
		step, next := d.PlanSweep(now, 15*time.Minute)
		require.True(t, next.After(now))

		if step == chat.SweepNudge {
			looks++

			if now.Before(began.Add(time.Hour)) {
				firstHour++
			}
		}

		now = next
	}

	assert.Equal(t, 2, firstHour, "a nudge is seven events at most")
	assert.Less(t, looks, 4*7+8)
}

// TestASweepForgetsNothing draws a delivery that has not ended: sooner or later it is looked at,
// unless a person must decide about it.
func TestASweepForgetsNothing(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, time.November, 22, 10, 0, 0, 0, time.UTC)

	rapid.Check(t, func(t *rapid.T) {
		minutes := func(name string) time.Time {
			return now.Add(time.Duration(rapid.IntRange(-600, 600).Draw(t, name)) * time.Minute)
		}

		lease, retry := minutes("lease"), minutes("retry")
		d := chat.Delivery{
			Submission: rapid.SampledFrom([]chat.SubmissionState{
				chat.SubmissionPending, chat.SubmissionSending, chat.SubmissionBlocked, chat.SubmissionUnknown,
				chat.SubmissionAccepted, chat.SubmissionNeedsReview,
			}).Draw(t, "state"),
			Fence:      rapid.Int64Range(0, 1).Draw(t, "fence"),
			LeaseUntil: &lease,
			RetryAt:    &retry,
			UpdatedAt:  minutes("updated"),
		}

		at := now
		for range 5 {
			step, next := d.PlanSweep(at, 15*time.Minute)
			require.True(t, next.After(at), "it is never looked at without end")

			if step != chat.SweepNone {
				return
			}

			at = next
		}

		require.Equal(t, chat.SubmissionNeedsReview, d.Submission)
	})
}
