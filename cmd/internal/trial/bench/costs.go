package bench

import (
	"context"
	"errors"
	"time"
)

// histories is how many workflows of a scenario are looked at.
const histories = 20

// costs counts out actions of every scenario, and divides by them what was used meanwhile.
// PostgreSQL's own vacuuming, whose transactions count like others, waits.
func (r *run) costs(ctx context.Context, e *benchEnv, scenarios []scenario) ([]Cost, error) {
	if err := e.meter.vacuum(ctx, false); err != nil {
		return nil, err
	}

	all, err := r.countOut(ctx, e, scenarios)

	return all, errors.Join(err, e.meter.vacuum(ctx, true))
}

func (r *run) countOut(ctx context.Context, e *benchEnv, scenarios []scenario) ([]Cost, error) {
	r.progress.Printf("measuring the idle use")

	first, err := e.meter.read(ctx)
	if err != nil {
		return nil, err
	}

	before, err := e.meter.read(ctx)
	if err != nil {
		return nil, err
	}

	idle := before.rate(first)
	var all []Cost

	for i := range scenarios {
		sc := &scenarios[i]
		r.progress.Printf("measuring the cost of %d of %q", r.Costs, sc.name)

		done, err := e.runScenario(ctx, sc, mostCallers, enoughTimes(r.Costs))
		if err != nil {
			return nil, err
		}

		after, err := e.meter.read(ctx)
		if err != nil {
			return nil, err
		}

		c := after.per(before, idle, after.at.Sub(before.at).Seconds(), float64(len(done.latencies)))

		c.Scenario = sc.name
		c.Actions = len(done.latencies)

		if c.Events, c.Bytes, err = e.averageHistory(ctx, done.workflows); err != nil {
			return nil, err
		}

		all = append(all, c)
		before = after

		if sc.silent {
			if err := e.terminateOpen(ctx, sc, done); err != nil {
				return nil, err
			}

			if before, err = e.meter.read(ctx); err != nil {
				return nil, err
			}
		}
	}

	return all, nil
}

// averageHistory is how many events and bytes workflows have, on average over some.
func (e *benchEnv) averageHistory(ctx context.Context, ids []string) (events, bytes float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()

	ids = ids[:min(len(ids), histories)]
	for _, id := range ids {
		if id == "" {
			return 0, 0, nil
		}

		described, err := e.actor.temporal.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			return 0, 0, err
		}

		events += float64(described.GetWorkflowExecutionInfo().GetHistoryLength()) / float64(len(ids))
		bytes += float64(described.GetWorkflowExecutionInfo().GetHistorySizeBytes()) / float64(len(ids))
	}

	return events, bytes, nil
}
