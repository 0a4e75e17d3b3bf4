package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChatsAreTakenOverAndReleased(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"POST chats/7/takeover": {okReply(`{"id":7,"channel":"phone-sms","state":"open","member_id":42,
			"taken_over_by":3,"taken_over_at":"2026-11-22T12:00:00Z","last_activity_at":"2026-11-22T12:00:00Z"}`)},
		"POST chats/7/release": {okReply(`{"id":7,"channel":"phone-sms","state":"open","member_id":42,
			"last_activity_at":"2026-11-22T12:00:00Z"}`)},
	})

	status, out, errs := s.do("chats", "takeover", "7")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "taken over")
	assert.Contains(t, out, "by member 3")
	assert.Contains(t, out, "until\n  handrail chats release 7")

	status, out, errs = s.do("chats", "release", "7")
	require.Equal(t, 0, status, errs)
	assert.NotContains(t, out, "taken over")
	assert.Contains(t, out, "The assistant may speak in chat 7.")
}
