package render

import (
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a part of a text: the bytes from start to before end.
type span struct {
	start, end int
}

// addressStart finds where an address begins: a URL with a scheme, a host with a path, an
// email address, or a path on a Windows machine. Letters of all scripts are taken, because
// people write müller.example (RFC 3987) and not its ASCII form.
var addressStart = regexp.MustCompile(
	`[A-Za-z][A-Za-z0-9+.\-]*://` +
		`|[\pL\pN_\-]+(?:\.[\pL\pN_\-]+)+(?::[0-9]+)?[/?#]` +
		`|[\pL\pN._%+\-]+@[\pL\pN\-]+\.[\pL\pN]` +
		`|\b[A-Za-z]:\\` +
		`|\\\\[\pL\pN._\-]+\\`,
)

// addressStops end an address wherever they stand, as white space does.
const addressStops = "<>\"`|“”„‟«»‹›、。，；：！？（）「」『』【】…"

// findAddresses returns where the text has addresses, in their order. What looks like a mark
// of Markdown within one belongs to the address.
func findAddresses(text string) []span {
	var found []span

	marks := "" // those seen outside addresses since the last empty line

	for at := 0; at < len(text); {
		end := at + tokenLength(text[at:])
		if end == at {
			r, size := utf8.DecodeRuneInString(text[at:])
			if r == '\n' && strings.HasPrefix(text[at+1:], "\n") {
				marks = ""
			}

			at += size

			continue
		}

		for at < end {
			next := nextAddress(text[at:end], marks)
			if next.end == 0 {
				next = span{end - at, end - at}
			} else {
				found = append(found, span{at + next.start, at + next.end})
			}

			marks = addMarks(marks, text[at:at+next.start])
			at += next.end
		}
	}

	return found
}

// tokenLength is how long the text goes on without anything that ends an address.
func tokenLength(text string) int {
	end := strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(addressStops, r)
	})
	if end < 0 {
		return len(text)
	}

	return end
}

// nextAddress is the first address of a token, or none. A mark at its end is taken for
// the end of an emphasis when such a mark has been seen before it, and a line at its
// beginning for the beginning of one when it ends in another: _a@b.example_.
func nextAddress(token, marks string) span {
	place := addressStart.FindStringIndex(token)
	if place == nil {
		return span{}
	}

	start := place[0]
	inner := start + runLength(token[start:], '_')
	seen := addMarks(marks, token[:inner])
	bound := place[1] + balancedLength(token[place[1]:])
	end := bound

	for end > place[1] {
		r, size := utf8.DecodeLastRuneInString(token[start:end])
		if !strings.ContainsRune(".,;:!?'’", r) && (!strings.ContainsRune("*_~", r) || !strings.ContainsRune(seen, r)) {
			break
		}

		end -= size
	}

	if strings.Contains(token[end:bound], "_") {
		start = inner
	}

	return span{start, end}
}

// balancedLength is how long the text goes on before it closes a bracket that it has not
// opened: (see https://a.example/b_(c)) has one that belongs to the address, and one that
// does not.
func balancedLength(text string) int {
	round := 0
	square := 0

	for i := range len(text) {
		switch text[i] {
		case '(':
			round++
		case '[':
			square++
		case ')':
			round--
		case ']':
			square--
		}

		if round < 0 || square < 0 {
			return i
		}
	}

	return len(text)
}

// addMarks adds to the marks those that the text has.
func addMarks(marks, text string) string {
	for _, mark := range []string{"*", "_", "~"} {
		if !strings.Contains(marks, mark) && strings.Contains(text, mark) {
			marks += mark
		}
	}

	return marks
}

// spanAt is the span that holds the place.
func spanAt(all []span, place int) (span, bool) {
	i := sort.Search(len(all), func(i int) bool { return all[i].end > place })
	if i < len(all) && all[i].start <= place {
		return all[i], true
	}

	return span{}, false
}

// linkTarget is what the destination of a link may be: with a scheme, a path, a place in a
// page, a host, or an email address. Other things in brackets are not certainly a link:
// f[1](2).
var linkTarget = regexp.MustCompile(
	`^(?:[A-Za-z][A-Za-z0-9+.\-]*:\S|[/#?]|\.\.?/|[\pL\pN][\pL\pN.\-]*\.\pL{2,}(?:[/:?#]|$)|[^\s@]+@[^\s@]+\.)`,
)

// isAddress reports whether a destination is certainly one.
func isAddress(destination string) bool {
	return linkTarget.MatchString(unescapeText([]byte(destination)))
}

// harmful are the schemes of links that run what they say. Such an address is not shown.
var harmful = regexp.MustCompile(`^(?i:javascript|vbscript|data):`)

// readableAddress is a link's destination as a person would type it, "" for a harmful one.
func readableAddress(destination string) string {
	to := strings.ReplaceAll(unescapeText([]byte(destination)), " ", "%20")
	if harmful.MatchString(strings.Map(dropHidden, to)) {
		return ""
	}

	return strings.TrimPrefix(strings.TrimPrefix(to, "mailto:"), "tel:")
}

// dropHidden drops what browsers drop from a scheme.
func dropHidden(r rune) rune {
	if unicode.IsControl(r) || unicode.IsSpace(r) {
		return -1
	}

	return r
}

// sameLink reports whether a link's label says no more than its destination.
func sameLink(label, destination string) bool {
	bare := func(s string) string {
		s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
		return strings.ToLower(strings.TrimSuffix(s, "/"))
	}

	return destination != "" && bare(label) == bare(destination)
}
