package bench

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"handrail/chat"
	handrail "handrail/client"
	"handrail/worker"
)

// Waiting is what sends that wait for people cost the sweep that looks for forgotten ones.
type Waiting struct {
	Sends int `json:"sends"`
	// Looked is how many sends the sweep looked at, PerSecond how many of them in a second.
	Looked    int     `json:"looked_at"`
	PerSecond float64 `json:"per_second"`
	// Share is the part of one worker's time that it takes to look at all of them once a day.
	Share float64 `json:"share_of_a_worker"`
}

// waitingStages are the numbers of sends that wait.
func waitingStages() []int { return []int{1_000, 1_000_000} }

const (
	// looks is how many sends a sweep is made to look at: those that are due next.
	looks = 1_000
	// lookedAtEvery is how often a send that waits for long is looked at.
	lookedAtEvery = 24 * time.Hour
	// staleAfter is the default of HANDRAIL_STALE_AFTER.
	staleAfter = 15 * time.Minute
)

// waiting measures a sweep with few and with many sends that wait for people.
func (r *run) waiting(ctx context.Context, e *benchEnv) error {
	b, err := newBulk(ctx, openSQL(e.cluster.HandrailURL()), r.out, e.actor.model, firstCopy)
	if err != nil {
		return err
	}

	defer b.close()

	model, err := e.openSend(ctx, b.db)
	if err != nil {
		return err
	}

	for _, sends := range waitingStages() {
		r.progress.Printf("%d sends wait for people", sends)

		if err := b.storeWaiting(ctx, model, sends); err != nil {
			return err
		}

		stage, err := e.measureSweep(ctx, sends)
		if err != nil {
			return err
		}

		r.report.Waiting = append(r.report.Waiting, stage)
	}

	r.report.Goals = append(r.report.Goals, waitingGoals(r.report.Waiting)...)

	return nil
}

// openSend makes a send whose workflow stays open, and returns its delivery.
func (e *benchEnv) openSend(ctx context.Context, db *sql.DB) (chat.DeliveryID, error) {
	a := e.actor
	if err := a.silence(ctx, true); err != nil {
		return "", err
	}

	if _, err := a.sendIn(ctx, 0, a.model, handrail.Send{Message: text}); err != nil {
		return "", err
	}

	var id chat.DeliveryID

	err := db.QueryRowContext(
		ctx,
		`SELECT id FROM deliveries WHERE chat_id = $1 ORDER BY created_at DESC LIMIT 1`,
		a.model,
	).Scan(&id)

	return id, err
}

// storeWaiting replaces the copies of a delivery by so many that wait for an approval since two
// days, and that a sweep is to look at in the course of the next one. Their workflow is that of
// the delivery, which is open.
func (b *bulk) storeWaiting(ctx context.Context, model chat.DeliveryID, sends int) error {
	conn, err := b.db.Conn(ctx)
	if err != nil {
		return err
	}

	defer func() { _ = conn.Close() }() // all is stored, or reported as an error

	insert, err := b.statement(ctx, copied{"deliveries", fmt.Sprintf("id = '%s'", model), map[string]string{
		"id":                  deriveUUID("id"),
		"purpose_key":         "purpose_key || ':' || n",
		"submission":          "'pending'",
		"carrier":             "''",
		"carrier_rank":        "0",
		"fence":               "0",
		"provider_message_id": "NULL",
		"evidence":            "'none'",
		"evidence_until":      "NULL",
		"updated_at":          "now() - interval '2 days'",
		"sweep_after":         fmt.Sprintf("now() + n * interval '24 hours' / %d", sends),
	}})
	if err != nil {
		return err
	}

	for _, statement := range []string{
		// Nothing is said about messages and actions that are not there.
		"SET session_replication_role = replica",
		fmt.Sprintf("DELETE FROM deliveries WHERE chat_id = %d AND id <> '%s'", b.chat, model),
	} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}

	if _, err := conn.ExecContext(ctx, insert, 1, sends); err != nil {
		return err
	}

	_, err = conn.ExecContext(ctx, "VACUUM ANALYZE deliveries")

	return err
}

// countedEngine counts the workflows that a sweep looks at.
type countedEngine struct {
	worker.SweepEngine
	looked int
}

func (c *countedEngine) CheckOpen(ctx context.Context, workflowID string) error {
	c.looked++
	return c.SweepEngine.CheckOpen(ctx, workflowID)
}

// measureSweep sweeps what is due next. It runs as a worker's would, beside those
// of the workers, which look only at what is due by now.
func (e *benchEnv) measureSweep(ctx context.Context, sends int) (Waiting, error) {
	store, err := e.cluster.Store(ctx)
	if err != nil {
		return Waiting{}, err
	}

	defer func() { _ = store.Close() }() // nothing is left to be stored

	counted := &countedEngine{SweepEngine: e.actor.engine}
	sweeper := worker.Sweeper{
		Store:      store,
		Engine:     counted,
		Logger:     slog.New(slog.DiscardHandler),
		StaleAfter: staleAfter,
	}

	began := time.Now()
	sweeper.Sweep(ctx, began.Add(lookedAtEvery*looks/time.Duration(sends)))
	took := time.Since(began).Seconds()

	if counted.looked == 0 {
		return Waiting{}, fmt.Errorf("a sweep over %d sends looked at none", sends)
	}

	rate := float64(counted.looked) / took

	return Waiting{
		Sends:     sends,
		Looked:    counted.looked,
		PerSecond: rate,
		Share:     float64(sends) / rate / lookedAtEvery.Seconds(),
	}, nil
}

// waitingGoals hold the sweep with the most sends against that with the fewest.
func waitingGoals(stages []Waiting) []Goal {
	few, many := stages[0], stages[len(stages)-1]

	return []Goal{
		atLeast("sends looked at a second with a million that wait, to a thousand", many.PerSecond/few.PerSecond, 0.7),
		atMost("part of a worker's time that a million waiting sends take", many.Share, 0.25),
	}
}
