package sendgrid

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// blocks are elements that begin a line.
var blocks = map[atom.Atom]bool{
	atom.P:          true,
	atom.Div:        true,
	atom.Br:         true,
	atom.Li:         true,
	atom.Tr:         true,
	atom.H1:         true,
	atom.H2:         true,
	atom.H3:         true,
	atom.H4:         true,
	atom.H5:         true,
	atom.H6:         true,
	atom.Ul:         true,
	atom.Ol:         true,
	atom.Table:      true,
	atom.Blockquote: true,
	atom.Pre:        true,
	atom.Hr:         true,
}

// hidden are elements whose content nobody sees.
var hidden = map[atom.Atom]bool{atom.Head: true, atom.Style: true, atom.Script: true, atom.Title: true}

// textOf is the text of an email that came as HTML only, a quote marked with > as in text.
func textOf(page string) string {
	var text flat
	var skipped atom.Atom

	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return strings.TrimSpace(strings.Join(text.lines, "\n") + "\n" + text.line())
		}

		token := z.Token()
		switch {
		case skipped != 0:
			// A head that is not closed ends where the body begins.
			if kind == html.EndTagToken && token.DataAtom == skipped || token.DataAtom == atom.Body {
				skipped = 0
			}

		case kind == html.TextToken:
			text.words = append(text.words, token.Data)
		case hidden[token.DataAtom] && kind == html.StartTagToken:
			skipped = token.DataAtom
		case blocks[token.DataAtom]:
			text.block(token, kind)
		}
	}
}

// flat is a text that is being made of HTML.
type flat struct {
	lines []string
	words []string
	depth int
}

// line is the line that is being made, its spaces as a browser shows them.
func (f *flat) line() string {
	line := strings.Join(strings.Fields(strings.Join(f.words, "")), " ")
	if f.depth > 0 {
		line = strings.TrimSpace(strings.Repeat(">", min(f.depth, 5)) + " " + line)
	}

	return line
}

// block begins a line where a block begins or ends, and marks what is quoted.
func (f *flat) block(token html.Token, kind html.TokenType) {
	begun := len(f.words) > 0 && strings.TrimSpace(strings.Join(f.words, "")) != ""
	switch {
	case begun, token.DataAtom == atom.Br, token.DataAtom == atom.P && kind == html.StartTagToken:
		f.lines = append(f.lines, f.line())
	}

	f.words = nil

	if token.DataAtom != atom.Blockquote {
		return
	}

	if kind == html.StartTagToken {
		f.depth++
	} else if f.depth > 0 {
		f.depth--
	}
}
