package render_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/carrier/render"
	"handrail/chat"
)

func emailFacts() *chat.SendFacts {
	return &chat.SendFacts{
		Chat:      chat.Chat{ID: 7, Channel: chat.ChannelEmail},
		Assistant: &chat.Member{Name: "Robin"},
		Inbox:     &chat.Inbox{Address: "support@shop.example"},
	}
}

func renderEmail(t *testing.T, facts *chat.SendFacts, message string) chat.Payload {
	t.Helper()

	p, err := render.New(render.Options{}).Render(chat.ChannelEmail, facts, message, messageID)
	require.NoError(t, err)

	return p
}

func TestSubject(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ first, title, inbox, assistant, want string }{
		"reply":               {"My order", "Late order", "Shop", "Robin", "Re: My order"},
		"reply to a reply":    {"RE: re : Re[2]: My order", "", "", "Robin", "Re: My order"},
		"reply in German":     {"AW: Meine Bestellung", "", "", "Robin", "Re: Meine Bestellung"},
		"reply to nothing":    {"Re: ", "Late order", "", "Robin", "Late order"},
		"no prefix":           {"Refund: 20", "", "", "Robin", "Re: Refund: 20"},
		"title":               {"", "Late order", "Shop", "Robin", "Late order"},
		"inbox":               {"", "", "Shop", "Robin", "Message from Shop"},
		"assistant":           {"", "", "", "Robin", "Message from Robin"},
		"nobody":              {"", "", "", "", "New message"},
		"injection by title":  {"", "a\r\nBcc: x@y.example", "", "Robin", "a Bcc: x@y.example"},
		"injection by reply":  {"a\nX: y\x00\x1b", "", "", "Robin", "Re: a X: y"},
		"injection by name":   {"", "", "", "a\r\n\r\nbody", "Message from a body"},
		"unicode line breaks": {"", "a\u2028b\u0085c", "", "Robin", "a b c"},
		"not UTF-8":           {"a\xffb", "", "", "Robin", "Re: ab"},
		"long":                {"", strings.Repeat("é", 300), "", "Robin", strings.Repeat("é", 200)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			facts := emailFacts()
			facts.FirstSubject = c.first
			facts.Chat.Title = c.title
			facts.Inbox.DisplayName = c.inbox
			facts.Assistant.Name = c.assistant
			assert.Equal(t, c.want, renderEmail(t, facts, "a").Subject)
		})
	}
}

func TestReplyTo(t *testing.T) {
	t.Parallel()
	assert.Empty(t, renderEmail(t, emailFacts(), "a").ReplyTo)

	p, err := render.New(render.Options{ReplyDomain: "in.shop.example"}).
		Render(chat.ChannelEmail, emailFacts(), "a", messageID)

	require.NoError(t, err)
	assert.Equal(t, "reply@in.shop.example", p.ReplyTo)
}

func TestThread(t *testing.T) {
	t.Parallel()

	facts := emailFacts()
	assert.Equal(t, map[string]string{
		"Message-ID":     "<" + string(messageID) + "@shop.example>",
		"References":     "<chat-7@shop.example>",
		"Auto-Submitted": "auto-generated",
	}, renderEmail(t, facts, "a").Headers)

	facts.LastInboundID = "<b@mail.example>"
	facts.References = []string{"<a@mail.example>", "<a@mail.example>", "not an id", "<x@y>\r\nBcc: z@y.example"}
	assert.Equal(t, map[string]string{
		"Message-ID":     "<" + string(messageID) + "@shop.example>",
		"In-Reply-To":    "<b@mail.example>",
		"References":     "<chat-7@shop.example> <a@mail.example> <b@mail.example>",
		"Auto-Submitted": "auto-replied",
	}, renderEmail(t, facts, "a").Headers)
}

func TestThreadOfMany(t *testing.T) {
	t.Parallel()

	facts := emailFacts()
	for i := range 100 {
		facts.References = append(facts.References, "<"+strconv.Itoa(i)+"-abcdefghijklmnop@mail.example>")
	}

	facts.LastInboundID = "99-abcdefghijklmnop@mail.example" // without brackets, as some store it
	references := renderEmail(t, facts, "a").Headers["References"]
	assert.Less(t, len("References: "+references), 998)
	assert.True(t, strings.HasPrefix(references, "<chat-7@shop.example> "))

	assert.True(
		t,
		strings.HasSuffix(references, " <98-abcdefghijklmnop@mail.example> <99-abcdefghijklmnop@mail.example>"),
	)
}

func TestHeadersHoldNoBreak(t *testing.T) {
	t.Parallel()

	r := render.New(render.Options{})

	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("a<>@: \r\n\x00\x0b\u2028\u0085é")))
		facts := emailFacts()
		facts.Chat.Title, facts.FirstSubject = text.Draw(t, "title"), text.Draw(t, "first")
		facts.Assistant.Name, facts.Inbox.DisplayName = text.Draw(t, "assistant"), text.Draw(t, "inbox")
		facts.LastInboundID, facts.References = text.Draw(t, "parent"), []string{text.Draw(t, "reference")}
		facts.Inbox.Address = text.Draw(t, "address")
		p, err := r.Render(chat.ChannelEmail, facts, "a", messageID)
		require.NoError(t, err)

		lines := []string{p.Subject, p.FromName}
		for name, value := range p.Headers {
			lines = append(lines, name, value)
		}

		for _, line := range lines {
			assert.False(t, strings.ContainsAny(line, "\r\n\x00\x0b\u2028\u0085"), "%q", line)
		}
	})
}

func TestEmailText(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ message, want string }{
		"marks":            {"# Hi\n\n- **a**\n\n| x | y |\n|---|---|\n| 1 | 2 |", "Hi\n\n- a\n\nx | y\n1 | 2"},
		"link":             {"Go [here](https://a.example/b?c=d&e) now", "Go here (https://a.example/b?c=d&e) now"},
		"label is address": {"[https://a.example](https://a.example)", "https://a.example"},
		"no label":         {"[](https://a.example)", "https://a.example"},
		"two and marks": {"**[a](https://a.example)** [*b*](<https://b.example>)", "a (https://a.example) " +
			"b (https://b.example)"},
		"over lines":  {"> [a\n> b](https://a.example) c", "> a\n> b (https://a.example) c"},
		"title":       {"[a](https://a.example \"t (u)\")!", "a (https://a.example)!"},
		"image":       {"![a](https://a.example/i.png) ![](https://a.example/p.png)!", "a (https://a.example/i.png) https://a.example/p.png!"},
		"image alone": {"![](https://a.example/p.png)", "https://a.example/p.png"},
		"image in a link": {"[![a](https://i.example)](https://l.example)", "a (https://i.example) " +
			"(https://l.example)"},
		"reference":          {"[a][1]\n\n[1]: https://a.example", "a (https://a.example)"},
		"autolink":           {"<https://a.example>", "https://a.example"},
		"in code":            {"`[a](https://a.example)`\n\n    [b](https://b.example)", "[a](https://a.example)\n\n    [b](https://b.example)"},
		"in a table":         {"|a|\n|-|\n|[b](https://b.example)|", "a\nb (https://b.example)"},
		"in a list":          {"1. [a](https://a.example)\n   - [b](https://b.example)", "1. a (https://a.example)\n   - b (https://b.example)"},
		"script":             {"[a](javascript:alert(1)) b", "a b"},
		"not a link":         {"[a] (b) [c](d", "[a] (b) [c](d"},
		"other than ASCII":   {"é😀 [ü](https://a.example) 😀", "é😀 ü (https://a.example) 😀"},
		"brackets within":    {"[a [b] c](https://a.example)", "a [b] c (https://a.example)"},
		"windows line ends":  {"[a](https://a.example)\r\nb", "a (https://a.example)\nb"},
		"looks like a tag":   {"Order <ABC-123>", "Order <ABC-123>"},
		"mail":               {"[us](mailto:a@b.example)", "us (a@b.example)"},
		"parts of addresses": {"[a](https://a.example/(b))", "a (https://a.example/(b))"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, renderEmail(t, emailFacts(), c.message).Text)
		})
	}
}

func TestEmailLayout(t *testing.T) {
	t.Parallel()

	facts := emailFacts()
	facts.Chat.Title = `</title><script>alert("x")</script>`
	p := renderEmail(t, facts, "> a\n\n|b|\n|-:|\n|c|\n\n`d`\n\n![e](https://f.example/g.png)\n\n<table> <td x>")
	assert.Equal(t, "Robin", p.FromName)
	assert.Equal(t, facts.Chat.Title, p.Subject)
	assert.NotContains(t, p.HTML, "<script")
	assert.Contains(t, p.HTML, "<title>&lt;/title&gt;&lt;script&gt;")
	assert.True(t, strings.HasPrefix(p.HTML, "<!DOCTYPE html>"))

	for _, element := range []string{"<blockquote style=", "<table style=", `<th style="padding:6px ` +
		`12px;border:1px solid #d0d5dd" align="right">`, "<code style=", "<img style="} {
		assert.Contains(t, p.HTML, element)
	}

	assert.Contains(t, p.HTML, "<p>&lt;table&gt; &lt;td x&gt;</p>")

	facts.Inbox = nil
	_, err := render.New(render.Options{}).Render(chat.ChannelEmail, facts, "a", messageID)
	assert.Equal(t, chat.CodeSenderNotConfigured, chat.CodeOf(err))
}
