package db

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/migrate"
)

// migrationLock is the first key of the advisory lock: "hand" in ASCII. The second is the
// schema.
const migrationLock = 0x68616e64

// lockInterval is how often a migrator asks for the lock that another one holds. It does
// not wait inside PostgreSQL, where the driver's time limit would end the wait.
const lockInterval = 200 * time.Millisecond

// runExclusively runs do while no other process migrates the same tables. On PostgreSQL this
// is a session's advisory lock, which goes when its process does; Bun's own lock is a row
// that a killed process leaves behind. SQLite's transactions exclude each other anyway.
func (m *Migrator) runExclusively(ctx context.Context, do func(*migrate.Migrator) error) error {
	db := m.store.db
	if m.store.postgres() {
		// One connection, so that the lock and the migrations share a session.
		pool := m.store.connect()
		pool.SetMaxOpenConns(1)

		db = bun.NewDB(pool, pgdialect.New())
		if err := lockMigrations(ctx, db); err != nil {
			return errors.Join(err, db.Close())
		}
	}

	err := m.run(ctx, db, do)
	if db != m.store.db {
		err = errors.Join(err, db.Close()) // gives the lock back
	}

	return err
}

func (m *Migrator) run(ctx context.Context, db *bun.DB, do func(*migrate.Migrator) error) error {
	runner, err := m.newRunner(db)
	if err != nil {
		return err
	}

	if err := runner.Init(ctx); err != nil {
		return err
	}

	return do(runner)
}

func lockMigrations(ctx context.Context, db *bun.DB) error {
	again := time.NewTicker(lockInterval)
	defer again.Stop()

	for {
		var got bool

		err := db.NewRaw("SELECT pg_try_advisory_lock(?, hashtext(current_schema()))", migrationLock).Scan(ctx, &got)
		if err != nil || got {
			return err
		}

		select {
		case <-again.C:

		case <-ctx.Done():
			return errors.Join(errors.New("another process is migrating"), ctx.Err())
		}
	}
}

// Unlock ends the session that holds the migration lock, on whatever machine it is; what
// it was migrating is rolled back. The lock goes by itself with a process that ends, so
// this is for one that hangs. SQLite has no such lock and nothing happens.
func (m *Migrator) Unlock(ctx context.Context) error {
	if !m.store.postgres() {
		return nil
	}

	_, err := m.store.db.NewRaw(`SELECT pg_terminate_backend(pid) FROM pg_locks
		WHERE locktype = 'advisory' AND objsubid = 2 AND classid = ?
			AND objid::bigint = (hashtext(current_schema())::bigint & 4294967295)
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, migrationLock).Exec(ctx)

	return wrapErr("end the session that holds the migration lock", err)
}
