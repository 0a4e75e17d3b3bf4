package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestWhatCameInIsListedWithItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	a := w.do(t, request{
		method: http.MethodGet,
		path:   workspaceURL("/inbound?status=orphaned&channel=phone-sms&chat_id=7&since=2026-11-22T10:00:00Z&limit=5"),
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)

	since := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	assert.Equal(t, chat.InboundFilter{
		Statuses: []chat.InboundStatus{chat.InboundOrphaned},
		Channel:  chat.ChannelSMS,
		ChatID:   7,
		Since:    &since,
		Page:     chat.Page{Limit: 5},
	}, w.store.inboundFilter)

	for _, part := range []string{`"status":"orphaned"`, `"chat_id":null`, "+19995550100, which is no phone number"} {
		assert.Contains(t, a.raw, part)
	}

	a = w.do(t, request{method: http.MethodGet, path: workspaceURL("/inbound?status=lost")})
	requireProblem(t, a, http.StatusBadRequest, "invalid_request", "query.status")
}

func TestAReplayTellsWorkflowsWhatItHasDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.notified()
	replay := request{method: http.MethodPost, path: workspaceURL("/inbound/" + string(inboundOne) + "/replay")}

	w.store.replay = func(read chat.ReadInbound) (chat.InboundRecord, chat.Arrival, error) {
		in, err := read(chat.RefusedInbound{Provider: chat.ProviderSendGrid, ContentType: "x/y", Raw: []byte("z")})
		require.NoError(t, err)
		assert.Equal(t, "x/y z", in.Key)

		taken := orphan()
		taken.Status, taken.ChatID, taken.MessageID = chat.InboundTaken, chatOne, messageOne

		other := chat.Arrival{Known: true, Stopped: []string{"action:one"}}

		return taken, chat.Arrival{Known: true, Others: []chat.Arrival{other}}, nil
	}

	a := w.do(t, replay)
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, "taken", a.json["status"])
	assert.Equal(t, "action:one ", <-told)
}

func TestAWebhookIsTakenWithASlashAtTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)

	for _, path := range webhookPaths {
		a := w.do(t, signedCall(path+"/", "one"))
		assert.Less(t, a.StatusCode, 300, path)
	}

	target := twilioInbound + "/?x=1"
	require.Equal(t, http.StatusOK, w.do(t, signedCall(target, "one")).StatusCode)
	assert.Equal(t, target, w.twilio.target, "the signature is of the URL as it is called")
}

func TestWhatCannotBeReadIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, signedCall(sendgridInbound, "nonsense"))
	w.do(t, signedCall(twilioInbound, "nonsense"))
	w.do(t, signedCall(twilioInbound, "nonsense").with(signedTwilio, "wrong"))

	require.Len(t, w.store.refused, 2, "what is not signed is not kept")
	assert.Equal(t, chat.ChannelEmail, w.store.refused[0].Channel)
	assert.Equal(t, "nonsense", string(w.store.refused[0].Raw))
	assert.Equal(t, "body must be what the provider sends", w.store.refused[0].Why)
	assert.Equal(t, chat.ChannelSMS, w.store.refused[1].Channel)
	assert.NotEqual(t, w.store.refused[0].Key, w.store.refused[1].Key)
}
