package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestClocksMayDifferByAMinute(t *testing.T) {
	t.Parallel()

	for _, offset := range []time.Duration{0, time.Second, -time.Minute, time.Minute} {
		require.NoError(t, chat.CheckClock(offset), offset)
	}

	err := chat.CheckClock(75 * time.Second)
	require.ErrorContains(t, err, "the clock of this process is 1m15s ahead of the database's")
	assert.Equal(t, chat.CodeUnavailable, chat.CodeOf(err))
	require.ErrorContains(t, chat.CheckClock(-time.Hour), "1h0m0s behind the database's")
}

func TestAHoldCoversWhatWasAcceptedBefore(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, time.November, 28, 10, 0, 0, 0, time.UTC)
	hold := &chat.DatabaseHold{At: at, Reason: chat.ErrorDatabaseFailedOver}
	assert.True(t, hold.Covers(time.Time{}), "not known")
	assert.True(t, hold.Covers(at))
	assert.False(t, hold.Covers(at.Add(time.Microsecond)))
	assert.False(t, (*chat.DatabaseHold)(nil).Covers(time.Time{}), "there was none")
}
