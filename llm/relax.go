package llm

import (
	"fmt"
	"html"
	"strings"
	"unicode"
)

// relaxJSON makes JSON of what models write nearly as JSON: with quotes of Python, of typesetters or of HTML,
// with comments, with commas before a closing bracket, with lines within a text, with True, False and None. What
// is none of this stays as it is, for its reader to refuse. It takes time in proportion to the text.
func relaxJSON(text string) string {
	if strings.Contains(text, "&quot;") || strings.Contains(text, "&#34;") {
		text = html.UnescapeString(text)
	}

	r := &relaxer{in: []rune(text)}
	for r.at < len(r.in) {
		r.step()
	}

	return r.out.String()
}

// relaxer rewrites a text from its beginning to its end.
type relaxer struct {
	in  []rune
	at  int
	out strings.Builder
	// comma reports that one was read and is not written yet.
	comma bool
}

// quoteKinds are the quotes that a text may stand in, each with those that end it.
var quoteKinds = map[rune]string{
	'"': `"`, '\'': `'`, '“': "”“", '”': "”“", '„': "“”", '‘': "’‘", '’': "’‘",
}

// wideMarks are the marks of JSON as they are written between Chinese and Japanese characters.
var wideMarks = map[rune]rune{'｛': '{', '｝': '}', '［': '[', '］': ']', '：': ':', '，': ',', '＂': '"'}

// step reads what stands next outside of a text.
func (r *relaxer) step() {
	c := r.in[r.at]

	switch {
	case unicode.IsSpace(c):
		r.at++
		r.out.WriteRune(' ')

		return
	case r.skipComment():
		return
	case c == ',', wideMarks[c] == ',':
		r.at++
		r.comma = true

		return
	}

	if r.comma && !strings.ContainsRune("}]｝］", c) {
		r.out.WriteByte(',')
	}

	r.comma = false

	if plain, isWide := wideMarks[c]; isWide {
		c = plain
	}

	switch enders, isQuote := quoteKinds[c]; {
	case isQuote:
		r.at++
		r.copyText(enders)
	case unicode.IsLetter(c):
		r.copyWord()
	default:
		r.at++
		r.out.WriteRune(c)
	}
}

// skipComment skips a comment, if one begins here. One without an end is none.
func (r *relaxer) skipComment() bool {
	if r.in[r.at] != '/' || r.at+1 == len(r.in) {
		return false
	}

	switch r.in[r.at+1] {
	case '/':
		for r.at < len(r.in) && r.in[r.at] != '\n' {
			r.at++
		}

		return true
	case '*':
		for r.at += 2; r.at < len(r.in) && (r.in[r.at] != '/' || r.in[r.at-1] != '*'); {
			r.at++
		}

		r.at++

		return true
	}

	return false
}

var pythonWords = map[string]string{"True": "true", "False": "false", "None": "null"}

func (r *relaxer) copyWord() {
	begun := r.at
	for r.at < len(r.in) && unicode.IsLetter(r.in[r.at]) {
		r.at++
	}

	word := string(r.in[begun:r.at])
	if known, ok := pythonWords[word]; ok {
		word = known
	}

	r.out.WriteString(word)
}

// copyText copies a text up to the quote that ends it.
func (r *relaxer) copyText(enders string) {
	r.out.WriteByte('"')

	for r.at < len(r.in) {
		c := r.in[r.at]
		r.at++

		switch {
		case c == '\\' && r.at < len(r.in):
			r.copyEscape()
		case strings.ContainsRune(enders, c) && (c == '"' || r.endsText()):
			r.out.WriteByte('"')
			return
		case c == '"':
			r.out.WriteString(`\"`)
		case unicode.IsControl(c):
			fmt.Fprintf(&r.out, `\u%04x`, c)
		default:
			r.out.WriteRune(c)
		}
	}
}

func (r *relaxer) copyEscape() {
	c := r.in[r.at]
	r.at++

	// Anything else JSON does not escape: Markdown does, and Python.
	if strings.ContainsRune(`"\/bfnrtu`, c) {
		r.out.WriteByte('\\')
	}

	r.out.WriteRune(c)
}

// endsText reports whether what follows a quote is what follows a text: an apostrophe ends none.
func (r *relaxer) endsText() bool {
	for i := r.at; i < len(r.in); i++ {
		if !unicode.IsSpace(r.in[i]) {
			return strings.ContainsRune(",:}]，：｝］", r.in[i])
		}
	}

	return true
}
