package sendgrid_test

import (
	"bytes"
	"fmt"
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
	"handrail/internal/growth"
)

// replyToken is that of the mail which is answered.
const replyToken chat.ReplyToken = "abcdefghijklmnopqrstuvwxyz234567"

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
		"envelope":    `{"to":["` + replyToken.Address("in.shop.example") + `"],"from":"bounce@mail.example"}`,
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
			replyToken.Address("in.shop.example"),
			"support@shop.example",
			"c@shop.example",
		},
		Delivered:      in.Delivered,
		Text:           "Yes, please",
		Original:       "Yes, please\n\nOn 3 Nov 2025, Shop wrote:\n> Really?",
		Subject:        "Re: My order",
		EmailMessageID: "<in-1@mail.example>",
		References:     []string{"<out-2@shop.example>", "<out-1@shop.example>", "<chat-7@shop.example>"},
		ReplyTokens:    []string{replyToken.Hash()},
		Trust:          chat.TrustSPF,
		Files: []chat.File{
			{Name: "attachment1.png", Type: "application/octet-stream", Size: 8},
			{Name: "attachment2.png", Type: "application/octet-stream", Size: 8},
		},
		Raw: body,
	}, in)
}

// An email is the same as often as it is posted, and only then.
func TestInboundKeys(t *testing.T) {
	t.Parallel()
	want := readInbound(t, parsedPost()).Key
	same := parsedPost()
	same["spam_score"] = "1.2"
	assert.Equal(t, want, readInbound(t, same).Key, "posted again")

	// Each of its recipients takes it once, so it is the same whoever this post is for.
	same["envelope"] = `{"to":["c@shop.example"],"from":"a@mail.example"}`
	assert.Equal(t, want, readInbound(t, same).Key, "posted for another recipient")
	assert.Equal(t, []string{"c@shop.example"}, readInbound(t, same).Delivered)

	for field, value := range map[string]string{
		"headers": "Message-ID: <in-2@mail.example>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n",
		"from":    "Ben <ben@mail.example>",
	} {
		p := parsedPost()
		p[field] = value
		assert.NotEqual(t, want, readInbound(t, p).Key, field)
	}
}

func TestLooksAutomatic(t *testing.T) {
	t.Parallel()
	assert.False(t, readInbound(t, parsedPost()).LooksAutomatic)

	for name, header := range map[string]string{
		"a list":          "List-Id: <all.lists.example>",
		"an old program":  "Precedence: bulk",
		"no auto answers": "X-Auto-Response-Suppress: None",
	} {
		p := parsedPost()
		p["headers"] += header + "\n"
		assert.True(t, readInbound(t, p).LooksAutomatic, name)
	}

	p := parsedPost()
	p["envelope"] = `{"to":["c@shop.example"],"from":""}`
	assert.True(t, readInbound(t, p).LooksAutomatic, "from nobody")
}

// Without a Message-ID, it is the sender, the date, the subject and the text that tell one
// email from another, and not how it was posted.
func TestInboundKeysWithoutMessageID(t *testing.T) {
	t.Parallel()

	const date = "Date: Sun, 22 Nov 2026 10:00:00 +0000\n"
	post := parsedPost()
	post["headers"] = date
	want := readInbound(t, post).Key

	post["spam_score"] = "1.2"
	_, body := post.body(t)
	other := bytes.ReplaceAll(body, []byte("xYzZY"), []byte("anotherBoundary"))
	in, err := takeInbound(t, "multipart/form-data; boundary=anotherBoundary", other)
	require.NoError(t, err)
	assert.Equal(t, want, in.Key, "another boundary")

	for field, value := range map[string]string{
		"from":    "Ben <ben@mail.example>",
		"headers": "Date: Sun, 22 Nov 2026 10:00:01 +0000\n",
		"subject": "Another",
		"text":    "Another",
	} {
		p := parsedPost()
		p["headers"] = date
		p[field] = value
		assert.NotEqual(t, want, readInbound(t, p).Key, field)
	}

	first := parsedPost()
	first["headers"] = "Received: by x; Sun, 22 Nov 2026 10:00:00 +0000\n"
	second := parsedPost()
	second["headers"] = "Received: by x; Mon, 23 Nov 2026 10:00:00 +0000\n"
	assert.NotEqual(t, readInbound(t, first).Key, readInbound(t, second).Key, "the same answer a day later, without dates")
}

func TestReferences(t *testing.T) {
	t.Parallel()

	var newer []string
	for i := range 300 {
		newer = append(newer, fmt.Sprintf("<m%d@mail.example>", i))
	}

	for name, c := range map[string]struct {
		headers string
		id      string
		want    []string
	}{
		"the thread's root": {
			headers: "References: <chat-209@handrail.example> <DB7PR01@prod.example>",
			want:    []string{"<DB7PR01@prod.example>", "<chat-209@handrail.example>"},
		},
		"without <>": {
			headers: "Message-ID: in-1@mail.example\nReferences: chat-209@handrail.example DB7PR01@prod.example\n" +
				"In-Reply-To: out-1@handrail.example",
			id:   "<in-1@mail.example>",
			want: []string{"<out-1@handrail.example>", "<DB7PR01@prod.example>", "<chat-209@handrail.example>"},
		},
		"some without": {
			headers: "References: chat-209@handrail.example,<DB7PR01@prod.example>",
			want:    []string{"<DB7PR01@prod.example>", "<chat-209@handrail.example>"},
		},
		"broken by a fold": {
			headers: "In-Reply-To: <out-1@\n handrail.example>\nReferences: <\tchat-209@handrail.example >",
			want:    []string{"<out-1@handrail.example>", "<chat-209@handrail.example>"},
		},
		"with words": {
			headers: `In-Reply-To: Your message of "Sun, 22 Nov" <out-1@handrail.example>`,
			want:    []string{"<out-1@handrail.example>"},
		},
		"no ids": {headers: "In-Reply-To: yes\nReferences: <> < > <a b@c>\n", want: []string{"<ab@c>"}},
		"21 newer": {
			headers: "References: <chat-209@handrail.example> " + strings.Join(newer[:21], "\n "),
			want:    append(reversed(newer[:21]), "<chat-209@handrail.example>"),
		},
		"300 newer": {
			headers: "References: <chat-209@handrail.example>\n " + strings.Join(newer, "\n "),
			want:    append(reversed(newer)[:35], append(reversed(newer[:14]), "<chat-209@handrail.example>")...),
		},
	} {
		p := parsedPost()
		p["headers"] = c.headers
		in := readInbound(t, p)
		assert.Equal(t, c.want, in.References, name)
		assert.Equal(t, c.id, in.EmailMessageID, name)
	}
}

func reversed(all []string) []string {
	all = slices.Clone(all)
	slices.Reverse(all)

	return all
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
	assert.Empty(t, in.ReplyTokens)
	assert.Empty(t, in.Automatic, "an envelope that is not there says nothing")

	p["envelope"] = `{"to":["j@shop.example"]}`
	assert.Empty(t, readInbound(t, p).Automatic)

	p = parsedPost()
	p["from"] = "=?iso-8859-1?Q?J=F6rg?= <j@mail.example>"
	assert.Equal(t, "Jörg", readInbound(t, p).FromName)
	p["from"] = "nobody"
	assert.Equal(t, "bounce@mail.example", readInbound(t, p).From, "the envelope's")

	for address, want := range map[string][]string{
		strings.ToUpper(replyToken.Address("in.shop.example")):       {replyToken.Hash()},
		"reply+" + string(replyToken)[1:] + "@in.shop.example":       nil,
		"x" + replyToken.Address("in.shop.example"):                  nil,
		"reply+01935c2e7d1a70008000000000000002@in.shop.example":     nil,
		"reply+01935c2e-7d1a-7000-8000-000000000002@in.shop.example": nil,
	} {
		p := parsedPost()
		p["envelope"], p["to"] = "{}", address
		assert.Equal(t, want, readInbound(t, p).ReplyTokens, address)
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
		"HTML with script": {"", "", "<script>x()</script>a<head>b<body>c", "ab\nc", ""},
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
	assert.Len(t, in.Files, 1)

	for name, c := range map[string]struct{ email, text string }{
		"plain":             {"From: j@mail.example\r\n\r\nHello\r\n", "Hello"},
		"plain with LF":     {"From: j@mail.example\n\nHello\n", "Hello"},
		"HTML":              {"From: j@mail.example\nContent-Type: text/html\n\n<p>Hello</p>", "Hello"},
		"bad base64":        {"From: j@mail.example\nContent-Transfer-Encoding: base64\n\nSGVsbG8=%%%", "Hello"},
		"bad type":          {"From: j@mail.example\nContent-Type: /;;\n\nHello", "Hello"},
		"no body":           {"From: j@mail.example\n", "[no text]"},
		"no boundary":       {"From: j@mail.example\nContent-Type: multipart/mixed\n\nHello", "Hello"},
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
		growth.Check(t, len(contentType)+len(body), func() {
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
	})
}

// Parts of a raw email are other people's bytes as well.
func FuzzRaw(f *testing.F) {
	f.Add("From: a@b.example\nSubject: =?x?Q?=FF?=\nContent-Type: text/html; charset=x\n\n<p>a<blockquote>b")

	f.Add(
		"From: a@b.example\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Transfer-Encoding: " +
			"base64\n\n%\n--a",
	)

	f.Add("From: a@b.example\nContent-Type: multipart/mixed; boundary=\"a b\"\n\n--a b\nContent-Type: " +
		"multipart/alternative; boundary=c\n\n--c\n\nx\n--a b\nContent-Disposition: attachment; " +
		"filename*0*=utf-8''%e4; filename*1=b\n\n\x02" + "0\x02\n--a b--")

	s := newSigner(f)
	w := newWebhook(f, s)
	f.Fuzz(func(t *testing.T, email string) {
		growth.Check(t, len(email), func() {
			contentType, body := post{"email": email}.body(t)
			header := s.sign(t, body)
			header.Set("Content-Type", contentType)
			in, err := w.Inbound(header, body)
			require.NoError(t, err)
			require.NotEmpty(t, in.Text)
			require.LessOrEqual(t, len(in.Files), chat.MaxFiles)

			all := []string{in.Text, in.Original, in.Subject, in.From, in.FromName, in.Via, in.Undecoded}
			for _, file := range in.Files {
				all = append(all, file.Name, file.Type)
			}

			require.True(t, utf8.ValidString(strings.Join(all, "")))
			require.NotContains(t, strings.Join(all, ""), "\x00")
		})
	})
}
