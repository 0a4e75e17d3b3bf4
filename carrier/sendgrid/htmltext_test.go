package sendgrid_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHTMLOnly(t *testing.T) {
	t.Parallel()

	for html, want := range map[string]string{
		"<table><tr><td>Order</td><td>7214</td></tr><tr><td>2</td><td>19.90</td></tr></table>": "Order 7214\n2 19.90",
		"<table><tr><th>Order<th>Price<tr><td>7214<td>19.90</table>after":                      "Order Price\n7214 19.90\nafter",
		"<table><tr><td><table><tr><td>in</td><td>ner</td></tr></table></td></tr></table>":     "in ner",
		"<p>one</p><p>two</p>": "one\n\ntwo",
		"<div>one</div><div>two</div><div><br></div><div>three</div>": "one\ntwo\n\nthree",
		"one<br>two<br/>three<br><br>four":                            "one\ntwo\nthree\n\nfour",
		"19<sup>.90</sup> w<i>or</i>d <b>5</b><b>0</b>":               "19.90 word 50",
		"a&nbsp;&nbsp;b\n   c":                                        "a b c",
		"<b>a</b> <i>b</i>\n<u>c</u>":                                 "a b c",
		"1 &lt; 2 &amp;&amp; 3 &gt; 2 &euro; &#8364; &amp;lt;":        "1 < 2 && 3 > 2 € € &lt;",
		"5 * 3 - 2 + 1 # x _y_ [z](a)":                                "5 * 3 - 2 + 1 # x _y_ [z](a)",

		// Lists keep their numbers.
		"<ol><li>one<li>two</ol>":                                      "1. one\n2. two",
		"<ol start=5><li>five</li><li>six</li></ol>":                   "5. five\n6. six",
		"<ol><li value=3>three<li>four</ol>":                           "3. three\n4. four",
		"<ol><li><p>one</p></li><li><p>two</p></li></ol>":              "1. one\n\n2. two",
		"<ul><li>a</li><li>b<ol><li>c</li></ol></li><li>d</li></ul>":   "- a\n- b\n  1. c\n- d",
		"<ol start=x><li>a</ol><li>stray</li></ol></ul></blockquote>b": "1. a\n- stray\nb",
		"<dl><dt>Order</dt><dd>7214</dd></dl>":                         "Order\n7214",

		// Links say where they lead, unless their text does.
		`See <a href="https://shop.example/r?a=1&amp;b=2">our guide</a>, please`:   "See our guide <https://shop.example/r?a=1&b=2>, please",
		`<a href="https://shop.example/">https://shop.example</a>`:                 "https://shop.example",
		`<a href="https://www.shop.example/x">shop.example/x</a>`:                  "shop.example/x",
		`<a href="mailto:ana@shop.example">ana@shop.example</a>`:                   "ana@shop.example",
		`<a href="mailto:ana@shop.example">Ana</a> writes`:                         "Ana <ana@shop.example> writes",
		`<a href="tel:+4930555">+4930555</a>`:                                      "+4930555",
		`<a href="https://shop.example/x"><b>bold</b> text</a>.`:                   "bold text <https://shop.example/x>.",
		`<a href="https://shop.example/x"><img src=a.png></a>`:                     "<https://shop.example/x>",
		`<a href="https://shop.example/x"><img alt="Track it"></a>`:                "Track it <https://shop.example/x>",
		`<a href="javascript:alert(1)">click</a> <a href="#top">top</a> <a>no</a>`: "click top no",
		`<a href="data:text/html,x">click</a> <a href="cid:1">pic</a>`:             "click pic",
		`<a href=" https://shop.example/x ` + "\n" + `">open`:                      "open <https://shop.example/x>",
		`<a href=http://a.example>a <a href=http://b.example>b</a>`:                "a <http://a.example> b <http://b.example>",

		// Nothing is shown that a browser hides.
		"<style>p{}</style><script>x()</script><title>t</title><!-- c -->a<!--[if mso]>b<![endif]-->": "a",
		"<head><meta charset=utf-8><title>t</title></head><body>a":                                    "a",
		"<head><p>a head that is not closed":                                                          "a head that is not closed",

		"Hello <img alt=\"😀\" src=x>!":        "Hello 😀!",
		"<pre>a  b\n  c</pre>d":               "a  b\n  c\nd",
		"Von: Ana <ana@shop.example> schrieb": "Von: Ana <ana@shop.example> schrieb",
		"<h1>Title</h1>text<hr>more":          "Title\n\ntext\nmore",
		"<p>":                                 "[no text]",
		"<div>a<div>b</div>c</div>":           "a\nb\nc",
		"<":                                   "<",
		"a < b":                               "a < b",
	} {
		p := personPost()
		p["text"], p["html"] = " \n", html
		in := readInbound(t, p)
		assert.Equal(t, want, in.Text, html)

		in = readInbound(t, newMail("Content-Type: text/html; charset=utf-8", html))
		assert.Equal(t, want, in.Text, "%s raw", html)
	}
}

// Quotes are marked, so that they are found as in text.
func TestHTMLQuotes(t *testing.T) {
	t.Parallel()

	p := personPost()
	p["text"] = ""
	p["html"] = `Yes<div class=gmail_quote>On 3 Nov 2025, Shop &lt;<a href="mailto:shop@x.example">shop@x.example</a>&gt; wrote:` +
		`<blockquote><p>Really?</p><blockquote>deep<br>er</blockquote></blockquote></div>`

	in := readInbound(t, p)
	assert.Equal(t, "Yes", in.Text)
	assert.Equal(t, "Yes\nOn 3 Nov 2025, Shop <shop@x.example> wrote:\n>\n> Really?\n>>\n>> deep\n>> er", in.Original)
}
