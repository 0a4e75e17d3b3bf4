package db_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/db"
	"handrail/db/dbtest"
)

// eachEmpty runs test on every engine with the URL of a database without tables.
func eachEmpty(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		if s.Engine() == "postgres" {
			test(t, dbtest.NewPostgresURL(t))
			return
		}

		test(t, "sqlite:"+filepath.Join(t.TempDir(), "empty.db"))
	})
}

func openStore(t *testing.T, url string) *db.Store {
	t.Helper()
	s, err := db.Open(t.Context(), url, db.WithMaxConns(3))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	return s
}

func TestMigrate(t *testing.T) {
	t.Parallel()

	eachEmpty(t, func(t *testing.T, url string) {
		s := openStore(t, url)
		migrator := db.NewMigrator(s)
		status, err := migrator.Status(t.Context())
		require.NoError(t, err, "before anything is there")
		require.NotEmpty(t, status)

		var names []string
		for _, one := range status {
			names = append(names, one.Name)
			assert.Nil(t, one.AppliedAt)
		}

		current, err := s.MigrationsCurrent(t.Context())
		require.NoError(t, err)
		assert.False(t, current)

		applied, err := migrator.Up(t.Context())
		require.NoError(t, err)
		assert.Equal(t, names, applied)
		applied, err = migrator.Up(t.Context())
		require.NoError(t, err)
		assert.Empty(t, applied)
		current, err = s.MigrationsCurrent(t.Context())
		require.NoError(t, err)
		assert.True(t, current)
		status, err = migrator.Status(t.Context())
		require.NoError(t, err)

		for _, one := range status {
			assert.WithinDuration(t, time.Now(), *one.AppliedAt, time.Minute)
		}

		require.NoError(t, migrator.Unlock(t.Context()), "when nobody holds the lock")

		_, err = s.Bun().NewRaw("DELETE FROM bun_migrations").Exec(t.Context())
		require.NoError(t, err)
		current, err = s.MigrationsCurrent(t.Context())
		require.NoError(t, err)
		assert.False(t, current)
	})
}

func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()

	eachEmpty(t, func(t *testing.T, url string) {
		var all sync.WaitGroup

		applied, errs := make([][]string, 4), make([]error, 4)
		for i := range applied {
			s := openStore(t, url)

			all.Go(func() { applied[i], errs[i] = db.NewMigrator(s).Up(t.Context()) })
		}

		all.Wait()
		require.NoError(t, errors.Join(errs...))

		names := slices.Concat(applied...)
		status, err := db.NewMigrator(openStore(t, url)).Status(t.Context())
		require.NoError(t, err)
		assert.Len(t, names, len(status), "each of them once")
	})
}

func TestMigrationThatFailsLeavesNothing(t *testing.T) {
	t.Parallel()

	eachEmpty(t, func(t *testing.T, url string) {
		s := openStore(t, url)
		_, err := s.Bun().ExecContext(
			t.Context(),
			"CREATE TABLE suppressions (id integer)",
		) // in the way of the last table
		require.NoError(t, err)
		applied, err := db.NewMigrator(s).Up(t.Context())
		require.ErrorContains(t, err, "migrate the database")
		assert.Empty(t, applied)
		_, err = s.Workspaces(t.Context())
		require.Error(t, err, "its first table is gone again")
		_, err = s.Bun().ExecContext(t.Context(), "DROP TABLE suppressions")
		require.NoError(t, err)
		applied, err = db.NewMigrator(s).Up(t.Context())
		require.NoError(t, err)
		assert.NotEmpty(t, applied)
	})
}

func TestUnlock(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		if s.Engine() != "postgres" {
			require.NoError(t, db.NewMigrator(s).Unlock(t.Context()), "nothing to do")
			return
		}

		hanging, err := s.Bun().Conn(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { _ = hanging.Close() })

		_, err = hanging.ExecContext(
			t.Context(),
			"SELECT pg_advisory_lock(?, hashtext(current_schema()))",
			db.MigrationLock,
		)
		require.NoError(t, err)

		var said string
		for limit := 100 * time.Millisecond; limit < time.Minute && !strings.Contains(said, "another process is migrating"); limit *= 2 {
			// On a busy machine a short time is over before the database is reached.
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			_, err = db.NewMigrator(s).Up(ctx)

			cancel()
			require.Error(t, err, "the lock is another's")
			said = err.Error()
		}

		assert.Contains(t, said, "another process is migrating")
		require.NoError(t, db.NewMigrator(s).Unlock(t.Context()))
		_, err = db.NewMigrator(s).Up(t.Context())
		require.NoError(t, err)
	})
}
