package bench

import (
	"context"
	"math/rand/v2"
)

// Workers is what so many worker processes carry out in a second, for 50 callers.
type Workers struct {
	Workers int                `json:"workers"`
	Rates   map[string]float64 `json:"per_second"`
}

// numbersOfWorkers are those that are measured, one after the other.
func numbersOfWorkers() []int { return []int{1, 2, 4} }

// workers measures with the workers that the installation has.
func (r *run) workers(ctx context.Context, e *benchEnv) error {
	measured := []scenario{
		{name: scenarioFloor, act: e.actor.floor},
		{name: scenarioSend, silent: true, act: e.actor.send},
		{name: scenarioSettled, act: e.actor.settled},
	}

	w := Workers{Workers: e.cluster.Workers, Rates: map[string]float64{}}
	done := map[string]*slice{}

	for round := range r.Rounds + 1 { // the first warms up
		for _, i := range rand.Perm(len(measured)) { //nolint:gosec // not a secret
			sc := &measured[i]

			part, err := e.measureSlice(ctx, sc, mostCallers, enoughAfter(r.Slice))
			switch {
			case err != nil:
				return err
			case round == 0:
			case done[sc.name] == nil:
				done[sc.name] = part
			default:
				done[sc.name].join(part)
			}
		}

		r.progress.Printf("%d workers: round %d of %d", w.Workers, round, r.Rounds)
	}

	for name, all := range done {
		w.Rates[name] = all.perSecond()
	}

	r.report.Workers = append(r.report.Workers, w)

	return nil
}
