package chaos

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// instant is a kind that is over at once.
func instant(kind string) disturbance {
	return disturbance{kind: kind, play: func(context.Context, *rand.Rand) bool { return true }}
}

// runFor runs a scheduler for a time, as a clock of the test's own has it.
func runFor(t *testing.T, s *scheduler, long time.Duration) {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()

	s.run(ctx)
}

func TestEachKindIsPlayedInTheFirstRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string

		var all []disturbance

		for _, kind := range []string{"a", "b", "c", "d", "e"} {
			all = append(all, disturbance{kind: kind, play: func(context.Context, *rand.Rand) bool {
				order = append(order, kind)
				return true
			}})
		}

		all[1].once = true

		s := newScheduler(7, time.Second, all)
		runFor(t, s, 5500*time.Millisecond)
		assert.ElementsMatch(t, []string{"a", "b", "c", "d", "e"}, order)
		assert.Equal(t, map[string]int{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}, s.played())

		select {
		case <-s.rounded:
		default:
			t.Error("the round is over")
		}

		runFor(t, s, 100*time.Second)
		assert.Equal(t, 1, s.played()["b"], "it is played once")
		assert.Greater(t, s.played()["a"], 5, "the others at random")
	})
}

func TestTheSeedRepeatsWhatIsPlayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		play := func(seed uint64) []string {
			var order []string

			var all []disturbance

			for _, kind := range []string{"a", "b", "c", "d", "e"} {
				all = append(all, disturbance{kind: kind, play: func(context.Context, *rand.Rand) bool {
					order = append(order, kind)
					return true
				}})
			}

			runFor(t, newScheduler(seed, time.Second, all), 30*time.Second)

			return order
		}

		first := play(1)
		assert.Equal(t, first, play(1))
		assert.NotEqual(t, first, play(2))
	})
}

func TestWhatCannotBePlayedGetsAnotherTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int64

		s := newScheduler(1, time.Second, []disturbance{
			instant("a"),
			{kind: "stubborn", once: true, play: func(context.Context, *rand.Rand) bool { return tries.Add(1) == 3 }},
			{kind: "impossible", once: true, play: func(context.Context, *rand.Rand) bool { return false }},
		})
		runFor(t, s, time.Minute)
		assert.Equal(t, 1, s.played()["stubborn"])
		assert.Equal(t, 0, s.played()["impossible"], "which the report names")

		select {
		case <-s.rounded:
			t.Error("something is missing")
		default:
		}

		runFor(t, s, firstRoundWithin+time.Second)
		<-s.rounded // it is given up
	})
}

func TestTwoThatNeedTheSameDoNotOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int64

		play := func(ctx context.Context, _ *rand.Rand) bool {
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)

			return waitFor(ctx, 5*time.Second)
		}

		s := newScheduler(1, time.Second, []disturbance{
			{kind: "cut", needs: "database", play: play},
			{kind: "delay", needs: "database", play: play},
			instant("other"),
		})
		runFor(t, s, time.Minute)
		assert.Equal(t, int64(1), most.Load())
		assert.Positive(t, s.played()["cut"])
		assert.Positive(t, s.played()["delay"])
		assert.Greater(t, s.played()["other"], 30, "what needs nothing goes on")
	})
}

func TestWhatIsLongBeginsFirst(t *testing.T) {
	t.Parallel()

	for seed := range uint64(20) {
		s := newScheduler(seed, time.Second, []disturbance{instant("a"), instant("b"), {kind: "long", long: true}})
		assert.Equal(t, "long", s.queue[0].kind)
	}
}

func TestSendsAreSpreadOverTheFirstRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all []disturbance
		for _, kind := range []string{"a", "b", "c", "d", "e"} {
			all = append(all, instant(kind))
		}

		s := newScheduler(1, 10*time.Second, all)
		began := time.Now()

		var at []time.Duration

		admitAll := func(sends int) {
			for n := range sends {
				s.admit(t.Context(), n, sends)

				at = append(at, time.Since(began))
			}
		}

		admitAll(10) // 5 kinds, 10 s each
		assert.Equal(t, 9*5*time.Second, at[9])
		assert.True(t, slices.IsSorted(at))

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()

		go s.run(ctx)

		s.awaitRound(t.Context(), time.Hour)

		after := time.Since(began)

		admitAll(1000)
		assert.Equal(t, after, time.Since(began), "when all is played, nothing is held back")
	})
}

func TestTheLastSendsAreKeptForTheEndOfTheRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(1, time.Millisecond, []disturbance{instant("a")})
		began := time.Now()

		for n := range 100 {
			s.admit(t.Context(), n, 100)
		}

		assert.InDelta(t, 9*reservedPace.Seconds(), time.Since(began).Seconds(), 0.1)
	})
}

func TestNothingToPlayHoldsNothingBack(t *testing.T) {
	t.Parallel()

	s := newScheduler(1, 0, nil)
	s.run(t.Context())
	s.admit(t.Context(), 99, 100)
	s.awaitRound(t.Context(), time.Hour)
	assert.Empty(t, s.played())
}

func TestKindsAreSelectedByName(t *testing.T) {
	t.Parallel()

	require.NoError(t, Selection{Only: []string{"pause", "cut"}, Without: []string{kindEqualText}}.Validate())
	require.ErrorContains(t, Selection{Without: []string{"flood"}}.Validate(), "flood")

	seen := map[string]bool{}
	for _, kind := range Kinds() {
		assert.False(t, seen[kind], "%s is there twice", kind)
		seen[kind] = true
	}

	kinds := func(s Selection) []string {
		var all []string
		for _, d := range (&run{Options: Options{Kinds: s}}).disturbances() {
			all = append(all, d.kind)
		}

		return all
	}

	assert.Equal(t, []string{"pause"}, kinds(Selection{Only: []string{"pause", "cut"}}))
	assert.NotContains(t, kinds(Selection{Without: []string{"pause"}}), "pause")
	assert.Contains(t, kinds(Selection{}), kindFailover)
}
