package console_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
