package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// TestAnAttemptHasReachedTheProvider by what is known of it, and by a report that can be of no other one.
func TestAnAttemptHasReachedTheProvider(t *testing.T) {
	t.Parallel()

	unknown := chat.Attempt{
		Fence:         1,
		GotConnection: true,
		Outcome:       chat.OutcomeUnknown,
	}
	taken := unknown
	taken.Outcome = chat.OutcomeAccepted
	answered := unknown
	answered.HTTPStatus = 500
	second := unknown
	second.Fence = 2
	away := second
	away.GotConnection = false
	running := chat.Attempt{Fence: 2}

	for name, c := range map[string]struct {
		submission chat.SubmissionState
		attempts   []chat.Attempt
		reached    chat.AttemptReach
		told       string
	}{
		"nothing left":       {chat.SubmissionPending, []chat.Attempt{away}, "no", "It did not reach the provider."},
		"nothing is known":   {chat.SubmissionUnknown, []chat.Attempt{unknown}, "possibly", "It may have reached the provider."},
		"it is under way":    {chat.SubmissionSending, []chat.Attempt{running}, "possibly", "It may have reached the provider."},
		"it has answered":    {chat.SubmissionUnknown, []chat.Attempt{answered}, "yes", "It reached the provider."},
		"a report is of it":  {chat.SubmissionAccepted, []chat.Attempt{taken, second}, "yes", "It reached the provider."},
		"a report is of one": {chat.SubmissionAccepted, []chat.Attempt{unknown, away}, "yes", "It reached the provider."},
		"a report is of some": {
			chat.SubmissionAccepted, []chat.Attempt{unknown, second}, "possibly", "It may have reached the provider.",
		},
		"a person says it is sent": {
			chat.SubmissionConfirmedSent, []chat.Attempt{unknown}, "possibly", "It may have reached the provider.",
		},
	} {
		d := &chat.Delivery{Submission: c.submission, Attempts: c.attempts}
		reached := d.Reached(&d.Attempts[0])

		assert.Equal(t, c.reached, reached, name)
		assert.Equal(t, c.told, reached.Explain(), name)
	}
}
