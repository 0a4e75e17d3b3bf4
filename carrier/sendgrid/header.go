package sendgrid

import (
	"bufio"
	"bytes"
	"net/textproto"
	"regexp"

	"github.com/jhillyerd/enmime/v2"
)

const (
	// maxHeaderLines and maxHeaderLine bound one block of headers: the longest seen have some 200
	// lines, and RFC 5322 2.1.1 allows 998 bytes in each.
	maxHeaderLines = 2000
	maxHeaderLine  = 20_000
)

// blankLines stand between headers where somebody has put one into a block that has no body.
var blankLines = regexp.MustCompile(`(?:\r?\n[ \t]*)+\r?\n`)

// readHeaders reads the block of headers of the parsed mode.
func readHeaders(raw []byte) textproto.MIMEHeader {
	block := blankLines.ReplaceAll(bytes.TrimSpace(raw), []byte("\n"))
	clean, _ := cleanHeaders(block)

	return parseHeaders(clean)
}

// parseHeaders reads headers that [cleanHeaders] returned.
func parseHeaders(clean []byte) textproto.MIMEHeader {
	block := bytes.NewReader(append(bytes.Clone(clean), '\r', '\n'))

	headers, err := enmime.ReadHeader(bufio.NewReader(block), forgive{})
	if err != nil && headers == nil {
		headers = make(textproto.MIMEHeader)
	}

	return headers
}

// forgive is told of headers that cannot be read, which cost only themselves.
type forgive struct{}

func (forgive) AddError(string, string, ...any)   {}
func (forgive) AddWarning(string, string, ...any) {}

// cleanHeaders returns the headers that the text begins with, and what follows the blank line
// below them. A line that is no header is left out: with the lines that continue it if it has
// a name, by itself if it has none. Control characters are left out too. Where there is no
// header at all, everything follows.
func cleanHeaders(raw []byte) (clean, rest []byte) {
	rest = raw
	kept := false

	for range maxHeaderLines {
		line, below := cutLine(rest)
		if len(bytes.TrimSpace(line)) == 0 {
			rest = below
			break
		}

		continued := line[0] == ' ' || line[0] == '\t'

		switch {
		case continued:
		case isHeader(line):
			kept = true
		case bytes.IndexByte(line, ':') >= 0:
			kept = false
		default:
			rest = below
			continue
		}

		if kept {
			clean = append(clean, withoutControl(line[:min(len(line), maxHeaderLine)])...)
			clean = append(clean, '\r', '\n')
		}

		rest = below
	}

	if len(clean) == 0 {
		return nil, raw
	}

	return clean, rest
}

// isHeader reports whether a header begins with the line: a name of printable ASCII (RFC 5322
// 2.2), with the blanks before the colon that programs wrote once (4.5).
func isHeader(line []byte) bool {
	name, _, ok := bytes.Cut(line[:min(len(line), maxHeaderLine)], []byte(":"))
	name = bytes.TrimRight(name, " \t")

	if !ok || len(name) == 0 {
		return false
	}

	for _, b := range name {
		if b <= ' ' || b >= 0x7f {
			return false
		}
	}

	return true
}

// cutLine returns the first line without its end, and the text below it.
func cutLine(text []byte) (line, below []byte) {
	line, below, _ = bytes.Cut(text, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), below
}

// withoutControl returns the line without control characters. Bytes that are not ASCII stay,
// whatever they are.
func withoutControl(line []byte) []byte {
	kept := make([]byte, 0, len(line))

	for _, b := range line {
		if b >= ' ' && b != 0x7f || b == '\t' {
			kept = append(kept, b)
		}
	}

	return kept
}
