package db

import (
	"context"
	"crypto/tls"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/chat"
)

// Bun is the pool, for tests that look behind the methods.
func (s *Store) Bun() *bun.DB { return s.db }

// Engine is postgres or sqlite.
func (s *Store) Engine() string { return s.engine }

// Watched is the store with a hook on its queries.
func (s *Store) Watched(hook bun.QueryHook) *Store {
	watched := *s
	watched.db = s.db.WithQueryHook(hook)

	return &watched
}

// FillDisk keeps the file of an SQLite database from growing.
func FillDisk(ctx context.Context, s *Store) error {
	s.db.SetMaxOpenConns(1)
	s.db.SetMaxIdleConns(1)

	_, err := s.db.ExecContext(ctx, "PRAGMA max_page_count = 1") // which SQLite takes for the present size

	return err
}

// MigrationLock is the first key of the advisory lock.
const MigrationLock = migrationLock

// TLSConfig is the TLS configuration that a PostgreSQL URL asks for.
func TLSConfig(url string) (*tls.Config, error) {
	opts, err := postgresOptions(url)
	if err != nil {
		return nil, err
	}

	return pgdriver.NewConnector(opts...).Config().TLSConfig, nil
}

// ReadCursor decodes a cursor of a list of things that are sorted by time and id.
func ReadCursor(cursor string) error {
	var at int64
	var id string
	_, err := readCursor("list", cursor, &at, &id)

	return err
}

// MemberReferences are the columns that name a member, as a merge knows them.
func MemberReferences() []string {
	var all []string
	for _, r := range slices.Concat(movedReferences, keptReferences) {
		all = append(all, r.table+"."+r.column)
	}

	slices.Sort(all)

	return all
}

// NewestEventChange is the id of the newest change that a trigger has noted, on SQLite.
func NewestEventChange(ctx context.Context, s *Store) (int64, error) {
	var id int64
	err := s.db.NewRaw("SELECT seq FROM sqlite_sequence WHERE name = 'event_changes'").Scan(ctx, &id)

	return id, unlessNone(err)
}

// EventsSince are the events of the changes after one that have no numbers yet.
func EventsSince(ctx context.Context, s *Store, id int64) ([]chat.Event, error) {
	var rows []eventChangeRow
	if err := s.db.NewSelect().Model(&rows).Where("ec.id > ?", id).OrderExpr("ec.id").Scan(ctx); err != nil {
		return nil, err
	}

	changes := mapSlice(rows, (*eventChangeRow).change)
	err := markNoticeChanges(ctx, s.db, changes)

	return chat.EventsOf(changes), err
}
