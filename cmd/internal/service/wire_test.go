package service_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// mailPost are the fields of what Inbound Parse posts.
type mailPost map[string]string

// mailFile is a file that a mail brings.
type mailFile struct{ name, media, content string }

// newMailPost is a mail to the inbox, signed by the domain that it is from. Its headers may name more
// than it has by itself.
func newMailPost(from, text string, headers ...string) mailPost {
	lines := append([]string{
		"Message-ID: <" + uuid.NewString() + "@customers.example>",
		"Date: Sun, 22 Nov 2026 10:00:00 +0000",
	}, headers...)

	return mailPost{
		"dkim":     "{@" + strings.TrimRight(from[strings.LastIndex(from, "@")+1:], "> ") + " : pass}",
		"SPF":      "pass",
		"headers":  strings.Join(lines, "\n") + "\n",
		"from":     from,
		"to":       "support@handrail.example",
		"subject":  "Kettle",
		"text":     text,
		"envelope": `{"to":["support@handrail.example"],"from":"` + from + `"}`,
		"charsets": `{"to":"UTF-8","from":"UTF-8","subject":"UTF-8","text":"UTF-8"}`,
	}
}

// newRawPost is a mail as it went over the wire: its head is followed by a blank line and its body.
func newRawPost(from, email string) mailPost {
	head := "From: " + from + "\nTo: support@handrail.example\nSubject: Kettle\n" +
		"Date: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <" + uuid.NewString() + "@customers.example>\n"

	return mailPost{
		"email":    strings.ReplaceAll(head+email, "\n", "\r\n"),
		"envelope": `{"to":["support@handrail.example"],"from":"` + from + `"}`,
	}
}

// with is the mail with a field of its form changed.
func (p mailPost) with(field, value string) mailPost {
	changed := maps.Clone(p)
	changed[field] = value

	return changed
}

// within is the world of a part of its test.
func (w *env) within(t *testing.T) *env {
	t.Helper()

	part := *w
	part.T = t

	return &part
}

// postMail posts it as SendGrid does, signed.
func (w *env) postMail(p mailPost, files ...mailFile) {
	w.Helper()
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)

	for _, name := range slices.Sorted(maps.Keys(p)) {
		require.NoError(w, parts.WriteField(name, p[name]))
	}

	for i, f := range files {
		header := textproto.MIMEHeader{}
		header.Set("Content-Disposition", fmt.Sprintf(`form-data; name="attachment%d"; filename=%q`, i+1, f.name))
		header.Set("Content-Type", f.media)

		part, err := parts.CreatePart(header)
		require.NoError(w, err)
		_, err = io.WriteString(part, f.content)
		require.NoError(w, err)
	}

	require.NoError(w, parts.Close())
	w.postSigned("/webhooks/sendgrid/inbound", parts.FormDataContentType(), form.Bytes())
}

// postEvent posts an event as SendGrid does, signed.
func (w *env) postEvent(event map[string]any) {
	w.Helper()

	event["sg_event_id"] = uuid.NewString()
	body, err := json.Marshal([]any{event})
	require.NoError(w, err)
	w.postSigned("/webhooks/sendgrid/events", "application/json", body)
}

// postSigned signs as SendGrid does
// (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features).
func (w *env) postSigned(path, contentType string, body []byte) {
	w.Helper()

	at := strconv.FormatInt(time.Now().Unix(), 10)
	digest := sha256.Sum256(append([]byte(at), body...))
	signature, err := ecdsa.SignASN1(rand.Reader, w.signing, digest[:])
	require.NoError(w, err)

	w.post(path, contentType, body, http.Header{
		"X-Twilio-Email-Event-Webhook-Signature": {base64.StdEncoding.EncodeToString(signature)},
		"X-Twilio-Email-Event-Webhook-Timestamp": {at},
	})
}

// postSMS posts what came in as Twilio does, signed.
func (w *env) postSMS(path string, form url.Values) {
	w.Helper()

	for name, value := range map[string]string{"AccountSid": account, "NumMedia": "0", "MessageSid": newSID("SM")} {
		if !form.Has(name) {
			form.Set(name, value)
		}
	}

	// https://www.twilio.com/docs/usage/webhooks/webhooks-security
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(w.front.url + path))

	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			mac.Write([]byte(name + value))
		}
	}

	w.post(path, "application/x-www-form-urlencoded", []byte(form.Encode()), http.Header{
		"X-Twilio-Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	})
}

// newSID is a new id of Twilio's.
func newSID(prefix string) string { return prefix + strings.ReplaceAll(uuid.NewString(), "-", "") }

// writes posts an SMS to the number.
func (w *env) writes(from, text string) {
	w.Helper()
	w.postSMS("/webhooks/twilio/inbound", url.Values{"From": {from}, "To": {"+14155550100"}, "Body": {text}})
}

func (w *env) post(path, contentType string, body []byte, header http.Header) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.front.url+path, bytes.NewReader(body))
	require.NoError(w, err)

	request.Header = header
	request.Header.Set("Content-Type", contentType)
	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	require.NoError(w, err)

	defer answer.Body.Close()

	raw, err := io.ReadAll(answer.Body)
	require.NoError(w, err)
	require.Less(w, answer.StatusCode, 300, "%s", raw)
}

// heard is somebody's newest message and its chat, as the API tells of them.
type heard struct {
	chat    chat.Chat
	message map[string]any
}

// hears finds what somebody wrote by the address or number; it has no message where nobody did.
func (w *env) hears(address string) heard {
	w.Helper()
	list, err := w.store.Chats(w.Context(), w.ws, chat.ChatFilter{Page: chat.Page{Limit: 100}})
	require.NoError(w, err)

	for _, c := range list.Items {
		m, err := w.store.Member(w.Context(), w.ws, c.MemberID)
		require.NoError(w, err)

		if m.Email != address && m.Phone != address {
			continue
		}

		said := w.call("GET", fmt.Sprintf("/chats/%d/messages", c.ID), nil)
		message, _ := said.at("items", 0).(map[string]any)

		return heard{chat: c, message: message}
	}

	return heard{}
}

// newest is what the newest message of a chat says, "" where there is none.
func (w *env) newest(id chat.ChatID) string {
	w.Helper()

	messages := w.messages(id)
	if len(messages) == 0 {
		return ""
	}

	return messages[0].Content
}

// assertHeard checks that a person's message asks for a response, and what it says.
func (w *env) assertHeard(address, content string) heard {
	w.Helper()

	h := w.hears(address)
	if assert.NotNil(w, h.message, "nothing of %s is in a chat", address) {
		assert.Equal(w, content, h.message["content"])
		assert.Equal(w, "user", h.message["role"])
		assert.Nil(w, h.message["automatic"])
		assert.True(w, h.chat.NeedsResponse)
	}

	return h
}
