package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

func TestANotificationRuleIsCreatedChangedAndTested(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	path := workspaceURL("/notification-rules")

	a := w.do(t, request{method: http.MethodPost, path: path, body: `{}`})
	require.Equal(t, http.StatusCreated, a.StatusCode, a.raw)
	assert.Equal(t, []any{
		"chat.escalated", "delivery.needs_review", "sender.blocked", "webhook_endpoint.disabled",
	}, a.json["types"])
	assert.Equal(t, []any{}, a.json["member_ids"])
	assert.Equal(t, "email", a.json["channel"])
	assert.InDelta(t, 300, a.json["quiet_seconds"], 0)
	assert.Equal(t, "Nothing to tell.", a.json["explanation"])
	assert.Equal(t, workspaceURL("/notification-rules/3"), a.Header.Get("Location"))

	for field, wrong := range map[string]string{
		"types[0]":        `{"types":["chat.exploded"]}`,
		"types":           `{"types":["chat.created"]}`,
		"channel":         `{"channel":"web-chat"}`,
		"quiet_seconds":   `{"quiet_seconds":86401}`,
		"phone_number_id": `{"phone_number_id":1}`,
	} {
		requireProblem(t, w.do(t, request{method: http.MethodPost, path: path, body: wrong}),
			http.StatusBadRequest, "invalid_request", field)
	}

	a = w.do(t, request{
		method: http.MethodPatch,
		path:   path + "/3",
		body:   `{"member_ids":[7,5],"channel":"phone-sms","phone_number_id":2,"inbox_id":null,"quiet_seconds":0}`,
	})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.Equal(t, []chat.MemberID{5, 7}, w.store.rule.MemberIDs)
	assert.Equal(t, chat.PhoneNumberID(2), *w.store.rule.PhoneNumberID)
	assert.Equal(t, chat.ChannelSMS, w.store.rule.Channel)
	assert.Zero(t, w.store.rule.Quiet)

	a = w.do(t, request{method: http.MethodGet, path: path})
	assert.InDelta(t, 3, a.json["items"].([]any)[0].(map[string]any)["id"], 0)

	a = w.do(t, request{method: http.MethodPost, path: path + "/3/test"})
	require.Equal(t, http.StatusAccepted, a.StatusCode, a.raw)

	tested := a.json["items"].([]any)[0].(map[string]any)
	assert.Equal(t, "waiting", tested["status"])
	assert.Equal(t, "Waits to be sent.", tested["explanation"])

	assert.Equal(t, http.StatusNoContent, w.do(t, request{method: http.MethodDelete, path: path + "/3"}).StatusCode)

	assert.Eventually(t, func() bool {
		w.engine.mutex.Lock()
		defer w.engine.mutex.Unlock()

		return len(w.engine.notices) == 3
	}, 5*time.Second, time.Millisecond)
}

func TestNoticesSayWhatBecameOfThem(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	a := w.do(t, request{method: http.MethodGet, path: workspaceURL("/notices?failed=true&notification_rule_id=3")})
	require.Equal(t, http.StatusOK, a.StatusCode, a.raw)
	assert.True(t, w.store.noticeFilter.Failed)
	assert.Equal(t, chat.NotificationRuleID(3), w.store.noticeFilter.RuleID)

	sent := a.json["items"].([]any)[0].(map[string]any)
	assert.Equal(t, "delivered", sent["status"])
	assert.Equal(t, string(deliveryID), sent["delivery_id"])

	failed := a.json["items"].([]any)[1].(map[string]any)
	assert.Equal(t, "failed", failed["status"])
	assert.Nil(t, failed["delivery_id"])
	assert.Equal(t, "Not sent: the recipient has no email address.", failed["explanation"])
}
