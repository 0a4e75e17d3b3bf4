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
	anEndpoint = `{"id":3,"url":"https://example.com/<b>","description":"Our help desk","types":["delivery.settled"],` +
		`"payload":"thin","enabled":true,"explanation":"12 behind; last answer 503","behind":12,"aside":2,"missed":0,` +
		`"failing_since":"2026-11-29T10:00:00Z","next_try_at":null,"last_status":503,"last_attempt_at":null,` +
		`"created_at":"2026-11-22T10:00:00Z","updated_at":"2026-11-22T10:00:00Z"}`
	anAttempt = `{"id":"a1","event_id":"e1","event_type":"delivery.settled","sequence":8,"number":2,"succeeded":false,` +
		`"fault":"status_not_accepted","status":503,"answer":"<i>try later</i>","duration_ms":183,` +
		`"attempted_at":"2026-11-29T10:02:00Z"}`
	aRule = `{"id":4,"channel":"email","enabled":true,"explanation":"Nothing waits","member_ids":[7],"types":` +
		`["chat.escalated"],"quiet_seconds":300,"inbox_id":null,"phone_number_id":null,"next_message_at":null,` +
		`"created_at":"2026-11-22T10:00:00Z","updated_at":"2026-11-22T10:00:00Z"}`
	aNotice = `{"id":"n1","notification_rule_id":4,"member_id":7,"channel":"email","status":"delivered","subject":` +
		`"2 need you","events":2,"explanation":"It has arrived.","delivery_id":"d1","created_at":"2026-11-29T10:02:00Z"}`
	anAssistant = `{"id":2,"name":"Sam","kind":"assistant","role":"user"}`
	aManager    = `{"id":12,"name":"Bo <b>","kind":"person","role":"manager"}`
	aCustomer   = `{"id":42,"name":"Cy","kind":"person","role":"user"}`
	aKey        = `{"id":1,"kind":"key","name":"Help desk","hint":"abcd","member_id":7,"scopes":["chats:read"],"revoked_at":null,` +
		`"expires_at":null,"last_used_at":null,"created_at":"2026-11-22T10:00:00Z"}`
	aLabel  = `{"id":5,"name":"Refund","description":"Wants money back","color":"#3366ff","created_at":"2026-11-22T10:00:00Z"}`
	anAudit = `{"id":9,"at":"2026-11-29T10:02:00Z","verb":"delivery.retried","object":"d1","member_id":7,"key_id":0,` +
		`"request_id":"r1","detail":{"reason":"</pre><script>x</script>"}}`
	someSettings = `{"automatic_labels":true,"every_messages":10,"instructions":"Be brief","label_threshold":0.8,` +
		`"language":"de","model":"offline","quiet_seconds":1800,"token_budget":1000,"tokens_used":10,"updated_at":null}`
	aNumber = `{"id":1,"number":"+15550100","messaging_service_sid":"","name":"Desk","created_at":"2026-11-22T10:00:00Z",` +
		`"revoked_at":"2026-11-23T10:00:00Z"}`
	anInbox = `{"id":2,"address":"desk@example.com","display_name":"Desk","created_at":"2026-11-22T10:00:00Z"}`
	// sendersHealth is how the number stands. Nothing is known of the inbox.
	sendersHealth = `{"senders":[{
		"sender":"phone:1","channel":"phone-sms","address":"+15550100","name":"Desk","provider":"twilio",
		"state":"blocked","explanation":"Twilio refuses what is sent from it.","waiting":4,
		"counted_since":"2026-11-30T09:00:00Z","last_callback":"2026-11-30T09:30:00Z","last_success":null
	}]}`
	someDefault = `{"assistant_member_id":2,"inbox_id":2,"max_per_hour":null,"max_segments_per_month":null,` +
		`"max_unanswered":5,"phone_number_id":1,"when_taken_over":"hold"}`
	aSuppression = `{"id":8,"address":"+15550199","channel":"phone-sms","reason":"opt_out","sender":"","sender_address":"",` +
		`"created_at":"2026-11-22T10:00:00Z"}`
	aTool = `{"id":6,"name":"refund","kind":"http","risk":"approval","enabled":true,"idempotent":true,"description":"Pays back",` +
		`"assistants":[],"secrets":["token"],"timeout_seconds":10,"created_at":"2026-11-22T10:00:00Z",` +
		`"updated_at":"2026-11-22T10:00:00Z","http":{"method":"POST","url":"https://example.com/refunds","headers":{},` +
		`"schema":{"type":"object","required":["amount","order"],"properties":{"order":{"type":"string","description":` +
		`"Which order"},"amount":{"type":"integer"},"why":{"type":"string","enum":["late","broken"]},` +
		`"gift":{"type":"boolean"}}}}}`
)

// settingsReplies answers every page of the settings.
func settingsReplies() map[string]reply {
	return map[string]reply{
		"GET /webhook-endpoints":            listOf(anEndpoint),
		"GET /webhook-endpoints/3":          ok(anEndpoint),
		"GET /webhook-endpoints/3/attempts": listOf(anAttempt),
		"GET /notification-rules":           listOf(aRule),
		"GET /notices":                      listOf(aNotice),
		"GET /api-keys":                     listOf(aKey),
		"GET /members":                      listOf(anAssistant, aManager, aCustomer),
		"GET /audit-log":                    listOf(anAudit),
		"GET /chat-labels":                  listOf(aLabel),
		"GET /summary-settings":             ok(someSettings),
		"GET /phone-numbers":                listOf(aNumber),
		"GET /inboxes":                      listOf(anInbox),
		"GET /health":                       ok(sendersHealth),
		"GET /workspace-defaults":           ok(someDefault),
		"GET /suppressions":                 listOf(aSuppression),
		"GET /tools":                        listOf(aTool),
		"GET /tools/6":                      ok(aTool),
	}
}

func TestSettingsShowWhatIsSet(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())

	for path, wants := range map[string][]string{
		"/settings":               {"/settings/webhooks", "/settings/audit"},
		"/settings/webhooks":      {"https://example.com/&lt;b&gt;", "12 behind; last answer 503", ">failing<"},
		"/settings/webhooks/3":    {"Our help desk", "&lt;i&gt;try later", "/events/e1/replay", "12 events wait their turn; 2 that have failed"},
		"/settings/notifications": {"chat.escalated", "/deliveries/d1", "2 need you"},
		"/settings/keys":          {"Help desk", "…abcd", "You are logged in with it"},
		"/settings/audit":         {"delivery.retried", "&lt;/pre&gt;", "Ana", "without a key"},
		"/settings/labels":        {"Wants money back", "#3366ff", `fill="#3366ff"`},
		"/settings/summaries":     {"of 1000.", "Be brief", `value="0.8"`},
		"/settings/senders":       {"+15550100", "desk@example.com", ">no<"},
		"/settings/defaults":      {`value="5"`, `<option value="1" selected>`, `<option value="hold" selected>`},
		"/settings/suppressions":  {"+15550199", "opt out", "only if the person has asked for it"},
		"/settings/tools":         {"Pays back", "/settings/tools/6"},
		"/settings/tools/6":       {"POST https://example.com/refunds", "Which order", "after a second member has approved it"},
	} {
		page := e.get(path)
		for _, want := range wants {
			assert.Contains(t, page, want, path)
		}

		for _, never := range []string{" style=", "<script>", " onclick="} {
			assert.NotContains(t, page, never, path)
		}
	}
}

func TestReadOnlySettingsHaveNoButtons(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.scopes = readOnlyScopes

	for path := range strings.FieldsSeq("webhooks webhooks/3 notifications labels summaries senders defaults tools tools/6") {
		page := e.get("/settings/" + path)
		_, content, _ := strings.Cut(page, "<main")
		assert.NotContains(t, content, `<button class="primary">`, path)
		assert.NotContains(t, content, `<details class="command">`, path)
	}

	page := e.get("/settings")
	assert.NotContains(t, page, "/settings/keys")
	assert.NotContains(t, page, "/settings/audit")
}

func TestASecretIsShownOnceAndNowhereElse(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["POST /webhook-endpoints/3/secret"] = ok(`{"secret":"whsec_abc"}`)
	e.replies["POST /webhook-endpoints"] = reply{
		http.StatusCreated,
		strings.TrimSuffix(anEndpoint, "}") + `,"secret":"whsec_new"}`,
	}

	answer := e.post("/settings/webhooks/3", "/settings/webhooks/3/secret", nil)
	require.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Body.String(), "whsec_abc")
	assert.Empty(t, answer.Header().Get("Location"))
	assert.Empty(t, answer.Header().Get("Set-Cookie"))
	assert.Equal(t, "no-store", answer.Header().Get("Cache-Control"))
	assert.Equal(t, "once-1", e.sent("POST /webhook-endpoints/3/secret").key)

	e.replies["POST /webhook-endpoints/3/secret"] = ok(`{}`)
	answer = e.post("/settings/webhooks/3", "/settings/webhooks/3/secret", nil)
	assert.Contains(t, answer.Body.String(), "the secret was shown then")

	answer = e.post("/settings/webhooks", "/settings/webhooks", url.Values{
		"url":     {"https://example.com/b"},
		"payload": {"full"},
		"types":   {"chat.created", "chat.updated"},
	})
	assert.Contains(t, answer.Body.String(), "whsec_new")
	assert.JSONEq(t, `{"url":"https://example.com/b","payload":"full","types":["chat.created","chat.updated"]}`,
		e.sent("POST /webhook-endpoints").body)
}

func TestAWebhookIsTestedReplayedAndDisabled(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["POST /webhook-endpoints/3/test"] = ok(anAttempt)
	e.replies["POST /webhook-endpoints/3/replay"] = ok(anEndpoint)
	e.replies["POST /webhook-endpoints/3/events/e1/replay"] = ok(anEndpoint)
	e.replies["PATCH /webhook-endpoints/3"] = ok(anEndpoint)
	e.replies["DELETE /webhook-endpoints/3"] = reply{status: http.StatusNoContent}

	page := "/settings/webhooks/3"
	answer := e.post(page, page+"/test", nil)
	assert.Contains(t, answer.Body.String(), "The receiver of the test: 503, after 183 ms")

	e.requireRedirect(e.post(page, page+"/replay", url.Values{"since": {"2026-11-29T10:00"}}), page)
	assert.JSONEq(t, `{"since":"2026-11-29T10:00:00Z"}`, e.sent("POST /webhook-endpoints/3/replay").body)

	answer = e.post(page, page+"/replay", nil)
	assert.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "The field since must be given.")

	e.requireRedirect(e.post(page, page+"/events/e1/replay", nil), page)
	e.requireRedirect(e.post(page, page+"/enabled", url.Values{"enabled": {"false"}}), page)
	assert.JSONEq(t, `{"enabled":false}`, e.sent("PATCH /webhook-endpoints/3").body)
	e.requireRedirect(e.post(page, page+"/delete", nil), "/settings/webhooks")
}

func TestFormsOfSettingsCallTheAPI(t *testing.T) {
	t.Parallel()

	gone := reply{status: http.StatusNoContent}

	for _, tt := range []struct {
		page, action string
		fields       url.Values
		call         string
		answer       reply
		body         string
	}{
		{
			"/settings/notifications", "/settings/notifications",
			url.Values{"channel": {"email"}, "member_ids": {"7", "12"}, "quiet_seconds": {"60"}},
			"POST /notification-rules",
			reply{http.StatusCreated, aRule},
			`{"channel":"email","member_ids":[7,12],"quiet_seconds":60}`,
		},
		{
			"/settings/notifications", "/settings/notifications/4/enabled",
			url.Values{"enabled": {"false"}},
			"PATCH /notification-rules/4", ok(aRule), `{"enabled":false}`,
		},
		{
			"/settings/notifications", "/settings/notifications/4",
			url.Values{"channel": {"phone-sms"}, "member_ids": {""}, "quiet_seconds": {"60"}, "types": {"sender.blocked"}},
			"PATCH /notification-rules/4", ok(aRule),
			`{"channel":"phone-sms","member_ids":[],"quiet_seconds":60,"types":["sender.blocked"]}`,
		},
		{
			"/settings/senders", "/settings/senders/phone-numbers/1",
			url.Values{
				"number": {"+15550100"}, "number_before": {"+15550100"}, "name": {"Night"}, "name_before": {"Desk"},
				"messaging_service_sid": {""}, "messaging_service_sid_before": {""},
			},
			"PATCH /phone-numbers/1", ok(aNumber), `{"name":"Night"}`,
		},
		{
			"/settings/senders", "/settings/senders/inboxes/2",
			url.Values{
				"address": {"b@example.com"}, "address_before": {"desk@example.com"}, "display_name": {"Desk"},
				"display_name_before": {"Desk"},
			},
			"PATCH /inboxes/2", ok(anInbox), `{"address":"b@example.com"}`,
		},
		{"/settings/notifications", "/settings/notifications/4/delete", nil, "DELETE /notification-rules/4", gone, ``},
		{"/settings/keys", "/settings/keys/1/revoke", nil, "DELETE /api-keys/1", gone, ``},
		{"/settings/suppressions", "/settings/suppressions/8/lift", nil, "DELETE /suppressions/8", gone, ``},
		{
			"/settings/suppressions", "/settings/suppressions",
			url.Values{"channel": {"phone-sms"}, "address": {"+15550199"}, "reason": {"asked by phone"}},
			"POST /suppressions",
			reply{http.StatusCreated, aSuppression},
			`{"channel":"phone-sms","address":"+15550199","reason":"asked by phone"}`,
		},
		{
			"/settings/labels", "/settings/labels",
			url.Values{"name": {"Refund"}},
			"POST /chat-labels",
			reply{http.StatusCreated, aLabel},
			`{"name":"Refund"}`,
		},
		{
			"/settings/labels", "/settings/labels/5",
			url.Values{"name": {"Refunds"}, "description": {""}, "color": {""}},
			"PATCH /chat-labels/5", ok(aLabel), `{"name":"Refunds","description":"","color":""}`,
		},
		{"/settings/labels", "/settings/labels/5/delete", nil, "DELETE /chat-labels/5", gone, ``},
		{
			"/settings/summaries", "/settings/summaries",
			url.Values{"every_messages": {"5"}, "quiet_seconds": {"60"}, "token_budget": {"0"}, "label_threshold": {"0.5"}},
			"PATCH /summary-settings", ok(someSettings),
			`{"automatic_labels":false,"every_messages":5,"quiet_seconds":60,"token_budget":0,"label_threshold":0.5,` +
				`"model":"","language":"","instructions":""}`,
		},
		{
			"/settings/senders", "/settings/senders/phone-numbers",
			url.Values{"number": {"+15550101"}},
			"POST /phone-numbers",
			reply{http.StatusCreated, aNumber},
			`{"number":"+15550101"}`,
		},
		{"/settings/senders", "/settings/senders/phone-numbers/1/delete", nil, "DELETE /phone-numbers/1", gone, ``},
		{
			"/settings/senders", "/settings/senders/inboxes",
			url.Values{"address": {"a@example.com"}},
			"POST /inboxes",
			reply{http.StatusCreated, anInbox},
			`{"address":"a@example.com"}`,
		},
		{"/settings/senders", "/settings/senders/inboxes/2/delete", nil, "DELETE /inboxes/2", gone, ``},
		{
			"/settings/defaults", "/settings/defaults",
			url.Values{"assistant_member_id": {"2"}, "phone_number_id": {""}, "max_unanswered": {"3"}, "when_taken_over": {"refuse"}},
			"PUT /workspace-defaults", ok(someDefault),
			`{"assistant_member_id":2,"max_unanswered":3,"when_taken_over":"refuse"}`,
		},
	} {
		t.Run(tt.call, func(t *testing.T) {
			t.Parallel()

			e := newEnv(t, settingsReplies())
			e.replies[tt.call] = tt.answer
			e.requireRedirect(e.post(tt.page, tt.action, tt.fields), tt.page)

			sent := e.sent(tt.call)
			if tt.body != "" {
				assert.JSONEq(t, tt.body, sent.body)
			}

			if strings.HasPrefix(tt.call, "POST") {
				assert.Equal(t, "once-1", sent.key)
			}

			answer := e.do(http.MethodPost, tt.action, tt.fields)
			assert.Equal(t, http.StatusForbidden, answer.Code, "a form without its token")
			assert.Equal(t, 1, e.count(tt.call))
		})
	}
}

func TestARuleThatTellsNobodyWarns(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	page := e.get("/settings/notifications")
	assert.Contains(t, page, `<span class="badge tone-good">enabled</span>`)
	assert.Contains(t, page, `name="types" value="sender.blocked"`)
	assert.NotContains(t, page, `name="types" value="message.created"`, "nobody can be told of it")
	assert.Contains(t, e.get("/settings/webhooks"), `name="types" value="message.created"`, "but programs can")

	e.replies["GET /notification-rules"] = listOf(
		strings.Replace(aRule, "Nothing waits", "It is enabled. Nobody can be told: member 7 has no email address.", 1),
	)
	page = e.get("/settings/notifications")
	assert.Contains(t, page, `<span class="badge tone-warn">tells nobody</span>`)
	assert.NotContains(t, page, `<span class="badge tone-good">enabled</span>`)
}

func TestTheAuditLogSaysWho(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["GET /members/8"] = ok(`{"id":8,"name":"Bo <b>"}`)
	e.replies["GET /members/9"] = refuse(http.StatusNotFound, "member_not_found", "there is no member 9")
	entry := func(member, key, detail string) string {
		return `{"id":1,"at":"2026-11-29T10:02:00Z","verb":"x.made","object":"d1","member_id":` + member + `,"key_id":` + key +
			`,"request_id":"r1","detail":` + detail + `}`
	}
	e.replies["GET /audit-log"] = listOf(
		entry("8", "4", "{}"), entry("8", "4", "{}"), entry("9", "0", "null"), entry("0", "0", "{}"),
		entry("0", "0", `{"operator":"root@desk"}`),
	)

	page := e.get("/settings/audit")
	assert.Contains(t, page, "Bo &lt;b&gt;</a>")
	assert.Contains(t, page, "key 4")
	assert.Contains(t, page, "member 9</a>", "whose name cannot be read")
	assert.Contains(t, page, "Handrail itself")
	assert.Contains(t, page, "command line on the server, as root@desk")
	assert.Equal(t, 1, e.count("GET /members/8"), "each name is read once")
}

func TestKeysOfOneKindAreListed(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	page := e.get("/settings/keys?kind=session")

	assert.Equal(t, "session", e.sent("GET /api-keys").query.Get("kind"))
	assert.Contains(t, page, `<option value="session" selected>sessions of this console</option>`)
	assert.NotContains(t, page, ">Any<", "the API lists one kind at a time")
	assert.Contains(t, page, "handrail keys create --workspace "+theWorkspace)
}

func TestATestOfARuleSaysWhatBecameOfIt(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["POST /notification-rules/4/test"] = reply{http.StatusAccepted, `{"items":[` + aNotice + `]}`}

	answer := e.post("/settings/notifications", "/settings/notifications/4/test", nil)
	require.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Body.String(), "A test is on its way")
}

func TestAToolIsTestedWithAFormOfItsSchema(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	page := "/settings/tools/6"
	shown := e.get(page)

	for _, want := range []string{
		`name="arg.amount" value="" inputmode="decimal"`,
		`name="arg.order"`,
		`<select name="arg.why">`,
		`<option value="late">`,
		`<option value="true">`,
	} {
		assert.Contains(t, shown, want)
	}

	assert.NotContains(t, shown, "as JSON")

	form := url.Values{"arg.amount": {"12345678901234567"}, "arg.order": {"A-1"}, "arg.gift": {"false"}, "arg.why": {""}}
	e.replies["POST /tools/6/test"] = reply{http.StatusAccepted, anApproval}

	answer := e.post(page, page, form)
	require.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Body.String(), "Nothing was run yet")
	assert.Contains(t, answer.Body.String(), `name="approval_id" spellcheck="false" autocomplete="off" value="ap1"`)
	assert.Contains(t, answer.Body.String(), `value="12345678901234567"`, "what was typed stays")
	assert.JSONEq(t, `{"arguments":{"amount":12345678901234567,"order":"A-1","gift":false}}`,
		e.sent("POST /tools/6/test").body)
	assert.Contains(t, e.sent("POST /tools/6/test").body, "12345678901234567", "no digit is lost")

	form.Set("approval_id", "ap1")

	e.replies["POST /tools/6/test"] = ok(`{"outcome":"succeeded","duration_ms":12,"http_status":200,"result":{"paid":"<b>"}}`)
	answer = e.post(page, page, form)
	assert.Contains(t, answer.Body.String(), "with HTTP status 200")
	assert.Contains(t, answer.Body.String(), "&lt;b&gt;")
	assert.Contains(t, e.sent("POST /tools/6/test").body, `"approval_id":"ap1"`)

	form.Set("arg.amount", "much")
	answer = e.post(page, page, form)
	assert.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "The arguments: amount must be a number.")
}

const anApproval = `{"id":"ap1","kind":"tool_test","state":"open","requested_by":7,"deadline":"2026-12-01T10:00:00Z"}`

func TestAToolOfAnMCPServerIsTestedWithAFormOfItsSchema(t *testing.T) {
	t.Parallel()

	server := `{"id":6,"name":"files","kind":"mcp","risk":"read","enabled":true,"idempotent":true,"description":"Files",` +
		`"assistants":[],"secrets":[],"timeout_seconds":10,"created_at":"2026-11-22T10:00:00Z",` +
		`"updated_at":"2026-11-22T10:00:00Z","mcp":{"url":"https://example.com/mcp","headers":{},"discovered":[` +
		`{"name":"read","description":"Reads","schema":{"type":"object","properties":{"paths":{"type":"array"}}}}],` +
		`"left_out":[{"name":"odd","reason":"its schema has no type"}]}}`

	e := newEnv(t, map[string]reply{
		"GET /tools/6":       ok(server),
		"POST /tools/6/test": ok(`{"outcome":"failed","duration_ms":12,"error":"no such file","error_code":"x"}`),
	})

	page := e.get("/settings/tools/6")
	assert.NotContains(t, page, "Run the test", "no tool is chosen")
	assert.Contains(t, page, "its schema has no type")
	assert.Contains(t, e.get("/settings/tools/6?tool=read"), `<textarea name="arg.paths"`)

	answer := e.post("/settings/tools/6", "/settings/tools/6", url.Values{
		"tool":      {"read"},
		"arg.paths": {`["a"]`},
	})
	assert.Contains(t, answer.Body.String(), "No such file.")
	assert.JSONEq(t, `{"tool":"read","arguments":{"paths":["a"]}}`, e.sent("POST /tools/6/test").body)

	for _, wrong := range []string{`[1`, `{`, `nul`, `{} {}`} {
		answer = e.post("/settings/tools/6", "/settings/tools/6", url.Values{"tool": {"read"}, "arg.paths": {wrong}})
		assert.Equal(t, http.StatusBadRequest, answer.Code, wrong)
	}
}

func TestTheAuditLogHasFilters(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.get("/settings/audit?verb=delivery.retried&object=d1&member_id=7&key_id=0&since=2026-11-29T10:00")

	query := e.sent("GET /audit-log").query
	assert.Equal(t, "delivery.retried", query.Get("verb"))
	assert.Equal(t, "d1", query.Get("object"))
	assert.Equal(t, "7", query.Get("member_id"))
	assert.Equal(t, "0", query.Get("key_id"), "the operator")
	assert.Equal(t, "2026-11-29T10:00:00Z", query.Get("since"))
}

func TestAnIdThatIsNoneHasNoPage(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)

	for _, path := range []string{"/settings/webhooks/x", "/settings/tools/6x"} {
		assert.Equal(t, http.StatusNotFound, e.do(http.MethodGet, path, nil).Code)
	}
}

func TestSettingsNamePeople(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	e.replies["GET /notification-rules"] = listOf(strings.Replace(aRule, `[7]`, `[7,12]`, 1))

	page := e.get("/settings/notifications")
	assert.Contains(t, page, `/people/12">Bo &lt;b&gt;</a>`)
	assert.Contains(t, page, `name="member_ids" value="12" checked`)
	assert.Contains(t, page, `name="member_ids" value="7" checked`, "a rule keeps whom it names")
	assert.NotContains(t, page, `value="42"`, "a customer is no manager")

	page = e.get("/settings/defaults")
	assert.Equal(t, "assistant", e.sent("GET /members").query.Get("kind"))
	assert.Contains(t, page, `name="assistant_member_id" value="Sam (2)"`)
	assert.Contains(t, page, `/people/2">Sam</a>`)

	page = e.get("/settings/audit?member_id=Bo+%3Cb%3E+(12)")
	assert.Equal(t, "12", e.sent("GET /audit-log").query.Get("member_id"))
	assert.Contains(t, page, `name="member_id" value="Bo &lt;b&gt; (12)"`)
	assert.Zero(t, e.count("GET /members/12"), "a list has the name")
}

func TestAFilterByANameThatNobodyHasIsRefused(t *testing.T) {
	t.Parallel()

	e := newEnv(t, settingsReplies())
	page := e.get("/settings/audit?member_id=Dee")

	assert.Contains(t, page, "Nobody has the name “Dee”")
	assert.Contains(t, page, `name="member_id" value="Dee"`, "what was typed stays")
	assert.Zero(t, e.count("GET /audit-log"), "the whole log is not what was asked for")
}

func TestARuleTellsAManagerWhoIsNotLoaded(t *testing.T) {
	t.Parallel()

	many := make([]string, 100)
	for i := range many {
		many[i] = aCustomer
	}

	e := newEnv(t, settingsReplies())
	e.replies["GET /members"] = listOf(many...)
	e.replies["GET /members/12"] = ok(aManager)
	e.replies["POST /notification-rules"] = reply{http.StatusCreated, aRule}

	assert.Contains(t, e.get("/settings/notifications"), "Another manager")

	fields := url.Values{"member_ids": {"7"}, "manager": {"Bo (12)"}, "quiet_seconds": {"60"}}
	e.requireRedirect(e.post("/settings/notifications", "/settings/notifications", fields), "/settings/notifications")
	assert.JSONEq(t, `{"member_ids":[7,12],"quiet_seconds":60}`, e.sent("POST /notification-rules").body)
}
