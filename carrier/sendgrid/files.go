package sendgrid

import (
	"net/textproto"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"handrail/carrier"
)

// maxFileName is the most characters of a file's name that are kept.
const maxFileName = 200

// nameForms are how a file name is written in one parameter.
type nameForms struct {
	// plain is the name in quotes or without; extended is that of RFC 2231, or a piece of it: its
	// number, whether it is encoded, and its value.
	plain, extended *regexp.Regexp
}

func newNameForms(parameter string) nameForms {
	return nameForms{
		plain: regexp.MustCompile(`(?i)(?:^|[;\s])` + parameter + `\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;\r\n]*))`),
		extended: regexp.MustCompile(`(?i)(?:^|[;\s])` + parameter +
			`\*([0-9]{0,3})(\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))`),
	}
}

var (
	// dispositionName is where RFC 2183 has the name, typeName where older programs do.
	dispositionName = newNameForms("filename")
	typeName        = newNameForms("name")
	mediaToken      = regexp.MustCompile(`^[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}$`)
)

// fileName is the name that a part gives its content, "" for none.
func (d *decoder) fileName(headers textproto.MIMEHeader) string {
	if name := d.nameIn(headers.Get("Content-Disposition"), dispositionName); name != "" {
		return name
	}

	return d.nameIn(headers.Get("Content-Type"), typeName)
}

// nameIn reads a name in all the ways in which it is written: RFC 2231 in any character set and
// in pieces, encoded words where RFC 2047 forbids them, and bare bytes.
func (d *decoder) nameIn(header string, forms nameForms) string {
	header = header[:min(len(header), 10_000)]

	if name := d.joinName(forms.extended.FindAllStringSubmatch(header, 100)); name != "" {
		return cleanFileName(name)
	}

	found := forms.plain.FindStringSubmatch(header)
	if found == nil {
		return ""
	}

	return cleanFileName(d.decodeWords(unescapeQuoted(found[1]) + found[2]))
}

// joinName puts the pieces of a name together; the first names the character set.
func (d *decoder) joinName(pieces [][]string) string {
	slices.SortStableFunc(pieces, func(a, b []string) int { return pieceNumber(a) - pieceNumber(b) })

	var raw []byte
	label := "utf-8"

	for i, piece := range pieces {
		value := unescapeQuoted(piece[3]) + piece[4]
		encoded := piece[1] == "" || piece[2] == "*"

		if set, rest, ok := strings.Cut(value, "'"); ok && encoded && i == 0 {
			label = set

			if _, text, ok := strings.Cut(rest, "'"); ok {
				value = text
			}
		}

		if encoded {
			raw = append(raw, decodeHex([]byte(value), '%')...)
		} else {
			raw = append(raw, value...)
		}
	}

	return d.decode(raw, label)
}

// pieceNumber is the number of a piece, 0 for a name that is in one piece.
func pieceNumber(piece []string) int {
	number, err := strconv.Atoi(piece[1])
	if err != nil {
		return 0
	}

	return number
}

var escaped = regexp.MustCompile(`\\(.)`)

// unescapeQuoted undoes the backslashes of a quoted string, but not those of a path.
func unescapeQuoted(quoted string) string {
	if len(quoted) > 2 && quoted[1:3] == `:\` {
		return quoted
	}

	return escaped.ReplaceAllString(quoted, "$1")
}

// cleanFileName is the name without a path, on one line.
func cleanFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	return carrier.Line(name, maxFileName)
}

// cleanType is the media type without parameters, "" for what is none.
func cleanType(media string) string {
	media, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(media)), ";")

	media = strings.TrimSpace(media)
	if !mediaToken.MatchString(media) {
		return ""
	}

	return media
}
