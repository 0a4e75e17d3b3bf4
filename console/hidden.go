package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hidden are the characters that no reader sees, and by which a text can pass for another one. Joiners and the marks of
// a direction are not among them, because Persian, Hebrew and emoji are written with them.
var hidden = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x00, Hi: 0x08, Stride: 1}, // C0, without tabs and the ends of lines
		{Lo: 0x0b, Hi: 0x0c, Stride: 1},
		{Lo: 0x0e, Hi: 0x1f, Stride: 1},
		{Lo: 0x7f, Hi: 0x9f, Stride: 1}, // C1
		{Lo: 0xad, Hi: 0xad, Stride: 1},
		{Lo: 0x115f, Hi: 0x1160, Stride: 1}, // letters that are blank
		{Lo: 0x180e, Hi: 0x180e, Stride: 1},
		{Lo: 0x200b, Hi: 0x200b, Stride: 1},
		{Lo: 0x202a, Hi: 0x202e, Stride: 1}, // directions
		{Lo: 0x2060, Hi: 0x206f, Stride: 1}, // what has no width, and what is isolated from its surroundings
		{Lo: 0x2800, Hi: 0x2800, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xfeff, Hi: 0xfeff, Stride: 1},
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
		{Lo: 0xfff9, Hi: 0xfffb, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0xe0001, Hi: 0xe0001, Stride: 1}, // a second alphabet, which nothing shows
		{Lo: 0xe0020, Hi: 0xe007f, Stride: 1},
	},
	LatinOffset: 5,
}

// isHidden reports whether no reader sees a character.
func isHidden(r rune) bool { return unicode.Is(hidden, r) }

// blackFlag is an emoji that hidden letters follow, which say whose flag it is.
const blackFlag = '\U0001f3f4'

// revealText returns a text in which hidden characters are shown by their numbers, such as ⟨U+202E⟩.
func revealText(text []byte) []byte {
	var out bytes.Buffer

	isFlag := false

	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		isFlag = r == blackFlag || isFlag && r > 0xe0000

		if isHidden(r) && !isFlag {
			fmt.Fprintf(&out, "⟨U+%04X⟩", r)
		} else {
			out.Write(text[:size])
		}

		text = text[size:]
	}

	return out.Bytes()
}

// revealHidden returns a page whose texts show their hidden characters. What somebody edits or sends back stays as it
// is.
func revealHidden(page []byte) []byte {
	if bytes.IndexFunc(page, isHidden) < 0 {
		return page
	}

	var out bytes.Buffer

	in := html.NewTokenizer(bytes.NewReader(page))
	isKept := false

	for {
		switch in.Next() {
		case html.ErrorToken:
			return out.Bytes()
		case html.TextToken:
			if isKept {
				out.Write(in.Raw())
			} else {
				out.Write(revealText(in.Raw()))
			}
		case html.StartTagToken:
			out.Write(in.Raw())

			isKept = keepsText(in.Token())
		case html.EndTagToken:
			out.Write(in.Raw())

			isKept = false
		case html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
			out.Write(in.Raw())
		}
	}
}

// keepsText reports whether the text within a tag is what a form sends, or no text for people.
func keepsText(tag html.Token) bool {
	if tag.DataAtom == atom.Option {
		return indexOf(tag, "value") < 0
	}

	return slices.Contains([]atom.Atom{atom.Textarea, atom.Script, atom.Style}, tag.DataAtom)
}

// revealed is a page that shows the hidden characters of its texts, whoever has written them: all pages are rendered
// through it.
func revealed(page templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		var made bytes.Buffer
		if err := page.Render(ctx, &made); err != nil {
			return err
		}

		_, err := w.Write(revealHidden(made.Bytes()))

		return err
	})
}
