package api

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// TestADeliveryOfANoticeHasNoChat: GET /chats/{id} would answer 404.
func TestADeliveryOfANoticeHasNoChat(t *testing.T) {
	t.Parallel()

	notice := exampleUnknown
	notice.PurposeKey = chat.NoticePurpose + "01983c5e-8d00-7e2f-9a3b-4c5d6e7f8091"

	shown, err := json.Marshal(presentDelivery(notice))
	require.NoError(t, err)
	assert.NotContains(t, string(shown), "chat_id")

	listed := presentAction(chat.ActionView{Action: chat.Action{ChatID: notice.ChatID}, Delivery: &notice})
	assert.Zero(t, listed.ChatID, "nor has its action")

	shown, err = json.Marshal(presentDelivery(exampleUnknown))
	require.NoError(t, err)
	assert.Contains(t, string(shown), `"chat_id":7`)
}

// TestALostPositionIsReplaced: whoever stores the id of stream.missed does not come back with a position that the
// database has lost.
func TestALostPositionIsReplaced(t *testing.T) {
	t.Parallel()

	page, err := newEventPage(&chat.EventList{Next: 50, Latest: 41, Oldest: 1}, 50)
	require.NoError(t, err)
	assert.Regexp(t, "^id: 41\nevent: stream.missed\ndata: ", string(page.frames))
	assert.EqualValues(t, 41, page.next)

	page, err = newEventPage(&chat.EventList{Next: 5, Latest: 41, Oldest: 20}, 5)
	require.NoError(t, err)
	assert.Regexp(t, "^event: stream.missed\n", string(page.frames), "what follows has an id")
}
