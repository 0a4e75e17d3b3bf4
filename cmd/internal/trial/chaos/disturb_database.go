package chaos

import (
	"context"
	"math/rand/v2"
	"regexp"
	"time"

	"handrail/cmd/internal/trial/pgproxy"
)

// needsDatabase is the database as a whole: one disturbance of it at a time.
const needsDatabase = "database"

// kindFailover is the kind of trouble that needs a standby.
const kindFailover = "failover"

// How the way to the database is disturbed.
const (
	// cutWithin is how long a cut waits for its statement.
	cutWithin = 20 * time.Second
	// delayLeast and delayMost are how long each message of a client is held back.
	delayLeast = 10 * time.Millisecond
	delayMost  = 100 * time.Millisecond
	// disturbedLeast and disturbedMost are how long the way stays disturbed.
	disturbedLeast = 3 * time.Second
	disturbedMost  = 8 * time.Second
)

// The statements at which the way to the database is cut.
var (
	commitStatement = regexp.MustCompile(`^COMMIT`)
	// claimStatement is what gives a worker the right to post a delivery; recordStatement
	// stores what a provider answered, and reportStatement what it reported later.
	claimStatement  = regexp.MustCompile(`INSERT INTO "delivery_attempts"`)
	recordStatement = regexp.MustCompile(`UPDATE "delivery_attempts"`)
	reportStatement = regexp.MustCompile(`INSERT INTO "provider_events"`)
)

// databaseDisturbances are what happens between Handrail's processes and PostgreSQL.
func (r *run) databaseDisturbances() []disturbance {
	return []disturbance{
		{
			kind: "db_cut_claim",
			play: func(ctx context.Context, chance *rand.Rand) bool {
				side := oneOf(chance, []pgproxy.Side{pgproxy.BeforeServer, pgproxy.AfterServer})
				return r.cutAt(ctx, pgproxy.Trap{Statement: claimStatement, Side: side})
			},
		},
		{
			kind: "db_cut_before_commit",
			play: func(ctx context.Context, chance *rand.Rand) bool {
				return r.cutAtCommit(ctx, chance, pgproxy.BeforeServer)
			},
		},
		{
			kind: "db_cut_after_commit",
			play: func(ctx context.Context, chance *rand.Rand) bool {
				return r.cutAtCommit(ctx, chance, pgproxy.AfterServer)
			},
		},
		{kind: "db_delay", needs: needsDatabase, play: r.delayDatabase},
		{kind: "db_drop", needs: needsDatabase, play: r.dropDatabase},
		{
			kind:  kindFailover,
			needs: needsDatabase,
			once:  true,
			play:  r.failOver,
		},
	}
}

// cutAtCommit cuts at the commit of a claim, of a provider's answer, or of a report.
func (r *run) cutAtCommit(ctx context.Context, chance *rand.Rand, side pgproxy.Side) bool {
	within := oneOf(chance, []*regexp.Regexp{claimStatement, recordStatement, reportStatement})

	return r.cutAt(ctx, pgproxy.Trap{Statement: commitStatement, Within: within, Side: side})
}

// cutAt cuts the next connection that says such a statement.
func (r *run) cutAt(ctx context.Context, trap pgproxy.Trap) bool {
	ctx, cancel := context.WithTimeout(ctx, cutWithin)
	defer cancel()

	return r.cluster.Proxy().Cut(ctx, trap) == nil
}

// delayDatabase makes the way to the database slow.
func (r *run) delayDatabase(ctx context.Context, chance *rand.Rand) bool {
	r.cluster.Proxy().SetDelay(pickBetween(chance, delayLeast, delayMost))
	defer r.cluster.Proxy().SetDelay(0)

	return waitFor(ctx, pickBetween(chance, disturbedLeast, disturbedMost))
}

// dropDatabase lets nothing through. What was on its way then arrives late, or, half of the
// times, never.
func (r *run) dropDatabase(ctx context.Context, chance *rand.Rand) bool {
	release := r.cluster.Proxy().Hold()
	defer release()

	played := waitFor(ctx, pickBetween(chance, disturbedLeast, disturbedMost))

	if chance.IntN(2) == 0 {
		r.cluster.Proxy().CutAll()
	}

	return played
}

// failOver ends the primary for good and has the standby take its place.
func (r *run) failOver(ctx context.Context, _ *rand.Rand) bool {
	// Once begun it goes on to its end: half a failover is none.
	done, err := r.cluster.Failover(context.WithoutCancel(ctx))
	if err != nil {
		r.progress.Printf("failover: %v", err)
	}

	return done
}
