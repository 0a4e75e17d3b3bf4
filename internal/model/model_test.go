package model_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/internal/model"
)

// most is how many states an exploration may have before it counts as cut.
const most = 4_000_000

// The worlds. Together they have everything; each alone is small enough to be explored completely.
func twoPosts() model.Bounds {
	return model.Bounds{
		Sends:        2,
		Claims:       2,
		Cancels:      1,
		Retries:      true,
		Callbacks:    true,
		ClocksDiffer: true,
	}
}

func endedWorkflow() model.Bounds {
	return model.Bounds{
		Sends:        1,
		Claims:       2,
		Terminations: 1,
		Retries:      true,
		Callbacks:    true,
		ClocksDiffer: true,
	}
}

func endedWorkflowOfTwo() model.Bounds {
	return model.Bounds{
		Sends:        2,
		Claims:       2,
		Terminations: 1,
		Retries:      true,
	}
}

func threePostsOfOne() model.Bounds {
	return model.Bounds{
		Sends:   1,
		Claims:  3,
		Retries: true,
	}
}

func threePostsOfTwo() model.Bounds {
	return model.Bounds{
		Sends:  2,
		Claims: 3,
	}
}

func sleepingWorkers() model.Bounds {
	bounds := twoPosts()
	bounds.PostsOutliveWindow = true

	return bounds
}

// skipUnderRace leaves out what takes minutes under the race detector, which has nothing to find
// where one goroutine explores alone.
func skipUnderRace(t *testing.T) {
	t.Helper()

	if model.UnderRace {
		t.Skip("too slow under the race detector: run go test ./internal/model without it")
	}
}

func exploreAll(t *testing.T, p model.Protocol) model.Result {
	t.Helper()

	start := time.Now()
	found := model.Explore(&p, most)
	t.Logf("%d states, %d of them quiet, at most %d steps away, in %s",
		found.States, found.Quiet, found.Depth, time.Since(start).Round(time.Millisecond))

	if found.Violation != nil {
		t.Logf("%s: %s\n\t%s", found.Violation.Kind, found.Violation.What, strings.Join(found.Trace, "\n\t"))
	}

	return found
}

func TestThePromiseHolds(t *testing.T) {
	t.Parallel()

	for name, bounds := range map[string]model.Bounds{
		"two sends, two posts, and all that callers, people and the carrier do": twoPosts(),
		"one send whose workflow is ended, two posts":                           endedWorkflow(),
		"two sends, of which the workflow of one is ended, two posts":           endedWorkflowOfTwo(),
		"one send, three posts":  threePostsOfOne(),
		"two sends, three posts": threePostsOfTwo(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			skipUnderRace(t)

			found := exploreAll(t, model.Protocol{
				Mendings:  model.AllMendings(),
				Proposals: model.AllProposals(),
				Bounds:    bounds,
			})

			require.Nil(t, found.Violation)
			assert.True(t, found.Complete, "the exploration was cut")
		})
	}
}

// broken is a protocol without one of its parts, and what goes wrong then.
type broken struct {
	takeOut func(*model.Protocol)
	bounds  model.Bounds
	kind    model.Kind
}

func (b *broken) test(t *testing.T) {
	p := model.Protocol{
		Mendings:  model.AllMendings(),
		Proposals: model.AllProposals(),
		Bounds:    b.bounds,
		Promise:   []model.Kind{b.kind},
	}
	b.takeOut(&p)

	require.NotNil(t, exploreAll(t, p).Violation, "nothing goes wrong without it")
}

// TestEveryMendingIsNeeded takes out one mending at a time, and finds again what an experiment had
// found.
func TestEveryMendingIsNeeded(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]broken{
		"B2, evidence is judged": {
			takeOut: func(p *model.Protocol) { p.Mendings.EvidenceIsJudged = false },
			bounds:  twoPosts(),
			kind:    model.Lost,
		},
		"B3, an id that is taken is no evidence": {
			takeOut: func(p *model.Protocol) { p.Mendings.TakenIDIsNoEvidence = false },
			bounds:  sleepingWorkers(),
			kind:    model.NoID,
		},
		"B5, a cancel is asked for first": {
			takeOut: func(p *model.Protocol) { p.Mendings.CancelIsAskedFirst = false },
			bounds:  twoPosts(),
			kind:    model.ToldWrong,
		},
		"B6, a late arrival is flagged": {
			takeOut: func(p *model.Protocol) { p.Mendings.LateArrivalIsFlagged = false },
			bounds:  twoPosts(),
			kind:    model.Doubled,
		},
		"B7, a last listing": {
			takeOut: func(p *model.Protocol) { p.Mendings.LastListing = false },
			bounds:  twoPosts(),
			kind:    model.Doubled,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if tt.bounds.PostsOutliveWindow {
				skipUnderRace(t)
			}

			tt.test(t)
		})
	}
}

// TestEveryProposalIsNeeded shows what goes wrong as long as the code is without a proposal.
func TestEveryProposalIsNeeded(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]broken{
		"what fits several attempts settles none": {
			takeOut: func(p *model.Protocol) { p.Proposals.FitsSeveralSettlesNone = false },
			bounds:  twoPosts(),
			kind:    model.Doubled,
		},
		"what is said to be not sent was certainly not sent": {
			takeOut: func(p *model.Protocol) { p.Proposals.UnsentIsCertain = false },
			bounds:  twoPosts(),
			kind:    model.ToldWrong,
		},
		"arrivals are compared both ways": {
			takeOut: func(p *model.Protocol) { p.Proposals.ArrivalsCompareBothWays = false },
			bounds:  twoPosts(),
			kind:    model.Doubled,
		},
		"a last listing for every end": {
			takeOut: func(p *model.Protocol) { p.Proposals.ListingForEveryEnd = false },
			bounds:  twoPosts(),
			kind:    model.Doubled,
		},
		"the sweep lists": {
			takeOut: func(p *model.Protocol) { p.Proposals.SweepLists = false },
			bounds:  endedWorkflow(),
			kind:    model.Doubled,
		},
		"the hold includes its end": {
			takeOut: func(p *model.Protocol) { p.Proposals.HoldIncludesEnd = false },
			bounds:  twoPosts(),
			kind:    model.Doubled,
		},
		"duplicates are owned": {
			takeOut: func(p *model.Protocol) { p.Proposals.DuplicatesAreOwned = false },
			bounds:  threePostsOfTwo(),
			kind:    model.Lost,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipUnderRace(t)
			tt.test(t)
		})
	}
}

// TestAPostMustNotOutliveItsWindow shows what the whole rule of evidence stands on: a worker that
// sleeps between its last look at the clock and its first byte breaks it.
func TestAPostMustNotOutliveItsWindow(t *testing.T) {
	t.Parallel()

	for _, kind := range []model.Kind{model.Lost, model.Doubled} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			skipUnderRace(t)

			tt := broken{
				takeOut: func(*model.Protocol) {},
				bounds:  sleepingWorkers(),
				kind:    kind,
			}
			tt.test(t)
		})
	}
}
