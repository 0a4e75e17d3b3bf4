package offline

import (
	"cmp"
	"slices"

	"handrail/chat"
)

// A label fits from this many points: its name in the customer's words gives two, its
// name in the assistant's words one, and each word of its description that the customer
// says within a few sentences one.
const (
	enough          = 2
	nameByCustomer  = 2
	nameByAssistant = 1
	// near is within how many sentences of one message the description's words count.
	near = 3
)

// boilerplate are words that descriptions of labels use of any chat.
var boilerplate = set("customer customers client clients user users person people member chat chats conversation message messages "+
	"label question questions issue issues problem problems topic request requests asks asking wants wanting needs needing "+
	"concerning regarding related anything everything use used apply applies "+
	"kunde kunden frage fragen problem probleme thema anfrage cliente clientes pregunta preguntas problema problemas "+
	"client clients question questions probleme problemes demande", " ")

// labelTerms are the stems by which one label is known.
type labelTerms struct{ name, description []string }

// points is what speaks for one label.
type points struct {
	label, points int
}

// fittingLabels are the names of the labels that fit the chat, best first.
func fittingLabels(all []sentence, labels []chat.Label) []string {
	known := termsOf(labels)
	said := stemIndex(all)
	var fitting []points
	for i := range known {
		if p := known[i].points(all, said); p >= enough {
			fitting = append(fitting, points{i, p})
		}
	}
	slices.SortStableFunc(fitting, func(a, b points) int { return cmp.Compare(b.points, a.points) })
	var names []string
	for _, f := range fitting[:min(len(fitting), chat.MaxModelLabels)] {
		names = append(names, labels[f.label].Name)
	}
	return names
}

// termsOf prepares the labels. A word that several descriptions share tells none apart.
func termsOf(labels []chat.Label) []labelTerms {
	known := make([]labelTerms, len(labels))
	shared := map[string]int{}
	for i, l := range labels {
		known[i].name = nameTerms(l.Name)
		for _, word := range words(l.Name + " " + l.Description) {
			if meaningful(word) && !boilerplate[word] {
				known[i].description = append(known[i].description, stem(word))
			}
		}
		known[i].description = unique(known[i].description)
		for _, term := range known[i].description {
			shared[term]++
		}
	}
	for i := range known {
		known[i].description = slices.DeleteFunc(known[i].description, func(term string) bool { return shared[term] > 2 })
	}
	return known
}

// nameTerms are the stems that make up a label's name: of "Billing question" only the
// first word, of "Question" the one there is.
func nameTerms(name string) []string {
	var telling, every []string
	for _, word := range words(name) {
		every = append(every, stem(word))
		if meaningful(word) && !boilerplate[word] {
			telling = append(telling, stem(word))
		}
	}
	if len(telling) > 0 {
		return unique(telling)
	}
	return unique(every)
}

func unique(terms []string) []string {
	slices.Sort(terms)
	return slices.Compact(terms)
}

// stemIndex maps each stem to the sentences that have it, in order.
func stemIndex(all []sentence) map[string][]int {
	index := map[string][]int{}
	for i := range all {
		for _, word := range all[i].words {
			s := stem(word)
			if at := index[s]; len(at) == 0 || at[len(at)-1] != i {
				index[s] = append(at, i)
			}
		}
	}
	return index
}

// points adds up what speaks for a label.
func (l *labelTerms) points(all []sentence, said map[string][]int) int {
	named := 0
	for i, hits := range count(l.name, said, 1, all) {
		switch {
		case hits < len(l.name):
		case all[i].customer:
			named = nameByCustomer
		default:
			named = max(named, nameByAssistant)
		}
	}
	described := 0
	for i, hits := range count(l.description, said, near, all) {
		if all[i].customer {
			described = max(described, hits)
		}
	}
	return named + described
}

// count tells for each sentence how many of the terms it and the next ones of its
// message have, window sentences in all. Sentences with none are left out.
func count(terms []string, said map[string][]int, window int, all []sentence) map[int]int {
	hits := map[int]int{}
	for _, term := range terms {
		counted := -1
		for _, i := range said[term] {
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
