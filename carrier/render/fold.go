package render

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// folds are the characters of typography that have a plain twin. One of them alone takes
// a text message out of GSM-7, and halves what fits into a segment.
var folds = strings.NewReplacer(
	"“", `"`, "”", `"`, "„", `"`, "‟", `"`,
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "″", `"`,
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-",
	"…", "...", "•", "-", "\t", " ",
	"\u00a0", " ", "\u2002", " ", "\u2003", " ", "\u2009", " ", "\u200a", " ", "\u202f", " ",
	"\u200b", "", "\u00ad", "", "\ufeff", "", "\u2028", "\n", "\u2029", "\n",
)

// foldTypography replaces typography by ASCII, composes letters with their accents (GSM-7 has é, but
// not e with a combining accent), and drops control characters.
func foldTypography(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}

		return r
	}, norm.NFC.String(folds.Replace(text)))
}
