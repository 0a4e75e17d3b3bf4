package reply

import (
	"regexp"
	"strings"
)

// maxIntroduction is the most lines that a mail program breaks its words above a quote into.
const maxIntroduction = 4

// The parts of an introduction that show that a program wrote it.
var (
	address = regexp.MustCompile(`[^\s<>()\[\]"',;:@]+@[^\s<>()\[\]"',;:@]+`)
	// angled is an address as programs write it. Where HTML was made text, the link may stand in
	// its place.
	angled = regexp.MustCompile(`<\s?(?:mailto:)?[^\s<>@]+@[^\s<>@]+>|\(mailto:[^\s()@]+@[^\s()@]+\)`)
	// dated is a year, or a date of three numbers.
	dated = regexp.MustCompile(`(?:^|\D)(?:(?:19|20)\d\d(?:\D|$)|\d{1,2}[./-] ?\d{1,2}[./-] ?\d\d(?:\D|$))`)
	// timed is a time of day, and no part of a date.
	timed = regexp.MustCompile(`(?:^|[^\d./-])\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?:[^\d./-]|$)`)
	// wordless is an introduction without a verb, as Gmail writes it in Russian, Hebrew and
	// Japanese, and Yandex and Mail.ru do: a date and a time, then the name and <address>.
	// Tuta has the address alone, after a word for "by".
	wordless = regexp.MustCompile(`^(?:\p{L}[^\s\d]*\s){0,3}\d[^@]*\d[:.]\d\d` +
		`(?:[^@]*<[^\s<>@]+@[^\s<>@]+>|\s\p{L}+\s[^\s<>@]+@[^\s<>@]+)$`)
)

// evidence is what an introduction has of that.
type evidence struct{ address, angled, dated, timed bool }

func evidenceIn(text string) evidence {
	at := strings.Contains(text, "@")

	return evidence{
		address: at && address.MatchString(text),
		angled:  at && angled.MatchString(text),
		dated:   dated.MatchString(text),
		timed:   timed.MatchString(text),
	}
}

// full reports whether it has all that a program writes and a person hardly would.
func (e evidence) full() bool { return e.angled && e.dated && e.timed }

// introductionEndingAt returns the line that an introduction begins at which ends at the
// line i, if a quote follows that may be cut.
func (p *page) introductionEndingAt(i int) (start int, found bool) {
	if !endsWithAny(p.line(i).text, ":", "：") {
		return 0, false
	}

	next := p.nextContent(i + 1)
	if next == len(p.lines) {
		return 0, false
	}

	marked := p.line(next).quoted()
	if marked && p.lastOwn > i || !marked && p.lastQuoted > i {
		// Something is answered between the lines.
		return 0, false
	}

	if p.tries == 0 {
		return 0, false
	}

	p.tries--

	start, found = p.startOfIntroduction(i, marked)

	return start, found && (marked || p.cutsUnmarked(start, i+1))
}

// maxColons is the most colons of a line at which an introduction may end.
const maxColons = 8

// beginsQuoteInLine reports whether a line begins with an introduction that has all that
// programs write, and goes on with a quote to be cut, as in Yahoo's program for Android.
func (p *page) beginsQuoteInLine(i int) bool {
	text := p.line(i).text
	if p.lastQuoted > i || !strings.Contains(text, "@") {
		return false
	}

	if p.tries == 0 {
		return false
	}

	p.tries--

	end := 0

	for range maxColons {
		before, _, found := strings.Cut(text[end:], ": ")
		if !found {
			return false
		}

		end += len(before)

		if formOf(text[:end]) == anchoredForm && evidenceIn(text[:end]).full() {
			return p.cutsUnmarked(i, i)
		}

		end += len(": ")
	}

	return false
}

// startOfIntroduction returns the line that the introduction begins at which ends at the
// line last. One that begins with known words is preferred: where words may stand before
// the known ones, what is below a break in it can be an introduction too.
func (p *page) startOfIntroduction(last int, marked bool) (start int, found bool) {
	for n := last; n >= 0 && n > last-maxIntroduction && !p.line(n).blank() && !p.line(n).quoted(); n-- {
		if !p.isIntroduction(n, last, marked) {
			continue
		}

		if !found {
			start, found = n, true
		}

		anchored := formOf(trimColon(p.join(n, last))) == anchoredForm
		if anchored && (n == last || strings.ContainsAny(p.line(n).text, "0123456789")) {
			return n, true
		}
	}

	if !found {
		return 0, false
	}

	return p.extendIntroduction(start, last, marked), true
}

// isIntroduction reports whether the lines from start to last, joined, introduce a quote. A
// quote without marks needs all the evidence.
func (p *page) isIntroduction(start, last int, marked bool) bool {
	text := p.join(start, last)
	if len(text) > maxLine {
		return false
	}

	text = trimColon(text)
	form := formOf(text)

	if form == noForm {
		return marked && evidenceIn(text).full() || wordless.MatchString(text)
	}

	switch e := evidenceIn(text); {
	case e.full():
		return true
	case !marked || isOwnSentence(text):
		return false
	case form == endForm:
		return e.angled || e.dated && e.timed
	default:
		return e.address || e.dated || e.timed
	}
}

func trimColon(text string) string { return strings.TrimRight(text, ":： ") }

// extendIntroduction moves the start of an introduction up to the line before, if that was
// broken off it and has what is missing in it.
func (p *page) extendIntroduction(start, last int, marked bool) int {
	if start == 0 {
		return start
	}

	above := p.line(start - 1)
	if above.blank() || above.quoted() || endsWithAny(above.text, ".", "!", "?", "。") {
		return start
	}

	here, there := evidenceIn(p.join(start, last)), evidenceIn(above.text)

	completes := !here.angled && there.angled || !here.timed && there.timed
	if completes && p.isIntroduction(start-1, last, marked) {
		return start - 1
	}

	return start
}

func (p *page) join(start, last int) string {
	texts := make([]string, 0, last-start+1)
	for i := start; i <= last; i++ {
		texts = append(texts, p.line(i).text)
	}

	return strings.Join(texts, " ")
}

// dashes are what programs draw around a title: also typographic ones (Proton).
const dashes = "-‐‑‒–—―_*=~"

// titleOf returns the title between two rows of dashes on one line, in lower case.
func titleOf(text string) (title string, dashed bool) {
	inner := strings.Trim(text, dashes+" ")
	before, after, _ := strings.Cut(text, inner)
	dashed = inner != "" && len([]rune(strings.TrimSpace(before))) >= 2 && len([]rune(strings.TrimSpace(after))) >= 2

	return trimColon(strings.ToLower(inner)), dashed
}

// isOriginalTitle reports whether a line is a title above the message that is answered, or
// an introduction that stands between dashes, as in Zoho and Lotus Notes.
func isOriginalTitle(text string) bool {
	title, dashed := titleOf(text)
	if !dashed {
		return false
	}

	if words.originals[title] {
		return true
	}

	e := evidenceIn(title)

	return (e.address || e.dated) && formOf(title) != noForm
}

// isForwardTitle reports whether a line is a title above a forwarded message.
func isForwardTitle(text string) bool {
	title, _ := titleOf(text)
	return words.forwards[title]
}

// isGroupWiseTitle reports whether a line is the one that GroupWise writes above a quote.
func isGroupWiseTitle(text string) bool {
	if !strings.HasPrefix(text, ">>> ") || !strings.HasSuffix(text, " >>>") {
		return false
	}

	e := evidenceIn(text)

	return e.address && e.timed
}
