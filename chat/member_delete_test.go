package chat_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestAMemberInUseIsRefusedWithWhatRefersToIt(t *testing.T) {
	t.Parallel()

	require.NoError(t, chat.RefuseMemberInUse(nil))
	require.NoError(t, chat.RefuseMemberInUse([]chat.MemberUse{{What: "chats"}}))

	err := chat.RefuseMemberInUse([]chat.MemberUse{
		{What: "chats", Count: 2},
		{What: "approvals"},
		{What: "messages", Count: chat.MaxMemberUses},
	})
	require.Equal(t, chat.CodeMemberInUse, chat.CodeOf(err))
	require.ErrorContains(t, err, "chats (2), messages (1000 or more)")

	refused, isRefused := errors.AsType[*chat.Error](err)
	require.True(t, isRefused)
	assert.Equal(t, []chat.FieldError{
		{Field: "chats", Message: "2 refer to this member"},
		{Field: "messages", Message: "1000 or more refer to this member"},
	}, refused.Fields)
}
