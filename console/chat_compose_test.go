package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func splitComma(values []string) []string {
	var all []string
	for _, value := range values {
		all = append(all, strings.Split(value, ",")...)
	}

	return all
}

func indexOf(page, text string) int { return strings.Index(page, text) }

// composeReplies are the answers that a preview needs.
func composeReplies() map[string]reply {
	replies := chatReplies()
	replies["POST /chats/5/preview-message"] = ok(`{"channel":"phone-sms","from":"+15550100","to":"+15550142",` +
		`"text":"<b>Und</b>","segments":2,"needs_approval":true}`)

	return replies
}

func TestAMessageIsShownBeforeItIsSent(t *testing.T) {
	e := newEnv(t, composeReplies())
	answer := e.post("/chats/5", "/chats/5/preview", url.Values{
		"message": {"<b>Ünd</b>"},
		"seen":    {secondMessage},
		"call":    {"book_table"},
	})
	require.Equal(t, http.StatusOK, answer.Code)

	page := answer.Body.String()
	for _, want := range []string{
		"&lt;b&gt;Ünd&lt;/b&gt;",
		"at +15550142",
		"+15550100",
		"&lt;b&gt;Und&lt;/b&gt;",
		"2 SMS",
		"Run this tool, too",
		"until a second member has approved its tools",
		"sending takes the chat over",
		`name="call" value="book_table"`,
		`name="call.0.arg.seats"`,
		"until a second member has approved it",
		`<option value="noon">`,
		`formaction="/console/w/` + theWorkspace + `/chats/5/send"`,
	} {
		assert.Contains(t, page, want)
	}

	assert.NotContains(t, page, "This was written meanwhile")
	assert.NotContains(t, page, "Run a tool first", "one runs already")
	assert.Equal(t, "private, no-cache", answer.Header().Get("Cache-Control"), "one can come back to it")
	assert.Less(t, indexOf(page, "call.0.arg.seats"), indexOf(page, "call.0.arg.terrace"), "what is required is first")
	assert.Zero(t, e.count("POST /chats/5/send-assistant-message"), "nothing is sent by a preview")
}

func TestAToolThatWasChosenJustNowIsToBeFilledInFirst(t *testing.T) {
	e := newEnv(t, composeReplies())

	page := e.post("/chats/5", "/chats/5/preview", url.Values{
		"message": {"Hello"},
		"seen":    {secondMessage},
		"add":     {"book_table"},
	}).Body.String()

	assert.Contains(t, page, "Fill in the tool below")
	assert.Contains(t, page, `name="call.0.arg.seats"`)
	assert.Zero(t, e.count("POST /chats/5/preview-message"), "it would be refused for what nobody could give yet")
}

func TestAPreviewOfAnEmailIsShownInAFrameOfItsOwn(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["POST /chats/5/preview-message"] = ok(`{"channel":"email","subject":"Re: Table","text":"Hi","html":` +
		`"<style>p{}</style><p style='x'>Hi <a href='https://example.com/?a=1&amp;b=2'>there</a>` +
		`<a href='javascript:alert(1)'>no</a><img src='https://example.com/p.png'><script>alert(1)</script></p>",` +
		`"needs_approval":false,"refusal":{"code":"recipient_opted_out","detail":"the recipient has opted out"}}`)

	page := e.post("/chats/5", "/chats/5/preview", url.Values{
		"message": {"Hi"},
		"seen":    {secondMessage},
	}).Body.String()

	assert.Contains(t, page, "It would be refused now.")
	assert.Contains(t, page, "The recipient has opted out.")
	assert.Contains(t, page, "Re: Table")
	assert.Contains(t, page, ` sandbox srcdoc="`)
	assert.Contains(t, page, "&lt;p&gt;Hi &lt;a href=")

	for _, wrong := range []string{"alert(1)", "p.png", "p{}", "style=", "<p style"} {
		assert.NotContains(t, page, wrong)
	}
}

func TestAPreviewThatTheAPIRefusesKeepsWhatWasTyped(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["POST /chats/5/preview-message"] = reply{
		http.StatusBadRequest,
		`{"status":400,"code":"message_too_long","detail":"message must have at most 1,600 characters"}`,
	}

	page := e.post("/chats/5", "/chats/5/preview", url.Values{
		"message": {"Long"},
		"seen":    {secondMessage},
	}).Body.String()

	assert.Contains(t, page, "at most 1,600 characters")
	assert.Contains(t, page, ">Long</textarea>")
}

func TestAPreviewShowsWhatCameMeanwhile(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["GET /chats/5/messages"] = listOf(theirMessage, ourMessage)

	page := e.post("/chats/5", "/chats/5/preview", url.Values{
		"message": {"Hello"},
		"seen":    {secondMessage},
	}).Body.String()

	assert.Contains(t, page, "This was written meanwhile")
	assert.Contains(t, page, "Is it free?")
	assert.Contains(t, page, `name="seen" value="`+firstMessage+`"`, "what is shown is seen")
}

func TestAMessageIsSentAsAPersonWithTheLastMessageSeen(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["POST /chats/5/send-assistant-message"] = reply{http.StatusAccepted, `{"action_id":"` + chatAction + `"}`}

	answer := e.post("/chats/5", "/chats/5/send", url.Values{
		"message":            {"Booked."},
		"seen":               {secondMessage},
		"call":               {"book_table", "book_table"},
		"call.0.remove":      {"true"},
		"call.1.arg.seats":   {"2"},
		"call.1.arg.terrace": {"false"},
		"call.1.arg.wishes":  {`["window"]`},
		"call.1.arg.when":    {"night"},
	})
	e.requireRedirect(answer, "/chats/5?action="+chatAction+"#sent")

	sent := e.sent("POST /chats/5/send-assistant-message")
	assert.Equal(t, "once-1", sent.key)
	assert.JSONEq(t, `{"message":"Booked.","author_kind":"person","if_last_message":"`+secondMessage+`","tool_calls":[
		{"name":"book_table","arguments":{"seats":2,"terrace":false,"wishes":["window"],"when":"night"}}]}`, sent.body)

	e.replies["GET /actions/"+chatAction] = ok(`{"action_id":"` + chatAction + `","status":"waiting_for_approval",
		"explanation":"a second member has to approve it"}`)
	page := e.get("/chats/5?action=" + chatAction)
	assert.Contains(t, page, `id="sent"`)
	assert.Contains(t, page, "/actions/"+chatAction)
	assert.Contains(t, page, "A second member has to approve it.")
}

func TestAMessageThatCameMeanwhileStopsTheSendAndIsShown(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["GET /chats/5/messages"] = listOf(theirMessage, ourMessage)
	e.replies["POST /chats/5/send-assistant-message"] = refuse(http.StatusConflict, "chat_moved_on",
		"the customer has written since the message that the caller had seen last; nothing was sent")

	answer := e.post("/chats/5", "/chats/5/send", url.Values{"message": {"Too late"}, "seen": {secondMessage}})
	require.Equal(t, http.StatusConflict, answer.Code)

	page := answer.Body.String()
	assert.Contains(t, page, "The customer has written since")
	assert.Contains(t, page, "Is it free?")
	assert.Contains(t, page, ">Too late</textarea>", "what was typed is not lost")
	assert.Contains(t, page, `name="seen" value="`+firstMessage+`"`)
	assert.NotContains(t, page, `value="once-1"`, "another request needs another key")
}

func TestAMessageThatHasFailedLeadsToItsDelivery(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["POST /chats/5/send-assistant-message"] = reply{
		http.StatusInternalServerError,
		`{"status":500,"code":"delivery_failed","detail":"twilio refused it","delivery_id":"` + chatDelivery + `"}`,
	}

	answer := e.post("/chats/5", "/chats/5/send", url.Values{"message": {"Hello"}})
	e.requireRedirect(answer, "/deliveries/"+chatDelivery)
}

func TestASendThatWasRefusedLaterSaysSoInItsChat(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["GET /actions/"+chatAction] = refuse(http.StatusNotFound, "action_not_found",
		"the action was refused (chat_moved_on) and has left nothing")

	page := e.get("/chats/5?action=" + chatAction)
	assert.Contains(t, page, "was refused (chat_moved_on)")
	assert.Contains(t, page, "Is it free?", "the chat is shown")
}

func TestASendWithoutAnAnswerCanBeRepeatedOnce(t *testing.T) {
	e := newEnv(t, composeReplies())
	e.replies["POST /chats/5/send-assistant-message"] = reply{http.StatusBadGateway, "<html>"}

	answer := e.post("/chats/5", "/chats/5/send", url.Values{"message": {"Hello"}, "seen": {secondMessage}})
	require.Equal(t, http.StatusBadGateway, answer.Code)

	page := answer.Body.String()
	assert.Contains(t, page, "may be under way or not")
	assert.Contains(t, page, ">Hello</textarea>")
	assert.Contains(t, page, `name="once" value="once-1"`, "the same key: nothing is sent twice")
}

func TestWrongArgumentsStopTheSendBeforeTheAPI(t *testing.T) {
	e := newEnv(t, composeReplies())

	for _, c := range []struct{ field, value, want string }{
		{"seats", "two", "seats must be a number"},
		{"wishes", "[window", "wishes must be JSON"},
	} {
		answer := e.post("/chats/5", "/chats/5/send", url.Values{
			"message":               {"Booked."},
			"call":                  {"book_table"},
			"call.0.arg." + c.field: {c.value},
		})
		require.Equal(t, http.StatusBadRequest, answer.Code)
		assert.Contains(t, answer.Body.String(), c.want)
		assert.Contains(t, answer.Body.String(), c.value, "what was typed is not lost")
	}

	assert.Zero(t, e.count("POST /chats/5/send-assistant-message"))
}

func TestADraftGoesBackToTheChatWithItsText(t *testing.T) {
	e := newEnv(t, composeReplies())

	page := e.post("/chats/5", "/chats/5/draft", url.Values{"message": {"Not yet"}, "seen": {firstMessage}}).Body.String()
	assert.Contains(t, page, ">Not yet</textarea>")
	assert.Contains(t, page, `name="seen" value="`+firstMessage+`"`)
	assert.Contains(t, page, `id="compose" data-dirty>`, "what was written survives live updates")
}

func TestNobodyTakesAChatFromAColleagueUnawares(t *testing.T) {
	e := newEnv(t, composeReplies())
	chat := strings.Replace(e.replies["GET /chats/5"].body, `"id":5,`, `"id":5,"taken_over_by":8,`, 1)
	e.replies["GET /chats/5"] = ok(chat)
	e.replies["GET /members/8"] = ok(`{"id":8,"name":"Noor"}`)
	e.replies["POST /chats/5/send-assistant-message"] = ok(`{"action_id":"` + chatDelivery + `"}`)

	form := url.Values{"message": {"Hello"}, "seen": {secondMessage}}

	page := e.post("/chats/5", "/chats/5/preview", form).Body.String()
	assert.Contains(t, page, "I take this chat over from Noor.")

	answer := e.post("/chats/5", "/chats/5/send", form)
	assert.Equal(t, http.StatusBadRequest, answer.Code)
	assert.Contains(t, answer.Body.String(), "Somebody else has taken this chat over meanwhile.")
	assert.Zero(t, e.count("POST /chats/5/send-assistant-message"))

	form.Set("take_over_from", "8")
	e.post("/chats/5", "/chats/5/send", form)
	assert.Equal(t, 1, e.count("POST /chats/5/send-assistant-message"))
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
		assert.Contains(t, page, "Yes, it is.", "what counts as seen was shown")
	}
}
