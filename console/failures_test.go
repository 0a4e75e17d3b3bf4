package console_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	aFailedDelivery = `{"id":"d1","action_id":"a1","chat_id":12,"message_id":"m1","status":"undelivered","submission":"accepted",` +
		`"carrier":"undelivered","channel":"phone-sms","provider":"twilio","from":"+15550100","to":"+15550199",` +
		`"error_code":"twilio_30003","error_message":"=cmd|' /C calc'!A0","explanation":"The phone was <script>off</script>.",` +
		`"duplicate":"possible","attempt_count":2,"created_at":"2026-11-30T09:00:00Z","updated_at":"2026-11-30T09:00:00Z"}`
	aDryRun = `{"dry_run":true,"count":40,"may_duplicate":3,"judged":40,"skipped":9,"skipped_by_reason":{` +
		`"the recipient <has> opted out":7,"its chat has moved on":2},"groups":[` +
		`{"sender":"phone:12","status":"undelivered","error_code":"twilio_30003","count":38,"may_duplicate":1},` +
		`{"sender":"inbox:9","status":"failed","error_code":"","count":2,"may_duplicate":2}],` +
		`"overlaps":[{"bulk_retry_id":"b9","state":"running","count":12}]}`
)

// withSenders adds the senders of the workspace to replies.
func withSenders(replies map[string]reply) map[string]reply {
	replies["GET /phone-numbers"] = listOf(
		`{"id":12,"name":"Support <line>","number":"+15550100"}`,
		`{"id":13,"name":"","number":"+15550101","revoked_at":"2026-11-29T09:00:00Z"}`,
	)
	replies["GET /inboxes"] = listOf(`{"id":3,"address":"team@example.com","display_name":"Team"}`)

	return replies
}

func TestFailuresAreListedWithTheFiltersOfTheURL(t *testing.T) {
	t.Parallel()

	e := newEnv(t, withSenders(map[string]reply{
		"GET /deliveries":        ok(`{"items":[` + aFailedDelivery + `],"next_cursor":"c2"}`),
		"POST /deliveries/retry": ok(aDryRun),
	}))

	page := e.get("/failures")
	statuses := strings.Split(e.sent("GET /deliveries").query.Get("status"), ",")
	assert.Contains(t, statuses, "needs_review", "without a filter, all failures")
	assert.NotContains(t, statuses, "delivered")
	assert.Contains(t, page, "/deliveries/d1")
	assert.Contains(t, page, "&lt;script&gt;off")
	assert.NotContains(t, page, "<script>off")

	page = e.get("/failures?status=undelivered&channel=phone-sms&error_code=twilio_30003&chat_id=12" +
		"&since=2026-11-30T08:00&until=2026-11-30T10:00:00")
	query := e.sent("GET /deliveries").query
	assert.Equal(t, []string{"undelivered"}, query["status"])
	assert.Equal(t, "phone-sms", query.Get("channel"))
	assert.Equal(t, "12", query.Get("chat_id"))
	assert.Equal(t, "2026-11-30T08:00:00Z", query.Get("since"))
	assert.Contains(t, page, "cursor=c2", "the next page")
	assert.Contains(t, page, "error_code=twilio_30003&amp;since=", "the next page has the filters too")

	e.get("/failures?duplicate=any")
	assert.Equal(t, "possible,confirmed", e.sent("GET /deliveries").query.Get("duplicate"))
	assert.Empty(t, e.sent("GET /deliveries").query["status"], "duplicates are of any status")

	page = e.get("/failures?failed_for_good=true&since=2026-11-29T10:02:03")
	query = e.sent("GET /deliveries").query
	assert.Equal(t, "true", query.Get("failed_for_good"))
	assert.Empty(t, query["status"], "it says itself which are meant")
	assert.Contains(t, page, `<option value="true" selected>Failed for good, not sent again</option>`)
	assert.Contains(t, page, "/failures.csv?failed_for_good=true&amp;since=", "the file has the same")
	assert.NotContains(t, page, "Count them", "no bulk retry has this filter")
}

func TestFailuresAreFilteredAndGroupedBySender(t *testing.T) {
	t.Parallel()

	e := newEnv(t, withSenders(map[string]reply{
		"GET /deliveries":        listOf(aFailedDelivery),
		"POST /deliveries/retry": ok(aDryRun),
	}))

	page := e.get("/failures?counted=yes&sender=phone:12")
	assert.Equal(t, "phone:12", e.sent("GET /deliveries").query.Get("sender"))
	assert.Contains(t, e.sent("POST /deliveries/retry").body, `"sender":"phone:12"`)
	assert.Contains(t, page, `<option value="phone:12" selected>Support &lt;line&gt; (+15550100)</option>`)
	assert.Contains(t, page, `<option value="phone:13">+15550101, revoked</option>`)
	assert.Contains(t, page, `<option value="inbox:3">Team (team@example.com)</option>`)
	assert.Contains(t, page, "<td>Support &lt;line&gt; (+15550100)</td>", "the sender of a group, by name")
	assert.Contains(t, page, "<td>inbox:9</td>", "of one that is gone, what deliveries have")
	assert.Contains(t, page, "sender=inbox%3A9&amp;since=2026-11-23T10%3A02%3A03&amp;status=failed", "a group is its filter")

	page = e.get("/failures?sender=inbox:9")
	assert.Contains(t, page, `<option value="inbox:9" selected>inbox:9</option>`, "the filter stays as it was given")

	page = e.get("/failures/bulk/new?sender=phone:12")
	assert.Contains(t, page, `<input type="hidden" name="sender" value="phone:12">`)
	assert.Contains(t, page, "<dd>Support &lt;line&gt; (+15550100)</dd>")

	e.replies["GET /phone-numbers"] = refuse(http.StatusServiceUnavailable, "unavailable", "later")
	assert.Contains(t, e.get("/failures"), "team@example.com", "no page fails because a name is missing")

	e.scopes = []string{"deliveries:read"}
	asked := e.count("GET /inboxes")
	e.get("/failures")
	assert.Equal(t, asked, e.count("GET /inboxes"), "who may not see senders does not ask for them")
}

func TestFailuresAreGroupedByWhatMayBeRetried(t *testing.T) {
	t.Parallel()

	e := newEnv(t, withSenders(map[string]reply{
		"GET /deliveries":        listOf(aFailedDelivery),
		"POST /deliveries/retry": ok(aDryRun),
	}))

	page := e.get("/failures?error_code=twilio_30003")
	assert.Zero(t, e.count("POST /deliveries/retry"), "the page is shown before they are counted")
	assert.Contains(t, page, theWorkspace+`/failures?counted=yes&amp;error_code=twilio_30003" hx-trigger="load, changed"`)
	assert.Contains(t, page, "Count them", "who has no scripts asks for them")

	page = e.get("/failures?counted=yes&error_code=twilio_30003")
	assert.NotContains(t, page, "Count them")
	assert.JSONEq(t, `{"dry_run":true,"error_code":"twilio_30003","since":"2026-11-23T10:02:03Z"}`,
		e.sent("POST /deliveries/retry").body, "a dry run, of the last 7 days")

	for _, want := range []string{">38<", "Retry these…", "3 of these may have been sent already", "/failures/bulk/b9"} {
		assert.Contains(t, page, want)
	}

	assert.Contains(t, page, "Retry all…", "how many that are is said above")
	assert.Contains(t, page, "Of 40, 31 would be retried, and 9 would be skipped as things stand:")
	assert.Contains(t, page, "<li><strong>7</strong>: the recipient &lt;has&gt; opted out</li>"+
		"<li><strong>2</strong>: its chat has moved on</li>", "the most frequent reason first")

	asked := e.count("POST /deliveries/retry")
	assert.Contains(t, e.get("/failures?counted=yes&status=failed&status=blocked"), "choose one status at most")
	assert.Equal(t, asked, e.count("POST /deliveries/retry"), "no bulk retry has two statuses")

	e.scopes = readOnlyScopes
	assert.NotContains(t, e.get("/failures?counted=yes"), "Retry these…")
	assert.NotContains(t, e.get("/failures"), "Count them")
	assert.Equal(t, asked, e.count("POST /deliveries/retry"))
}

func TestAMendedFailureIsQuietAndLeadsToWhatCounts(t *testing.T) {
	t.Parallel()

	mended := strings.Replace(aFailedDelivery, `"attempt_count":2`, `"attempt_count":2,"retried_by":"d2"`, 1)
	mended = strings.Replace(mended, "The phone was", "It was tried again at 2026-11-30T09:47:26Z: the phone was", 1)

	e := newEnv(t, withSenders(map[string]reply{"GET /deliveries": listOf(mended)}))
	page := e.get("/failures?status=undelivered&status=failed")

	assert.Contains(t, page, `<span class="badge tone-plain">undelivered</span>`)
	assert.Contains(t, page, `/deliveries/d2">sent again</a>`)
	assert.NotContains(t, page, `<span class="badge tone-bad">undelivered</span>`)
	assert.Contains(t, page, `<time datetime="2026-11-30T09:47:26Z"`, "times in sentences are clocks")
	assert.Contains(t, page, "Possible duplicates</option>")
	assert.Contains(t, page, `/actions">Actions</a>`)
}

func TestAFilterThatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)

	for query, want := range map[string]string{
		"chat_id=x":     "The field chat_id must be a whole number",
		"since=gestern": "The field since must be a time like 2026-11-30T09:30, in UTC",
	} {
		answer := e.do(http.MethodGet, "/failures?"+query, nil)
		assert.Equal(t, http.StatusBadRequest, answer.Code)
		assert.Contains(t, answer.Body.String(), want)
	}
}

func TestTheFileOfFailuresHasNoFormulas(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{"GET /deliveries": listOf(aFailedDelivery)})

	answer := e.do(http.MethodGet, "/failures.csv?status=undelivered", nil)
	require.Equal(t, http.StatusOK, answer.Code)
	assert.Contains(t, answer.Header().Get("Content-Type"), "text/csv")
	assert.Equal(t, []string{"undelivered"}, e.sent("GET /deliveries").query["status"])

	rows, err := csv.NewReader(answer.Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 2)
	assert.Equal(t, "delivery_id", rows[0][0])
	assert.Contains(t, rows[1], "'+15550199")
	assert.Contains(t, rows[1], `'=cmd|' /C calc'!A0`)
}

func TestTheFileOfFailuresEnds(t *testing.T) {
	t.Parallel()

	page := strings.Repeat(aFailedDelivery+",", 999) + aFailedDelivery
	e := newEnv(t, map[string]reply{})
	e.pagesOf = func(cursor string) reply { return ok(`{"items":[` + page + `],"next_cursor":"` + cursor + `x"}`) }

	answer := e.do(http.MethodGet, "/failures.csv", nil)
	require.Equal(t, http.StatusOK, answer.Code)

	lines := strings.Split(strings.TrimSpace(answer.Body.String()), "\n")
	assert.Len(t, lines, 10002, "the head, 10,000 rows, and one that says that there are more")
	assert.Contains(t, lines[10001], "The list goes on")

	e.pagesOf = func(string) reply { return refuse(http.StatusForbidden, "forbidden", "not for you") }
	answer = e.do(http.MethodGet, "/failures.csv", nil)
	assert.Equal(t, http.StatusForbidden, answer.Code)
	assert.Contains(t, answer.Body.String(), "Not for you.")
}

const aBulkRetry = `{"id":"b1","state":"%s","note":"%s","filter":{"status":"undelivered","until":"2026-11-30T10:00:00Z"},` +
	`"rate_per_second":5,"canary":3,"pause_at_failure_percent":20,"reason":"The outage is over","member_id":7,` +
	`"selected":40,"begun":12,"skipped":3,"by_status":{"delivered":7,"blocked":3,"pending":2},` +
	`"attempted":10,"failed":3,"next":[%n],` +
	`"skipped_by_reason":{"it has been tried again already":1,"it was canceled; Ana asked":2},"acknowledge_duplicate":false,` +
	`"created_at":"2026-11-30T09:50:00Z","updated_at":"2026-11-30T10:01:00Z"}`

func bulkIn(state, note string) string {
	next := map[string]string{
		"running": `"pause","change_rate","cancel"`,
		"paused":  `"resume","change_rate","cancel"`,
	}

	retry := strings.Replace(strings.Replace(aBulkRetry, "%s", state, 1), "%s", note, 1)

	return strings.Replace(retry, "%n", next[state], 1)
}

func TestABulkRetryIsBegunAsItWasShown(t *testing.T) {
	t.Parallel()

	e := newEnv(t, withSenders(map[string]reply{
		"POST /deliveries/retry": ok(aDryRun),
		"GET /bulk-retries/b1":   ok(bulkIn("running", "")),
		"GET /deliveries":        listOf(),
	}))

	page := e.get("/failures/bulk/new?status=undelivered&until=2027-01-01T00:00")
	assert.JSONEq(t, `{"dry_run":true,"status":"undelivered","until":"2026-11-30T10:02:03Z"}`,
		e.sent("POST /deliveries/retry").body, "frozen at the time of the page")
	assert.Contains(t, page, `name="until" value="2026-11-30T10:02:03"`)

	page = e.get("/failures/bulk/new?status=undelivered&until=2026-11-30T10:00:00.25")
	assert.Contains(t, page, `name="until" value="2026-11-30T10:00:00.25"`, "what failed in this second belongs to it")
	assert.Contains(t, page, "Begin the retry")
	assert.Contains(t, page, "These have their turn, one after the other: 40 deliveries.")
	assert.Contains(t, page, "Also the 3 that may arrive twice")

	form := url.Values{
		"status":                   {"undelivered"},
		"until":                    {"2026-11-30T10:00:00"},
		"canary":                   {"3"},
		"rate_per_second":          {"2"},
		"pause_at_failure_percent": {"10"},
		"reason":                   {"The outage is over"},
		"acknowledge_duplicate":    {"yes"},
	}

	e.replies["POST /deliveries/retry"] = refuse(http.StatusConflict, "bulk_retry_overlaps", "b9 has some of the same")
	answer := e.do(http.MethodPost, "/failures/bulk/new", form)
	assert.Equal(t, http.StatusForbidden, answer.Code, "without its token")

	e.replies["POST /deliveries/retry"] = reply{http.StatusAccepted, bulkIn("running", "")}
	e.requireRedirect(e.post("/failures/bulk/b1", "/failures/bulk/new", form), "/failures/bulk/b1")

	sent := e.sent("POST /deliveries/retry")
	assert.Equal(t, "once-1", sent.key)
	assert.JSONEq(t, `{"status":"undelivered","until":"2026-11-30T10:00:00Z","canary":3,"rate_per_second":2,`+
		`"pause_at_failure_percent":10,"reason":"The outage is over","acknowledge_duplicate":true}`, sent.body)
}

func TestABulkRetryShowsHowFarItIs(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"GET /bulk-retries":    listOf(bulkIn("running", "")),
		"GET /bulk-retries/b1": ok(bulkIn("paused", "3 of the canary have failed")),
		"GET /deliveries":      listOf(aFailedDelivery),
	})

	assert.Contains(t, e.get("/failures/bulk"), "The outage is over")

	page := e.get("/failures/bulk/b1")
	for _, want := range []string{
		"15 of 40 have had their turn",
		"3 of the canary have failed.",
		`<progress max="40" value="15"`,
		"3 of 10 with an outcome (30 %)",
		"10 of its last 50 attempts have failed (20 %)",
		"3 first; the rest waits for their outcome",
		"bulk_retry_id=b1&amp;status=blocked",
		"/failures/bulk/b1/skipped",
		"It goes on with a new canary: 3 first",
		"/deliveries/d1",
	} {
		assert.Contains(t, page, want)
	}

	assert.NotContains(t, page, "/failures/bulk/b1/pause", "a paused one cannot be paused")
	assert.Equal(t, "b1", e.sent("GET /deliveries").query.Get("bulk_retry_id"))

	e.scopes = readOnlyScopes
	assert.NotContains(t, e.get("/failures/bulk/b1"), "command-form")
}

// TestAResumedBulkRetryShowsItsNewCanary: the first that were begun are old then.
func TestAResumedBulkRetryShowsItsNewCanary(t *testing.T) {
	t.Parallel()

	five := slices.Repeat([]string{aFailedDelivery}, 5)
	e := newEnv(t, map[string]reply{
		"GET /bulk-retries/b1": ok(strings.Replace(bulkIn("running", ""), `"begun":12`, `"begun":8`, 1)),
		"GET /deliveries":      listOf(five...),
	})

	page := e.get("/failures/bulk/b1")
	assert.Contains(t, page, "The first that were begun")
	assert.Contains(t, page, "The newest that were begun")
	assert.Equal(t, 2, e.count("GET /deliveries"))

	newest := e.sent("GET /deliveries").query
	assert.Equal(t, "desc", newest.Get("order"))
	assert.Equal(t, "3", newest.Get("limit"), "none is shown twice")
	assert.Equal(t, "b1", newest.Get("bulk_retry_id"))

	e.replies["GET /bulk-retries/b1"] = ok(strings.Replace(bulkIn("running", ""), `"begun":12`, `"begun":5`, 1))
	assert.NotContains(t, e.get("/failures/bulk/b1"), "The newest that were begun", "there are no others")
	assert.Equal(t, "asc", e.sent("GET /deliveries").query.Get("order"))
}

func TestWhatABulkRetryHasSkippedIsListedByReason(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"GET /bulk-retries/b1":         ok(bulkIn("running", "")),
		"GET /bulk-retries/b1/skipped": listOf(`{"delivery_id":"d7","reason":"=it was canceled; Ana asked"}`),
		"GET /deliveries":              listOf(),
	})

	skipped := e.get("/failures/bulk/b1/skipped")
	assert.Contains(t, skipped, "/deliveries/d7")
	assert.Contains(t, skipped, "=it was canceled; Ana asked.")
	assert.Empty(t, e.sent("GET /bulk-retries/b1/skipped").query.Get("reason"))
	assert.Contains(t, skipped, `/failures/bulk/b1/skipped.csv"`)

	page := e.get("/failures/bulk/b1")
	links := regexp.MustCompile(`/failures/bulk/b1(/skipped\?why=[0-9a-f]{16})"[^>]*>2<`).FindStringSubmatch(page)
	require.Len(t, links, 2, "the count of a reason leads to its list")
	assert.NotContains(t, page, "why=it", "what somebody has written stands in no address")

	skipped = e.get("/failures/bulk/b1" + links[1])
	assert.Equal(t, "it was canceled; Ana asked", e.sent("GET /bulk-retries/b1/skipped").query.Get("reason"))
	assert.Contains(t, skipped, "Only those with this reason:")

	file := strings.Replace(links[1], "skipped?", "skipped.csv?", 1)
	assert.Contains(t, skipped, "/failures/bulk/b1"+file, "the file has the same")

	answer := e.do(http.MethodGet, "/failures/bulk/b1"+file, nil)
	require.Equal(t, http.StatusOK, answer.Code)
	assert.Equal(t, `attachment; filename="skipped.csv"`, answer.Header().Get("Content-Disposition"))
	assert.Equal(t, "it was canceled; Ana asked", e.sent("GET /bulk-retries/b1/skipped").query.Get("reason"))

	rows, err := csv.NewReader(answer.Body).ReadAll()
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"delivery_id", "reason"}, {"d7", "'=it was canceled; Ana asked"}}, rows)

	for _, page := range []string{"skipped", "skipped.csv"} {
		gone := e.do(http.MethodGet, "/failures/bulk/b1/"+page+"?why=0123456789abcdef", nil)
		assert.Equal(t, http.StatusNotFound, gone.Code)
	}
}

func TestABulkRetryIsPausedResumedAndCanceled(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"GET /bulk-retries/b1":         ok(bulkIn("running", "")),
		"GET /deliveries":              listOf(),
		"POST /bulk-retries/b1/pause":  ok(bulkIn("paused", "")),
		"POST /bulk-retries/b1/resume": ok(bulkIn("running", "")),
		"POST /bulk-retries/b1/cancel": refuse(http.StatusConflict, "already_finished", "it is finished already"),
	})

	for _, command := range []string{"pause", "resume"} {
		answer := e.post("/failures/bulk/b1", "/failures/bulk/b1/"+command, url.Values{"reason": {"look first"}})
		e.requireRedirect(answer, "/failures/bulk/b1")

		sent := e.sent("POST /bulk-retries/b1/" + command)
		assert.JSONEq(t, `{"reason":"look first"}`, sent.body)
		assert.Equal(t, "once-1", sent.key)
	}

	answer := e.post("/failures/bulk/b1", "/failures/bulk/b1/cancel", url.Values{"reason": {"enough"}})
	assert.Equal(t, http.StatusConflict, answer.Code)
	assert.Contains(t, answer.Body.String(), "It is finished already.")
	assert.Contains(t, answer.Body.String(), "have had their turn", "the page is below")

	answer = e.do(http.MethodPost, "/failures/bulk/b1/pause", url.Values{"reason": {"forged"}})
	assert.Equal(t, http.StatusForbidden, answer.Code)
	assert.Equal(t, 1, e.count("POST /bulk-retries/b1/pause"))
}

func TestANewBulkRetryIsAwaited(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"GET /bulk-retries":      listOf(),
		"POST /deliveries/retry": {http.StatusAccepted, bulkIn("running", "")},
	})

	looks := 0
	e.pagesOf = func(string) reply {
		if looks++; looks < 3 {
			return refuse(http.StatusNotFound, "bulk_retry_not_found", "there is no such bulk retry")
		}

		return ok(bulkIn("running", ""))
	}

	answer := e.post("/failures/bulk", "/failures/bulk/new", url.Values{"status": {"failed"}, "reason": {"again"}})
	e.requireRedirect(answer, "/failures/bulk/b1")
	assert.Equal(t, 3, looks, "it is answered before it can be read")
}

// TestNoCellOfTheFileBeginsAFormulaWhereSemicolonsSeparate opens the file as a spreadsheet does in most of Europe.
func TestNoCellOfTheFileBeginsAFormulaWhereSemicolonsSeparate(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{
		"GET /deliveries": listOf(`{"id":"01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e","status":"failed","channel":"email",` +
			`"error_message":"550 no;=HYPERLINK(1)","created_at":"2026-11-30T09:00:00Z","updated_at":"2026-11-30T09:00:00Z"}`),
	})

	file := csv.NewReader(strings.NewReader(e.get("/failures.csv")))
	file.Comma = ';'
	file.LazyQuotes = true
	file.FieldsPerRecord = -1

	rows, err := file.ReadAll()
	require.NoError(t, err)

	for _, row := range rows {
		for _, cell := range row {
			assert.False(t, strings.HasPrefix(cell, "="), "a formula: %s", cell)
		}
	}
}

// TestARefusedBulkCommandLeavesThePageLive looks at where the page of a bulk retry is fetched again.
func TestARefusedBulkCommandLeavesThePageLive(t *testing.T) {
	t.Parallel()

	const bulk = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"

	e := newEnv(t, map[string]reply{
		"GET /bulk-retries/" + bulk: ok(`{"id":"` + bulk + `","state":"running","filter":{},"by_status":{},` +
			`"created_at":"2026-11-30T09:00:00Z","updated_at":"2026-11-30T09:00:00Z"}`),
		"POST /bulk-retries/" + bulk + "/pause": refuse(http.StatusConflict, "conflict", "it is over"),
		"GET /deliveries":                       listOf(),
	})

	answer := e.post("/failures/bulk/"+bulk, "/failures/bulk/"+bulk+"/pause", url.Values{"reason": {"r"}})
	assert.Equal(t, http.StatusConflict, answer.Code)
	assert.NotContains(t, answer.Body.String(), `/pause" hx-trigger`, "nothing is shown at the path of a form")
}
