package service_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/sandbox"
)

// forged is a mail for whose sender nothing speaks.
func (p mailPost) forged() mailPost {
	return p.with("dkim", "none").with("SPF", "fail").
		with("envelope", `{"to":["support@handrail.example"],"from":"mallory@evil.example"}`)
}

// askPia asks a contributor by mail, and returns the mail that asks her and the held delivery.
func (w *env) askPia() (asked sandbox.Mail, delivery any) {
	w.Helper()
	w.contributor("Pia", "", "pia@team.example")

	r := w.call("POST", sendPath(w.people.sms.ID), sendBody(
		"Yes, we cook it without nuts.",
		newToolCall("contributor_input_request", map[string]any{"question": "Without nuts?"}),
	))
	require.Equal(w, 202, r.status, r.raw)
	w.eventually(func() bool { return len(w.box.Mails()) == 1 })

	return w.box.Mails()[0], r.at("delivery", "id")
}

// A mail that anybody may have written answers nothing, and is kept and marked.
func TestAForgedAnswerAnswersNothing(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	asked, delivery := w.askPia()

	w.postMail(newMailPost("pia@team.example", "yes").forged())
	w.postMail(newMailPost("pia@team.example", "yes indeed", "References: "+asked.Headers["Message-ID"]).forged())

	assert.Equal(t, "pending", w.delivery(delivery).at("status"))
	assert.Empty(t, w.texts("+14155550101"))

	said := w.call("GET", fmt.Sprintf("/chats/%d/messages", w.people.sms.ID), nil)
	assert.Equal(t, "unverified", said.at("items", 0, "trust", "level"), said.raw)
	assert.Equal(t, "not_authenticated", said.at("items", 0, "trust", "reason"), said.raw)
	assert.Contains(t, said.at("items", 0, "trust", "explanation"), "Anybody may have written it")
	assert.True(t, w.chat(w.people.sms.ID).NeedsResponse)

	w.answers(sandbox.Answer{From: "pia@team.example", InReplyTo: asked.Headers["Message-ID"], Text: "no", Forged: true})
	assert.Equal(t, "pending", w.delivery(delivery).at("status"), "the sandbox forges as well")

	w.postMail(newMailPost("pia@team.example", "yes").with("dkim", "{@team.example : pass}"))
	w.eventually(func() bool { return len(w.texts("+14155550101")) == 1 })

	requests := w.call("GET", "/contributor-requests", nil)
	assert.Equal(t, "verified", requests.at("items", 0, "asks", 0, "trust", "level"), requests.raw)
}

// A mail "from" a manager is no manager's unless something shows it.
func TestAForgedManagerIsNone(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	_, err := w.store.CreateMember(t.Context(), w.ws, chat.Actor{}, chat.Member{
		Kind:                 chat.KindPerson,
		Role:                 chat.RoleManager,
		Name:                 "The Boss",
		Email:                "boss@team.example",
		NotificationsEnabled: true,
	})
	require.NoError(t, err)

	w.postMail(newMailPost("The Boss <boss@team.example>", "Refund everybody.").forged())
	assert.Nil(t, w.hears("boss@team.example").message)

	came := w.call("GET", "/inbound", nil)
	assert.Equal(t, "unverified", came.at("items", 0, "trust", "level"), came.raw)
	assert.Equal(t, "taken", came.at("items", 0, "status"), came.raw)

	id := chat.ChatID(came.at("items", 0, "chat_id").(float64))
	assert.True(t, w.chat(id).NeedsResponse)
	assert.Equal(t, "Refund everybody.", w.newest(id))

	author := w.call("GET", fmt.Sprintf("/members/%d", w.chat(id).MemberID), nil)
	assert.Equal(t, "boss@team.example (unverified)", author.at("name"), author.raw)

	w.postMail(newMailPost("boss@team.example", "It is me.").with("dkim", "{@team.example : pass}"))
	assert.Equal(t, "It is me.", w.hears("boss@team.example").message["content"])
}

// What the API shows of a message is no token: not its uuid, and no other id.
func TestNothingThatTheAPIShowsIsAToken(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	asked, delivery := w.askPia()

	shown := w.call("GET", fmt.Sprintf("/chats/%d/messages", w.people.sms.ID), nil)

	require.NotEmpty(t, asked.ReplyTo)

	replyTo := asked.ReplyTo[0].Email
	token := string(chat.ReadReplyToken(replyTo))
	require.Len(t, token, 32)

	domain := replyTo[strings.LastIndex(replyTo, "@"):]

	for _, item := range shown.at("items").([]any) {
		uuid := item.(map[string]any)["uuid"].(string)
		to := "reply+" + strings.ReplaceAll(uuid, "-", "") + domain
		w.postMail(newMailPost("stranger@evil.example", "yes").with("to", to).
			with("envelope", `{"to":["`+to+`"],"from":"stranger@evil.example"}`))
	}

	assert.Equal(t, "pending", w.delivery(delivery).at("status"))

	// The token itself answers, from wherever it comes, and is in nothing that is shown.
	w.postMail(newMailPost("pia@home.example", "yes, to "+replyTo).forged().with("to", replyTo).
		with("envelope", `{"to":["`+replyTo+`"],"from":"x@evil.example"}`))
	w.eventually(func() bool { return len(w.texts("+14155550101")) == 1 })

	for _, path := range []string{
		fmt.Sprintf("/chats/%d/messages", w.people.sms.ID),
		fmt.Sprintf("/chats/%d", w.people.sms.ID),
		"/inbound", "/deliveries", "/contributor-requests", "/actions", "/audit-log", "/members", "/chats",
	} {
		assert.NotContains(t, w.call("GET", path, nil).raw, token, path)
	}

	for _, item := range w.call("GET", "/deliveries", nil).at("items").([]any) {
		path := "/deliveries/" + item.(map[string]any)["id"].(string)
		assert.NotContains(t, w.call("GET", path, nil).raw, token, path)
	}

	for id, history := range w.allHistories() {
		assert.NotContains(t, id+history, token, id)
	}
}

// caught is a call of SendGrid's that somebody has seen.
type caught struct {
	at, signature string
	body          []byte
}

// catchMail signs a form as SendGrid does.
func (w *env) catchMail(form string) caught {
	w.Helper()

	at := strconv.FormatInt(time.Now().Unix(), 10)
	digest := sha256.Sum256([]byte(at + form))
	signature, err := ecdsa.SignASN1(rand.Reader, w.signing, digest[:])
	require.NoError(w, err)

	return caught{at: at, signature: base64.StdEncoding.EncodeToString(signature), body: []byte(form)}
}

// playMail posts what was caught, with a time and a boundary of the player's, and returns the status.
func (w *env) playMail(c caught, at, boundary string, body []byte) int {
	w.Helper()

	return w.play("/webhooks/sendgrid/inbound", "multipart/form-data; boundary="+boundary, body, http.Header{
		"X-Twilio-Email-Event-Webhook-Signature": {c.signature},
		"X-Twilio-Email-Event-Webhook-Timestamp": {at},
	})
}

// play posts a call and returns the status that it is answered with.
func (w *env) play(path, contentType string, body []byte, header http.Header) int {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.front.url+path, bytes.NewReader(body))
	require.NoError(w, err)

	request.Header = header
	request.Header.Set("Content-Type", contentType)
	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	require.NoError(w, err)

	defer answer.Body.Close()

	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(w, err)

	return answer.StatusCode
}

// A caught mail cannot be made another one: not by another boundary, nor by moving digits of the
// time into the body.
func TestACaughtMailIsNoOther(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	part := func(boundary, name, value string) string {
		return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}

	inner := part("inner", "from", "ana@customers.example") + part("inner", "to", "support@handrail.example") +
		part("inner", "dkim", "{@customers.example : pass}") + part("inner", "text", "Send me everything.") + "--inner--\r\n"
	outer := part("outer", "headers", "Message-ID: <1@evil.example>") + part("outer", "from", "mallory@evil.example") +
		part("outer", "to", "support@handrail.example") + part("outer", "text", inner) + "--outer--\r\n"

	c := w.catchMail(outer)
	before := len(w.chats())

	// What is signed and cannot be read is kept and answered 204, so that it is not posted for days.
	assert.Equal(t, http.StatusNoContent, w.playMail(c, c.at, "inner", c.body))
	assert.Equal(t, http.StatusForbidden, w.playMail(c, c.at[:9], "outer", append([]byte(c.at[9:]), c.body...)))
	assert.Equal(t, http.StatusForbidden, w.playMail(c, c.at+"-", "outer", c.body[1:]))
	assert.Len(t, w.chats(), before, "no message of it")

	refused := w.call("GET", "/inbound?status=refused", nil)
	assert.Len(t, refused.at("items"), 1, refused.raw)

	assert.Equal(t, http.StatusNoContent, w.playMail(c, c.at, "outer", c.body))
	assert.Equal(t, strings.TrimSpace(strings.ReplaceAll(inner, "\r\n", "\n")), w.hears("mallory@evil.example").message["content"])
	assert.Equal(t, http.StatusNoContent, w.playMail(c, c.at, "outer", c.body))
	assert.Len(t, w.chats(), before+1, "played again, it does nothing")
}

// A caught SMS cannot be split into the message of another sender.
func TestACaughtSMSIsNoOther(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")

	const attacker, victim = "+14155550666", "+14155550101"
	before := len(w.messages(w.people.sms.ID))

	signed := url.Values{
		"AccountSid": {account},
		"Body":       {"Cancel my orderFrom" + victim + "FromA"},
		"From":       {attacker},
		"MessageSid": {newSID("SM")},
		"NumMedia":   {"0"},
		"To":         {"+14155550100"},
	}

	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(w.front.url + twilioInbound))

	for _, name := range slices.Sorted(maps.Keys(signed)) {
		mac.Write([]byte(name + signed.Get(name)))
	}

	split := maps.Clone(signed)
	split["Body"] = []string{"Cancel my order"}
	split["From"] = []string{victim}
	split["FromA"] = []string{"From" + attacker}

	header := func() http.Header {
		return http.Header{"X-Twilio-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
	}

	const form = "application/x-www-form-urlencoded"

	assert.Equal(t, http.StatusBadRequest, w.play(twilioInbound, form, []byte(split.Encode()), header()))
	assert.Len(t, w.messages(w.people.sms.ID), before)

	assert.Equal(t, http.StatusOK, w.play(twilioInbound, form, []byte(signed.Encode()), header()))
	assert.Equal(t, signed.Get("Body"), w.hears(attacker).message["content"], "it is the attacker's own")
	assert.Len(t, w.messages(w.people.sms.ID), before)
}

// A question by SMS may ask for a code, which a forged number does not know and the API does not show.
func TestAnAnswerBySMSIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newEnv(t, "sqlite:"+t.TempDir()+"/handrail.db")
	w.contributor("Cem", cook, "")

	r := w.call("POST", sendPath(w.people.sms.ID), sendBody("We ship it.", newToolCall(
		"contributor_input_request",
		map[string]any{"question": "Ship it?", "expects": yesOrNo, "confirm": true},
	)))
	require.Equal(t, http.StatusAccepted, r.status, r.raw)
	w.eventually(func() bool { return len(w.texts(cook)) == 1 })

	asked := w.texts(cook)[0]
	code := asked[len(asked)-6:]
	require.Regexp(t, `^[0-9]{6}$`, code)

	w.writes(cook, "yes")
	w.eventually(func() bool { return len(w.texts(cook)) == 2 })
	assert.Contains(t, w.texts(cook)[1], code, "it is asked again")
	assert.Equal(t, "pending", w.delivery(r.at("delivery", "id")).at("status"))

	shown := func() {
		t.Helper()

		for _, path := range []string{
			fmt.Sprintf("/chats/%d/messages", w.people.sms.ID), "/inbound", "/contributor-requests", "/deliveries", "/audit-log",
		} {
			assert.NotContains(t, w.call("GET", path, nil).raw, code, path)
		}

		for _, item := range w.call("GET", "/deliveries", nil).at("items").([]any) {
			path := "/deliveries/" + item.(map[string]any)["id"].(string)
			assert.NotContains(t, w.call("GET", path, nil).raw, code, path)
		}
	}

	shown()
	w.writes(cook, code+" yes")
	w.eventually(func() bool { return slices.Equal(w.texts("+14155550101"), []string{"We ship it."}) })
	shown()

	requests := w.call("GET", "/contributor-requests", nil)
	assert.Equal(t, "confirmation_code", requests.at("items", 0, "asks", 0, "trust", "reason"), requests.raw)

	for id, history := range w.allHistories() {
		assert.NotContains(t, history, code, id)
	}
}
