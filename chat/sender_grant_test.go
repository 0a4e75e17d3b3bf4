package chat_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestWhoMayEnterASender(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		owner   chat.WorkspaceID
		single  bool
		allowed bool
	}{
		{owner: "a", single: true, allowed: true},
		{owner: "a", single: false, allowed: true},
		{owner: "b", single: false, allowed: false},
		{owner: "b", single: true, allowed: false},
		{owner: "", single: true, allowed: true},
		{owner: "", single: false, allowed: false},
	} {
		err := chat.EnterSender(c.owner, "a", c.single)
		if c.allowed {
			require.NoError(t, err, c)
		} else {
			assert.Equal(t, chat.CodeSenderNotGranted, chat.CodeOf(err), c)
		}
	}

	assert.Equal(
		t,
		chat.EnterSender("", "a", false),
		chat.EnterSender("b", "a", false),
		"nobody learns which senders other workspaces have",
	)

	require.NoError(t, chat.GrantSender("", "a"))
	require.NoError(t, chat.GrantSender("a", "a"))
	assert.Equal(t, chat.CodeSenderNotGranted, chat.CodeOf(chat.GrantSender("b", "a")))
}
