package service_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// twilioInbound is where Twilio tells what came in.
const twilioInbound = "/webhooks/twilio/inbound"

// customers are as many chats of the number as there are names, in the names' order.
func (w *env) customers(names []string) map[string]customer {
	w.Helper()

	all := make(map[string]customer, len(names))

	for i, name := range names {
		phone := fmt.Sprintf("+1415555%04d", 2000+i)
		member, id := w.customerChat(fmt.Sprintf("Customer %d", i), phone)
		all[name] = customer{member: member, chat: id, phone: phone}
	}

	return all
}

type customer struct {
	member chat.MemberID
	chat   chat.ChatID
	phone  string
}

// A whole message that is one of the words ends it at once, however it is written.
func TestAWordThatEndsItEndsIt(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	words := []string{
		"stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe", "OPT-OUT", "Opt Out.", "STOP ALL", "STOPALL",
		"UNSUB", "ARRET", "ARRETE", "ARRÊT", "ARRETT", "Stop 🛑", "S T O P", "Abmelden", "BAJA", "СТОП", "退订",
	}

	for word, c := range w.customers(words) {
		w.writes(c.phone, word)

		refused := w.call("POST", sendPath(c.chat), sendBody("An offer"))
		assert.Equal(t, "recipient_opted_out", refused.at("code"), "%s: %s", word, refused.raw)
		assert.Empty(t, w.texts(c.phone), word)
	}
}

// What may ask for no more messages holds what waits, and a person decides.
func TestWordsThatMayEndItHoldWhatWaits(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	words := []string{
		"please stop texting me", "do not contact me again", "stop. thank you", "Ne me contactez plus",
		"Bitte keine weiteren Nachrichten", "No me escriban más",
	}

	all := w.customers(words)
	waiting := map[string]string{}

	w.setFaults(sandbox.Fault{Kind: sandbox.FaultRateLimit, Delay: time.Hour})

	for word, c := range all {
		r := w.call("POST", sendPath(c.chat), sendBody("An offer"), "Prefer", "wait=1")
		require.Equal(t, http.StatusAccepted, r.status, r.raw)

		waiting[word] = r.at("delivery", "id").(string)
	}

	for word, c := range all {
		closed := w.call("PATCH", fmt.Sprintf("/chats/%d", c.chat), map[string]any{"state": "closed"})
		require.Equal(t, http.StatusOK, closed.status, closed.raw)
		w.writes(c.phone, word)

		d := w.delivery(waiting[word])
		assert.Equal(t, "possible_opt_out", d.at("error_code"), "%s: %s", word, d.raw)

		shown := w.call("GET", fmt.Sprintf("/chats/%d", c.chat), nil)
		assert.Equal(t, true, shown.at("needs_response"), word)
		assert.Equal(t, "open", shown.at("state"), word)
		assert.Equal(t, "possible_opt_out", shown.at("needs_response_reason"), "%s: %s", word, shown.raw)
	}

	w.setFaults()

	for i, word := range words {
		decision := "opt-out"
		if i == 0 {
			decision = "not-opt-out"
		}

		c := all[word]
		decided := w.call("POST", fmt.Sprintf("/members/%d/%s", c.member, decision), map[string]any{"channel": "phone-sms"})
		assert.Equal(t, http.StatusOK, decided.status, decided.raw)

		again := w.call("POST", sendPath(c.chat), sendBody("Another"))
		assert.Equal(t, i != 0, again.at("code") == "recipient_opted_out", "%s: %s", word, again.raw)
	}
}

// An answer that would be taken for the wish to hear no more is no choice.
func TestAChoiceThatEndsItIsRefused(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Cem", cook, "")

	for _, option := range []string{"cancel", "end", "stop", "Opt out", "Unsubscribe"} {
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody("We ship it.", newToolCall("contributor_input_request", map[string]any{
			"question": "Ship it?",
			"expects":  map[string]any{"enum": []string{"ship", option}},
		})))
		assert.Equal(t, http.StatusBadRequest, r.status, "%s: %s", option, r.raw)
	}

	assert.Empty(t, w.texts(cook))
}

// A messaging service's chat is found though its number is a sender too; STOP holds for both.
func TestAServiceGoesBeforeItsNumber(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	const number, sid = "+12127361111", "MG0123456789abcdef0123456789abcdef"
	chats := map[string]chat.ChatID{}

	for name, body := range map[string]map[string]any{
		"number":  {"number": number},
		"service": {"messaging_service_sid": sid},
	} {
		sender := w.call("POST", "/phone-numbers", body)
		require.Equal(t, http.StatusCreated, sender.status, sender.raw)

		chats[name] = w.openSMSChat(sender.at("id"))
	}

	for from, text := range map[string]string{"+14155550101": "Yes, please.", "rcs:+14155550101": "Yes, by RCS."} {
		w.postSMS(twilioInbound, url.Values{"From": {from}, "To": {number}, "MessagingServiceSid": {sid}, "Body": {text}})
		assert.Equal(t, text, w.newest(chats["service"]))
	}

	w.postSMS(twilioInbound, url.Values{
		"From": {"+14155550101"}, "To": {number}, "MessagingServiceSid": {sid}, "Body": {"STOP"},
	})

	for name, id := range chats {
		refused := w.call("POST", sendPath(id), sendBody("One more"))
		assert.Equal(t, "recipient_opted_out", refused.at("code"), "%s: %s", name, refused.raw)
	}
}

// openSMSChat opens a chat of Ana with a sender.
func (w *env) openSMSChat(sender any) chat.ChatID {
	w.Helper()

	return w.openChat(int64(w.people.ana.ID), int64(sender.(float64)))
}

// Who has opted out of a number has opted out of it when it is deleted and entered again.
func TestAnOptOutOutlastsItsSender(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	const number = "+14155550133"

	enter := func() (sender any, id chat.ChatID) {
		made := w.call("POST", "/phone-numbers", map[string]any{"number": number})
		require.Equal(t, http.StatusCreated, made.status, made.raw)

		return made.at("id"), w.openSMSChat(made.at("id"))
	}

	sender, id := enter()

	w.postSMS(twilioInbound, url.Values{"From": {"+14155550101"}, "To": {number}, "Body": {"STOP"}})

	deletedChat := w.call("DELETE", fmt.Sprintf("/chats/%d", id), nil)
	require.Equal(t, http.StatusNoContent, deletedChat.status, deletedChat.raw)

	deleted := w.call("DELETE", fmt.Sprintf("/phone-numbers/%.0f", sender), nil)
	require.Equal(t, http.StatusNoContent, deleted.status, deleted.raw)

	_, id = enter()
	refused := w.call("POST", sendPath(id), sendBody("One more"))
	assert.Equal(t, "recipient_opted_out", refused.at("code"), refused.raw)
	assert.Empty(t, w.texts("+14155550101"))
}

// Pictures are told on the message at once, with a caption or without.
func TestMediaOfAnMMSAreTold(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	for caption, content := range map[string]string{"It arrived like this": "It arrived like this", "": "[2 files]"} {
		w.postSMS(twilioInbound, url.Values{
			"MessageSid":        {newSID("MM")},
			"From":              {"+14155550101"},
			"To":                {"+14155550100"},
			"Body":              {caption},
			"NumMedia":          {"2"},
			"MediaUrl0":         {"https://api.twilio.com/media/ME1"},
			"MediaContentType0": {"image/jpeg"},
			"MediaUrl1":         {"https://api.twilio.com/media/ME2"},
			"MediaContentType1": {"video/mp4"},
		})

		assert.Equal(t, []any{
			map[string]any{"type": "image/jpeg", "url": "https://api.twilio.com/media/ME1"},
			map[string]any{"type": "video/mp4", "url": "https://api.twilio.com/media/ME2"},
		}, w.assertHeard("+14155550101", content).message["files"])
	}
}

// Two members share no number: which of the two wrote would be a guess.
func TestANumberIsOneMembers(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	for method, path := range map[string]string{
		"PATCH": fmt.Sprintf("/members/%d", w.people.priya.ID),
		"POST":  "/members",
	} {
		taken := w.call(method, path, map[string]any{"name": "Ben", "phone": "+14155550101"})
		assert.Equal(t, http.StatusConflict, taken.status, taken.raw)
		assert.Equal(t, "address_taken", taken.at("code"), taken.raw)
		assert.EqualValues(t, w.people.ana.ID, taken.at("member_id"), taken.raw)
	}
}

// The console's URL may end in a slash.
func TestAWebhookWithASlashIsTaken(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	w.postSMS(twilioInbound+"/", url.Values{"From": {"+14155550101"}, "To": {"+14155550100"}, "Body": {"Hello?"}})
	w.assertHeard("+14155550101", "Hello?")
}

// plainMessages leave as SMS and in a mail's text as they are written.
var plainMessages = []string{
	"Freie Termine:\n\n3. Dezember um 9 Uhr\n5. Dezember um 14 Uhr\n12. Januar um 8 Uhr",
	"+ 3 EUR express shipping\n- 2 EUR voucher",
	"Use 3*4 or 5*6",
	"Dial *21*00491511234567#",
	"https://example.com/*promo*/a_b_c/",
	"http://10.0.0.1/_a_/b",
	"See example.com/_abc_/x",
	"https://müller.example/_a_/ä_b_",
	"[Tracking]: https://track.example/123",
	"12 + 3\n=\n15",
}

// Digits, signs and addresses leave as they were written; only what is certainly markup goes.
func TestAnSMSLeavesAsItWasWritten(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	messages := map[string]string{
		"[Open](myapp://open/5)":                  "Open: myapp://open/5",
		"**Bold** and `code` and __more__":        "Bold and code and more",
		"[Pay now](https://pay.example/i_1/_2_/)": "Pay now: https://pay.example/i_1/_2_/",
		"# Order 7\n\nDone.":                      "Order 7\n\nDone.",
	}
	for _, message := range plainMessages {
		messages[message] = message
	}

	for message, want := range messages {
		r := w.call("POST", sendPath(w.people.sms.ID), sendBody(message))
		assert.Equal(t, http.StatusOK, r.status, r.raw)
		assert.Contains(t, w.texts("+14155550101"), want)

		r = w.call("POST", sendPath(w.people.email.ID), sendBody(message))
		assert.Equal(t, http.StatusOK, r.status, r.raw)
	}

	var mails []string
	for _, m := range w.box.Mails() {
		mails = append(mails, strings.TrimSpace(m.Text))
	}

	for _, message := range plainMessages {
		assert.True(t, slices.ContainsFunc(mails, func(text string) bool { return strings.Contains(text, message) }), message)
	}
}

// Twilio's reason and what is advised agree, and a later report is told.
func TestAdviceAgreesWithItsReason(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.setFaults(sandbox.Fault{Kind: sandbox.CallbackNever})

	for code, c := range map[string]struct {
		advice string
		never  []string
	}{
		"30003": {"wait_and_retry", []string{"another address"}},
		"30007": {"change_text", []string{"another address"}},
		"21610": {"do_not_retry", []string{"Retry it", "retry it"}},
		"30018": {"change_sender", nil},
		"30024": {"change_sender", nil},
		"30034": {"change_sender", nil},
		"30037": {"mend_account", nil},
		"30038": {"change_text", nil},
		"30039": {"do_not_retry", nil},
		"30044": {"change_text", nil},
		"30450": {"wait_and_retry", nil},
		"30453": {"wait_and_retry", nil},
	} {
		_, id := w.customerChat("Customer "+code, "+1415552"+code[1:])
		r := w.call("POST", sendPath(id), sendBody("Hello "+code))
		require.Equal(t, http.StatusOK, r.status, r.raw)

		sent := w.box.Messages(sandbox.MessageFilter{To: "+1415552" + code[1:]})
		require.Len(t, sent, 1)
		w.reportSMS(&sent[0], "undelivered", code)

		d := w.delivery(r.at("delivery", "id"))
		assert.Equal(t, "undelivered", d.at("status"), d.raw)
		assert.Equal(t, c.advice, d.at("advice"), d.raw)

		for _, words := range c.never {
			assert.NotContains(t, d.at("explanation"), words, code)
		}
	}
}

// A message that is delivered after all is told of as both, whichever comes first.
func TestALaterReportIsTold(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.setFaults(sandbox.Fault{Kind: sandbox.CallbackNever})

	for i, order := range [][]string{{"undelivered", "delivered"}, {"delivered", "undelivered"}} {
		phone := fmt.Sprintf("+1415555300%d", i)
		_, id := w.customerChat(fmt.Sprintf("Customer %d", i), phone)
		r := w.call("POST", sendPath(id), sendBody("Hello"))
		require.Equal(t, http.StatusOK, r.status, r.raw)

		sent := w.box.Messages(sandbox.MessageFilter{To: phone})
		require.Len(t, sent, 1)

		for _, status := range order {
			w.reportSMS(&sent[0], status, map[string]string{"undelivered": "30003"}[status])
		}

		d := w.delivery(r.at("delivery", "id"))
		assert.Equal(t, "delivered", d.at("status"), d.raw)
		assert.Contains(t, d.at("explanation"), "undelivered", d.raw)
		assert.False(t, w.chat(id).NeedsResponse)
	}
}

// reportSMS posts a message's status to its own callback, signed; code is "" for none.
func (w *env) reportSMS(m *sandbox.Message, status, code string) {
	w.Helper()

	callback, _, _ := strings.Cut(m.Form.Get("StatusCallback"), "#")
	path, ok := strings.CutPrefix(callback, w.front.url)
	require.True(w, ok)

	form := url.Values{
		"MessageSid":    {m.SID},
		"MessageStatus": {status},
		"To":            {m.To},
		"From":          {m.From},
	}
	if code != "" {
		form.Set("ErrorCode", code)
	}

	w.postSMS(path, form)
}

// A refusal that stored nothing frees its key: what was wrong is judged anew once it is mended.
func TestARefusalFreesItsKey(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	key := []string{"Idempotency-Key", "k-1"}

	w.patchMember(w.people.ana.ID, map[string]any{"notifications_enabled": false})

	refused := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), key...)
	require.Equal(t, http.StatusBadRequest, refused.status, refused.raw)

	w.patchMember(w.people.ana.ID, map[string]any{"notifications_enabled": true})

	sent := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), key...)
	assert.Equal(t, http.StatusOK, sent.status, sent.raw)
	assert.Equal(t, []string{"Hello"}, w.texts("+14155550101"))

	again := w.call("POST", sendPath(w.people.sms.ID), sendBody("Hello"), key...)
	assert.Equal(t, "true", again.header.Get("Idempotency-Replayed"))

	other := w.call("POST", sendPath(w.people.sms.ID), sendBody("Another"), key...)
	assert.Equal(t, http.StatusConflict, other.status, other.raw)
}

// Shapes that SDKs send are taken.
func TestShapesOfSDKsAreTaken(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	w.contributor("Cem", cook, "")

	function := map[string]any{"name": "contributor_input_request", "arguments": `{"question":"Ship it?"}`}
	call := func(more map[string]any) []any {
		c := map[string]any{
			"id":       "call_1",
			"type":     "function",
			"function": function,
		}
		maps.Copy(c, more)

		return []any{c}
	}

	strict := maps.Clone(function)
	strict["strict"] = true

	for name, calls := range map[string]any{
		"null":                    nil,
		"index":                   call(map[string]any{"index": 0}),
		"unknown members":         call(map[string]any{"caller": map[string]any{"type": "direct"}, "status": "completed"}),
		"unknown in the function": call(map[string]any{"function": strict}),
	} {
		r := w.call("POST", sendPath(w.people.sms.ID), map[string]any{"message": "Hello", "tool_calls": calls})
		assert.Less(t, r.status, 300, "%s: %s", name, r.raw)
	}

	empty := w.call("POST", sendPath(w.people.sms.ID), map[string]any{"message": "Hello", "tool_calls": call(map[string]any{
		"function": map[string]any{"name": "no_such_tool", "arguments": ""},
	})})
	assert.Equal(t, "unknown_tool", empty.at("code"), "no arguments are no mistake: %s", empty.raw)

	for _, query := range []string{"?update_labels", "?update_labels="} {
		r := w.call("POST", fmt.Sprintf("/chats/%d/summarize%s", w.people.sms.ID, query), nil)
		assert.Equal(t, http.StatusBadRequest, r.status, "%s: %s", query, r.raw)
		assert.Contains(t, r.raw, "update_labels", query)
	}
}
