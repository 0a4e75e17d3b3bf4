package reply

import "strings"

const (
	// maxHeaders is the most lines that the headers above a quote take.
	maxHeaders = 16
	// maxLabel is the most bytes of a label.
	maxLabel = 60
	// wrapped is how long a line is at least that a program breaks.
	wrapped = 60
)

// role is what a header says.
type role int

const (
	noRole role = iota
	roleFrom
	roleSent
	roleDate
	roleTo
	roleCc
	roleSubject
	roleOther
	roles
)

// headers are the lines of a mail that programs put above it when it is answered.
type headers struct {
	lines  int
	values [roles]string
	found  [roles]bool
	// alone reports whether blank lines or rules stand above and below.
	alone bool
}

// isMail reports whether the headers are those of a mail and no list of the customer's,
// "From: Hamburg, To: Lyon, Date: 12 May": programs write an address or a line Sent, and
// a subject. A contact form has no recipient.
func (h *headers) isMail() bool {
	if !h.found[roleFrom] {
		return false
	}

	from := strings.Contains(h.values[roleFrom], "@") && address.MatchString(h.values[roleFrom])
	to := strings.Contains(h.values[roleTo], "@") && address.MatchString(h.values[roleTo])
	subject := h.found[roleSubject]

	sent := h.values[roleSent]
	isSent := h.found[roleSent] && (hasDate(sent) || !strings.ContainsAny(sent, "0123456789"))
	isDate := h.found[roleDate] && hasDate(h.values[roleDate])

	switch {
	case !h.alone:
		return from && subject && h.found[roleTo] && (isSent || isDate)
	case isSent:
		return from && (subject || h.found[roleTo]) || subject && h.found[roleTo]
	default:
		return isDate && subject && h.found[roleTo] && (from || to)
	}
}

func hasDate(value string) bool { return dated.MatchString(value) || timed.MatchString(value) }

// headersAt reads the headers that begin at a line, none if it has no label.
func (p *page) headersAt(i int) headers {
	var h headers

	n := i
	last := noRole

	for n < len(p.lines) && n < i+maxHeaders {
		next := n
		if last != noRole && p.line(n).blank() && n+1 < len(p.lines) {
			next++
		}

		r, value := labelOf(p.line(next).text)
		if r == noRole && !p.continuesHeader(n, last, h.values[last]) || h.found[r] && r != roleOther {
			break
		}

		if r == noRole {
			h.values[last] += " " + p.line(n).text
			n++

			continue
		}

		h.found[r] = true
		h.values[r] = value
		last = r
		n = next + 1
	}

	h.lines = n - i
	h.alone = (i == 0 || p.line(i-1).blank() || p.skipRule(i) == i-1 || isOriginalTitle(p.line(i-1).text)) &&
		(n == len(p.lines) || p.line(n).blank())

	return h
}

// continuesHeader reports whether the line goes on with the header above it.
func (p *page) continuesHeader(i int, last role, value string) bool {
	text := p.line(i).text

	switch {
	case text == "" || last == noRole:
		return false
	case value == "":
		return true
	case last == roleSent || last == roleDate:
		return false
	}

	return strings.Contains(text, "@") || endsWithAny(value, ",", ";") || len(p.line(i-1).text) >= wrapped
}

// labelOf returns what a line "Label: value" says, noRole if it has none of the labels.
// Some programs write the label in bold, with asterisks in plain text.
func labelOf(text string) (role, string) {
	at := strings.IndexAny(text, ":：")
	if at < 0 || at > maxLabel {
		return noRole, ""
	}

	label := strings.ToLower(strings.Trim(text[:at], "*_ "))
	value := strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(text[at:], "："), ":*_ "))

	return words.labels[label], value
}
