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
	theMember = `{"id":42,"name":"Bo","phone":"+15550142","email":"bo@a.example","external_id":"crm-1","kind":"person","role":"user",
		"consent":{"phone-sms":"revoked","email":"granted"},"created_at":"2026-11-30T09:00:00Z"}`
	anInbound        = "0193a1b2-0000-7000-8000-00000000001b"
	aWaitingDelivery = `{"id":"` + chatDelivery + `","status":"pending","channel":"phone-sms","to":"+15550142","chat_id":5,
		"explanation":"an older message to them is sent first"}`
)

// personReplies are the answers that the page of a member needs.
func personReplies() map[string]reply {
	return map[string]reply{
		"GET /members/42": ok(theMember),
		"GET /members/43": ok(`{"id":43,"name":"BO","kind":"person","email":"bo@c.example"}`),
		"GET /chats/5/messages": listOf(
			`{"id":3,"uuid":"`+secondMessage+`","role":"assistant","state":"sent","content":"Yes, <i>it is</i>.","created_at":"2026-11-30T09:02:00Z",
				"delivery":{"id":"`+chatDelivery+`","status":"delivered","channel":"phone-sms","to":"+15550142","explanation":"it has arrived"}}`,
			`{"id":2,"uuid":"`+olderMessage+`","role":"assistant","state":"sent","content":"Asked of Priya","ask_id":"a1"}`,
			`{"id":1,"uuid":"`+firstMessage+`","role":"user","member_id":42,"state":"received","content":"Is it free?","created_at":"2026-11-30T09:01:00Z"}`,
		),
		"GET /members":       listOf(theMember, `{"id":43,"name":"BO","kind":"person"}`, `{"id":44,"name":"Bob","kind":"person"}`),
		"GET /phone-numbers": listOf(),
		"GET /health":        ok(healthOf("ready")),
		"GET /suppressions": listOf(`{"id":6,"address":"+15550142","channel":"phone-sms","reason":"opt_out",
			"sender_address":"+15550100","created_at":"2026-11-30T09:10:00Z"}`),
		"GET /deliveries": listOf(aWaitingDelivery),
		"GET /chats":      listOf(aChat(`,"needs_response":true,"needs_response_reason":"possible_opt_out"`)),
		"GET /contributor-requests": listOf(
			`{"id":"q1","question":"Is the terrace open?","chat_id":5,"asks":[{"member_id":42}],"deadline":"2026-12-01T09:00:00Z"}`,
			`{"id":"q2","question":"Not for Bo","chat_id":5,"asks":[{"member_id":43}]}`,
		),
	}
}

func TestPeopleAreSearchedWithoutAnAddressInTheAddress(t *testing.T) {
	for by, c := range map[string]struct{ field, text, want string }{
		"name":        {"q", " Bo ", "Bo"},
		"phone":       {"phone", "1 (415) 555-0101", "+14155550101"},
		"email":       {"email", "bo@a.example", "bo@a.example"},
		"external_id": {"external_id", "crm-1", "crm-1"},
	} {
		e := newEnv(t, personReplies())
		e.replies["GET /members"] = ok(`{"items":[` + theMember + `],"next_cursor":"m2"}`)

		path := e.find("/people", url.Values{"q": {c.text}, "by": {by}})
		page := e.get(path)
		assert.Equal(t, c.want, e.sent("GET /members").query.Get(c.field))

		assert.Equal(t, by == "name" || by == "external_id", strings.Contains(path, strings.TrimSpace(c.text)), path)
		assert.Contains(t, page, "/people/42")
		assert.Contains(t, page, "no SMS")
		assert.Contains(t, page, "cursor=m2")
	}
}

func TestASearchThatIsRefusedKeepsItsText(t *testing.T) {
	e := newEnv(t, personReplies())
	path := e.find("/people", url.Values{"q": {"<12"}, "by": {"phone"}})
	e.replies["GET /members"] = refuse(http.StatusBadRequest, "invalid_request", "phone must be a number that exists")

	page := e.get(path)
	assert.Contains(t, page, "Phone must be a number that exists.")
	assert.Contains(t, page, `value="&lt;12"`)
}

func TestAllPeopleAreListedByPages(t *testing.T) {
	e := newEnv(t, personReplies())
	e.replies["GET /members"] = ok(`{"items":[` + theMember + `],"next_cursor":"m2"}`)

	assert.Contains(t, e.get("/people?cursor=m1"), "/people?cursor=m2")
	assert.Equal(t, "m1", e.sent("GET /members").query.Get("cursor"))
}

func TestAPersonShowsWhatMayBeSentAndWhatWas(t *testing.T) {
	e := newEnv(t, personReplies())
	page := e.get("/people/42")

	for _, want := range []string{
		`tone-bad">revoked`,
		"No SMS from +15550100 since",
		"The recipient has answered STOP or a similar word. START ends it.",
		"Whoever has the scope <code>deliveries:admin</code> may lift",
		"An older message to them is sent first.",
		"/deliveries/" + chatDelivery,
		"/chats/5",
		"Is the terrace open?",
		`/people/43"`,
		"<small>since opt out: nothing is sent from +15550100",
		"From them",
		"Is it free?",
		"Yes, &lt;i&gt;it is&lt;/i&gt;.",
		"It has arrived.",
		"30 Nov 2026, 09:02:00 UTC",
		"/chats/5?message=" + firstMessage + "#m-" + firstMessage,
	} {
		assert.Contains(t, page, want)
	}

	assert.NotContains(t, page, "Not for Bo")
	assert.NotContains(t, page, "Asked of Priya", "a question to a contributor is not to them")
	assert.NotContains(t, page, `/people/44"`, "Bob has another name")
	assert.Equal(t, 2, e.count("GET /suppressions"), "of the number and of the mail")
	assert.Equal(t, "42", e.sent("GET /deliveries").query.Get("member_id"))
}

func TestWhoMayOnlyReadAPersonIsOfferedNothing(t *testing.T) {
	e := newEnv(t, personReplies())
	e.scopes = readOnlyScopes
	page := e.get("/people/42")

	for _, form := range []string{"/opt-out", "/not-opt-out", "/edit", "/merge", "/lift", "/write"} {
		assert.NotContains(t, page, "/people/42"+form)
	}

	assert.Contains(t, page, "may not read suppressions")
	assert.Zero(t, e.count("GET /suppressions"))
}

func TestCommandsOfAPersonCallTheAPI(t *testing.T) {
	decided := ok(`{"success":true,"deliveries":1,"member":` + theMember + `}`)

	for _, c := range []struct {
		form   string
		fields url.Values
		call   string
		reply  reply
		body   string
		keyed  bool
		next   string
		// query is the reason in it.
		query string
	}{
		{
			form:   "/opt-out",
			fields: url.Values{"channel": {"email"}, "reason": {"asked"}},
			call:   "POST /members/42/opt-out",
			reply:  decided,
			body:   `{"channel":"email","reason":"asked"}`,
			keyed:  true,
		},
		{
			form:   "/not-opt-out",
			fields: url.Values{"channel": {"phone-sms"}},
			call:   "POST /members/42/not-opt-out",
			reply:  decided,
			body:   `{"channel":"phone-sms"}`,
			keyed:  true,
		},
		{
			form:   "/merge",
			fields: url.Values{"into": {"43"}, "reason": {" the same person "}},
			call:   "POST /members/42/merge",
			reply:  ok(theMember),
			body:   `{"into":43,"reason":"the same person"}`,
			keyed:  true,
			next:   "/people/43",
		},
		{
			form: "/edit",
			fields: url.Values{
				"name_before": {"Bo"}, "name": {"Bo"},
				"phone_before": {"+15550142"}, "phone": {""},
				"email_before": {"bo@a.example"}, "email": {"bo@b.example"},
			},
			call:  "PATCH /members/42",
			reply: ok(theMember),
			body:  `{"phone":"","email":"bo@b.example"}`,
		},
		{
			form:   "/write",
			fields: url.Values{"channel": {"email"}, "message": {"Hello"}, "title": {" Hi "}},
			call:   "POST /messages",
			reply:  reply{http.StatusAccepted, `{"action_id":"` + chatAction + `","chat_id":9}`},
			body:   `{"to":{"member_id":42},"channel":"email","message":"Hello","title":"Hi"}`,
			keyed:  true,
			next:   "/chats/9?action=" + chatAction + "#sent",
		},
		{
			form:   "/suppressions/6/lift",
			fields: url.Values{"reason": {"she asks"}},
			call:   "DELETE /suppressions/6",
			reply:  reply{http.StatusNoContent, ""},
			query:  "she asks",
		},
	} {
		t.Run(c.form, func(t *testing.T) {
			e := newEnv(t, personReplies())
			e.replies[c.call] = c.reply

			next := c.next
			if next == "" {
				next = "/people/42"
			}

			e.requireRedirect(e.post("/people/42", "/people/42"+c.form, c.fields), next)

			sent := e.sent(c.call)
			if c.body != "" {
				assert.JSONEq(t, c.body, sent.body)
			}

			assert.Equal(t, c.query, sent.query.Get("reason"))

			if c.keyed {
				assert.Equal(t, "once-1", sent.key)
			}

			answer := e.do(http.MethodPost, "/people/42"+c.form, c.fields)
			assert.Equal(t, http.StatusForbidden, answer.Code, "without the token")
			assert.Equal(t, 1, e.count(c.call))
		})
	}
}

func TestARefusedAddressIsShownAgainInItsForm(t *testing.T) {
	e := newEnv(t, personReplies())
	e.replies["PATCH /members/42"] = refuse(http.StatusConflict, "address_taken", "member 43 has this phone number")
	e.replies["GET /members/43"] = ok(`{"id":43,"name":"Bo Two"}`)

	answer := e.post("/people/42", "/people/42/edit", url.Values{"phone": {"+1555999"}, "phone_before": {"+15550142"}, "name": {""}})
	require.Equal(t, http.StatusConflict, answer.Code)

	page := answer.Body.String()
	assert.Contains(t, page, "Bo Two (member 43)</a> has this phone number.")
	assert.Contains(t, page, `name="phone" value="+1555999"`)
	assert.Contains(t, page, `name="phone_before" value="+15550142"`)
	assert.Contains(t, page, `name="name" value=""`, "what was emptied stays empty")
}

func TestARefusedDecisionKeepsItsReason(t *testing.T) {
	e := newEnv(t, personReplies())
	e.replies["POST /members/42/opt-out"] = refuse(http.StatusNotFound, "member_not_found", "the member was merged")

	answer := e.post("/people/42", "/people/42/opt-out", url.Values{"channel": {"email"}, "reason": {"on the phone"}})
	require.Equal(t, http.StatusNotFound, answer.Code)
	assert.Contains(t, answer.Body.String(), `value="on the phone"`)
	assert.Contains(t, answer.Body.String(), `<option value="email" selected>`)
}

func TestWhatCameInIsListedAndReplayed(t *testing.T) {
	orphan := `{"id":"` + anInbound + `","status":"orphaned","channel":"email","provider":"sendgrid","from":"bo@a.example",
		"from_name":"Bo <i>","subject":"Hi","to":["us@b.example"],"explanation":"no workspace has this inbox",
		"trust":{"level":"unverified","reason":"not_authenticated","explanation":"nothing shows it"},"received_at":"2026-11-30T09:00:00Z"}`
	taken := `{"id":"` + anInbound + `","status":"taken","channel":"phone-sms","from":"+15550142","chat_id":5,"message_id":"` +
		firstMessage + `","explanation":"it is in a chat"}`

	e := newEnv(t, map[string]reply{
		"GET /inbound":                           ok(`{"items":[` + orphan + `,` + taken + `],"next_cursor":"i2"}`),
		"GET /inbound/" + anInbound:              ok(orphan),
		"POST /inbound/" + anInbound + "/replay": ok(taken),
		"GET /chats/5/messages":                  listOf(`{"uuid":"` + firstMessage + `","role":"user","content":"Is <b>it</b> free?"}`),
	})

	page := e.get("/inbound?status=orphaned")
	assert.Equal(t, "orphaned", e.sent("GET /inbound").query.Get("status"))
	assert.Contains(t, page, "unverified mail")
	assert.Contains(t, page, "Bo &lt;i&gt; (bo@a.example)")
	assert.Contains(t, page, "/chats/5?message="+firstMessage+"#m-"+firstMessage)
	assert.Contains(t, page, "cursor=i2&amp;status=orphaned")
	assert.Contains(t, page, "Is &lt;b&gt;it&lt;/b&gt; free?")

	path := "/inbound/" + anInbound
	assert.Contains(t, e.get(path), "No workspace has this inbox.")

	e.requireRedirect(e.post(path, path+"/replay", nil), path)
	assert.Equal(t, "once-1", e.sent("POST "+path+"/replay").key)

	e.replies["GET "+path] = ok(taken)
	assert.NotContains(t, e.get(path), "/replay", "it is in a chat")
	assert.Contains(t, e.get(path), "Is &lt;b&gt;it&lt;/b&gt; free?")

	e.scopes = readOnlyScopes
	e.replies["GET "+path] = ok(orphan)
	assert.NotContains(t, e.get(path), "/replay")
}

func TestWhoHasOptedOutIsNotAskedAboutAnyMore(t *testing.T) {
	e := newEnv(t, personReplies())
	assert.NotContains(t, e.get("/people/42"), "They may have opted out", "the consent to SMS is revoked")

	e.replies["GET /members/42"] = ok(`{"id":42,"name":"Bo","kind":"person","consent":{"phone-sms":"granted"}}`)
	assert.Contains(t, e.get("/people/42"), "They may have opted out")
}

func TestBothAreShownBeforeAMerge(t *testing.T) {
	e := newEnv(t, personReplies())
	assert.Contains(t, e.get("/people/42"), `<option value="BO (43)">`)

	page := e.get("/people/42/merge?into=BO+%2843%29")
	assert.Contains(t, page, "Merge Bo into BO")
	assert.Contains(t, page, "bo@c.example")
	assert.Contains(t, page, `name="into" value="43"`)

	page = e.get("/people/42/merge?into=nobody")
	assert.Contains(t, page, "Nobody has the name “nobody”")
	assert.Zero(t, e.count("POST /members/42/merge"))
}

func TestAMessageThatIsRefusedKeepsItsText(t *testing.T) {
	e := newEnv(t, personReplies())
	e.replies["POST /messages"] = refuse(http.StatusBadRequest, "default_missing", "the workspace has no default assistant")

	answer := e.post("/people/42", "/people/42/write", url.Values{"channel": {"email"}, "message": {"Hello"}})
	require.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "The workspace has no default assistant.")
	assert.Contains(t, answer.Body.String(), ">Hello</textarea>")
}

func TestAMessageWithoutAnAnswerCanBeRepeatedOnce(t *testing.T) {
	e := newEnv(t, personReplies())
	e.replies["POST /messages"] = reply{http.StatusBadGateway, "<html>"}

	answer := e.post("/people/42", "/people/42/write", url.Values{"channel": {"email"}, "message": {"Hello"}})
	require.Equal(t, http.StatusBadGateway, answer.Code)
	assert.Contains(t, answer.Body.String(), "may be under way or not")
	assert.Contains(t, answer.Body.String(), `name="once" value="once-1"`, "the same key: nothing is sent twice")
}

// TestAPersonWithAnOddAddressIsShown: who writes from a short code has an address by which the API finds nobody.
func TestAPersonWithAnOddAddressIsShown(t *testing.T) {
	t.Parallel()

	e := newEnv(t, personReplies())
	e.replies["GET /suppressions"] = refuse(http.StatusBadRequest, "invalid_request",
		"query.address must be a number that exists, in the form +14155550123 (E.164)")

	assert.Equal(t, http.StatusOK, e.do(http.MethodGet, "/people/42", nil).Code)
}
