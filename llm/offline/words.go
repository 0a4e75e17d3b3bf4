package offline

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordsOf are the words of a text, folded, in order.
func wordsOf(text string) []string {
	return strings.FieldsFunc(foldWord(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
}

// foldWord is the form in which words are compared: small letters without accents, since
// people leave those out in an SMS.
func foldWord(text string) string {
	text = strings.ToLower(text)
	if !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return text
	}

	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}

		return r
	}, norm.NFD.String(plainLetters.Replace(text))))
}

// plainLetters stands in for letters that are no letter with an accent to Unicode.
var plainLetters = strings.NewReplacer("ı", "i", "ł", "l", "ø", "o", "đ", "d")

// termsIn are the stems of the words that carry meaning, each once.
func termsIn(words []string, names map[string]bool) []string {
	var out []string
	seen := map[string]bool{}

	for _, word := range words {
		if !isMeaningful(word) || names[word] {
			continue
		}

		if s := stemOf(word); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}

	return out
}

// isMeaningful tells words of content from those of grammar and courtesy. Short words are
// grammar in Latin script, where they have no digit.
func isMeaningful(word string) bool {
	if common[word] || courtesy[word] || greetings[word] {
		return false
	}

	first, _ := utf8.DecodeRuneInString(word)

	return utf8.RuneCountInString(word) > 2 || !unicode.Is(unicode.Latin, first) ||
		strings.ContainsFunc(word, unicode.IsNumber)
}

// vowelEndings are the vowels in which the forms of one noun or verb differ, but e and y.
const vowelEndings = "aiouаеиоуыьюяαεηιου"

// stemOf cuts the endings by which the forms of one word differ: roughly, in any language
// that puts them last. Six letters tell most words apart.
func stemOf(word string) string {
	if strings.ContainsFunc(word, unicode.IsNumber) {
		return word
	}

	for _, ending := range []string{"ing", "ed", "es", "s", "e"} {
		if cut, ok := strings.CutSuffix(word, ending); ok && len(cut) >= 3 {
			word = cut
			break
		}
	}

	letters := []rune(word)
	if len(letters) > 4 && strings.ContainsRune(vowelEndings, letters[len(letters)-1]) {
		letters = letters[:len(letters)-1]
	}

	last := len(letters) - 1
	switch {
	case last >= 3 && letters[last] == letters[last-1]:
		letters = letters[:last]
	case last >= 2 && letters[last] == 'y':
		letters[last] = 'i'
	}

	return string(letters[:min(len(letters), 6)])
}

func setOf(list string, separator string) map[string]bool {
	out := map[string]bool{}

	for item := range strings.SplitSeq(list, separator) {
		if item = strings.Join(strings.Fields(item), " "); item != "" {
			out[foldWord(item)] = true
		}
	}

	return out
}
