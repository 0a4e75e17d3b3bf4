package render

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/util"
)

// references are the definitions of a message, [label]: address, and which of them the
// text refers to.
type references struct {
	addresses map[string]string
	used      map[string]bool
}

// definition is the form of a link's definition in one line (CommonMark 0.31.2, 4.7).
var definition = regexp.MustCompile(
	`^ {0,3}\[([^\[\]]{1,999})\]:[ \t]*(<[^<>]*>|[^\s<]\S*)(?:[ \t]+(?:"[^"]*"|'[^']*'|\([^()]*\)))?[ \t]*$`,
)

// readDefinition returns the label and the address of a definition. What leads nowhere is
// none: "[Status]: shipped" is what somebody says.
func readDefinition(line string) (label, address string, ok bool) {
	found := definition.FindStringSubmatch(line)
	if found == nil {
		return "", "", false
	}

	destination := strings.TrimSuffix(strings.TrimPrefix(found[2], "<"), ">")
	label = util.ToLinkReference([]byte(found[1]))
	address = readableAddress(destination)

	return label, address, label != "" && address != "" && isAddress(destination)
}

// openBracket notes a bracket that may begin a link, or an image.
func (r *inlineReader) openBracket() {
	image := r.at > 0 && r.text[r.at-1] == '!' && !r.isEscaped(r.at-1)
	start := r.at

	if image {
		start--
	}

	r.brackets = append(r.brackets, opener{span{start, r.at + 1}, image})
	r.at++
}

// isEscaped reports whether the backslash before the place has been taken for a mark.
func (r *inlineReader) isEscaped(place int) bool {
	last := len(r.edits) - 1
	return last >= 0 && r.edits[last].span == span{place - 1, place} && r.text[place-1] == '\\'
}

// closeBracket ends a link when an address follows, or a label that has one.
func (r *inlineReader) closeBracket() {
	closer := r.at
	r.at++

	if len(r.brackets) == 0 {
		return
	}

	open := r.brackets[len(r.brackets)-1]
	r.brackets = r.brackets[:len(r.brackets)-1]

	// A link holds no other link, but it may hold images.
	if !open.image && open.start < r.linkEnd {
		return
	}

	label := span{open.end, closer}

	destination, end, ok := r.readDestination(closer + 1)
	if !ok {
		destination, end, ok = r.readReference(label)
	}

	if !ok {
		return
	}

	r.at = end
	r.showLink(span{open.start, end}, label, destination)

	for mark := range r.marks {
		r.forgetMarks(mark, open.start)
	}

	if !open.image {
		r.linkEnd = end
	}
}

// showLink puts the address behind the label, or alone when the label says no more.
func (r *inlineReader) showLink(whole, label span, address string) {
	text := strings.TrimSpace(r.text[label.start:label.end])
	endsInAddress := r.addressEnd >= label.start+len(strings.TrimRight(r.text[label.start:label.end], " "))

	switch {
	case address == "":
		r.replace(whole.start, label.start, "")
		r.replace(label.end, whole.end, "")

		return

	case text == "" || len(text) <= maxLabel && sameLink(text, address):
		r.replace(whole.start, whole.end, address+r.gapAfter(whole.end))
		r.addressEnd = whole.end

		return
	}

	before := r.style.before
	last, _ := utf8.DecodeLastRuneInString(text)

	// A colon after an address would belong to it, and after another sign it says nothing.
	if r.style.after == "" && (endsInAddress || strings.ContainsRune(":?!.", last)) {
		before = " "
	}

	r.replace(whole.start, label.start, "")
	r.replace(label.end, whole.end, before+address+r.style.after+r.gapAfter(whole.end))
	r.addressEnd = whole.end
}

// gapAfter is a space when something would run into the address.
func (r *inlineReader) gapAfter(place int) string {
	next, _ := utf8.DecodeRuneInString(r.text[place:])
	if r.style.after != "" || place == len(r.text) || unicode.IsSpace(next) ||
		strings.ContainsRune(`.,;:!?)]}"'*_~|`, next) {
		return ""
	}

	return " "
}

// readDestination reads (address "title") from the place on, and returns the address and
// the place behind it.
func (r *inlineReader) readDestination(place int) (string, int, bool) {
	rest := r.text[place:min(len(r.text), place+maxDestination)]
	if !strings.HasPrefix(rest, "(") || strings.IndexByte(rest, ')') < 0 {
		return "", 0, false
	}

	inside := strings.TrimLeft(rest[1:], " \n")

	destination, after := cutDestination(inside)
	if destination == "" || !isAddress(destination) {
		return "", 0, false
	}

	after, ok := cutTitle(after)
	if !ok {
		return "", 0, false
	}

	return readableAddress(destination), place + len(rest) - len(after), true
}

// cutDestination cuts a link's destination from the beginning of the text.
func cutDestination(text string) (destination, after string) {
	if strings.HasPrefix(text, "<") {
		end := strings.IndexAny(text[1:], "<>\n")
		if end < 0 || text[1+end] != '>' {
			return "", text
		}

		return text[1 : 1+end], text[1+end+1:]
	}

	end := destinationLength(text)

	return text[:end], text[end:]
}

// destinationLength is how long the text goes on before a space, or before it closes a
// parenthesis that it has not opened.
func destinationLength(text string) int {
	depth := 0

	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c <= ' ':
			return i
		case c == '\\' && i+1 < len(text) && text[i+1] > ' ':
			i++
		case c == '(':
			depth++
		case c == ')':
			depth--
		}

		if depth < 0 {
			return i
		}
	}

	return len(text)
}

// cutTitle cuts a link's title and the parenthesis after it. Titles are shown by no text.
func cutTitle(text string) (after string, ok bool) {
	rest := strings.TrimLeft(text, " \n")
	if after, ok = strings.CutPrefix(rest, ")"); ok {
		return after, true
	}

	if rest == text || rest == "" {
		return "", false
	}

	closer := map[byte]string{
		'"':  `"`,
		'\'': `'`,
		'(':  `)`,
	}[rest[0]]
	if closer == "" {
		return "", false
	}

	title := rest[1:min(len(rest), maxTitle)]

	end := strings.Index(title, closer)
	if end < 0 || strings.Contains(title[:end], "\n\n") {
		return "", false
	}

	return strings.CutPrefix(strings.TrimLeft(rest[1+end+1:], " \n"), ")")
}

// readReference finds the address that a label stands for: [text][label], [label][] or
// [label].
func (r *inlineReader) readReference(label span) (string, int, bool) {
	if len(r.references.addresses) == 0 || label.end-label.start > maxLabel {
		return "", 0, false
	}

	text := r.text[label.start:label.end]
	end := label.end + 1

	if rest := r.text[end:min(len(r.text), end+maxLabel+2)]; strings.HasPrefix(rest, "[") {
		other := strings.IndexAny(rest[1:], "[]")
		if other < 0 || rest[1+other] != ']' {
			return "", 0, false
		}

		end += other + 2
		if other > 0 {
			text = rest[1 : 1+other]
		}
	}

	known := util.ToLinkReference([]byte(text))

	address, ok := r.references.addresses[known]
	if ok {
		r.references.used[known] = true
	}

	return address, end, ok
}

// sortEdits puts edits into the order of their places, the longer before the shorter.
func sortEdits(edits []edit) {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end))
	})
}
