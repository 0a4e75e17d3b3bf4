package sandbox_test

import (
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

func TestAPictureByMMS(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, fastCallbacks, textingHook(h))

	require.NoError(t, w.Answer(t.Context(), sandbox.Answer{
		From:       "rcs:" + ana,
		To:         service,
		Files:      []sandbox.AnswerFile{{Name: "a.jpg", Type: "image/jpeg"}, {Name: "b"}},
		OptOutType: "HELP",
	}))

	form := h.twilioForm(t, h.next(t))
	assert.True(t, strings.HasPrefix(form.Get("MessageSid"), "MM"))
	assert.Equal(t, "2", form.Get("NumMedia"))
	assert.Equal(t, "image/jpeg", form.Get("MediaContentType0"))
	assert.Contains(t, form.Get("MediaUrl1"), "/Media/ME")
	assert.Equal(t, "HELP", form.Get("OptOutType"))
	assert.Equal(t, service, form.Get("MessagingServiceSid"))
	assert.Equal(t, "rcs:"+ana, form.Get("From"))
}

// mailingHook is for an installation that hears of mails.
func mailingHook(t *testing.T, h *hook) func(*sandbox.Config) {
	t.Helper()

	return func(c *sandbox.Config) {
		c.MailInboundURL = h.url + "/mail"
		withSigning(t, c)
	}
}

func TestMailThroughAGroup(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, mailingHook(t, h))

	require.NoError(t, w.Answer(t.Context(), sandbox.Answer{
		From:         "group@shop.example",
		To:           "care@acme.example",
		Subject:      "Leaking",
		Text:         "It leaks.",
		EnvelopeFrom: "<>",
		Headers: map[string]string{
			"From":     `"Ana via Group" <group@shop.example>`,
			"Reply-To": "ana@customer.example",
			"Cc":       "ben@customer.example",
			"List-ID":  "<group.shop.example>",
		},
	}))

	fields, header := mailForm(t, h.next(t))
	assert.Equal(t, `"Ana via Group" <group@shop.example>`, fields["from"])
	assert.Equal(t, "ben@customer.example", fields["cc"])
	assert.JSONEq(t, `{"to":["care@acme.example"],"from":""}`, fields["envelope"])
	assert.Equal(t, "ana@customer.example", header.Get("Reply-To"))
}

func TestMailInItsSendersCharset(t *testing.T) {
	t.Parallel()
	h := newHook(t)
	w := setup(t, mailingHook(t, h))

	refund := sandbox.Answer{
		From:    "ana@customer.example",
		To:      "care@acme.example",
		Text:    "Верните деньги",
		Charset: "windows-1251",
		Files:   []sandbox.AnswerFile{{Name: "счёт.pdf", Type: "application/pdf", Content: "%PDF"}},
	}
	require.NoError(t, w.Answer(t.Context(), refund))

	fields, _ := mailForm(t, h.next(t))
	assert.Equal(t, "\xc2\xe5\xf0\xed\xe8\xf2\xe5 \xe4\xe5\xed\xfc\xe3\xe8", fields["text"])
	assert.Contains(t, fields["charsets"], `"text":"windows-1251"`)
	assert.Equal(t, "1", fields["attachments"])
	assert.Equal(t, "%PDF", fields["attachment1"])

	refund.Raw = true
	require.NoError(t, w.Answer(t.Context(), refund))

	call := h.next(t)
	_, params, err := mime.ParseMediaType(call.header.Get("Content-Type"))
	require.NoError(t, err)

	form, err := multipart.NewReader(strings.NewReader(string(call.body)), params["boundary"]).ReadForm(1 << 20)
	require.NoError(t, err)
	assert.Empty(t, form.Value["text"])

	raw, err := mail.ReadMessage(strings.NewReader(form.Value["email"][0]))
	require.NoError(t, err)

	_, params, err = mime.ParseMediaType(raw.Header.Get("Content-Type"))
	require.NoError(t, err)

	parts := multipart.NewReader(raw.Body, params["boundary"])
	text, err := parts.NextPart() // decodes quoted-printable
	require.NoError(t, err)

	said, err := io.ReadAll(text)
	require.NoError(t, err)
	assert.Equal(t, fields["text"], string(said))

	file, err := parts.NextPart()
	require.NoError(t, err)
	assert.Equal(t, "счёт.pdf", file.FileName())

	refund.Charset = "klingon"
	require.ErrorContains(t, w.Answer(t.Context(), refund), "klingon")
}
