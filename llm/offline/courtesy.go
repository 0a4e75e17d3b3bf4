package offline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSignOff is the most bytes of a line that closes a message.
const maxSignOff = 100

// withoutGreeting drops a greeting up to its comma or exclamation mark: "Hi Sam, …". Of
// a sentence that is nothing but a greeting, nothing is left. "hi my parcel …" is greeted
// by its first word.
func withoutGreeting(s string, names map[string]bool) string {
	if first, rest, found := strings.Cut(s, " "); found && salutes[phraseOf(first)] && len(wordsOf(rest)) > 3 &&
		!startsUpper(rest) {
		return rest
	}

	end := strings.IndexAny(s, ",!،–")
	if end < 0 {
		end = len(s)
	}

	greeting := wordsOf(s[:end])
	if len(greeting) == 0 || len(greeting) > 4 || !greetings[greeting[0]] || !isName(s[:end], names) {
		return s
	}

	return strings.TrimLeft(s[end:], " ,!،–")
}

// isName reports whether what follows the first word can be somebody's name and title.
func isName(greeting string, names map[string]bool) bool {
	for i, word := range strings.Fields(greeting) {
		folded := foldWord(strings.Trim(word, ".:"))
		if i > 0 && !isCapitalized(word) && !names[folded] && !courtesy[folded] && !common[folded] {
			return false
		}
	}

	return true
}

// isCapitalized reports whether a word begins large and goes on small: shouting names nobody.
func isCapitalized(word string) bool {
	first, size := utf8.DecodeRuneInString(word)
	return unicode.IsUpper(first) && !strings.ContainsFunc(word[size:], unicode.IsUpper)
}

func startsUpper(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsUpper(first)
}

// signsOff reports whether a line, with the lines after it, closes a message.
func signsOff(line string, after []string) bool {
	if len(line) > maxSignOff {
		return false
	}

	if thanks[phraseOf(line)] {
		return onlyNames(after)
	}

	fields := strings.Fields(line)
	for n := min(len(fields), 4); n > 0; n-- {
		if signOffs[phraseOf(strings.Join(fields[:n], " "))] {
			return len(fields)-n <= 3 && allCapitalized(fields[n:])
		}
	}

	return false
}

func allCapitalized(fields []string) bool {
	for _, word := range fields {
		if !isCapitalized(word) {
			return false
		}
	}

	return true
}

// onlyNames reports whether at most three short lines are left, as under a letter.
func onlyNames(lines []string) bool {
	left := 0

	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}

		if left++; left > 3 || len(fields) > 4 || !allCapitalized(fields) {
			return false
		}
	}

	return left > 0
}

// phraseOf is a line in the form in which sign-offs are listed.
func phraseOf(line string) string { return strings.Join(wordsOf(line), " ") }
