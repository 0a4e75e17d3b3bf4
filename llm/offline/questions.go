package offline

import (
	"slices"
	"strings"
	"unicode"
)

const (
	// maxOpen is the most open questions that are shown.
	maxOpen = 4
	// answering is how many words that carry meaning make an answer of a reply: "Let me
	// check." is none.
	answering = 2
)

// replies are the answers in a chat: the last message there is one in, -1 without any, and
// for each of their words that carry meaning the last message it is in.
type replies struct {
	last  int
	terms map[string]int
}

// openQuestions are what the customer asked and nobody has answered: questions after the
// last answer there was, and of several questions in one message those that no answer
// has a word in common with while it has with another.
func openQuestions(all []sentence) []*sentence {
	answers := repliesIn(all)
	var open []*sentence

	for i := range all {
		s := &all[i]

		asked := s.source != nil && s.customer && isQuestion(s)
		if s.open && !answers.take(s) || asked && answers.leave(i, all) {
			open = append(open, s)
		}
	}

	return open[max(0, len(open)-maxOpen):]
}

// repliesIn finds the sentences by which somebody was answered.
func repliesIn(all []sentence) replies {
	found := replies{last: -1, terms: map[string]int{}}

	for i := 0; i < len(all); {
		end, told := i, 0
		for ; end < len(all) && all[end].message == all[i].message; end++ {
			told += answerWeight(&all[end])
		}

		for ; i < end; i++ {
			if told < answering || all[i].customer || isQuestion(&all[i]) {
				continue
			}

			found.last = all[i].message
			for _, term := range all[i].terms {
				found.terms[term] = all[i].message
			}
		}
	}

	return found
}

// leave reports whether nothing answers a question.
func (r *replies) leave(question int, all []sentence) bool {
	q := &all[question]
	if r.last < q.message {
		return true
	}

	if len(q.terms) < answering || r.take(q) {
		return false
	}

	for i := question - 1; i >= 0 && all[i].message == q.message; i-- {
		if isQuestion(&all[i]) && r.take(&all[i]) {
			return true
		}
	}

	for i := question + 1; i < len(all) && all[i].message == q.message; i++ {
		if isQuestion(&all[i]) && r.take(&all[i]) {
			return true
		}
	}

	return false
}

// take reports whether a later reply has a word in common with a question.
func (r *replies) take(q *sentence) bool {
	return slices.ContainsFunc(q.terms, func(term string) bool {
		last, said := r.terms[term]
		return said && last > q.message
	})
}

// answerWeight is how much of an answer there is in a sentence: its words, or a number or a yes
// or no that say enough.
func answerWeight(s *sentence) int {
	switch {
	case isQuestion(s):
		return 0
	case strings.ContainsFunc(s.text, unicode.IsDigit),
		slices.ContainsFunc(s.words, func(word string) bool { return verdicts[word] }):
		return answering
	}

	return len(s.terms)
}

// isQuestion reports whether a sentence is one: by its mark, Greek's semicolon included, or
// in an SMS without any mark by its first word.
func isQuestion(s *sentence) bool {
	end := strings.TrimRightFunc(s.text, func(r rune) bool {
		return !strings.ContainsRune("?？؟;.!", r) && !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
	switch {
	case strings.ContainsAny(s.text, "?？؟"):
		return true
	case strings.HasSuffix(end, ";"):
		return strings.ContainsFunc(s.text, isGreek)
	case strings.HasSuffix(end, "."), strings.HasSuffix(end, "!"), len(s.words) < 3:
		return false
	}

	return interrogatives[s.words[0]] || len(s.words) > 3 && s.words[0] == "and" && interrogatives[s.words[1]]
}

func isGreek(r rune) bool { return unicode.Is(unicode.Greek, r) }
