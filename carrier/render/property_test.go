package render_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"handrail/carrier/render"
	"handrail/chat"
)

// The pieces that messages are made of in the tests below.
var (
	urls = []string{
		"https://example.com/*promo*/a_b_c/", "http://10.0.0.1/_a_/b", "example.com/_abc_/x",
		"https://müller.example/_a_/ä_b_", "myapp://open/5", "https://a.example/b_(c)_(d)?x=1&amp;y=*2*#_3_",
		"www.a.example/~~b~~", "https://a.example/%2A-+$5,6;7=8@9", "ftp://a.example/[1]/2", "https://a.example",
		`https://a.example/a\_b\*`, "tel.example:80/*1*2*", "_a_b_@mail.example.com",
	}
	facts = []string{
		"3", "12.", "5)", "2026", "3*4", "5*6", "*21*00491511234567#", "**61*5*20#", "+49", "-5", "- 7", "+ 8", "= 9",
		"19 %", "€5", "$6_000", "£7", "<8", "> 9", "a&b", "&", "a_b_c", "2**3", "__init__.py", "5`10", "C:\\_x\\*1",
		"[x]", "[1]:", "f[1](2)", "#", "# 4", "#5", "~6", "7~8~9", "<ABC-1>", "|", "5 | 6", "!", "^2", "@a_1", "½", "שלום", "👍",
	}
	marked = []string{
		"**bold 1**", "*soft*", "__b +2__", "_s_", "`c*3`", "~~4~~", "***b s***", "\\*", "\\_", "&copy;", "&lt;",
		"## Head 5", "```\ncode *6*\n```", "|a|7|\n|-|-|\n|8|9|", "> said", "- item", "* item", "3. item", "**", "*", "_", "`", "[", "](", "]", "(", ")",
		"    code", "---", "\\", "[r][7]",
	}
	gaps = []string{" ", "\n", "\n\n", "", ", ", " (", ") ", "\n- ", "\n+ ", "\n7. ", "\n> ", " | "}
)

func drawMessage(t *rapid.T, pieces ...[]string) string {
	var all []string
	for _, p := range pieces {
		all = append(all, p...)
	}

	var b strings.Builder
	for range rapid.IntRange(1, 12).Draw(t, "pieces") {
		b.WriteString(rapid.SampledFrom(all).Draw(t, "piece"))
		b.WriteString(rapid.SampledFrom(gaps).Draw(t, "gap"))
	}

	// Once only: a second one would refer to the first.
	if rapid.Bool().Draw(t, "definition") {
		b.WriteString("\n\n[a]: https://d.example/1 \"t\"")
	}

	return b.String()
}

// textsOf are the message as an SMS and as the text part of an email.
func textsOf(t *rapid.T, r *render.Renderer, message string) []string {
	var texts []string

	for _, channel := range []chat.Channel{chat.ChannelSMS, chat.ChannelEmail} {
		p, err := r.Render(channel, emailFacts(), message, messageID)
		if err != nil {
			require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), "%q", message)
			continue
		}

		texts = append(texts, p.Text)
	}

	return texts
}

// Whatever the message: digits, and the signs that are no mark of Markdown, are all in
// the texts, in their order. The only digits and signs that may go are
//
//   - those of a character's number and of its name, &#49; and &copy;
//   - the line of a table's head, |-|-|, and the lines around a block of code
//   - a link's title, and a definition that the text refers to, whose address is shown there
//   - the angle brackets around an address
//
// which these messages have none of, or which are taken out of both sides.
func TestDigitsAndSignsStay(t *testing.T) {
	t.Parallel()

	r := render.New(render.Options{})
	gone := regexp.MustCompile(`&copy;|&lt;|\|-\|-\|`)

	rapid.Check(t, func(t *rapid.T) {
		message := drawMessage(t, urls, facts, marked)
		for _, text := range textsOf(t, r, message) {
			want := onlySigns(gone.ReplaceAllString(message, ""))
			have := onlySigns(strings.NewReplacer("©", "").Replace(text))
			// What a name stands for may be a sign itself; a link has a colon and parentheses.
			require.True(t, holdsInOrder(have, want), "%q\nbecame %q\nwant %s\nhave %s", message, text, want, have)
		}
	})
}

// onlySigns is what no mark is made of: digits and the signs of amounts.
func onlySigns(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsNumber(r) || unicode.Is(unicode.Sc, r) || strings.ContainsRune("+-/=%&<>^@,.;?", r) {
			return r
		}

		return -1
	}, text)
}

// holdsInOrder reports whether all runes of the part are in the whole, in their order.
func holdsInOrder(whole, part string) bool {
	rest := whole
	for _, r := range part {
		at := strings.IndexRune(rest, r)
		if at < 0 {
			return false
		}

		rest = rest[at+len(string(r)):]
	}

	return true
}

// The stars, lines and number signs of facts stay too, when they stand among words.
func TestFactsStayAsTheyAre(t *testing.T) {
	t.Parallel()

	r := render.New(render.Options{})

	rapid.Check(t, func(t *rapid.T) {
		var (
			b     strings.Builder
			drawn []string
		)

		all := append(append([]string{}, urls...), "3*4 or 5*6", "*21*00491511234567#", "**61*5*20#", "2**3", "a_b_c",
			"12 + 3\n=\n15", "3. Dezember\n5. Dezember", "+ 3 EUR\n- 2 EUR", "[Status]: shipped", "# 7214", "-- \nRobin",
			`C:\_temp\*.txt`, "__init__.py", "*100#", "[5]", "f[1](2)", "5`10", "7~8~9", "> 5", "Order <ABC-123>")

		for range rapid.IntRange(1, 8).Draw(t, "pieces") {
			piece := rapid.SampledFrom(all).Draw(t, "piece")
			drawn = append(drawn, piece)
			b.WriteString(piece + rapid.SampledFrom([]string{"\n\n", "\n", " and **this** \n", "\n- *or* ", "\n\n# That\n"}).Draw(t, "gap"))
		}

		for _, text := range textsOf(t, r, b.String()) {
			rest := text
			for _, piece := range drawn {
				_, after, found := strings.Cut(rest, piece)
				require.True(t, found, "%q is not in %q", piece, text)

				rest = after
			}

			require.NotContains(t, text, "**this**")
			require.NotContains(t, text, "*or*")
			require.NotContains(t, text, "# That")
		}
	})
}

// URLs come through byte for byte wherever they stand, also as the address of a link.
func TestURLsStay(t *testing.T) {
	t.Parallel()

	r := render.New(render.Options{})
	forms := []string{"%", "(%)", "see %.", "**%**", "*% 5*", "_%_", "[here](%)", "![pic](%)", "**[a](%)**, b", "[%]", "\"%\"", "- %", "3. %", "> %", "# %", "|%|\n|-|", "%!"}

	rapid.Check(t, func(t *rapid.T) {
		var message strings.Builder

		var drawn []string

		for range rapid.IntRange(1, 6).Draw(t, "pieces") {
			url := rapid.SampledFrom(urls[:10]).Draw(t, "url")
			drawn = append(drawn, url)
			form := rapid.SampledFrom(forms).Draw(t, "form")

			// Between the brackets of a link, a name stands for its character.
			if strings.Contains(form, "](") {
				drawn[len(drawn)-1] = strings.ReplaceAll(url, "&amp;", "&")
			}

			message.WriteString(strings.ReplaceAll(form, "%", url) + "\n\n")
		}

		for _, text := range textsOf(t, r, message.String()) {
			rest := text
			for _, url := range drawn {
				_, after, found := strings.Cut(rest, url)
				require.True(t, found, "%q is not in %q", url, text)

				rest = after
			}
		}
	})
}

// What HTML shows has all digits and signs of the message too, but for the bullets of
// lists, the marks of quotations and rules, and titles.
func TestHTMLShowsDigits(t *testing.T) {
	t.Parallel()

	r := render.New(render.Options{})
	digits := func(text string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsNumber(r) || unicode.Is(unicode.Sc, r) || strings.ContainsRune("+=%^@/", r) {
				return r
			}

			return -1
		}, text)
	}

	rapid.Check(t, func(t *rapid.T) {
		message := drawMessage(t, urls, facts, marked)

		p, err := r.Render(chat.ChannelWeb, &chat.SendFacts{}, message, messageID)
		if err != nil {
			require.Equal(t, chat.CodeInvalidRequest, chat.CodeOf(err), "%q", message)
			return
		}

		shown := digits(shownText(t, p.HTML))
		require.True(t, holdsInOrder(shown, digits(message)), "%q\nbecame %q", message, p.HTML)
	})
}
