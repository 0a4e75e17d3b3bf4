package llm

import (
	"slices"

	"handrail/chat"
)

// maxLabels is how many labels a prompt offers: with names and descriptions of full length
// they are as long as the messages, and a schema may list some 250 values.
const maxLabels = 100

// offered are the labels that the model may choose among, nil for none. Those that were
// chosen earlier stay, or a label would be lost when there are more than a prompt takes.
func (w *Writer) offered(r *chat.Reading) []chat.Label {
	if !r.ChooseLabels || len(r.Labels) == 0 {
		return nil
	}

	if len(r.Labels) <= maxLabels {
		return r.Labels
	}

	var list []chat.Label
	add := func(l chat.Label) {
		if _, listed := chat.FindLabel(list, l.Name); !listed && len(list) < maxLabels {
			list = append(list, l)
		}
	}

	for i := range r.Earlier {
		for _, c := range r.Earlier[i].Labels {
			if l, ok := chat.FindLabel(r.Labels, c.Name); ok {
				add(l)
			}
		}
	}

	for _, l := range w.shortlist(*r, maxLabels) {
		add(l)
	}

	return list
}

// firstLabels is the shortlist of those who know none better.
func firstLabels(r chat.Reading, limit int) []chat.Label {
	return slices.Clone(r.Labels[:min(limit, len(r.Labels))])
}
