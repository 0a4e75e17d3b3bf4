package bench

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"
)

// speeds measures how fast scenarios are.
type speeds struct {
	*run
	*benchEnv
	scenarios []scenario
	done      map[turn][]*slice
	resident  float64
}

// turn is a scenario with so many callers.
type turn struct {
	scenario string
	callers  int
}

// measure gives every scenario its turn in every round, in another order each time, so
// that what else the machine does meets all of them.
func (s *speeds) measure(ctx context.Context) error {
	s.progress.Printf("warming up")

	for i := range s.scenarios {
		if _, err := s.measureSlice(ctx, &s.scenarios[i], mostCallers, enoughAfter(2*time.Second)); err != nil {
			return err
		}
	}

	for round := range s.Rounds {
		for _, callers := range []int{1, mostCallers} {
			for _, i := range rand.Perm(len(s.scenarios)) { //nolint:gosec // not a secret
				sc := &s.scenarios[i]

				done, err := s.noted(ctx, sc, callers)
				if err != nil {
					return err
				}

				s.done[turn{sc.name, callers}] = append(s.done[turn{sc.name, callers}], done)
				s.progress.Printf(
					"round %d of %d: %-11s %2d callers  p50 %6.1f ms  %7.1f a second",
					round+1,
					s.Rounds,
					sc.name,
					callers,
					toMilliseconds(done.quantile(0.5)),
					done.perSecond(),
				)
			}
		}
	}

	return nil
}

// noted is a turn with what the processes have used in it.
func (s *speeds) noted(ctx context.Context, sc *scenario, callers int) (*slice, error) {
	before, err := s.meter.processes()
	if err != nil {
		return nil, err
	}

	done, err := s.runScenario(ctx, sc, callers, enoughAfter(s.Slice))
	if err != nil {
		return nil, err
	}

	after, err := s.meter.processes()
	if err != nil {
		return nil, err
	}

	for kind, cpu := range after.cpu {
		done.note(kind, cpu-before.cpu[kind], after.resident[kind])
	}

	s.resident = max(s.resident, after.resident["api"]+after.resident["worker"])

	return done, s.terminateOpen(ctx, sc, done)
}

func (s *speeds) report() []Speed {
	var all []Speed

	for _, callers := range []int{1, mostCallers} {
		floors := s.done[turn{scenarioFloor, callers}]
		for _, sc := range s.scenarios {
			var whole slice
			var rates, latencies []float64

			for round, part := range s.done[turn{sc.name, callers}] {
				whole.join(part)
				rates = append(rates, part.perSecond()/floors[round].perSecond())
				latencies = append(latencies, float64(part.quantile(0.5))/float64(floors[round].quantile(0.5)))
			}

			all = append(all, Speed{
				Scenario:     sc.name,
				What:         sc.what,
				Callers:      callers,
				Actions:      len(whole.latencies),
				PerSecond:    whole.perSecond(),
				P50:          toMilliseconds(whole.quantile(0.5)),
				P95:          toMilliseconds(whole.quantile(0.95)),
				P99:          toMilliseconds(whole.quantile(0.99)),
				RateRatio:    medianOf(rates),
				LatencyRatio: medianOf(latencies),
				CPU:          scaleValues(whole.cpu, 1000/float64(len(whole.latencies))),
				ResidentMB:   scaleValues(whole.resident, 1.0/(1<<20)),
			})
		}
	}

	return all
}

func scaleValues(values map[string]float64, by float64) map[string]float64 {
	all := map[string]float64{}
	for name, value := range values {
		all[name] = value * by
	}

	return all
}

// medianOf is the median.
func medianOf(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}

	sorted := slices.Sorted(slices.Values(values))

	half := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[half-1] + sorted[half]) / 2
	}

	return sorted[half]
}

func toMilliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }
