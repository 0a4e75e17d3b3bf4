package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The messages of the chat of these tests.
const (
	firstMessage  = "0193a1b2-0000-7000-8000-000000000001"
	secondMessage = "0193a1b2-0000-7000-8000-000000000002"
	olderMessage  = "0193a1b2-0000-7000-8000-00000000000a"
	chatDelivery  = "0193a1b2-0000-7000-8000-0000000000d1"
	chatAction    = "0193a1b2-0000-7000-8000-0000000000ac"
	aVersion      = "0193a1b2-0000-7000-8000-0000000000fe"
)

// aChat is a chat as the API shows it, with more fields.
func aChat(fields string) string {
	return `{"id":5,"title":"Table for two","channel":"phone-sms","state":"open","member_id":42,"member_name":"Bo <b>",` +
		`"phone_number_id":3,"created_at":"2026-11-30T09:00:00Z","last_activity_at":"2026-11-30T09:30:00Z"` + fields + `}`
}

const (
	theirMessage = `{"id":1,"uuid":"` + firstMessage + `","role":"user","state":"received","member_id":42,
		"content":"<script>alert(1)</script> Is it free?","created_at":"2026-11-30T09:00:00Z",
		"original":"Is it free? > all that was quoted","written_by":7,
		"trust":{"level":"unverified","reason":"not_authenticated","explanation":"nothing shows that it is from its author"},
		"files":[{"name":"menu.pdf","size":10,"url":"javascript:alert(1)"}]}`
	ourMessage = `{"id":2,"uuid":"` + secondMessage + `","role":"assistant","state":"sent",
		"content":"Yes, it is.","created_at":"2026-11-30T09:01:00Z","delivery_id":"` + chatDelivery + `",
		"delivery":{"id":"` + chatDelivery + `","submission":"accepted","carrier":"undelivered","status":"undelivered",
			"duplicate":"none","explanation":"the carrier could not deliver it"},
		"earlier_texts":[{"content":"Yes, it si.","delivery_id":"` + chatDelivery + `","member_id":7,"changed_at":"2026-11-30T09:02:00Z"}],
		"tool_calls":[{"id":"call_1","type":"function","status":"succeeded",
			"function":{"name":"find_table","arguments":"{\"seats\":2}"},"result":{"table":9}}]}`
	theTools = `{"name":"book_table","description":"Books a table.","risk":"approval","kind":"http","schema":{"type":"object",
		"properties":{"seats":{"type":"integer"},"terrace":{"type":"boolean"},"wishes":{"type":"array"},
		"when":{"type":"string","enum":["noon","night"]}},"required":["seats"]}}`
)

// chatReplies are the answers that the page of a chat needs.
func chatReplies() map[string]reply {
	return map[string]reply{
		"GET /chats/5":              ok(aChat("")),
		"GET /chats/5/messages":     listOf(ourMessage, theirMessage),
		"GET /chats/5/participants": listOf(`{"id":9,"member_id":7,"member_name":"Ana","role":"owner"}`),
		"GET /chats/5/tools":        listOf(theTools),
		"GET /members":              listOf(theMember, `{"id":43,"name":"Priya Raman","kind":"person","email":"priya@a.example"}`),
		"GET /members/42":           ok(theMember),
		"GET /members/8":            refuse(http.StatusNotFound, "member_not_found", "there is none"),
		"GET /phone-numbers":        listOf(`{"id":3,"name":"Support","number":"+15550100"}`, `{"id":4,"number":"+15550101"}`),
		"GET /suppressions":         listOf(),
		"GET /health":               ok(healthOf("ready")),
		"GET /chat-labels":          listOf(`{"id":1,"name":"vip"}`, `{"id":2,"name":"late"}`),
	}
}

func TestTheListOfChatsKeepsItsFiltersInTheAddress(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats"] = ok(`{"items":[` + aChat(`,"needs_response":true,"needs_response_reason":"possible_opt_out",
		"labels":[{"id":1,"name":"vip"}]`) + `],"next_cursor":"c2"}`)

	page := e.get("/chats?needs=any&state=open&label=vip")

	query := e.sent("GET /chats").query
	assert.Equal(t, "true", query.Get("needs_response"))
	assert.Equal(t, "open", query.Get("state"))
	assert.Equal(t, "vip", query.Get("label"))

	assert.Contains(t, page, `/chats/5"`)
	assert.Contains(t, page, "possible opt out")
	assert.Contains(t, page, "Bo &lt;b&gt;")
	assert.Contains(t, page, "cursor=c2&amp;label=vip&amp;needs=any&amp;state=open")
	assert.Contains(t, page, `<option value="open" selected>`)
}

// TestTheListOfChatsTellsWhyTheyNeedSomebody: a customer who waits, or another reason.
func TestTheListOfChatsTellsWhyTheyNeedSomebody(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats"] = listOf()

	for value, want := range map[string][2]string{
		"response":  {"response", ""},
		"attention": {"attention", ""},
		"nothing":   {"", "false"},
		"":          {"", ""},
	} {
		page := e.get("/chats?needs=" + value)
		query := e.sent("GET /chats").query
		assert.Equal(t, want, [2]string{query.Get("needs"), query.Get("needs_response")}, value)
		assert.Contains(t, page, `<option value="`+value+`" selected>`)
	}
}

func TestTheListOfChatsSaysWhatWouldBeThere(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats"] = listOf()

	assert.Contains(t, e.get("/chats"), "Chats that match the filters would be here")
}

func TestAChatShowsWhatWasSentAndWhatBecameOfIt(t *testing.T) {
	e := newEnv(t, chatReplies())
	page := e.get("/chats/5")

	for _, want := range []string{
		"&lt;script&gt;alert(1)&lt;/script&gt; Is it free?",
		"unverified mail",
		"Nothing shows that it is from its author.",
		", entered by Ana",
		"menu.pdf",
		"all that was quoted",
		`/deliveries/` + chatDelivery,
		"Handed over:",
		`tone-good">accepted`,
		`tone-bad">undelivered`,
		"The carrier could not deliver it.",
		"Yes, it si.",
		", when Ana changed it",
		"find_table",
		"&#34;seats&#34;: 2",
		"&#34;table&#34;: 9",
	} {
		assert.Contains(t, page, want)
	}

	assert.NotContains(t, page, "<script>alert(1)")
	assert.NotContains(t, page, "javascript:")
	assert.Equal(t, []string{"member", "delivery"}, splitComma(e.sent("GET /chats/5/messages").query["expand"]))
}

func TestAChatShowsTheNewestMessagesAndLeadsToOlderOnes(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5/messages"] = ok(`{"items":[` + ourMessage + `,` + theirMessage + `],"next_cursor":"older"}`)

	page := e.get("/chats/5")
	assert.Contains(t, page, `/chats/5?cursor=older"`)
	assert.Less(t, indexOf(page, "Is it free?"), indexOf(page, "Yes, it is."), "the newest is at the bottom")
	assert.Contains(t, page, `name="seen" value="`+secondMessage+`"`)

	page = e.get("/chats/5?cursor=older")
	assert.Equal(t, "older", e.sent("GET /chats/5/messages").query.Get("cursor"))
	assert.NotContains(t, page, `id="compose"`, "one writes below the newest message only")
	assert.Contains(t, page, "The newest messages")
}

func TestAPointOfTheSummaryLeadsToItsMessages(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(`,"summary":"They want a table.","stale_by":4,"key_points":[{"text":"Two people",
		"messages":["` + firstMessage + `","` + olderMessage + `"]}]`))

	page := e.get("/chats/5")
	assert.Contains(t, page, `href="#m-`+firstMessage+`"`)
	assert.Contains(t, page, `/chats/5?message=`+olderMessage+`#m-`+olderMessage)
	assert.Contains(t, page, "Newer messages: 4.")
}

func TestAMessageIsFoundOnThePageThatHasIt(t *testing.T) {
	e := newEnv(t, chatReplies())
	delete(e.replies, "GET /chats/5/messages")
	e.pagesOf = func(cursor string) reply {
		if cursor == "" {
			return ok(`{"items":[` + ourMessage + `],"next_cursor":"older"}`)
		}

		return listOf(`{"id":1,"uuid":"` + olderMessage + `","role":"user","state":"received","content":"Long ago"}`)
	}

	page := e.get("/chats/5?message=" + olderMessage)
	assert.Contains(t, page, "Long ago")
	assert.NotContains(t, page, "Yes, it is.")
}

func TestWhoMayOnlyReadAChatIsOfferedNothing(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.scopes = readOnlyScopes
	e.replies["GET /chats/5"] = ok(aChat(`,"taken_over_by":8,"suggested_labels":[{"id":2,"name":"late","confidence":0.4}]`))

	page := e.get("/chats/5")
	assert.Contains(t, page, `/people/8">member 8</a> has taken this chat over`)
	assert.Contains(t, page, "Suggested")

	for _, button := range []string{"Take over", "Release", "Preview", "Summarize now", "Remove Ana", "Set late", "/chats/5/title"} {
		assert.NotContains(t, page, button)
	}

	assert.Zero(t, e.count("GET /chats/5/tools"), "an assistant's tools are of no use to who may not send")
}

func TestCommandsOfAChatCallTheAPI(t *testing.T) {
	updated := ok(aChat(""))
	added := ok(`{"success":true,"message":"added","participant_id":10}`)

	for _, c := range []struct {
		form   string
		fields url.Values
		call   string
		reply  reply
		body   string
		keyed  bool
	}{
		{
			form:   "/title",
			fields: url.Values{"title": {" Dinner "}},
			call:   "PATCH /chats/5",
			reply:  updated,
			body:   `{"title":"Dinner"}`,
		},
		{
			form:   "/state",
			fields: url.Values{"state": {"closed"}},
			call:   "PATCH /chats/5",
			reply:  updated,
			body:   `{"state":"closed"}`,
		},
		{
			form:   "/needs-response",
			fields: url.Values{"needed": {"false"}},
			call:   "PATCH /chats/5",
			reply:  updated,
			body:   `{"needs_response":false}`,
		},
		{
			form:   "/sender",
			fields: url.Values{"sender": {"4"}},
			call:   "PATCH /chats/5",
			reply:  updated,
			body:   `{"phone_number_id":4}`,
		},
		{form: "/takeover", call: "POST /chats/5/takeover", reply: updated, keyed: true},
		{form: "/release", call: "POST /chats/5/release", reply: updated, keyed: true},
		{
			form:   "/participants",
			fields: url.Values{"member_id": {"Bo (42)"}, "role": {"observer"}},
			call:   "POST /chats/5/participants",
			reply:  added,
			body:   `{"member_id":42,"role":"observer"}`,
			keyed:  true,
		},
		{
			form:   "/participants/9/role",
			fields: url.Values{"role": {"operator"}},
			call:   "PATCH /chats/5/participants/9",
			reply:  ok(`{"id":9}`),
			body:   `{"role":"operator"}`,
		},
		{
			form:  "/participants/9/remove",
			call:  "DELETE /chats/5/participants/9",
			reply: reply{http.StatusNoContent, ""},
		},
		{form: "/summarize", call: "POST /chats/5/summarize", reply: updated, keyed: true},
	} {
		t.Run(c.form, func(t *testing.T) {
			e := newEnv(t, chatReplies())
			e.replies[c.call] = c.reply

			e.requireRedirect(e.post("/chats/5", "/chats/5"+c.form, c.fields), "/chats/5")

			sent := e.sent(c.call)
			if c.body != "" {
				assert.JSONEq(t, c.body, sent.body)
			}

			if c.keyed {
				assert.Equal(t, "once-1", sent.key)
			}
		})
	}
}

func TestAFormOfAChatWithoutItsTokenIsRefused(t *testing.T) {
	e := newEnv(t, chatReplies())

	for _, form := range []string{"/title", "/send", "/preview", "/draft", "/takeover"} {
		answer := e.do(http.MethodPost, "/chats/5"+form, url.Values{"title": {"x"}, "message": {"x"}})
		assert.Equal(t, http.StatusForbidden, answer.Code, form)
	}

	assert.Zero(t, e.count("PATCH /chats/5"))
	assert.Zero(t, e.count("POST /chats/5/send-assistant-message"))
}

func TestLabelsThatSomebodyElseHasChangedMeanwhileStay(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(`,"labels":[{"id":1,"name":"vip"},{"id":3,"name":"new"}]`))
	e.replies["PATCH /chats/5"] = ok(aChat(""))

	// The form was made when the chat had 1 and 4. Its author takes 1 off and sets 2; others have set 3 and taken 4 off.
	e.requireRedirect(e.post("/chats/5", "/chats/5/labels", url.Values{
		"had":   {"1", "4"},
		"label": {"2", "4"},
	}), "/chats/5")

	assert.JSONEq(t, `{"label_ids":[3,2]}`, e.sent("PATCH /chats/5").body)
}

func TestTheLastLabelCanBeTakenOff(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(`,"labels":[{"id":1,"name":"vip"}]`))
	e.replies["PATCH /chats/5"] = ok(aChat(""))

	e.requireRedirect(e.post("/chats/5", "/chats/5/labels", url.Values{"had": {"1"}}), "/chats/5")
	assert.JSONEq(t, `{"label_ids":[]}`, e.sent("PATCH /chats/5").body)
}

func TestASuggestedLabelShowsItsEvidenceAndCanBeSet(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(`,"labels":[{"id":1,"name":"vip","source":"person"},{"id":3,"name":"new","source":"model"}],
		"suggested_labels":[{"id":2,"name":"late","confidence":0.42,
		"evidence":[{"message":"` + firstMessage + `","text":"Is it free?"}]}]`))
	e.replies["PATCH /chats/5"] = ok(aChat(""))

	page := e.get("/chats/5")
	assert.Contains(t, page, "sure to 42 %")
	assert.Contains(t, page, `“<a href="#m-`+firstMessage+`">Is it free?</a>”`)
	assert.Contains(t, page, "Set late")
	assert.Contains(t, page, `/chats/5/summaries#label-3"`, "a model's label leads to what speaks for it")
	assert.NotContains(t, page, "#label-1", "a person needs none")

	e.requireRedirect(e.post("/chats/5", "/chats/5/labels", url.Values{"label": {"2"}}), "/chats/5")
	assert.JSONEq(t, `{"label_ids":[1,3,2]}`, e.sent("PATCH /chats/5").body)
}

func TestARefusedTitleIsShownAgainInItsForm(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["PATCH /chats/5"] = refuse(http.StatusBadRequest, "invalid_request", "title must have at most 200 characters")

	answer := e.post("/chats/5", "/chats/5/title", url.Values{"title": {"A very long title"}})
	require.Equal(t, http.StatusBadRequest, answer.Code)

	page := answer.Body.String()
	assert.Contains(t, page, "Title must have at most 200 characters.")
	assert.Contains(t, page, `value="A very long title"`)
	assert.Contains(t, page, `<details class="command" open>`)
	assert.Contains(t, page, `hx-get="/console/w/`+theWorkspace+`/chats/5"`, "it is fetched anew where it stands")
}

func TestSummaryVersionsCanBeRestoredAndTheirLabelsUndone(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(`,"labels":[{"id":1,"name":"vip","source":"model"}]`))
	e.replies["GET /chats/5/summaries"] = listOf(
		`{"id":"`+aVersion+`","kind":"model","state":"succeeded","title":"Old","summary":"It was so.","labels_added":[1],
		"key_points":[{"text":"Two people","messages":["`+firstMessage+`"]}],
		"labels":[{"name":"vip","confidence":0.9,"outcome":"set","evidence":[{"message":"`+firstMessage+`","text":"free"}]}]}`,
		`{"id":"0193a1b2-0000-7000-8000-0000000000ff","kind":"person","state":"succeeded","title":"New","current":true}`,
	)
	e.replies["POST /chats/5/summaries/"+aVersion+"/restore"] = ok(aChat(""))
	e.replies["POST /chats/5/summaries/"+aVersion+"/undo-labels"] = ok(aChat(""))

	page := e.get("/chats/5/summaries")
	assert.Contains(t, page, "It was so.")
	assert.Contains(t, page, `/chats/5?message=`+firstMessage+`#m-`+firstMessage)
	assert.Contains(t, page, "/summaries/"+aVersion+"/restore")
	assert.Contains(t, page, "/summaries/"+aVersion+"/undo-labels")
	assert.NotContains(t, page, "0000000000ff/restore", "the chat shows it")
	assert.Equal(t, 1, strings.Count(page, `<li id="label-1">`), "the evidence of a label that the chat has")

	for _, form := range []string{"restore", "undo-labels"} {
		path := "/chats/5/summaries/" + aVersion + "/" + form
		e.requireRedirect(e.post("/chats/5/summaries", path, nil), "/chats/5/summaries")
		assert.Equal(t, "once-1", e.sent("POST "+path).key)
	}

	e.scopes = readOnlyScopes
	assert.NotContains(t, e.get("/chats/5/summaries"), "/restore")
}

func TestARefusedParticipantKeepsItsRole(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["POST /chats/5/participants"] = refuse(http.StatusBadRequest, "participant_exists", "Bo takes part already")

	answer := e.post("/chats/5", "/chats/5/participants", url.Values{"member_id": {"42"}, "role": {"observer"}})
	require.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), `name="member_id" value="42"`)
	assert.Contains(t, answer.Body.String(), `<option value="observer" selected>`)
	assert.Contains(t, answer.Body.String(), `<option value="owner" selected>`, "Ana stays what she is")
}

// TestLongMailsMakeNoHugePage has a stranger write fifty mails of the length that is stored, of quotes, which take five
// bytes each on a page. The page is fetched again with every event of the workspace.
func TestLongMailsMakeNoHugePage(t *testing.T) {
	t.Parallel()

	mail := `{"id":1,"uuid":"` + firstMessage + `","role":"user","state":"received","member_id":42,"content":"` +
		strings.Repeat(`\"`, 100_000) + `","created_at":"2026-11-30T09:00:00Z"}`
	mails := make([]string, 50)

	for i := range mails {
		mails[i] = mail
	}

	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5/messages"] = listOf(mails...)

	assert.Less(t, len(e.get("/chats/5")), 2<<20)
}

// explained is what the API says of a message that a member has decided about.
const explained = "member 8 said that it was not sent, at 2026-11-30T08:59:00Z; see delivery " + chatDelivery

func TestSentencesOfAChatAndAMemberNameWhomTheyAreAbout(t *testing.T) {
	t.Parallel()

	replies := chatReplies()
	replies["GET /members/8"] = ok(`{"id":8,"name":"Kim <b>"}`)
	replies["GET /chats/5/messages"] = listOf(strings.Replace(ourMessage, "the carrier could not deliver it", explained, 1))

	person := personReplies()
	person["GET /members/8"] = replies["GET /members/8"]
	person["GET /deliveries"] = listOf(strings.Replace(aWaitingDelivery, "an older message to them is sent first", explained, 1))

	for page, e := range map[string]*env{"/chats/5": newEnv(t, replies), "/people/42": newEnv(t, person)} {
		shown := e.get(page)
		assert.Contains(t, shown, `/people/8">Kim &lt;b&gt; (member 8)</a> said that it was not sent, at <time `, page)
		assert.Contains(t, shown, `">delivery `+chatDelivery+`</a>`, page)
		assert.NotContains(t, shown, ", at 2026-11-30T08:59:00Z", page)
		assert.Equal(t, 1, e.count("GET /members/8"), page)
	}
}

func TestAMailOfAChatLeadsToWhatWasSent(t *testing.T) {
	t.Parallel()

	e := newEnv(t, chatReplies())
	link := `/deliveries/` + chatDelivery + `#mail">The email as it was sent</a>`
	assert.NotContains(t, e.get("/chats/5"), link, "an SMS is its text")

	e.replies["GET /chats/5/messages"] = listOf(strings.Replace(ourMessage, `"submission":`, `"channel":"email","submission":`, 1))
	assert.Contains(t, e.get("/chats/5"), link)

	e.replies["GET /chats/5/messages"] = listOf(strings.Replace(ourMessage, `"submission":"accepted"`,
		`"channel":"email","submission":"pending"`, 1))
	assert.Contains(t, e.get("/chats/5"), `#mail">The email as the provider is to get it</a>`)
}

// TestAChatShowsAnSMSAsItWasSent where that is not as it was written.
func TestAChatShowsAnSMSAsItWasSent(t *testing.T) {
	t.Parallel()

	e := newEnv(t, chatReplies())
	assert.NotContains(t, e.get("/chats/5"), "as it was written", "both are the same")

	e.replies["GET /chats/5/messages"] = listOf(strings.Replace(ourMessage, `"content":"Yes, it is."`,
		`"content":"Yes, **it** is.","sent_text":"Yes, it is."`, 1))

	page := e.get("/chats/5")
	sent := strings.Index(page, `<p class="text">Yes, it is.</p>`)
	written := strings.Index(page, `<p class="text">Yes, **it** is.</p>`)

	assert.Positive(t, sent)
	assert.Less(t, sent, strings.Index(page, "The text as it was written"))
	assert.Less(t, sent, written)
}

func TestTextsOfAChatShowTheirHiddenCharacters(t *testing.T) {
	t.Parallel()

	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(`,"title":"Pay \u202e05.1"`))
	e.replies["GET /chats/5/messages"] = listOf(strings.Replace(theirMessage, "Is it free?", `Is it\u200b fr\u202e\u0007ee?`, 1))

	page := e.get("/chats/5")
	assert.Contains(t, page, "<h1>Pay ⟨U+202E⟩05.1</h1>")
	assert.Contains(t, page, "<title>Pay ⟨U+202E⟩05.1")
	assert.Contains(t, page, "Is it⟨U+200B⟩ fr⟨U+202E⟩⟨U+0007⟩ee?")
	assert.Contains(t, page, "value=\"Pay \u202e05.1\"", "a field has what is sent back")
}
