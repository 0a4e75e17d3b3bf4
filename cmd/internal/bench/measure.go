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
	s.latencies, s.workflows = append(s.latencies, other.latencies...), append(s.workflows, other.workflows...)
	s.elapsed += other.elapsed
}

// repeat has callers do a scenario for a while; each ends what it has begun. The first
// error ends all.
func repeat(ctx context.Context, sc *scenario, callers int, lasting time.Duration) (*slice, error) {
	began := time.Now()
	return repeatWhile(ctx, sc, callers, func(int) bool { return time.Since(began) < lasting })
}

// repeatTimes has callers do a scenario so many times.
func repeatTimes(ctx context.Context, sc *scenario, callers, times int) (*slice, error) {
	return repeatWhile(ctx, sc, callers, func(begun int) bool { return begun < times })
}

func repeatWhile(ctx context.Context, sc *scenario, callers int, more func(begun int) bool) (*slice, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all slice
	var mu sync.Mutex
	begun := 0
	next := func() bool {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil || !more(begun) {
			return false
		}
		begun++
		return true
	}
	began := time.Now()
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
				all.latencies, all.workflows = append(all.latencies, time.Since(start)), append(all.workflows, workflow)
				mu.Unlock()
			}
		})
	}
	working.Wait()
	all.elapsed = time.Since(began)
	return &all, context.Cause(ctx)
}
