package sandbox_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

func textingHook(h *hook) func(*sandbox.Config) {
	return func(c *sandbox.Config) { c.TwilioInboundURL = h.url + "/inbound?x=1#rc=5&rp=all" }
}

func TestSMSAnswer(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks, textingHook(h))
	w.sms(t)
	require.NoError(t, w.Answer(t.Context(), sandbox.Answer{From: ana, Text: "Danke für alles"}))
	c := h.next(t)
	assert.Equal(t, "/inbound?x=1", c.target)
	form := h.twilioForm(t, c)
	received := w.Messages(sandbox.MessageFilter{Direction: sandbox.Inbound})
	require.Len(t, received, 1)

	for name, want := range map[string]string{
		"MessageSid":          received[0].SID,
		"SmsSid":              received[0].SID,
		"AccountSid":          account,
		"From":                ana,
		"To":                  ours,
		"Body":                "Danke für alles",
		"NumMedia":            "0",
		"NumSegments":         "1",
		"ApiVersion":          "2010-04-01",
		"MessagingServiceSid": "",
	} {
		assert.Equal(t, want, form.Get(name), name)
	}

	assert.Equal(t, http.StatusNoContent, received[0].Webhook.Status)
	assert.Len(t, w.Messages(sandbox.MessageFilter{}), 1, "it was not sent to the sandbox")

	listed := w.list(t, messagesPath).Messages
	require.Len(t, listed, 2)
	assert.Equal(t, "inbound", listed[0].Direction)
	assert.Equal(t, "received", listed[0].Status)
	page := w.page(t, phoneQuery(ana)).body
	assert.Contains(t, page, "Danke für alles")
	assert.Contains(t, page, "taken (204)")
	assert.Contains(t, page, `<option>`+strings.ReplaceAll(ours, "+", "&#43;")+`</option>`)
}

func TestSMSAnswerToAService(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks, textingHook(h))
	w.sms(t, "From", "", "MessagingServiceSid", service)

	for _, to := range []string{"", service} {
		require.NoError(t, w.Answer(t.Context(), sandbox.Answer{From: ana, To: to, Text: "Yes?"}))
		form := h.twilioForm(t, h.next(t))
		assert.Equal(t, service, form.Get("MessagingServiceSid"))
		assert.Equal(t, w.settled(t, 0).From, form.Get("To"))
	}

	require.NoError(
		t,
		w.Answer(t.Context(), sandbox.Answer{From: ben, To: service, Text: "Hello?"}),
		"never written to",
	)
}

func TestStopAndStart(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, textingHook(h))
	say := func(word, to string) {
		require.NoError(t, w.Answer(t.Context(), sandbox.Answer{From: ana, To: to, Text: word}))
	}

	say(" stop\n", ours)
	assert.Contains(t, w.sms(t).body, `"code":21610`)
	assert.Equal(t, http.StatusCreated, w.sms(t, "From", "+15550002222").status, "another sender may write")
	assert.Equal(t, http.StatusCreated, w.sms(t, "To", ben).status, "and to somebody else")
	say("Start again?", ours)
	assert.Equal(t, http.StatusBadRequest, w.sms(t).status, "only a whole message is a keyword")
	say("START", ours)
	assert.Equal(t, http.StatusCreated, w.sms(t).status)
	say("STOP", service)
	assert.Contains(t, w.sms(t, "From", "", "MessagingServiceSid", service).body, `"code":21610`)
}

func TestAnswerFails(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	h.status.Store(http.StatusForbidden)

	w := setup(t, fastCallbacks, func(c *sandbox.Config) { c.TwilioInboundURL = h.url + "/inbound" })
	err := w.Answer(t.Context(), sandbox.Answer{From: ana, To: ours, Text: "Hello"})
	require.ErrorContains(t, err, "403")
	require.Error(t, w.Answer(t.Context(), sandbox.Answer{From: ben, Text: "Hello"}), "nobody to answer")
	require.Error(t, w.Answer(t.Context(), sandbox.Answer{From: ana, To: ours}), "nothing said")
	assert.Contains(t, w.page(t, phoneQuery(ana)).body, "refused (403)")

	far := setup(t, fastCallbacks, func(c *sandbox.Config) { c.TwilioInboundURL = "http://192.0.2.1/" })
	require.ErrorContains(
		t,
		far.Answer(t.Context(), sandbox.Answer{From: ana, To: ours, Text: "Hello"}),
		"loopback only",
	)

	require.ErrorContains(
		t,
		setup(t).Answer(t.Context(), sandbox.Answer{From: ana, To: ours, Text: "Hello"}),
		"no inbound webhook",
	)
}

func TestAnswerIsRepeatedUntilItIsTaken(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	h.status.Store(http.StatusServiceUnavailable)
	w := setup(t, fastCallbacks, textingHook(h))

	answered := make(chan error)
	go func() { answered <- w.Answer(t.Context(), sandbox.Answer{From: ana, To: ours, Text: "Hello"}) }()

	first := h.next(t)
	h.status.Store(http.StatusNoContent)
	require.NoError(t, <-answered)
	assert.Equal(t, first.body, h.next(t).body, "it is the same message")
	assert.Len(t, w.Messages(sandbox.MessageFilter{Direction: sandbox.Inbound}), 1)
}

// mailForm is the form of a call that tells of a mail.
func mailForm(t *testing.T, c call) (fields map[string]string, header mail.Header) {
	t.Helper()

	_, params, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	require.NoError(t, err)

	fields = map[string]string{}

	for parts := multipart.NewReader(bytes.NewReader(c.body), params["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // NextPart promises io.EOF itself
			break
		}

		require.NoError(t, err)
		value, err := io.ReadAll(part)
		require.NoError(t, err)

		fields[part.FormName()] = string(value)
	}

	read, err := mail.ReadMessage(strings.NewReader(fields["headers"] + "\n"))
	require.NoError(t, err)

	return fields, read.Header
}

const mailWithReplyTo = `{"from":{"email":"care@acme.example"},"reply_to":{"email":"reply+1@in.acme.example"},
	"personalizations":[{"to":[{"email":"ana@customer.example"}]}],"subject":"Your order",
	"headers":{"References":"<conv-1@acme.example>","Message-ID":"<m-1@acme.example>"},
	"content":[{"type":"text/plain","value":"It has left."}]}`

func TestMailAnswer(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	var publicKey string
	w := setup(t, func(c *sandbox.Config) {
		c.MailInboundURL = h.url + "/mail"
		publicKey = withSigning(t, c)
	})

	w.mail(t, mailWithReplyTo)
	w.mail(t, validMail)

	require.NoError(t, w.Answer(t.Context(), sandbox.Answer{
		From:      "ana@customer.example",
		Text:      "Where is it?",
		InReplyTo: "<m-1@acme.example>",
		Headers:   map[string]string{"Auto-Submitted": "auto-replied\n"},
	}))

	c := h.next(t)
	verifySendGrid(t, publicKey, c)
	fields, header := mailForm(t, c)
	assert.Equal(t, "reply+1@in.acme.example", fields["to"])
	assert.Equal(t, "ana@customer.example", fields["from"])
	assert.Equal(t, "Re: Your order", fields["subject"])
	assert.Equal(t, "Where is it?", fields["text"])
	assert.JSONEq(t, `{"from":"ana@customer.example","to":["reply+1@in.acme.example"]}`, fields["envelope"])

	for _, field := range []string{"charsets", "dkim", "SPF", "sender_ip", "spam_score", "spam_report"} {
		assert.NotEmpty(t, fields[field], field)
	}

	assert.Equal(t, "<m-1@acme.example>", header.Get("In-Reply-To"))
	assert.Equal(t, "<conv-1@acme.example> <m-1@acme.example>", header.Get("References"))
	assert.Equal(t, "auto-replied", header.Get("Auto-Submitted"))

	kept := w.MailAnswers()
	require.Len(t, kept, 1)
	assert.Equal(t, kept[0].MessageID, header.Get("Message-Id"))
	assert.True(t, kept[0].Webhook.OK())

	require.NoError(t, w.Answer(t.Context(), sandbox.Answer{From: "Ana@customer.example", Text: "Hello?"}))
	fields, _ = mailForm(t, h.next(t))
	assert.Equal(t, "care@acme.example", fields["to"], "the newest mail has no reply-to address")

	require.NoError(t, w.Answer(t.Context(), sandbox.Answer{
		From:    "eve@customer.example",
		To:      "care@acme.example",
		Subject: "New",
		Text:    "Hi",
	}))

	_, header = mailForm(t, h.next(t))
	assert.Empty(t, header.Get("In-Reply-To"), "a mail of its own")
	require.Error(t, w.Answer(t.Context(), sandbox.Answer{From: "eve@customer.example", Text: "Hi"}))
	assert.Contains(t, w.page(t, mailboxQuery("ana@customer.example")).body, "Where is it?")
}

// A mail of the sandbox's own people passes for their domain; a forged one has what a stranger has.
func TestWhatSpeaksForAMail(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, func(c *sandbox.Config) {
		c.MailInboundURL = h.url + "/mail"
		withSigning(t, c)
	})
	w.mail(t, mailWithReplyTo)

	for name, c := range map[string]struct {
		answer                  sandbox.Answer
		to, spf, dkim, envelope string
	}{
		"genuine": {
			sandbox.Answer{},
			"reply+1@in.acme.example", "pass", "{@customer.example : pass}", "ana@customer.example",
		},
		"forged": {
			sandbox.Answer{Forged: true},
			"care@acme.example", "fail", "none", "mallory@stranger.sandbox",
		},
		"as given": {
			sandbox.Answer{SPF: "softfail", DKIM: "{@a.example : fail}", EnvelopeFrom: "<>"},
			"reply+1@in.acme.example", "softfail", "{@a.example : fail}", "",
		},
	} {
		c.answer.From = "ana@customer.example"
		c.answer.Text = "Yes"
		c.answer.InReplyTo = "<m-1@acme.example>"
		require.NoError(t, w.Answer(t.Context(), c.answer))

		fields, _ := mailForm(t, h.next(t))
		assert.Equal(t, []string{c.to, c.spf, c.dkim}, []string{fields["to"], fields["SPF"], fields["dkim"]}, name)
		assert.JSONEq(t, `{"from":"`+c.envelope+`","to":["`+c.to+`"]}`, fields["envelope"], name)
	}

	clicked := w.post(t, "/sandbox/answers", "from", "ana@customer.example", "in_reply_to", "<m-1@acme.example>",
		"text", "Yes", "forged", "yes")
	assert.Equal(t, http.StatusSeeOther, clicked.status)

	fields, _ := mailForm(t, h.next(t))
	assert.Equal(t, "fail", fields["SPF"], "from the page")
}

func TestAnswersOverHTTP(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks, func(c *sandbox.Config) { c.TwilioInboundURL = h.url + "/inbound" })
	w.sms(t)

	post := func(body string) answer { return w.do(t, http.MethodPost, "/sandbox/answers", body, nil) }
	got := post(`{"from":"` + ana + `","text":"Hello"}`)
	assert.Equal(t, http.StatusOK, got.status)
	assert.Contains(t, got.body, `"status":204`)
	assert.Equal(t, http.StatusBadRequest, post(`{"from":"`+ana+`"}`).status)
	assert.Equal(t, http.StatusBadRequest, post(`nonsense`).status)
	h.status.Store(http.StatusForbidden)
	assert.Equal(t, http.StatusBadGateway, post(`{"from":"`+ana+`","text":"Hello"}`).status)

	clicked := w.post(t, "/sandbox/answers", "from", ana, "to", ours, "text", "", "word", "STOP")
	assert.Equal(t, http.StatusSeeOther, clicked.status)
	assert.Equal(t, "/"+phoneQuery(ana), clicked.header.Get("Location"))
	assert.Contains(t, w.sms(t).body, `"code":21610`)
	var inbound struct{ Messages []sandbox.Message }
	w.get(t, "/sandbox/messages?direction=inbound").decode(t, &inbound)
	assert.Len(t, inbound.Messages, 3)
}
