package offline

import "slices"

const (
	// maxSlip is the most words of a sentence that only mends another.
	maxSlip = 6
	// maxChanges bounds how often a title is chosen again: each time, from a later sentence.
	maxChanges = 8
	// reach is how many words before or after it a negation or an "instead of" is about.
	reach = 3
)

// claim is what a title says, as far as later messages can replace it.
type claim struct {
	facts   []fact
	terms   map[string]bool
	negated bool
	// revokes is what it says of taking something back: 1 for, -1 against, 0 nothing.
	revokes int
}

func claimOf(facts []fact, words, terms []string) claim {
	c := claim{
		facts:   facts,
		terms:   map[string]bool{},
		negated: slices.ContainsFunc(words, func(word string) bool { return negations[word] }),
		revokes: revocationIn(words),
	}

	for _, term := range terms {
		c.terms[term] = true
	}

	return c
}

// standingTopic is the sentence that a title is made of when it was to be that of sentence topic:
// that one, or, where a later sentence contradicts it, the best of those that say it as it is then.
func standingTopic(all []sentence, scores []float64, topic int) int {
	for range maxChanges {
		s := &all[topic]
		c := claimOf(s.details(), s.words, s.terms)

		changed := c.successor(all, scores, topic+1)
		if changed < 0 {
			break
		}

		topic = changed
	}

	return topic
}

// successor is the sentence from which a title is chosen again, -1 if none from the given one on contradicts
// the claim. The last one that does counts: what it says may be said again after it, and in better words.
func (c *claim) successor(all []sentence, scores []float64, from int) int {
	last, fresh := -1, fact{}

	for i := from; i < len(all); i++ {
		if said, found := c.contradictedBy(all, i); found {
			last, fresh = i, said
		}
	}

	if last < 0 || fresh.value == "" {
		return last
	}

	best, most := last, c.worthOf(&all[last], scores[last])

	for i := last + 1; i < len(all); i++ {
		if isQuestion(&all[i]) || c.sharedTerms(&all[i]) == 0 || !c.repeats(&all[i], fresh) {
			continue
		}

		if worth := c.worthOf(&all[i], scores[i]); worth > most {
			best, most = i, worth
		}
	}

	return best
}

// worthOf is how well a sentence takes the place of the claim's: it is about the same.
func (c *claim) worthOf(s *sentence, score float64) float64 {
	worth := float64(c.sharedTerms(s)) + score
	if c.keeps(s) {
		worth--
	}

	return worth
}

func (c *claim) sharedTerms(s *sentence) int {
	shared := 0

	for _, term := range s.terms {
		if c.terms[term] {
			shared++
		}
	}

	return shared
}

// repeats reports whether a sentence has the new detail, of whatever it says that it is.
func (c *claim) repeats(s *sentence, fresh fact) bool {
	return slices.ContainsFunc(s.details(), func(f fact) bool {
		return !f.denied && f.kind == fresh.kind && f.value == fresh.value &&
			(f.noun == "" || fresh.noun == "" || f.noun == fresh.noun || c.terms[f.noun])
	})
}

// keeps reports whether a sentence has a detail of the claim still.
func (c *claim) keeps(s *sentence) bool {
	return slices.ContainsFunc(s.details(), func(f fact) bool {
		return !f.denied && slices.ContainsFunc(c.facts, func(mine fact) bool {
			return mine.kind == f.kind && mine.value == f.value
		})
	})
}

// contradictedBy reports whether a sentence replaces what the claim says, and the detail by which it does.
func (c *claim) contradictedBy(all []sentence, i int) (fact, bool) {
	s := &all[i]
	if !s.customer && isQuestion(s) {
		return fact{}, false
	}

	other, found := c.otherFact(s)
	if found && (corrections.areIn(s.words) || c.isSettledIn(s) || other.kind != ofAmount && mendsSlip(all, i)) {
		return other, true
	}

	return fact{}, s.customer && revocationIn(s.words)*c.revokes < 0 || c.isReplacedIn(s.words)
}

// otherFact is a detail of a sentence in whose place the claim has another.
func (c *claim) otherFact(s *sentence) (fact, bool) {
	if len(c.facts) == 0 {
		return fact{}, false
	}

	facts := s.details()

	for _, f := range facts {
		if f.denied || c.otherIsDenied(facts, f.kind) {
			continue
		}

		differs, same := false, false

		for _, mine := range c.facts {
			if f.replaces(mine) {
				same = same || f.value == mine.value
				differs = true
			}
		}

		if differs && !same {
			return f, true
		}
	}

	return fact{}, false
}

// otherIsDenied reports whether facts of a kind are in place of one that the claim does not have: "five instead
// of four" says nothing of eight.
func (c *claim) otherIsDenied(facts []fact, kind factKind) bool {
	denied := slices.IndexFunc(facts, func(f fact) bool { return f.denied && f.kind == kind })

	return denied >= 0 && !slices.ContainsFunc(c.facts, func(mine fact) bool {
		return mine.kind == kind && mine.value == facts[denied].value
	})
}

// replaces reports whether a detail can be of the same thing as an earlier one: "six" and "six people"
// can be in place of "four people", "six dogs" cannot.
func (f fact) replaces(other fact) bool {
	return f.kind == other.kind && (f.noun == "" || f.noun == other.noun || f.kind == ofCode && other.noun == "") &&
		(f.kind != ofCode || len(f.value) == len(other.value))
}

// isSettledIn reports whether the business confirms in a sentence what is about the same as the claim.
func (c *claim) isSettledIn(s *sentence) bool {
	if s.customer || c.negated || !slices.ContainsFunc(s.words, func(word string) bool { return settlements[word] }) {
		return false
	}

	return c.keeps(s) || slices.ContainsFunc(s.terms, func(term string) bool { return c.terms[term] })
}

// isReplacedIn reports whether a sentence wants something "instead of" what the claim names.
func (c *claim) isReplacedIn(words []string) bool {
	for i := range words {
		n := replacers.lengthAt(words[i:])
		for _, word := range words[i+n : min(i+n+reach, len(words))] {
			if n > 0 && c.terms[stemOf(word)] && isMeaningful(word) {
				return true
			}
		}
	}

	return false
}

// mendsSlip reports whether a sentence of the customer's only mends another: it is short, and says
// that it does, or the sentence before it in its message says so.
func mendsSlip(all []sentence, i int) bool {
	s := &all[i]
	if !s.customer || len(s.words) > maxSlip {
		return false
	}

	return slips.areIn(s.words) || i > 0 && all[i-1].message == s.message && len(all[i-1].words) <= maxSlip &&
		slips.areIn(all[i-1].words)
}

// revocationIn is 1 for words that take something back, -1 for words that ask not to, 0 for others.
func revocationIn(words []string) int {
	for i, word := range words {
		if !revocations[word] {
			continue
		}

		if isNegated(words, i) {
			return -1
		}

		return 1
	}

	return 0
}

// isNegated reports whether a negation is about word i. A "no" is more often an answer: "no, cancel it".
func isNegated(words []string, i int) bool {
	for at := max(0, i-2); at < min(i+reach, len(words)); at++ {
		if negations[words[at]] && (words[at] != "no" || at == i-1) {
			return true
		}
	}

	return false
}
