package offline

import (
	"slices"
	"strings"
)

// phrases are words, or several in a row, by the first of each: what may follow that one.
type phrases map[string][][]string

// phrasesOf reads phrases parted by bars.
func phrasesOf(list string) phrases {
	out := phrases{}

	for phrase := range strings.SplitSeq(list, "|") {
		if words := wordsOf(phrase); len(words) > 0 {
			out[words[0]] = append(out[words[0]], words[1:])
		}
	}

	return out
}

// areIn reports whether words have one of the phrases.
func (p phrases) areIn(words []string) bool {
	for i := range words {
		if p.lengthAt(words[i:]) > 0 {
			return true
		}
	}

	return false
}

// lengthAt returns how many words the longest phrase has that words begin with, 0 without any.
func (p phrases) lengthAt(words []string) int {
	longest := 0

	if len(words) == 0 {
		return longest
	}

	for _, rest := range p[words[0]] {
		if len(rest) < len(words) && slices.Equal(rest, words[1:1+len(rest)]) {
			longest = max(longest, 1+len(rest))
		}
	}

	return longest
}

// endIn reports whether words end in one of the phrases.
func (p phrases) endIn(words []string) bool {
	for i := range words {
		if p.lengthAt(words[i:]) == len(words)-i {
			return true
		}
	}

	return false
}
