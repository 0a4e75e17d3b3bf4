package render

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMark is the longest run of * or _ that emphasizes: ***both***. Longer ones draw
// something: **** **** **** 1234.
const maxMark = 3

// markSides reports whether the run of * or _ at the span can begin an emphasis, and whether
// it can end one. It can only where it is certain: at the border of words. CommonMark takes
// more, and makes "34 or 56" of "3*4 or 5*6".
func markSides(text string, run span) (begins, ends bool) {
	length := run.end - run.start
	if length > maxMark {
		return false, false
	}

	before, _ := utf8.DecodeLastRuneInString(text[:run.start])
	after, size := utf8.DecodeRuneInString(text[run.end:])
	beyond, _ := utf8.DecodeRuneInString(text[run.end+size:])

	begins = run.end < len(text) && !unicode.IsSpace(after) &&
		(run.start == 0 || isBorderBefore(before)) &&
		(length > 1 || beginsWord(text[run.end:]))

	ends = run.start > 0 && !unicode.IsSpace(before) &&
		(run.end == len(text) || isBorderAfter(after, beyond))

	if length == 1 {
		// _x_y is a name, and so is LEN_MAX_.
		begins = begins && !hasMarkWithin(text[run.end:], text[run.start])
		ends = ends && !endsMarkWithin(text[:run.start], text[run.start])
	}

	return begins, ends
}

// maxWord is how far a word is looked at.
const maxWord = 64

// hasMarkWithin reports whether the word at the beginning of the text has the mark between
// two of its letters.
func hasMarkWithin(text string, mark byte) bool {
	marked := false

	for _, r := range text[:min(len(text), maxWord)] {
		switch {
		case r == rune(mark):
			marked = true
		case !isWordRune(r):
			return false
		case marked:
			return true
		}
	}

	return false
}

// endsMarkWithin reports the same of the word at the end of the text.
func endsMarkWithin(text string, mark byte) bool {
	marked := false

	for text = text[max(0, len(text)-maxWord):]; text != ""; {
		r, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]

		switch {
		case r == rune(mark):
			marked = true
		case !isWordRune(r):
			return false
		case marked:
			return true
		}
	}

	return false
}

// isBorderBefore reports whether a word may begin after the rune and a mark. After a
// closing bracket, a sign or a slash, a mark is part of a formula, a code or a path.
func isBorderBefore(r rune) bool {
	return !isWordRune(r) && !strings.ContainsRune(`)]}%.!?+=<^@\&$#/`, r)
}

// isBorderAfter reports whether a word may end before a mark and the rune. The one beyond
// it tells the full stop of a sentence from that of a name: __init__.py.
func isBorderAfter(r, beyond rune) bool {
	if r == '.' {
		return !isWordRune(beyond)
	}

	return !isWordRune(r) && !strings.ContainsRune(`([{+=^@\&#</`, r)
}

// beginsWord reports whether the text begins with a word, after marks and whatever opens a
// quotation. A number is none: *21*, *100#.
func beginsWord(text string) bool {
	text = strings.TrimLeft(text[:min(len(text), maxMark+utf8.UTFMax)], "*_~")
	r, _ := utf8.DecodeRuneInString(text)

	return unicode.IsLetter(r) || strings.ContainsRune("\"'([`¿¡", r) ||
		unicode.In(r, unicode.Ps, unicode.Pi, unicode.So)
}

// unspaced are the scripts that set no spaces between words, so that any place may be a
// word's border.
var unspaced = []*unicode.RangeTable{
	unicode.Han,
	unicode.Hiragana,
	unicode.Katakana,
	unicode.Hangul,
	unicode.Thai,
	unicode.Lao,
	unicode.Khmer,
	unicode.Myanmar,
}

// isWordRune reports whether the rune is part of a word, so that the place beside it is
// no word's border.
func isWordRune(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)) && !unicode.In(r, unspaced...)
}

// codeSides reports whether a code span may begin after the rune before, and end before the
// rune after: 5`10 and 6`2 are feet and inches.
func codeSides(before, after rune) bool { return !isWordRune(before) && !unicode.IsNumber(after) }
