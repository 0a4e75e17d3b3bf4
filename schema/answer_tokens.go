package schema

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// tokenKind is what a piece of an answer is.
type tokenKind int

const (
	// tokenWord is a word, or a sign that stands for one: folded.
	tokenWord tokenKind = iota
	// tokenNumeral is a number in digits, with its sign.
	tokenNumeral
	// tokenDash parts what stands on both its sides.
	tokenDash
	// tokenUnknown is nothing that an answer has: a question mark, a fraction, an hour, a percent sign.
	tokenUnknown
)

type token struct {
	kind tokenKind
	text string
	// parted reports that a mark stands before it.
	parted bool
}

// neutral are marks that change nothing.
const neutral = ".,!;:()\"'¡«»“”„‟‘’‚‹›`´、。！「」・"

// dashes are the marks that people write for a hyphen, a minus or a dash.
const dashes = "-‐‑‒–—―−"

// minusMarks are those of them that are a minus before a digit.
const minusMarks = "-‐‑–−"

// splitTokens takes a text apart. Every sign that has a meaning is in a token: who reads all of them has
// read all that was said.
func splitTokens(text string) []token {
	lex := lexer{runes: []rune(foldAnswer(text))}

	for lex.at < len(lex.runes) {
		lex.next()
	}

	return lex.tokens
}

// wordsIn are the words of a text alone.
func wordsIn(text string) []string {
	var words []string

	for _, t := range splitTokens(text) {
		if t.kind == tokenWord {
			words = append(words, t.text)
		}
	}

	return words
}

// foldAnswer makes texts the same that read the same: compatible forms (NFKC,
// https://www.unicode.org/reports/tr15/), case and accents. Symbols stay as they are, for NFKC makes
// "No" of № and 52 of 5².
func foldAnswer(text string) string {
	var (
		folded strings.Builder
		plain  strings.Builder
	)

	fold := cases.Fold()
	flush := func() {
		folded.WriteString(stripAccents(fold.String(norm.NFKC.String(plain.String()))))
		plain.Reset()
	}

	for _, r := range joinGroups(text) {
		switch {
		case isUnseen(r):
		case unicode.In(r, unicode.S, unicode.No, unicode.Nl) || strings.ContainsRune("…‥", r):
			flush()
			folded.WriteRune(r)
		default:
			plain.WriteRune(r)
		}
	}

	flush()

	return folded.String()
}

// groupSpace is a space before three digits of a number: it groups them.
var groupSpace = regexp.MustCompile(`(^|[^\d.,:/-])(\d{1,3})` +
	`[ \x{00a0}\x{2009}\x{202f}](\d{3}(?:[ \x{00a0}\x{2009}\x{202f}]\d{3})*(?:[.,]\d{1,2})?)` +
	`($|[^\d.,:/-]|[.,:](?:\D|$))`)

// joinGroups takes the spaces out of numbers that group their digits.
func joinGroups(text string) string {
	return groupSpace.ReplaceAllStringFunc(text, func(number string) string {
		parts := groupSpace.FindStringSubmatch(number)
		grouped := strings.NewReplacer(" ", "", "\u00a0", "", "\u2009", "", "\u202f", "").Replace(parts[3])

		return parts[1] + parts[2] + grouped + parts[4]
	})
}

// isUnseen reports whether a character only changes how others look: joiners, variants, skin tones, and
// the frame of a key.
func isUnseen(r rune) bool {
	const firstTone, lastTone, keycap = '\U0001F3FB', '\U0001F3FF', '\u20E3'

	return unicode.In(r, unicode.Cf, unicode.Variation_Selector) || r >= firstTone && r <= lastTone || r == keycap
}

// plainLetters are letters that have no accent and are written without it all the same.
var plainLetters = strings.NewReplacer("ı", "i", "ł", "l", "ø", "o", "đ", "d", "æ", "ae", "œ", "oe", "ё", "е")

// stripAccents takes the accents off Latin and Cyrillic letters.
func stripAccents(text string) string {
	const firstMark, lastMark = '\u0300', '\u036F'

	text = strings.Map(func(r rune) rune {
		if r >= firstMark && r <= lastMark {
			return -1
		}

		return r
	}, norm.NFD.String(text))

	return plainLetters.Replace(norm.NFC.String(text))
}

type lexer struct {
	runes  []rune
	at     int
	parted bool
	tokens []token
}

func (l *lexer) add(kind tokenKind, text string) {
	l.tokens = append(l.tokens, token{kind, text, l.parted})
	l.parted = kind == tokenDash
}

// peek is the character so far from where the lexer stands, 0 outside of the text.
func (l *lexer) peek(by int) rune {
	if at := l.at + by; at >= 0 && at < len(l.runes) {
		return l.runes[at]
	}

	return 0
}

func (l *lexer) next() {
	r := l.runes[l.at]

	switch {
	case unicode.IsSpace(r):
		l.at++
	case isDigit(r):
		l.readNumeral("")
	case unicode.IsLetter(r):
		l.readWord()
	case strings.ContainsRune(dashes, r) || r == '+':
		l.readDash(r)
	case r == '.' && l.peek(1) == '.':
		l.skipDots()
		l.add(tokenUnknown, "...")
	case strings.ContainsRune(neutral, r):
		l.at++
		l.parted = true
	case unicode.IsSymbol(r), r == '%':
		l.at++
		l.add(tokenWord, string(r))
	default:
		l.at++
		l.add(tokenUnknown, string(r))
	}
}

func (l *lexer) skipDots() {
	for l.peek(0) == '.' {
		l.at++
	}
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// readDash reads a sign before a number, a hyphen in a word, or a dash.
func (l *lexer) readDash(r rune) {
	before := l.peek(-1)
	opens := before == 0 || before == '(' || unicode.IsSpace(before)
	l.at++

	switch {
	case isDigit(l.peek(0)) && opens && r == '+':
		l.readNumeral("")
	case isDigit(l.peek(0)) && opens && strings.ContainsRune(minusMarks, r):
		l.readNumeral("-")
	case r == '+', isDigit(before), isDigit(l.peek(0)):
		l.add(tokenUnknown, string(r))
	case unicode.IsLetter(before) && unicode.IsLetter(l.peek(0)):
	default:
		l.add(tokenDash, string(r))
	}
}

// readNumeral reads digits with what stands between them. With a letter beside them they are no number, but in the
// scripts that part no words.
func (l *lexer) readNumeral(sign string) {
	from := l.at
	for isDigit(l.peek(0)) || strings.ContainsRune(dashes+".,:/'’", l.peek(0)) && isDigit(l.peek(1)) {
		l.at++
	}

	end := l.at
	numeral := sign + string(l.runes[from:end])

	for unicode.IsLetter(l.peek(0)) || unicode.IsDigit(l.peek(0)) {
		l.at++
	}

	suffix := string(l.runes[end:l.at])

	switch {
	case suffix == "":
		l.add(tokenNumeral, numeral)
	case unicode.In(l.runes[end], unicode.Han, unicode.Hiragana, unicode.Katakana):
		l.add(tokenNumeral, numeral)
		l.add(tokenWord, suffix)
	default:
		l.add(tokenUnknown, numeral+suffix)
	}
}

// readWord reads a word without its apostrophes.
func (l *lexer) readWord() {
	var word strings.Builder

	for {
		r := l.peek(0)

		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.Nd):
			word.WriteRune(r)
		case strings.ContainsRune("'’ʼ´`", r) && unicode.IsLetter(l.peek(1)):
		default:
			l.add(tokenWord, word.String())
			return
		}

		l.at++
	}
}

// repairWord makes a known word of one that is not: of what is said longer than it is written ("yesss", "yess"), and
// of a long one with one letter that is missing, too many, wrong, or in the wrong place.
func repairWord(word string) string {
	if languagesOf[word] > 0 || shared.isWord(word) {
		return word
	}

	squeezed := squeezeWord(word)
	if languagesOf[squeezed] > 0 {
		return squeezed
	}

	// The last letter is the one that is held.
	letters := []rune(squeezed)
	if n := len(letters); n > 2 && letters[n-1] == letters[n-2] && languagesOf[string(letters[:n-1])] > 0 {
		return string(letters[:n-1])
	}

	return correctWord(word)
}

// squeezeWord takes out of a word the letters that are repeated three times and more: "noooo".
func squeezeWord(word string) string {
	runes := []rune(word)
	kept := runes[:0]

	for i := 0; i < len(runes); {
		end := i
		for end < len(runes) && runes[end] == runes[i] {
			end++
		}

		if end-i < len("ooo") {
			kept = append(kept, runes[i:end]...)
		} else {
			kept = append(kept, runes[i])
		}

		i = end
	}

	return string(kept)
}
