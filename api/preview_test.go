package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

var previewRequest = request{
	method: http.MethodPost,
	path:   workspaceURL("/chats/7/preview-message"),
	body:   `{"message":"On its way."}`,
}

func TestAPreviewShowsWhatWouldLeave(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	a := w.do(t, previewRequest)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.JSONEq(t, `{"channel":"phone-sms","from":"+14155550100","to":"+14155550123","text":"On its way.",`+
		`"segments":1,"needs_approval":false}`, a.raw)
	assert.Empty(t, w.engine.all(), "nothing is sent")

	r := previewRequest
	r.body = `{"message":"Yes.","tool_calls":[{"name":"refund","arguments":{}}]}`
	assert.Equal(t, true, w.do(t, r).json["needs_approval"])
}

func TestAPreviewTellsWhatWouldRefuseTheMessage(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	recipient := ana()
	recipient.NotificationsEnabled = true
	recipient.Phone = "+14155550123"
	w.store.sendFacts = &chat.SendFacts{
		Chat:        chat.Chat{ID: 7, Channel: chat.ChannelSMS, State: chat.StateOpen},
		Assistant:   &chat.Member{Kind: chat.KindAssistant},
		Recipient:   &recipient,
		PhoneNumber: &chat.PhoneNumber{Number: "+14155550100"},
		Suppressed:  true,
	}

	a := w.do(t, previewRequest)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "On its way.", a.json["text"], "it is shown all the same")
	assert.Equal(t, "recipient_opted_out", a.json["refusal"].(map[string]any)["code"])

	r := previewRequest
	r.body = `{"message":" "}`
	requireProblem(t, w.do(t, r), http.StatusBadRequest, "invalid_request", "message")
}
