package offline_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
	"handrail/llm/offline"
)

func TestShortlist(t *testing.T) {
	t.Parallel()

	reading := newDialogue(chat.ChannelSMS, "Ana: My parcel came damaged, I want a refund.")
	reading.Labels = workspaceLabels
	list := func(limit int) []string {
		var names []string
		for _, l := range offline.Shortlist(reading, limit) {
			names = append(names, l.Name)
		}

		return names
	}

	assert.Equal(t, []string{"Refund", "Delivery"}, list(2)[:2])

	assert.Equal(
		t,
		[]string{"Refund", "Delivery", "VIP", "Invoice question", "Rücksendung", "Password"},
		list(100),
		"the rest in their order",
	)

	assert.Empty(t, list(0))
	assert.Empty(t, list(-1))

	reading.Earlier = []chat.Summary{{Title: "Invoices", Labels: []chat.LabelChoice{{Name: "vip "}}}}

	assert.Equal(t, []string{"VIP", "Refund"}, list(2), "what was chosen earlier is always there")

	reading = chat.Reading{
		Labels:  workspaceLabels,
		Earlier: []chat.Summary{{KeyPoints: []chat.Point{{Text: "The account is locked."}}}},
	}

	assert.Equal(t, []string{"Password"}, list(1), "by what was written earlier")
	assert.Empty(t, offline.Shortlist(chat.Reading{}, 10))
}

// manyLabels is a reading with n labels, no two alike.
func manyLabels(n int) chat.Reading {
	reading := smsSupport
	for i := range n {
		reading.Labels = append(reading.Labels, chat.Label{
			Name: fmt.Sprintf(
				"Label %d",
				i,
			), Description: fmt.Sprintf("Größe über word%d, term%d, depot and driver.", i%97, i%389),
		})
	}

	return reading
}

// Not parallel: the counter of allocations is the process's.
func TestShortlistsWorkGrowsWithTheLabels(t *testing.T) {
	allocations := func(n int) float64 {
		reading := manyLabels(n)
		return testing.AllocsPerRun(1, func() { offline.Shortlist(reading, 100) })
	}

	assert.Less(t, allocations(8000), 10*allocations(1000))
}

func BenchmarkShortlist(b *testing.B) {
	reading := manyLabels(10_000)
	for b.Loop() {
		offline.Shortlist(reading, 100)
	}
}
