package render_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/carrier/render"
	"handrail/chat"
)

const messageID = chat.MessageID("01935c2e-7d1a-7000-8000-000000000001")

func renderSMS(t *testing.T, message string) chat.Payload {
	t.Helper()

	p, err := render.New(render.Options{}).Render(chat.ChannelSMS, &chat.SendFacts{}, message, messageID)
	require.NoError(t, err)

	return p
}

func TestSMSText(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct{ message, want string }{
		"plain":            {"Your order is on its way.", "Your order is on its way."},
		"looks like a tag": {"Order <ABC-123> is ready", "Order <ABC-123> is ready"},
		"tag and link": {"<script>x</script> [here](https://a.example/b)", "<script>x</script> here: " +
			"https://a.example/b"},
		"emphasis":             {"**Very** *important* __really__ _yes_ ***all***", "Very important really yes all"},
		"intraword underscore": {"snake_case_name", "snake_case_name"},
		"struck":               {"~~19.99~~ 9.99", "~19.99~ 9.99"},
		"heading":              {"# Hello\n\nYou.", "Hello\n\nYou."},
		"heading without gap":  {"# Hello\nYou.", "Hello\nYou."},
		"line break":           {"one\ntwo  \nthree\\\nfour", "one\ntwo\nthree\nfour"},
		"windows line ends":    {"one\r\ntwo\r\n\r\nthree", "one\ntwo\n\nthree"},
		"bullets":              {"Pick:\n- red\n- green\n* blue", "Pick:\n- red\n- green\n* blue"},
		"nested list":          {"- a\n  - b\n    - c\n- d", "- a\n  - b\n    - c\n- d"},
		"ordered list":         {"3. a\n4. b\n   more", "3. a\n4. b\n   more"},
		"ordered with bracket": {"1) Yes\n2) No", "1) Yes\n2) No"},
		"a year is no list":    {"2024. What a year", "2024. What a year"},
		"loose list":           {"- a\n\n- b", "- a\n\n- b"},
		"quote":                {"> you said\n> this\n\nYes.", "> you said\n> this\n\nYes."},
		"code span":            {"run `a  *b*` now", "run a  *b* now"},
		"code block":           {"```go\nif x {\n\ty()\n}\n```", "if x {\n y()\n}"},
		"indented code":        {"See:\n\n    a  b", "See:\n\n    a  b"},
		"table": {"Prices:\n\n| Item | Price |\n|---|--:|\n| **Tea** | 3 |\n| " +
			"[Cake](https://c.example) | 4 |", "Prices:\n\nItem | Price\nTea | 3\nCake: https://c.example | 4"},
		"rule":                  {"a\n\n---\n\nb", "a\n\n---\n\nb"},
		"link":                  {"[Pay now](https://pay.example/i/1)", "Pay now: https://pay.example/i/1"},
		"link with emphasis":    {"[**Pay** now](https://pay.example)", "Pay now: https://pay.example"},
		"link says its address": {"[pay.example](https://pay.example/)", "https://pay.example/"},
		"link without label":    {"[](https://pay.example)", "https://pay.example"},
		"link with title":       {`[a](https://a.example "t")`, "a: https://a.example"},
		"link by reference":     {"[a][1]\n\n[1]: https://a.example", "a: https://a.example"},
		"link with entity":      {"[a](https://a.example/?x=1&amp;y=2)", "a: https://a.example/?x=1&y=2"},
		"link with space":       {"[a](<https://a.example/b c>)", "a: https://a.example/b%20c"},
		"bare address":          {"see https://a.example/x_y.", "see https://a.example/x_y."},
		"address in brackets":   {"see <https://a.example>", "see https://a.example"},
		"www":                   {"see www.a.example", "see www.a.example"},
		"mail and phone":        {"[write](mailto:a@b.example) or [call](tel:+15550100)", "write: a@b.example or call: +15550100"},
		"mail address itself":   {"[a@b.example](mailto:a@b.example)", "a@b.example"},
		"script link":           {"[a](javascript:alert(1)) [b](JaVaScRiPt:x) [c](data:text/html,x)", "a b c"},
		"relative link":         {"[a](/b)", "a: /b"},
		"image":                 {"![Your label](https://a.example/l.png)", "Your label: https://a.example/l.png"},
		"decoration":            {"Hi ![](https://a.example/p.png) there", "Hi https://a.example/p.png there"},
		"image in a link":       {"[![Logo](https://a.example/l.png)](https://a.example)", "Logo: https://a.example/l.png https://a.example"},
		"escapes":               {`\*not\* \&amp; &amp; &copy; 2 \< 3`, "*not* &amp; & © 2 < 3"},
		"entity for markup":     {"&lt;b&gt;", "<b>"},
		"curly":                 {"“It’s – well — fine…”", `"It's - well - fine..."`},
		"curly in code":         {"`“x”`", `"x"`},
		"not in addresses": {"<https://a.example/x–y> [a–b](https://a.example/x–y)", "https://a.example/x–y " +
			"a-b: https://a.example/x–y"},
		"combining accent":        {"cafe\u0301", "café"},
		"no-break space":          {"10\u00a0€", "10 €"},
		"zero width":              {"a\u200bb\ufeff", "ab"},
		"family emoji":            {"👩\u200d👧", "👩\u200d👧"},
		"control characters":      {"a\x07b\x1bc", "abc"},
		"backslashes stay":        {`C:\new\table`, `C:\new\table`},
		"unclosed marks":          {"**a [b](c", "**a [b](c"},
		"arithmetic":              {"2 * 3 * 4 < 5_000", "2 * 3 * 4 < 5_000"},
		"definition beside text":  {"a\n\n[b]: https://c.example", "a\n\n[b]: https://c.example"},
		"link over lines in code": {"```\n[a](https://b.example)\n```", "[a](https://b.example)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := renderSMS(t, c.message)
			assert.Equal(t, c.want, p.Text)
			assert.Equal(t, render.SegmentCount(c.want), p.Segments)
			assert.Empty(t, p.HTML)
			assert.Empty(t, p.Subject)
			assert.Empty(t, p.Headers)
		})
	}
}

func TestSMSRefusals(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		message string
		code    chat.Code
	}{
		"only decoration":     {"![](data:image/png;base64,AAAA)", chat.CodeInvalidRequest},
		"only a script":       {"[](javascript:alert(1))", chat.CodeInvalidRequest},
		"only a fence":        {"```\n```", chat.CodeInvalidRequest},
		"only zero width":     {"\u200b", chat.CodeInvalidRequest},
		"empty":               {" \n", chat.CodeInvalidRequest},
		"not UTF-8":           {"a\xff", chat.CodeInvalidRequest},
		"NUL":                 {"a\x00", chat.CodeInvalidRequest},
		"too long":            {strings.Repeat("a", 1601), chat.CodeMessageTooLong},
		"too long once plain": {strings.Repeat("…", 1600), chat.CodeMessageTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := render.New(render.Options{}).Render(chat.ChannelSMS, &chat.SendFacts{}, c.message, messageID)
			require.Error(t, err)
			assert.Equal(t, c.code, chat.CodeOf(err))
			assert.Equal(t, "message", chat.AsError(err).Fields[0].Field)
		})
	}

	assert.Len(t, renderSMS(t, strings.Repeat("a", 1600)).Text, 1600)
}
