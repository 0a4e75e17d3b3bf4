package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	aSenderTest = `{"id":77,"channel":"email","member_id":42}`
	aTestSent   = `{"success":true,"action_id":"a1","delivery":{"id":"d9","status":"sent"},"message":{}}`
)

func TestASenderSendsATestMessage(t *testing.T) {
	t.Parallel()

	const page = "/settings/senders"

	for _, tt := range []struct {
		sender, found, chat string
	}{
		{"/phone-numbers/1", aNumber, `"channel":"phone-sms","phone_number_id":1,"title":"Test of +15550100"`},
		{"/inboxes/2", anInbox, `"channel":"email","inbox_id":2,"title":"Test of desk@example.com"`},
	} {
		e := newEnv(t, settingsReplies())
		e.replies["GET "+tt.sender] = ok(tt.found)
		e.replies["POST /chats"] = reply{http.StatusCreated, aSenderTest}
		e.replies["POST /chats/77/send-assistant-message"] = ok(aTestSent)

		fields := url.Values{"to": {"Cy (42)"}, "message": {"Hello"}}
		e.requireRedirect(e.post(page, page+tt.sender+"/test", fields), "/deliveries/d9")

		made := e.sent("POST /chats")
		assert.JSONEq(t, `{"member_id":42,"assistant_member_id":2,`+tt.chat+`}`, made.body)
		assert.Equal(t, "once-1-chat", made.key, "each step of one form is done once")

		sent := e.sent("POST /chats/77/send-assistant-message")
		assert.JSONEq(t, `{"message":"Hello"}`, sent.body)
		assert.Equal(t, "once-1", sent.key)

		e.replies["POST /chats/77/send-assistant-message"] = reply{
			http.StatusAccepted,
			`{"action_id":"a1","status":"waiting","delivery":null}`,
		}
		e.requireRedirect(e.post(page, page+tt.sender+"/test", fields), "/actions/a1")

		answer := e.do(http.MethodPost, page+tt.sender+"/test", fields)
		assert.Equal(t, http.StatusForbidden, answer.Code, "a form without its token")
	}
}

func TestATestMessageOfAWorkspaceWithoutAssistantMakesNoChat(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["GET /inboxes/2"] = ok(anInbox)
	e.replies["GET /workspace-defaults"] = ok(strings.Replace(someDefault, `"assistant_member_id":2`, `"assistant_member_id":null`, 1))

	answer := e.post("/settings/senders", "/settings/senders/inboxes/2/test", url.Values{
		"command": {"Send a test message"},
		"to":      {"42"},
		"message": {"Is this <b> kept?"},
	})
	require.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "Nobody speaks as the assistant")
	assert.Contains(t, answer.Body.String(), "Is this &lt;b&gt; kept?")
	assert.Zero(t, e.count("POST /chats"))
}

func TestWhoMayNotSendIsOfferedNoTest(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	page := e.get("/settings/senders")
	assert.Contains(t, page, "/settings/senders/inboxes/2/test")
	assert.NotContains(t, page, "/settings/senders/phone-numbers/1/test", "it may not be used any more")
	assert.Contains(t, page, `<option value="Bo &lt;b&gt; (12)">`)

	e.scopes = readOnlyScopes
	assert.NotContains(t, e.get("/settings/senders"), "Send a test message")
}

func TestSettingsSayHowEachSenderStands(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	page := e.get("/settings/senders")
	assert.Contains(t, page, `<span class="badge tone-warn">blocked</span>`)
	assert.Contains(t, page, "Twilio refuses what is sent from it.")
	assert.Contains(t, page, "none lately.", "of successes")
	assert.Contains(t, page, "2026-11-30T09:30:00Z")
	assert.Equal(t, 1, strings.Count(page, "not known"), "nothing is known of the inbox")

	e.replies["GET /health"] = refuse(http.StatusServiceUnavailable, "unavailable", "later")
	assert.Contains(t, e.get("/settings/senders"), "not known", "the page is shown without what cannot be read")

	e.scopes = []string{"workspace:admin", "chats:read"}
	before := e.count("GET /health")
	assert.Contains(t, e.get("/settings/senders"), "not known")
	assert.Equal(t, before, e.count("GET /health"), "who may not read it does not ask")
}
