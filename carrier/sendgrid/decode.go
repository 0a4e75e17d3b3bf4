package sendgrid

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"handrail/carrier"
)

// unknown8Bit is the label of RFC 1428 for bytes whose character set nobody has named.
const unknown8Bit = "unknown-8bit"

// decoder makes text of the bytes of one email.
type decoder struct {
	// undecoded is the first character set that something could not be decoded from.
	undecoded string
}

// decode returns the text in UTF-8. What the character set does not have, or all that is not
// ASCII of one that is not known, becomes U+FFFD, and the decoder keeps the set's name.
func (d *decoder) decode(raw []byte, label string) string {
	raw, marked := bytes.CutPrefix(raw, []byte("\uFEFF"))
	label = cleanLabel(label)

	if marked || len(raw) == 0 {
		label = "utf-8"
	}

	text, ok := decodeCharset(raw, label)
	if !ok {
		d.mark(label)
	}

	return strings.TrimPrefix(text, "\uFEFF")
}

// mark keeps the name of a character set, which is a stranger's word.
func (d *decoder) mark(label string) {
	if label == "" {
		label = unknown8Bit
	}

	if d.undecoded == "" {
		d.undecoded = carrier.Word(label)
	}
}

// decodeCharset returns the text, and whether all of it could be decoded.
func decodeCharset(raw []byte, label string) (text string, ok bool) {
	proper := utf8.Valid(raw)

	// Mail that is in UTF-8 under another name is frequent; mail in a set of one byte for each
	// letter that happens to be valid UTF-8 is not. Thai is where it could be.
	enc, known := findCharset(label)
	if _, single := enc.(*charmap.Charmap); single && enc != charmap.Windows874 && proper {
		return string(raw), true
	}

	if enc != nil {
		decoded, err := enc.NewDecoder().Bytes(raw)
		if err == nil && !bytes.ContainsRune(decoded, utf8.RuneError) {
			return string(decoded), true
		}

		if err == nil && !proper {
			return string(decoded), false
		}
	}

	switch label {
	case "utf-7":
		return decodeUTF7(raw), true
	case "iso-2022-kr":
		return decodeISO2022KR(raw)
	}

	// A set that is not known may use ASCII for something else, which an escape shows.
	escapes := !known && bytes.ContainsAny(raw, "\x0e\x1b")

	return strings.ToValidUTF8(string(raw), "\uFFFD"), proper && !escapes
}

// cleanLabel is the name as the indexes of character sets have it, where people write another.
func cleanLabel(label string) string {
	label = strings.ToLower(strings.TrimSpace(label))
	label = strings.TrimPrefix(label, "charset=")
	label, _, _ = strings.Cut(label, ";")
	label = strings.Trim(label, `"' `+"\t")

	if name, ok := labels[label]; ok {
		return name
	}

	if _, err := htmlindex.Get(label); err == nil {
		return label
	}

	bare := strings.NewReplacer("-", "", "_", "", " ", "", ".", "").Replace(label)
	if name, ok := labels[bare]; ok {
		return name
	}

	if _, err := htmlindex.Get(bare); err == nil {
		return bare
	}

	for _, form := range labelForms {
		if parts := form.pattern.FindStringSubmatch(bare); parts != nil {
			return form.prefix + parts[1]
		}
	}

	return label
}

// labels are names that mail bears and no index has, without dashes, underlines and blanks.
var labels = map[string]string{
	"utf":             "utf-8",
	"utf8mb4":         "utf-8",
	"utf8sig":         "utf-8",
	"8bit":            "",
	"7bit":            "us-ascii",
	"binary":          "",
	"unknown":         "",
	"unknown8bit":     "",
	"xunknown":        "",
	"default":         "",
	"none":            "",
	"ansi":            "windows-1252",
	"iso:western":     "windows-1252",
	"iso646us":        "us-ascii",
	"usascii":         "us-ascii",
	"we8iso8859p1":    "windows-1252",
	"gb2312":          "gb18030",
	"gb231280":        "gb18030",
	"gbk":             "gb18030",
	"xgbk":            "gb18030",
	"euccn":           "gb18030",
	"hz":              "hz-gb-2312",
	"hzgb2312":        "hz-gb-2312",
	"ksc56011987":     "euc-kr",
	"ksc5601":         "euc-kr",
	"ksx1001":         "euc-kr",
	"uhc":             "euc-kr",
	"xwindows949":     "euc-kr",
	"iso2022kr":       "iso-2022-kr",
	"csiso2022kr":     "iso-2022-kr",
	"iso2022jp1":      "iso-2022-jp",
	"iso2022jp2":      "iso-2022-jp",
	"iso2022jp3":      "iso-2022-jp",
	"iso2022jp2004":   "iso-2022-jp",
	"iso2022jpms":     "iso-2022-jp",
	"cp50220":         "iso-2022-jp",
	"cp50221":         "iso-2022-jp",
	"jis":             "iso-2022-jp",
	"eucjpms":         "euc-jp",
	"xeucjp":          "euc-jp",
	"ujis":            "euc-jp",
	"shiftjisx0213":   "shift_jis",
	"sjiswin":         "shift_jis",
	"xsjis":           "shift_jis",
	"utf7":            "utf-7",
	"unicode11utf7":   "utf-7",
	"unicode20utf7":   "utf-7",
	"csunicode11utf7": "utf-7",
	"xunicode20utf7":  "utf-7",
	"koi8r":           "koi8-r",
	"koi8u":           "koi8-u",
	"eucjp":           "euc-jp",
	"euckr":           "euc-kr",
	"iso2022jp":       "iso-2022-jp",
	"big5hkscs":       "big5",
	"xbig5":           "big5",
	"big5eten":        "big5",
	"utf16":           "utf-16",
	"utf16le":         "utf-16le",
	"utf16be":         "utf-16be",
	"utf32":           "utf-32",
	"koi8ru":          "koi8-u",
	"latin7":          "iso-8859-13",
	"latin8":          "iso-8859-14",
	"latin9":          "iso-8859-15",
	"latin0":          "iso-8859-15",
	"latin10":         "iso-8859-16",
	"maccyrillic":     "x-mac-cyrillic",
	"macroman":        "macintosh",
}

// labelForms are how numbered sets are named: win-1251, microsoft-cp1251, iso8859_15, 8859-1.
var labelForms = []struct {
	pattern *regexp.Regexp
	prefix  string
}{
	{regexp.MustCompile(`^x?(?:windows|win|microsoft|ms|cp|ansi)+(125[0-8]|874)$`), "windows-"},
	{regexp.MustCompile(`^(125[0-8])$`), "windows-"},
	{regexp.MustCompile(`^x?(?:windows|win|microsoft|ms|cp|ibm|dos|pc)+(437|85[0258]|86[0-356]|1047|1140)$`), "ibm"},
	{regexp.MustCompile(`^(?:x?iso)?8859([0-9]{1,2})(?::[0-9]{4})?[ie]?$`), "iso-8859-"},
	{regexp.MustCompile(`^(?:iso)?latin([1-9])$`), "latin"},
	{regexp.MustCompile(`^(?:x?windows|win|microsoft|ms|cp)+(932|936|949|950)$`), "cp"},
}

// codecs are character sets for which the indexes have no encoding, or a worse one.
var codecs = map[string]encoding.Encoding{
	"gb18030":    simplifiedchinese.GB18030,
	"hz-gb-2312": simplifiedchinese.HZGB2312,
	"cp932":      japanese.ShiftJIS,
	"cp936":      simplifiedchinese.GB18030,
	"cp949":      korean.EUCKR,
	"cp950":      traditionalchinese.Big5,
	// RFC 2781 4.3: without a mark of the order, the big end is first.
	"utf-16": unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
	"utf-32": utf32.UTF32(utf32.BigEndian, utf32.UseBOM),
}

// findCharset returns the encoding, nil for UTF-8 and for those that are decoded here, and
// whether the name is known. Names of ISO-8859-1 mean windows-1252, as everywhere on the web
// (https://encoding.spec.whatwg.org/#names-and-labels).
func findCharset(label string) (enc encoding.Encoding, known bool) {
	if enc, ok := codecs[label]; ok {
		return enc, true
	}

	switch label {
	case "", "utf-8", "utf-7", "iso-2022-kr":
		return nil, true
	}

	enc, err := htmlindex.Get(label)
	if err == nil && enc == unicode.UTF8 {
		return nil, true
	}

	if err != nil {
		enc, err = ianaindex.IANA.Encoding(label)
	}

	if err != nil || enc == nil || enc == encoding.Replacement {
		return nil, false
	}

	return enc, true
}

var shifted = regexp.MustCompile(`\+[A-Za-z0-9+/]*-?`)

// decodeUTF7 decodes UTF-7 (RFC 2152); what is no such sequence stays as it is.
func decodeUTF7(raw []byte) string {
	text := shifted.ReplaceAllFunc(raw, func(sequence []byte) []byte {
		encoded := bytes.TrimSuffix(sequence[1:], []byte("-"))
		if len(encoded) == 0 {
			return []byte("+")
		}

		packed := make([]byte, base64.RawStdEncoding.DecodedLen(len(encoded)))

		n, err := base64.RawStdEncoding.Decode(packed, encoded)
		if err != nil || n < 2 {
			return sequence
		}

		units := make([]uint16, n/2)
		for i := range units {
			units[i] = uint16(packed[2*i])<<8 | uint16(packed[2*i+1])
		}

		return []byte(string(utf16.Decode(units)))
	})

	return strings.ToValidUTF8(string(text), "\uFFFD")
}

// decodeISO2022KR decodes ISO-2022-KR (RFC 1557): between SO and SI are the letters of EUC-KR
// without their high bits.
func decodeISO2022KR(raw []byte) (text string, ok bool) {
	var euc []byte
	var inKorean bool

	for _, b := range bytes.ReplaceAll(raw, []byte("\x1b$)C"), nil) {
		switch {
		case b == 0x0e, b == 0x0f:
			inKorean = b == 0x0e
		case inKorean && b > 0x20:
			euc = append(euc, b|0x80)
		default:
			euc = append(euc, b)
		}
	}

	decoded, err := korean.EUCKR.NewDecoder().Bytes(euc)

	return string(decoded), err == nil && !bytes.ContainsRune(decoded, utf8.RuneError)
}

// encodedWord is one of RFC 2047, with the language of RFC 2231 5.
var encodedWord = regexp.MustCompile(`=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bBqQ])\?(.*?)\?=`)

// decodeWords decodes the encoded words of a header. The bytes of neighbours are put together
// first: programs that count bytes break letters in two.
func (d *decoder) decodeWords(header string) string {
	header = header[:min(len(header), maxHeaderLine)]
	if !strings.Contains(header, "=?") {
		return d.decode([]byte(header), "")
	}

	var text strings.Builder
	var pending []byte
	var label string

	end := 0
	flush := func() {
		text.WriteString(d.decode(pending, label))
		pending = nil
	}

	for _, at := range encodedWord.FindAllStringSubmatchIndex(header, -1) {
		between := header[end:at[0]]
		charset := header[at[2]:at[3]]

		if strings.TrimSpace(between) != "" || end == 0 || !strings.EqualFold(charset, label) {
			flush()

			if strings.TrimSpace(between) != "" || end == 0 {
				text.WriteString(d.decode([]byte(between), ""))
			}
		}

		pending = append(pending, decodeWord(header[at[4]:at[5]], header[at[6]:at[7]])...)
		label = charset
		end = at[1]
	}

	flush()
	text.WriteString(d.decode([]byte(header[end:]), ""))

	return text.String()
}

// decodeWord returns the bytes of an encoded word's text.
func decodeWord(kind, text string) []byte {
	if strings.EqualFold(kind, "b") {
		return decodeBase64([]byte(text))
	}

	return decodeHex([]byte(strings.ReplaceAll(text, "_", " ")), '=')
}

// decodeHex decodes =C3 of quoted-printable words, or %C3 of RFC 2231; what is no such thing
// stays as it is.
func decodeHex(text []byte, sign byte) []byte {
	var raw []byte

	for i := 0; i < len(text); i++ {
		if text[i] == sign && i+2 < len(text) {
			if b, err := decodeByte(text[i+1 : i+3]); err == nil {
				raw = append(raw, b)
				i += 2

				continue
			}
		}

		raw = append(raw, text[i])
	}

	return raw
}
