package console_test

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/console"
)

const (
	aBlockedSender = `{"sender":"phone:12","name":"<Support>","address":"+14155550123","channel":"phone-sms",
		"provider":"twilio","state":"blocked","explanation":"Twilio refuses every message of this sender.",
		"error_code":"twilio_20003","blocked_since":"2026-11-30T09:50:00Z","next_probe":"2026-11-30T10:04:00Z",
		"waiting":12,"probe_delivery_id":"` + aDelivery + `","last_success":"2026-11-30T09:40:00Z","last_callback":null,
		"counted_since":"2026-11-30T09:02:00Z","minutes":[
			{"at":"2026-11-30T09:03:00Z","accepted":10,"throttled":0,"failed":0},
			{"at":"2026-11-30T10:02:00Z","accepted":5,"throttled":4,"failed":3}]}`
	aDelivery = "01934f6e-7f2f-7a33-8c4e-4a5b6c7d8e9f"

	workersWell = `{"reachable":true,"polling":true,"needs_person":false,"checked_at":"2026-11-30T10:02:00Z",
		"explanation":"Temporal answers, and workers poll it."}`
	workersGone = `{"reachable":true,"polling":false,"needs_person":true,"checked_at":"2026-11-30T10:02:00Z",
		"explanation":"No worker polls Temporal: what was accepted is kept."}`

	someMatters = `{"need_person":9,"matters":[
		{"matter":"person","count":3,"oldest":"2026-11-30T09:12:00Z","needs_person":true,"late":2,"lately":1,
			"workflow_gone":1,"explanation":"deliveries that wait for a decision"},
		{"matter":"approval","count":6,"oldest":"2026-11-30T09:42:00Z","needs_person":true,"late":6,"lately":0,
			"deadline":"2026-11-30T11:30:00Z","explanation":"requests that wait for a second member"},
		{"matter":"attempt","count":14,"oldest":"2026-11-30T10:00:00Z","needs_person":false,"late":2,"lately":14,
			"explanation":"sends that wait for their next attempt"}]}`
)

// nowReplies are the API's answers to the page Now, but for the lists of deliveries.
func nowReplies(status, senders, workers string) map[string]reply {
	return map[string]reply{
		"GET /status":       ok(status),
		"GET /health":       ok(`{"senders":[` + senders + `],"workers":` + workers + `}`),
		"GET /bulk-retries": listOf(),
		"GET /deliveries":   ok(`{"items":[],"next_cursor":null,"total":0}`),
	}
}

// TestNowIsCalm: what is well says so, and endpoints are not asked for.
func TestNowIsCalm(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nowReplies(`{"need_person":0,"matters":[]}`, "", workersWell))
	page := e.get("/")

	assert.Contains(t, page, "Nothing needs a person")
	assert.Contains(t, page, "Temporal answers, and workers poll it.")
	assert.Contains(t, page, "The phone numbers and inboxes of the workspace would be here")
	assert.NotContains(t, page, "Blocked senders")
	assert.NotContains(t, page, `action="`+console.Root+"/w/"+theWorkspace+`/seen"`)
	assert.Zero(t, e.count("GET /webhook-endpoints"))
	assert.Equal(t, 6, e.count("GET /session")+e.count("GET /status")+e.count("GET /health")+
		e.count("GET /bulk-retries")+e.count("GET /deliveries"))
}

// TestNowSaysWhatNeedsAPerson: lost workflows, the first deadline, what waits for long, and nothing of a customer's.
func TestNowSaysWhatNeedsAPerson(t *testing.T) {
	t.Parallel()

	replies := nowReplies(someMatters, aBlockedSender, workersWell)
	replies["GET /deliveries"] = ok(`{"items":[],"next_cursor":null,"total":4}`)
	e := newEnv(t, replies)
	page := e.get("/")

	assert.Contains(t, page, "of these: not sent, because their workflow was ended in Temporal")
	assert.Contains(t, page, "error_code=workflow_gone")
	assert.Contains(t, page, "first ends ")
	assert.Contains(t, page, `datetime="2026-11-30T11:30:00Z"`)
	assert.Contains(t, page, "2 for more than 10 minutes")
	assert.Contains(t, page, "messages that did not arrive, in the last 24 hours")

	assert.Contains(t, page, "&lt;Support&gt; (+14155550123)")
	assert.NotContains(t, page, "<Support>")
	assert.Contains(t, page, "twilio_20003")
	assert.Contains(t, page, `datetime="2026-11-30T10:04:00Z"`)
	assert.Contains(t, page, "Accepted: 15 in the last hour, 10 in the busiest minute")
	assert.Contains(t, page, "Too many (429): 4 in the last hour, 4 in the busiest minute")
	assert.Contains(t, page, "Failed (5xx, no answer): 3 in the last hour, 3 in the busiest minute")
	assert.NotContains(t, page, "style=", "the policy of the page forbids it")
}

// TestNowSaysThatNoWorkerPolls, first of all, although nothing else needs a person.
func TestNowSaysThatNoWorkerPolls(t *testing.T) {
	t.Parallel()

	page := newEnv(t, nowReplies(`{"need_person":0,"matters":[]}`, "", workersGone)).get("/")

	assert.Contains(t, page, "<strong>No worker polls.</strong> No worker polls Temporal: what was accepted is kept.")
	assert.NotContains(t, page, "Nothing needs a person")

	away := strings.Replace(workersGone, `"reachable":true`, `"reachable":false`, 1)
	page = newEnv(t, nowReplies(`{"need_person":0,"matters":[]}`, "", away)).get("/")
	assert.Contains(t, page, "Temporal is away.")
}

// TestNowProbesASender by a retry of the delivery that the API names. Who may not retry is offered nothing.
func TestNowProbesASender(t *testing.T) {
	t.Parallel()

	replies := nowReplies(someMatters, aBlockedSender, workersWell)
	retry := "POST /deliveries/" + aDelivery + "/retry"
	replies[retry] = refuse(http.StatusConflict, "conflict", "it was retried by Noor")
	e := newEnv(t, replies)
	fields := url.Values{"delivery": {aDelivery}, "reason": {"The account is paid."}}

	answer := e.post("/", "/probe", fields)
	assert.Equal(t, http.StatusConflict, answer.Code)
	assert.Contains(t, answer.Body.String(), "It was retried by Noor.")

	e.replies[retry] = reply{http.StatusAccepted, `{"action_id":"` + aDelivery + `","status":"pending"}`}
	e.requireRedirect(e.post("/", "/probe", fields), "/")

	sent := e.sent(retry)
	assert.JSONEq(t, `{"reason":"The account is paid."}`, sent.body)
	assert.Equal(t, "once-1", sent.key)

	assert.Equal(t, http.StatusForbidden, e.do(http.MethodPost, "/probe", fields).Code, "without its token")
	assert.Equal(t, 2, e.count(retry))

	reader := newEnv(t, replies)
	reader.scopes = readOnlyScopes
	assert.NotContains(t, reader.get("/"), "Probe now")
}

// TestNowCountsWhatDidNotArriveSinceTheLastLook, which is the browser's own.
func TestNowCountsWhatDidNotArriveSinceTheLastLook(t *testing.T) {
	t.Parallel()

	replies := nowReplies(`{"need_person":0,"matters":[]}`, "", workersWell)
	replies["GET /deliveries"] = ok(`{"items":[],"next_cursor":null,"total":4}`)
	e := newEnv(t, replies)

	answer := e.post("/", "/seen", nil)
	e.requireRedirect(answer, "/")

	cookies := answer.Result().Cookies()
	require.Len(t, cookies, 1)
	assert.Equal(t, "handrail_look_"+theWorkspace, cookies[0].Name)
	assert.Equal(t, "2026-11-30T10:02:03Z", cookies[0].Value)
	assert.True(t, cookies[0].HttpOnly && cookies[0].Secure)

	request := httptest.NewRequest(http.MethodGet, console.Root+"/w/"+theWorkspace+"/", http.NoBody)
	request.AddCookie(&http.Cookie{Name: "__Secure-handrail_session_" + theWorkspace, Value: "hr_session"})
	request.AddCookie(&http.Cookie{Name: cookies[0].Name, Value: "2026-11-30T09:30:00Z"})

	shown := httptest.NewRecorder()
	e.pages.ServeHTTP(shown, request)
	require.Equal(t, http.StatusOK, shown.Code)
	assert.Contains(t, shown.Body.String(), "messages that did not arrive, since the last look at 30 Nov 2026, 09:30:00 UTC")

	asked := map[string]bool{}

	for _, call := range e.calls["GET /deliveries"] {
		asked[call.query.Get("updated_since")] = true
	}

	assert.True(t, asked["2026-11-30T09:30:00Z"], "%v", asked)
	assert.Contains(t, shown.Body.String(),
		"/failures?status=undelivered&amp;status=bounced&amp;status=failed&amp;updated_since=2026-11-30T09%3A30%3A00",
		"the list that has them")
}

// TestNowSaysSinceWhenMessagesHaveNotArrived: the oldest comes with the count, and the list is that of what is counted.
func TestNowSaysSinceWhenMessagesHaveNotArrived(t *testing.T) {
	t.Parallel()

	replies := nowReplies(`{"need_person":0,"matters":[]}`, "", workersWell)
	replies["GET /deliveries"] = ok(`{"items":[{"id":"` + theDelivery + `","created_at":"2026-11-30T07:02:03Z",
		"updated_at":"2026-11-30T08:02:03Z"}],"next_cursor":"c","total":4}`)
	e := newEnv(t, replies)
	page := e.get("/")

	assert.Contains(t, page, "/failures?duplicate=any&amp;since=2026-11-29T10%3A02%3A03")
	assert.Contains(t, page, `datetime="2026-11-30T07:02:03Z"`, "made")
	assert.Contains(t, page, `datetime="2026-11-30T08:02:03Z"`, "turned out")
	assert.Contains(t, page, "4 messages that did not arrive, in the last 24 hours; the oldest for 2 h")
	assert.NotContains(t, page, "new in the last hour", "which nobody has counted")

	counted := 0

	for _, call := range e.calls["GET /deliveries"] {
		assert.Contains(t, []string{"created_at", "updated_at"}, call.query.Get("sort"), "the oldest first")

		if call.query.Get("total") == "true" {
			counted++

			assert.Equal(t, "0", call.query.Get("limit"), "they are counted, and not read")
		} else {
			assert.Equal(t, "1", call.query.Get("limit"))
		}
	}

	assert.Equal(t, []int{2, 4}, []int{counted, e.count("GET /deliveries")})

	// To find the oldest of so many takes longer than to count them.
	replies["GET /deliveries"] = ok(`{"items":[],"total":1001}`)
	e = newEnv(t, replies)
	assert.NotContains(t, e.get("/"), "the oldest for")
	assert.Equal(t, 2, e.count("GET /deliveries"))
}

// tileLinks finds where the tiles of the page Now lead to.
var tileLinks = regexp.MustCompile(`<li class="tile[^"]*">\s*<a href="([^"]+)"`)

// TestEachTileLeadsToAPage that exists, and to its part of the page: that of notices led nowhere.
func TestEachTileLeadsToAPage(t *testing.T) {
	t.Parallel()

	for _, matter := range chat.Matters() {
		t.Run(string(matter), func(t *testing.T) {
			t.Parallel()

			status := fmt.Sprintf(`{"need_person":1,"matters":[{"matter":%q,"count":1,"oldest":"2026-11-30T09:12:00Z",
				"needs_person":%t,"explanation":"wait"}]}`, matter, matter.NeedsPerson())
			replies := nowReplies(status, "", workersWell)
			maps.Copy(replies, decisionReplies())

			e := newEnv(t, replies)
			e.pagesOf = func(string) reply { return listOf() }

			link := tileLinks.FindStringSubmatch(e.get("/"))
			require.Len(t, link, 2)

			path, part, hasPart := strings.Cut(html.UnescapeString(link[1]), "#")
			page := e.get(strings.TrimPrefix(path, console.Root+"/w/"+theWorkspace))

			if hasPart {
				assert.Contains(t, page, `id="`+part+`"`)
			}
		})
	}
}

// TestNowLooksIntoOtherWorkspaces that the browser is logged in to, each with its own session.
func TestNowLooksIntoOtherWorkspaces(t *testing.T) {
	t.Parallel()

	const other = "22222222-2222-4222-8222-222222222222"

	e := newEnv(t, nowReplies(`{"need_person":0,"matters":[]}`, "", workersWell))
	me, _ := json.Marshal(map[string]any{"workspace_id": other, "workspace_name": "Harbour", "scopes": []string{}})
	e.replies["GET /api/v2/w/"+other+"/session"] = ok(string(me))
	e.replies["GET /api/v2/w/"+other+"/status"] = ok(someMatters)

	request := httptest.NewRequest(http.MethodGet, console.Root+"/w/"+theWorkspace+"/", http.NoBody)
	request.AddCookie(&http.Cookie{Name: "__Secure-handrail_session_" + theWorkspace, Value: "hr_session"})
	request.AddCookie(&http.Cookie{Name: "__Secure-handrail_session_" + other, Value: "hr_other"})

	shown := httptest.NewRecorder()
	e.pages.ServeHTTP(shown, request)
	require.Equal(t, http.StatusOK, shown.Code)
	assert.Regexp(t, `(?s)Other workspaces.*/w/`+other+`/">Harbour</a>\s*<strong>9</strong>`, shown.Body.String())

	e.replies["GET /api/v2/w/"+other+"/status"] = refuse(http.StatusServiceUnavailable, "unavailable", "not now")
	shown = httptest.NewRecorder()
	e.pages.ServeHTTP(shown, request)
	assert.Regexp(t, `(?s)Other workspaces.*/w/`+other+`/">`+other+`</a>\s*<strong>could not be asked</strong>`,
		shown.Body.String(), "it looked like one that needs nobody")

	e.replies["GET /api/v2/w/"+other+"/session"] = refuse(http.StatusUnauthorized, "unauthenticated", "it is over")
	shown = httptest.NewRecorder()
	e.pages.ServeHTTP(shown, request)
	assert.NotContains(t, shown.Body.String(), "Other workspaces")
}

// TestNowWritesAnIncidentNote of what it shows, without an address and without what people have typed.
func TestNowWritesAnIncidentNote(t *testing.T) {
	t.Parallel()

	replies := nowReplies(someMatters, aBlockedSender, workersGone)
	replies["GET /bulk-retries"] = listOf(`{"id":"` + aDelivery + `","state":"running","begun":3,"selected":40,
		"reason":"Ana Lopez asked for it","created_at":"2026-11-30T10:00:00Z"}`)

	page := newEnv(t, replies).get("/")
	assert.Contains(t, page, `data-copy="incident-note"`)

	_, note, found := strings.Cut(page, `<pre id="incident-note" tabindex="0">`)
	require.True(t, found)

	note, _, _ = strings.Cut(note, "</pre>")
	assert.Equal(t, `Handrail, workspace Tables, as of 30 Nov 2026, 10:02:03 UTC
Workers: No worker polls Temporal: what was accepted is kept.

Needs a person:
- 3 deliveries that wait for a decision; the oldest for 50 min, since 30 Nov 2026, 09:12:00 UTC; 1 new in the last hour; 2 for more than 10 minutes.
- 1 of these: not sent, because their workflow was ended in Temporal.
- 6 requests that wait for a second member; the oldest for 20 min, since 30 Nov 2026, 09:42:00 UTC; none new in the last hour; 6 for more than 10 minutes; the first ends 30 Nov 2026, 11:30:00 UTC.

Senders:
- phone:12 (twilio), blocked: Twilio refuses every message of this sender.
  Code twilio_20003.
  Accepted: 15 in the last hour, 10 in the busiest minute.
  Too many (429): 4 in the last hour, 4 in the busiest minute.
  Failed (5xx, no answer): 3 in the last hour, 3 in the busiest minute.
  Last success 30 Nov 2026, 09:40:00 UTC, last callback none lately.

Continues by itself:
- 14 sends that wait for their next attempt; the oldest for 2 min, since 30 Nov 2026, 10:00:00 UTC; 14 new in the last hour; 2 for more than 10 minutes.
Bulk retry 01934f6e-7f2f-7a33-8c4e-4a5b6c7d8e9f is running: 3 of 40 begun.`, note)
}

// TestNowLeadsToTheChatsThatATileCounts: who waits for an answer is in another list than what a person is needed for.
func TestNowLeadsToTheChatsThatATileCounts(t *testing.T) {
	t.Parallel()

	page := newEnv(t, nowReplies(`{"need_person":3,"matters":[
		{"matter":"response","count":2,"oldest":"2026-11-30T09:12:00Z","needs_person":true,"explanation":"wait"},
		{"matter":"attention","count":1,"oldest":"2026-11-30T09:12:00Z","needs_person":true,"explanation":"lost"}]}`,
		"", workersWell)).get("/")

	assert.Contains(t, page, `/chats?needs=response"`)
	assert.Contains(t, page, `/chats?needs=attention"`)
}

// TestNowNamesWhatHasFailedForGood: it needs nobody at once, and nobody overlooks it.
func TestNowNamesWhatHasFailedForGood(t *testing.T) {
	t.Parallel()

	page := newEnv(t, nowReplies(`{"need_person":0,"matters":[{"matter":"failed","count":3,
		"oldest":"2026-11-30T09:12:00Z","needs_person":false,"late":3,"lately":0,
		"explanation":"messages of the last 24 hours that have not reached their recipient"}]}`, "", workersWell)).get("/")

	assert.Contains(t, page, "Nothing needs a person")
	assert.Contains(t, page, "have not reached their recipient")
	assert.Contains(t, page, "/failures?failed_for_good=true&amp;since=2026-11-29T10%3A02%3A03", "as they are counted")
	assert.NotContains(t, page, "Continues by itself")
}
