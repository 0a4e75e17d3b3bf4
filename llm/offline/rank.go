package offline

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a summary, in sentences, and how many sentences of chat make for one more point.
const (
	minSentences = 2
	maxSentences = 5
	// The points of a longer chat say more than its text.
	perPoint     = 3
	maxKeyPoints = 8
	// worthwhile is the least score of a sentence beyond the first minSentences.
	worthwhile = 0.4
	// nearly is how far below the best score a topic may be.
	nearly = 0.2
)

// What makes a sentence worth telling, beside the words it shares with the chat, which
// count for at most 1.
const (
	byCustomer = 0.2
	isRequest  = 0.2
	isSpecific = 0.2  // a number, a date, an amount
	isEarly    = 0.75 // the first the customer says; fades with each sentence more
	isLast     = 0.25 // the last message tells how it stands
	isAnswer   = 0.3  // the first the business says to it: why, and what follows
	isAwkward  = -0.5 // too short to say much, too long to read, or only leading to the next
	forSlight  = -0.2 // few words, and neither a number nor a request
	isInquiry  = -0.3 // the business's questions tell less than what came of them
	isPromise  = 0.2  // what the business will do
	isRegret   = -0.2
	isLoud     = -0.3 // in capitals only
)

// choice is which sentences say what of a chat, by their numbers: the one its title is made of, those
// of its text, and those of its key points, each in the order of the chat.
type choice struct {
	title       int
	brief, keys []int
	// scores are those of all sentences.
	scores []float64
}

// chooseSentences chooses the sentence a chat is about, or what has become of that, and those that sum
// it up. The work grows with the words of the chat, not with their square: sentences are compared with
// the chat as a whole, as in centroid summarization (Radev and others, 2004), not with each other.
func chooseSentences(all []sentence) choice {
	scores := rankSentences(all)
	topic := topicOf(all, scores)
	c := choice{title: standingTopic(all, scores, topic), scores: scores}

	leading := []int{c.title}
	if c.title != topic {
		leading = append(leading, topic)
	}

	if outcome := outcomeOf(all, scores, topic); outcome >= 0 && outcome != c.title {
		leading = append(leading, outcome)
	}

	c.brief = chooseBrief(all, scores, leading)
	c.keys = fillKeys(all, scores, c.brief)
	slices.Sort(c.brief)
	slices.Sort(c.keys)

	return c
}

// outcomeOf is the sentence that says best how it ended, -1 without any.
func outcomeOf(all []sentence, scores []float64, topic int) int {
	last := all[len(all)-1].message
	late := max(all[topic].message, last-max(1, last/4))

	outcome := bestScore(scores, func(i int) bool { return all[i].message > late && !isSlight(&all[i]) })
	if outcome >= 0 && scores[outcome] < worthwhile {
		return -1
	}

	return outcome
}

// fillKeys adds to the sentences of the text what else says most that is new, until there are enough for
// the length of the chat.
func fillKeys(all []sentence, scores []float64, brief []int) []int {
	keys := slices.Clone(brief)
	told := map[string]bool{}

	for wanted := min(len(all), minSentences+len(all)/perPoint, maxKeyPoints); len(keys) < wanted; {
		markTold(told, all, keys)

		fresh := slices.Clone(scores)
		for i := range fresh {
			fresh[i] -= repeatedShare(all[i].terms, told)
		}

		next := bestScore(fresh, func(i int) bool { return !slices.Contains(keys, i) })
		if len(keys) >= minSentences && fresh[next] < worthwhile {
			break
		}

		keys = append(keys, next)
	}

	return keys
}

// bestScore is the first of the highest scores among those that fit, -1 when none does.
func bestScore(scores []float64, fits func(int) bool) int {
	found := -1
	for i := range scores {
		if fits(i) && (found < 0 || scores[i] > scores[found]) {
			found = i
		}
	}

	return found
}

// topicOf is the first of the customer's sentences that is nearly as good as the best
// one: what is at stake comes before what is asked. A chat without a customer's word has
// its topic from whoever spoke.
func topicOf(all []sentence, scores []float64) int {
	anybody := !slices.ContainsFunc(all, func(s sentence) bool { return s.customer })
	highest := math.Inf(-1)

	for i := range all {
		if anybody || all[i].customer {
			highest = max(highest, scores[i])
		}
	}

	for i := range all {
		if (anybody || all[i].customer) && scores[i] >= highest-nearly {
			return i
		}
	}

	return 0
}

// rankSentences scores every sentence.
func rankSentences(all []sentence) []float64 {
	counts := map[string]int{}

	for i := range all {
		for _, term := range all[i].terms {
			counts[term]++
		}
	}

	scores := make([]float64, len(all))
	highest := 0.0

	for i := range all {
		for _, term := range all[i].terms {
			scores[i] += math.Log1p(float64(counts[term]))
		}

		scores[i] /= math.Sqrt(float64(len(all[i].terms)) + 1)
		highest = max(highest, scores[i])
	}

	said, answer := 0, firstAnswer(all)
	for i := range all {
		if highest > 0 {
			scores[i] /= highest
		}

		scores[i] += bonusOf(&all[i], all[len(all)-1].message)
		if all[i].customer {
			early := isEarly * math.Exp(-float64(said))
			if isSlight(&all[i]) {
				early /= 2
			} else {
				said++
			}

			scores[i] += byCustomer + early
		}

		if answer >= 0 && all[i].message == all[answer].message && !isQuestion(&all[i]) {
			scores[i] += isAnswer
		}
	}

	return scores
}

// firstAnswer is the first sentence of the business after the customer's first that says
// much, -1 without any.
func firstAnswer(all []sentence) int {
	asked := false

	for i := range all {
		s := &all[i]
		if asked = asked || s.customer; asked && !s.customer && !isQuestion(s) && len(s.terms) > answering {
			return i
		}
	}

	return -1
}

// bonusOf is what a sentence is worth by itself.
func bonusOf(s *sentence, last int) float64 {
	worth := 0.0
	if s.customer && asksSomething(s) {
		worth += isRequest
	}

	if strings.ContainsFunc(s.text, unicode.IsDigit) {
		worth += isSpecific
	}

	if s.message == last && !isSlight(s) {
		worth += isLast
	}

	if sayRegret(s) {
		worth += isRegret
	}

	if strings.ToUpper(s.text) == s.text && strings.ToLower(s.text) != s.text && len(s.terms) > 2 {
		worth += isLoud
	}

	if !isWordy(s) || len(s.terms) < 2 || utf8.RuneCountInString(s.text) > maxSentence/2 ||
		strings.HasSuffix(s.text, ":") {
		worth += isAwkward
	}

	switch {
	case isSlight(s):
		worth += forSlight
	case !s.customer && isQuestion(s):
		worth += isInquiry
	case !s.customer && isStep(s):
		worth += isPromise
	}

	return worth
}

// isWordy reports whether a sentence has a word that carries meaning beside its numbers.
func isWordy(s *sentence) bool {
	return slices.ContainsFunc(s.terms, func(term string) bool { return !strings.ContainsFunc(term, unicode.IsNumber) })
}

// isSlight reports whether a sentence has few words, and neither a number nor a request.
func isSlight(s *sentence) bool {
	return len(s.terms) < 3 && !strings.ContainsFunc(s.text, unicode.IsDigit) && !asksSomething(s)
}

// asksSomething reports whether a sentence is a question or a request.
func asksSomething(s *sentence) bool {
	return strings.ContainsAny(s.text, "?？؟") ||
		slices.ContainsFunc(s.words, func(word string) bool { return requests[word] })
}

// repeatedShare is the part of the terms that has been told.
func repeatedShare(terms []string, told map[string]bool) float64 {
	known := 0

	for _, term := range terms {
		if told[term] {
			known++
		}
	}

	return float64(known) / float64(len(terms)+1)
}

func markTold(told map[string]bool, all []sentence, picked []int) {
	for _, i := range picked {
		for _, term := range all[i].terms {
			told[term] = true
		}
	}
}
