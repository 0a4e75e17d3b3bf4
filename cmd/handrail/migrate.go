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

	Addresses migrateAddresses `cmd:"" help:"List the members who share an address since before addresses were unique, with the command that merges two."`

	AfterRestore migrateAfterRestore `cmd:"" help:"Run this once after you have restored the database from a backup, before you start API and worker. It holds every delivery that may have been sent since the backup, then asks the providers about each."`

	AfterFailover migrateAfterFailover `cmd:"" help:"Run this after PostgreSQL has failed over to a standby. It holds every delivery that may have been sent by what the standby does not have, unless a worker has done so already, then asks the providers about each."`
}

type (
	migrateUp     struct{}
	migrateStatus struct{}
	migrateUnlock struct{}

	migrateAddresses struct{}

	migrateAfterRestore  struct{}
	migrateAfterFailover struct{}
)

// Run applies what is missing.
func (migrateUp) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		migrator := db.NewMigrator(s)

		applied, err := migrator.Up(p.ctx)
		for _, name := range applied {
			fmt.Fprintln(p.out, "applied", name)
		}

		if err == nil && len(applied) == 0 {
			fmt.Fprintln(p.out, "nothing to do: the database is up to date")
		}

		if err := errors.Join(err, p.showAddresses(migrator.AddressChanges())); err != nil || len(applied) == 0 {
			return err
		}

		return p.showRevokedSenders(s)
	})
}

// Run lists the addresses that are left for a person.
func (migrateAddresses) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		shared, err := s.SharedAddresses(p.ctx)
		if err != nil {
			return err
		}

		if len(shared) == 0 {
			fmt.Fprintln(p.out, "nothing to do: every address belongs to one member")
		}

		return p.showAddresses(shared)
	})
}

// showAddresses writes which addresses were put into their one form, and what is left to do. They
// go to the operator's terminal, and into no log.
func (p *process) showAddresses(changes []db.AddressChange) error {
	if len(changes) == 0 {
		return nil
	}

	t := newTable(p.out, "WORKSPACE", "OF", "ADDRESS", "NOW", "LEFT TO DO")

	for _, change := range changes {
		t.row(
			string(change.WorkspaceID),
			change.Of,
			makePrintable(change.Old),
			makePrintable(change.New),
			makePrintable(change.Left),
		)
	}

	return t.flush()
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
