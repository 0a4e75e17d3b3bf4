package model

import (
	"fmt"
	"slices"
)

// Result is what an exploration has found.
type Result struct {
	// States is how many states are different, Quiet in how many of them nothing more happens by
	// itself.
	States int
	Quiet  int
	// Depth is how many steps the farthest state is away.
	Depth int
	// Complete reports that every state was looked at.
	Complete bool
	// Violation is the nearest state that the promise forbids, nil if there is none; Trace is the
	// way there.
	Violation *Violation
	Trace     []string
}

// explorer goes through all states, the nearest first.
type explorer struct {
	protocol *Protocol
	places   map[key]int32
	// keys and parents are of the states in the order in which they were found.
	keys    []key
	parents []int32
	result  Result
	stepper *stepper
}

// visit is a state that is still to be looked at.
type visit struct {
	state state
	place int32
}

// Explore goes through all states of the protocol until it finds one that the promise forbids, or
// there are more than most.
func Explore(p *Protocol, most int) Result {
	e := newExplorer(p)

	var level []visit
	for _, s := range p.starts() {
		level = e.note(level, &s, -1)
	}

	for len(level) > 0 {
		var next []visit

		for i := range level {
			next = e.expand(next, &level[i])

			if e.result.Violation != nil {
				e.result.Trace = e.trace(level[i].place)
				e.result.States = len(e.keys)

				return e.result
			}
		}

		e.result.States = len(e.keys)
		if len(e.keys) > most {
			return e.result
		}

		level = next
		e.result.Depth++
	}

	e.result.Complete = true

	return e.result
}

func newExplorer(p *Protocol) *explorer {
	return &explorer{
		protocol: p,
		places:   map[key]int32{},
		stepper:  newStepper(p),
	}
}

// expand looks at one state, and notes those that may follow.
func (e *explorer) expand(level []visit, v *visit) []visit {
	if e.check(v.state.checkAlways()) {
		return level
	}

	steps := e.stepper.listSteps(&v.state)
	quiet := true

	for i := range steps {
		quiet = quiet && steps[i].choice
		level = e.note(level, &steps[i].next, v.place)
	}

	if quiet && !v.state.hasRequest() {
		e.result.Quiet++
		e.check(v.state.checkQuiet())
	}

	return level
}

// check takes down what a state violates, and reports whether that is looked for.
func (e *explorer) check(v *Violation) bool {
	promise := e.protocol.Promise
	if v == nil || len(promise) > 0 && !slices.Contains(promise, v.Kind) {
		return false
	}

	e.result.Violation = v

	return true
}

// note takes down a state if it is new.
func (e *explorer) note(level []visit, s *state, parent int32) []visit {
	k := e.keyOf(s)
	if _, known := e.places[k]; known {
		return level
	}

	place := int32(len(e.keys))
	e.places[k] = place
	e.keys = append(e.keys, k)
	e.parents = append(e.parents, parent)

	return append(level, visit{state: *s, place: place})
}

// trace is the way to a state, walked again from its start: the states on the way have one key
// with others in which workers or sends have changed places, and the words must not.
func (e *explorer) trace(place int32) []string {
	var way []key
	for ; place >= 0; place = e.parents[place] {
		way = append(way, e.keys[place])
	}

	at := e.findStart(way[len(way)-1])
	trace := []string{fmt.Sprintf("the carrier's clock is %d min ahead", at.carrierAhead)}

	for i := len(way) - 2; i >= 0; i-- {
		taken := e.findStep(&at, way[i])
		trace = append(trace, taken.label.String())
		at = taken.next
	}

	return trace
}

func (e *explorer) findStart(k key) state {
	for _, s := range e.protocol.starts() {
		if e.keyOf(&s) == k {
			return s
		}
	}

	panic("no start has this key")
}

func (e *explorer) findStep(from *state, k key) step {
	for _, s := range e.stepper.listSteps(from) {
		if e.keyOf(&s.next) == k {
			return s
		}
	}

	panic("no step leads to this key")
}
