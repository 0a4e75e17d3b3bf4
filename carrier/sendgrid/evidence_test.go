package sendgrid_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// bossPost is a mail from a domain for which nothing speaks yet.
func bossPost() post {
	p := parsedPost()
	p["from"] = "The Boss <boss@acme.co.uk>"
	p["envelope"] = `{"to":["support@shop.example"],"from":"boss@evil.example"}`
	p["SPF"] = "fail"
	p["dkim"] = "none"

	return p
}

// What speaks for a mail's sender is read in SendGrid's own form, and in no other.
func TestTrust(t *testing.T) {
	t.Parallel()

	const fromBoss = `{"to":["support@shop.example"],"from":"boss@mail.acme.co.uk"}`

	for name, c := range map[string]struct {
		dkim, spf, envelope string
		want                chat.Trust
	}{
		"signed":                         {dkim: "{@acme.co.uk : pass}", want: chat.TrustDKIM},
		"signed in capitals":             {dkim: "{@ACME.co.uk : pass}", want: chat.TrustDKIM},
		"signed by a subdomain":          {dkim: "{@mail.acme.co.uk : pass}", want: chat.TrustDKIM},
		"signed by a neighbour":          {dkim: "{@evil.co.uk : pass}", want: chat.TrustNone},
		"signed by the suffix":           {dkim: "{@co.uk : pass}", want: chat.TrustNone},
		"signed by another":              {dkim: "{@evil.example : pass}", want: chat.TrustNone},
		"signed by a longer name":        {dkim: "{@notacme.co.uk : pass}", want: chat.TrustNone},
		"signed by a name that holds it": {dkim: "{@acme.co.uk.evil.example : pass}", want: chat.TrustNone},
		"one word":                       {dkim: "{@evil : pass}", want: chat.TrustNone},
		"wrong":                          {dkim: "{@acme.co.uk : fail}", want: chat.TrustNone},
		"wrong and right":                {dkim: "{@evil.example : pass, @acme.co.uk : fail}", want: chat.TrustNone},
		"two, one right":                 {dkim: "{@lists.example : fail, @acme.co.uk : pass}", want: chat.TrustDKIM},
		"a domain that closes the list":  {dkim: "{@evil.example : pass}, {@acme.co.uk : pass}", want: chat.TrustNone},
		"a domain with a verdict":        {dkim: "{@acme.co.uk : pass : fail}", want: chat.TrustNone},
		"a domain with a comma":          {dkim: "{@evil.example : fail, @acme.co.uk : pass, x : fail}", want: chat.TrustNone},
		"not closed":                     {dkim: "{@acme.co.uk : pass", want: chat.TrustNone},
		"in no list":                     {dkim: "@acme.co.uk : pass", want: chat.TrustNone},
		"a word only":                    {dkim: "pass", want: chat.TrustNone},
		"an address":                     {dkim: "{boss@acme.co.uk : pass}", want: chat.TrustNone},
		"two lines":                      {dkim: "{@acme.co.uk : fail}\n{@acme.co.uk : pass}", want: chat.TrustNone},
		"endless":                        {dkim: "{" + strings.Repeat("@a.example : fail,", 99) + "@acme.co.uk : pass}", want: chat.TrustNone},
		"allowed":                        {spf: "pass", envelope: fromBoss, want: chat.TrustSPF},
		"allowed in capitals":            {spf: " Pass ", envelope: fromBoss, want: chat.TrustSPF},
		"allowed for another":            {spf: "pass", want: chat.TrustNone},
		"softly":                         {spf: "softfail", envelope: fromBoss, want: chat.TrustNone},
		"a sentence":                     {spf: "fail (not pass)", envelope: fromBoss, want: chat.TrustNone},
		"allowed for a null sender":      {spf: "pass", envelope: `{"to":["support@shop.example"],"from":""}`, want: chat.TrustNone},
		"allowed for no sender":          {spf: "pass", envelope: `{"to":["support@shop.example"]}`, want: chat.TrustNone},
		"allowed for a broken envelope":  {spf: "pass", envelope: `{"from":"boss@acme.co.uk"`, want: chat.TrustNone},
		"allowed for two":                {spf: "pass", envelope: `{"from":["boss@acme.co.uk"]}`, want: chat.TrustNone},
		"nothing said":                   {want: chat.TrustNone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := bossPost()
			p["dkim"] = c.dkim
			p["SPF"] = c.spf

			if c.envelope != "" {
				p["envelope"] = c.envelope
			}

			assert.Equal(t, c.want, readInbound(t, p).Trust)

			raw := rawPost(p)
			assert.Equal(t, c.want, readInbound(t, raw).Trust, "raw")
		})
	}

	missing := bossPost()
	delete(missing, "SPF")
	delete(missing, "dkim")
	delete(missing, "envelope")
	assert.Equal(t, chat.TrustNone, readInbound(t, missing).Trust, "without the fields")
}

// rawPost is the mail in the raw mode, with the same evidence.
func rawPost(p post) post {
	return post{
		"email":    "From: " + p["from"] + "\r\nTo: support@shop.example\r\nSubject: a\r\n\r\n" + p["text"],
		"dkim":     p["dkim"],
		"SPF":      p["SPF"],
		"envelope": p["envelope"],
	}
}

// Evidence speaks for the only author that the mail has.
func TestTrustIsOfTheOnlyAuthor(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		change func(p post)
		want   chat.Trust
	}{
		"one": {func(post) {}, chat.TrustDKIM},
		"a name like an address": {
			func(p post) { p["from"] = `"boss@evil.example" <boss@acme.co.uk>` },
			chat.TrustDKIM,
		},
		"two in one": {
			func(p post) { p["from"] = "x@evil.example, boss@acme.co.uk" },
			chat.TrustNone,
		},
		"two Froms": {
			func(p post) { p["headers"] += "From: x@evil.example\nFrom: The Boss <boss@acme.co.uk>\n" },
			chat.TrustDoubtful,
		},
		"another From in the header": {
			func(p post) { p["headers"] += "From: x@evil.example\n" },
			chat.TrustDoubtful,
		},
		"the same From in the header": {
			func(p post) { p["headers"] += "From: boss@acme.co.uk\n" },
			chat.TrustDKIM,
		},
		"a form that names its author": {
			func(p post) {
				p["from"] = "noreply@acme.co.uk"
				p["headers"] += "Reply-To: Ana <ana@customers.example>\n"
			},
			chat.TrustNamed,
		},
		"no From": {
			func(p post) { p["from"] = "nobody" },
			chat.TrustNone,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			p := bossPost()
			p["dkim"] = "{@acme.co.uk : pass}"
			c.change(p)

			assert.Equal(t, c.want, readInbound(t, p).Trust)
		})
	}
}

// A field of evidence that comes twice was put there by the mail: SendGrid posts each once.
func TestEvidenceIsGivenOnce(t *testing.T) {
	t.Parallel()

	for _, field := range []string{"dkim", "SPF", "envelope", "from", "headers"} {
		p := bossPost()
		p["dkim"] = "{@acme.co.uk : pass}"
		p["text"] = "hello\r\n--xYzZY\r\nContent-Disposition: form-data; name=\"" + field + "\"\r\n\r\n" + p[field]

		assert.Equal(t, chat.TrustDoubtful, readInbound(t, p).Trust, field)
	}
}

// The boundary is not signed, so the body must begin with it: a form within a text is a text.
func TestAnotherBoundaryIsRefused(t *testing.T) {
	t.Parallel()

	p := bossPost()
	p["text"] = "--inner\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\nana@customers.example\r\n--inner\r\n" +
		"Content-Disposition: form-data; name=\"text\"\r\n\r\nYes\r\n--inner--\r\n"

	genuine, body := p.body(t)
	_, err := takeInbound(t, genuine, body)
	require.NoError(t, err)

	for _, boundary := range []string{"inner", "xYzZ", "xYzZYx", "xYzZY--"} {
		_, err := takeInbound(t, `multipart/form-data; boundary="`+boundary+`"`, body)
		assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), boundary)
	}

	_, err = takeInbound(t, genuine, append([]byte("0"), body...))
	assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), "a digit of the time moved into the body")

	_, err = takeInbound(t, genuine, bytes.TrimPrefix(body, []byte("-")))
	assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), "a part of the body moved out of it")
}
