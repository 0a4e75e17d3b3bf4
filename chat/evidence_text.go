package chat

import (
	"regexp"
	"strings"
	"unicode"
)

// trialPrefix is what Twilio writes before each text of a trial account
// (https://help.twilio.com/articles/223134147).
const trialPrefix = "Sent from your Twilio trial account - "

// linkMark stands for every link in a text that is compared.
const linkMark = "<link>"

// links are what link shortening replaces, and what it replaces them by
// (https://www.twilio.com/docs/messaging/features/link-shortening).
var links = regexp.MustCompile(`(?i)\bhttps?://[^\s<>"]+`)

// typography are the characters that smart encoding replaces by plain ones of the same look
// (https://www.twilio.com/docs/messaging/features/smart-encoding), and those that Unicode
// holds to be compatible with them (NFKC, https://www.unicode.org/reports/tr15/).
var typography = strings.NewReplacer(
	"«", `"`, "»", `"`, "“", `"`, "”", `"`, "„", `"`, "‟", `"`, "″", `"`, "ʺ", `"`, "ˮ", `"`,
	"❝", `"`, "❞", `"`, "〝", `"`, "〞", `"`, "〟", `"`,
	"‘", "'", "’", "'", "‚", "'", "‛", "'", "′", "'", "ʻ", "'", "ʼ", "'", "ʽ", "'", "ʹ", "'",
	"ˈ", "'",
	"ˊ", "'", "ˋ", "'", "´", "'", "`", "'", "❛", "'", "❜", "'", "‹", "'", "›", "'",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "―", "-", "−", "-", "⁃", "-", "•", "-", "·", "-",
	"…", "...", "‥", "..", "․", ".", "‼", "!!", "⁇", "??", "⁈", "?!", "⁉", "!?",
	"⁄", "/", "∕", "/", "÷", "/", "¼", "1/4", "½", "1/2", "¾", "3/4", "⅓", "1/3", "⅔", "2/3",
	"‗", "_", "ˆ", "^", "˜", "~", "∼", "~", "⁓", "~", "⁎", "*", "∗", "*", "∣", "|", "⎮", "|", "❘", "|",
	"¹", "1", "²", "2", "³", "3", "⁰", "0", "⁴", "4", "⁵", "5", "⁶", "6", "⁷", "7", "⁸", "8", "⁹", "9",
	"ª", "a", "º", "o", "™", "TM", "℠", "SM", "№", "No",
	"ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl",
)

// EvidenceText is the form of a text in which it is compared with what a provider's list shows. The
// provider may have put plain characters in the place of typography, shortened links, and put a
// prefix before it; white space may differ. Two texts with the same form are the same evidence, so
// that [Delivery.TextKey] is made of it too: who sees more texts as one must also see more rivals.
func EvidenceText(text string) string {
	text = typography.Replace(strings.Map(foldEvidenceRune, strings.ToValidUTF8(text, "\uFFFD")))
	text = strings.Join(strings.Fields(text), " ")
	text = strings.TrimPrefix(text, strings.TrimSpace(trialPrefix))

	return strings.TrimSpace(links.ReplaceAllString(text, linkMark))
}

// The full-width forms of ASCII. Each stands fullWidthBy above its plain form.
const (
	firstFullWidth = '！'
	lastFullWidth  = '～'
	fullWidthBy    = 0xFEE0
)

// foldEvidenceRune makes full-width characters plain, every space the same, and drops what is not
// seen.
func foldEvidenceRune(r rune) rune {
	switch {
	case r >= firstFullWidth && r <= lastFullWidth:
		return r - fullWidthBy
	case unicode.IsSpace(r) || unicode.Is(unicode.Zs, r):
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != '\u200d':
		return -1
	}

	return r
}
