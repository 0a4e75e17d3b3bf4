package reply

import (
	"strings"
	"unicode/utf8"
)

// Marker is a line below which everything is ours. Nothing puts it into our emails yet;
// people who write such a line mean it.
const Marker = "## reply above this line ##"

// Trim returns the text without quoted messages and without a signature: some of its lines
// from the first on. Where nothing would be left, or nothing is to be left out, it is the
// text as it came.
func Trim(text string) string { return TrimMail("", text) }

// TrimMail trims the text like [Trim], and keeps all of it if the subject marks the mail as
// a forward: Outlook puts the same headers above a forwarded mail and an answered one, so
// that only the subject distinguishes them.
func TrimMail(subject, text string) string {
	p := newPage(text)

	end := p.ownLines(subject)
	if end == 0 || end == p.contentEnd(len(p.lines)) {
		return text
	}

	return strings.Join(p.raw[:end], "\n")
}

// ownLines returns the number of lines that are neither quoted nor a signature.
func (p *page) ownLines(subject string) int {
	if p.isForward(subject) {
		return p.contentEnd(len(p.lines))
	}

	end, forward := p.findCut()
	if !forward {
		end = p.beforeSignature(end)
	}

	return p.contentEnd(end)
}

// findCut returns the number of lines above the first that begins the quoted message, and
// whether a forwarded message comes first, which is content.
func (p *page) findCut() (end int, forward bool) {
	for i := 0; i < len(p.lines); i++ {
		line := p.line(i)

		switch {
		case line.blank():
			continue
		case isForwardTitle(line.text):
			return len(p.lines), true
		case strings.EqualFold(line.text, Marker):
			return p.skipRule(i), false
		case line.quoted():
			if p.isQuotedMail(i) {
				return i, false
			}

			continue
		}

		if p.isTitleOfQuote(i) {
			return p.skipRule(i), false
		}

		block := p.headersAt(i)
		if block.isMail() && p.cutsUnmarked(i, i+block.lines) {
			return p.skipRule(i), false
		}

		if block.lines > 0 {
			i += block.lines - 1
			continue
		}

		if start, found := p.introductionEndingAt(i); found {
			return start, false
		}

		if p.beginsQuoteInLine(i) {
			return i, false
		}
	}

	return len(p.lines), false
}

// isTitleOfQuote reports whether the line is one that only mail programs write above a
// quote, such as "-----Original Message-----".
func (p *page) isTitleOfQuote(i int) bool {
	if !isOriginalTitle(p.line(i).text) {
		return false
	}

	next := p.nextContent(i + 1)
	if next < len(p.lines) && p.line(next).quoted() {
		return p.lastOwn < next
	}

	return p.showsMail(i, next) && p.cutsUnmarked(i, i+1)
}

// showsMail reports whether a title, or what stands below it, shows that a mail follows: a date
// or an address in the title itself, a header, or an introduction. The title alone may be a line
// that somebody has copied.
func (p *page) showsMail(title, below int) bool {
	if name, _ := titleOf(p.line(title).text); !words.originals[name] {
		return true
	}

	if below >= len(p.lines) {
		return false
	}

	if p.headersAt(below).lines > 0 {
		return true
	}

	if p.tries == 0 {
		return false
	}

	p.tries--

	for n := below; n < min(below+maxIntroduction, len(p.lines)); n++ {
		if start, found := p.startOfIntroduction(n, true); found && start == below {
			return true
		}
	}

	return false
}

// isQuotedMail reports whether the quoted lines at i are the beginning of a quote to the
// end that is introduced by its own first line, as on an iPhone, or that has our marker.
// Without either they may be the customer's own.
func (p *page) isQuotedMail(i int) bool {
	if i > 0 && p.line(i-1).quoted() || p.lastOwn > i {
		// GroupWise marks only the line above the quote, with >>> at both of its ends.
		return isGroupWiseTitle(p.line(i).text) && p.cutsUnmarked(i, i+1)
	}

	inside := p.unquoted(i)
	first := inside.nextContent(0)

	if first < len(inside.lines) {
		if block := inside.headersAt(first); block.isMail() || isOriginalTitle(inside.line(first).text) {
			return true
		}
	}

	for n := first; n < min(first+maxIntroduction, len(inside.lines)); n++ {
		if start, found := inside.startOfIntroduction(n, true); found && start == first {
			return true
		}
	}

	// Each line of the run is looked at once: the next run begins below it.
	for ; i < len(p.lines) && p.line(i).quoted(); i++ {
		if provesMail(p.line(i).text) {
			return true
		}
	}

	return false
}

// provesMail reports whether a quoted line is one that only mails have: our marker, or an
// introduction with all that programs write.
func provesMail(text string) bool {
	text = strings.Trim(text, "> ")
	if strings.EqualFold(text, Marker) {
		return true
	}

	if !endsWithAny(text, ":", "：") {
		return false
	}

	text = trimColon(text)

	return wordless.MatchString(text) || formOf(text) != noForm && evidenceIn(text).full()
}

// cutsUnmarked reports whether a quote without marks may be cut that begins at the line
// start and whose text begins at the line body. It may not where the customer may go on
// inside it: where their own words lead to it, or where they have hardly said anything.
func (p *page) cutsUnmarked(start, body int) bool {
	end := p.contentEnd(p.skipRule(p.contentEnd(start)))
	if end == 0 || p.pointsBelow(end) {
		return false
	}

	last := p.line(end - 1).text
	if endsWithAny(last, ":", "：") {
		return false
	}

	greetingOnly := p.first == end-1 && endsWithAny(last, ",", "，", "،", "、")
	if greetingOnly {
		return false
	}

	// What stands in quotation marks is cited by a person.
	next := p.nextContent(body)

	return next < len(p.lines) && !strings.ContainsRune(quotationMarks, firstRune(p.line(next).text))
}

const quotationMarks = "\"“”„«»‘‚「『"

func firstRune(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}

// endsWithAny reports whether the text ends with one of those.
func endsWithAny(text string, ends ...string) bool {
	for _, end := range ends {
		if strings.HasSuffix(text, end) {
			return true
		}
	}

	return false
}
