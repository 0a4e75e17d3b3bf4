package db

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"handrail/chat"
	"handrail/db/migrations"
)

// Migrator brings a database's tables to what this version needs.
type Migrator struct {
	store *Store
	// addresses are what the last [Migrator.Up] has changed of addresses, or left.
	addresses []AddressChange
}

// NewMigrator migrates the store's database.
func NewMigrator(s *Store) *Migrator { return &Migrator{store: s} }

// MigrationStatus reports whether one migration has been applied.
type MigrationStatus struct {
	Name string
	// AppliedAt is nil for one that has not.
	AppliedAt *time.Time
}

// errAppliedMeanwhile stops a migration that another process has just finished.
var errAppliedMeanwhile = errors.New("the migration has just been applied by another process")

// Up applies the migrations that have not been, in order, and returns their names. Each
// is one transaction together with the note that it was applied: one that fails, or whose
// process is killed, leaves nothing behind, and Up can simply be run again. Two processes
// may run it at once.
func (m *Migrator) Up(ctx context.Context) ([]string, error) {
	var applied []string
	err := m.runExclusively(ctx, func(runner *migrate.Migrator) error {
		for {
			group, err := runner.Migrate(ctx)
			for _, one := range appliedMigrations(group, err) {
				applied = append(applied, one.Name)
			}

			if !errors.Is(err, errAppliedMeanwhile) {
				return err
			}
		}
	})

	return applied, wrapErr("migrate the database", err)
}

// appliedMigrations are the migrations of a group that were applied: not the last when it
// failed.
func appliedMigrations(group *migrate.MigrationGroup, err error) []migrate.Migration {
	if err != nil && len(group.Migrations) > 0 {
		return group.Migrations[:len(group.Migrations)-1]
	}

	return group.Migrations
}

// Status lists the migrations of this version, in order.
func (m *Migrator) Status(ctx context.Context) ([]MigrationStatus, error) {
	all, err := m.status(ctx)
	if err != nil {
		return nil, wrapErr("read which migrations are applied", err)
	}

	status := make([]MigrationStatus, len(all))
	for i, one := range all {
		status[i].Name = one.Name
		if one.IsApplied() {
			status[i].AppliedAt = chat.UTC(&one.MigratedAt)
		}
	}

	return status, nil
}

func (m *Migrator) status(ctx context.Context) (migrate.MigrationSlice, error) {
	all, err := migrations.For(m.store.engine)
	if err != nil {
		return nil, err
	}

	exists := "SELECT to_regclass('bun_migrations') IS NOT NULL"
	if !m.store.postgres() {
		exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'bun_migrations')"
	}

	var begun bool
	if err := m.store.db.NewRaw(exists).Scan(ctx, &begun); err != nil {
		return nil, err
	}

	if !begun {
		return all.Sorted(), nil
	}

	return migrate.NewMigrator(m.store.db, all).MigrationsWithStatus(ctx)
}

// MigrationsCurrent reports whether every migration of this version has been applied. A
// database that is further, because a newer version runs beside this one, is current.
func (s *Store) MigrationsCurrent(ctx context.Context) (bool, error) {
	all, err := NewMigrator(s).status(ctx)
	return err == nil && len(all.Unapplied()) == 0, wrapErr("read which migrations are applied", err)
}

// AddressChanges lists the addresses that [Migrator.Up] has put into their one form, or had to
// leave.
func (m *Migrator) AddressChanges() []AddressChange { return m.addresses }

// finish does what a migration needs beside its SQL, in its transaction.
func (m *Migrator) finish(ctx context.Context, conn bun.IConn, name string) error {
	tx, ok := conn.(bun.IDB)
	if name != addressMigration || !ok {
		return nil
	}

	changes, err := canonicalizeAddresses(ctx, tx, m.store.time())
	m.addresses = changes

	return err
}

// newRunner makes Bun's migrator on db. By itself it notes a migration in a transaction
// of its own; the hooks put the note into the migration's, and the upsert lets Bun repeat
// it harmlessly.
func (m *Migrator) newRunner(db *bun.DB) (*migrate.Migrator, error) {
	all, err := migrations.For(m.store.engine)
	if err != nil {
		return nil, err
	}

	return migrate.NewMigrator(db, all,
		migrate.WithMarkAppliedOnSuccess(true), migrate.WithUpsert(true),
		migrate.BeforeMigration(func(ctx context.Context, tx bun.IConn, one *migrate.Migration) error {
			count, err := db.NewSelect().Conn(tx).Table("bun_migrations").Where("name = ?", one.Name).Count(ctx)
			if err == nil && count > 0 {
				return errAppliedMeanwhile
			}

			return err
		}),
		migrate.AfterMigration(func(ctx context.Context, tx bun.IConn, one *migrate.Migration) error {
			note := migrate.Migration{Name: one.Name, GroupID: one.GroupID, MigratedAt: m.store.time()}

			if _, err := db.NewInsert().Conn(tx).Model(&note).ModelTableExpr("bun_migrations").Exec(ctx); err != nil {
				return err
			}

			return m.finish(ctx, tx, one.Name)
		})), nil
}
