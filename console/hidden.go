package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// isHidden reports whether a character is one that no reader sees, and by which a text can pass for another one: what
// turns the direction of writing, what has no width, and what controls a terminal. Joiners and the marks of a direction
// are none, because Persian, Hebrew and emoji are written with them.
func isHidden(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0: // C0 and C1
		return true
	case r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069: // directions, and what is isolated from them
		return true
	case r == 0xad, r == 0x200b, r >= 0x2060 && r <= 0x2064, r == 0xfeff, r == 0x180e: // nothing wide
		return true
	case r >= 0x206a && r <= 0x206f, r >= 0xfff9 && r <= 0xfffb: // formats that are not used any more
		return true
	case r == 0x115f, r == 0x1160, r == 0x3164, r == 0xffa0, r == 0x2800: // letters that are blank
		return true
	}

	return r == 0xe0001 || r >= 0xe0020 && r <= 0xe007f // a second alphabet, which nothing shows
}

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
	switch tag.DataAtom {
	case atom.Textarea, atom.Script, atom.Style:
		return true
	case atom.Option:
		return indexOf(tag, "value") < 0
	}

	return false
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
