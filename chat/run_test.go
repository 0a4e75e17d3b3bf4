package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestOnlyALaterRunMayFollowAnEndedOne(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.November, 28, 9, 0, 0, 1234, time.UTC)
	ended := chat.Run{ID: "run-2", StartedAt: at}

	for name, tt := range map[string]struct {
		run chat.Run
		may bool
	}{
		"itself":                         {chat.Run{ID: "run-2", StartedAt: at}, false},
		"itself, as it was reset":        {chat.Run{ID: "run-2", StartedAt: at.Add(time.Hour)}, false},
		"an earlier one":                 {chat.Run{ID: "run-1", StartedAt: at.Add(-time.Second)}, false},
		"a later one":                    {chat.Run{ID: "run-3", StartedAt: at.Add(time.Second)}, true},
		"one that was reset from it":     {chat.Run{ID: "run-3", StartedAt: at}, true},
		"the same, as a database has it": {chat.Run{ID: "run-3", StartedAt: at.Truncate(time.Microsecond)}, true},
		"one that nobody knows":          {chat.Run{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			assert.Equal(t, tt.may, tt.run.MayFollow(ended))
		})
	}
}

func TestWhatMayHaveBeenSentIsNotResumed(t *testing.T) {
	t.Parallel()

	a := chat.Action{State: chat.ActionFailed, EndedRun: chat.Run{ID: "run-1"}}
	a.Problem = chat.EndedInTemporal("a", "terminated")
	require.NoError(t, a.Resumable())

	a.Problem = chat.Errorf(chat.CodeNoPhone, "no phone")
	require.NoError(t, a.Resumable(), "it was resumed, and refused")

	a.Problem = chat.RowsLost("a")
	require.Error(t, a.Resumable())

	a.Problem = chat.Errorf(chat.CodeDeliveryFailed, "it failed")
	a.EndedRun = chat.Run{}
	require.Error(t, a.Resumable())
}
