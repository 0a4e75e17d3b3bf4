package sendgrid

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handrail/budget"
)

// outline is an email without what is in its parts. No control character can be in it but those
// of its marks.
type outline struct {
	boundaries []string
	multiparts int
	text       []byte
	pieces     []piece
	// open are the boundaries of which a part has begun and the last one has not ended.
	open []string
}

// piece is what the outline has a mark for: the headers above it, nil for none, and itself.
type piece struct{ head, body []byte }

// write makes the outline: a piece for what is above each line that may begin or end a part,
// until there are too many.
func (o *outline) write(head, body []byte) {
	o.text = append(contentHeaders(head), '\r', '\n')

	var above []byte

	for {
		end, found := o.cutBoundary(body)
		o.addPiece(above, body[:end])

		if found.line == nil || len(o.pieces) > 2*budget.MaxParts || len(o.text) > budget.MaxOutline {
			o.closeDownTo(0)
			return
		}

		o.passBoundary(found)
		above, body = nil, found.below

		if !found.closes {
			above, body = o.cutPartHead(found.below)
		}
	}
}

// boundaryLine is a line that begins a part, or ends the last one of a multipart.
type boundaryLine struct {
	line, below []byte
	name        string
	closes      bool
}

// passBoundary writes the line, and above it those that should have ended what lies within the
// multipart that it belongs to: the parser takes exponential time for what is not closed.
func (o *outline) passBoundary(found boundaryLine) {
	if at := slices.Index(o.open, found.name); at >= 0 {
		o.closeDownTo(at + 1)

		if found.closes {
			o.open = o.open[:at]
		}
	} else if !found.closes {
		o.open = append(o.open, found.name)
	}

	o.text = append(append(o.text, found.line...), '\r', '\n')
}

// closeDownTo ends the multiparts that are open but the outermost ones.
func (o *outline) closeDownTo(depth int) {
	for _, name := range slices.Backward(o.open[depth:]) {
		o.text = append(o.text, "--"+name+"-- \x03\r\n"...)
	}

	o.open = o.open[:depth]
}

// addPiece writes the mark of a piece. What is between the lines of boundaries includes the end
// of its last line, which belongs to the boundary (RFC 2046 5.1.1).
func (o *outline) addPiece(head, body []byte) {
	number := strconv.Itoa(len(o.pieces))
	o.pieces = append(o.pieces, piece{head: head, body: trimLineEnd(body)})

	if head != nil {
		o.text = append(o.text, "X-Piece: \x01"+number+"\x01\r\n"...)
		o.text = append(o.text, contentHeaders(head)...)
		o.text = append(o.text, '\r', '\n')
	}

	o.text = append(o.text, "\x02"+number+"\x02\r\n"...)
}

// cutBoundary finds the next line that is one of a boundary. Without any, everything is above
// and there is no line.
func (o *outline) cutBoundary(body []byte) (begin int, found boundaryLine) {
	for begin < len(body) {
		line, below := cutLine(body[begin:])
		if name, closes := o.boundaryIn(line); name != "" {
			return begin, boundaryLine{
				line:   line,
				below:  below,
				name:   name,
				closes: closes,
			}
		}

		next := bytes.Index(body[begin:], []byte("\n--"))
		if next < 0 {
			break
		}

		begin += next + 1
	}

	return len(body), boundaryLine{}
}

// boundaryIn returns the boundary that the line is of, "" for none, and whether it is the last.
func (o *outline) boundaryIn(line []byte) (name string, closes bool) {
	rest, ok := bytes.CutPrefix(line, []byte("--"))
	if !ok {
		return "", false
	}

	for _, boundary := range o.boundaries {
		switch after, ok := bytes.CutPrefix(rest, []byte(boundary)); {
		case !ok:
		case len(bytes.TrimRight(after, " \t")) == 0:
			return boundary, false
		case string(bytes.TrimRight(after, " \t")) == "--":
			return boundary, true
		}
	}

	return "", false
}

// cutPartHead returns the headers of the part that begins here, and what is below them. A part
// without any begins with its text, though the blank line above it be missing.
func (o *outline) cutPartHead(rest []byte) (head, body []byte) {
	first, below := cutLine(rest)
	name, _ := o.boundaryIn(first)

	switch {
	case len(bytes.TrimSpace(first)) == 0:
		return rest[:len(rest)-len(below)], below
	case name != "", !bytes.Contains(first, []byte(":")):
		return []byte{}, rest
	}

	_, body = cleanHeaders(rest)

	return rest[:len(rest)-len(body)], body
}

func trimLineEnd(text []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))
}

func isContentHeader(line []byte) bool {
	return len(line) >= 8 && bytes.EqualFold(line[:8], []byte("content-"))
}

// contentHeaders returns those of the headers that say what a part is (RFC 2045 3).
func contentHeaders(head []byte) []byte {
	clean, _ := cleanHeaders(head)

	var kept []byte
	var keep bool

	for len(clean) > 0 {
		line, below := cutLine(clean)
		if line[0] != ' ' && line[0] != '\t' {
			keep = isContentHeader(line)
		}

		if keep && len(kept)+len(line) < budget.MaxPartHeaders {
			kept = append(append(kept, line...), '\r', '\n')
		}

		clean = below
	}

	return kept
}

// parseMediaType reads a Content-Type or a Content-Disposition for the parser. It never fails,
// for that would cost the part.
func (o *outline) parseMediaType(header string) (string, map[string]string, []string, error) {
	media, params := parseMediaType(header)

	name, ok := params["boundary"]
	if !ok {
		return media, params, nil, nil
	}

	o.multiparts++

	// The parser asks three times about each.
	if !strings.HasPrefix(media, typeMultipart) || !slices.Contains(o.boundaries, name) ||
		o.multiparts > 3*budget.MaxMultiparts {
		delete(params, "boundary")
	}

	return media, params, nil, nil
}

var (
	// mark is that of a piece: with its headers, or without.
	mark = regexp.MustCompile("X-Piece: \x01([0-9]+)\x01\r\n|\x02([0-9]+)\x02")
	// added are lines that only this package has written.
	added = regexp.MustCompile("\r\n--[^\r\n]*-- \x03")
)

// expand returns what the marks in the content of a part stand for. Where it has other people's
// boundaries in it, as a mail that is attached or quoted with its source, there are several.
func (o *outline) expand(content []byte) []byte {
	var text []byte

	content = added.ReplaceAll(content, nil)

	for {
		at := mark.FindSubmatchIndex(content)
		if at == nil {
			return append(text, content...)
		}

		text = append(text, content[:at[0]]...)

		if at[2] < 0 {
			text = append(text, o.piece(content[at[4]:at[5]]).body...)
			content = content[at[1]:]

			continue
		}

		found := o.piece(content[at[2]:at[3]])
		text = append(append(text, found.head...), found.body...)
		end := []byte("\x02" + string(content[at[2]:at[3]]) + "\x02")
		_, content, _ = bytes.Cut(content[at[1]:], end)
	}
}

// piece is the one with the number that the outline has written.
func (o *outline) piece(number []byte) piece {
	i, err := strconv.Atoi(string(number))
	if err != nil || i >= len(o.pieces) {
		return piece{}
	}

	return o.pieces[i]
}
