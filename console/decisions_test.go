package console_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// decisionReplies are the answers that the page of decisions is made of: one of each kind.
func decisionReplies() map[string]reply {
	replies := repliesOf(deliveryOf(`"resolve","retry"`, `"acknowledge_duplicate","reason"`))
	replies["GET /deliveries"] = listOf(
		strings.Replace(deliveryOf(``, ``), `"waiting_for"`, `"member":{"id":42,"name":"Bea <b>"},"waiting_for"`, 1),
	)
	replies["GET /chats"] = listOf(`{"id":13,"title":"Late <b>","channel":"phone-sms","member_id":43,"member_name":"Cy <i>",
		"last_activity_at":"2026-11-30T09:00:00Z"}`)
	replies["GET /actions"] = listOf(actionOf(``), actionOf(``))
	replies["GET /actions/"+theAction] = ok(actionOf(``))
	replies["GET /tool-calls"] = listOf(`{"action_id":"` + theAction + `","id":"call_1","name":"book_table","chat_id":12,
		"status":"unknown","attempts":3,"error":"timed out",
		"where":"POST https://desk.example.com/bookings","idempotency_key":"m1-0","updated_at":"2026-11-30T09:00:00Z"}`)
	replies["GET /approvals"] = listOf(
		`{"id":"p1","kind":"send","state":"waiting","action_id":"`+theAction+`","chat_id":12,"message":"Your <b>refund</b>",
			"deadline":"2026-12-01T09:00:00Z","requested_by":3,"deciders":[7]}`,
		`{"id":"p2","kind":"api_key","state":"waiting","deadline":"2026-12-01T09:00:00Z","requested_by":7,
			"deciders":[5]}`,
		`{"id":"p3","kind":"member_role","state":"waiting","deadline":"2026-12-01T09:00:00Z","requested_by":3,
			"deciders":[7],"void":true}`,
	)
	replies["GET /contributor-requests"] = listOf(`{"id":"r1","action_id":"` + theAction + `","chat_id":12,
		"question":"Is the terrace <open>?","expects":{"type":"boolean"},"deadline":"2026-12-01T09:00:00Z",
		"created_at":"2026-11-30T09:00:00Z","reminders":1,"asks":[
			{"member_id":8,"member_name":"Kim","state":"asked"},{"member_id":9,"member_name":"Lee","state":"failed"}]}`)
	replies["GET /inbound"] = listOf(`{"id":"i1","from":"bea@example.com","explanation":"It could not be read.",
		"received_at":"2026-11-30T09:00:00Z"}`)

	return replies
}

func TestDecisionsShowsWhatWaitsForAPerson(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())
	page := e.get("/decisions")

	for _, part := range []string{
		`id="possible_opt_out"`,
		`id="person"`,
		`id="tool_decision"`,
		`id="approval"`,
		`id="contributor"`,
		`id="inbound"`,
		"delivery-" + theDelivery,
		"&#34;guests&#34;: 4",
		"<code>POST https://desk.example.com/bookings</code>",
		"<code>m1-0</code>",
		"Your &lt;b&gt;refund",
		"You have asked for it: a second member decides.",
		"Is the terrace &lt;open&gt;?",
		`<option value="8">Kim`,
		`<option value="true">yes`,
		"It could not be read.",
	} {
		assert.Contains(t, page, part)
	}

	assert.NotContains(t, page, `<option value="9">`, "who cannot be reached cannot answer")
	assert.Equal(t, 1, strings.Count(page, `value="approve"`), "one may be decided, one is void")
	assert.Equal(t, 2, strings.Count(page, `value="refuse"`))
	assert.Equal(t, "asc", e.sent("GET /deliveries").query.Get("order"), "the oldest first")
	assert.NotContains(t, page, "those that are ticked", "there is one only")
	assert.Contains(t, page, "To Bea &lt;b&gt; (+15550199)")
	assert.Contains(t, page, "/chats/12\">Read its chat</a>")
	assert.Contains(t, page, "Your table is &lt;i&gt;booked", "the message that waits for the tool call")

	e.scopes = readOnlyScopes
	page = e.get("/decisions")
	assert.Contains(t, page, "delivery-"+theDelivery)
	assert.NotContains(t, page, `name="once"`, "a session that may only look")
	assert.NotContains(t, page, `id="approval"`, "which takes chats:admin to be seen")
}

// TestDecisionsListExactlyWhatWaitsForAPerson: the hundred oldest that are held up were read, and those of a person
// picked out; behind a hundred that wait for their sender a held one was nowhere.
func TestDecisionsListExactlyWhatWaitsForAPerson(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())
	assert.NotContains(t, e.get("/decisions"), "More wait than are shown")
	assert.Equal(t, 1, e.count("GET /deliveries"))
	assert.Equal(t, "person", e.sent("GET /deliveries").query.Get("waiting_for"))
	assert.Empty(t, e.sent("GET /deliveries").query.Get("status"))

	for _, list := range []string{"chats", "deliveries", "tool-calls", "contributor-requests", "inbound"} {
		e.replies["GET /"+list] = ok(strings.Replace(e.replies["GET /"+list].body, `"next_cursor":null`, `"next_cursor":"c"`, 1))
	}

	page := e.get("/decisions")
	assert.Equal(t, 5, strings.Count(page, "More wait than are shown"))

	for _, list := range []string{
		"/actions?order=asc&amp;waiting_for=person",
		"/actions?order=asc&amp;waiting_for=tool_decision",
		"/actions?order=asc&amp;waiting_for=contributor",
		"/inbound?status=refused",
		"/chats?needs=possible_opt_out",
	} {
		assert.Contains(t, page, list+`">All that wait`)
	}
}

// TestAnApprovalSaysWhyItIsNotOffered: everybody who may not decide was told that they had asked for it.
func TestAnApprovalSaysWhyItIsNotOffered(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())
	e.replies["GET /approvals"] = listOf(`{"id":"p4","kind":"send","state":"waiting","deadline":"2026-12-01T09:00:00Z",
		"requested_by":3,"deciders":[5]}`)

	page := e.get("/decisions")
	assert.Contains(t, page, "You are not among those who may decide about it.")
	assert.NotContains(t, page, "You have asked for it")
}

func TestNothingToDecideSaysWhatWouldBeThere(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)
	e.pagesOf = func(string) reply { return listOf() }
	assert.Contains(t, e.get("/decisions"), "that wait for a person would be here")
}

// decisionCase is a form of the page of decisions, and the call that it makes.
type decisionCase struct {
	path   string
	fields url.Values
	call   string
	body   string
}

func decisionCases() []decisionCase {
	const delivery = "POST /deliveries/" + theDelivery

	return []decisionCase{
		{
			path: "person",
			fields: url.Values{
				"delivery": {theDelivery},
				"do":       {"resolve"},
				"as":       {"sent"},
				"reason":   {"x"},
			},
			call: delivery + "/resolve",
			body: `{"as":"sent","reason":"x"}`,
		},
		{
			path:   "person",
			fields: url.Values{"delivery": {theDelivery}, "do": {"cancel"}, "reason": {"x"}},
			call:   delivery + "/cancel",
			body:   `{"reason":"x"}`,
		},
		{
			path: "person",
			fields: url.Values{
				"delivery":              {theDelivery},
				"do":                    {"retry"},
				"acknowledge_duplicate": {"true"},
				"reason":                {"x"},
			},
			call: delivery + "/retry",
			body: `{"acknowledge_duplicate":true,"reason":"x"}`,
		},
		{
			path: "tool_decision",
			fields: url.Values{
				"call":    {theAction + "/call_1"},
				"outcome": {"retry"},
				"reason":  {"x"},
			},
			call: "POST /actions/" + theAction + "/tool-calls/call_1/resolve",
			body: `{"outcome":"retry","reason":"x"}`,
		},
		{
			path:   "approval",
			fields: url.Values{"action": {theAction}, "decision": {"approve"}, "reason": {"x"}},
			call:   "POST /actions/" + theAction + "/approvals",
			body:   `{"decision":"approve","reason":"x"}`,
		},
		{
			path:   "approval",
			fields: url.Values{"approval": {"p3"}, "decision": {"refuse"}, "reason": {"x"}},
			call:   "POST /approvals/p3",
			body:   `{"decision":"refuse","reason":"x"}`,
		},
		{
			path: "contributor",
			fields: url.Values{
				"request": {"r1"},
				"member":  {"8"},
				"json":    {"true"},
				"answer":  {"false"},
			},
			call: "POST /contributor-requests/r1/answer",
			body: `{"member_id":8,"answer":false}`,
		},
		{
			path:   "contributor",
			fields: url.Values{"request": {"r1"}, "member": {"8"}, "answer": {"false"}},
			call:   "POST /contributor-requests/r1/answer",
			body:   `{"member_id":8,"answer":"false"}`,
		},
		{
			path:   "contributor/extend",
			fields: url.Values{"request": {"r1"}, "deadline": {"2026-12-02T10:00"}, "reason": {"she travels"}},
			call:   "POST /contributor-requests/r1/extend",
			body:   `{"deadline":"2026-12-02T10:00:00Z","reason":"she travels"}`,
		},
		{
			path:   "contributor/cancel",
			fields: url.Values{"request": {"r1"}, "reason": {"x"}},
			call:   "POST /contributor-requests/r1/cancel",
			body:   `{"reason":"x"}`,
		},
		{
			path:   "inbound",
			fields: url.Values{"inbound": {"i1"}},
			call:   "POST /inbound/i1/replay",
			body:   ``,
		},
	}
}

func TestDecisionsAreTakenInPlace(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())

	for _, c := range decisionCases() {
		e.replies[c.call] = ok(`{}`)
		part, _, _ := strings.Cut(c.path, "/")
		e.requireRedirect(e.post("/decisions", "/decisions/"+c.path, c.fields), "/decisions#"+part)

		sent := e.sent(c.call)
		assert.Equal(t, "once-1", sent.key, c.call)

		if c.body != "" {
			assert.JSONEq(t, c.body, sent.body)
		}
	}
}

func TestSeveralAreDecidedWithOneReason(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())
	both := url.Values{"delivery": {theDelivery, theRetry}, "as": {"not_sent"}, "reason": {"the log of Twilio"}}
	first, second := "POST /deliveries/"+theDelivery+"/resolve", "POST /deliveries/"+theRetry+"/resolve"

	e.replies[first] = ok(`{}`)
	e.replies[second] = ok(`{}`)
	e.requireRedirect(e.post("/decisions", "/decisions/person", both), "/failures?status=abandoned")

	for call, id := range map[string]string{first: theDelivery, second: theRetry} {
		assert.JSONEq(t, `{"as":"not_sent","reason":"the log of Twilio"}`, e.sent(call).body)
		assert.Equal(t, "once-1:"+id, e.sent(call).key, "each is done once")
	}

	e.replies[first] = refuse(http.StatusConflict, "conflict", "member 5 confirmed at 10:01 that it was sent")
	answer := e.post("/decisions", "/decisions/person", both)
	assert.Equal(t, http.StatusConflict, answer.Code)
	assert.Contains(t, answer.Body.String(), "1 of 2 were decided")
	assert.Contains(t, answer.Body.String(), "member 5 confirmed at 10:01")
	assert.Equal(t, 2, e.count(second), "the others are decided")

	answer = e.post("/decisions", "/decisions/person", url.Values{"as": {"sent"}, "reason": {"x"}})
	assert.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "tick those that you decide about")
}

func TestSeveralToolCallsAreDecidedWithOneReason(t *testing.T) {
	t.Parallel()

	const call = `{"action_id":"` + theAction + `","id":"%s","name":"book_table","chat_id":12,"status":"unknown",
		"updated_at":"2026-11-30T09:00:00Z"}`

	e := newEnv(t, decisionReplies())
	assert.NotContains(t, e.get("/decisions"), "several-calls", "there is one only")

	e.replies["GET /tool-calls"] = listOf(fmt.Sprintf(call, "call_1"), fmt.Sprintf(call, "call_2"))
	page := e.get("/decisions")
	assert.Contains(t, page, `name="call" value="`+theAction+`/call_2" form="several-calls"`)
	assert.Contains(t, page, `<form id="several-calls"`)

	path := "POST /actions/" + theAction + "/tool-calls/"
	e.replies[path+"call_1/resolve"] = ok(`{}`)
	e.replies[path+"call_2/resolve"] = refuse(http.StatusConflict, "conflict", "member 5 resolved it")

	answer := e.post("/decisions", "/decisions/tool_decision", url.Values{
		"call":    {theAction + "/call_1", theAction + "/call_2"},
		"outcome": {"failed"},
		"reason":  {"the desk has neither"},
	})
	assert.Equal(t, http.StatusConflict, answer.Code)
	assert.Contains(t, answer.Body.String(), "1 of 2 were decided")

	for _, id := range []string{"call_1", "call_2"} {
		sent := e.sent(path + id + "/resolve")
		assert.JSONEq(t, `{"outcome":"failed","reason":"the desk has neither"}`, sent.body)
		assert.Equal(t, "once-1:"+theAction+"/"+id, sent.key, "each is done once")
	}

	answer = e.post("/decisions", "/decisions/tool_decision", url.Values{"outcome": {"failed"}, "reason": {"x"}})
	assert.Equal(t, http.StatusBadRequest, answer.Code)
}

func TestAnAnswerMustBeWhatTheQuestionTakes(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())

	for _, fields := range []url.Values{
		{"request": {"r1"}, "member": {"8"}, "json": {"true"}, "answer": {"four"}},
		{"request": {"r1"}, "member": {"nobody"}, "answer": {"four"}},
	} {
		assert.Equal(t, http.StatusBadRequest, e.post("/decisions", "/decisions/contributor", fields).Code)
	}

	assert.Zero(t, e.count("POST /contributor-requests/r1/answer"))
}

// TestASecondAnswerIsKept: somebody has answered since the page was shown, and the refusal says who, when and what.
func TestASecondAnswerIsKept(t *testing.T) {
	t.Parallel()

	const answer = "POST /contributor-requests/r1/answer"

	fields := url.Values{
		"request": {"r1"},
		"member":  {"8"},
		"answer":  {"Only the <lower> one"},
		"command": {"Answer for them"},
	}
	refused := refuse(http.StatusConflict, "already_decided",
		"Ana has answered for Kim already, at 2026-11-30T10:01:00Z, with \"yes\"")

	e := newEnv(t, decisionReplies())
	e.replies[answer] = refused
	page := e.post("/decisions", "/decisions/contributor", fields).Body.String()
	assert.Contains(t, page, "Is the terrace &lt;open&gt;?")
	assert.NotContains(t, page, `id="refused-answer"`, "the form of the question still has it")

	// The other tab has answered for Kim, and Lee may still be asked.
	e.replies["GET /contributor-requests"] = ok(strings.NewReplacer(`"state":"asked"`, `"state":"answered"`,
		`"state":"failed"`, `"state":"asked"`, `"expects":{"type":"boolean"},`, ``).
		Replace(e.replies["GET /contributor-requests"].body))
	page = e.post("/decisions", "/decisions/contributor", fields).Body.String()
	assert.Contains(t, page, "Ana has answered for Kim already, at ")
	assert.Contains(t, page, `datetime="2026-11-30T10:01:00Z"`)
	assert.Contains(t, page, `with &#34;yes&#34;`)
	assert.Contains(t, page, `<pre id="refused-answer" tabindex="0">Only the &lt;lower&gt; one</pre>`)
	assert.Contains(t, page, `<option value="">Choose who has answered</option>`, "nobody answers for Lee by mistake")
	assert.NotContains(t, page, `<option value="9" selected>`)

	// Nobody waits for anything any more.
	e.replies["GET /contributor-requests"] = listOf()
	page = e.post("/decisions", "/decisions/contributor", fields).Body.String()
	assert.Contains(t, page, "Only the &lt;lower&gt; one")
	assert.NotContains(t, e.get("/decisions"), "Only the")
}

// TestDecisionsTakeFewCalls counts the calls of the API for a page with twenty of a kind. The key of a session may make
// 100 at once and 50 a second, and the page is made anew whenever something happens.
func TestDecisionsTakeFewCalls(t *testing.T) {
	t.Parallel()

	var calls []string

	const one = `{"call_id":"c","name":"x","status":"unknown","chat_id":1,"action_id":"`

	replies := map[string]reply{
		"GET /chats":                listOf(),
		"GET /deliveries":           listOf(),
		"GET /approvals":            listOf(),
		"GET /contributor-requests": listOf(),
		"GET /inbound":              listOf(),
	}

	for i := range 20 {
		id := "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d" + strconv.Itoa(10+i)
		calls = append(calls, one+id+`","created_at":"2026-11-30T09:00:00Z","updated_at":"2026-11-30T09:00:00Z"}`)
		replies["GET /actions/"+id] = refuse(http.StatusNotFound, "action_not_found", "no")
	}

	replies["GET /tool-calls"] = listOf(calls...)

	e := newEnv(t, replies)
	e.get("/decisions")

	made := 0
	for _, of := range e.calls {
		made += len(of)
	}

	assert.LessOrEqual(t, made, 12)
}

func TestAnApprovalNamesItsCustomerAndItsChat(t *testing.T) {
	t.Parallel()

	e := newEnv(t, decisionReplies())
	e.replies["GET /chats/12"] = ok(`{"id":12,"title":"A table <b>","member_id":42,"member":{"id":42,"name":"Bea <i>"}}`)

	_, card, _ := strings.Cut(e.get("/decisions"), `id="approval-p1"`)
	card, rest, _ := strings.Cut(card, "</article>")
	assert.Contains(t, card, `/people/42">Bea &lt;i&gt;</a>`)
	assert.Contains(t, card, `/chats/12">A table &lt;b&gt;</a>`)

	_, card, _ = strings.Cut(rest, `id="approval-p2"`)
	card, rest, _ = strings.Cut(card, "</article>")
	assert.NotContains(t, card, "Customer", "an API key is for no chat")
	assert.Contains(t, rest, `/people/42">Bea &lt;i&gt;</a>`, "a question is about a customer, too")
	assert.Equal(t, 1, e.count("GET /chats/12"), "each chat is read once")

	e.replies["GET /chats/12"] = refuse(http.StatusServiceUnavailable, "unavailable", "later")
	assert.Contains(t, e.get("/decisions"), `/chats/12">Chat 12</a>`, "no page fails because a name is missing")
}

// TestDecisionsNameFewCustomers counts the chats that are read for forty approvals and questions.
func TestDecisionsNameFewCustomers(t *testing.T) {
	t.Parallel()

	const fields = `,"kind":"send","state":"waiting","deadline":"2026-12-01T09:00:00Z","requested_by":7,"deciders":[7]}`

	var approvals []string

	e := newEnv(t, decisionReplies())

	for i := range 40 {
		id := strconv.Itoa(100 + i)
		approvals = append(approvals, `{"id":"p`+id+`","chat_id":`+id+fields)
		e.replies["GET /chats/"+id] = refuse(http.StatusNotFound, "chat_not_found", "no")
	}

	e.replies["GET /approvals"] = listOf(approvals...)
	e.get("/decisions")

	read := 0

	for call := range e.calls {
		if strings.HasPrefix(call, "GET /chats/") || strings.HasPrefix(call, "GET /members/") {
			read++
		}
	}

	assert.LessOrEqual(t, read, 20)
}
