package reply

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// maxSignature is the most lines below "-- " that are a signature.
	maxSignature = 8
	// maxSignatureLine is the most characters of a line of it.
	maxSignatureLine = 100
	// sentence is the fewest words of a line with a full stop that say something.
	sentence = 4
	// maxSignatureWords is the most words of a line of it.
	maxSignatureWords = 10
)

var (
	listItem   = regexp.MustCompile(`^(?:\d+[.)]|[-*•])\s`)
	postscript = regexp.MustCompile(`(?i)^(?:p\.?\s?s\b|n\.?b\b|з\.?\s?ы\.?|追伸|추신)`)
)

// beforeSignature returns the number of lines above a signature, of the first end ones. It
// begins with "-- " (RFC 3676 4.3), with the space: two dashes alone divide a list.
func (p *page) beforeSignature(end int) int {
	mark := -1

	for i := range end {
		p.reads++
		if !isSignatureMark(p.raw[i]) {
			continue
		}

		if mark >= 0 {
			return end // What divides the text more than once is no signature.
		}

		mark = i
	}

	if mark < 0 || !p.isSignature(mark+1, end) {
		return end
	}

	return mark
}

func isSignatureMark(raw string) bool {
	raw = strings.TrimSuffix(raw, "\r")
	return raw == "-- " || raw == "--\u00a0"
}

// isSignature reports whether the lines are few and short, and neither a list nor sentences.
func (p *page) isSignature(from, end int) bool {
	lines := 0

	for i := from; i < end; i++ {
		l := p.line(i)
		if l.blank() {
			continue
		}

		lines++
		if lines > maxSignature || !isSignatureLine(l) {
			return false
		}
	}

	return true
}

func isSignatureLine(l line) bool {
	switch {
	case isSentFrom(l.text):
		return true
	case l.quoted(), l.text == longLine, utf8.RuneCountInString(l.text) > maxSignatureLine:
		return false
	case listItem.MatchString(l.text), postscript.MatchString(l.text), len(strings.Fields(l.text)) > maxSignatureWords:
		return false
	case endsWithAny(l.text, "?", "？", "。", "；", "؟", ":"):
		return false
	case endsWithAny(l.text, ".", "!"):
		return len(strings.Fields(l.text)) < sentence
	}

	return true
}
