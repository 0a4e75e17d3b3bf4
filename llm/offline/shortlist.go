package offline

import (
	"cmp"
	"math"
	"slices"

	"handrail/chat"
)

// ofName is what a word of a label's name is worth beside one of its description.
const ofName = 3

// Shortlist is at most limit of the reading's labels: those that were chosen earlier, then
// those that have words in common with its messages and earlier summaries, the most
// fitting first, then the rest in their order. Words that many labels have count less.
func Shortlist(r chat.Reading, limit int) []chat.Label {
	known := make([]labelTerms, len(r.Labels))
	shared := map[string]int{}

	for i, l := range r.Labels {
		known[i] = termsOfLabel(l)
		for _, term := range known[i].description {
			shared[term]++
		}
	}

	said, chosen := stemsOf(&r), chosenEarlier(&r)

	order := make([]ranked, len(r.Labels))
	for i, l := range r.Labels {
		order[i] = ranked{l, known[i].worth(said, shared)}
		if chosen[chat.FoldName(l.Name)] {
			order[i].worth = math.Inf(1)
		}
	}

	slices.SortStableFunc(order, func(a, b ranked) int { return cmp.Compare(b.worth, a.worth) })

	list := make([]chat.Label, max(0, min(limit, len(order))))
	for i := range list {
		list[i] = order[i].label
	}

	return list
}

type ranked struct {
	label chat.Label
	worth float64
}

// chosenEarlier are the folded names of the labels that earlier summaries have.
func chosenEarlier(r *chat.Reading) map[string]bool {
	chosen := map[string]bool{}

	for i := range r.Earlier {
		for _, c := range r.Earlier[i].Labels {
			chosen[chat.FoldName(c.Name)] = true
		}
	}

	return chosen
}

// worth is how much of what is said speaks for a label.
func (l *labelTerms) worth(said map[string]bool, shared map[string]int) float64 {
	worth := 0.0

	for _, term := range l.description {
		if !said[term] {
			continue
		}

		weight := 1.0
		if slices.Contains(l.name, term) {
			weight = ofName
		}

		worth += weight / float64(shared[term])
	}

	return worth
}

// stemsOf are the stems of every word of a reading.
func stemsOf(r *chat.Reading) map[string]bool {
	said := map[string]bool{}
	add := func(text string) {
		for _, word := range wordsOf(text[:min(len(text), maxRead)]) {
			said[stemOf(word)] = true
		}
	}

	for i := range r.Messages {
		add(r.Messages[i].Text)
	}

	for i := range r.Earlier {
		e := &r.Earlier[i]
		add(e.Title)
		add(e.Summary)

		for _, points := range [][]chat.Point{e.KeyPoints, e.OpenQuestions, e.NextSteps} {
			for _, p := range points {
				add(p.Text)
			}
		}
	}

	return said
}
