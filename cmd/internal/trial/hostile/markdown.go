package hostile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"handrail/carrier/render"
	"handrail/chat"
)

// markdownPieces are what Markdown is made of. A message that repeats one of them over and over is where
// readers of Markdown become quadratic.
var markdownPieces = []string{
	"[", "![", "]", "](", "[a](/", "[a](b ", "![](/a)", "![[a](/b)", "[a](/b)", "[a][", "[a]", "*a ",
	"a* ", "_a *b ", "*a_ ", "**a*", "~~a ", "a~~ ", "`", "`a", "`a` ", "``a` ", "```\n", "~~~~\na\n",
	"\\", "&a", "&amp;", "<a:", "<a:b> ", "a.b/", "a@b.c", "a.b/(", "a.b/)", "http://", "http://a](",
	"a://b_ ", "| ", "|a|\n|-|\n", "a|b\n", "# a\n", "- a\n", "> ", "[a]: /b\n", "[a]: /b\n\n[a] ",
	"    a\n", "  ", "\n", "a  \n", "\\\n", "_*~", "é", "a_",
}

// pieceBytes is the middle of the two sizes of such a message; an SMS and an email are far below it.
const pieceBytes = 8000

// addressBytes is the same for one full of addresses. Both sizes are beyond the few thousand bytes up to which Go's
// regexp works in another way, which would look like growth.
const addressBytes = 20_000

// sizeOf is how often a piece is repeated in the middle of the two sizes.
func sizeOf(piece string) int {
	if strings.HasPrefix(piece, "a.b/") {
		return addressBytes / len(piece)
	}

	return pieceBytes / len(piece)
}

func markdownInputs() []input {
	renderer := render.New(render.Options{})
	facts := &chat.SendFacts{
		Recipient: &chat.Member{Email: "a@b.example"},
		Inbox:     &chat.Inbox{Address: "c@d.example"},
	}

	show := func(text string) {
		_, err := renderer.Render(chat.ChannelEmail, facts, text, "m")
		if err != nil && chat.CodeOf(err).Kind() != chat.KindInvalid {
			panic("hostile: a message was not rendered: " + err.Error())
		}
	}

	named := map[string]string{
		"Markdown, links":    "[a](",
		"Markdown, emphasis": "**a* _b",
		"Markdown, tables":   "|a|\n|-|\n",
	}
	for _, piece := range markdownPieces {
		named[fmt.Sprintf("Markdown, %q", piece)] = piece
	}

	all := make([]input, 0, len(named))
	for _, name := range slices.Sorted(maps.Keys(named)) {
		piece := named[name]
		all = append(all, input{
			name:     name,
			size:     sizeOf(piece),
			maxBytes: 250 * mega,
			prepare: func(n int) (int, func()) {
				written := strings.Repeat(piece, n)
				return len(written), func() { show(written) }
			},
		})
	}

	return all
}
