// Package dbtest gives tests a database of their own: a migrated [db.Store] on SQLite, on
// PostgreSQL, or on each of them in turn, and a seeded world to begin with. PostgreSQL
// comes from TEST_DATABASE_URL; `make test` sets it.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/db"
)

// Watch is given every store of [Each], and what it returns is what the test gets. A package's tests may set it before
// they run.
var Watch = func(_ *testing.T, s *db.Store) *db.Store { return s }

// Each runs test on every engine, each time on a fresh database. Without
// TEST_DATABASE_URL it fails, because an engine that is silently left out looks like one
// that passes; HANDRAIL_TEST_SQLITE_ONLY=1 leaves it out on purpose.
func Each(t *testing.T, test func(t *testing.T, s *db.Store)) {
	t.Helper()

	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, Watch(t, New(t)))
	})

	if sqliteOnly() {
		return
	}

	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Watch(t, NewPostgres(t)))
	})
}

// sqliteOnly reports whether PostgreSQL is left out on purpose.
func sqliteOnly() bool {
	return os.Getenv("HANDRAIL_TEST_SQLITE_ONLY") == "1" //nolint:forbidigo // the environment configures tests
}

// New returns a store on a migrated SQLite file that goes with the test.
func New(tb testing.TB, opts ...db.Option) *db.Store {
	tb.Helper()

	migrated, err := template()
	require.NoError(tb, err)
	file := filepath.Join(tb.TempDir(), "test.db")
	require.NoError(tb, os.WriteFile(file, migrated, 0o600))

	return openStore(tb, "sqlite:"+file, opts)
}

// template is a migrated SQLite file: migrating once and copying is faster.
var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "handrail-dbtest-")
	if err != nil {
		return nil, err
	}

	defer os.RemoveAll(folder)

	file := filepath.Join(folder, "template.db")

	store, err := db.Open(context.Background(), "sqlite:"+file)
	if err != nil {
		return nil, err
	}

	if _, err := db.NewMigrator(store).Up(context.Background()); err != nil {
		return nil, err
	}

	if err := store.Close(); err != nil { // also brings the log into the file
		return nil, err
	}

	return os.ReadFile(file)
})

// NewPostgres returns a store on a migrated schema of its own, which goes with the test.
func NewPostgres(tb testing.TB, opts ...db.Option) *db.Store {
	tb.Helper()
	store := openStore(tb, NewPostgresURL(tb), append([]db.Option{db.WithMaxConns(8)}, opts...))
	_, err := db.NewMigrator(store).Up(tb.Context())
	require.NoError(tb, err)

	return store
}

// NewPostgresURL names an empty schema of the test's own, which goes with the test. It skips the
// test where PostgreSQL is left out on purpose, as [Each] does.
func NewPostgresURL(tb testing.TB) string {
	tb.Helper()

	if sqliteOnly() {
		tb.Skip("HANDRAIL_TEST_SQLITE_ONLY=1 leaves PostgreSQL out")
	}

	base := os.Getenv("TEST_DATABASE_URL") //nolint:forbidigo // the environment configures tests
	if base == "" {
		tb.Fatal("TEST_DATABASE_URL is not set: run the tests with `make test`, which starts a PostgreSQL, " +
			"or set HANDRAIL_TEST_SQLITE_ONLY=1 to leave PostgreSQL out")
	}

	u, err := url.Parse(base)
	require.NoError(tb, err, "TEST_DATABASE_URL")

	schema := "test_" + strings.ToLower(rand.Text())
	admin := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(base)))

	tb.Cleanup(func() {
		_, err := admin.ExecContext(context.WithoutCancel(tb.Context()), `DROP SCHEMA "`+schema+`" CASCADE`)
		require.NoError(tb, err)
		require.NoError(tb, admin.Close())
	})

	_, err = admin.ExecContext(tb.Context(), `CREATE SCHEMA "`+schema+`"`)
	require.NoError(tb, err)

	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()

	return u.String()
}

func openStore(tb testing.TB, url string, opts []db.Option) *db.Store {
	tb.Helper()
	store, err := db.Open(tb.Context(), url, opts...)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, store.Close()) })

	return store
}
