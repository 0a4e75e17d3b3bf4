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
	theDelivery = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"
	theAction   = "01934f6e-7f30-7b22-9b3d-000000000001"
	theRetry    = "01934f6e-7f30-7b22-9b3d-000000000002"
)

// deliveryOf is a delivery that may have been sent, with what may be done about it.
func deliveryOf(next, needs string) string {
	return `{"id":"` + theDelivery + `","action_id":"` + theAction + `","chat_id":12,"message_id":"m1",
		"status":"needs_review","submission":"needs_review","carrier":"pending","channel":"phone-sms",
		"provider":"twilio","provider_message_id":"SM1","from":"+15550100","to":"+15550199","error_code":"timeout",
		"error_message":"no answer","duplicate":"possible","advice":"change_text","segments":1,
		"explanation":"It waits behind delivery ` + theRetry + `, and member 5 may decide.",
		"payload":{"text":"Hello <script>alert(1)</script>"},
		"attempt_count":1,"attempts":[{"number":1,"started_at":"2026-11-30T09:00:00Z",
			"finished_at":"2026-11-30T09:00:01.5Z","got_connection":true,"reached":"yes","outcome":"unknown",
			"http_status":502}],
		"customer_sentence":"Our message to +15550199 may have reached you twice.",
		"timeline":[
			{"at":"2026-11-30T08:59:00Z","what":"Member 5 asked for another try: She has called."},
			{"at":"2026-11-30T09:00:01.5Z","what":"Attempt 1: unknown, HTTP 502.","attempt":1},
			{"at":"2026-11-30T09:00:02Z","what":"Since then it is looked for in Twilio's list of messages."},
			{"at":"2026-11-30T09:01:00Z","what":"Twilio reports it as undelivered.","report":1}],
		"events":[{"provider":"twilio","type":"undelivered","received_at":"2026-11-30T09:01:00Z",
			"raw":"MessageStatus=undelivered&ErrorMessage=Unreachable+handset"}],
		"decision":{"verdict":"retry","reason":"She has called","member_id":5,"at":"2026-11-30T08:59:00Z"},
		"next":[` + next + `],"retry_needs":[` + needs + `],
		"created_at":"2026-11-30T09:00:00Z","updated_at":"2026-11-30T09:01:00Z",
		"waiting_for":"person","waiting_until":"2026-12-30T09:00:00Z"}`
}

// repliesOf are the answers that the page of a delivery is made of.
func repliesOf(delivery string) map[string]reply {
	return map[string]reply{
		"GET /deliveries/" + theDelivery: ok(delivery),
		"GET /members/5":                 ok(`{"id":5,"name":"Noor <b>"}`),
		"GET /chats/12": ok(`{"id":12,"title":"A table for four","member_id":42,"member_name":"Bea",
			"member":{"id":42,"name":"Bea <b>"}}`),
		"GET /actions/" + theAction: ok(`{"action_id":"` + theAction + `","chat_id":12,"kind":"send_assistant_message",
			"state":"parked","status":"needs_review","delivery":{"id":"` + theDelivery + `"},"next":[],
			"message":{"content":"Hello **you**","tool_calls":[{"id":"call_1","name":"book_table","status":"succeeded",
				"arguments":{"guests":4},"result":{"booking_id":"b-9"},
				"where":"POST https://desk.example.com/bookings","idempotency_key":"m1-0"}]},
			"timeline":[
				{"at":"2026-11-30T08:58:00Z","what":"Asked for."},
				{"at":"2026-11-30T08:58:30Z","what":"Tool call call_1 (book_table) succeeded: done.","tool_call_id":"call_1"},
				{"at":"2026-11-30T08:59:00Z","what":"Member 5 asked for another try: She has called."},
				{"at":"2026-11-30T09:00:01.5Z","what":"Attempt 1: unknown, HTTP 502."},
				{"at":"2026-11-30T09:01:00Z","what":"Twilio reports it as undelivered."}]}`),
		"GET /phone-numbers": listOf(`{"id":12,"name":"Front desk","number":"+15550111"}`),
	}
}

func TestTheDeliveryPageTellsEverythingInOneTimeline(t *testing.T) {
	t.Parallel()

	page := newEnv(t, repliesOf(deliveryOf(``, ``))).get("/deliveries/" + theDelivery)
	at := 0

	for _, part := range []string{
		"To come",
		"a person&#39;s decision ends by itself.",
		"Asked for.",
		"Tool call call_1 (book_table) succeeded",
		"<code>POST https://desk.example.com/bookings</code>, with the idempotency key <code>m1-0</code>",
		"&#34;booking_id&#34;: &#34;b-9&#34;",
		"asked for another try: She has called.",
		"Attempt 1: unknown, HTTP 502.",
		"Took 1.5 s.",
		"It reached the provider.",
		"Since then it is looked for in Twilio&#39;s list of messages.",
		"Twilio reports it as undelivered.",
		"The carrier&#39;s own reason: Unreachable handset.",
	} {
		found := strings.Index(page[at:], part)
		require.GreaterOrEqual(t, found, 0, "%s, in its order", part)
		assert.Equal(t, strings.LastIndex(page, part), at+found, "%s: once", part)
		at += found
	}

	for _, part := range []string{
		"May have arrived twice.",
		"Retry it with another text.",
		"A table for four",
		`/people/42">Bea &lt;b&gt;`,
		"/deliveries/" + theRetry + `">delivery ` + theRetry,
		`/people/5">Noor &lt;b&gt; (member 5)</a> may decide`,
		"https://www.twilio.com/console/sms/logs/SM1",
		`data-copy="customer-sentence"`,
		"to +15550199 may have reached you twice.",
		"Hello &lt;script&gt;alert(1)",
	} {
		assert.Contains(t, page, part)
	}

	assert.NotContains(t, page, "<script>alert")
}

func TestOnlyWhatWillWorkIsOfferedForADelivery(t *testing.T) {
	t.Parallel()

	paths := map[string]string{
		"retry":   "/deliveries/" + theDelivery + "/retry",
		"resolve": "/deliveries/" + theDelivery + "/resolve",
		"look_up": "/deliveries/" + theDelivery + "/look-up",
		"cancel":  "/deliveries/" + theDelivery + "/cancel",
	}

	for offered := range paths {
		e := newEnv(t, repliesOf(deliveryOf(`"`+offered+`"`, ``)))
		page := e.get("/deliveries/" + theDelivery)

		for command, path := range paths {
			assert.Equal(t, command == offered, strings.Contains(page, path), "%s when %s is offered", command, offered)
		}

		e.scopes = readOnlyScopes
		assert.NotContains(t, e.get("/deliveries/"+theDelivery), "once", "a session that may only look")
	}
}

func TestARetryThatMayArriveTwiceMustBeAccepted(t *testing.T) {
	t.Parallel()

	e := newEnv(t, repliesOf(deliveryOf(`"retry"`, `"acknowledge_duplicate","reason"`)))
	e.replies["POST /deliveries/"+theDelivery+"/retry"] = ok(`{"success":true,"action_id":"a2",
		"retry_of":"` + theDelivery + `","delivery":{"id":"` + theRetry + `"}}`)

	page := e.get("/deliveries/" + theDelivery)
	assert.Equal(t, 2, strings.Count(page, `name="acknowledge_duplicate" value="true" required`))
	assert.Equal(t, 2, strings.Count(page, `name="reason" maxlength="500" autocomplete="off" required`))
	assert.Contains(t, page, `<option value="phone:12">Front desk (+15550111)`)
	assert.Contains(t, page, "Hello **you**", "the text as it was written")

	answer := e.post("/deliveries/"+theDelivery, "/deliveries/"+theDelivery+"/retry", url.Values{
		"acknowledge_duplicate": {"true"},
		"reason":                {" She needs it "},
		"to":                    {"+15550177"},
		"sender":                {"phone:12"},
		"body":                  {"Hello\r\nyou"},
		"body_before":           {"Hello **you**"},
	})
	e.requireRedirect(answer, "/deliveries/"+theRetry)

	sent := e.sent("POST /deliveries/" + theDelivery + "/retry")
	assert.Equal(t, "once-1", sent.key)
	assert.JSONEq(t, `{"acknowledge_duplicate":true,"reason":"She needs it","to":"+15550177","sender":"phone:12",
		"body":"Hello\nyou"}`, sent.body)

	answer = e.post("/deliveries/"+theDelivery, "/deliveries/"+theDelivery+"/retry", url.Values{
		"body":        {"Hello **you**"},
		"body_before": {"Hello **you**"},
	})
	e.requireRedirect(answer, "/deliveries/"+theRetry)
	assert.JSONEq(t, `{}`, e.sent("POST /deliveries/"+theDelivery+"/retry").body, "an unchanged text is not sent anew")
}

func TestDeliveriesAreResolvedLookedUpAndCanceled(t *testing.T) {
	t.Parallel()

	e := newEnv(t, repliesOf(deliveryOf(`"resolve","look_up","cancel"`, ``)))
	page := "/deliveries/" + theDelivery

	for action, call := range map[string]struct {
		fields url.Values
		body   string
	}{
		"/resolve": {
			url.Values{"as": {"sent"}, "reason": {"seen"}, "provider_message_id": {"SM2"}},
			`{"as":"sent","reason":"seen","provider_message_id":"SM2"}`,
		},
		"/cancel":  {url.Values{"reason": {"too late"}}, `{"reason":"too late"}`},
		"/look-up": {nil, ``},
	} {
		e.replies["POST "+page+action] = ok(deliveryOf(``, ``))
		e.requireRedirect(e.post(page, page+action, call.fields), page)

		sent := e.sent("POST " + page + action)
		assert.Equal(t, "once-1", sent.key)

		if call.body != "" {
			assert.JSONEq(t, call.body, sent.body)
		}
	}
}

func TestWhoHasPressedFirstIsTold(t *testing.T) {
	t.Parallel()

	e := newEnv(t, repliesOf(deliveryOf(`"resolve"`, ``)))
	page := "/deliveries/" + theDelivery
	e.replies["POST "+page+"/resolve"] = refuse(http.StatusConflict, "conflict",
		"member 5 confirmed at 2026-11-30T10:01:00Z that it was sent")
	answer := e.post(page, page+"/resolve", url.Values{"as": {"not_sent"}, "reason": {"x"}})
	assert.Equal(t, http.StatusConflict, answer.Code)

	shown := answer.Body.String()
	assert.Contains(t, shown, "This was not done.")
	assert.Contains(t, shown, "Noor &lt;b&gt; (member 5)</a> confirmed at")
	assert.Contains(t, shown, ">30 Nov 2026, 10:01:00 UTC</time>", "times are as they are elsewhere")
	assert.Contains(t, shown, "Attempt 1: unknown", "the page as it is now")
	assert.Contains(t, shown, `hx-get="/console/w/`+theWorkspace+page+`"`, "which is fetched anew at its own address")

	e.replies["GET /members/5"] = refuse(http.StatusNotFound, "member_not_found", "there is no such member")
	answer = e.post(page, page+"/resolve", url.Values{"as": {"not_sent"}, "reason": {"x"}})
	assert.Contains(t, answer.Body.String(), "Member 5</a> confirmed at", "the number where there is no name")
}

// TestASuppressedDeliveryLeadsToItsSuppressions where they are not of its own address.
func TestASuppressedDeliveryLeadsToItsSuppressions(t *testing.T) {
	t.Parallel()

	suppressed := strings.Replace(deliveryOf(``, ``), `"needs_review"`, `"suppressed"`, 1)
	e := newEnv(t, repliesOf(suppressed))
	e.replies["GET /suppressions"] = listOf()
	assert.Contains(t, e.get("/deliveries/"+theDelivery), `/people/42#suppressions">suppressions</a>`)

	page := newEnv(t, repliesOf(deliveryOf(``, ``))).get("/deliveries/" + theDelivery)
	assert.NotContains(t, page, "#suppressions")
}

// TestADeliveryOfANotice: it is in no chat, and its recipient is no customer.
func TestADeliveryOfANotice(t *testing.T) {
	t.Parallel()

	notice := strings.NewReplacer(`"chat_id":12,`, ``, `"customer_sentence"`, `"no_sentence"`).Replace(deliveryOf(``, ``))
	page := newEnv(t, repliesOf(notice)).get("/deliveries/" + theDelivery)
	assert.Contains(t, page, "Attempt 1: unknown, HTTP 502.")
	assert.NotContains(t, page, "/chats/")
	assert.NotContains(t, page, "For the customer")
}

func TestAnAdviceIsGivenOnce(t *testing.T) {
	t.Parallel()

	said := strings.Replace(deliveryOf(``, ``), "It waits behind", "Retry it with another text. It waits behind", 1)
	page := newEnv(t, repliesOf(said)).get("/deliveries/" + theDelivery)
	assert.Equal(t, 1, strings.Count(page, "Retry it with another text."))
}

func TestAFormWithoutItsTokenIsRefused(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)

	for _, path := range []string{
		"/deliveries/" + theDelivery + "/retry",
		"/deliveries/" + theDelivery + "/resolve",
		"/deliveries/" + theDelivery + "/look-up",
		"/deliveries/" + theDelivery + "/cancel",
		"/actions/" + theAction + "/approve",
		"/actions/" + theAction + "/tool-calls",
		"/actions/" + theAction + "/resume",
		"/actions/" + theAction + "/change",
		"/actions/" + theAction + "/cancel",
		"/decisions/person",
		"/decisions/opt-out",
		"/decisions/tool_decision",
		"/decisions/approval",
		"/decisions/contributor",
		"/decisions/contributor/extend",
		"/decisions/contributor/cancel",
		"/decisions/inbound",
	} {
		answer := e.do(http.MethodPost, path, url.Values{"csrf": {"00"}, "delivery": {theDelivery}})
		assert.Equal(t, http.StatusForbidden, answer.Code, path)
	}
}

func TestADeliveryIsShownToWhoMayNotSeeItsActionAndChat(t *testing.T) {
	t.Parallel()

	e := newEnv(t, repliesOf(deliveryOf(``, ``)))
	e.scopes = []string{"deliveries:read"}
	e.replies["GET /actions/"+theAction] = refuse(http.StatusForbidden, "forbidden", "this needs the scope chats:admin")

	page := e.get("/deliveries/" + theDelivery)
	assert.Contains(t, page, "Attempt 1: unknown, HTTP 502.")
	assert.Contains(t, page, "Member 5</a>")
	assert.NotContains(t, page, "A table for four")
	assert.Zero(t, e.count("GET /chats/12"))
}

func TestAMailIsShownAsItWasSent(t *testing.T) {
	t.Parallel()

	e := newEnv(t, repliesOf(strings.Replace(deliveryOf(``, ``), `"payload":{`,
		`"payload":{"subject":"Re: Table","html":"<p>Dear <b onclick='x'>Bea</b></p><script>alert(1)</script>",`, 1)))

	page := e.get("/deliveries/" + theDelivery)
	assert.Contains(t, page, `<h2 id="mail">The email</h2>`)
	assert.Contains(t, page, `sandbox srcdoc="`)
	assert.Contains(t, page, "Re: Table")
	assert.NotContains(t, strings.SplitN(page, "<summary>Its HTML", 2)[0], "onclick", "the frame has no scripts")
	assert.NotContains(t, newEnv(t, repliesOf(deliveryOf(``, ``))).get("/deliveries/"+theDelivery), "<iframe")
}

func TestASuppressionIsLiftedFromTheDeliveryThatItHolds(t *testing.T) {
	t.Parallel()

	suppressed := strings.Replace(deliveryOf(``, ``), `"status":"needs_review"`, `"status":"suppressed"`, 1)
	e := newEnv(t, repliesOf(suppressed))
	e.replies["GET /suppressions"] = listOf(
		`{"id":6,"address":"+15550199","channel":"phone-sms","reason":"manual","sender_address":"+15550100"}`,
		`{"id":7,"address":"+15550199","channel":"phone-sms","reason":"manual","sender_address":"+15550999"}`,
	)
	e.replies["DELETE /suppressions/6"] = reply{status: http.StatusNoContent}

	path := "/deliveries/" + theDelivery
	page := e.get(path)
	assert.Contains(t, page, "No SMS from +15550100 reaches +15550199")
	assert.NotContains(t, page, "+15550999", "it stops messages of another sender")

	query := e.sent("GET /suppressions").query
	assert.Equal(t, "+15550199", query.Get("address"))
	assert.Equal(t, "phone-sms", query.Get("channel"))

	e.post(path, path+"/suppressions/6/lift", url.Values{})
	assert.NotNil(t, e.sent("DELETE /suppressions/6"))

	e.scopes = readOnlyScopes
	assert.Contains(t, e.get(path), `/people/42#suppressions`, "a session that may not lift it is led to who may")
}
