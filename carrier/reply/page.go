package reply

import (
	"strings"
	"unicode"

	"handrail/budget"
)

const (
	// maxLine is the most bytes of a line that is looked at closely. Longer ones are text.
	maxLine = 500
	// longLine stands for a line that is longer.
	longLine = "\uFFFC"
)

// page is a mail's text line by line, with what is asked of it more than once.
type page struct {
	raw   []string
	lines []line
	// first is the first line that is not blank.
	first int
	// lastOwn and lastQuoted are the last line without and with >, -1 for none. What
	// programs put below a quote, a signature or their own name, is nobody's own.
	lastOwn, lastQuoted int
	// reads is how many lines were read, which a test counts.
	reads int
	// tries is how many introductions may still be looked at closely. In a mail with more, what is
	// further down is kept.
	tries int
	// below is how far the text was searched for words like "see below", and belowFound
	// whether there are any.
	below      int
	belowFound bool
}

// line is a line as the rules see it: without white space around it, any white space
// in it one space, and without what is invisible.
type line struct{ text string }

func (l line) blank() bool  { return l.text == "" }
func (l line) quoted() bool { return strings.HasPrefix(l.text, ">") }

func newPage(text string) *page {
	raw := strings.Split(text, "\n")

	p := &page{
		raw:   raw,
		lines: make([]line, len(raw)),
		tries: budget.MaxIntroductions,
	}

	for i, s := range raw {
		p.lines[i] = line{normalizeLine(s)}
	}

	p.first = p.nextContent(0)
	p.findLast()

	return p
}

// findLast finds the last line of the customer's own and the last that is quoted.
func (p *page) findLast() {
	p.lastOwn = p.beforeSignature(len(p.lines)) - 1
	for p.lastOwn >= 0 && !p.isOwn(p.lastOwn) {
		p.lastOwn--
	}

	p.lastQuoted = len(p.lines) - 1
	for p.lastQuoted >= 0 && !p.line(p.lastQuoted).quoted() {
		p.lastQuoted--
	}
}

// line returns the line i, and counts that it was read. Lines are read a bounded number of
// times each: so time grows with the text only, which a test holds.
func (p *page) line(i int) line {
	p.reads++
	return p.lines[i]
}

func (p *page) isOwn(i int) bool {
	l := p.line(i)
	return !l.blank() && !l.quoted() && !isSentFrom(l.text)
}

// unquoted returns the first lines of a quote, without their marks.
func (p *page) unquoted(from int) *page {
	inside := &page{lastOwn: -1, lastQuoted: -1}

	for i := from; i < min(from+maxHeaders, len(p.lines)) && p.line(i).quoted(); i++ {
		inside.lines = append(inside.lines, line{strings.TrimSpace(p.line(i).text[1:])})
	}

	return inside
}

// nextContent returns the first line from i on that is not blank.
func (p *page) nextContent(i int) int {
	for i < len(p.lines) && p.line(i).blank() {
		i++
	}

	return i
}

// contentEnd returns the number of lines up to the last of the first end that is not blank.
func (p *page) contentEnd(end int) int {
	for end > 0 && p.line(end-1).blank() {
		end--
	}

	return end
}

// skipRule leaves out a rule that programs draw above a quote.
func (p *page) skipRule(end int) int {
	n := p.contentEnd(end)
	if n > 0 && len(p.line(n-1).text) >= 5 && strings.Trim(p.line(n-1).text, "_-") == "" {
		return n - 1
	}

	return end
}

// pointsBelow reports whether the first end lines say that more is said below, as in "my
// answers are below in red". Each line is searched once, however often it is asked.
func (p *page) pointsBelow(end int) bool {
	for ; p.below < end && !p.belowFound; p.below++ {
		p.belowFound = saysBelow(p.line(p.below).text)
	}

	return p.belowFound
}

// normalizeLine makes a line comparable. White space is Unicode's: French programs put no-break
// spaces (U+00A0, U+202F) before a colon. Marks of direction stand around names in Arabic
// and Hebrew.
func normalizeLine(s string) string {
	if len(s) > maxLine {
		if strings.HasPrefix(strings.TrimSpace(s), ">") {
			return ">"
		}

		return longLine
	}

	return strings.Join(strings.Fields(strings.Map(plainRune, s)), " ")
}

// plainRune drops what is invisible, and makes digits those of ASCII.
func plainRune(r rune) rune {
	switch {
	case unicode.Is(unicode.Cf, r):
		return -1
	case r >= '٠' && r <= '٩':
		return r - '٠' + '0'
	case r >= '۰' && r <= '۹':
		return r - '۰' + '0'
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	}

	return r
}
