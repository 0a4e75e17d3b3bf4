package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// actionOf is a send that waits, with what may be done about it.
func actionOf(next string) string {
	return `{"action_id":"` + theAction + `","chat_id":12,"kind":"send_assistant_message","state":"parked",
		"status":"tool_call_unknown","waiting_for":"tool_decision","explanation":"A person must resolve call_1.",
		"requested_by":3,"next":[` + next + `],"created_at":"2026-11-30T09:00:00Z",
		"updated_at":"2026-11-30T09:00:00Z","workflow_id":"action:1",
		"timeline":[{"at":"2026-11-30T09:00:00Z","what":"Asked for."}],
		"message":{"content":"Your table is <i>booked</i>.","tool_calls":[
			{"id":"call_1","name":"book_table","status":"unknown","arguments":{"guests":4},"error":"timed out",
			"undo":{"tool":"cancel_table","id":"undo_call_1","status":"unknown"}}]},
		"approval":{"id":"p1","kind":"send","state":"waiting","deadline":"2026-12-01T09:00:00Z","requested_by":3,
			"requester_name":"Mona","request":{"calls":[{"id":"call_1","arguments":{"amount":50},
			"tool":{"id":4,"name":"refund","version":2,"risk":"approval","where":"POST https://desk.example.com"}}]}}}`
}

func actionReplies(action string) map[string]reply {
	return map[string]reply{
		"GET /actions/" + theAction: ok(action),
		"GET /members/3":            ok(`{"id":3,"name":"Cem"}`),
		"GET /chats/12":             ok(`{"id":12,"title":"","member_id":42,"member":{"id":42,"name":"Bea"}}`),
	}
}

func TestOnlyWhatWillWorkIsOfferedForAnAction(t *testing.T) {
	t.Parallel()

	paths := map[string]string{
		"approve":           `value="approve"`,
		"refuse":            `value="refuse"`,
		"resolve_tool_call": "/tool-calls",
		"resume":            "/resume",
		"change":            "/change",
		"cancel":            "/cancel",
	}

	for offered := range paths {
		e := newEnv(t, actionReplies(actionOf(`"`+offered+`"`)))
		page := e.get("/actions/" + theAction)

		for command, mark := range paths {
			assert.Equal(t, command == offered, strings.Contains(page, mark), "%s when %s is offered", command, offered)
		}

		e.scopes = readOnlyScopes
		assert.NotContains(t, e.get("/actions/"+theAction), `name="once"`, "a session that may only look")
	}
}

// TestABlockedActionSaysWhenItIsTriedAgain: the wait for the sender's account does not end by itself.
func TestABlockedActionSaysWhenItIsTriedAgain(t *testing.T) {
	t.Parallel()

	replies := actionReplies(strings.Replace(
		actionOf(``),
		`"waiting_for":"tool_decision"`,
		`"delivery":{"id":"`+theDelivery+`"},"waiting_for":"sender","waiting_until":"2026-11-30T09:05:00Z"`,
		1,
	))
	replies["GET /members/5"] = ok(`{"id":5,"name":"Noor"}`)
	replies["GET /deliveries/"+theDelivery] = ok(strings.Replace(
		deliveryOf(``, ``),
		`"waiting_for"`,
		`"retry_at":"2026-11-30T09:05:00Z","waiting_for"`,
		1,
	))

	page := newEnv(t, replies).get("/actions/" + theAction)
	assert.Contains(t, page, "It is tried again.")
	assert.NotContains(t, page, "ends by itself")
}

func TestTheActionPageShowsWhatIsAskedFor(t *testing.T) {
	t.Parallel()

	page := newEnv(t, actionReplies(actionOf(`"resolve_tool_call"`))).get("/actions/" + theAction)

	for _, part := range []string{
		"A person must resolve call_1.",
		"Your table is &lt;i&gt;booked",
		"refund, version 2, POST https://desk.example.com",
		"&#34;amount&#34;: 50",
		"Mona",
		`/people/3">Cem</a>`,
		"Resolve call_1",
		"Resolve undo_call_1",
		"Tool call call_1 (book_table): unknown.",
		"Timed out.",
	} {
		assert.Contains(t, page, part)
	}
}

func TestActionsAreCommanded(t *testing.T) {
	t.Parallel()

	page := "/actions/" + theAction
	e := newEnv(t, actionReplies(actionOf(`"approve","resolve_tool_call","resume","change","cancel"`)))

	for action, want := range map[string]struct {
		fields     url.Values
		call, body string
	}{
		"/approve": {
			url.Values{"decision": {"approve"}, "reason": {"fine"}},
			"POST " + page + "/approvals",
			`{"decision":"approve","reason":"fine"}`,
		},
		"/tool-calls": {
			url.Values{"call": {"call_1"}, "outcome": {"succeeded"}, "result": {`{"id":9}`}, "reason": {"seen"}},
			"POST " + page + "/tool-calls/call_1/resolve",
			`{"outcome":"succeeded","result":{"id":9},"reason":"seen"}`,
		},
		"/resume": {url.Values{"reason": {"by mistake"}}, "POST " + page + "/resume", `{"reason":"by mistake"}`},
		"/cancel": {url.Values{"reason": {"too late"}}, "POST " + page + "/cancel", `{"reason":"too late"}`},
		"/change": {
			url.Values{"to": {"+15550177"}, "body": {"Hello"}, "body_before": {"Hallo"}},
			"PATCH " + page,
			`{"to":"+15550177","message":"Hello"}`,
		},
	} {
		e.replies[want.call] = ok(`{}`)
		e.requireRedirect(e.post(page, page+action, want.fields), page)

		sent := e.sent(want.call)
		assert.JSONEq(t, want.body, sent.body)

		if action != "/change" {
			assert.Equal(t, "once-1", sent.key, action)
		}
	}

	answer := e.post(page, page+"/tool-calls", url.Values{
		"call":    {"call_1"},
		"outcome": {"succeeded"},
		"result":  {"nine"},
		"reason":  {"seen"},
	})
	assert.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "Result must be JSON")
	assert.Equal(t, 1, e.count("POST "+page+"/tool-calls/call_1/resolve"))
}

func TestActionsAreListedWithTheFiltersOfTheURL(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"GET /actions": ok(`{"items":[` + actionOf(``) + `],"next_cursor":"c2"}`),
	})

	page := e.get("/actions?waiting_for=tool_decision&state=parked&kind=&order=asc")
	query := e.sent("GET /actions").query
	assert.Equal(t, []string{"tool_decision"}, query["waiting_for"])
	assert.Equal(t, []string{"parked"}, query["state"])
	assert.Equal(t, "asc", query.Get("order"))
	assert.Empty(t, query["kind"])
	assert.Contains(t, page, "/actions/"+theAction)
	assert.Contains(t, page, "cursor=c2")
	assert.Contains(t, page, `value="tool_decision" selected`)

	e.replies["GET /actions"] = listOf(strings.Replace(actionOf(``), `"chat_id":12`, `"chat_id":0`, 1))
	page = e.get("/actions")
	assert.NotContains(t, page, "/chats/", "a notice is in no chat")
	assert.Contains(t, page, `/settings/notifications">notice</a>`)

	e.replies["GET /actions"] = listOf()
	assert.Contains(t, e.get("/actions"), "that match would be here")
}

func TestANoticeAmongActionsLeadsToNoChat(t *testing.T) {
	e := newEnv(t, map[string]reply{"GET /actions": listOf(
		`{"action_id":"`+chatAction+`","kind":"send_assistant_message","state":"succeeded","status":"delivered","chat_id":13}`,
		`{"action_id":"`+chatDelivery+`","kind":"send_assistant_message","state":"succeeded","status":"delivered","chat_id":5,"requested_by":7}`,
	)})

	page := e.get("/actions")
	assert.Contains(t, page, "a notice to a member")
	assert.NotContains(t, page, "/chats/13")
	assert.Contains(t, page, "/chats/5")
}
