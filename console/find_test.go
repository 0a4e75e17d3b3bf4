package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/console"
)

// findReplies are the answers of an API in which nothing is found.
func findReplies() map[string]reply {
	nothing := refuse(http.StatusNotFound, "not_found", "there is none")

	return map[string]reply{
		"GET /deliveries/" + chatDelivery: nothing,
		"GET /actions/" + chatDelivery:    nothing,
		"GET /inbound/" + chatDelivery:    nothing,
		"GET /chats/42":                   nothing,
		"GET /members/42":                 nothing,
		"GET /chats/4155550101":           nothing,
		"GET /members/4155550101":         nothing,
		"GET /members":                    listOf(),
		"GET /chats":                      listOf(),
		"GET /deliveries":                 listOf(),
		"GET /phone-numbers":              listOf(`{"id":1,"number":"+14155550100"}`),
	}
}

func TestAnIDLeadsToWhatHasIt(t *testing.T) {
	for call, c := range map[string]struct{ body, text, path string }{
		"GET /deliveries/" + chatDelivery: {`{"id":"d"}`, chatDelivery, "/deliveries/" + chatDelivery},
		"GET /actions/" + chatDelivery:    {`{"action_id":"a"}`, chatDelivery, "/actions/" + chatDelivery},
		"GET /inbound/" + chatDelivery:    {`{"id":"i"}`, chatDelivery, "/inbound/" + chatDelivery},
		"GET /chats/42":                   {`{"id":42}`, "42", "/chats/42"},
		"GET /members/42":                 {`{"id":42}`, "42", "/people/42"},
		"GET /chats/11":                   {`{"id":11}`, "chat11", "/chats/11"},
		"GET /members/12":                 {`{"id":12}`, "Member12", "/people/12"},
	} {
		e := newEnv(t, findReplies())
		e.replies[call] = ok(c.body)

		e.requireRedirect(e.do(http.MethodGet, "/find?q="+c.text, nil), c.path)
		e.requireRedirect(e.post("/find", "/find", url.Values{"q": {" " + c.text + " "}}), "/find?q="+c.text)
	}
}

func TestANumberThatSeveralHaveOffersAll(t *testing.T) {
	e := newEnv(t, findReplies())
	e.replies["GET /chats/42"] = ok(`{"id":42}`)
	e.replies["GET /members/42"] = ok(`{"id":42}`)

	page := e.get("/find?q=42")
	assert.Contains(t, page, `/chats/42"`)
	assert.Contains(t, page, `/people/42"`)
}

func TestPeopleAndChatsAreFoundByAllThatTheyHave(t *testing.T) {
	for text, want := range map[string]struct{ field, value string }{
		"+1 (555) 01-42": {"phone", "+15550142"},
		"(415) 555-0101": {"phone", "+14155550101"},
		"4155550101":     {"phone", "+14155550101"},
		"bo@a.example":   {"email", "bo@a.example"},
		"Bo":             {"q", "Bo"},
		"crm-1":          {"external_id", "crm-1"},
	} {
		e := newEnv(t, findReplies())
		e.replies["GET /members"] = listOf(theMember)
		e.replies["GET /chats"] = listOf(aChat(""))

		page := e.get(e.find("/find", url.Values{"q": {text}}))

		asked := false
		for _, call := range e.calls["GET /members"] {
			asked = asked || call.query.Get(want.field) == want.value
		}

		assert.True(t, asked, "%s by %s", text, want.field)
		assert.Contains(t, page, "/people/42")
		assert.Contains(t, page, "Table for two")
	}
}

func TestTheSearchAtTheHeadOfPagesIsPosted(t *testing.T) {
	e := newEnv(t, findReplies())
	page := e.get("/find")

	assert.Contains(t, page, `<form class="find" role="search" method="post"`)

	answer := e.do(http.MethodPost, "/find", url.Values{"q": {"Bo"}})
	assert.Equal(t, http.StatusForbidden, answer.Code, "without its token")
	assert.Zero(t, e.count("GET /members"))
}

func TestFindSaysThatNothingWasFound(t *testing.T) {
	e := newEnv(t, findReplies())

	assert.Contains(t, e.get("/find?q=nobody"), "Nothing that your session may read")
	assert.Contains(t, e.get("/find?q="+chatDelivery), "Nothing that your session may read")
}

// find posts a search, and returns the path to which it leads.
func (e *env) find(page string, fields url.Values) string {
	e.t.Helper()

	answer := e.post(page, page, fields)
	require.Equal(e.t, http.StatusSeeOther, answer.Code, answer.Body.String())

	return strings.TrimPrefix(answer.Header().Get("Location"), console.Root+"/w/"+theWorkspace)
}

func TestASearchHasAnAddressToComeBackToWithoutPersonalData(t *testing.T) {
	for text, isShown := range map[string]bool{
		"Bo":             true,
		"Table for two":  true,
		"+1 415 5550101": false,
		"4155550101":     false,
		"bo@a.example":   false,
	} {
		e := newEnv(t, findReplies())
		e.replies["GET /members"] = listOf(theMember)

		path := e.find("/find", url.Values{"q": {text}})
		assert.Equal(t, isShown, strings.Contains(path, url.QueryEscape(text)), path)

		for range 2 {
			assert.Contains(t, e.get(path), `name="q" value="`+text+`"`, "it is found again")
		}
	}
}

func TestASealedSearchIsReadByItsSessionOnly(t *testing.T) {
	e := newEnv(t, findReplies())
	path := e.find("/find", url.Values{"q": {"bo@a.example"}})

	assert.NotEqual(t, path, e.find("/find", url.Values{"q": {"bo@a.example"}}), "the same text looks different")

	request := httptest.NewRequest(http.MethodGet, console.Root+"/w/"+theWorkspace+path, nil)
	request.AddCookie(&http.Cookie{Name: "__Secure-handrail_session_" + theWorkspace, Value: "hr_other"})

	answer := httptest.NewRecorder()
	e.pages.ServeHTTP(answer, request)
	assert.Equal(t, http.StatusOK, answer.Code)
	assert.NotContains(t, answer.Body.String(), "bo@a.example")
	assert.Zero(t, e.count("GET /members"))
}

func TestAnErrorCodeLeadsToItsFailures(t *testing.T) {
	for text, code := range map[string]string{
		"twilio_30003": "twilio_30003",
		"30003":        "twilio_30003",
	} {
		e := newEnv(t, findReplies())
		e.replies["GET /deliveries"] = listOf(`{"id":"d"}`)
		e.replies["GET /chats/30003"] = e.replies["GET /chats/42"]
		e.replies["GET /members/30003"] = e.replies["GET /chats/42"]

		e.requireRedirect(e.do(http.MethodGet, "/find?q="+text, nil), "/failures?error_code="+code)
		assert.Equal(t, code, e.sent("GET /deliveries").query.Get("error_code"))
	}
}
