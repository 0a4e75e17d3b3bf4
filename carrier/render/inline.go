package render

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textStyle is how a text shows a link: the address after its label, between two strings.
type textStyle struct {
	before, after string
}

const (
	// maxDestination is the longest destination of a link.
	maxDestination = 4000
	// maxLabel is the longest label of a reference (CommonMark 0.31.2, 4.7).
	maxLabel = 999
	// maxTitle is the longest title of a link.
	maxTitle = 500
)

// edit is a part of a text and what replaces it.
type edit struct {
	span
	text string
}

// opener is a mark that may begin an emphasis, or a bracket that may begin a link.
type opener struct {
	span
	image bool
}

// inlineReader takes the marks out of one paragraph. It goes through the text once; what
// it does not take for certain stays as it is written.
type inlineReader struct {
	text       string
	style      textStyle
	references *references
	addresses  []span
	at         int
	edits      []edit
	brackets   []opener
	// addressEnd is where the last address ends.
	addressEnd int
	// linkEnd is where the last link ends: brackets before it begin no other link.
	linkEnd int
	// marks are the openers of each kind of emphasis that are not closed yet.
	marks map[byte][]opener
	// ticks are where runs of backticks of each length begin, from the place on.
	ticks map[int][]int
}

// readInline returns the paragraph without its marks.
func readInline(text string, style textStyle, known *references) string {
	r := &inlineReader{
		text:       text,
		style:      style,
		references: known,
		addresses:  findAddresses(text),
		marks:      make(map[byte][]opener),
		ticks:      findTicks(text),
	}

	for r.at < len(text) {
		r.readNext()
	}

	return applyEdits(text, r.edits)
}

// readNext reads what begins at the place, and goes behind it.
func (r *inlineReader) readNext() {
	if len(r.addresses) > 0 && r.addresses[0].end <= r.at {
		r.addresses = r.addresses[1:]
		return
	}

	if len(r.addresses) > 0 && r.addresses[0].start <= r.at {
		r.at = r.addresses[0].end
		r.addressEnd = r.at

		return
	}

	switch r.text[r.at] {
	case '\\':
		r.readEscape()
	case '`':
		r.readCode()
	case '<':
		r.readAutolink()
	case '&':
		r.readEntity()
	case '*', '_':
		r.readMark()
	case '~':
		r.readStrike()
	case '[':
		r.openBracket()
	case ']':
		r.closeBracket()
	default:
		r.at++
	}
}

// replace notes that the part of the text is shown as another.
func (r *inlineReader) replace(start, end int, text string) {
	r.edits = append(r.edits, edit{span{start, end}, text})
}

// readEscape drops a backslash before ASCII punctuation and at the end of a line, where
// Markdown has it as a mark. Paths of Windows machines are addresses, and not read here.
func (r *inlineReader) readEscape() {
	next := byte(0)
	if r.at+1 < len(r.text) {
		next = r.text[r.at+1]
	}

	if next == '\n' || next < utf8.RuneSelf && next != 0 && strings.IndexByte(asciiPunctuation, next) >= 0 {
		r.replace(r.at, r.at+1, "")
		r.at++
	}

	r.at++
}

const asciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// findTicks returns where the runs of backticks of each length are.
func findTicks(text string) map[int][]int {
	found := make(map[int][]int)

	for at := 0; at < len(text); {
		length := runLength(text[at:], '`')
		if length > 0 {
			found[length] = append(found[length], at)
		}

		at += max(length, 1)
	}

	return found
}

// runLength is how often the text repeats the byte at its beginning.
func runLength(text string, b byte) int {
	n := 0
	for n < len(text) && text[n] == b {
		n++
	}

	return n
}

// readCode shows a code span as it is, without the backticks around it.
func (r *inlineReader) readCode() {
	length := runLength(r.text[r.at:], '`')
	start := r.at + length

	places := r.ticks[length]
	for len(places) > 0 && places[0] < start {
		places = places[1:]
	}

	r.ticks[length] = places
	before, _ := utf8.DecodeLastRuneInString(r.text[:r.at])

	if len(places) == 0 {
		r.at = start
		return
	}

	end := places[0]

	after, _ := utf8.DecodeRuneInString(r.text[end+length:])
	if !codeSides(before, after) {
		r.at = start
		return
	}

	pad := 0
	if code := r.text[start:end]; len(code) > 1 && code[0] == ' ' && code[len(code)-1] == ' ' &&
		strings.TrimSpace(code) != "" {
		pad = 1
	}

	r.replace(r.at, start+pad, "")
	r.replace(end-pad, end+length, "")
	r.at = end + length
}

// autolink is a URL between angle brackets (CommonMark 0.31.2, 6.5).
var autolink = regexp.MustCompile(`^<[A-Za-z][A-Za-z0-9+.\-]{1,31}:[^\s<>]*>`)

func (r *inlineReader) readAutolink() {
	end := strings.IndexAny(r.text[r.at+1:min(len(r.text), r.at+maxDestination)], "<> \n")
	if end < 0 || !autolink.MatchString(r.text[r.at:r.at+1+end+1]) {
		r.at++
		return
	}

	end += r.at + 1
	r.replace(r.at, r.at+1, "")
	r.replace(end, end+1, "")
	r.at = end + 1
	r.addressEnd = r.at
}

// entity is a character by its name or number (CommonMark 0.31.2, 2.5).
var entity = regexp.MustCompile(`^&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});`)

func (r *inlineReader) readEntity() {
	name := entity.FindString(r.text[r.at:min(len(r.text), r.at+40)])

	value := html.UnescapeString(name)
	if name == "" || value == name || strings.ContainsFunc(value, unicode.IsControl) {
		r.at++
		return
	}

	r.replace(r.at, r.at+len(name), value)
	r.at += len(name)
}

// readMark reads a run of * or _. It ends an emphasis only when what is open before it
// amounts to the same marks.
func (r *inlineReader) readMark() {
	mark := r.text[r.at]
	run := span{r.at, r.at + runLength(r.text[r.at:], mark)}
	r.at = run.end

	begins, ends := markSides(r.text, run)
	if ends && r.endEmphasis(mark, run) {
		return
	}

	if begins {
		r.marks[mark] = append(r.marks[mark], opener{span: run})
	}
}

// endEmphasis pairs the run with what is open before it, and reports whether that is
// possible to the last mark.
func (r *inlineReader) endEmphasis(mark byte, run span) bool {
	open := r.marks[mark]
	need := run.end - run.start

	for i := len(open) - 1; i >= 0 && need > 0; i-- {
		length := open[i].end - open[i].start
		if length > need && length < maxMark {
			return false
		}

		need -= min(length, need)
		if need > 0 {
			continue
		}

		// The opener may have more than is needed: ***a** b*.
		r.takeMarks(mark, i, run)

		return true
	}

	return false
}

// takeMarks takes out the run and the same number of marks from the open ones, the newest
// first, down to the one with the index. Other kinds that were opened since are text.
func (r *inlineReader) takeMarks(mark byte, last int, run span) {
	open := r.marks[mark]
	need := run.end - run.start
	at := run.start

	for i := len(open) - 1; i >= last; i-- {
		count := min(need, open[i].end-open[i].start)
		r.replace(open[i].end-count, open[i].end, "")
		r.replace(at, at+count, "")
		open[i].end -= count
		need -= count
		at += count
	}

	place := open[last].start
	if open[last].end > open[last].start {
		last++
	}

	r.marks[mark] = open[:last]

	for other := range r.marks {
		if other != mark {
			r.forgetMarks(other, place)
		}
	}
}

// forgetMarks makes text of the open marks after the place.
func (r *inlineReader) forgetMarks(mark byte, place int) {
	open := r.marks[mark]
	for len(open) > 0 && open[len(open)-1].start > place {
		open = open[:len(open)-1]
	}

	r.marks[mark] = open
}

// readStrike shortens ~~struck~~ to ~struck~: it must not read as if it stood.
func (r *inlineReader) readStrike() {
	run := span{r.at, r.at + runLength(r.text[r.at:], '~')}
	r.at = run.end

	if run.end-run.start != 2 {
		return
	}

	begins, ends := markSides(r.text, run)

	switch open := r.marks['~']; {
	case ends && len(open) > 0:
		first := open[len(open)-1]
		r.replace(first.start, first.start+1, "")
		r.replace(run.start, run.start+1, "")
		r.marks['~'] = nil
	case begins:
		r.marks['~'] = append(open, opener{span: run})
	}
}

// applyEdits returns the text with its edits, which may come in any order. Of two for
// the same place, the longer one holds, and what lies within a replaced part is gone.
func applyEdits(text string, edits []edit) string {
	sortEdits(edits)

	var b strings.Builder

	at := 0
	for _, e := range edits {
		if e.start < at {
			continue
		}

		b.WriteString(text[at:e.start])
		b.WriteString(e.text)
		at = e.end
	}

	b.WriteString(text[at:])

	return b.String()
}
