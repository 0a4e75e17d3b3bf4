//go:build !race

// The race detector makes an exploration take ten times as long, and has nothing to find where one
// goroutine explores alone. `make test` runs these tests without it.

package model_test

import (
	"flag"
	"maps"
	"testing"

	"handrail/internal/model"
)

var wide = flag.Bool("wide", false, "explore the worlds that take minutes too")

func oneSend() model.Bounds {
	return model.Bounds{
		Sends:     1,
		Workers:   1,
		Claims:    2,
		Retries:   true,
		Callbacks: true,
	}
}

func endedWorkflow() model.Bounds {
	bounds := oneSend()
	bounds.Terminations = 1

	return bounds
}

func twoSends() model.Bounds {
	return model.Bounds{
		Sends:   2,
		Workers: 1,
		Claims:  2,
		Retries: true,
	}
}

func sleepingWorkers() model.Bounds {
	bounds := twoSends()
	bounds.PostsOutliveWindow = true

	return bounds
}

func twoWorkspaces() model.Bounds {
	return model.Bounds{
		Sends:   2,
		Apart:   true,
		Workers: 2,
		Claims:  2,
	}
}

func threePostsOfTwo() model.Bounds {
	return model.Bounds{
		Sends:   2,
		Workers: 1,
		Claims:  3,
	}
}

// TestThePromiseHolds explores worlds that together have everything; each alone is small enough to be
// explored completely.
func TestThePromiseHolds(t *testing.T) {
	t.Parallel()

	worlds := map[string]model.Bounds{
		"two sends, two posts, clocks that differ": {
			Sends:        2,
			Workers:      1,
			Claims:       2,
			Cancels:      1,
			Retries:      true,
			Callbacks:    true,
			ClocksDiffer: true,
		},
		"two sends, two posts, two workers": {
			Sends:     2,
			Workers:   2,
			Claims:    2,
			Retries:   true,
			Callbacks: true,
		},
		"two sends, two posts, an ended workflow": {
			Sends:        2,
			Workers:      1,
			Claims:       2,
			Terminations: 1,
			Retries:      true,
		},
		"one send, two posts, an ended workflow": endedWorkflow(),
		"one send, three posts": {
			Sends:   1,
			Workers: 1,
			Claims:  3,
			Retries: true,
		},
		"two sends, three posts": threePostsOfTwo(),
		"two workspaces":         twoWorkspaces(),
	}

	if *wide {
		maps.Copy(worlds, wideWorlds())
	}

	testPromise(t, worlds)
}

// wideWorlds have millions of states: they are for a change of the protocol.
func wideWorlds() map[string]model.Bounds {
	return map[string]model.Bounds{
		"one send, two posts, two workers, an ended workflow": {
			Sends:        1,
			Workers:      2,
			Claims:       2,
			Terminations: 1,
			Retries:      true,
			Callbacks:    true,
		},
		"one send, three posts, two workers": {
			Sends:   1,
			Workers: 2,
			Claims:  3,
			Retries: true,
		},
		"two sends, three posts, two workers": {
			Sends:   2,
			Workers: 2,
			Claims:  3,
		},
		"two sends, three posts, retries": {
			Sends:   2,
			Workers: 1,
			Claims:  3,
			Retries: true,
		},
	}
}

// TestEveryMendingIsNeeded takes out one part of the protocol at a time, and finds again what an
// experiment or the model had found.
func TestEveryMendingIsNeeded(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]broken{
		"B2, evidence is judged": {
			takeOut: func(p *model.Protocol) { p.Mendings.EvidenceIsJudged = false },
			bounds:  twoSends(),
			kind:    model.Lost,
		},
		"B3, an id that is taken is no evidence": {
			takeOut: func(p *model.Protocol) { p.Mendings.TakenIDIsNoEvidence = false },
			bounds: model.Bounds{
				Sends:              2,
				Workers:            2,
				Claims:             2,
				PostsOutliveWindow: true,
			},
			kind: model.NoID,
		},
		"B6, a late arrival is flagged": {
			takeOut: func(p *model.Protocol) { p.Mendings.LateArrivalIsFlagged = false },
			bounds:  oneSend(),
			kind:    model.Doubled,
		},
		"B7, a last listing": {
			// The sweep's would find the same, days later.
			takeOut: func(p *model.Protocol) {
				p.Mendings.LastListing = false
				p.Mendings.SweepLists = false
			},
			bounds: oneSend(),
			kind:   model.Doubled,
		},
		"what fits several attempts settles none": {
			takeOut: func(p *model.Protocol) { p.Mendings.FitsSeveralSettlesNone = false },
			bounds:  oneSend(),
			kind:    model.Doubled,
		},
		"what is said to be not sent was certainly not sent": {
			takeOut: func(p *model.Protocol) { p.Mendings.UnsentIsCertain = false },
			bounds:  oneSend(),
			kind:    model.ToldWrong,
		},
		"arrivals are compared both ways": {
			takeOut: func(p *model.Protocol) { p.Mendings.ArrivalsCompareBothWays = false },
			bounds:  oneSend(),
			kind:    model.Doubled,
		},
		"a last listing for every end": {
			// The sweep's would find the same, days later.
			takeOut: func(p *model.Protocol) {
				p.Mendings.ListingForEveryEnd = false
				p.Mendings.SweepLists = false
			},
			bounds: oneSend(),
			kind:   model.Doubled,
		},
		"the sweep lists": {
			takeOut: func(p *model.Protocol) { p.Mendings.SweepLists = false },
			bounds:  endedWorkflow(),
			kind:    model.Doubled,
		},
		"the hold includes its end": {
			// What is closed being a rival mends the same.
			takeOut: func(p *model.Protocol) {
				p.Mendings.HoldIncludesEnd = false
				p.Mendings.ClosedIsRival = false
			},
			bounds: twoSends(),
			kind:   model.Lost,
		},
		"the hold outlasts open": {
			// What is closed being a rival mends the same.
			takeOut: func(p *model.Protocol) {
				p.Mendings.HoldOutlastsOpen = false
				p.Mendings.ClosedIsRival = false
			},
			bounds: threePostsOfTwo(),
			kind:   model.Lost,
		},
		"one for which the list was read for the last time is a rival": {
			takeOut: func(p *model.Protocol) { p.Mendings.ClosedIsRival = false },
			bounds:  twoWorkspaces(),
			kind:    model.Lost,
		},
		"one that is being sent is a rival": {
			takeOut: func(p *model.Protocol) { p.Mendings.SendingIsRival = false },
			bounds:  twoWorkspaces(),
			kind:    model.Lost,
		},
		"duplicates are owned": {
			// A hold that lasts keeps the windows of two sends apart, so that it mends the same.
			takeOut: func(p *model.Protocol) {
				p.Mendings.DuplicatesAreOwned = false
				p.Mendings.HoldOutlastsOpen = false
			},
			bounds: threePostsOfTwo(),
			kind:   model.Lost,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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

			tt := broken{
				takeOut: func(*model.Protocol) {},
				bounds:  sleepingWorkers(),
				kind:    kind,
			}
			tt.test(t)
		})
	}
}
