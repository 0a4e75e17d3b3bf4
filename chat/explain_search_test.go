package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestTheTimelineTellsWhereEvidenceIsLookedFor in the times in which the provider is asked, and when again.
func TestTheTimelineTellsWhereEvidenceIsLookedFor(t *testing.T) {
	t.Parallel()

	began := time.Date(2026, time.November, 30, 9, 0, 0, 0, time.UTC)
	ended := began.Add(30 * time.Second)
	window := chat.EvidenceWindow{Lease: time.Minute, Skew: 2 * time.Minute}

	d := chat.Delivery{
		Provider:      chat.ProviderTwilio,
		Submission:    chat.SubmissionUnknown,
		UnknownSince:  &ended,
		Evidence:      chat.EvidenceOpen,
		EvidenceUntil: new(began.Add(window.Hold())),
		ClockSkew:     window.Skew,
		Attempts: []chat.Attempt{{
			Fence:         1,
			StartedAt:     began,
			FinishedAt:    &ended,
			GotConnection: true,
			Outcome:       chat.OutcomeUnknown,
		}},
	}

	tell := func() chat.Moment {
		moments := d.Timeline()
		assert.Equal(t, int64(1), moments[0].Attempt)

		return moments[1]
	}

	const where = "Since then it is looked for in Twilio's list of messages, among those made from " +
		"2026-11-30T08:58:00Z to 2026-11-30T09:03:00Z. "

	assert.Equal(t, chat.Moment{
		At:   ended,
		What: where + "The list is read twice; a report of the provider counts, too.",
	}, tell())

	d.Submission = chat.SubmissionNeedsReview

	assert.Equal(t, where+"The list is read again 10 minutes after the delivery was left to a person, and then ever "+
		"more seldom, every 6 hours in the end.", tell().What)

	d.Evidence = chat.EvidenceClosed

	assert.Equal(t, where+"The list was read for the last time.", tell().What)

	d.Evidence = chat.EvidenceNone
	d.Submission = chat.SubmissionConfirmedSent

	assert.Equal(t, "It was looked for in Twilio's list of messages, among those made from 2026-11-30T08:58:00Z to "+
		"2026-11-30T09:03:00Z.", tell().What)

	d.UnknownSince = nil
	assert.Len(t, d.Timeline(), 1, "it is known")
}
