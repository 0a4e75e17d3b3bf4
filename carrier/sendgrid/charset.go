package sendgrid

import "strings"

// windows1252 is what the bytes 0x80 to 0x9f mean in windows-1252; the other bytes are
// those of ISO-8859-1 (https://encoding.spec.whatwg.org/index-windows-1252.txt).
var windows1252 = [32]rune{
	'€', 0x81, '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 0x8d, 'Ž', 0x8f,
	0x90, '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', 0x9d, 'ž', 'Ÿ',
}

// latin9 is where ISO-8859-15 differs from ISO-8859-1.
var latin9 = map[byte]rune{0xa4: '€', 0xa6: 'Š', 0xa8: 'š', 0xb4: 'Ž', 0xb8: 'ž', 0xbc: 'Œ', 0xbd: 'œ', 0xbe: 'Ÿ'}

// decodeCharset is the text in UTF-8. Of a charset that is not known, what is no UTF-8 is lost
// here; the post is kept as it came.
func decodeCharset(raw []byte, charset string) string {
	switch strings.ToLower(strings.Trim(charset, `"' `)) {
	case "iso-8859-1", "latin1", "windows-1252", "cp1252":
		return decodeSingleByte(raw, nil)
	case "iso-8859-15", "latin9":
		return decodeSingleByte(raw, latin9)
	}

	return strings.ToValidUTF8(string(raw), "\uFFFD")
}

// decodeSingleByte decodes a charset of one byte each. Mail that says ISO-8859-1 often means
// windows-1252, which has letters where the former has control characters.
func decodeSingleByte(raw []byte, differs map[byte]rune) string {
	var text strings.Builder

	for _, b := range raw {
		r, ok := differs[b]
		switch {
		case ok:
		case b >= 0x80 && b <= 0x9f:
			r = windows1252[b-0x80]
		default:
			r = rune(b)
		}

		text.WriteRune(r)
	}

	return text.String()
}
