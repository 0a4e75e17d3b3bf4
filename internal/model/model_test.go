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

// broken is a protocol without one of its parts, and what goes wrong then.
type broken struct {
	takeOut func(*model.Protocol)
	bounds  model.Bounds
	kind    model.Kind
}

func (b *broken) test(t *testing.T) {
	t.Helper()

	p := protocolIn(b.bounds)
	p.Promise = []model.Kind{b.kind}
	b.takeOut(&p)

	require.NotNil(t, exploreAll(t, p).Violation, "nothing goes wrong without it")
}

// protocolIn is the whole protocol in a world.
func protocolIn(bounds model.Bounds) model.Protocol {
	return model.Protocol{
		Mendings: model.AllMendings(),
		Bounds:   bounds,
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

// testPromise explores worlds, each completely, and finds nothing that the promise forbids.
func testPromise(t *testing.T, worlds map[string]model.Bounds) {
	t.Helper()

	for name, bounds := range worlds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			found := exploreAll(t, protocolIn(bounds))

			require.Nil(t, found.Violation)
			assert.True(t, found.Complete, "the exploration was cut")
		})
	}
}

// TestThePromiseHoldsInSmallWorlds is quick enough for the race detector; the other tests of the
// promise run without it.
func TestThePromiseHoldsInSmallWorlds(t *testing.T) {
	t.Parallel()

	testPromise(t, map[string]model.Bounds{
		"two sends, one post": {
			Sends:        2,
			Workers:      2,
			Claims:       1,
			Cancels:      1,
			Retries:      true,
			Callbacks:    true,
			ClocksDiffer: true,
		},
		"one send, two posts": {
			Sends:   1,
			Workers: 1,
			Claims:  2,
			Retries: true,
		},
	})
}

// TestACancelIsAskedForFirst takes out a mending (B5), and finds again what an experiment had found.
func TestACancelIsAskedForFirst(t *testing.T) {
	t.Parallel()

	tt := broken{
		takeOut: func(p *model.Protocol) { p.Mendings.CancelIsAskedFirst = false },
		bounds: model.Bounds{
			Sends:   1,
			Workers: 1,
			Claims:  1,
			Cancels: 1,
		},
		kind: model.ToldWrong,
	}
	tt.test(t)
}
