package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"handrail/cmd/internal/command"
	"handrail/cmd/internal/trial/testcluster"
)

// Options say what is measured, and how long.
type Options struct {
	// Parts are what is measured; none is all.
	Parts []string
	// Stores are what Temporal is on, one after the other: "postgres", "sqlite".
	Stores []string
	// Scenarios are measured; none is all. The floor always is.
	Scenarios []string
	// Rounds is how often every scenario has its turn, Slice how long each is.
	Rounds int
	Slice  time.Duration
	// Costs is how many actions are counted out to learn what one takes; 0 leaves that out.
	Costs int
	// Shards are those of Temporal on PostgreSQL, PostgresSettings "name=value" each.
	Shards           int
	PostgresSettings []string
	// Soak is how long the soak lasts.
	Soak time.Duration
	// Programs is the folder of handrail, handrail-dev and handrail-bench.
	Programs string
	// Dir is where everything is kept; "" is a temporary folder, which stays only when the
	// run fails.
	Dir string
}

// run is one measurement while it lasts.
type run struct {
	Options
	out      io.Writer
	progress *command.Progress
	report   Report
}

// Run measures and writes its progress to out. With an error it still returns what was
// measured before, if anything was.
func Run(ctx context.Context, o Options, out io.Writer) (*Report, error) {
	r := &run{
		Options:  o,
		out:      out,
		progress: command.NewProgress(out),
		report: Report{
			Made: time.Now().UTC().Truncate(time.Second),
			Machine: Machine{
				CPUs:   runtime.NumCPU(),
				System: runtime.GOOS + "/" + runtime.GOARCH,
				Go:     runtime.Version(),
			},
		},
	}

	err := r.measure(ctx)
	if len(r.report.Goals) == 0 && len(r.report.Workers) == 0 {
		return nil, err
	}

	return &r.report, err
}

func (r *run) measure(ctx context.Context) error {
	if r.wants(partSpeed) {
		for _, store := range r.Stores {
			if err := r.measureIn(ctx, store, part{name: partSpeed, workers: 1, measure: r.speed}); err != nil {
				return fmt.Errorf("with Temporal on %s: %w", store, err)
			}
		}
	}

	for _, part := range r.otherParts() {
		if !r.wants(part.name) {
			continue
		}

		if err := r.measureIn(ctx, "postgres", part); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}

	return nil
}

// part is what is measured in an installation of its own.
type part struct {
	name    string
	workers int
	measure func(context.Context, *benchEnv) error
	// environ configures Handrail's processes beyond what every installation has.
	environ []string
}

// otherParts are all but the speed, in their order.
func (r *run) otherParts() []part {
	all := []part{
		{name: partGrowth, workers: 1, measure: r.growth},
		{name: partWaiting, workers: 1, measure: r.waiting},
		{name: partConsole, workers: 1, measure: r.console},
		{name: partBurst, workers: 1, measure: r.burst},
		{
			name:    partEvents,
			workers: 1,
			measure: r.events,
			environ: webhookEnviron(),
		},
	}

	for _, n := range numbersOfWorkers() {
		all = append(all, part{name: partWorkers, workers: n, measure: r.workers})
	}

	return append(all, part{name: partSoak, workers: 1, measure: r.soak})
}

// The parts of a measurement.
const (
	partSpeed  = "speed"
	partGrowth = "growth"
	// partWaiting measures sweeps with many sends that wait for people.
	partWaiting = "waiting"
	// partConsole measures pages of the console with a full database.
	partConsole = "console"
	partBurst   = "burst"
	// partEvents measures what the log of events costs, and its streams.
	partEvents = "events"
	// partWorkers measures with more than one worker, partSoak for long.
	partWorkers = "workers"
	partSoak    = "soak"
)

func (r *run) wants(part string) bool { return len(r.Parts) == 0 || slices.Contains(r.Parts, part) }

// measureIn measures in an installation of its own, with Temporal on one kind of database.
func (r *run) measureIn(ctx context.Context, name string, p part) error {
	folder, err := r.folder(name)
	if err != nil {
		return err
	}

	r.progress.Printf(
		"Temporal on %s: starting PostgreSQL, Temporal, the sandbox, an API, workers (%d) and the baselines in %s",
		name,
		p.workers,
		folder,
	)

	e, err := newBenchEnv(ctx, r.clusterOptions(folder, name, p), name)
	if err == nil {
		r.report.Machine.Postgres = e.postgresVersion
		err = p.measure(ctx, e)
	}

	err = errors.Join(err, e.close())
	if r.Dir == "" && (err == nil || errors.Is(err, context.Canceled)) {
		return errors.Join(err, os.RemoveAll(folder))
	}

	r.progress.Printf("everything is kept in %s, the logs of each process in %s", folder, filepath.Join(folder, "logs"))

	return err
}

// clusterOptions are for an installation with Temporal on one kind of database.
func (r *run) clusterOptions(folder, store string, p part) testcluster.Options {
	o := testcluster.Options{
		Folder:           folder,
		Programs:         r.Programs,
		APIs:             1,
		Workers:          p.workers,
		PostgresSettings: r.PostgresSettings,
		Environ:          p.environ,
	}

	if store == "postgres" {
		o.TemporalShards = r.Shards
	}

	return o
}

func (r *run) folder(name string) (string, error) {
	if r.Dir == "" {
		folder, err := os.MkdirTemp("", "handrail-bench.")
		if err != nil {
			return "", fmt.Errorf("make a folder: %w", err)
		}

		return folder, nil
	}

	// PostgreSQL, which runs as somebody else when this is root, must be able to pass.
	if err := os.MkdirAll(r.Dir, 0o711); err != nil { //nolint:gosec // see above
		return "", fmt.Errorf("make the folder: %w", err)
	}

	parent, err := filepath.Abs(r.Dir)
	if err != nil {
		return "", fmt.Errorf("find the folder: %w", err)
	}

	folder, err := os.MkdirTemp(parent, name+".")
	if err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}

	return folder, nil
}

// speed measures how fast scenarios are, and what they take.
func (r *run) speed(ctx context.Context, e *benchEnv) error {
	chosen := slices.DeleteFunc(e.actor.scenarios(), func(s scenario) bool {
		return len(r.Scenarios) > 0 && s.name != scenarioFloor && !slices.Contains(r.Scenarios, s.name)
	})

	s := &speeds{
		run:       r,
		benchEnv:  e,
		scenarios: chosen,
		done:      map[turn][]*slice{},
	}

	if err := s.measure(ctx); err != nil {
		return err
	}

	result := Store{Temporal: e.name, Speeds: s.report(), ResidentMB: s.resident / (1 << 20)}
	if r.Costs > 0 {
		costs, err := r.costs(ctx, e, chosen)
		if err != nil {
			return err
		}

		result.Costs = costs
	}

	if len(r.report.Stores) == 0 { // the goals are for the first
		r.report.Goals = result.goals()
	}

	r.report.Stores = append(r.report.Stores, result)

	return nil
}
