package sendgrid_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// newMail is an email with these headers and this body, lines ended as SMTP has it.
func newMail(headers, body string) post {
	email := "From: Selma Berg <selma@customers.example>\nTo: support@handrail.example\nSubject: Kettle\n" + headers + "\n\n" + body

	return post{
		"email":    strings.ReplaceAll(email, "\n", "\r\n"),
		"envelope": `{"to":["support@handrail.example"],"from":"selma@customers.example"}`,
	}
}

// newMultipart is an email of parts.
func newMultipart(kind string, parts ...string) post {
	return newMail("MIME-Version: 1.0\nContent-Type: multipart/"+kind+"; boundary=\"=_b1\"", body("=_b1", parts...))
}

func body(boundary string, parts ...string) string {
	return "--" + boundary + "\n" + strings.Join(parts, "\n--"+boundary+"\n") + "\n--" + boundary + "--\n"
}

func nested(kind, boundary string, parts ...string) string {
	return "Content-Type: multipart/" + kind + "; boundary=" + boundary + "\n\n" + body(boundary, parts...)
}

const (
	plainPart = "Content-Type: text/plain; charset=utf-8\n\n"
	htmlPart  = "Content-Type: text/html; charset=utf-8\n\n"
	imagePart = "Content-Type: image/jpeg; name=kettle.jpg\nContent-Disposition: inline; filename=kettle.jpg\n" +
		"Content-Transfer-Encoding: base64\n\n/9j/4AAQ"
)

var photo = chat.File{Name: "kettle.jpg", Type: "image/jpeg", Size: 6}

// Every text is read, whatever lies between.
func TestTextsOfMIME(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		post  post
		want  string
		files []chat.File
	}{
		"Apple Mail's text, image, text": {
			newMultipart("mixed", plainPart+"See here:", imagePart, plainPart+"It leaks at the bottom."),
			"See here:\n\nIt leaks at the bottom.",
			[]chat.File{photo},
		},
		"the same in HTML": {
			newMultipart("mixed", htmlPart+"<p>See here:</p>", imagePart, htmlPart+"<p>It leaks.</p>"),
			"See here:\n\nIt leaks.",
			[]chat.File{photo},
		},
		"Apple Mail's alternative with pictures": {
			newMultipart("alternative", plainPart+"See here: and there", nested("mixed", "in", htmlPart+"See here:", imagePart, htmlPart+"and there")),
			"See here: and there",
			[]chat.File{photo},
		},
		"an alternative": {
			newMultipart("alternative", plainPart+"plain", htmlPart+"<b>rich</b>"), "plain", nil,
		},
		"a blank alternative": {
			newMultipart("alternative", plainPart+" \n", htmlPart+"<b>rich</b>"), "rich", nil,
		},
		"AMP": {
			newMultipart("alternative", "Content-Type: text/x-amp-html\n\n<html>", htmlPart+"rich"), "rich", nil,
		},
		"related": {
			newMultipart("related", htmlPart+"See <img src=cid:a> it", imagePart), "See it", []chat.File{photo},
		},
		"deeply nested": {
			newMultipart("signed", nested("mixed", "m", nested("related", "r", nested("alternative", "a", plainPart+"plain", htmlPart+"rich"), imagePart)),
				"Content-Type: application/pgp-signature; name=signature.asc\n\nx"),
			"plain",
			[]chat.File{photo, {Name: "signature.asc", Type: "application/pgp-signature", Size: 1}},
		},
		"a footer below an alternative": {
			newMultipart("mixed", nested("alternative", "a", plainPart+"plain", htmlPart+"rich"), plainPart+"Sent by a list"),
			"plain\n\nSent by a list", nil,
		},
		"alternatives that say they are mixed": {
			newMultipart("mixed", plainPart+"It leaks", htmlPart+"<p>It leaks</p>"), "It leaks", nil,
		},
		"boundaries that begin alike": {
			newMultipart("mixed", nested("alternative", "=_b1-2", plainPart+"plain", htmlPart+"rich"), imagePart), "plain", []chat.File{photo},
		},
		"a boundary with blanks": {
			newMail("Content-Type: multipart/mixed; boundary=\"a b c\"", body("a b c", plainPart+"one", plainPart+"two")), "one\n\ntwo", nil,
		},
		"text in front and behind": {
			newMail("Content-Type: multipart/mixed; boundary=a", "This is a multi-part message.\n"+body("a", plainPart+"one")+"Epilogue"), "one", nil,
		},
		"not closed":         {newMail("Content-Type: multipart/mixed; boundary=a", "--a\n"+plainPart+"one\n"), "one", nil},
		"nested, not closed": {newMail("Content-Type: multipart/mixed; boundary=a", "--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n"+plainPart+"one\n--b\n"+htmlPart+"two"), "one", nil},
		"inner one not closed": {newMail("Content-Type: multipart/mixed; boundary=a",
			"--a\nContent-Type: multipart/alternative; boundary=b\n\n--b\n"+plainPart+"one\n--a\n"+imagePart+"\n--a--"), "one", []chat.File{photo}},
		"no boundary named":       {newMail("Content-Type: multipart/mixed", body("a1b2", plainPart+"one", imagePart)), "one", []chat.File{photo}},
		"another boundary named":  {newMail("Content-Type: multipart/mixed; boundary=x", body("a1b2", plainPart+"one", imagePart)), "one", []chat.File{photo}},
		"no boundary at all":      {newMail("Content-Type: multipart/mixed", "Hello"), "Hello", nil},
		"a boundary that is none": {newMail("Content-Type: multipart/mixed; boundary=x", "Hello\n--\nIda"), "Hello\n--\nIda", nil},
		"a boundary twice named":  {newMail("Content-Type: multipart/mixed; boundary=a; boundary=x", body("a", plainPart+"one")), "one", nil},
		"parts without types":     {newMultipart("mixed", "\none", "\ntwo"), "one\n\ntwo", nil},
		"parts without a blank line": {
			newMultipart("mixed", "Hello\nyou", plainPart+"two"), "Hello\nyou\n\ntwo", nil,
		},
		"a part's header that is none": {
			newMultipart("mixed", "Ünnamed: x\nContent-Type: text/plain\nNo colon\nContent-Transfer-Encoding: base64\n\nSGVsbG8=", imagePart),
			"Hello",
			[]chat.File{photo},
		},
		"a part of nothing": {newMultipart("mixed", "", plainPart+"one"), "one", nil},
		"a mail's source in the text": {
			newMail("Content-Type: multipart/mixed; boundary=a", body("a", plainPart+"I got:\n\nContent-Type: multipart/mixed; boundary=zz\n\n--zz\nNo: header\n\nHi\n--zz--\n\nWhat is that?")),
			"I got:\n\nContent-Type: multipart/mixed; boundary=zz\n\n--zz\nNo: header\n\nHi\n--zz--\n\nWhat is that?", nil,
		},
		"lines of dashes": {
			newMail("Content-Type: multipart/mixed; boundary=a", body("a", plainPart+"one\n--\ntwo\n---\nthree\n--a b\nfour")),
			"one\n--\ntwo\n---\nthree\n--a b\nfour", nil,
		},
		"no part": {newMultipart("mixed"), "[no text]", nil},
	} {
		in := readInbound(t, c.post)

		all := in.Original
		if all == "" {
			all = in.Text
		}

		assert.Equal(t, c.want, all, name)
		assert.Equal(t, c.files, in.Files, name)
		assert.Empty(t, in.Undecoded, name)
	}
}

func TestTransferEncodings(t *testing.T) {
	t.Parallel()

	words := strings.Repeat("Größe 42, bitte. ", 20)
	long := base64.StdEncoding.EncodeToString([]byte(words))

	var lines []string

	for rest := long; rest != ""; {
		n := min(76, len(rest))
		lines, rest = append(lines, rest[:n]+"  "), rest[n:]
	}

	for name, c := range map[string]struct{ encoding, body, want string }{
		"base64":                       {"base64", long, strings.TrimSpace(words)},
		"base64 with trailing blanks":  {"base64", strings.Join(lines, "\n"), strings.TrimSpace(words)},
		"base64 without padding":       {"base64", "SGVsbG8", "Hello"},
		"base64 in two pieces":         {"base64", "SGVsbG8=\nIHlvdQ==", "Hello you"},
		"base64 with a footer":         {"base64", "SGVsbG8=%%%", "Hello"},
		"base64 with a list's footer":  {"base64", "SGVsbG8=\n\nSent to the list by Ida\n", "Hello\n\nSent to the list by Ida"},
		"base64 and a notice":          {"base64", "SGVsbG8\n____\nThis mail is secret.", "Hello\n____\nThis mail is secret."},
		"base64 that is none":          {"base64", "The kettle leaks.\nPlease call: 030 555", "The kettle leaks.\nPlease call: 030 555"},
		"base64 broken at blanks":      {"base64", strings.Join(lines, " "), strings.TrimSpace(words)},
		"base64 with strange letters":  {"Base64 ", "SGV-sb_G8=", "Hello"},
		"base64 with a comment":        {"base64 (really)", "SGVsbG8=", "Hello"},
		"base64 and a semicolon":       {"BASE64;", "SGVsbG8=", "Hello"},
		"quoted-printable":             {"quoted-printable", "Gr=C3=B6=\n=C3=9Fe =3D 42", "Größe = 42"},
		"quoted-printable, small":      {"Quoted-Printable", "Gr=c3=b6=c3=9fe", "Größe"},
		"quoted-printable, no escape":  {"quoted-printable", "a=b c=ZZ 100% =", "a=b c=ZZ 100% ="},
		"quoted-printable with 8 bits": {"quoted-printable", "Größe =3D 42", "Größe = 42"},
		"quoted-printable, long line":  {"quoted-printable", strings.Repeat("x", 5000) + "=3D", strings.Repeat("x", 5000) + "="},
		"quoted printable misspelled":  {"quotedprintable", "Gr=C3=B6=C3=9Fe", "Größe"},
		"8 bit":                        {"8 bit", "Größe", "Größe"},
		"7bit that has 8":              {"7bit", "Größe", "Größe"},
		"binary":                       {"binary", "Größe", "Größe"},
	} {
		in := readInbound(t, newMail("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: "+c.encoding, c.body))
		assert.Equal(t, c.want, in.Text, name)
		assert.Empty(t, in.Undecoded, name)

		part := "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " + c.encoding + "\n\n" + c.body
		assert.Equal(t, c.want, readInbound(t, newMultipart("mixed", part)).Text, "%s, in a part", name)
	}

	in := readInbound(t, newMail("Content-Transfer-Encoding: x-uuencode", "begin 644 a\n#0V%T\n`\nend"))
	assert.Equal(t, "begin 644 a\n#0V%T\n`\nend", in.Text)
	assert.Equal(t, "x-uuencode", in.Undecoded)
}

func TestContentTypes(t *testing.T) {
	t.Parallel()

	for contentType, want := range map[string]string{
		"":                         "<p>Größe</p>",
		"text/plain":               "<p>Größe</p>",
		"text":                     "<p>Größe</p>",
		"TEXT/PLAIN; CHARSET=UTF8": "<p>Größe</p>",
		"plain":                    "<p>Größe</p>",
		"/;;":                      "<p>Größe</p>",
		"text/html":                "Größe",
		"Text/HTML; charset=utf-8": "Größe",
		"text/html; charset=utf-8; charset=\"iso-8859-1\"": "Größe",
		"text/html; charset=utf-8; charset=utf-8":          "Größe",
		"text/html charset=utf-8":                          "Größe",
		"text/html;charset=utf-8;":                         "Größe",
		"text/html; charset=\"utf-8":                       "Größe",
		"text/html; charset='utf-8'":                       "Größe",
		"text/html; charset=charset=utf-8":                 "Größe",
		"text/html; charset=":                              "Größe",
		"text/html; charset":                               "Größe",
		"text/html; =utf-8":                                "Größe",
		"text/html;; charset=utf-8":                        "Größe",
		"text/html; charset=utf-8; name=\"a \"b\" c\"":     "Größe",
		"text/html;\n\tcharset=utf-8":                      "Größe",
		"html":                                             "Größe",
		"text/html; charset=utf-8 (comment)":               "Größe",
	} {
		in := readInbound(t, newMail("Content-Type: "+contentType, "<p>Größe</p>"))
		assert.Equal(t, want, in.Text, contentType)
		assert.Empty(t, in.Files, contentType)

		in = readInbound(t, newMultipart("mixed", "Content-Type: "+contentType+"\n\n<p>Größe</p>", imagePart))
		assert.Equal(t, want, in.Text, "%s, in a part", contentType)
		assert.Len(t, in.Files, 1, contentType)
	}

	page := "<html><head><meta http-equiv=Content-Type content='text/html; charset=windows-1251'></head>\xc4\xe0</html>"
	p := newMail("Content-Type: text/html", page)
	assert.Equal(t, "Да", readInbound(t, p).Text)

	p = personPost()
	p["text"], p["html"], p["charsets"] = "", page, "{}"
	assert.Equal(t, "Да", readInbound(t, p).Text)
}

// A message says at once which files came with it.
func TestFiles(t *testing.T) {
	t.Parallel()

	for headers, want := range map[string]chat.File{
		"Content-Type: application/pdf; name=a.pdf":                                                 {Name: "a.pdf", Type: "application/pdf"},
		"Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"a b.pdf\"":      {Name: "a b.pdf", Type: "application/pdf"},
		"Content-Disposition: attachment; filename=a.pdf":                                           {Name: "a.pdf", Type: "text/plain"},
		"Content-Type: image/png\nContent-Disposition: inline":                                      {Type: "image/png"},
		"Content-Type: image/png\nContent-ID: <a>":                                                  {Type: "image/png"},
		"Content-Type: text/plain; name=notes.txt\nContent-Disposition: inline; filename=notes.txt": {Name: "notes.txt", Type: "text/plain"},
		"Content-Type: text/html; name=page.html\nContent-Disposition: attachment":                  {Name: "page.html", Type: "text/html"},
		"Content-Type: text/csv":                                                                    {Type: "text/csv"},
		"Content-Type: text/calendar; method=REQUEST; name=invite.ics":                              {Name: "invite.ics", Type: "text/calendar"},
		"Content-Type: text/x-vcard; name=\"me.vcf\"":                                               {Name: "me.vcf", Type: "text/x-vcard"},
		"Content-Type: application/ms-tnef; name=winmail.dat":                                       {Name: "winmail.dat", Type: "application/ms-tnef"},
		"Content-Type: message/rfc822":                                                              {Type: "message/rfc822"},
		"Content-Type: message/rfc822; name=\"Re: it.eml\"":                                         {Name: "Re: it.eml", Type: "message/rfc822"},
		"Content-Type: application/pkcs7-signature; name=smime.p7s":                                 {Name: "smime.p7s", Type: "application/pkcs7-signature"},
		"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename*=UTF-8''Rechnung_M%C3%A4rz.pdf": {
			Name: "Rechnung_März.pdf", Type: "application/octet-stream",
		},
		"Content-Type: image/png\nContent-Disposition: attachment; filename*=iso-8859-1'de'M%E4rz.png": {Name: "März.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename*0*=utf-8''M%C3; filename*1*=%A4rz; filename*2=.png": {
			Name: "März.png", Type: "image/png",
		},
		"Content-Type: image/png\nContent-Disposition: attachment;\n filename*1=\"two.png\";\n filename*0=\"one \"": {
			Name: "one two.png", Type: "image/png",
		},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=x.png; filename*=utf-8''%E8%BF%94.png": {
			Name: "返.png", Type: "image/png",
		},
		"Content-Type: image/png; name*=windows-1251''%C4%E0.png":    {Name: "Да.png", Type: "image/png"},
		"Content-Type: image/png; name=\"=?utf-8?B?TcOkcnoucG5n?=\"": {Name: "März.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"=?iso-8859-1?Q?M=E4?= =?iso-8859-1?Q?rz.png?=\"": {
			Name: "März.png", Type: "image/png",
		},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"März.png\"":         {Name: "März.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=März 1.png":           {Name: "März 1.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"C:\\Fotos\\a.png\"": {Name: "a.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"../../etc/a.png\"":  {Name: "a.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"a \\\"b\\\".png\"":  {Name: "a \"b\".png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"a.png":              {Name: "a.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"a;b.png\"; size=4":  {Name: "a;b.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: Attachment; FileName=a.png":                {Name: "a.png", Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=\"\"":                 {Type: "image/png"},
		"Content-Type: image/png\nContent-Disposition: attachment; filename=" + strings.Repeat("x", 300): {
			Name: strings.Repeat("x", 200), Type: "image/png",
		},
		"Content-Type: weird\x01/type\nContent-Disposition: attachment; filename=a": {Name: "a", Type: "weird/type"},
	} {
		want.Size = 4
		in := readInbound(t, newMultipart("mixed", plainPart+"See", headers+"\n\nabcd"))
		assert.Equal(t, "See", in.Text, headers)
		assert.Equal(t, []chat.File{want}, in.Files, headers)

		in = readInbound(t, newMultipart("mixed", plainPart+"See", headers+"\nContent-Transfer-Encoding: base64\n\nYW\nJjZA=="))
		assert.Equal(t, []chat.File{want}, in.Files, "%s in base64", headers)
	}

	in := readInbound(t, newMail("Content-Type: image/png\nContent-Disposition: attachment; filename=a.png", "abcd\n"))
	assert.Equal(t, "[1 file]", in.Text)
	assert.Equal(t, []chat.File{{Name: "a.png", Type: "image/png", Size: 4}}, in.Files)
}

// A mail that is attached is one file, with all that is in it.
func TestAttachedMail(t *testing.T) {
	t.Parallel()

	inner := "From: ben@x.example\nContent-Type: multipart/mixed; boundary=zz\n\n--zz\nBad header\n\nHi\n--zz\nContent-Type: " +
		"image/png\n\nabcd\n--zz--\n"
	in := readInbound(t, newMultipart("mixed", plainPart+"See", "Content-Type: message/rfc822\n\n"+inner))

	assert.Equal(t, "See", in.Text)
	assert.Equal(t, []chat.File{{Type: "message/rfc822", Size: int64(len(strings.ReplaceAll(inner, "\n", "\r\n")))}}, in.Files)
}

func TestFilesOfParsedMode(t *testing.T) {
	t.Parallel()

	form := func(headers, content string) string {
		return "--xYzZY\r\n" + strings.ReplaceAll(headers, "\n", "\r\n") + "\r\n\r\n" + content + "\r\n"
	}
	field := func(name, value string) string {
		return form("Content-Disposition: form-data; name=\""+name+"\"", value)
	}

	body := field("from", "selma@customers.example") + field("to", "support@handrail.example") + field("text", "See") +
		field("headers", "Message-ID: <a@b.example>") + field("attachments", "4") +
		field("attachment-info", `{"attachment1":{"filename":"kettle.jpg"}}`) +
		form("Content-Disposition: form-data; name=\"attachment1\"; filename=\"kettle.jpg\"\nContent-Type: image/jpeg", "abcdef") +
		form("Content-Disposition: form-data; name=\"attachment2\"; filename=\"M\xc3\xa4rz \"1\".pdf\"\nContent-Type: application/pdf; name=x", "abc") +
		form("Content-Disposition: form-data; name=\"attachment3\"\nContent-Type: message/rfc822", "From: a@b.example") +
		form("Content-Disposition: form-data; name=\"attachment4\"; filename=\"=?utf-8?Q?=C3=A4.png?=\"", "") + "--xYzZY--\r\n"

	in, err := takeInbound(t, "multipart/form-data; boundary=xYzZY", []byte(body))
	require.NoError(t, err)
	assert.Equal(t, "See", in.Text)
	assert.Len(t, in.Files, 4)
	assert.Equal(t, photo, in.Files[0])
	assert.Equal(t, "application/pdf", in.Files[1].Type)
	assert.Contains(t, in.Files[1].Name, "März")
	assert.Equal(t, int64(3), in.Files[1].Size)
	assert.Equal(t, chat.File{Type: "message/rfc822", Size: 17}, in.Files[2])
	assert.Equal(t, chat.File{Name: "ä.png"}, in.Files[3])
}

// What a stranger sends costs little, however it is made.
func TestBounds(t *testing.T) {
	t.Parallel()

	var deep strings.Builder
	for i := range 200 {
		fmt.Fprintf(&deep, "Content-Type: multipart/mixed; boundary=b%03d\r\n\r\n--b%03d\r\n", i, i)
	}

	in := readInbound(t, post{"email": "From: a@b.example\r\n" + deep.String() + "Content-Type: text/plain\r\n\r\ndeep"})
	assert.NotEmpty(t, in.Text)

	var files []string
	for range 3000 {
		files = append(files, "Content-Type: image/png\n\nx")
	}

	in = readInbound(t, newMultipart("mixed", append([]string{plainPart + "See"}, files...)...))
	assert.Equal(t, "See", in.Text)
	assert.Len(t, in.Files, chat.MaxFiles)

	in = readInbound(t, newMultipart("mixed", files[:150]...))
	assert.Equal(t, "[150 files]", in.Text)

	in = readInbound(t, newMail("Content-Transfer-Encoding: base64", strings.Repeat("%", 3<<20)))
	assert.Equal(t, "[no text]", in.Text)

	in = readInbound(t, newMail("X-Many: "+strings.Repeat("a\n b", 10_000), "Hello"))
	assert.Equal(t, "Hello", in.Text[len(in.Text)-5:])

	p := personPost()
	p["text"], p["html"] = "", strings.Repeat("<div>", 200_000)+"deep"
	assert.Equal(t, "deep", readInbound(t, p).Text)

	p["html"] = strings.Repeat("<blockquote><ol><li><a href=http://x.example>", 50_000) + "deep"
	in = readInbound(t, p)
	assert.Equal(t, chat.MaxInboundText, utf8.RuneCountInString(in.Text))
	assert.Equal(t, chat.OriginalFile, in.Files[0].Name)

	p = personPost()
	p["to"] = strings.Repeat("(<\"", 100_000) + strings.Repeat("a@b.example,", 100)
	assert.LessOrEqual(t, len(readInbound(t, p).To), 50)

	p["text"] = strings.Repeat("x", 5<<20)
	assert.NotEmpty(t, readInbound(t, p).Text)
}

// A message keeps so much of a text that a list of messages stays small, and tells of the rest.
func TestALongTextIsKeptApart(t *testing.T) {
	t.Parallel()

	long := strings.Repeat("ä", chat.MaxInboundText)
	file := func(size int) []chat.File {
		return []chat.File{{
			Name: "original.txt",
			Type: "text/plain",
			Size: int64(size),
		}}
	}

	p := personPost()
	p["text"] = long
	in := readInbound(t, p)
	assert.Equal(t, long, in.Text)
	assert.Empty(t, in.Files, "what fits is kept as it came")

	p["text"] = long + "b"
	in = readInbound(t, p)
	assert.Equal(t, long, in.Text)
	assert.Empty(t, in.Original)
	assert.Equal(t, file(len(long)+1), in.Files)
	assert.Contains(t, string(in.Raw), long+"b", "nothing is lost")

	quote := "\n\nOn 3 Nov 2025 at 10:00, A <a@b.example> wrote:\n" + strings.Repeat("> x\n", chat.MaxInboundText)
	p["text"] = "Yes" + quote
	in = readInbound(t, p)
	assert.Equal(t, "Yes", in.Text)
	assert.Equal(t, chat.MaxInboundText, utf8.RuneCountInString(in.Original))
	assert.Len(t, in.Files, 1)

	// Of 27 MB, too, a message has 100,000 characters.
	p["text"] = strings.Repeat("a bbbb escreveu:\n", 27<<20/17) + "> q\n"
	in = readInbound(t, p)
	assert.LessOrEqual(t, len(in.Text)+len(in.Original), 2*chat.MaxInboundText)
	assert.Equal(t, "original.txt", in.Files[0].Name)
}
