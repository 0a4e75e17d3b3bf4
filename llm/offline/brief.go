package offline

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// Bounds of the text, in words with the names of who speaks: usualWords for a chat of up to usualMessages
// messages, and for a longer one a word more for every perWord messages, up to maxWords.
const (
	usualWords    = 45
	maxWords      = 75
	usualMessages = 20
	perWord       = 2
)

const (
	// forElsewhere is what it counts that nothing of a message has been told yet.
	forElsewhere = 0.2
	// byLength is how much a sentence's length counts against it: little, as long ones say more.
	byLength = 0.3
	// adding is the least that a sentence must add to a text.
	adding = 0.3
	// perLongWord and perUnspaced are the letters that count as a word where no space parts words.
	perLongWord = 24
	perUnspaced = 3
)

// brief is a text that is being chosen, one sentence after the other.
type brief struct {
	all     []sentence
	scores  []float64
	lengths []int
	chosen  []int
	// room is how many words more there may be.
	room int
	// told are the terms of what is chosen, heard the messages it is from.
	told  map[string]bool
	heard map[int]bool
}

// chooseBrief chooses the sentences of the text: the first of the leading ones, those after it that there is
// room for, then those that add most for their length, until the rest adds little or nothing fits. A text
// has two sentences where there are two, even if these are longer.
func chooseBrief(all []sentence, scores []float64, leading []int) []int {
	b := brief{
		all:     all,
		scores:  scores,
		lengths: make([]int, len(all)),
		room:    roomOf(all),
		told:    map[string]bool{},
		heard:   map[int]bool{},
	}

	for i := range all {
		b.lengths[i] = countWords(all[i].line())
	}

	for n, i := range leading {
		if n == 0 || b.lengths[i] <= b.room {
			b.add(i)
		}
	}

	for len(b.chosen) < maxSentences {
		next := b.bestMore()
		if next < 0 {
			break
		}

		b.add(next)
	}

	return b.chosen
}

func (b *brief) add(i int) {
	b.chosen = append(b.chosen, i)
	b.room -= b.lengths[i]
	b.heard[b.all[i].message] = true

	markTold(b.told, b.all, []int{i})
}

// bestMore is the sentence that adds most for its length, -1 if none is worth it or fits.
func (b *brief) bestMore() int {
	must := len(b.chosen) < minSentences
	best, most := -1, 0.0

	for i := range b.all {
		if slices.Contains(b.chosen, i) || b.lengths[i] > b.room && !must {
			continue
		}

		worth := b.worthOf(i)
		if worth < adding && !must {
			continue
		}

		if worth /= math.Pow(float64(b.lengths[i]), byLength); best < 0 || worth > most {
			best, most = i, worth
		}
	}

	return best
}

// worthOf is what a sentence adds to what is chosen.
func (b *brief) worthOf(i int) float64 {
	worth := b.scores[i] - repeatedShare(b.all[i].terms, b.told)
	if !b.heard[b.all[i].message] {
		worth += forElsewhere
	}

	return worth
}

// roomOf is how many words the text of a chat may have.
func roomOf(all []sentence) int {
	messages := all[len(all)-1].message + 1

	return min(usualWords+max(0, messages-usualMessages)/perWord, maxWords)
}

// countWords counts what a reader takes for words. Scripts without spaces between words count by their
// letters, and so does what goes on for long without any.
func countWords(line string) int {
	words := 0

	for field := range strings.FieldsSeq(line) {
		spaced, unspaced := 0, 0

		for _, r := range field {
			if unicode.In(r, unspacedScripts...) {
				unspaced++
			} else {
				spaced++
			}
		}

		words += 1 + spaced/perLongWord + unspaced/perUnspaced
	}

	return words
}

var unspacedScripts = []*unicode.RangeTable{
	unicode.Han,
	unicode.Hiragana,
	unicode.Katakana,
	unicode.Thai,
	unicode.Lao,
	unicode.Khmer,
	unicode.Myanmar,
}
