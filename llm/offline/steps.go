package offline

import (
	"slices"
	"strings"
	"unicode"
)

const (
	// maxSteps is the most next steps that are shown.
	maxSteps = 4
	// lateFrom is from which part of the chat on a promise is still to come.
	lateFrom = 2
)

// nextSteps are what the business said late in the chat that it will do, or asked the
// customer to do.
func nextSteps(all []sentence) []*sentence {
	last := all[len(all)-1].message

	from := (all[0].message + last + 1) / lateFrom
	if at := lastReply(all); at >= 0 {
		from = min(from, at)
	}

	var steps []*sentence

	for i := range all {
		s := &all[i]
		if s.message >= from && !s.customer && (s.promised || isStep(s)) {
			steps = append(steps, s)
		}
	}

	return steps[max(0, len(steps)-maxSteps):]
}

// lastReply is the last message of the business, -1 without any.
func lastReply(all []sentence) int {
	for i := range slices.Backward(all) {
		if !all[i].customer && all[i].source != nil {
			return all[i].message
		}
	}

	return -1
}

// isStep reports whether a sentence speaks of what is to come: a word for the future or a
// request, a form of a verb for it, a day, or a deadline.
func isStep(s *sentence) bool {
	if isQuestion(s) || len(s.terms) < 2 {
		return false
	}

	number := strings.ContainsFunc(s.text, unicode.IsDigit)
	if !number && sayRegret(s) {
		return false
	}

	return slices.ContainsFunc(s.words, func(word string) bool {
		return future[word] || days[word] || number && deadlines[word] || hasFutureEnding(word)
	}) || strings.Contains(s.text, "'ll ") || strings.Contains(s.text, "’ll ")
}

func sayRegret(s *sentence) bool {
	return slices.ContainsFunc(s.words, func(word string) bool { return regrets[word] })
}

// hasFutureEnding reports whether a long word ends as verbs in the future do: Spanish,
// Italian, Portuguese, Turkish.
func hasFutureEnding(word string) bool {
	letters := strings.Count(word, "") - 1
	if letters < 6 || strings.ContainsFunc(word, unicode.IsNumber) {
		return false
	}

	return slices.ContainsFunc(futureEndings, func(ending string) bool { return strings.HasSuffix(word, ending) })
}
