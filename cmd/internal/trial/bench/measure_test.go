package bench

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCallersDoExactlySoMany(t *testing.T) {
	t.Parallel()
	var done, most, now atomic.Int64
	sc := &scenario{name: "count", act: func(context.Context, int) (string, error) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)

		done.Add(1)

		return "w", nil
	}}

	all, err := repeatScenario(t.Context(), sc, 7, enoughTimes(100))
	require.NoError(t, err)
	assert.EqualValues(t, 100, done.Load())
	assert.LessOrEqual(t, most.Load(), int64(7))
	assert.Len(t, all.latencies, 100)
	assert.Len(t, all.workflows, 100)
	assert.Positive(t, all.elapsed)
}

func TestTheFirstErrorEndsAll(t *testing.T) {
	t.Parallel()

	broken := errors.New("broken")
	var calls atomic.Int64
	sc := &scenario{name: "break", act: func(ctx context.Context, _ int) (string, error) {
		if calls.Add(1) == 10 {
			return "", broken
		}

		return "", ctx.Err()
	}}

	_, err := repeatScenario(t.Context(), sc, 3, func(int, time.Duration) bool { return false })
	require.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, "break: broken")
}

func TestQuantilesAndRates(t *testing.T) {
	t.Parallel()

	one := &slice{latencies: []time.Duration{3, 1, 2}, elapsed: time.Second}
	assert.EqualValues(t, 2, one.quantile(0.5))
	assert.EqualValues(t, 3, one.quantile(0.99))
	assert.EqualValues(t, 1, one.quantile(0))

	other := &slice{latencies: []time.Duration{9}, workflows: []string{"w"}, elapsed: time.Second}

	one.note("api", 2, 50)
	other.note("api", 1, 40)
	one.join(other)
	assert.Equal(t, map[string]float64{"api": 3}, one.cpu)
	assert.Equal(t, map[string]float64{"api": 50}, one.resident)
	assert.InDelta(t, 2, one.perSecond(), 0.001)
	assert.EqualValues(t, 9, one.quantile(0.99))
	assert.Zero(t, (&slice{}).quantile(0.5))
	assert.InDelta(t, 2.5, medianOf([]float64{4, 1, 2, 3}), 0.001)
	assert.InDelta(t, 2, medianOf([]float64{3, 1, 2}), 0.001)
	assert.Zero(t, medianOf(nil))
}

func TestOnlyWhatIsUsedPerActionCounts(t *testing.T) {
	t.Parallel()

	before := &usage{cpu: map[string]float64{"api": 1, "worker": 4}, transactions: 100}
	idle := &usage{cpu: map[string]float64{"api": 0.1, "worker": 0.2}, transactions: 2}

	after := &usage{
		cpu:          map[string]float64{"api": 4, "worker": 10},
		resident:     map[string]float64{"api": 50 << 20},
		transactions: 720,
	}

	cost := after.per(before, idle, 10, 100)
	assert.InDelta(t, 20, cost.CPU["api"], 0.001, "seconds for a thousand, less what is used when nothing is done")
	assert.InDelta(t, 40, cost.CPU["worker"], 0.001)
	assert.InDelta(t, 6, cost.Transactions, 0.001)
	assert.InDelta(t, 50, cost.ResidentMB["api"], 0.001)
}
