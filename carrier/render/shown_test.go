package render_test

import (
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// shownText is what a page shows, without white space: the numbers of ordered lists are
// part of it, a bullet is •.
func shownText(t require.TestingT, page string) string {
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)

	var b strings.Builder

	next := make(map[*html.Node]int) // the number of a list's next item

	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.Data == "ol":
			next[n] = numberOf(n, "start", 1)
		case n.Data == "li" && n.Parent.Data == "ol":
			number := numberOf(n, "value", next[n.Parent])
			next[n.Parent] = number + 1

			b.WriteString(strconv.Itoa(number) + ".")
		case n.Data == "li":
			b.WriteString("•")
		}
	}

	return withoutSpace(b.String())
}

func numberOf(n *html.Node, attribute string, otherwise int) int {
	for _, a := range n.Attr {
		if a.Key == attribute {
			number, err := strconv.Atoi(a.Val)
			if err == nil {
				return number
			}
		}
	}

	return otherwise
}

func withoutSpace(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}

		return r
	}, text)
}

// shownOtherwise is where HTML has a form of its own for what was written.
var shownOtherwise = map[string]string{
	"stars for bullets": "•red-green+blue",
	"task list":         "•[]pay5•[x]sign",
	"footnote sign":     "5EUR*•incl.VAT",
	"minus and a bar":   "5•|6-|7|8•|-",
	"brackets":          "2.b5.e",
	"quotation":         "yousaidthis",
	"rules":             "a",
	"sum with a line":   "1215",
	"unequal":           "Noteandthis",
}

func TestHTMLShowsWhatWasWritten(t *testing.T) {
	t.Parallel()

	for name, message := range unchanged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			want, ok := shownOtherwise[name]
			if !ok {
				want = withoutSpace(message)
			}

			page := renderWeb(t, message).HTML
			assert.Equal(t, want, shownText(t, page), page)
			assert.NotContains(t, page, "<h1>")

			if name != "unequal" {
				assert.NotContains(t, page, "<em>")
				assert.NotContains(t, page, "<strong>")
			}
		})
	}
}

func TestHTMLKeepsNumbersSignsAndAddresses(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ message, want string }{
		"numbers": {
			"3. Dezember\n5. Dezember\n12. Januar",
			"<ol start=\"3\">\n<li>Dezember</li>\n<li value=\"5\">Dezember</li>\n<li value=\"12\">Januar</li>\n</ol>",
		},
		"numbers in a row":  {"3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>"},
		"the same number":   {"1. a\n1. b", "<ol>\n<li>a</li>\n<li value=\"1\">b</li>\n</ol>"},
		"loose numbers":     {"1. a\n\n4. b", "<ol>\n<li>\n<p>a</p>\n</li>\n<li value=\"4\">\n<p>b</p>\n</li>\n</ol>"},
		"nested numbers":    {"- a\n  1. b\n  9. c", "<ul>\n<li>a\n<ol>\n<li>b</li>\n<li value=\"9\">c</li>\n</ol>\n</li>\n</ul>"},
		"zeros":             {"01. a\n03. **b**", "<p>01. a<br>\n03. <strong>b</strong></p>"},
		"signs":             {"- 3 EUR\n- Tea\n+ 5 EUR", "<p>- 3 EUR<br>\n- Tea</p>\n<p>+ 5 EUR</p>"},
		"currency first":    {"* EUR 5\n* €6\n* **$7**", "<p>* EUR 5<br>\n* €6<br>\n* <strong>$7</strong></p>"},
		"loose signs":       {"- 3\n\n- 4\n  - 5\n\n    **x**", "<p>- 3</p>\n<p>- 4</p>\n<p>- 5</p>\n<p><strong>x</strong></p>"},
		"signs in bullets":  {"- a\n  - 3 EUR\n- b", "<ul>\n<li>a\n<p>- 3 EUR</p>\n</li>\n<li>b</li>\n</ul>"},
		"bullets in signs":  {"- 3 EUR\n  - a\n- 4 EUR", "<p>- 3 EUR</p>\n<ul>\n<li>a</li>\n</ul>\n<p>- 4 EUR</p>"},
		"empty sign":        {"+\n+ 5", "<p>+ </p>\n<p>+ 5</p>"},
		"code in a sign":    {"+ ```\n  a\n  ```\n+ 5", "<p>+ </p>\n<pre><code>a\n</code></pre>\n<p>+ 5</p>"},
		"bullets":           {"- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"},
		"signature":         {"Thanks\n-- \nRobin", "<p>Thanks<br>\n--<br>\nRobin</p>"},
		"idle definitions":  {"[Status]: shipped\n[Order]: 7214", "<p>[Status]: shipped<br>\n[Order]: 7214</p>"},
		"idle address":      {"[a]: https://x.example", `<p>[a]: <a href="https://x.example"` + linkAttributes + `>https://x.example</a></p>`},
		"used definition":   {"[a]\n\n[a]: https://x.example\n[b]: c", `<p><a href="https://x.example"` + linkAttributes + ">a</a></p>\n<p>[b]: c</p>"},
		"defined by a word": {"[Status] 5\n\n[status]: shipped", "<p>[Status] 5</p>\n<p>[status]: shipped</p>"},
		"app":               {"[Open](myapp://open/5) ![p](/q.png)", `<p>Open (myapp://open/5) <img alt="p"> (/q.png)</p>`},
		"image in a label":  {"[![p](/q.png) 5](myapp://x)", `<p><img alt="p"> (/q.png) 5 (myapp://x)</p>`},
		"no address":        {"f[*a*](2) [b](3 \"4\") [c]()", "<p>f[<em>a</em>](2) [b](3 \"4\") [c]()</p>"},
		"stars in a URL":    {"https://x.example/*a*/b_c_/", `<p><a href="https://x.example/*a*/b_c_/"` + linkAttributes + `>https://x.example/*a*/b_c_/</a></p>`},
		"IDN":               {"https://müller.example/_a_/ä_b", `<p><a href="https://m%C3%BCller.example/_a_/%C3%A4_b"` + linkAttributes + `>https://müller.example/_a_/ä_b</a></p>`},
		"ends in a line":    {"https://x.example/a_ www.y.example/*b*, _http://z_", `<p><a href="https://x.example/a_"` + linkAttributes + `>https://x.example/a_</a> <a href="http://www.y.example/*b*"` + linkAttributes + `>www.y.example/*b*</a>, <em><a href="http://z"` + linkAttributes + `>http://z</a></em></p>`},
		"bold URL":          {"**https://x.example/a**", `<p><strong><a href="https://x.example/a"` + linkAttributes + `>https://x.example/a</a></strong></p>`},
		"closing sign":      {"## Learn C #\n# 7214\n#", "<h2>Learn C #</h2>\n<p># 7214<br>\n#</p>"},
		"greater":           {"> 5 EUR\n\n> said\n> 5", "<p>&gt; 5 EUR</p>\n<blockquote>\n<p>said<br>\n5</p>\n</blockquote>"},
		"cells past a head": {"|a|\n|-|\n|1|2|", "<p>|a|<br>\n|-|<br>\n|1|2|</p>"},
		"line without bars": {"12\n-\n5", "<p>12<br>\n-<br>\n5</p>"},
		"words at a fence":  {"``` 3 EUR\na", "<p>``` 3 EUR<br>\na</p>"},
		"strike":            {"~~5~~ ~6~ 7~8~9", "<p><del>5</del> ~6~ 7~8~9</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, strings.ReplaceAll(renderWeb(t, c.message).HTML, "&#34;", `"`))
		})
	}
}
