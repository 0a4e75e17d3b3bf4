package db

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// Failover is what the database shows of its history.
type Failover struct {
	// Known is the timeline that was stored, and Current the one that the server writes now.
	// Both are "" where the server does not say, as SQLite and some hosted databases do.
	Known   string
	Current string
	// Held is what [Store.HoldAfterFailover] has handed to a person.
	Held []chat.StaleDelivery
}

// Detected reports whether the database has lost its history of before.
func (f *Failover) Detected() bool { return f.Known != f.Current }

// errFailedOver says that the database has failed over, and that what may have been sent is not
// held yet.
var errFailedOver = errors.New("the database has failed over")

// currentTimeline is the timeline that the server writes. It changes with a standby's promotion,
// while pg_control_checkpoint() shows it only after the next checkpoint.
const currentTimeline = `substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`

// changedTimeline is the condition that the server writes another timeline than the known one.
// CASE, because where the known one is ” the server cannot be asked.
const changedTimeline = `EXISTS (SELECT 1 FROM database_timeline h
	WHERE h.id = 1 AND CASE h.timeline WHEN '' THEN FALSE ELSE h.timeline <> ` + currentTimeline + ` END)`

// failedOver is the condition that the database has failed over, and that what may have been
// sent is not held yet.
func (s *Store) failedOver() string {
	if s.postgres() {
		return changedTimeline
	}

	return "FALSE"
}

// historyRow is the one row about the history of the database.
type historyRow struct {
	bun.BaseModel `bun:"table:database_timeline,alias:h"`

	Known      string     `bun:"timeline"`
	HeldAt     *time.Time `bun:"held_at"`
	HeldReason string     `bun:"held_reason"`

	Current string    `bun:"current,scanonly"`
	Now     time.Time `bun:"now,scanonly"`
}

// HoldAfterFailover looks whether the database has failed over to a standby, which may lack the
// newest commits: what it has as not sent, or not known, may have been sent. If so, all of it, in
// every workspace, waits for a person from now on, and so does what was asked for before now, and
// comes later. It holds once for each failover, whoever notices it first.
func (s *Store) HoldAfterFailover(ctx context.Context) (Failover, error) {
	var found Failover

	if !s.postgres() {
		return found, nil
	}

	ctx = chat.WithoutKeyedRequest(ctx)

	err := s.inTx(ctx, "hold what may have been sent before a failover", func(ctx context.Context, tx bun.Tx) error {
		history, err := s.lockHistory(ctx, tx)
		if err != nil {
			return err
		}

		found = Failover{Known: history.Known, Current: history.Current}
		if !found.Detected() {
			return nil
		}

		found.Held, err = s.holdUnsent(ctx, tx, &history, chat.ErrorDatabaseFailedOver)

		return err
	})
	if err != nil {
		return Failover{}, err
	}

	if found.Detected() && s.onFailover != nil {
		s.onFailover(ctx, found)
	}

	return found, nil
}

// Timeline reads what the database shows of its history, and changes nothing.
func (s *Store) Timeline(ctx context.Context) (Failover, error) {
	var row historyRow

	err := s.selectHistory(s.db, &row).Scan(ctx)

	return Failover{Known: row.Known, Current: row.Current}, wrapErr("read the database's timeline", err)
}

// lockHistory reads the row about the history and holds it.
func (s *Store) lockHistory(ctx context.Context, tx bun.Tx) (historyRow, error) {
	var row historyRow
	err := s.locked(s.selectHistory(tx, &row)).Scan(ctx)

	return row, err
}

func (s *Store) selectHistory(db bun.IDB, row *historyRow) *bun.SelectQuery {
	q := db.NewSelect().Model(row).Column("timeline", "held_at", "held_reason").Where("h.id = 1")
	if !s.postgres() {
		return q.ColumnExpr("'' AS current").ColumnExpr("? AS now", s.time())
	}

	return q.ColumnExpr("CASE h.timeline WHEN '' THEN '' ELSE " + currentTimeline + " END AS current").
		ColumnExpr("clock_timestamp() AS now")
}

// holdCovering returns the hold that covers what was accepted at a time, nil if none does.
func (s *Store) holdCovering(ctx context.Context, tx bun.Tx, acceptedAt time.Time) (*chat.DatabaseHold, error) {
	var row historyRow

	if err := s.selectHistory(tx, &row).Scan(ctx); err != nil {
		return nil, err
	}

	if row.Known != row.Current {
		return nil, errFailedOver
	}

	hold := databaseHold(row.HeldAt, row.HeldReason)
	if !hold.Covers(acceptedAt) {
		return nil, nil
	}

	return hold, nil
}

func databaseHold(at *time.Time, reason string) *chat.DatabaseHold {
	if at == nil {
		return nil
	}

	return &chat.DatabaseHold{At: at.UTC(), Reason: reason}
}

// inKnownHistory is inHeldTx for a change that says what was sent and what was not: a database that
// has failed over does not know, before all that may have been sent is held.
func (s *Store) inKnownHistory(ctx context.Context, what string, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.inHeldTx(ctx, what, func(ctx context.Context, tx bun.Tx) error {
		var row historyRow

		if err := s.selectHistory(tx, &row).Scan(ctx); err != nil {
			return err
		}

		if row.Known != row.Current {
			return errFailedOver
		}

		return do(ctx, tx)
	})
}

// inHeldTx is inTx for what must not happen in a database that has failed over before all that
// may have been sent is held: it holds it then, and does it anew.
func (s *Store) inHeldTx(ctx context.Context, what string, do func(ctx context.Context, tx bun.Tx) error) error {
	return s.redoWhenHeld(ctx, func() error { return s.inTx(ctx, what, do) })
}

// redoWhenHeld does something. If that returns errFailedOver, it holds all that may have been sent, and does it anew.
func (s *Store) redoWhenHeld(ctx context.Context, do func() error) error {
	err := do()
	if !errors.Is(err, errFailedOver) {
		return err
	}

	if _, err := s.HoldAfterFailover(ctx); err != nil {
		return err
	}

	return do()
}
