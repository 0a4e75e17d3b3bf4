package offline

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
)

const (
	// maxAddress is the most bytes of a web address that is kept in one piece.
	maxAddress = 2 << 10
	// wrapped is the length from which a line is taken to have been broken by a mail
	// program rather than by its author.
	wrapped = 50
)

// unwrapLines joins the lines that a mail program has broken.
func unwrapLines(lines []string) []string {
	var paragraphs []string
	previous := ""

	for _, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case utf8.RuneCountInString(previous) >= wrapped && !bullet.MatchString(line):
			paragraphs[len(paragraphs)-1] += " " + line
		default:
			paragraphs = append(paragraphs, bullet.ReplaceAllString(line, ""))
		}

		previous = line
	}

	return paragraphs
}

var bullet = regexp.MustCompile(`^([-*•–]|\d{1,2}[.)])\s+`)

// splitSentences cuts a paragraph into sentences by Unicode's rules (UAX #29), and mends where
// those take an abbreviation or a date for an end.
func splitSentences(paragraph string) []string {
	var out []string

	open := false
	for s := sentences.FromString(paragraph); s.Next(); {
		if next := s.Value(); open && goesOn(out[len(out)-1], next) {
			out[len(out)-1] += next
		} else {
			out = append(out, next)
		}

		open = true
	}

	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}

	if strings.Contains(paragraph, "; ") && strings.ContainsFunc(paragraph, isGreek) {
		return splitGreek(out)
	}

	return out
}

// splitGreek cuts where Greek asks: its question mark is a semicolon.
func splitGreek(parts []string) []string {
	var out []string

	for _, part := range parts {
		for s := range strings.SplitAfterSeq(part, "; ") {
			out = append(out, strings.TrimSpace(s))
		}
	}

	return out
}

// goesOn reports whether next belongs to the sentence before it.
func goesOn(before, next string) bool {
	if inAddress.MatchString(before[max(0, len(before)-maxAddress):]) {
		return true
	}

	before = strings.TrimSpace(before)
	if !strings.HasSuffix(before, ".") || len(before) > maxRead/8 { // nobody's sentence is that long
		return false
	}

	last := strings.ToLower(before[strings.LastIndexFunc(before, unicode.IsSpace)+1:])
	last = strings.Trim(last, ".(\"'")
	first, _ := utf8.DecodeRuneInString(next)

	switch {
	case beforeNumber[last]:
		return unicode.IsDigit(first)
	case initialOrDay.MatchString(last):
		return unicode.IsLetter(first) && !opensSentence(next)
	}

	return abbreviations[last]
}

// opensSentence reports whether a sentence begins with a word that hardly stands after a day or an
// initial: "Please", "The", but not "November".
func opensSentence(sentence string) bool {
	first := wordsOf(sentence[:min(len(sentence), wrapped)])

	return len(first) > 0 &&
		(common[first[0]] || courtesy[first[0]] || greetings[first[0]] || requests[first[0]] || future[first[0]])
}

// inAddress is a text that ends within a web address: after a ? or a ! in one, Unicode
// begins a new sentence.
var inAddress = regexp.MustCompile(`(://|\bwww\.)[!-~]+$`)

// initialOrDay is what stands before the full stop in "J. Hall" and "3. November".
var initialOrDay = regexp.MustCompile(`^(\p{L}|\d{1,2})$`)
