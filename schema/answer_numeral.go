package schema

import (
	"regexp"
	"strings"
)

// wholeNumeral are the digits of a number without marks; groupedNumeral has a mark at every third digit
// of its whole part, and may have another one before its decimals; pointNumeral has one mark alone.
var (
	wholeNumeral   = regexp.MustCompile(`^\d+$`)
	groupedNumeral = regexp.MustCompile(`^([1-9]\d{0,2}(?:,\d{3})+)(?:\.(\d+))?$|` +
		`^([1-9]\d{0,2}(?:\.\d{3})+)(?:,(\d+))?$`)
	pointNumeral = regexp.MustCompile(`^(\d+)[.,](\d+)$`)
)

// readNumeral makes a number as JSON has it of one as people write it, "" if it may be read in two ways:
// whether a lone mark before three digits is one of thousands, nobody knows.
func readNumeral(text string) string {
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	}

	if wholeNumeral.MatchString(text) {
		return sign + trimZeros(text)
	}

	if parts := pointNumeral.FindStringSubmatch(text); parts != nil {
		if len(parts[2]) == len("000") && trimZeros(parts[1]) != "0" {
			return ""
		}

		return sign + trimZeros(parts[1]) + "." + parts[2]
	}

	parts := groupedNumeral.FindStringSubmatch(text)
	if parts == nil {
		return ""
	}

	whole := strings.NewReplacer(",", "", ".", "").Replace(parts[1] + parts[3])
	if decimals := parts[2] + parts[4]; decimals != "" {
		return sign + trimZeros(whole) + "." + decimals
	}

	return sign + trimZeros(whole)
}

// trimZeros makes 007 a number that JSON has.
func trimZeros(digits string) string {
	if trimmed := strings.TrimLeft(digits, "0"); trimmed != "" {
		return trimmed
	}

	return "0"
}
