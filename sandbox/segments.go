package sandbox

import (
	"strings"
	"unicode/utf16"
)

// The GSM 03.38 default alphabet; characters of the extension cost two septets.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtension = "\f^{}\\[~]|€"
)

// countSegments is how many parts a body is sent in: one of 160 septets, or several of
// 153; in UCS-2 one of 70 units, or several of 67. No character is split over two.
func countSegments(body string) int {
	single := 160
	several := 153
	cost := gsmCost

	if strings.ContainsFunc(body, func(r rune) bool { return gsmCost(r) == 0 }) {
		single = 70
		several = 67
		cost = utf16.RuneLen
	}

	total := 0
	segments := 1
	used := 0

	for _, r := range body {
		units := cost(r)
		total += units

		if used+units > several {
			segments, used = segments+1, 0
		}

		used += units
	}

	if total <= single {
		return 1
	}

	return segments
}

// gsmCost is 0 for what the alphabet lacks.
func gsmCost(r rune) int {
	switch {
	case strings.ContainsRune(gsmBasic, r):
		return 1
	case strings.ContainsRune(gsmExtension, r):
		return 2
	}

	return 0
}
