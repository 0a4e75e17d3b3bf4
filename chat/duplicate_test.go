package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/chat"
)

// attemptsOf are attempts with these outcomes, in order; "" is one that is under way.
func attemptsOf(outcomes ...chat.SubmissionOutcome) []chat.Attempt {
	attempts := make([]chat.Attempt, len(outcomes))

	for i, outcome := range outcomes {
		attempts[i] = chat.Attempt{
			Fence:     int64(i + 1),
			StartedAt: time.Unix(int64(i), 0),
			Outcome:   outcome,
		}

		if outcome == chat.OutcomeAccepted {
			attempts[i].ProviderMessageID = "SM1"
		}
	}

	return attempts
}

func TestCopiesThatADeliveryMayHaveBecome(t *testing.T) {
	t.Parallel()

	const (
		accepted = chat.OutcomeAccepted
		unknown  = chat.OutcomeUnknown
		rejected = chat.OutcomeRejected
		running  = chat.SubmissionOutcome("")
	)

	for name, tt := range map[string]struct {
		submission chat.SubmissionState
		status     chat.DeliveryStatus
		evidence   chat.EvidenceState
		attempts   []chat.SubmissionOutcome
		want       chat.Copies
	}{
		"not tried yet": {
			submission: chat.SubmissionPending,
			evidence:   chat.EvidenceNone,
		},
		"taken at once": {
			submission: chat.SubmissionAccepted,
			evidence:   chat.EvidenceNone,
			attempts:   []chat.SubmissionOutcome{accepted},
			want:       chat.Copies{Possible: 1, Taken: true},
		},
		"taken, and another attempt was never known": {
			submission: chat.SubmissionAccepted,
			status:     chat.StatusDelivered,
			evidence:   chat.EvidencePast,
			attempts:   []chat.SubmissionOutcome{unknown, accepted},
			want:       chat.Copies{Possible: 2, Taken: true},
		},
		"the list was read for the last time": {
			submission: chat.SubmissionAccepted,
			status:     chat.StatusDelivered,
			evidence:   chat.EvidenceClosed,
			attempts:   []chat.SubmissionOutcome{unknown, accepted},
			want:       chat.Copies{Possible: 2, Taken: true},
		},
		"taken by a report that names no attempt": {
			submission: chat.SubmissionAccepted,
			evidence:   chat.EvidencePast,
			attempts:   []chat.SubmissionOutcome{unknown},
			want:       chat.Copies{Possible: 1, Taken: true},
		},
		"a person says that the only attempt was sent": {
			submission: chat.SubmissionConfirmedSent,
			evidence:   chat.EvidenceOpen,
			attempts:   []chat.SubmissionOutcome{unknown},
			want:       chat.Copies{Possible: 1, Taken: true},
		},
		"a person says that one of two was sent": {
			submission: chat.SubmissionConfirmedSent,
			evidence:   chat.EvidenceOpen,
			attempts:   []chat.SubmissionOutcome{unknown, unknown},
			want:       chat.Copies{Possible: 2, Taken: true},
		},
		"nobody knows": {
			submission: chat.SubmissionNeedsReview,
			evidence:   chat.EvidenceOpen,
			attempts:   []chat.SubmissionOutcome{unknown},
			want:       chat.Copies{Possible: 1},
		},
		"the database has forgotten its attempt": {
			submission: chat.SubmissionNeedsReview,
			evidence:   chat.EvidencePast,
			want:       chat.Copies{Possible: 1},
		},
		"given up by a person": {
			submission: chat.SubmissionAbandoned,
			evidence:   chat.EvidencePast,
			attempts:   []chat.SubmissionOutcome{unknown},
			want:       chat.Copies{Possible: 1},
		},
		"the attempt that is under way is none yet": {
			submission: chat.SubmissionSending,
			evidence:   chat.EvidencePast,
			attempts:   []chat.SubmissionOutcome{unknown, running},
			want:       chat.Copies{Possible: 1},
		},
		"refused": {
			submission: chat.SubmissionRejected,
			evidence:   chat.EvidenceNone,
			attempts:   []chat.SubmissionOutcome{rejected},
		},
		"lost": {
			submission: chat.SubmissionAccepted,
			status:     chat.StatusUndelivered,
			evidence:   chat.EvidenceNone,
			attempts:   []chat.SubmissionOutcome{accepted},
		},
		"lost, and another attempt was never known": {
			submission: chat.SubmissionAccepted,
			status:     chat.StatusUndelivered,
			evidence:   chat.EvidencePast,
			attempts:   []chat.SubmissionOutcome{unknown, accepted},
			want:       chat.Copies{Possible: 1},
		},
		"never confirmed": {
			submission: chat.SubmissionAccepted,
			status:     chat.StatusUnconfirmed,
			evidence:   chat.EvidenceNone,
			attempts:   []chat.SubmissionOutcome{accepted},
			want:       chat.Copies{Possible: 1, Taken: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := chat.Delivery{
				Submission:     tt.submission,
				DeliveryStatus: tt.status,
				Evidence:       tt.evidence,
				Fence:          int64(len(tt.attempts)),
				Attempts:       attemptsOf(tt.attempts...),
			}

			assert.Equal(t, tt.want, d.CountCopies(false))

			tt.want.Found = true
			assert.Equal(t, tt.want, d.CountCopies(true))
		})
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()

	taken := chat.Copies{Possible: 1, Taken: true}
	perhaps := chat.Copies{Possible: 1}

	for name, tt := range map[string]struct {
		copies chat.Copies
		others []chat.Copies
		want   chat.Duplicate
	}{
		"one message":                         {taken, nil, chat.DuplicateNone},
		"one message, perhaps":                {perhaps, nil, chat.DuplicateNone},
		"two attempts, one of them taken":     {chat.Copies{Possible: 2, Taken: true}, nil, chat.DuplicatePossible},
		"two attempts, none known to be":      {chat.Copies{Possible: 2}, nil, chat.DuplicateNone},
		"its retry was taken":                 {perhaps, []chat.Copies{taken}, chat.DuplicatePossible},
		"what it repeats may have been taken": {taken, []chat.Copies{perhaps}, chat.DuplicatePossible},
		"it was refused, others were not":     {chat.Copies{}, []chat.Copies{taken, perhaps}, chat.DuplicateNone},
		"a copy was found":                    {chat.Copies{Possible: 1, Found: true}, nil, chat.DuplicateConfirmed},
		"a copy of the other was found":       {perhaps, []chat.Copies{{Possible: 1, Taken: true, Found: true}}, chat.DuplicatePossible},
	} {
		assert.Equal(t, tt.want, tt.copies.JudgeDuplicate(tt.others...), name)
	}
}

// TestDuplicatesFollowEvidence says what evidence does to the verdict, whatever else is known.
func TestDuplicatesFollowEvidence(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) chat.Copies {
			c := chat.Copies{Possible: rapid.IntRange(0, 3).Draw(t, "possible")}
			c.Taken = c.Possible > 0 && rapid.Bool().Draw(t, "taken")

			return c
		})

		one := draw.Draw(t, "one")
		others := rapid.SliceOfN(draw, 0, 3).Draw(t, "others")
		verdict := one.JudgeDuplicate(others...)

		found := one
		found.Found = true
		assert.Equal(t, chat.DuplicateConfirmed, found.JudgeDuplicate(others...), "a copy that was found is certain")
		assert.NotEqual(t, chat.DuplicateConfirmed, verdict, "nothing else is")

		possible, taken := one.Possible, one.Taken
		for _, o := range others {
			possible += o.Possible
			taken = taken || o.Taken
		}

		if possible < 2 || !taken || one.Possible == 0 {
			assert.Equal(t, chat.DuplicateNone, verdict, "one message cannot be two")
		} else {
			assert.Equal(t, chat.DuplicatePossible, verdict)
		}

		// Evidence that an attempt was not taken never makes it worse.
		if one.Possible > 1 {
			less := one
			less.Possible--

			if less.JudgeDuplicate(others...) == chat.DuplicatePossible {
				assert.Equal(t, chat.DuplicatePossible, verdict)
			}
		}
	})
}

// TestADuplicateIsSaidFirst holds for every state, in the delivery and in its snapshot.
func TestADuplicateIsSaidFirst(t *testing.T) {
	t.Parallel()

	for duplicate, first := range map[chat.Duplicate]string{
		chat.DuplicateConfirmed: "It was sent twice: ",
		chat.DuplicatePossible:  "It may have been sent twice: ",
	} {
		for _, submission := range chat.SubmissionStates() {
			d := chat.Delivery{Provider: chat.ProviderTwilio, Submission: submission}
			without := d.Explain()
			assert.NotContains(t, without, "twice: ")

			d.Duplicate = duplicate
			assert.Regexp(t, "^"+first, d.Explain())
			assert.Contains(t, d.Explain(), without, "it says all else, too")
			assert.Equal(t, d.Explain(), d.Standing().Explanation)

			snapshot := d.Snapshot()
			assert.Regexp(t, "^"+first, snapshot.Explain())
		}
	}
}

// TestARetryThatMaySendTwiceIsAcknowledged lists the states in which a retry may create a second copy.
func TestARetryThatMaySendTwiceIsAcknowledged(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		delivery chat.Delivery
		may      bool
	}{
		"needs_review": {chat.Delivery{Submission: chat.SubmissionNeedsReview}, true},
		"unknown":      {chat.Delivery{Submission: chat.SubmissionUnknown}, true},
		"expired":      {chat.Delivery{Submission: chat.SubmissionExpired}, true},
		"abandoned":    {chat.Delivery{Submission: chat.SubmissionAbandoned}, true},
		"unconfirmed": {chat.Delivery{
			Submission:     chat.SubmissionAccepted,
			DeliveryStatus: chat.StatusUnconfirmed,
		}, true},
		"bounced, and another attempt was never known": {chat.Delivery{
			Submission:     chat.SubmissionAccepted,
			DeliveryStatus: chat.StatusBounced,
			Evidence:       chat.EvidenceClosed,
		}, true},
		"bounced":  {chat.Delivery{Submission: chat.SubmissionAccepted, DeliveryStatus: chat.StatusBounced}, false},
		"rejected": {chat.Delivery{Submission: chat.SubmissionRejected}, false},
		"blocked":  {chat.Delivery{Submission: chat.SubmissionBlocked}, false},
		"pending":  {chat.Delivery{Submission: chat.SubmissionPending}, false},
	} {
		d := tt.delivery
		assert.Equal(t, tt.may, d.MayDuplicate(), name)
		require.NoError(t, d.CheckAcknowledgment(true, "asked by phone"), name)

		if !tt.may {
			require.NoError(t, d.CheckAcknowledgment(false, ""), name)
			assert.Empty(t, d.RetryNeeds(), name)

			continue
		}

		assert.Equal(t, []string{"reason", "acknowledge_duplicate"}, d.RetryNeeds(), name)

		for _, given := range []struct {
			acknowledged bool
			reason       string
			fields       []string
		}{
			{false, "asked by phone", []string{"acknowledge_duplicate"}},
			{true, "", []string{"reason"}},
			{false, "", []string{"acknowledge_duplicate", "reason"}},
		} {
			err := d.CheckAcknowledgment(given.acknowledged, given.reason)
			require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), name)

			var fields []string
			for _, f := range chat.AsError(err).Fields {
				fields = append(fields, f.Field)
			}

			assert.Equal(t, given.fields, fields, name)
			assert.Contains(t, chat.AsError(err).Message, "twice", name)
		}
	}
}

func TestDuplicateFilter(t *testing.T) {
	t.Parallel()

	f, err := chat.NewDuplicateFilter([]chat.Duplicate{chat.DuplicateConfirmed, chat.DuplicatePossible})
	require.NoError(t, err)
	assert.Equal(t, []chat.Duplicate{chat.DuplicatePossible, chat.DuplicateConfirmed}, f.Kinds())

	f, err = chat.NewDuplicateFilter(nil)
	require.NoError(t, err)
	assert.Empty(t, f.Kinds())

	_, err = chat.NewDuplicateFilter([]chat.Duplicate{chat.DuplicateNone})
	assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
}
