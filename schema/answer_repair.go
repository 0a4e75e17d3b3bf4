package schema

import "slices"

// shortestRepaired is how many letters a word has at least that is corrected: shorter ones are too near to others.
const shortestRepaired = 8

// longestRepaired bounds the work.
const longestRepaired = 24

// longWords are the known words that are corrected to, by their first letters, which people seldom get wrong.
var longWords = func() map[rune][]string {
	all := map[rune][]string{}

	for word := range languagesOf {
		if n := len([]rune(word)); n >= shortestRepaired-1 && n <= longestRepaired+1 {
			first := []rune(word)[0]
			all[first] = append(all[first], word)
		}
	}

	return all
}()

// correctWord is the one known word that is a single mistake away from a long word, else the word as it is.
func correctWord(word string) string {
	letters := []rune(word)
	if len(letters) < shortestRepaired || len(letters) > longestRepaired {
		return word
	}

	var found []string

	for _, known := range longWords[letters[0]] {
		if isOneMistakeAway(letters, []rune(known)) {
			found = append(found, known)
		}
	}

	if len(found) != 1 {
		return word
	}

	return found[0]
}

// isOneMistakeAway reports whether one letter less, more, other, or two that have changed places make a word of the
// other.
func isOneMistakeAway(a, b []rune) bool {
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}

	a, b = a[head:], b[head:]

	switch {
	case len(a) == 0 || len(b) == 0:
		return len(a)+len(b) == 1
	case slices.Equal(a[1:], b), slices.Equal(a, b[1:]), slices.Equal(a[1:], b[1:]):
		return true
	}

	return len(a) > 1 && len(b) > 1 && a[0] == b[1] && a[1] == b[0] && slices.Equal(a[2:], b[2:])
}
