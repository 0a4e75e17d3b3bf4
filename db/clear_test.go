package db_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestTheIDZeroTakesAwayWhatAChatNames clears the assistant and the sender of a chat.
func TestTheIDZeroTakesAwayWhatAChatNames(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx := t.Context()

		before, err := s.Chat(ctx, w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		require.NotNil(t, before.AssistantMemberID)
		require.NotNil(t, before.PhoneNumberID)

		after, err := s.UpdateChat(ctx, w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{
			AssistantMemberID: new(chat.MemberID(0)),
			PhoneNumberID:     new(chat.PhoneNumberID(0)),
			InboxID:           new(chat.InboxID(0)),
		})
		require.NoError(t, err)
		assert.Nil(t, after.AssistantMemberID)
		assert.Nil(t, after.PhoneNumberID)

		places, err := s.Participants(ctx, w.Workspace, w.SMS.ID)
		require.NoError(t, err)

		for _, place := range places {
			assert.NotEqual(t, chat.ParticipantAssistant, place.Role, "nobody speaks as the assistant")
		}
	})
}
