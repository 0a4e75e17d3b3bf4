package main

import (
	"errors"
	"fmt"
	"time"

	"handrail/cmd/internal/service"
	"handrail/db"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply all pending migrations."`
	Status migrateStatus `cmd:"" help:"List the migrations and when each was applied."`
	Unlock migrateUnlock `cmd:"" help:"Release the lock that a killed migration left behind."`

	AfterRestore migrateAfterRestore `cmd:"" help:"Run this once after you have restored the database from a backup, before you start API and worker. It holds every delivery that may have been sent since the backup, then asks the providers about each."`

	AfterFailover migrateAfterFailover `cmd:"" help:"Run this after PostgreSQL has failed over to a standby. It holds every delivery that may have been sent by what the standby does not have, unless a worker has done so already, then asks the providers about each."`
}

type (
	migrateUp     struct{}
	migrateStatus struct{}
	migrateUnlock struct{}

	migrateAfterRestore  struct{}
	migrateAfterFailover struct{}
)

// Run applies what is missing.
func (migrateUp) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		applied, err := db.NewMigrator(s).Up(p.ctx)
		for _, name := range applied {
			fmt.Fprintln(p.out, "applied", name)
		}

		if err == nil && len(applied) == 0 {
			fmt.Fprintln(p.out, "nothing to do: the database is up to date")
		}

		return err
	})
}

// Run lists the migrations.
func (migrateStatus) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		all, err := db.NewMigrator(s).Status(p.ctx)
		if err != nil {
			return err
		}

		t := newTable(p.out, "MIGRATION", "APPLIED")

		for _, m := range all {
			applied := "not yet"
			if m.AppliedAt != nil {
				applied = m.AppliedAt.UTC().Format(time.RFC3339)
			}

			t.row(m.Name, applied)
		}

		return t.flush()
	})
}

// Run releases the lock.
func (migrateUnlock) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		if err := db.NewMigrator(s).Unlock(p.ctx); err != nil {
			return err
		}

		fmt.Fprintln(p.out, "unlocked")

		return nil
	})
}

// withStore opens the database for do, and closes it afterwards.
func (p *process) withStore(do func(*db.Store) error) error {
	s, err := service.OpenStore(p.ctx, p.config, p.logger)
	if err != nil {
		return err
	}

	return errors.Join(do(s), s.Close())
}
