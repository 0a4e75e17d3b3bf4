package sendgrid_test

import (
	"bytes"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// post is what Inbound Parse posts.
type post map[string]string

func parsedPost() post {
	return post{
		"headers": "Received: by x\nMessage-ID: <in-1@mail.example>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n" +
			"In-Reply-To: <out-2@shop.example>\nReferences: <chat-7@shop.example>\n <out-1@shop.example> " +
			"<out-2@shop.example>\n",
		"from":        `"Ana B." <Ana@Mail.example>`,
		"to":          "Shop <support@shop.example>",
		"cc":          "c@shop.example, support@shop.example",
		"subject":     "Re: My order",
		"text":        "Yes, please\n\nOn 3 Nov 2025, Shop wrote:\n> Really?\n",
		"html":        "<p>Yes, please</p>",
		"envelope":    `{"to":["reply+01935c2e7d1a70008000000000000002@in.shop.example"],"from":"bounce@mail.example"}`,
		"charsets":    `{"to":"UTF-8","text":"UTF-8"}`,
		"attachments": "0",
		"SPF":         "pass",
	}
}

func (p post) body(t require.TestingT, files ...string) (contentType string, body []byte) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	require.NoError(t, w.SetBoundary("xYzZY"))

	for _, name := range slices.Sorted(maps.Keys(p)) {
		require.NoError(t, w.WriteField(name, p[name]))
	}

	for _, name := range files {
		part, err := w.CreateFormFile(name, name+".png")
		require.NoError(t, err)
		_, err = part.Write([]byte("not read"))
		require.NoError(t, err)
	}

	require.NoError(t, w.Close())

	return w.FormDataContentType(), form.Bytes()
}

func readInbound(t *testing.T, p post, files ...string) chat.Inbound {
	t.Helper()
	contentType, body := p.body(t, files...)
	in, err := takeInbound(t, contentType, body)
	require.NoError(t, err)

	return in
}

func takeInbound(t *testing.T, contentType string, body []byte) (chat.Inbound, error) {
	t.Helper()
	s := newSigner(t)
	header := s.sign(t, body)
	header.Set("Content-Type", contentType)

	return newWebhook(t, s).Inbound(header, body)
}

func TestInbound(t *testing.T) {
	t.Parallel()
	in := readInbound(t, parsedPost(), "attachment1", "attachment2")
	_, body := parsedPost().body(t, "attachment1", "attachment2")
	assert.True(t, strings.HasPrefix(in.Key, "sendgrid:inbound:"))

	assert.Equal(t, chat.Inbound{
		Provider: chat.ProviderSendGrid,
		Channel:  chat.ChannelEmail,
		Key:      in.Key,
		From:     "ana@mail.example",
		FromName: "Ana B.",
		To: []string{
			"reply+01935c2e7d1a70008000000000000002@in.shop.example",
			"support@shop.example",
			"c@shop.example",
		},
		Text:           "Yes, please",
		Original:       "Yes, please\n\nOn 3 Nov 2025, Shop wrote:\n> Really?",
		Subject:        "Re: My order",
		EmailMessageID: "<in-1@mail.example>",
		References:     []string{"<out-2@shop.example>", "<out-1@shop.example>", "<chat-7@shop.example>"},
		ReplyTo:        "01935c2e-7d1a-7000-8000-000000000002",
		Media:          2,
		Raw:            body,
	}, in)
}

func TestInboundKeys(t *testing.T) {
	t.Parallel()
	want := readInbound(t, parsedPost()).Key
	same := parsedPost()
	same["spam_score"] = "1.2"
	assert.Equal(t, want, readInbound(t, same).Key, "posted again")

	for field, value := range map[string]string{
		"envelope": `{"to":["c@shop.example"],"from":"a@mail.example"}`,
		"headers":  "Message-ID: <in-2@mail.example>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n",
	} {
		p := parsedPost()
		p[field] = value
		assert.NotEqual(t, want, readInbound(t, p).Key, field)
	}

	p := parsedPost()
	p["headers"] = ""
	first := readInbound(t, p).Key
	assert.Equal(t, first, readInbound(t, p).Key)
	p["text"] = "another"
	assert.NotEqual(t, first, readInbound(t, p).Key)
}

func TestAutomatic(t *testing.T) {
	t.Parallel()

	for header, want := range map[string]bool{
		"X-Mailer: a":                         false,
		"Auto-Submitted: no":                  false,
		"Auto-Submitted: No; x=y":             false,
		"Precedence: first-class":             false,
		"Auto-Submitted: auto-replied":        true,
		"auto-submitted: auto-generated; x=y": true,
		"Precedence: Bulk":                    true,
		"Precedence: list":                    true,
		"Precedence: junk":                    true,
		"X-Auto-Response-Suppress: All":       true,
		"List-Id: <a.b>":                      true,
		"Content-Type: multipart/report; report-type=delivery-status": true,
	} {
		p := parsedPost()
		p["headers"] += header + "\n"
		assert.Equal(t, want, readInbound(t, p).Automatic, header)
	}

	for name, change := range map[string]func(post){
		"no sender in the envelope": func(p post) { p["envelope"] = `{"to":["a@shop.example"],"from":""}` },
		"an empty sender":           func(p post) { p["envelope"] = `{"to":["a@shop.example"],"from":"<>"}` },
		"to itself":                 func(p post) { p["from"] = "Support@shop.example" },
		"from nowhere":              func(p post) { p["from"], p["envelope"] = "MAILER-DAEMON", `{"from":"x"}` },
	} {
		p := parsedPost()
		change(p)
		assert.True(t, readInbound(t, p).Automatic, name)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()

	p := parsedPost()
	p["from"] = "Ana, of B <ana@mail.example"
	p["to"] = "undisclosed-recipients:;"
	p["cc"] = "=?iso-8859-1?Q?J=F6rg?= <J@shop.example>"
	p["envelope"] = `not JSON`
	in := readInbound(t, p)
	assert.Equal(t, "ana@mail.example", in.From)
	assert.Equal(t, []string{"j@shop.example"}, in.To)
	assert.Empty(t, in.ReplyTo)
	assert.False(t, in.Automatic, "an envelope that is not there says nothing")

	p["envelope"] = `{"to":["j@shop.example"]}`
	assert.False(t, readInbound(t, p).Automatic)

	p = parsedPost()
	p["from"] = "=?iso-8859-1?Q?J=F6rg?= <j@mail.example>"
	assert.Equal(t, "Jörg", readInbound(t, p).FromName)
	p["from"] = "nobody"
	assert.Equal(t, "bounce@mail.example", readInbound(t, p).From, "the envelope's")

	for address, want := range map[string]chat.MessageID{
		"Reply+01935C2E7D1A70008000000000000002@in.shop.example": "01935c2e-7d1a-7000-8000-000000000002",
		"reply+01935c2e7d1a7000800000000000000@in.shop.example":  "", // a digit is missing
		"xreply+01935c2e7d1a70008000000000000002@shop.example":   "",
	} {
		p := parsedPost()
		p["envelope"], p["to"] = "{}", address
		assert.Equal(t, want, readInbound(t, p).ReplyTo, address)
	}
}

func TestText(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		charsets, text, html, want, original string
	}{
		"nothing trimmed": {"", "Hello\r\nyou\r\n", "", "Hello\nyou", ""},
		"ISO-8859-1":      {`{"text":"iso-8859-1"}`, "Gr\xfc\xdfe", "", "Grüße", ""},
		"windows-1252":    {`{"text":"windows-1252"}`, "\x80 5 \x93a\x94", "", "€ 5 “a”", ""},
		"ISO-8859-15":     {`{"text":"ISO-8859-15"}`, "\xa4 5", "", "€ 5", ""},
		"UTF-8":           {`{"text":"utf-8"}`, "Grüße", "", "Grüße", ""},
		"an unknown one":  {`{"text":"klingon"}`, "a\xffb", "", "a\uFFFDb", ""},
		"no charsets":     {`x`, "Grüße\x00", "", "Grüße", ""},
		"HTML only": {"", "", "<head><title>x</title><style>p{}</style></head><p>Hello&nbsp;&amp; " +
			"you</p><p>Bye<br>Ana</p>", "Hello & you\n\nBye\nAna", ""},
		"HTML with quote": {"", " ", "Yes<div>On 3 Nov 2025, Shop " +
			"wrote:<blockquote><p>Really?</p></blockquote></div>", "Yes", "Yes\nOn 3 Nov 2025, Shop wrote:\n>\n> Really?"},
		"HTML in Latin-1":  {`{"html":"iso-8859-1"}`, "", "<b>Gr\xfc\xdfe</b>", "Grüße", ""},
		"HTML with script": {"", "", "<script>x()</script>a<head>b<body>c", "ac", ""},
		"nothing":          {"", "", "", "[no text]", ""},
		"only a quote":     {"", "> Really?", "", "> Really?", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := parsedPost()
			p["charsets"] = c.charsets
			p["text"] = c.text
			p["html"] = c.html
			in := readInbound(t, p)
			assert.Equal(t, c.want, in.Text)
			assert.Equal(t, c.original, in.Original)
		})
	}

	p := parsedPost()
	p["text"], p["html"] = "", ""
	assert.Equal(t, "[1 file]", readInbound(t, p, "attachment1").Text)
}

func TestRaw(t *testing.T) {
	t.Parallel()

	email := "From: =?UTF-8?Q?J=C3=B6rg?= <j@mail.example>\r\nTo: support@shop.example\r\nSubject: " +
		"=?UTF-8?B?R3LDvMOfZQ==?=\r\n" +
		"Message-ID: <in-1@mail.example>\r\nIn-Reply-To: <out-1@shop.example>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/alternative; " +
		"boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: " +
		"quoted-printable\r\n\r\nGr=FC=DFe\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: " +
		"base64\r\n\r\nPHA+R3LDvMOfZTwvcD4=\r\n--b--\r\n" +
		"--a\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=x.png\r\n\r\nxx\r\n--a--\r\n"

	in := readInbound(t, post{"email": email, "envelope": `{"to":["in@shop.example"],"from":"j@mail.example"}`})
	assert.Equal(t, "Grüße", in.Text)
	assert.Equal(t, "Grüße", in.Subject)
	assert.Equal(t, "Jörg", in.FromName)
	assert.Equal(t, []string{"in@shop.example", "support@shop.example"}, in.To)
	assert.Equal(t, "<in-1@mail.example>", in.EmailMessageID)
	assert.Equal(t, []string{"<out-1@shop.example>"}, in.References)
	assert.Equal(t, 1, in.Media)

	for name, c := range map[string]struct{ email, text string }{
		"plain":             {"From: j@mail.example\r\n\r\nHello\r\n", "Hello"},
		"plain with LF":     {"From: j@mail.example\n\nHello\n", "Hello"},
		"HTML":              {"From: j@mail.example\nContent-Type: text/html\n\n<p>Hello</p>", "Hello"},
		"bad base64":        {"From: j@mail.example\nContent-Transfer-Encoding: base64\n\nSGVsbG8=%%%", "Hello"},
		"bad type":          {"From: j@mail.example\nContent-Type: /;;\n\nHello", "Hello"},
		"no body":           {"From: j@mail.example\n", "[no text]"},
		"no boundary":       {"From: j@mail.example\nContent-Type: multipart/mixed\n\nHello", "[no text]"},
		"not closed":        {"From: j@mail.example\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nHello\n", "Hello"},
		"only a file":       {"From: j@mail.example\nContent-Type: image/png\n\nxx", "[1 file]"},
		"nothing but blank": {"\n\n", "[no text]"},
	} {
		assert.Equal(t, c.text, readInbound(t, post{"email": c.email}).Text, name)
	}
}

func TestInboundThatIsNone(t *testing.T) {
	t.Parallel()

	contentType, body := parsedPost().body(t)
	for name, c := range map[string]struct {
		contentType, field string
		body               []byte
	}{
		"JSON":        {"application/json", "header.Content-Type", []byte("{}")},
		"no boundary": {"multipart/form-data", "header.Content-Type", body},
		"cut":         {contentType, "body", body[:len(body)/2]},
		"cut between": {contentType, "body", bytes.TrimSuffix(body, []byte("--xYzZY--\r\n"))},
		"empty":       {contentType, "body", nil},
		"no sender": {contentType, "from", []byte("--xYzZY\r\nContent-Disposition: form-data; " +
			"name=\"text\"\r\n\r\na\r\n--xYzZY--\r\n")},
	} {
		_, err := takeInbound(t, c.contentType, c.body)
		require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), name)
		require.Equal(t, c.field, chat.AsError(err).Fields[0].Field, name)
	}
}

func FuzzInbound(f *testing.F) {
	contentType, body := parsedPost().body(f, "attachment1")
	f.Add(contentType, body)

	_, body = post{
		"email":    "From: a@b.example\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nHello\n--a--",
		"envelope": "{}",
	}.body(
		f,
	)

	f.Add(contentType, body)
	s := newSigner(f)
	w := newWebhook(f, s)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		header := s.sign(t, body)
		header[http.CanonicalHeaderKey("Content-Type")] = []string{contentType}

		in, err := w.Inbound(header, body)
		if err != nil {
			require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err))
			return
		}

		require.NotEmpty(t, in.Text)
		require.LessOrEqual(t, len(in.To), 50)

		all := strings.Join(
			append(
				append(in.To, in.References...),
				in.From,
				in.FromName,
				in.Text,
				in.Original,
				in.Subject,
				in.EmailMessageID,
			),
			"",
		)

		require.True(t, utf8.ValidString(all))
		require.NotContains(t, all, "\x00")
	})
}

// Parts of a raw email are other people's bytes as well.
func FuzzRaw(f *testing.F) {
	f.Add("From: a@b.example\nSubject: =?x?Q?=FF?=\nContent-Type: text/html; charset=x\n\n<p>a<blockquote>b")

	f.Add(
		"From: a@b.example\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Transfer-Encoding: " +
			"base64\n\n%\n--a",
	)

	s := newSigner(f)
	w := newWebhook(f, s)
	f.Fuzz(func(t *testing.T, email string) {
		contentType, body := post{"email": email}.body(t)
		header := s.sign(t, body)
		header.Set("Content-Type", contentType)
		in, err := w.Inbound(header, body)
		require.NoError(t, err)
		require.True(t, in.Text != "" && utf8.ValidString(in.Text+in.Subject+in.FromName))
	})
}
