package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// CheckWritable reports whether the database answers and takes writes. One whose disk is full, and a PostgreSQL that
// recovers, is a standby, or was made read-only, does not: CodeUnavailable.
func (s *Store) CheckWritable(ctx context.Context) error {
	if s.postgres() {
		if err := s.checkReadOnly(ctx); err != nil {
			return err
		}
	}

	return s.probe(ctx)
}

// probe writes, for nothing else shows that a disk is full. Repeated, it writes the same row.
func (s *Store) probe(ctx context.Context) error {
	err := s.inTx(ctx, "try a write", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(
			"INSERT INTO probe (name, checked_at) VALUES ('write', ?) "+
				"ON CONFLICT (name) DO UPDATE SET checked_at = excluded.checked_at",
			s.time(),
		).Exec(ctx)

		return err
	})
	if isMissingTable(err) {
		return nil // it comes with the migrations, whose absence is told by itself
	}

	return err
}

// checkReadOnly asks PostgreSQL whether it takes writes.
func (s *Store) checkReadOnly(ctx context.Context) error {
	var recovering, readOnly bool

	err := s.db.NewRaw("SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'").
		Scan(ctx, &recovering, &readOnly)

	switch {
	case err != nil:
		return wrapErr("ask whether the database takes writes", err)
	case recovering:
		return chat.Unavailable("the database takes no writes: it is a standby, or still recovering")
	case readOnly:
		return chat.Unavailable(readOnlyMessage)
	}

	return nil
}

// ClockOffset measures by how much the clock of this process is ahead of the database's. The
// middle of a round trip is when the database has read its own. SQLite has the clock of the
// process.
func (s *Store) ClockOffset(ctx context.Context) (time.Duration, error) {
	if !s.postgres() {
		return 0, nil
	}

	// A connection that has to be made first would make the round trip longer.
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return 0, wrapErr("ask for the database's time", err)
	}

	defer func() { _ = conn.Close() }() // it goes back to the pool

	var there time.Time

	before := s.now()
	err = conn.NewRaw("SELECT clock_timestamp()").Scan(ctx, &there)
	after := s.now()

	return before.Add(after.Sub(before) / 2).Sub(there), wrapErr("ask for the database's time", err)
}

// Durability is how PostgreSQL keeps what it has committed.
type Durability struct {
	// SynchronousCommit is on, remote_apply, remote_write, local or off.
	SynchronousCommit string
	Fsync             bool
	FullPageWrites    bool
	// SynchronousStandbys are the standbys that a commit waits for, "" if it waits for none.
	SynchronousStandbys string
	// Standbys is how many standbys stream.
	Standbys int
}

// Durability reads how the database keeps what it has committed. It is nil for SQLite, which
// keeps it on disk and nowhere else.
func (s *Store) Durability(ctx context.Context) (*Durability, error) {
	if !s.postgres() {
		return nil, nil //nolint:nilnil // see above
	}

	var d Durability

	err := s.db.NewRaw(`SELECT current_setting('synchronous_commit'), current_setting('fsync')::boolean,
		current_setting('full_page_writes')::boolean, current_setting('synchronous_standby_names'),
		(SELECT count(*) FROM pg_stat_replication WHERE state IS NULL OR state = 'streaming')`).
		Scan(ctx, &d.SynchronousCommit, &d.Fsync, &d.FullPageWrites, &d.SynchronousStandbys, &d.Standbys)
	if err != nil {
		return nil, wrapErr("read how durable the database is", err)
	}

	return &d, nil
}

const fullMessage = "the database has no room left on its disk: it takes no writes until there is some; reading works"

const readOnlyMessage = "the database takes no writes now: it is read-only; try again"
