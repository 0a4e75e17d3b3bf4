package chaos

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"handrail/chat"
)

// An equal text is no reason to take one message for another: a copy belongs to the delivery
// that it names.
func TestCopiesBelongToTheDeliveriesThatTheyName(t *testing.T) {
	t.Parallel()

	equal := markerOf(0)
	answers := []answer{
		{marker: markerOf(0), text: equal, told: toldAccepted},
		{marker: markerOf(1), text: equal, told: toldAccepted},
		{marker: markerOf(2), text: equal, told: toldRefused},
		{marker: markerOf(3), text: markerOf(3), told: toldAccepted},
	}
	rows := []row{
		deliveredRow(func(r *row) { r.delivery = "d0" }),
		deliveredRow(func(r *row) {
			r.marker = markerOf(1)
			r.delivery = "d1"
		}),
		deliveredRow(func(r *row) {
			r.marker = markerOf(3)
			r.delivery = "d3"
		}),
	}

	verdicts := func(copies ...received) []verdict {
		var all []verdict

		for _, e := range gatherEvidence(&records{answers: answers, rows: rows, copies: copies, chats: 1}) {
			all = append(all, classifySend(&e))
		}

		return all
	}

	first := received{text: equal, delivery: "d0"}
	second := received{text: equal, delivery: "d1"}
	other := received{text: markerOf(3), delivery: "d3"}

	assert.Equal(
		t,
		[]verdict{acceptedAtOnce, acceptedAtOnce, notSentAndTold, acceptedAtOnce},
		verdicts(first, second, other),
	)
	assert.Equal(
		t,
		[]verdict{sentTwice, lost, notSentAndTold, acceptedAtOnce},
		verdicts(first, first, other),
		"the second counts the first one's as its own",
	)
	assert.Equal(
		t,
		[]verdict{acceptedAtOnce, acceptedAtOnce, denied, acceptedAtOnce},
		verdicts(first, second, other, received{text: equal, delivery: "gone"}),
		"what no delivery knows is that of the send without one",
	)
	assert.Equal(
		t,
		[]verdict{acceptedAtOnce, acceptedAtOnce, notSentAndTold, sentTwice},
		verdicts(first, second, other, received{text: markerOf(3)}),
		"or one too many",
	)
}

func TestRefusalsAndEndsBelongToTheirSends(t *testing.T) {
	t.Parallel()

	answers := []answer{{marker: markerOf(0)}, {marker: markerOf(1)}, {marker: markerOf(2)}}
	all := gatherEvidence(&records{
		answers:   answers,
		workspace: "w",
		chats:     2,
		refusals:  []refusal{{chat: 0}},
		ended:     map[string]bool{chat.ActionWorkflowID("w", chat.DeriveActionID("w", markerOf(1))): true},
	})

	assert.Len(t, all[0].refusals, 1)
	assert.Empty(t, all[1].refusals)
	assert.Len(t, all[2].refusals, 1, "it is in the same chat")
	assert.Equal(t, []bool{false, true, false}, []bool{all[0].ended, all[1].ended, all[2].ended})
}
