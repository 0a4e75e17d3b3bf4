package sendgrid

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"slices"
	"strings"

	"github.com/jhillyerd/enmime/v2"
)

// transferParser undoes quoted-printable and leaves the character set alone, which it does for
// what says that it is no text.
var transferParser = enmime.NewParser()

// decodeTransfer undoes the encoding for the way (RFC 2045 6) as far as it goes. It returns
// what it was given, and false, for an encoding that is not known.
func decodeTransfer(name string, content []byte) (decoded []byte, known bool) {
	switch transferName(name) {
	case "", "7bit", "8bit", "binary":
		return content, true
	case "base64":
		encoded, words := cutWords(content)
		if len(words) > 0 && len(encoded) > 0 {
			return slices.Concat(decodeBase64(encoded), []byte("\n"), words), true
		}

		return append(decodeBase64(encoded), words...), true
	case "quoted-printable":
		return decodeQuotedPrintable(content), true
	}

	return content, false
}

// transferName is the encoding's name without what people write after it: "8 bit", "base64;".
func transferName(header string) string {
	name := strings.ToLower(strings.Trim(header, " \t\"'"))
	name = strings.Replace(name, " bit", "bit", 1)

	if end := strings.IndexAny(name, "; \t("); end >= 0 {
		name = name[:end]
	}

	return strings.NewReplacer("-bit", "bit", "_", "-", "quotedprintable", "quoted-printable").Replace(name)
}

func decodeQuotedPrintable(content []byte) []byte {
	head := strings.NewReader("Content-Type: application/octet-stream\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n")

	part, err := transferParser.ReadParts(io.MultiReader(head, bytes.NewReader(content)))
	if err != nil {
		return content
	}

	return part.Content
}

// decodeBase64 decodes what is base64 in the content: neither blanks nor missing padding nor
// strange signs end it, nor does the padding of a piece that others follow.
func decodeBase64(content []byte) []byte {
	var all []byte

	for piece := range bytes.SplitSeq(content, []byte("=")) {
		digits := make([]byte, 0, len(piece))

		for _, b := range piece {
			if isBase64(b) {
				digits = append(digits, b)
			}
		}

		// One digit more is no byte.
		if len(digits)%4 == 1 {
			digits = digits[:len(digits)-1]
		}

		decoded := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
		n, _ := base64.RawStdEncoding.Decode(decoded, digits) // all are digits
		all = append(all, decoded[:n]...)
	}

	return all
}

// cutWords cuts off what was written below base64 without being encoded, as the footers of lists and
// of companies are, or all of what is not base64 although its header says so.
func cutWords(content []byte) (encoded, words []byte) {
	end := 0
	at := 0

	for line := range bytes.Lines(content) {
		at += len(line)

		if isWords(line) {
			return content[:end], content[end:]
		}

		if bytes.Trim(line, base64Signs+"= \t\r\n") == nil && len(bytes.TrimSpace(line)) > 0 {
			end = at
		}
	}

	return content, nil
}

const (
	base64Signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	// maxWord is how long words are at most on average; base64 that was broken at blanks has more.
	maxWord = 20
)

// isWords reports whether somebody wrote the line. Base64 may have blanks too, but not many.
func isWords(line []byte) bool {
	words := bytes.Fields(line)
	if len(words) == 0 || len(line)/len(words) > maxWord {
		return false
	}

	strange := bytes.Trim(bytes.Join(words, nil), base64Signs+"=") != nil

	return len(words) > 2 || len(words) == 2 && strange
}

func isBase64(b byte) bool {
	return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '+' || b == '/'
}

// transferredSize is how many bytes the content has once its encoding is undone.
func transferredSize(name string, content []byte) int64 {
	if transferName(name) != "base64" {
		decoded, _ := decodeTransfer(name, content)
		return int64(len(decoded))
	}

	digits := 0

	for _, b := range content {
		if isBase64(b) {
			digits++
		}
	}

	return int64(base64.RawStdEncoding.DecodedLen(digits))
}

func decodeByte(digits []byte) (byte, error) {
	var b [1]byte
	_, err := hex.Decode(b[:], digits)

	return b[0], err
}
