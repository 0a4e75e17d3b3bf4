package sendgrid

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"handrail/carrier"
	"handrail/chat"
)

const (
	// maxAddresses bounds what is taken of one email.
	maxAddresses = 50
	// maxAddressHeader is the most bytes of a list of addresses that are read.
	maxAddressHeader = 10_000
	maxName          = 100
)

// mailbox is an address with the name beside it.
type mailbox struct{ address, name string }

// readAddresses returns the addresses of a header.
func (d *decoder) readAddresses(list string) []mailbox {
	var all []mailbox

	for _, entry := range splitAddresses(list[:min(len(list), maxAddressHeader)]) {
		if box := d.readMailbox(entry); box.address != "" && len(all) < maxAddresses {
			all = append(all, box)
		}
	}

	return all
}

// readAuthor returns the one that a From names. Of several, it is the last in <>: everything
// before it may be a name that its sender has chosen to look like an address.
func (d *decoder) readAuthor(from string) mailbox {
	from = from[:min(len(from), maxAddressHeader)]
	author := d.readMailbox(from)

	strict, err := mail.ParseAddress(from)
	if err != nil {
		return author
	}

	if address := cleanAddress((&mail.Address{Address: strict.Address}).String()); address != "" {
		author.address = address
	}

	return author
}

// readMailbox reads one entry of a list: what stands in the last <>, or the last word that is an
// address where nothing does. Strict parsers refuse addresses that exist, so none is used.
func (d *decoder) readMailbox(entry string) mailbox {
	name, address := splitMailbox(entry)
	if address == "" {
		return mailbox{}
	}

	name = d.decodeWords(strings.Trim(strings.TrimSpace(name), `"'`))

	return mailbox{
		address: address,
		name:    carrier.Line(name, maxName),
	}
}

// bareAddress is one without <>. Its first part may be quoted.
var bareAddress = regexp.MustCompile(`(?:"(?:[^"\\]|\\.)+"|[^\s<>,;:"()\[\]]+)@[^\s<>,;:"'()]+`)

// splitMailbox returns the name and the address, "" for none.
func splitMailbox(entry string) (name, address string) {
	open, end := lastAngle(entry)
	if open >= 0 {
		if address = cleanAddress(entry[open+1 : end]); address != "" {
			return unquoteName(entry[:open]), address
		}
	}

	all := bareAddress.FindAllString(blankComments(entry), maxAddresses)
	for _, found := range slices.Backward(all) {
		if address = cleanAddress(found); address != "" {
			return "", address
		}
	}

	return "", ""
}

// lastAngle is where the last <…> begins and ends that is neither quoted nor in a comment, -1
// for none. One that is not closed ends with the text.
func lastAngle(entry string) (open, end int) {
	open, end = -1, -1
	scan := scanner{text: entry}

	for i := 0; i < len(entry); i++ {
		switch scan.read(i) {
		case '<':
			open, end = i, len(entry)
		case '>':
			if open >= 0 && end == len(entry) {
				end = i
			}
		}
	}

	return open, end
}

// splitAddresses splits a list at the commas and semicolons between its entries.
func splitAddresses(list string) []string {
	var all []string

	begin := 0
	scan := scanner{text: list}

	for i := 0; i < len(list); i++ {
		if sign := scan.read(i); sign == ',' || sign == ';' {
			all = append(all, list[begin:i])
			begin = i + 1
		}
	}

	return append(all, list[begin:])
}

// scanner reads a header of addresses sign by sign and knows where quotes and comments are.
type scanner struct {
	text    string
	quoted  bool
	escaped bool
	comment int
}

// read returns the sign at i, 0 for one within a quote or a comment. A quote or a comment that
// is not closed is a sign like others.
func (s *scanner) read(i int) byte {
	sign := s.text[i]

	switch {
	case s.escaped:
		s.escaped = false
		return 0
	case sign == '\\' && (s.quoted || s.comment > 0):
		s.escaped = true
		return 0
	case sign == '"' && s.comment == 0:
		s.quoted = !s.quoted && strings.IndexByte(s.text[i+1:], '"') >= 0
		return 0
	case s.quoted:
		return 0
	case sign == '(' && (s.comment > 0 || isClosed(s.text[i:])):
		s.comment++
		return 0
	case sign == ')' && s.comment > 0:
		s.comment--
		return 0
	case s.comment > 0:
		return 0
	}

	return sign
}

// isClosed reports whether the comment that the text begins with ends in it.
func isClosed(text string) bool {
	depth := 0

	for _, sign := range []byte(text) {
		switch sign {
		case '(':
			depth++
		case ')':
			depth--
		}

		if depth == 0 {
			return true
		}
	}

	return false
}

// quotedString is one, with the @ of an address that begins with it.
var quotedString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"@?`)

// blankComments returns the text with its comments and names blanked.
func blankComments(text string) string {
	text = quotedString.ReplaceAllStringFunc(text, func(quoted string) string {
		if strings.HasSuffix(quoted, "@") {
			return quoted
		}

		return " "
	})

	bare := []byte(text)
	scan := scanner{text: text}

	for i := range bare {
		if scan.read(i) == 0 && (scan.comment > 0 || text[i] == ')') && !scan.quoted {
			bare[i] = ' '
		}
	}

	return string(bare)
}

// unquoteName is a display name without its quotes.
func unquoteName(name string) string {
	name = strings.TrimSpace(name)
	if len(name) >= 2 && name[0] == '"' && name[len(name)-1] == '"' {
		name = escaped.ReplaceAllString(name[1:len(name)-1], "$1")
	}

	return name
}

// cleanAddress is the address in lower case, "" for what is none: no server in use tells
// addresses apart by case. Quotes that it does not need are left out.
func cleanAddress(address string) string {
	address = strings.TrimSpace(carrier.Line(address, 1000))
	address = strings.TrimPrefix(strings.ToLower(strings.Trim(address, "<>'")), "mailto:")

	if local, domain, ok := cutLast(address, "@"); ok && len(local) > 2 && local[0] == '"' {
		bare := escaped.ReplaceAllString(local[1:len(local)-1], "$1") + "@" + domain
		if chat.IsEmailAddress(bare) {
			return bare
		}
	}

	if !chat.IsEmailAddress(address) {
		return ""
	}

	return address
}

func cutLast(text, separator string) (before, after string, ok bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}

	return text[:at], text[at+len(separator):], true
}
