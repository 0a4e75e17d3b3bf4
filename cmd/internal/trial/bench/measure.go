package bench

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// mostCallers is how many callers there are at most.
const mostCallers = 50

// slice is one scenario, done over and over for a while.
type slice struct {
	latencies []time.Duration
	workflows []string
	elapsed   time.Duration
	// cpu is the processor time of each kind of process in seconds, resident the most memory
	// at the end in bytes, where they were noted.
	cpu, resident map[string]float64
}

// perSecond is how many were done in a second.
func (s *slice) perSecond() float64 { return float64(len(s.latencies)) / s.elapsed.Seconds() }

// quantile is the latency that a share of all stays below.
func (s *slice) quantile(share float64) time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}

	sorted := slices.Sorted(slices.Values(s.latencies))

	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// join takes another slice of the same scenario in.
func (s *slice) join(other *slice) {
	s.latencies = append(s.latencies, other.latencies...)
	s.workflows = append(s.workflows, other.workflows...)
	s.elapsed += other.elapsed

	for kind, seconds := range other.cpu {
		s.note(kind, seconds, other.resident[kind])
	}
}

// note adds what a kind of process has used.
func (s *slice) note(kind string, cpu, resident float64) {
	if s.cpu == nil {
		s.cpu, s.resident = map[string]float64{}, map[string]float64{}
	}

	s.cpu[kind] += cpu
	s.resident[kind] = max(s.resident[kind], resident)
}

// enough reports whether no more need be begun, after so many and so long.
type enough func(begun int, elapsed time.Duration) bool

func enoughAfter(long time.Duration) enough {
	return func(_ int, elapsed time.Duration) bool { return elapsed >= long }
}

func enoughTimes(many int) enough {
	return func(begun int, _ time.Duration) bool { return begun >= many }
}

// repeatScenario has callers do a scenario until it is enough; each ends what it has begun. The
// first error ends all.
func repeatScenario(ctx context.Context, sc *scenario, callers int, until enough) (*slice, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	var (
		all   slice
		mu    sync.Mutex
		begun int
	)

	began := time.Now()
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()

		if ctx.Err() != nil || until(begun, time.Since(began)) {
			return false
		}

		begun++

		return true
	}

	var working sync.WaitGroup
	for caller := range callers {
		working.Go(func() {
			for next() {
				start := time.Now()

				workflow, err := sc.act(ctx, caller)
				if err != nil {
					cancel(fmt.Errorf("%s: %w", sc.name, err))
					return
				}

				mu.Lock()

				all.latencies = append(all.latencies, time.Since(start))
				all.workflows = append(all.workflows, workflow)

				mu.Unlock()
			}
		})
	}

	working.Wait()

	all.elapsed = time.Since(began)

	return &all, context.Cause(ctx)
}
