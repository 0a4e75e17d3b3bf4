package bench

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/time/rate"
)

// Soak is what becomes of the processes that send for long, at a share of what they can.
type Soak struct {
	Minutes   float64  `json:"minutes"`
	PerSecond float64  `json:"per_second"`
	Actions   int      `json:"actions"`
	Samples   []Sample `json:"samples"`
	// Stored is by how much the databases have grown for each message, in bytes.
	Stored map[string]float64 `json:"stored_bytes_per_message"`
	// OpenAfter is how many workflows are open when all have their receipts.
	OpenAfter int64 `json:"workflows_open_after"`
}

// Sample is what was in use at a moment, by what it is.
type Sample struct {
	Minutes float64            `json:"minutes"`
	Used    map[string]float64 `json:"used"`
}

const (
	soakShare  = 0.7
	soakSample = 20 * time.Second
	// settledAfter is when the last receipt has come, and Temporal's list knows it.
	settledAfter = 10 * time.Second
)

// soak sends at 70 per cent of what was measured just before, and notes what is in use.
func (r *run) soak(ctx context.Context, e *benchEnv) error {
	r.progress.Printf("measuring how many messages can be sent in a second")

	settled := &scenario{name: scenarioSettled, act: e.actor.settled}

	most, err := e.measureSlice(ctx, settled, mostCallers, enoughAfter(20*time.Second))
	if err != nil {
		return err
	}

	before, err := e.meter.sizes(ctx)
	if err != nil {
		return err
	}

	s := &Soak{Minutes: r.Soak.Minutes(), PerSecond: soakShare * most.perSecond(), Stored: map[string]float64{}}
	r.report.Soak = s
	r.progress.Printf("sending %.1f a second for %s", s.PerSecond, r.Soak)

	if err := r.sendSteadily(ctx, e, s); err != nil {
		return err
	}

	after, err := e.meter.sizes(ctx)
	if err != nil {
		return err
	}

	for database, size := range after {
		s.Stored[database] = (size - before[database]) / float64(s.Actions)
	}

	if s.OpenAfter, err = e.openAfter(ctx); err != nil {
		return err
	}

	r.report.Goals = append(r.report.Goals, s.goals()...)

	return nil
}

// sendSteadily sends at a steady pace while what is in use is sampled.
func (r *run) sendSteadily(ctx context.Context, e *benchEnv, s *Soak) error {
	pace := rate.NewLimiter(rate.Limit(s.PerSecond), 1)
	paced := &scenario{name: "soak", act: func(ctx context.Context, caller int) (string, error) {
		if err := pace.Wait(ctx); err != nil {
			return "", err
		}

		return e.actor.settled(ctx, caller)
	}}

	sampling, stop := context.WithCancel(ctx)

	sampled := make(chan error, 1)
	go func() { sampled <- r.sample(sampling, e, s) }()

	done, err := repeatScenario(ctx, paced, mostCallers, enoughAfter(r.Soak))

	stop()

	if sampleErr := <-sampled; err == nil {
		err = sampleErr
	}

	if err == nil {
		s.Actions = len(done.latencies)
	}

	return err
}

// sample notes what is in use until ctx ends.
func (r *run) sample(ctx context.Context, e *benchEnv, s *Soak) error {
	began, tick := time.Now(), time.NewTicker(soakSample)
	defer tick.Stop()

	for {
		select {
		case <-ctx.Done():
			return nil

		case <-tick.C:
		}

		used, err := e.readUsage(ctx)

		if ctx.Err() != nil {
			return nil
		}

		if err != nil {
			return fmt.Errorf("note what is in use: %w", err)
		}

		s.Samples = append(s.Samples, Sample{Minutes: time.Since(began).Minutes(), Used: used})
		if len(s.Samples)%6 == 0 {
			r.progress.Printf("%.0f of %.0f minutes", time.Since(began).Minutes(), s.Minutes)
		}
	}
}

// listGauges returns the metrics of a process that are sampled, with their names in the report
// and their units.
func listGauges() map[string]struct {
	name string
	unit float64
} {
	return map[string]struct {
		name string
		unit float64
	}{
		"go_goroutines":                 {"goroutines", 1},
		"process_open_fds":              {"open files", 1},
		"process_resident_memory_bytes": {"memory, MB", 1 << 20},
	}
}

// readUsage is what API and worker use, and how many workflows are open.
func (e *benchEnv) readUsage(ctx context.Context) (map[string]float64, error) {
	used := map[string]float64{}
	for process, url := range e.cluster.Metrics() {
		if err := e.scrape(ctx, url, process, used); err != nil {
			return nil, err
		}
	}

	db := openSQL(e.cluster.HandrailURL())
	defer func() { _ = db.Close() }() // it was only read

	connections, err := connectionsOf(ctx, db)
	if err != nil {
		return nil, err
	}

	used["database connections"] = connections
	open, err := e.openWorkflows(ctx)
	used["open workflows"] = float64(open)

	return used, err
}

func connectionsOf(ctx context.Context, db *sql.DB) (float64, error) {
	var n float64
	// But this one.
	const count = `SELECT count(*) - 1 FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend'`

	return n, db.QueryRowContext(ctx, count).Scan(&n)
}

func (e *benchEnv) scrape(ctx context.Context, url, process string, used map[string]float64) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}

	answer, err := e.actor.http.Do(request)
	if err != nil {
		return err
	}

	defer func() { _ = answer.Body.Close() }() // read to its end

	parser := expfmt.NewTextParser(model.UTF8Validation)

	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return fmt.Errorf("read the metrics of %s: %w", process, err)
	}

	for metric, as := range listGauges() {
		for _, m := range families[metric].GetMetric() {
			used[process+" "+as.name] = m.GetGauge().GetValue() / as.unit
		}
	}

	return nil
}

// openWorkflows counts those of Handrail.
func (e *benchEnv) openWorkflows(ctx context.Context) (int64, error) {
	counted, err := e.actor.temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: namespace, Query: `ExecutionStatus = 'Running' AND TaskQueue = 'handrail'`,
	})

	return counted.GetCount(), err
}

func (e *benchEnv) openAfter(ctx context.Context) (int64, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()

	case <-time.After(settledAfter):
	}

	return e.openWorkflows(ctx)
}

// grown is how much of something is in use in the last quarter, to the second one: in the
// first, caches fill.
func (s *Soak) grown(what string) float64 {
	quarter := len(s.Samples) / 4
	return s.middle(what, len(s.Samples)-quarter, len(s.Samples)) / s.middle(what, quarter, 2*quarter)
}

func (s *Soak) middle(what string, from, to int) float64 {
	var values []float64
	for _, sample := range s.Samples[from:to] {
		values = append(values, sample.Used[what])
	}

	return medianOf(values)
}

func (s *Soak) goals() []Goal {
	all := []Goal{atMost("workflows that are open after a soak", float64(s.OpenAfter), 0)}
	if len(s.Samples) < 8 {
		return all // too short to tell
	}

	for _, what := range slices.Sorted(maps.Keys(s.Samples[0].Used)) {
		if what != "open workflows" { // a handful at any moment, and never the same
			all = append(all, atMost(what+", last quarter of a soak to its second", s.grown(what), 1.1))
		}
	}

	return all
}
