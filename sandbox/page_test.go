package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/sandbox"
)

func (w *world) page(t *testing.T, query string) answer {
	t.Helper()
	got := w.get(t, "/"+query)
	require.Equal(t, http.StatusOK, got.status)

	return got
}

func phoneQuery(number string) string    { return "?" + url.Values{"phone": {number}}.Encode() }
func mailboxQuery(address string) string { return "?" + url.Values{"mailbox": {address}}.Encode() }

func TestEmptyPage(t *testing.T) {
	t.Parallel()
	page := setup(t).page(t, "")
	assert.Contains(t, page.body, "Nothing has arrived yet.")
	assert.Contains(t, page.body, messagesPath)
	assert.Contains(t, page.body, "<button disabled>")
	assert.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
	assert.NotContains(t, page.body, token)
	assert.NotContains(t, page.body, arrivalKey)
}

func TestThePageLinksToTheConsole(t *testing.T) {
	t.Parallel()
	assert.NotContains(t, setup(t).page(t, "").body, ">Console</a>", "where there is none")

	w := setup(t, func(c *sandbox.Config) { c.Console = "http://127.0.0.1:8080/console" })
	assert.Contains(t, w.page(t, "").body, `<a href="http://127.0.0.1:8080/console">Console</a>`)
}

func TestPageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.mail(t, validMail)
	page := w.page(t, mailboxQuery("ana@customer.example"))

	policy := page.header.Get("Content-Security-Policy")
	for _, directive := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		assert.Contains(t, policy, directive)
	}

	assert.NotContains(t, page.body, "http://")
	assert.NotContains(t, page.body, "https://")
	assert.Equal(t, "nosniff", page.header.Get("X-Content-Type-Options"))

	for path, contentType := range map[string]string{"/sandbox/page.css": "text/css", "/sandbox/page.js": "text/javascript"} {
		assert.Contains(t, page.body, path)
		asset := w.get(t, path)
		assert.Equal(t, http.StatusOK, asset.status)
		assert.Contains(t, asset.header.Get("Content-Type"), contentType)
	}
}

func TestLatestPage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sms(t, "Body", "to ana")
	w.sms(t, "Body", "again to ana")
	w.mail(t, validMail)
	w.sms(t, "Body", "to ben", "To", ben)
	page := w.page(t, "").body
	assert.NotContains(t, page, "Nothing has arrived")

	assert.Contains(
		t,
		page,
		`<span class="address">`+strings.ReplaceAll(ana, "+", "&#43;")+`</span><span class="count">2</span>`,
	)

	order := []int{}
	for _, arrival := range []string{`>to ben</span>`, `>Your order</span>`, `>again to ana</span>`, `>to ana</span>`} {
		order = append(order, strings.LastIndex(page, arrival))
	}

	assert.IsIncreasing(t, order, "newest first")
	assert.NotContains(t, page, "<button disabled>")
}

func TestPhonePage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.sms(t, "Body", "for ana")
	w.sms(t, "Body", strings.Repeat("x", 161), "From", "", "MessagingServiceSid", service)
	w.sms(t, "Body", "for ben", "To", ben)
	w.sms(t, "Body", "", "MediaUrl", "ftp-photo.png")
	page := w.page(t, phoneQuery(ana)).body
	assert.Contains(t, page, "for ana")
	assert.Contains(t, page, service)
	assert.Contains(t, page, "2 segments")
	assert.Contains(t, page, `<span class="status">accepted</span>`)
	assert.Contains(t, page, "Media: ftp-photo.png")
	assert.Equal(t, 3, strings.Count(page, `class="bubble"`))

	for _, m := range w.Messages(sandbox.MessageFilter{To: ana}) {
		assert.Contains(t, page, m.SID)
	}

	assert.Equal(t, 1, strings.Count(page, `aria-current="page"`))
	assert.Contains(t, w.page(t, phoneQuery("+10000000000")).body, "Nothing has arrived for this phone.")
}

// TestThePageSaysWhoseTheyAre names the people whose phones and mailboxes are shown, in each place.
func TestThePageSaysWhoseTheyAre(t *testing.T) {
	t.Parallel()

	w := setup(t, func(c *sandbox.Config) {
		c.Names = func(context.Context) (map[string]string, error) {
			return map[string]string{ana: "Ana <b>Lopez</b>", "ana@customer.example": "Ana <b>Lopez</b>"}, nil
		}
	})
	w.sms(t, "Body", "for ana")
	w.sms(t, "Body", "for ben", "To", ben)
	w.mail(t, validMail)

	const name = "Ana &lt;b&gt;Lopez&lt;/b&gt;"

	assert.Equal(t, 4, strings.Count(w.page(t, "").body, `<span dir="auto">`+name+`</span> <small>`), "in both lists")
	assert.Contains(t, w.page(t, phoneQuery(ana)).body, `<h1><span dir="auto">`+name+`</span> · `)
	assert.Contains(t, w.page(t, mailboxQuery("ana@customer.example")).body, `<h1><span dir="auto">`+name+`</span> · `)
	assert.Contains(t, w.page(t, phoneQuery(ben)).body, `<h1>`+strings.ReplaceAll(ben, "+", "&#43;")+`</h1>`)
}

// TestThePageExplainsAForgedMail says what the button does without a pointer that hovers over it.
func TestThePageExplainsAForgedMail(t *testing.T) {
	t.Parallel()

	w := setup(t)
	w.mail(t, validMail)

	page := w.page(t, mailboxQuery("ana@customer.example")).body
	assert.Contains(t, page, "<strong>Send forged</strong> sends the same mail as somebody else would")
	assert.NotContains(t, page, `title="The same mail`)
}

func TestLongConversationIsCut(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for i := range 202 {
		w.sms(t, "Body", fmt.Sprintf("number %d.", i))
	}

	page := w.page(t, phoneQuery(ana)).body
	assert.Contains(t, page, "2 older messages not shown")
	assert.NotContains(t, page, "number 1.")
	assert.Contains(t, page, "number 2.")
	assert.Contains(t, page, "number 201.")
}

func TestMailboxPage(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.mail(t, validMail)

	w.mail(t, mailWith(t, object{
		"subject":          "Text only",
		"content":          []object{{"type": "text/plain", "value": "plain"}},
		"categories":       []string{"news"},
		"personalizations": []object{{"to": []object{{"email": "Ana@Customer.example"}}, "cc": newPeople(1)}},
	}))

	page := w.page(t, mailboxQuery("ana@customer.example")).body
	assert.Equal(t, 2, strings.Count(page, `class="mail"`), "a mailbox has one spelling")

	assert.Less(
		t,
		strings.LastIndex(page, ">Text only</span>"),
		strings.LastIndex(page, ">Your order</span>"),
		"newest first",
	)

	assert.Equal(t, 1, strings.Count(page, "<iframe"))
	assert.Contains(t, page, `<iframe sandbox srcdoc="&lt;p&gt;It has &lt;b&gt;left&lt;/b&gt;.&lt;/p&gt;"`)
	assert.Contains(t, page, "It has left.")
	assert.Contains(t, page, "<dt>References</dt><dd>&lt;conv-1@acme.example&gt;</dd>")
	assert.Contains(t, page, "Acme Care &lt;care@acme.example&gt;")
	assert.Contains(t, page, "<dt>Cc</dt><dd>p0@customer.example</dd>")
	assert.Contains(t, page, "<dt>Category</dt><dd>news</dd>")
	assert.Contains(t, page, "&#34;custom_args&#34;")

	for _, m := range w.Mails() {
		assert.Contains(t, page, m.MessageID)
	}

	assert.Contains(t, w.page(t, mailboxQuery("p0@customer.example")).body, "Text only", "a copy is in its own mailbox")
	assert.Contains(t, w.page(t, mailboxQuery("no@customer.example")).body, "Nothing has arrived in this mailbox.")
}

func TestFullMailboxIsCut(t *testing.T) {
	t.Parallel()

	w := setup(t)
	for range 51 {
		w.mail(t, validMail)
	}

	page := w.page(t, mailboxQuery("ana@customer.example")).body
	assert.Equal(t, 50, strings.Count(page, `class="mail"`))
	assert.Contains(t, page, "1 older mail not shown")
}

func TestLongRawMailIsCut(t *testing.T) {
	t.Parallel()
	w := setup(t)
	w.mail(
		t,
		mailWith(t, object{"content": []object{{"type": "text/plain", "value": strings.Repeat("long ", 60_000)}}}),
	)

	assert.Contains(t, w.page(t, mailboxQuery("ana@customer.example")).body, "… cut here")
}

func TestHostileContentStaysText(t *testing.T) {
	t.Parallel()
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`
	w := setup(t)
	w.sms(t, "Body", hostile, "MediaUrl", hostile)
	encoded, err := json.Marshal(hostile)
	require.NoError(t, err)
	var inHeaders object
	require.NoError(t, json.Unmarshal([]byte(`{"X-A":`+string(encoded)+`}`), &inHeaders))

	require.Equal(t, http.StatusAccepted, w.mail(t, mailWith(t, object{
		"subject":          hostile,
		"headers":          inHeaders,
		"custom_args":      object{hostile: hostile},
		"categories":       []string{hostile},
		"from":             object{"email": "care@acme.example", "name": hostile},
		"reply_to":         object{"email": "care@acme.example", "name": hostile},
		"content":          []object{{"type": "text/plain", "value": hostile}, {"type": "text/html", "value": hostile}},
		"personalizations": []object{{"to": []object{{"email": "ana@customer.example", "name": hostile}}}},
	})).status)

	for _, query := range []string{
		"", phoneQuery(ana), mailboxQuery("ana@customer.example"), phoneQuery(hostile), mailboxQuery(hostile),
	} {
		page := w.page(t, query).body
		assert.NotContains(t, page, "<script>", query)
		assert.NotContains(t, page, "<img", query)
		assert.NotContains(t, page, `"'>`, query)

		assert.Equal(
			t,
			strings.Count(page, "<iframe"),
			strings.Count(page, "<iframe sandbox srcdoc="),
			"never unsandboxed",
		)
	}
}

func TestPageIsFetchedAgainOnlyWhenSomethingArrived(t *testing.T) {
	t.Parallel()
	w := setup(t)
	tag := w.page(t, "").header.Get("ETag")
	ask := func(r *http.Request) { r.Header.Set("If-None-Match", tag) }
	assert.Equal(t, http.StatusNotModified, w.do(t, http.MethodGet, "/", "", ask).status)
	w.sms(t)
	assert.Equal(t, http.StatusOK, w.do(t, http.MethodGet, "/", "", ask).status)
	other := setup(t)
	assert.NotEqual(t, tag, other.page(t, "").header.Get("ETag"), "a new sandbox never passes for the old one")
}
