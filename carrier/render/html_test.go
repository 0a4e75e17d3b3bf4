package render_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/render"
	"handrail/chat"
)

func renderWeb(t *testing.T, message string) chat.Payload {
	t.Helper()

	p, err := render.New(render.Options{}).Render(chat.ChannelWeb, &chat.SendFacts{}, message, messageID)
	require.NoError(t, err)

	return p
}

const linkAttributes = ` rel="nofollow noreferrer noopener" target="_blank"`

func TestHTML(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ message, want string }{
		"paragraphs":        {"a\n\nb", "<p>a</p>\n<p>b</p>"},
		"line break":        {"a\nb", "<p>a<br>\nb</p>"},
		"looks like a tag":  {"Order <ABC-123> is ready", "<p>Order &lt;ABC-123&gt; is ready</p>"},
		"script line":       {"<script>alert(1)</script> [x](https://a.example)", `<p>&lt;script&gt;alert(1)&lt;/script&gt; <a href="https://a.example"` + linkAttributes + `>x</a></p>`},
		"html block":        {"<div onclick=x>\n\n**b**\n\n</div>", "<p>&lt;div onclick=x&gt;</p>\n<p><strong>b</strong></p>\n<p>&lt;/div&gt;</p>"},
		"html comment":      {"a <!-- b --> c", "<p>a &lt;!-- b --&gt; c</p>"},
		"html entity":       {"&lt;script&gt; &amp;lt;", "<p>&lt;script&gt; &amp;lt;</p>"},
		"image with script": {`<img src=x onerror=alert(1)>`, "<p>&lt;img src=x onerror=alert(1)&gt;</p>"},
		"emphasis": {"**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <del>c</del> " +
			"<code>d</code></p>"},
		"heading":        {"# a\n###### b", "<h1>a</h1>\n<h6>b</h6>"},
		"lists":          {"- a\n\n\n3. b", "<ul>\n<li>a</li>\n</ul>\n<ol start=\"3\">\n<li>b</li>\n</ol>"},
		"quote and rule": {"> a\n\n---", "<blockquote>\n<p>a</p>\n</blockquote>\n<hr>"},
		"code":           {"```go\na<b\n```", "<pre><code>a&lt;b\n</code></pre>"},
		"table": {"|a|b|\n|-|-:|\n|1|2|", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th " +
			"align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td " +
			"align=\"right\">2</td>\n</tr>\n</tbody>\n</table>"},
		"bare address": {"https://a.example/?b&c", `<p><a href="https://a.example/?b&amp;c"` + linkAttributes + `>https://a.example/?b&amp;c</a></p>`},
		"mail": {"a@b.example", `<p><a href="mailto:a@b.example" rel="nofollow ` +
			`noreferrer">a@b.example</a></p>`},
		"phone": {"[call](tel:+15550100)", `<p><a href="tel:+15550100" rel="nofollow ` +
			`noreferrer">call</a></p>`},
		"image":            {"![a](https://b.example/c.png)", `<p><img src="https://b.example/c.png" alt="a"></p>`},
		"script link":      {"[a](javascript:alert(1))", "<p>a</p>"},
		"hidden script":    {"[a](java&#115;cript:alert(1)) [b](JAVASCRIPT:x) [c](vbscript:x)", "<p>a b c</p>"},
		"data link":        {"[a](data:text/html;base64,PHNjcmlwdD4=)", "<p>a</p>"},
		"data image":       {"a ![b](data:image/png;base64,AAAA)", `<p>a <img alt="b"></p>`},
		"relative link":    {"[a](/b) [c](//d.example)", "<p>a (/b) c (//d.example)</p>"},
		"quotes in a link": {`[a](https://b.example/"onclick="x)`, `<p><a href="https://b.example/%22onclick=%22x"` + linkAttributes + `>a</a></p>`},
		"quotes in a title": {`[a](https://b.example '"><script>')`, `<p><a href="https://b.example" ` +
			`title="&#34;&gt;&lt;script&gt;"` + linkAttributes + `>a</a></p>`},
		"curly stays": {"“It’s”", "<p>“It’s”</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := renderWeb(t, c.message)
			assert.Equal(t, c.want, p.HTML)
			assert.Equal(t, c.message, p.Text)
		})
	}
}

func TestNothingToShow(t *testing.T) {
	t.Parallel()

	for _, channel := range []chat.Channel{chat.ChannelEmail, chat.ChannelWeb, chat.ChannelSMS} {
		_, err := render.New(render.Options{}).Render(channel, emailFacts(), "[](javascript:a)", messageID)
		assert.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), channel)
	}

	_, err := render.New(render.Options{}).Render(chat.ChannelVoice, emailFacts(), "a", messageID)
	assert.Equal(t, chat.CodeChannelNotSupported, chat.CodeOf(err))
}

// What is made to keep the parser busy is shown as it was written, and soon: without the
// limits each of these takes seconds.
func TestHostileNesting(t *testing.T) {
	t.Parallel()

	for _, mark := range []string{"> ", "- ", "1. ", "[a](", "[", "![", "*a_ ", "***a_", "a**b_", "`a ``b ", "[a][", `[a](b "`} {
		message := strings.Repeat(mark, 90_000/len(mark)) + "end"
		p := renderWeb(t, message)
		assert.Contains(t, p.HTML, "end", mark)
		assert.Less(t, len(p.HTML), 1_000_000, mark)
	}
}

func TestRendererIsShared(t *testing.T) {
	t.Parallel()

	r := render.New(render.Options{})

	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			p, err := r.Render(chat.ChannelEmail, emailFacts(), "[a](https://b.example) **c**", messageID)
			if !assert.NoError(t, err) { //nolint:testifylint // in a goroutine nothing may be required
				return
			}

			assert.Equal(t, "a (https://b.example) c", p.Text)
		})
	}

	group.Wait()
}
