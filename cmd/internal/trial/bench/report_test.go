package bench

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/cmd/internal/command"
)

// newFullStore is a store on which every goal is met.
func newFullStore() Store {
	s := Store{Temporal: "postgres", ResidentMB: 150, Costs: []Cost{{
		Scenario:     scenarioSettled,
		Events:       24,
		Bytes:        12 << 10,
		Transactions: 6.04,
		CPU:          map[string]float64{"api": 1},
	}}}

	for _, callers := range []int{1, mostCallers} {
		for name, rate := range map[string]float64{
			scenarioFloor:       1,
			scenarioSix:         0.4,
			scenarioSend:        1.3,
			scenarioSettled:     0.8,
			scenarioParticipant: 1.3,
		} {
			s.Speeds = append(s.Speeds, Speed{
				Scenario:     name,
				Callers:      callers,
				PerSecond:    10 * rate,
				RateRatio:    rate,
				LatencyRatio: 0.9,
				CPU:          map[string]float64{"worker": 4.2},
				ResidentMB:   map[string]float64{"worker": 70},
			})
		}
	}

	return s
}

func missedGoals(all []Goal) []string {
	var names []string

	for _, g := range all {
		if !g.Met {
			names = append(names, g.What)
		}
	}

	return names
}

func TestGoalsAreHeldAgainstWhatWasMeasured(t *testing.T) {
	t.Parallel()

	s := newFullStore()
	assert.Len(t, s.goals(), 9)
	assert.Empty(t, missedGoals(s.goals()))
	s.ResidentMB = 151
	s.Costs[0].Transactions = 6.1

	s.Costs[0].Bytes = 12<<10 + 1
	for i := range s.Speeds {
		if s.Speeds[i].Scenario == scenarioSend {
			s.Speeds[i].RateRatio, s.Speeds[i].LatencyRatio = 1.1, 0.91
		}
	}

	assert.Equal(t, []string{
		"sends to their answers, 50 callers, to floor", "p50 of a send to its answer, one caller, to floor",
		"history of a settled SMS, KiB", "SQL transactions of a settled SMS", "memory of API and worker, MB",
		"sends to their answers, 50 callers, to six",
	}, missedGoals(s.goals()))
}

func TestWhatWasNotMeasuredIsNoGoal(t *testing.T) {
	t.Parallel()

	s := Store{Speeds: []Speed{{Scenario: scenarioSend, Callers: mostCallers, RateRatio: 1.4}}}
	require.Len(t, s.goals(), 1)
	assert.Equal(t, "sends to their answers, 50 callers, to floor", s.goals()[0].What)
	assert.Empty(t, (&Store{}).goals())
}

func TestGrowthIsHeldAgainstTheEmptyDatabase(t *testing.T) {
	t.Parallel()

	goals := growthGoals([]Stage{
		{Messages: 1000, P50: map[string]float64{"chats": 2, "labels": 1, "send": 30}},
		{Messages: 100_000, P50: map[string]float64{"chats": 2.6, "labels": 3, "send": 45}},
		{Messages: 1_000_000, P50: map[string]float64{"chats": 2.6, "labels": 1, "send": 30}},
	})

	assert.Equal(
		t,
		[]string{
			"p50 with a full database, to an empty one: labels",
			"p50 with a full database, to an empty one: send",
		},
		missedGoals(goals),
	)
}

func TestASoakShowsWhatGrows(t *testing.T) {
	t.Parallel()

	s := &Soak{}
	for n := range 40 {
		s.Samples = append(s.Samples, Sample{Used: map[string]float64{
			"worker-1 goroutines": 100, "worker-1 memory, MB": 50 + float64(n), "open workflows": float64(n),
		}})
	}

	assert.Equal(t, []string{"worker-1 memory, MB, last quarter of a soak to its second"}, missedGoals(s.goals()))
	s.OpenAfter = 1
	assert.Contains(t, missedGoals(s.goals()), "workflows that are open after a soak")
}

func TestAReportIsShownAndDrawn(t *testing.T) {
	t.Parallel()

	s := newFullStore()
	r := Report{
		Stores:  []Store{s},
		Goals:   s.goals(),
		Burst:   &Burst{Retries: 5000, Before: 30, During: 45},
		Events:  &Events{PerSend: 4, P99: 81, Hanging: Hanging{Held: 12, SendP50: WithAndWithout{55, 50}}},
		Soak:    &Soak{Minutes: 20, Actions: 12_345},
		Growth:  []Stage{{Messages: 1000, P50: map[string]float64{"chats, by a word": 2.5}}},
		Workers: []Workers{{Workers: 4, Rates: map[string]float64{scenarioSend: 61.5}}},
	}

	var out bytes.Buffer
	require.NoError(t, r.Show(&out))

	for _, part := range []string{
		"Temporal on postgres", "4.2, 70 MB", "settled", "a bulk retry of 5000", "p99 81 ms", "12 posts held", "1.10", "12345 messages", "61.5",
		"chats, by a word", "≥ 1.3", "met",
	} {
		assert.Contains(t, out.String(), part)
	}

	file := filepath.Join(t.TempDir(), "speeds.svg")
	require.NoError(t, r.Plot(file))
	drawn, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(drawn), "<svg")
	assert.Contains(t, string(drawn), "participant")
	kept := filepath.Join(t.TempDir(), "kept.json")
	require.NoError(t, command.SaveJSON(kept, r))
	read, err := ReadReport(kept)
	require.NoError(t, err)
	var again bytes.Buffer
	require.NoError(t, read.Show(&again))
	assert.Equal(t, out.String(), again.String(), "a kept report shows the same")

	_, err = ReadReport(file)
	require.ErrorContains(t, err, "speeds.svg")
	require.NoError(t, r.Plot(""), "nothing was asked for")
	require.Error(t, r.Plot(filepath.Join(t.TempDir(), "speeds.unheard-of")))
}
