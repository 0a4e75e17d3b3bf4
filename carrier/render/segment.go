package render

import (
	"strings"
	"unicode/utf16"
)

// Encoding is how an SMS is written.
type Encoding string

// The encodings of SMS (3GPP TS 23.038). A text is written in UCS-2 as soon as it holds
// one character that GSM-7 does not have.
const (
	GSM7 Encoding = "GSM-7"
	UCS2 Encoding = "UCS-2"
)

// The characters of GSM-7, and those that take two septets: an escape and a character.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ" +
		" !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// septets is how much of a GSM-7 segment each character takes.
var septets = func() map[rune]int {
	all := make(map[rune]int)
	for _, r := range gsmBasic {
		all[r] = 1
	}

	for _, r := range gsmExtended {
		all[r] = 2
	}

	return all
}()

// EncodingOf tells how the text is written as an SMS.
func EncodingOf(text string) Encoding {
	if strings.ContainsFunc(text, func(r rune) bool { return septets[r] == 0 }) {
		return UCS2
	}

	return GSM7
}

// SegmentCount is how many parts the text is sent and charged as. One part holds 160
// septets in GSM-7 or 70 UTF-16 units in UCS-2; each of several holds 153 or 67, and
// neither an escaped character nor a surrogate pair is split between two.
func SegmentCount(text string) int {
	if text == "" {
		return 0
	}

	whole := 160
	part := 153
	size := func(r rune) int { return septets[r] }

	if EncodingOf(text) == UCS2 {
		whole = 70
		part = 67
		size = utf16Units
	}

	total := 0
	count := 1
	filled := 0

	for _, r := range text {
		n := size(r)
		total += n

		if filled+n > part {
			count, filled = count+1, 0
		}

		filled += n
	}

	if total <= whole {
		return 1
	}

	return count
}

func utf16Units(r rune) int { return max(1, utf16.RuneLen(r)) }
