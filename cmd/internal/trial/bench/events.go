package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	apiclient "handrail/client"
)

// Events is what the log of events costs, and what its streams take.
type Events struct {
	// SendCPU is the processor time of API, worker and PostgreSQL for a thousand sends, in seconds, and SendP50 the
	// time of one in milliseconds, both with events and without, in the middle of all rounds.
	SendCPU WithAndWithout `json:"send_cpu_seconds_per_1000"`
	SendP50 WithAndWithout `json:"send_p50_ms"`
	// PerSend is how many events a send makes, until its receipt is waited for.
	PerSend   float64 `json:"events_per_send"`
	Streams   int     `json:"streams"`
	StreamKiB float64 `json:"api_kib_per_stream"`
	// Seen is how many events were seen in streams, the others how long after their change, in milliseconds.
	Seen int     `json:"seen"`
	P50  float64 `json:"p50_ms"`
	P95  float64 `json:"p95_ms"`
	P99  float64 `json:"p99_ms"`
	// Hanging is what a webhook endpoint that hangs costs.
	Hanging Hanging `json:"hanging_endpoint"`
}

// eventCPU is the processor time of one event in milliseconds, which may be less than what else the machine does.
func (v *Events) eventCPU() float64 { return (v.SendCPU.With - v.SendCPU.Without) / max(v.PerSend, 1) }

// WithAndWithout is one figure with events, and without.
type WithAndWithout struct {
	With    float64 `json:"with"`
	Without float64 `json:"without"`
}

func (w WithAndWithout) ratio() float64 { return w.With / w.Without }

const (
	// openStreams is how many streams are open at once: twenty of each key, which is the most that one may have.
	openStreams = 20 * keys
	// watchedChanges are made one after the other while streams are open, changePause apart.
	watchedChanges = 200
	changePause    = 50 * time.Millisecond
	// streamsSettle is how long memory is given to come to rest.
	streamsSettle = 5 * time.Second
	// streamsWithin is how long it may take until all streams are open, or have seen all.
	streamsWithin = time.Minute
)

// events measures what noting and numbering events costs a send, and then streams.
func (r *run) events(ctx context.Context, e *benchEnv) error {
	db := openSQL(e.cluster.HandrailURL())
	defer func() { _ = db.Close() }() // nothing is left to be stored

	measured := &Events{Streams: openStreams}

	if err := r.measureEventCost(ctx, e, db, measured); err != nil {
		return err
	}

	r.progress.Printf("measuring %d streams", openStreams)

	if err := e.measureStreams(ctx, measured); err != nil {
		return err
	}

	var err error
	if measured.Hanging, err = r.measureHanging(ctx, e); err != nil {
		return err
	}

	r.report.Events = measured
	r.report.Goals = append(r.report.Goals, measured.goals()...)

	return nil
}

func (v *Events) goals() []Goal {
	return []Goal{
		atMost("CPU of a send with events, to without", v.SendCPU.ratio(), 1.08),
		atMost("an event in a stream after its change, p50 in ms", v.P50, 100),
		atMost("memory of the API for one stream, KiB", v.StreamKiB, 100),
		atMost("p50 of a send with a webhook endpoint that hangs, to without", v.Hanging.SendP50.ratio(), 1.1),
	}
}

func (v *Events) show(t io.Writer) {
	fmt.Fprint(t, "\nevents\twith\twithout\tratio\t\n")
	fmt.Fprintf(
		t,
		"CPU seconds for 1,000 sends: api, worker, postgres\t%.1f\t%.1f\t%.2f\t\n",
		v.SendCPU.With,
		v.SendCPU.Without,
		v.SendCPU.ratio(),
	)
	fmt.Fprintf(t, "p50 of a send\t%.1f ms\t%.1f ms\t%.2f\t\n", v.SendP50.With, v.SendP50.Without, v.SendP50.ratio())
	fmt.Fprintf(
		t,
		"%.1f events for a send\t%.2f ms of CPU for each\t\n",
		v.PerSend,
		v.eventCPU(),
	)
	fmt.Fprintf(
		t,
		"%d streams\t%.0f KiB of the API's memory each\t"+
			"%d events seen, p50 %.0f ms, p95 %.0f ms, p99 %.0f ms after the change\t\n",
		v.Streams,
		v.StreamKiB,
		v.Seen,
		v.P50,
		v.P95,
		v.P99,
	)
	v.Hanging.show(t)
}

func (h *Hanging) show(t io.Writer) {
	fmt.Fprintf(t, "\na webhook endpoint that hangs, %d posts held\twith\twithout\tratio\t\n", h.Held)

	for _, line := range []struct {
		what string
		WithAndWithout
	}{
		{"p50 of a send", h.SendP50},
		{"another endpoint is told of a change, p50", h.LaneP50},
	} {
		fmt.Fprintf(t, "%s\t%.1f ms\t%.1f ms\t%.2f\t\n", line.what, line.With, line.Without, line.ratio())
	}
}

// measureEventCost sends with events and without in turns: with, without, without, with, and so on, so that a database
// which grows costs both the same. Without events the triggers that note changes are off: there is nothing to number.
func (r *run) measureEventCost(ctx context.Context, e *benchEnv, db *sql.DB, measured *Events) error {
	send := &scenario{name: scenarioSend, act: e.actor.send, silent: true}
	cpu := map[bool][]float64{}
	latencies := map[bool][]float64{}
	sends := 0

	before, err := countEvents(ctx, db)
	if err != nil {
		return err
	}

	for round := range 2 * r.Rounds {
		noted := round%4 == 0 || round%4 == 3
		r.progress.Printf("measuring sends, events: %t (%d of %d)", noted, round+1, 2*r.Rounds)

		if err := switchEventTriggers(ctx, db, noted); err != nil {
			return err
		}

		used, done, err := e.measureUsedBy(ctx, send, enoughAfter(r.Slice))
		if err != nil {
			return err
		}

		cpu[noted] = append(cpu[noted], used)
		latencies[noted] = append(latencies[noted], toMilliseconds(done.quantile(0.5)))

		if noted {
			sends += len(done.latencies)
		}
	}

	after, err := countEvents(ctx, db)
	if err != nil {
		return err
	}

	measured.PerSend = float64(after-before) / float64(max(sends, 1))

	measured.SendCPU = WithAndWithout{With: median(cpu[true]), Without: median(cpu[false])}
	measured.SendP50 = WithAndWithout{With: median(latencies[true]), Without: median(latencies[false])}

	return switchEventTriggers(ctx, db, true)
}

// measureUsedBy returns the CPU seconds of API, worker and PostgreSQL for a thousand of a scenario.
func (e *benchEnv) measureUsedBy(ctx context.Context, sc *scenario, until enough) (float64, *slice, error) {
	before, err := e.meter.processes()
	if err != nil {
		return 0, nil, err
	}

	done, err := e.runScenario(ctx, sc, mostCallers, until)
	if err != nil {
		return 0, nil, err
	}

	after, err := e.meter.processes()
	if err != nil {
		return 0, nil, err
	}

	used := 0.0
	for _, kind := range []string{"api", "worker", "postgres"} {
		used += after.cpu[kind] - before.cpu[kind]
	}

	return used / float64(len(done.latencies)) * 1000, done, e.terminateOpen(ctx, sc, done)
}

// countEvents counts what is an event, or is about to be one: a change of a send is one event.
func countEvents(ctx context.Context, db *sql.DB) (int64, error) {
	const query = `SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM event_changes)`

	var count int64
	if err := db.QueryRowContext(ctx, query).Scan(&count); err != nil {
		return 0, fmt.Errorf("count the events: %w", err)
	}

	return count, nil
}

// switchEventTriggers has changes noted, or not.
func switchEventTriggers(ctx context.Context, db *sql.DB, on bool) error {
	const statements = `SELECT format('ALTER TABLE %%I %s TRIGGER %%I', c.relname, t.tgname)
		FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
		WHERE NOT t.tgisinternal AND p.prosrc LIKE '%%event_changes%%'`

	word := "DISABLE"
	if on {
		word = "ENABLE"
	}

	rows, err := db.QueryContext(ctx, fmt.Sprintf(statements, word))
	if err != nil {
		return fmt.Errorf("find the triggers of events: %w", err)
	}

	defer func() { _ = rows.Close() }() // Err reports what went wrong

	var all []string

	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return err
		}

		all = append(all, one)
	}

	if len(all) == 0 {
		return errors.Join(rows.Err(), errNoTriggers)
	}

	for _, one := range all {
		if _, err := db.ExecContext(ctx, one); err != nil {
			return fmt.Errorf("switch the triggers of events: %w", err)
		}
	}

	return nil
}

var errNoTriggers = errors.New("there are no triggers that note events")

// watchers are readers of streams.
type watchers struct {
	reading sync.WaitGroup
	// seen has how long after its change the first reader has seen an event, and alive counts what all have seen.
	seen  chan time.Duration
	alive atomic.Int64
	// failed has the first error of a reader.
	failed chan error
}

// measureStreams opens streams, and looks when events come.
func (e *benchEnv) measureStreams(ctx context.Context, measured *Events) error {
	ctx, cancel := context.WithCancel(ctx)
	w := &watchers{
		seen:   make(chan time.Duration, 2*watchedChanges),
		failed: make(chan error, openStreams),
	}

	defer func() {
		cancel()
		w.reading.Wait()
	}()

	before, err := e.meter.processes()
	if err != nil {
		return err
	}

	for number := range openStreams {
		if err := e.watchEvents(ctx, w, number); err != nil {
			return err
		}
	}

	// All of them have seen one event: they are open.
	if err := e.awaitOpenStreams(ctx, w); err != nil {
		return err
	}

	if err := pause(ctx, streamsSettle); err != nil {
		return err
	}

	after, err := e.meter.processes()
	if err != nil {
		return err
	}

	measured.StreamKiB = max(0, after.resident["api"]-before.resident["api"]) / openStreams / 1024

	for len(w.seen) > 0 {
		<-w.seen
	}

	for range watchedChanges {
		if err := errors.Join(e.changeChat(ctx), pause(ctx, changePause)); err != nil {
			return err
		}
	}

	return w.read(ctx, measured)
}

// watchEvents opens a stream and reads it until ctx ends.
func (e *benchEnv) watchEvents(ctx context.Context, w *watchers, number int) error {
	api, err := apiclient.New(e.cluster.APIs()[0], e.actor.seeded.Secrets[number%len(e.actor.seeded.Secrets)])
	if err != nil {
		return err
	}

	params := apiclient.ListEventsParams{Types: []apiclient.EventType{"message.created"}}

	w.reading.Go(func() {
		for streamed, err := range api.FollowEvents(ctx, string(e.actor.seeded.Workspace), params) {
			switch {
			case err != nil:
				w.failed <- err
			case streamed.Event == nil:
				w.failed <- errors.New(streamed.Notice)
			case number == 0:
				w.seen <- time.Since(streamed.Event.At)
			}

			w.alive.Add(1)
		}
	})

	return nil
}

// awaitOpenStreams changes something until every stream has seen it.
func (e *benchEnv) awaitOpenStreams(ctx context.Context, w *watchers) error {
	for until := time.Now().Add(streamsWithin); time.Now().Before(until); {
		seen := w.alive.Load()

		if err := errors.Join(e.changeChat(ctx), pause(ctx, time.Second)); err != nil {
			return err
		}

		switch {
		case len(w.failed) > 0:
			return fmt.Errorf("follow events: %w", <-w.failed)
		case w.alive.Load()-seen >= openStreams:
			return nil
		}
	}

	return fmt.Errorf("%d streams are not open after %s", openStreams, streamsWithin)
}

// changeChat makes an event.
func (e *benchEnv) changeChat(ctx context.Context) error {
	return e.actor.write(ctx, 0, e.actor.reading[0], "Hello?")
}

// read waits until a reader has seen all changes, and takes over how long that took.
func (w *watchers) read(ctx context.Context, measured *Events) error {
	late := time.NewTimer(streamsWithin)
	defer late.Stop()

	var all slice

	for len(all.latencies) < watchedChanges {
		select {
		case took := <-w.seen:
			all.latencies = append(all.latencies, took)
		case err := <-w.failed:
			return fmt.Errorf("follow events: %w", err)
		case <-late.C:
			return fmt.Errorf("a stream has seen %d of %d events", len(all.latencies), watchedChanges)
		case <-ctx.Done():
			return ctx.Err()
		}
	}

	measured.Seen = len(all.latencies)
	measured.P50 = toMilliseconds(all.quantile(0.5))
	measured.P95 = toMilliseconds(all.quantile(0.95))
	measured.P99 = toMilliseconds(all.quantile(0.99))

	return nil
}

func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil

	case <-ctx.Done():
		return ctx.Err()
	}
}

// median is the figure in the middle, the upper of two.
func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))

	return sorted[len(sorted)/2]
}
