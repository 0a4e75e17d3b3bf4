package chat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

func TestNewEventToken(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	token, secret := chat.NewEventToken(&chat.Principal{WorkspaceID: "w", KeyID: 3}, now)

	assert.Equal(t, chat.EventToken{WorkspaceID: "w", KeyID: 3, ExpiresAt: now.Add(time.Minute)}, token)
	assert.True(t, chat.IsEventToken(secret))
	assert.False(t, chat.IsEventToken(secret+"x"))
	assert.False(t, chat.IsEventToken(chat.NewKeySecret()))

	_, other := chat.NewEventToken(&chat.Principal{}, now)
	assert.NotEqual(t, secret, other)
}

func TestMissedEvents(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		latest, oldest, after int64
		missed                string
	}{
		"nothing yet":      {0, 0, 0, ""},
		"from the start":   {9, 1, 0, ""},
		"in the middle":    {9, 4, 6, ""},
		"the oldest next":  {9, 4, 3, ""},
		"one was deleted":  {9, 4, 2, "deleted"},
		"all were deleted": {9, 0, 5, "deleted"},
		"all were known":   {9, 0, 9, ""},
		"after a failover": {9, 1, 10, "lost"},
	} {
		list := chat.EventList{Latest: test.latest, Oldest: test.oldest}

		if test.missed == "" {
			assert.Empty(t, list.Missed(test.after), name)
		} else {
			assert.Contains(t, list.Missed(test.after), test.missed, name)
		}
	}
}
