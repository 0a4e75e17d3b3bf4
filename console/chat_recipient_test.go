package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aRecipient is the member of the chat, as it is expanded, with their consent to SMS.
func aRecipient(consent string) string {
	return `,"member":{"id":42,"name":"Bo","phone":"+15550142","kind":"person","consent":{"phone-sms":"` + consent + `"}}`
}

func TestAChatSaysThatItsMemberHasOptedOut(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(aRecipient("revoked") +
		`,"needs_response":true,"needs_response_reason":"possible_opt_out"`))

	page := e.get("/chats/5")
	assert.Equal(t, "member", e.sent("GET /chats/5").query.Get("expand"))
	assert.Contains(t, page, "has opted out of SMS.")
	assert.NotContains(t, page, "Decide whether they have opted out", "that is decided")

	e.replies["GET /chats/5"] = ok(aChat(aRecipient("granted") +
		`,"needs_response":true,"needs_response_reason":"possible_opt_out"`))

	page = e.get("/chats/5")
	assert.NotContains(t, page, "has opted out of SMS.")
	assert.Contains(t, page, "Decide whether they have opted out")
}

func TestAChatSaysWhatKeepsItsMessagesFromItsMember(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(aRecipient("granted")))
	e.replies["GET /suppressions"] = listOf(
		`{"id":6,"address":"+15550142","channel":"phone-sms","reason":"opt_out","sender":"phone:3","sender_address":"+15550100"}`,
		`{"id":7,"address":"+15550142","channel":"phone-sms","reason":"manual","sender":"phone:9","sender_address":"+15550999"}`,
	)

	page := e.get("/chats/5")
	assert.Contains(t, page, "No SMS from +15550100 reaches")
	assert.NotContains(t, page, "+15550999", "it is of another sender")

	query := e.sent("GET /suppressions").query
	assert.Equal(t, "+15550142", query.Get("address"))
	assert.Equal(t, "phone-sms", query.Get("channel"))
}

func TestAChatNamesItsSenderAndOffersOthers(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /phone-numbers"] = listOf(
		`{"id":3,"name":"Support","number":"+15550100","revoked_at":"2026-11-30T09:00:00Z"}`,
		`{"id":4,"messaging_service_sid":"MG1"}`,
	)

	page := e.get("/chats/5")
	assert.Contains(t, page, "Support (+15550100) may not be used any more")
	assert.Contains(t, page, `<option value="4">MG1</option>`)
	assert.NotContains(t, page, `<option value="3"`)

	e.scopes = readOnlyScopes
	assert.NotContains(t, e.get("/chats/5"), "/chats/5/sender")
}

func TestAnEmailChatIsGivenAnotherInbox(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(`{"id":5,"channel":"email","state":"open","inbox_id":1}`)
	e.replies["GET /inboxes"] = listOf(`{"id":1,"address":"us@b.example"}`, `{"id":2,"address":"help@b.example"}`)
	e.replies["PATCH /chats/5"] = ok(aChat(""))

	assert.Contains(t, e.get("/chats/5"), "help@b.example")
	e.requireRedirect(e.post("/chats/5", "/chats/5/sender", url.Values{"sender": {"2"}}), "/chats/5")
	assert.JSONEq(t, `{"inbox_id":2}`, e.sent("PATCH /chats/5").body)
}

func TestAMessageNamesThePersonWhoHasWrittenIt(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /members/50"] = ok(`{"id":50,"name":"Mara"}`)
	e.replies["GET /chats/5/messages"] = listOf(
		`{"id":2,"uuid":"`+secondMessage+`","role":"assistant","state":"sent","member_id":2,"written_by":50,"content":"By hand",
			"member":{"id":2,"name":"Robin"}}`,
		`{"id":1,"uuid":"`+firstMessage+`","role":"assistant","state":"sent","member_id":2,"content":"By itself",
			"member":{"id":2,"name":"Robin"}}`,
	)

	page := e.get("/chats/5")
	assert.Contains(t, page, "<strong>Mara</strong>, in the place of Robin, the assistant")
	assert.Contains(t, page, "<strong>Robin, as the assistant</strong>")
}

func TestAQuestionToAContributorDoesNotLookLikeAMessageToTheCustomer(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /contributor-requests"] = listOf(`{"id":"q1","chat_id":5,"asks":[
		{"id":"ask-1","member_id":43,"member_name":"Priya","channel":"phone-sms"}]}`)
	e.replies["GET /chats/5/messages"] = listOf(
		`{"id":2,"uuid":"`+secondMessage+`","role":"user","state":"received","member_id":43,"ask_id":"ask-1","content":"Six"}`,
		`{"id":1,"uuid":"`+firstMessage+`","role":"assistant","state":"sent","member_id":2,"ask_id":"ask-1","content":"How many seats?",
			"delivery":{"id":"`+chatDelivery+`","to":"+15550143"}}`,
	)
	e.replies["GET /members/43"] = ok(`{"id":43,"name":"Priya"}`)
	e.replies["GET /members/2"] = ok(`{"id":2,"name":"Robin"}`)

	page := e.get("/chats/5")
	assert.Equal(t, "5", e.sent("GET /contributor-requests").query.Get("chat_id"))
	assert.Contains(t, page, "It went to Priya by SMS, and not to the customer.")
	assert.Contains(t, page, "The answer of Priya to the assistant.")
	assert.Contains(t, page, "message from-us aside")
	assert.NotContains(t, page, "another address")
}

func TestAMessageToAnotherAddressSaysSo(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(aRecipient("granted")))

	for to, isOther := range map[string]bool{"+15550142": false, "+15550177": true} {
		e.replies["GET /chats/5/messages"] = listOf(`{"id":2,"uuid":"` + secondMessage + `","role":"assistant","state":"sent",
			"content":"Hi","delivery":{"id":"` + chatDelivery + `","to":"` + to + `"}}`)

		page := e.get("/chats/5")
		assert.Equal(t, isOther, indexOf(page, "It went to "+to+", which is not the address that") >= 0)
	}
}

func TestAParticipantIsNamedAndNotNumbered(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["POST /chats/5/participants"] = ok(`{"success":true,"participant_id":10}`)

	page := e.get("/chats/5")
	assert.Contains(t, page, `<option value="Priya Raman (43)">person, priya@a.example</option>`)

	for _, name := range []string{"Priya Raman (43)", "priya raman", "43"} {
		e.requireRedirect(e.post("/chats/5", "/chats/5/participants", url.Values{"member_id": {name}}), "/chats/5")
		assert.JSONEq(t, `{"member_id":43}`, e.sent("POST /chats/5/participants").body)
	}

	answer := e.post("/chats/5", "/chats/5/participants", url.Values{"member_id": {"Priya"}})
	require.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "Nobody has the name “Priya”: write one of Bo (42), Priya Raman (43).")
	assert.Contains(t, answer.Body.String(), `name="member_id" value="Priya"`)
}

func TestTheCommandsOfParticipantsAreFoldedAway(t *testing.T) {
	page := newEnv(t, chatReplies()).get("/chats/5")

	folded := indexOf(page, `<details class="quiet">`)
	require.Positive(t, folded)
	assert.Less(t, folded, indexOf(page, "Remove Ana"))
}

func TestTheFormOfASummarySaysWhatBecomesOfTheTitle(t *testing.T) {
	e := newEnv(t, chatReplies())
	e.replies["GET /chats/5"] = ok(aChat(`,"summary":"So","summary_model":"offline"`))

	page := e.get("/chats/5")
	assert.Contains(t, page, "the title “Table for two” may be replaced, too")
	assert.Contains(t, page, "without a model (offline)")

	e.replies["GET /chats/5"] = ok(aChat(`,"summary":"So","summary_model":"gpt-4.1","title_edited":true`))

	page = e.get("/chats/5")
	assert.Contains(t, page, "the title stays, since a person has written it")
	assert.Contains(t, page, "Written by the model gpt-4.1.")
}
