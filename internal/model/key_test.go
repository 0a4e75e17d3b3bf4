package model

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
)

// meaning is all that is seen of a state: whether it violates the promise, and what may follow.
type meaning struct {
	violates bool
	quiet    bool
	follows  map[key]bool
}

func (m *meaning) equals(other *meaning) bool {
	return m.violates == other.violates && m.quiet == other.quiet && maps.Equal(m.follows, other.follows)
}

// TestStatesWithOneKeyMeanTheSame goes through all states as they are, and holds those with the
// same key against each other: leaving out one of them leaves out nothing.
func TestStatesWithOneKeyMeanTheSame(t *testing.T) {
	t.Parallel()

	for name, p := range map[string]Protocol{
		"two sends, one post": {
			Mendings: AllMendings(),
			Bounds: Bounds{
				Sends:        2,
				Workers:      1,
				Claims:       1,
				Cancels:      1,
				Retries:      true,
				Callbacks:    true,
				ClocksDiffer: true,
			},
		},
		"one send, two posts, as the code is": {
			Mendings: AllMendings(),
			Bounds: Bounds{
				Sends:   1,
				Workers: 1,
				Claims:  2,
				Retries: true,
			},
		},
		"one send, two workers, nothing mended": {
			Bounds: Bounds{
				Sends:   1,
				Workers: 2,
				Claims:  2,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareMeanings(t, &p)
		})
	}
}

func compareMeanings(t *testing.T, p *Protocol) {
	t.Helper()

	e := newExplorer(p)
	seen := map[state]bool{}
	meanings := map[key]meaning{}
	left := p.starts()

	for len(left) > 0 {
		s := left[len(left)-1]
		left = left[:len(left)-1]

		if seen[s] {
			continue
		}

		seen[s] = true
		means, next := e.meaningOf(&s)
		k := e.keyOf(&s)

		known, ok := meanings[k]
		if !ok {
			meanings[k] = means
		} else if !known.equals(&means) {
			require.Failf(t, "one key, two meanings", "%+v of\n%+v\nand another", means, s)
		}

		left = append(left, next...)
	}

	t.Logf("%d states have %d keys", len(seen), len(meanings))
}

// meaningOf is what a state means, and the states that may follow.
func (e *explorer) meaningOf(s *state) (meaning, []state) {
	means := meaning{
		violates: s.checkAlways() != nil,
		quiet:    true,
		follows:  map[key]bool{},
	}

	var next []state

	for _, step := range e.stepper.listSteps(s) {
		means.quiet = means.quiet && step.choice
		means.follows[e.keyOf(&step.next)] = true

		next = append(next, step.next)
	}

	means.violates = means.violates || means.quiet && s.checkQuiet() != nil

	// A step to a state with the same key changes nothing.
	delete(means.follows, e.keyOf(s))

	return means, next
}
