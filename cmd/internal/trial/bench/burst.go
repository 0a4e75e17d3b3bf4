package bench

import (
	"context"
	"fmt"
	"time"

	handrail "handrail/client"
	"handrail/cmd/internal/trial/testcluster"
)

// Burst is what a bulk retry of one workspace makes of another's sends: their p50, in
// milliseconds, with one caller.
type Burst struct {
	Retries int     `json:"retries"`
	Begun   int     `json:"begun_meanwhile"`
	Before  float64 `json:"p50_before_ms"`
	During  float64 `json:"p50_during_ms"`
}

const (
	// burstRetries are retried, as fast as may be.
	burstRetries   = 5000
	burstPerSecond = 50
	burstMeasured  = 30 * time.Second
)

// burst has one workspace retry in bulk, and measures another one's sends.
func (r *run) burst(ctx context.Context, e *benchEnv) error {
	greedy, err := e.seedGreedyWorkspace(ctx)
	if err != nil {
		return err
	}

	copies, err := newBulk(ctx, openSQL(e.cluster.HandrailURL()), r.out, greedy.Chats[0], burstFirst)
	if err != nil {
		return err
	}

	defer copies.close()

	if err := copies.grow(ctx, burstRetries); err != nil {
		return err
	}

	send := &scenario{name: scenarioSend, act: e.actor.send}

	r.progress.Printf("measuring sends of one workspace alone")

	before, err := e.measureSlice(ctx, send, 1, enoughAfter(burstMeasured))
	if err != nil {
		return err
	}

	r.progress.Printf("measuring them while another one retries %d, %d a second", burstRetries, burstPerSecond)

	if err := e.retryInBulk(ctx, greedy); err != nil {
		return err
	}

	during, err := e.measureSlice(ctx, send, 1, enoughAfter(burstMeasured))
	if err != nil {
		return err
	}

	b := &Burst{
		Retries: burstRetries,
		Before:  toMilliseconds(before.quantile(0.5)),
		During:  toMilliseconds(during.quantile(0.5)),
	}

	const begun = `SELECT count(*) FROM deliveries WHERE workspace_id = $1 AND retry_of IS NOT NULL`
	if err := copies.db.QueryRowContext(ctx, begun, greedy.Workspace).Scan(&b.Begun); err != nil {
		return err
	}

	r.report.Burst = b
	r.report.Goals = append(
		r.report.Goals,
		atMost("p50 of a send while another workspace retries 5,000, to before", b.During/b.Before, 2),
	)

	return nil
}

// retryInBulk begins the bulk retry of the greedy workspace.
func (e *benchEnv) retryInBulk(ctx context.Context, greedy *testcluster.Seeded) error {
	apis, err := newClients(e.cluster.APIs()[0], greedy.Secrets)
	if err != nil {
		return err
	}

	// It goes on after the answer.
	_, err = apis[0].RetryDeliveriesWithResponse(
		ctx,
		string(greedy.Workspace),
		&handrail.RetryDeliveriesParams{IdempotencyKey: new("burst")},
		handrail.NewBulkRetry{
			Status:        new(handrail.DeliveryStatusUndelivered),
			RatePerSecond: new(int64(burstPerSecond)),
			Reason:        new("A burst."),
		},
	)
	if err != nil {
		return fmt.Errorf("begin the bulk retry: %w", err)
	}

	return nil
}

// seedGreedyWorkspace makes a workspace with a message that has not been delivered.
func (e *benchEnv) seedGreedyWorkspace(ctx context.Context) (*testcluster.Seeded, error) {
	other, err := e.newActor(ctx, 1)
	if err != nil {
		return nil, err
	}

	if err := other.faults(ctx, "undelivered"); err != nil {
		return nil, err
	}

	id, err := other.sendIn(ctx, 0, other.sending[0], handrail.Send{Message: text})
	if err != nil {
		return nil, err
	}

	return other.seeded, other.temporal.GetWorkflow(ctx, id, "").Get(ctx, nil)
}

// newActor makes another workspace with one chat, and returns who acts in it.
func (e *benchEnv) newActor(ctx context.Context, number int) (*actor, error) {
	store, err := e.cluster.Store(ctx)
	if err != nil {
		return nil, err
	}

	defer func() { _ = store.Close() }() // all is stored, or reported as an error

	seeded, err := testcluster.Seed(ctx, store, testcluster.SeedOptions{Number: number, Keys: keys, Chats: 1})
	if err != nil {
		return nil, err
	}

	apis, err := newClients(e.cluster.APIs()[0], seeded.Secrets)
	if err != nil {
		return nil, err
	}

	return &actor{
		cluster:  e.cluster,
		seeded:   seeded,
		sending:  seeded.Chats,
		temporal: e.actor.temporal,
		engine:   e.actor.engine,
		apis:     apis,
		http:     e.actor.http,
	}, nil
}

// burstFirst is above the ids of all other copies.
const burstFirst = 2 * firstCopy
