package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is all that was measured.
type Report struct {
	Made    time.Time `json:"made"`
	Machine Machine   `json:"machine"`
	Stores  []Store   `json:"stores,omitempty"`
	Growth  []Stage   `json:"growth,omitempty"`
	Waiting []Waiting `json:"waiting,omitempty"`
	Burst   *Burst    `json:"burst,omitempty"`
	Events  *Events   `json:"events,omitempty"`
	Soak    *Soak     `json:"soak,omitempty"`
	// Console are the pages that were measured.
	Console []ConsolePage `json:"console,omitempty"`
	Workers []Workers     `json:"workers,omitempty"`
	Goals   []Goal        `json:"goals"`
}

// Machine is where it was measured. What is measured holds in ratios, not in seconds.
type Machine struct {
	CPUs     int    `json:"cpus"`
	System   string `json:"system"`
	Go       string `json:"go"`
	Postgres string `json:"postgres"`
}

// Store is what was measured with Temporal on one kind of database.
type Store struct {
	Temporal string  `json:"temporal"`
	Speeds   []Speed `json:"speeds"`
	Costs    []Cost  `json:"costs"`
	// ResidentMB is the memory of API and worker together, the most at the end of a slice.
	ResidentMB float64 `json:"api_and_worker_resident_mb"`
}

// Speed is how fast a scenario was done. Times are in milliseconds; the ratios are to the
// floor's in the same round, in the middle of all rounds.
type Speed struct {
	Scenario     string  `json:"scenario"`
	What         string  `json:"what"`
	Callers      int     `json:"callers"`
	Actions      int     `json:"actions"`
	PerSecond    float64 `json:"per_second"`
	P50          float64 `json:"p50_ms"`
	P95          float64 `json:"p95_ms"`
	P99          float64 `json:"p99_ms"`
	RateRatio    float64 `json:"rate_to_floor"`
	LatencyRatio float64 `json:"p50_to_floor"`
	// CPU is in seconds for a thousand, with what is used when nothing is done; ResidentMB is
	// the most at the end of a turn; both by kind of process.
	CPU        map[string]float64 `json:"cpu_seconds_per_1000"`
	ResidentMB map[string]float64 `json:"resident_mb"`
}

// Cost is what an action takes. CPU is in seconds for a thousand actions, by kind of
// process; the rest is for one.
type Cost struct {
	Scenario     string             `json:"scenario"`
	Actions      int                `json:"actions"`
	CPU          map[string]float64 `json:"cpu_seconds_per_1000"`
	ResidentMB   map[string]float64 `json:"resident_mb"`
	Transactions float64            `json:"sql_transactions"`
	Events       float64            `json:"history_events"`
	Bytes        float64            `json:"history_bytes"`
}

// Goal is a figure that was to be reached.
type Goal struct {
	What string  `json:"what"`
	Want string  `json:"want"`
	Got  float64 `json:"got"`
	Met  bool    `json:"met"`
}

// ReadReport reads a report that was kept as JSON.
func ReadReport(file string) (*Report, error) {
	raw, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, fmt.Errorf("read the report: %w", err)
	}

	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("read the report %s: %w", file, err)
	}

	return &r, nil
}

// Show writes the report as tables.
func (r *Report) Show(out io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range r.Stores {
		s.show(t)
	}

	if len(r.Growth) > 0 {
		r.showGrowth(t)
	}

	if len(r.Waiting) > 0 {
		r.showWaiting(t)
	}

	if r.Burst != nil {
		r.Burst.show(t)
	}

	if r.Events != nil {
		r.Events.show(t)
	}

	if len(r.Console) > 0 {
		r.showConsole(t)
	}

	if r.Soak != nil {
		r.Soak.show(t)
	}

	if len(r.Workers) > 0 {
		fmt.Fprint(t, "\nworker processes\tfloors a second\tsends\tsettled sends\t\n")
	}

	for _, w := range r.Workers {
		fmt.Fprintf(
			t,
			"%d\t%.1f\t%.1f\t%.1f\t\n",
			w.Workers,
			w.Rates[scenarioFloor],
			w.Rates[scenarioSend],
			w.Rates[scenarioSettled],
		)
	}

	if len(r.Goals) > 0 {
		fmt.Fprint(t, "\ngoal\twanted\tmeasured\t\n")
	}

	for _, g := range r.Goals {
		fmt.Fprintf(
			t,
			"%s\t%s\t%.2f\t%s\n",
			g.What,
			g.Want,
			g.Got,
			map[bool]string{true: "met", false: "NOT MET"}[g.Met],
		)
	}

	return t.Flush()
}

func (r *Report) showWaiting(t io.Writer) {
	fmt.Fprint(t, "\nsends that wait\tlooked at a second\tpart of one worker's time, with a look a day\t\n")

	for _, w := range r.Waiting {
		fmt.Fprintf(t, "%d\t%.0f\t%.4f\t\n", w.Sends, w.PerSecond, w.Share)
	}
}

func (b *Burst) show(t io.Writer) {
	fmt.Fprintf(
		t,
		"\na bulk retry of %d\t%d begun meanwhile\tp50 of another workspace's send: %.1f ms, before %.1f ms\t\n",
		b.Retries,
		b.Begun,
		b.During,
		b.Before,
	)
}

func (s *Soak) show(t io.Writer) {
	fmt.Fprintf(
		t,
		"\n%.0f minutes at %.1f a second\t%d messages\t%d workflows open afterwards\t\n",
		s.Minutes,
		s.PerSecond,
		s.Actions,
		s.OpenAfter,
	)

	for _, database := range slices.Sorted(maps.Keys(s.Stored)) {
		fmt.Fprintf(t, "stored for each\t%.1f KiB in the database %q\t\n", s.Stored[database]/1024, database)
	}
}

func (r *Report) showGrowth(t io.Writer) {
	fmt.Fprint(t, "\np50 with so many messages\t")

	for _, s := range r.Growth {
		fmt.Fprintf(t, "%d\t", s.Messages)
	}

	fmt.Fprint(t, "\nsize of the database\t")

	for _, s := range r.Growth {
		fmt.Fprintf(t, "%.0f MB\t", s.DatabaseMB)
	}

	fmt.Fprintln(t)

	for _, name := range slices.Sorted(maps.Keys(r.Growth[0].P50)) {
		fmt.Fprintf(t, "%s\t", name)

		for _, s := range r.Growth {
			fmt.Fprintf(t, "%.1f ms\t", s.P50[name])
		}

		fmt.Fprintln(t)
	}
}

func (s *Store) show(t io.Writer) {
	fmt.Fprintf(
		t,
		"\nTemporal on %s\n\nscenario\tcallers\tp50\tp95\tp99\ta second\tp50 to floor\trate to floor\t\n",
		s.Temporal,
	)

	for _, v := range s.Speeds {
		fmt.Fprintf(t, "%s\t%d\t%.1f ms\t%.1f ms\t%.1f ms\t%.1f\t%.2f\t%.2f\t%s\n",
			v.Scenario, v.Callers, v.P50, v.P95, v.P99, v.PerSecond, v.LatencyRatio, v.RateRatio, v.What)
	}

	s.showUsed(t)

	if len(s.Costs) == 0 {
		return
	}

	kinds := slices.Sorted(maps.Keys(s.Costs[0].CPU))
	fmt.Fprintf(t, "\nfor one\tevents\tbytes\ttransactions\tCPU seconds for 1,000: %s\t\n", strings.Join(kinds, "\t"))

	for _, c := range s.Costs {
		fmt.Fprintf(t, "%s\t%.1f\t%.0f\t%.1f\t", c.Scenario, c.Events, c.Bytes, c.Transactions)

		for _, kind := range kinds {
			fmt.Fprintf(t, "%.1f\t", c.CPU[kind])
		}

		fmt.Fprintln(t)
	}

	fmt.Fprintf(t, "\nmemory\tAPI and worker: %.0f MB\t\n", s.ResidentMB)
}

// showUsed writes what the processes used in the turns.
func (s *Store) showUsed(t io.Writer) {
	kinds := slices.Sorted(maps.Keys(s.Speeds[0].CPU))
	fmt.Fprintf(t, "\nCPU seconds for 1,000, and MB\tcallers\t%s\t\n", strings.Join(kinds, "\t"))

	for _, v := range s.Speeds {
		fmt.Fprintf(t, "%s\t%d\t", v.Scenario, v.Callers)

		for _, kind := range kinds {
			fmt.Fprintf(t, "%.1f, %.0f MB\t", v.CPU[kind], v.ResidentMB[kind])
		}

		fmt.Fprintln(t)
	}
}

// speed finds a scenario's speed with so many callers.
func (s *Store) speed(scenario string, callers int) Speed {
	at := slices.IndexFunc(s.Speeds, func(v Speed) bool { return v.Scenario == scenario && v.Callers == callers })
	if at < 0 {
		return Speed{}
	}

	return s.Speeds[at]
}

func (s *Store) cost(scenario string) Cost {
	at := slices.IndexFunc(s.Costs, func(c Cost) bool { return c.Scenario == scenario })
	if at < 0 {
		return Cost{}
	}

	return s.Costs[at]
}

// goals holds what was measured against what was to be reached; what was not measured is
// nothing, and no goal.
func (s *Store) goals() []Goal {
	send, settled := s.speed(scenarioSend, mostCallers), s.cost(scenarioSettled)
	all := []Goal{
		atLeast("sends to their answers, 50 callers, to floor", send.RateRatio, 1.3),
		atLeast("sends to their receipts, 50 callers, to floor", s.speed(scenarioSettled, mostCallers).RateRatio, 0.8),
		atMost("p50 of a send to its answer, one caller, to floor", s.speed(scenarioSend, 1).LatencyRatio, 0.9),
		atLeast("participants, 50 callers, to floor", s.speed(scenarioParticipant, mostCallers).RateRatio, 1.3),
		atMost("history events of a settled SMS", settled.Events, 24),
		atMost("history of a settled SMS, KiB", settled.Bytes/1024, 12),
		atMost("SQL transactions of a settled SMS", math.Round(settled.Transactions*10)/10, 6),
		atMost("memory of API and worker, MB", s.ResidentMB, 150),
	}

	if six := s.speed(scenarioSix, mostCallers).RateRatio; six > 0 {
		all = append(all, atLeast("sends to their answers, 50 callers, to six", send.RateRatio/six, 3))
	}

	return slices.DeleteFunc(all, func(g Goal) bool { return g.Got == 0 })
}

func atLeast(what string, got, want float64) Goal {
	return Goal{what, fmt.Sprintf("≥ %g", want), got, got >= want}
}

func atMost(what string, got, want float64) Goal {
	return Goal{what, fmt.Sprintf("≤ %g", want), got, got <= want}
}
