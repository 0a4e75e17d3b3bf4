package db_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()

	for url, want := range map[string]string{
		"":                                  "must begin with postgres:// or sqlite:",
		"mysql://user:hunter2@host/db":      "must begin with postgres:// or sqlite:",
		"sqlite:":                           "must be sqlite:/path/to/file.db",
		"sqlite:/nowhere/at/all.db":         "the folder /nowhere/at does not exist",
		"sqlite:/tmp/x.db?mode=ro":          "must be sqlite:/path/to/file.db",
		"postgres://host/db":                "must name a user and a database",
		"postgres://user:hunter2@host":      "must name a user and a database",
		"postgres://user:hun%ter2@host/db":  "percent-encoded",
		"postgres://user:hunter2 @host/db":  "percent-encoded",
		"postgres://u:hunter2@host:port/db": "percent-encoded",
		"postgres://u:hunter2@h/d?sslmode=x": "sslmode must be verify-full, verify-ca, require " +
			"or disable",
		"postgres://u:hunter2@h/d?sslmode=prefer":                "may silently not encrypt",
		"postgres://u:hunter2@h/d?connect_timeout=soon":          "connect_timeout must be a number of seconds",
		"postgres://u:hunter2@h/d?connect_timeout=-1":            "connect_timeout must be a number of seconds",
		"postgres://u:hunter2@h/d?x;drop=1":                      "parameters are malformed",
		"postgres://u:hunter2@h/d?sslcrl=x":                      "is not known",
		"postgres://u:hunter2@h/d?sslrootcert=/no/file":          "read sslrootcert",
		"postgres://u:hunter2@h/d?sslrootcert=/dev/null":         "holds no certificate",
		"postgres://u:hunter2@h/d?sslcert=/x":                    "must be given together",
		"postgres://u:hunter2@h/d?sslcert=/x&sslkey=/y":          "read sslcert and sslkey",
		"postgres://u:hunter2@127.0.0.1:1/d":                     "reach the database",
		"postgres://u:hunter2@127.0.0.1:1/d?sslmode=verify-full": "reach the database",
		"postgres://u:hunter2@localhost/d?host=/no/such/folder":  "reach the database",
		"postgres://u:user@h/d?password=hunter2&%zz=1":           "parameters are malformed",
		"postgres://u:hunter2@h/d?Drop%20Table=1":                "is not known",
	} {
		_, err := db.Open(t.Context(), url)
		require.Error(t, err, url)
		require.ErrorContains(t, err, want, url)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.NotContains(t, err.Error(), "hun%")
	}
}

func TestOpenInMemory(t *testing.T) {
	t.Parallel()
	s, err := db.Open(t.Context(), "sqlite::memory:", db.WithMaxConns(5))
	require.NoError(t, err)
	_, err = db.NewMigrator(s).Up(t.Context())
	require.NoError(t, err)
	dbtest.Seed(t, s)
	require.NoError(t, s.Ping(t.Context()))
	require.NoError(t, s.Close())
	require.Error(t, s.Ping(t.Context()))
}

func TestEveryConnectionHasItsPragmas(t *testing.T) {
	t.Parallel()

	s := dbtest.New(t)
	for range 3 { // held together, so that they are three
		conn, err := s.Bun().Conn(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, conn.Close()) })

		for pragma, want := range map[string]string{
			"busy_timeout": "10000",
			"journal_mode": "wal",
			"foreign_keys": "1",
			"synchronous":  "2",
		} {
			var got string
			require.NoError(t, conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
			assert.Equal(t, want, got, pragma)
		}
	}
}

func TestCanceledContext(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()

		_, err := s.CreateLabel(ctx, w.Workspace, w.By, chat.Label{Name: "x"})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "create a label")
		assert.Equal(t, chat.CodeInternal, chat.CodeOf(err))
	})
}

func TestTwoStoresOnOneFile(t *testing.T) {
	t.Parallel()
	file := "sqlite:" + filepath.Join(t.TempDir(), "x.db")
	first, err := db.Open(t.Context(), file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, first.Close()) })
	_, err = db.NewMigrator(first).Up(t.Context())
	require.NoError(t, err)
	w := dbtest.Seed(t, first)
	second, err := db.Open(t.Context(), file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Close()) })
	c, err := second.Chat(t.Context(), w.Workspace, w.SMS.ID)
	require.NoError(t, err)
	assert.Equal(t, w.SMS, c)
}
