package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
		"GET /members":                    listOf(),
		"GET /chats":                      listOf(),
	}
}

func TestAnIDLeadsToWhatHasIt(t *testing.T) {
	for call, c := range map[string]struct{ body, text, path string }{
		"GET /deliveries/" + chatDelivery: {`{"id":"d"}`, chatDelivery, "/deliveries/" + chatDelivery},
		"GET /actions/" + chatDelivery:    {`{"action_id":"a"}`, chatDelivery, "/actions/" + chatDelivery},
		"GET /inbound/" + chatDelivery:    {`{"id":"i"}`, chatDelivery, "/inbound/" + chatDelivery},
		"GET /chats/42":                   {`{"id":42}`, "42", "/chats/42"},
		"GET /members/42":                 {`{"id":42}`, "42", "/people/42"},
	} {
		e := newEnv(t, findReplies())
		e.replies[call] = ok(c.body)

		e.requireRedirect(e.do(http.MethodGet, "/find?q="+c.text, nil), c.path)
		e.requireRedirect(e.post("/find", "/find", url.Values{"q": {" " + c.text + " "}}), c.path)
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
		"bo@a.example":   {"email", "bo@a.example"},
		"Bo":             {"q", "Bo"},
		"crm-1":          {"external_id", "crm-1"},
	} {
		e := newEnv(t, findReplies())
		e.replies["GET /members"] = listOf(theMember)
		e.replies["GET /chats"] = listOf(aChat(""))

		answer := e.post("/find", "/find", url.Values{"q": {text}})
		require.Equal(t, http.StatusOK, answer.Code)

		asked := false
		for _, call := range e.calls["GET /members"] {
			asked = asked || call.query.Get(want.field) == want.value
		}

		assert.True(t, asked, "%s by %s", text, want.field)
		assert.Contains(t, answer.Body.String(), "/people/42")
		assert.Contains(t, answer.Body.String(), "Table for two")
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

// TestNoAddressOfAPersonIsFoundByALink: it would stand in the browser's history, and in logs.
func TestNoAddressOfAPersonIsFoundByALink(t *testing.T) {
	e := newEnv(t, findReplies())

	for _, text := range []string{"bo@a.example", "+15550142", "15550142199", "+1 (555) 01-42"} {
		answer := e.do(http.MethodGet, "/find?"+url.Values{"q": {text}}.Encode(), nil)
		assert.Equal(t, http.StatusBadRequest, answer.Code, text)
		assert.Contains(t, answer.Body.String(), "found by the form only")
	}

	assert.Zero(t, e.count("GET /members"))
}
