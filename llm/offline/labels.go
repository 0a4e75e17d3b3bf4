package offline

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"handrail/chat"
)

// A label fits from this many points. Each word of its name and description that the
// customer says within a few sentences gives one, its whole name one more, whoever says
// it; and words of the description that are said elsewhere a half each, one at most.
const (
	enough   = 2
	named    = 1
	half     = 0.5
	halfMost = 1
	// sureFrom is how many points make a label more likely right than not to be argued about.
	sureFrom = 3
	// near is within how many sentences of one message the description's words count.
	near = 3
)

// boilerplate are words that descriptions of labels use of any chat.
var boilerplate = setOf(
	"customer customers client clients user users person people member chat chats conversation message messages "+
		"label question questions issue issues problem problems topic request requests asks asking wants wanting "+
		"needs needing "+
		"concerning regarding related anything everything use used apply applies "+
		"kunde kunden frage fragen problem probleme thema anfrage cliente clientes pregunta preguntas problema "+
		"problemas "+
		"client clients question questions probleme problemes demande",
	" ",
)

// labelTerms are the stems by which one label is known.
type labelTerms struct{ name, description []string }

// match is what speaks for one label, and the sentences that say it.
type match struct {
	label     int
	points    float64
	sentences []int
}

// fittingLabels are the labels that fit the chat, the surest first: those of its words,
// and those that were chosen earlier.
func fittingLabels(r *chat.Reading, all []sentence) []chat.LabelChoice {
	known := termsOf(r.Labels)
	index := stemIndex(all)
	var fitting []match

	for i := range known {
		if m := known[i].match(all, index); m.points >= enough {
			m.label = i
			fitting = append(fitting, m)
		}
	}

	slices.SortStableFunc(fitting, func(a, b match) int { return cmp.Compare(b.points, a.points) })
	var chosen []chat.LabelChoice

	for _, m := range fitting {
		label, _ := chat.FindLabel(r.Labels, r.Labels[m.label].Name)

		c := chat.LabelChoice{
			Name:       label.Name,
			Confidence: confidenceOf(m.points),
			Evidence:   quotesOf(all, m.sentences),
		}
		if len(chosen) < chat.MaxModelLabels && len(c.Evidence) > 0 && indexOf(chosen, c.Name) < 0 {
			chosen = append(chosen, c)
		}
	}

	for _, c := range earlierLabels(r) {
		if at := indexOf(chosen, c.Name); at < 0 {
			chosen = append(chosen, c)
		} else {
			chosen[at].Confidence = max(chosen[at].Confidence, c.Confidence)
		}
	}

	slices.SortStableFunc(chosen, func(a, b chat.LabelChoice) int { return cmp.Compare(b.Confidence, a.Confidence) })

	return chosen[:min(len(chosen), chat.MaxModelLabels)]
}

// confidenceOf is how sure so many points make. The name alone, or two words of the
// description, are for a person to judge: one says "invoice" of much.
func confidenceOf(points float64) float64 {
	sure := 0.5 + (points-enough)*0.2
	if points >= sureFrom {
		sure = min(0.75+(points-sureFrom)*0.07, 0.95)
	}

	return math.Round(sure*100) / 100
}

func indexOf(choices []chat.LabelChoice, name string) int {
	return slices.IndexFunc(choices, func(c chat.LabelChoice) bool { return c.Name == name })
}

// earlierLabels are the choices of earlier summaries that still hold.
func earlierLabels(r *chat.Reading) []chat.LabelChoice {
	var earlier []chat.LabelChoice
	for i := range r.Earlier {
		earlier = append(earlier, r.Earlier[i].Labels...)
	}

	s, err := r.Accept(chat.Summary{Title: Name, Summary: Name, Labels: earlier})
	if err != nil { // it has all a summary needs
		return nil
	}

	return s.Labels
}

// quotesOf are the words of the sentences that their messages hold word for word, which
// those do not that were Markdown or had a quote in between.
func quotesOf(all []sentence, from []int) []chat.Quote {
	var out []chat.Quote

	for _, i := range from {
		s := &all[i]

		text := s.text
		if utf8.RuneCountInString(text) > chat.MaxQuote {
			text = strings.TrimSuffix(shortenText(text, chat.MaxQuote), "…")
		}

		if s.source != nil && text != "" && strings.Contains(normalizeSpace(s.source.Text), normalizeSpace(text)) &&
			len(out) < chat.MaxQuotes {
			out = append(out, chat.Quote{Message: s.source.ID, Text: text})
		}
	}

	return out
}

// normalizeSpace is the form in which quotes are compared.
func normalizeSpace(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(text), " "))
}

// termsOf prepares the labels. A word that several descriptions share tells none apart,
// unless it is in the name.
func termsOf(labels []chat.Label) []labelTerms {
	known := make([]labelTerms, len(labels))
	shared := map[string]int{}

	for i, l := range labels {
		known[i] = termsOfLabel(l)
		for _, term := range known[i].description {
			shared[term]++
		}
	}

	for i := range known {
		known[i].description = slices.DeleteFunc(known[i].description, func(term string) bool {
			return shared[term] > 2 && !slices.Contains(known[i].name, term)
		})
	}

	return known
}

// termsOfLabel are the stems of a label: those of its name are in its description too.
func termsOfLabel(l chat.Label) labelTerms {
	known := labelTerms{name: nameTerms(l.Name)}
	for _, word := range wordsOf(l.Name + " " + l.Description) {
		if isMeaningful(word) && !boilerplate[word] {
			known.description = append(known.description, stemOf(word))
		}
	}

	known.description = uniqueTerms(known.description)

	return known
}

// nameTerms are the stems that make up a label's name: of "Billing question" only the
// first word, of "Question" the one there is.
func nameTerms(name string) []string {
	var telling, every []string
	for _, word := range wordsOf(name) {
		every = append(every, stemOf(word))

		if isMeaningful(word) && !boilerplate[word] {
			telling = append(telling, stemOf(word))
		}
	}

	if len(telling) > 0 {
		return uniqueTerms(telling)
	}

	return uniqueTerms(every)
}

func uniqueTerms(terms []string) []string {
	slices.Sort(terms)
	return slices.Compact(terms)
}

// stemIndex maps each stem to the sentences that have it, in order.
func stemIndex(all []sentence) map[string][]int {
	index := map[string][]int{}

	for i := range all {
		for _, word := range all[i].words {
			s := stemOf(word)
			if at := index[s]; len(at) == 0 || at[len(at)-1] != i {
				index[s] = append(at, i)
			}
		}
	}

	return index
}

// match adds up what speaks for a label.
func (l *labelTerms) match(all []sentence, index map[string][]int) match {
	var m match

	hits := countTerms(l.name, index, 1, all)
	for _, i := range slices.Sorted(maps.Keys(hits)) {
		if hits[i] >= len(l.name) && (m.points == 0 || all[i].customer && !all[m.sentences[0]].customer) {
			m.points, m.sentences = named, []int{i}
		}
	}

	described, at := 0, -1

	hits = countTerms(l.description, index, near, all)
	for _, i := range slices.Sorted(maps.Keys(hits)) {
		if all[i].customer && hits[i] > described {
			described, at = hits[i], i
		}
	}

	if at < 0 {
		return m
	}

	m.points += float64(described) + min(half*float64(l.told(index)-described), halfMost)
	for i := at; i < min(at+near, len(all)) && all[i].message == all[at].message; i++ {
		if !slices.Contains(m.sentences, i) && l.tells(index, i) {
			m.sentences = append(m.sentences, i)
		}
	}

	return m
}

// told is how many words of the description are said at all.
func (l *labelTerms) told(index map[string][]int) int {
	told := 0

	for _, term := range l.description {
		if len(index[term]) > 0 {
			told++
		}
	}

	return told
}

// tells reports whether a sentence has a word of the description.
func (l *labelTerms) tells(index map[string][]int, sentence int) bool {
	return slices.ContainsFunc(l.description, func(term string) bool {
		_, has := slices.BinarySearch(index[term], sentence)
		return has
	})
}

// countTerms tells for each sentence how many of the terms it and the next ones of its
// message have, window sentences in all. Sentences with none are left out.
func countTerms(terms []string, index map[string][]int, window int, all []sentence) map[int]int {
	hits := map[int]int{}

	for _, term := range terms {
		counted := -1
		for _, i := range index[term] {
			for start := max(i-window+1, counted+1, 0); start <= i; start++ {
				if all[start].message == all[i].message {
					hits[start]++
				}

				counted = start
			}
		}
	}

	return hits
}
