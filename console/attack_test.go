package console_test

import (
	"context"
	"encoding/csv"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// TestALinkFromElsewhereLogsNobodyOut follows a link in a mail or a chat: the browser sends no strict cookie on it, which
// says nothing of the session that it has.
func TestALinkFromElsewhereLogsNobodyOut(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)
	request := httptest.NewRequest(http.MethodGet, console.Root+"/w/"+theWorkspace+"/decisions", nil)
	request.Header.Set("Sec-Fetch-Site", "cross-site")

	answer := httptest.NewRecorder()
	e.pages.ServeHTTP(answer, request)

	assert.Empty(t, answer.Header().Values("Set-Cookie"), "a cookie that was not sent is not removed")
}

// TestNoOtherSiteLogsABrowserIn plays a page elsewhere that posts a key of its own, so that somebody works as another
// member without knowing it.
func TestNoOtherSiteLogsABrowserIn(t *testing.T) {
	t.Parallel()

	for name, header := range map[string][2]string{
		"by Sec-Fetch-Site": {"Sec-Fetch-Site", "cross-site"},
		"by Origin":         {"Origin", "https://evil.example"},
	} {
		e := newEnv(t, map[string]reply{
			"POST /sessions": {http.StatusCreated, `{"id":2,"kind":"session","key":"hr_session_evil"}`},
		})

		form := url.Values{
			"workspace": {theWorkspace},
			"key":       {"hr_of_somebody_else"},
			"back":      {console.Root + "/w/none"},
		}
		request := httptest.NewRequest(http.MethodPost, console.Root+"/login", strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set(header[0], header[1])

		answer := httptest.NewRecorder()
		e.pages.ServeHTTP(answer, request)

		assert.Empty(t, answer.Header().Values("Set-Cookie"), name)
		assert.Zero(t, e.count("POST /sessions"), name)
	}
}

// TestAnAnswerWithoutABodyIsNoPanic has the API, or what is before it, answer 204.
func TestAnAnswerWithoutABodyIsNoPanic(t *testing.T) {
	t.Parallel()

	e := newEnv(t, map[string]reply{"GET /session": {http.StatusNoContent, ""}})

	require.NotPanics(t, func() {
		answer := e.do(http.MethodGet, "/settings", nil)
		assert.Equal(t, http.StatusBadGateway, answer.Code)
	})
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

// TestDecisionsTakeFewCalls counts the calls of the API for a page with twenty of a kind. The key of a session may make
// 100 at once and 50 a second, and the page is made anew whenever something happens.
func TestDecisionsTakeFewCalls(t *testing.T) {
	t.Parallel()

	var calls []string

	const one = `{"call_id":"c","name":"x","status":"unknown","chat_id":1,"action_id":"`

	replies := map[string]reply{
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
	assert.False(t, strings.Contains(answer.Body.String(), `/pause" hx-trigger`), "nothing is shown at the path of a form")
}

// TestASilentProviderHoldsNobody has the OpenID provider accept connections and say nothing.
func TestASilentProviderHoldsNobody(t *testing.T) {
	t.Parallel()

	silent := make(chan struct{})
	issuer := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))

	t.Cleanup(issuer.Close)
	t.Cleanup(func() { close(silent) })

	pages, err := console.New(console.Config{
		API:    "http://127.0.0.1:1",
		Doer:   issuer.Client(),
		Logger: slog.New(slog.DiscardHandler),
		OpenID: &console.OpenID{Issuer: issuer.URL, ClientID: "c", ClientSecret: "s", PublicURL: "https://h.example"},
	})
	require.NoError(t, err)

	answered := make(chan struct{})

	go func() {
		defer close(answered)

		// The browser has left before the provider answers.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()

		form := url.Values{"workspace": {theWorkspace}}.Encode()
		request := httptest.NewRequestWithContext(ctx, http.MethodPost, console.Root+"/login/openid", strings.NewReader(form))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		pages.ServeHTTP(httptest.NewRecorder(), request)
	}()

	select {
	case <-answered:
	case <-time.After(2 * time.Second):
		t.Error("a login waits for ever, and all others wait for it")
	}
}

// TestAPreviewShowsWhatAColleagueHasWritten: a preview that counts a message as seen must have shown it. Otherwise two
// people answer a customer differently, and what was sent a moment ago is sent again after the browser's back button.
func TestAPreviewShowsWhatAColleagueHasWritten(t *testing.T) {
	t.Parallel()

	e := newEnv(t, composeReplies())
	e.replies["GET /chats/5/messages"] = listOf(ourMessage, theirMessage)

	page := e.post("/chats/5", "/chats/5/preview", url.Values{
		"message": {"We are full tonight."},
		"seen":    {firstMessage},
	}).Body.String()

	if strings.Contains(page, `name="seen" value="`+secondMessage+`"`) {
		assert.True(t, strings.Contains(page, "Yes, it is."), "what counts as seen was shown")
	}
}

// TestAPersonWithAnOddAddressIsShown: who writes from a short code has an address by which the API finds nobody.
func TestAPersonWithAnOddAddressIsShown(t *testing.T) {
	t.Parallel()

	e := newEnv(t, personReplies())
	e.replies["GET /suppressions"] = refuse(http.StatusBadRequest, "invalid_request",
		"query.address must be a number that exists, in the form +14155550123 (E.164)")

	assert.Equal(t, http.StatusOK, e.do(http.MethodGet, "/people/42", nil).Code)
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

// TestALoginLinkTakesNoAPIKey: "it works once" is not so of a key, which somebody else may have put in the link.
func TestALoginLinkTakesNoAPIKey(t *testing.T) {
	t.Parallel()

	e := newEnv(t, nil)
	address := console.Root + "/login?workspace=" + theWorkspace + "&token=hr_key_of_somebody_else"

	answer := httptest.NewRecorder()
	e.pages.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, address, nil))

	assert.False(t, strings.Contains(answer.Body.String(), "hr_key_of_somebody_else"), "the key is not offered")
}
