package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMembersAreDeleted(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"DELETE members/13": {{204, ""}},
		"DELETE members/12": {refusalReply(409, "member_in_use", "this member stays: chats (2)")},
	})

	status, out, errs := s.do("members", "delete", "13")
	require.Equal(t, 0, status, errs)
	assert.Equal(t, "member 13 is deleted\n", out)

	status, _, errs = s.do("members", "delete", "12")
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "chats (2)")
}
