package model

import (
	"strings"

	"handrail/chat"
)

// step is one thing that may happen next.
type step struct {
	label label
	// choice reports that it may as well never happen: what the carrier tells, what people do and
	// that a worker dies. Everything else happens in the end.
	choice bool
	next   state
}

// label tells a step to people; it is put into words only when a trace is printed.
type label struct {
	text     string
	worker   int
	delivery int
	message  int
}

// String is the step in words.
func (l label) String() string {
	return strings.NewReplacer(
		"{worker}", "worker "+string(rune('1'+l.worker)),
		"{delivery}", string(deliveryNames[l.delivery]),
		"{message}", messageNames[l.message],
	).Replace(l.text)
}

// stepper collects the steps that are possible in a state.
type stepper struct {
	*Protocol
	from     *state
	steps    []step
	commands map[commandKey][]chat.Verdict
}

// add adds a step that happens in the end unless another one forestalls it.
func (c *stepper) add(l label, next state) { c.addStep(l, next, false) }

// offer adds a step that may never happen.
func (c *stepper) offer(l label, next state) { c.addStep(l, next, true) }

func (c *stepper) addStep(l label, next state, choice bool) {
	next.answerCanceled()
	c.steps = append(c.steps, step{label: l, choice: choice, next: next})
}

// starts are the states from which the model begins: the two clocks may differ either way.
func (p *Protocol) starts() []state {
	var starts []state

	differ := tick(0)
	if p.Bounds.ClocksDiffer {
		differ = 1
	}

	for ahead := -differ; ahead <= differ; ahead++ {
		starts = append(starts, state{
			skew:         differ,
			carrierAhead: ahead,
			claimsLeft:   p.Bounds.Claims,
			cancelsLeft:  p.Bounds.Cancels,
			endsLeft:     p.Bounds.Terminations,
		})
	}

	return starts
}

// newStepper makes what lists the steps of a protocol.
func newStepper(p *Protocol) *stepper {
	return &stepper{
		Protocol: p,
		commands: map[commandKey][]chat.Verdict{},
	}
}

// listSteps returns all steps that are possible in a state. They are overwritten by the next call.
func (c *stepper) listSteps(s *state) []step {
	c.from = s
	c.steps = c.steps[:0]

	c.addTick()

	for i := range s.deliveries {
		c.addFirstTask(i)

		if s.deliveries[i].exists {
			c.addPerson(i)
			c.addFollowing(i)
		}
	}

	for w := range s.workers {
		c.addWorker(w)
	}

	c.addCarrier()

	return c.steps
}
