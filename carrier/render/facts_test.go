package render_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// unchanged are messages without any mark: every text shows them as they are.
var unchanged = map[string]string{
	// Numbers of lists
	"dates in German":    "Freie Termine:\n\n3. Dezember um 9 Uhr\n5. Dezember um 14 Uhr\n12. Januar um 8 Uhr",
	"dates in Czech":     "Volné termíny:\n\n3. 12. v 9:00\n5. 12. ve 14:00",
	"dates in Norwegian": "1. mai\n17. mai",
	"dates in Finnish":   "24. joulukuuta\n6. tammikuuta",
	"dates with zeros":   "01. Mai\n03. Mai",
	"numbers by one":     "1. a\n1. b\n1. c",
	"numbers downwards":  "3. a\n2. b\n1. c",
	"brackets":           "2) b\n5) e",
	"a year":             "1986. What a year",
	"ten digits":         "1234567890. x",
	"empty item":         "Platz:\n\n5.\n\n7.",
	"nested numbers":     "4. a\n   9. b\n6. c",
	"letters":            "a) x\nc) y",
	"sections":           "2.1 Scope\n2.3 Price",

	// Signs at the beginning of lines
	"plus and minus":    "+ 3 EUR express shipping\n- 2 EUR voucher",
	"minus and plus":    "- 3 EUR\n+ 5 EUR",
	"sum under itself":  "12 + 3\n=\n15",
	"sum with a line":   "12\n---\n15",
	"sum by lines":      "12\n* 3\n= 36",
	"minus alone":       "12\n-\n5",
	"double line":       "Total\n=====\n15",
	"signature":         "Thanks\n-- \nRobin",
	"signature, dashes": "Thanks\n--\nRobin",
	"stars for bullets": "* red\n- green\n+ blue",
	"greater":           "> 5 EUR: free\n< 5 EUR: 2 EUR",
	"quotation":         "> you said\n> this",
	"temperatures":      "-5 °C\n+3 °C\n- 7 °C",
	"number sign":       "Your order\n# 7214\n#8",
	"number sign alone": "#",
	"hashtags":          "#1 in town, #summer_sale_2026 #a_b_",
	"rules":             "a\n\n---\n\n***\n\n_ _ _",
	"task list":         "- [ ] pay 5\n- [x] sign",
	"footnote sign":     "5 EUR*\n\n* incl. VAT",
	"dagger":            "5 EUR** and 6 EUR***\n\n** incl. VAT\n*** excl. VAT",

	// Stars and lines within
	"times":              "Use 3*4 or 5*6",
	"times in words":     "2 x*y and 3 x*z",
	"times, spaced":      "2 * 3 * 4 = 24",
	"times, half spaced": "2 *3* 4",
	"brackets times":     "(a)*b*(c) and 5*(3+2)*4",
	"power":              "2**3 and 3**2, x**y**z",
	"forwarding":         "Dial *21*00491511234567#",
	"forwarding, double": "**61*+491511234567*11**20#",
	"codes":              "*100# or *101#, *#06#, ##002#, *123*, *62*+49123*11#",
	"names":              "a_b_c, snake_case_name, __init__.py, __init__(), _x_y, MAX_LEN_, _a_b_",
	"dunder in dots":     "obj.__class__.__name__",
	"rating":             "5* hotel, 4* hotel",
	"card":               "**** **** **** 1234",
	"card, short":        "Card *1234 and *5678, IBAN DE**1234**56",
	"blank":              "Name: ____ Date: __________",
	"wildcards":          "*.txt and *.pdf, *.*, src/**/*.go",
	"pointers":           "int *a, *b; char **c",
	"arguments":          "f(*args, **kwargs)",
	"faces":              "^_^ and -_- and *_* o_O ;* :-*",
	"censored":           "f**k and s**t",
	"unequal":            "**Note* and *this**",
	"feet":               "He is 5`10 and she 6`2",
	"about":              "5~6 and 7~8, ~5 or ~6",
	"other words":        "text*cut*text",
	"regular expression": `^[a-z]+_*$ matches a_`,
	"not closed":         "**a [b](c `d",

	// Brackets
	"statuses":           "Hello Olga,\n\n[Status]: shipped\n[Order]: 7214",
	"idle address":       "[Tracking]: https://track.example/123",
	"idle with a title":  `[Tracking]: https://track.example/123 "Box 5"`,
	"note":               "See [1] and [^2].\n\n[^2]: only 5 left",
	"footnote in a word": "Free[^1]\n\n[^1]: shipping",
	"script definition":  "[a]\n\n[a]: javascript:alert(1)",
	"index":              "f[1](2) = a[i](j)",
	"square brackets":    "[5] [+49 151] [a](b c) [x](5 EUR)",
	"no link":            "[a] (https://b.example/)",

	// Addresses
	"stars in a URL":     "https://example.com/*promo*/a_b_c/",
	"host by number":     "http://10.0.0.1/_a_/b",
	"without a scheme":   "example.com/_abc_/x or shop.example/*x*?y=*z*",
	"IDN":                "https://müller.example/_a_/ä_b_",
	"IDN without scheme": "müller.example/_a_/ä_b_",
	"other scheme":       "myapp://open/_5_/*6*",
	"tildes":             "https://a.example/~~u~~/~b~",
	"parentheses":        "https://a.example/b_(c)_(d)",
	"in parentheses":     "(see https://a.example/b_(c)_d) and (b_c)",
	"entity in a URL":    "https://a.example/?a=1&amp;b=2&copy;=3",
	"backslash in a URL": `https://a.example/a\_b\*c`,
	"ends in a mark":     "https://a.example/a_ https://a.example/b*",
	"query":              "https://a.example/?a=_b_&c=*d*#_e_",
	"port":               "http://localhost:8080/_a_/ and 10.0.0.1:80/_b_/",
	"mail":               "_john_@example.com, first_last_@mail.example.com, @_me_",
	"www":                "www.example.com/_a_",
	"encoded":            "https://a.example/%2A%5Fx%5F*y*",
	"unix path":          "/usr/_local_/bin and ~/_x_/*",
	"windows path":       `C:\_temp\*.txt and \\server\share\_x\`,
	"windows names":      `C:\new\table`,

	// What people type
	"phone":            "+49 (151) 123-456 / 0049*151",
	"prices":           "3,50 € + 19 % = 4.17 €; £5, $6, 7¢, ¥8, 9 ₹",
	"money":            "$5_000 < $6_000 > $4_000 & more",
	"tag":              "Order <ABC-123> is <b>ready</b> <br/>",
	"comment":          "a <!-- 5 --> b",
	"mail in brackets": "Robin <robin@example.com>",
	"ampersands":       "AT&T, R&D, a&b; &unknown;",
	"mentions":         "@_user_ and @a_b_",
	"bars":             "5 | 6 || 7",
	"minus and a bar":  "5\n- |\n\n6\n-|\n\n7 | 8\n- | -",
	"bars in lines":    "a | b\n1 | 2",
	"emoji":            "👍 5 👩‍👧 ❤️",
	"Hebrew":           "שלום 5*3 _א_ב_",
	"times of day":     "9:00-17:00, 24/7",
	"fractions":        "1/2 + 3/4, ½",
	"formula":          "a = b*c*d, e^2 = f_1 + f_2",
	"variables":        "{{first_name}} ${a_b} %s %5d <%= x %>",
}

func TestNothingIsTakenFromTextWithoutMarks(t *testing.T) {
	t.Parallel()

	for name, message := range unchanged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, message, renderEmail(t, emailFacts(), message).Text)

			if !strings.ContainsAny(message, "\u200d") {
				assert.Equal(t, message, renderSMS(t, message).Text)
			}

			assert.Equal(t, message, renderSMS(t, strings.ReplaceAll(message, "\n", "\r\n")).Text, "Windows line ends")
		})
	}
}

func TestMarksGo(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ message, want string }{
		"bold":                   {"**25** EUR, __really__, **+5 %**, (**a**), \"**b**\", **c**, **d**.", "25 EUR, really, +5 %, (a), \"b\", c, d."},
		"italic":                 {"*yes*, _no_, _a b_, _c@d.example_", "yes, no, a b, c@d.example"},
		"both":                   {"***a*** **_b_** *__c__* **d *e*** ***f** g*", "a b c d e f g"},
		"over lines":             {"**a\nb** *c\nd*", "a\nb c\nd"},
		"not over items":         {"- 5*a\n- *b 6*", "- 5*a\n- b 6"},
		"not over paragraphs":    {"**a\n\nb**", "**a\n\nb**"},
		"bold and sign":          {"**Preis**: 5 €, **Express**-Versand, **20**%", "Preis: 5 €, Express-Versand, 20%"},
		"bold in Japanese":       {"これは**重要**です", "これは重要です"},
		"bold in Hebrew":         {"**שלום** 5", "שלום 5"},
		"bold after emoji":       {"👉**Jetzt** 5", "👉Jetzt 5"},
		"bold address":           {"**https://a.example/a_b** _https://a.example/c_", "https://a.example/a_b https://a.example/c"},
		"bold path":              {"**and/or**", "and/or"},
		"code":                   {"run `a *b* \\_ &amp;` and ``c`d``", "run a *b* \\_ &amp; and c`d"},
		"code block":             {"Do:\n```sh\nmake *x* _y_\n# 5\n```\nDone **now**", "Do:\nmake *x* _y_\n# 5\nDone now"},
		"code in a list":         {"1. Do:\n   ```\n   a_b_ *c*\n   ```\n5. Go", "1. Do:\n   a_b_ *c*\n5. Go"},
		"indented code":          {"Do:\n\n    a *b* [c](https://d.example)", "Do:\n\n    a *b* [c](https://d.example)"},
		"headings":               {"# Offer\n## 2. Price\n###### End #5", "Offer\n2. Price\nEnd #5"},
		"heading with a sign":    {"# Learn C #", "Learn C #"},
		"bold heading":           {"# **5 days**", "5 days"},
		"escapes":                {`5 \* 3, snake\_case, \$5, \#1, 1\. a, \[x\], \\`, `5 * 3, snake_case, $5, #1, 1. a, [x], \`},
		"escaped marks":          {`\*\*a\*\* \_b\_`, "**a** _b_"},
		"entities":               {"&copy; &euro;5 &lt;b&gt; &#49; &amp;copy;", "© €5 <b> 1 &copy;"},
		"strike":                 {"~~19.99~~ 9.99 a~~b~~c", "~19.99~ 9.99 a~~b~~c"},
		"table":                  {"|a|b|c|\n|-|:-:|-:|\n|+1|2\\|3|**4**|\n|5|6|7|8|", "a | b | c\n+1 | 2|3 | 4\n5 | 6 | 7 | 8"},
		"table without sides":    {"Item | 5\n--- | ---\nTea | - 3", "Item | 5\nTea | - 3"},
		"line breaks":            {"a  \nb\\\nc", "a\nb\nc"},
		"autolinks":              {"<https://a.example/_b_> <myapp://open/5>", "https://a.example/_b_ myapp://open/5"},
		"bold in a list":         {"3. **a** 5\n+ *b* 6\n- **c:** d", "3. a 5\n+ b 6\n- c: d"},
		"italic in a bullet":     {"* *a*\n* b*c", "* a\n* b*c"},
		"marks in quotations":    {"> **a\n> b**", "> a\n> b"},
		"sentence after numbers": {"Total: **5 EUR**. *Thanks!*", "Total: 5 EUR. Thanks!"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, renderSMS(t, c.message).Text)
			assert.Equal(t, c.want, renderEmail(t, emailFacts(), c.message).Text)
		})
	}
}

func TestLinksInTexts(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ message, sms, mail string }{
		"app":                {"[Open](myapp://open/5)", "Open: myapp://open/5", "Open (myapp://open/5)"},
		"marks in a URL":     {"[a](https://x.example/*b*/_c_)", "a: https://x.example/*b*/_c_", "a (https://x.example/*b*/_c_)"},
		"bold":               {"**[a](https://x.example)**", "a: https://x.example", "a (https://x.example)"},
		"bold label":         {"[**a** 5](https://x.example)", "a 5: https://x.example", "a 5 (https://x.example)"},
		"sentence":           {"See [a](https://x.example), ok.", "See a: https://x.example, ok.", "See a (https://x.example), ok."},
		"runs into a word":   {"[a](https://x.example)b", "a: https://x.example b", "a (https://x.example)b"},
		"colon in the label": {"[Pay here:](https://x.example)", "Pay here: https://x.example", "Pay here: (https://x.example)"},
		"question":           {"[Why?](https://x.example)", "Why? https://x.example", "Why? (https://x.example)"},
		"parentheses":        {"([a](https://x.example/b_(c)))", "(a: https://x.example/b_(c))", "(a (https://x.example/b_(c)))"},
		"host alone":         {"[a](x.example/5)", "a: x.example/5", "a (x.example/5)"},
		"path":               {"[a](/b/5)", "a: /b/5", "a (/b/5)"},
		"reference":          {"Read [the guide][1].\n\n[1]: https://x.example/g", "Read the guide: https://x.example/g.", "Read the guide (https://x.example/g)."},
		"short reference":    {"Read [Guide].\n\n[guide]: <https://x.example/g> \"t\"\n\nBye", "Read Guide: https://x.example/g.\n\nBye", "Read Guide (https://x.example/g).\n\nBye"},
		"collapsed":          {"[a][]\n\n[a]: https://x.example", "a: https://x.example", "a (https://x.example)"},
		"one is idle":        {"[a]\n\n[a]: https://x.example\n[b]: https://y.example", "a: https://x.example\n\n[b]: https://y.example", "a (https://x.example)\n\n[b]: https://y.example"},
		"defined twice":      {"[a]\n\n[a]: https://x.example/1\n[a]: https://x.example/2", "a: https://x.example/1\n\n[a]: https://x.example/2", "a (https://x.example/1)\n\n[a]: https://x.example/2"},
		"unknown reference":  {"[a][b]", "[a][b]", "[a][b]"},
		"image":              {"![Plan 5](https://x.example/p.png)", "Plan 5: https://x.example/p.png", "Plan 5 (https://x.example/p.png)"},
		"image without name": {"![](https://x.example/p.png)", "https://x.example/p.png", "https://x.example/p.png"},
		"image in a link":    {"[![a](https://x.example/i)](https://x.example)", "a: https://x.example/i https://x.example", "a (https://x.example/i) (https://x.example)"},
		"link in a link":     {"[a [b](https://x.example/1) c](https://x.example/2)", "[a b: https://x.example/1 c](https://x.example/2)", "[a b (https://x.example/1) c](https://x.example/2)"},
		"escaped":            {`\[a](https://x.example/_b_) !\[c]`, "[a](https://x.example/_b_) ![c]", "[a](https://x.example/_b_) ![c]"},
		"exclamation":        {`Hi\![a](https://x.example)`, "Hi!a: https://x.example", "Hi!a (https://x.example)"},
		"script":             {"[a](javascript:alert(1))", "a", "a"},
		"in code":            {"`[a](https://x.example)`", "[a](https://x.example)", "[a](https://x.example)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.sms, renderSMS(t, c.message).Text)
			assert.Equal(t, c.mail, renderEmail(t, emailFacts(), c.message).Text)
		})
	}
}
