package testcluster

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"
)

// startDatabase is an installation of which only PostgreSQL and its standby run.
func startDatabase(t *testing.T) *Cluster {
	t.Helper()

	if _, err := findPostgres(t.Context()); err != nil {
		t.Skip(err)
	}

	folder := t.TempDir()
	// PostgreSQL may run as another user, who must be able to pass.
	require.NoError(t, os.Chmod(filepath.Dir(folder), 0o711))

	c, err := New(t.Context(), Options{Folder: folder, Proxied: true, Standby: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })

	require.NoError(t, c.Start(t.Context(), c.postgres.program()))
	require.NoError(t, c.startStandby(t.Context()))

	return c
}

func TestAFailoverLosesNothing(t *testing.T) {
	t.Parallel()
	c := startDatabase(t)

	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(c.proxiedURL())))

	t.Cleanup(func() { _ = db.Close() })

	_, err := db.ExecContext(t.Context(), "CREATE TABLE kept (n int)")
	require.NoError(t, err)

	kept := 0

	for range 20 {
		_, err := db.ExecContext(t.Context(), "INSERT INTO kept VALUES (1)")
		require.NoError(t, err)

		kept++
	}

	old := c.HandrailURL()
	before := c.Primary()
	require.True(t, before.Kill(0, 0))

	done, err := c.Failover(t.Context())
	require.NoError(t, err)
	assert.True(t, done)
	assert.NotEqual(t, old, c.HandrailURL())
	assert.NotSame(t, before, c.Primary())

	require.Eventually(t, func() bool { return count(t.Context(), db) == kept }, time.Minute, 50*time.Millisecond)

	_, err = db.ExecContext(t.Context(), "INSERT INTO kept VALUES (2)")
	require.NoError(t, err, "the standby takes writes")

	require.True(t, c.Primary().Kill(0, 0))
	require.Eventually(t, func() bool { return count(t.Context(), db) == kept+1 }, time.Minute, 50*time.Millisecond,
		"and is a primary after its own crash too")

	done, err = c.Failover(t.Context())
	require.NoError(t, err)
	assert.False(t, done, "there is no second standby")
}

// count returns how many rows are kept, -1 if that cannot be read now.
func count(ctx context.Context, db *sql.DB) int {
	n := -1
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM kept").Scan(&n); err != nil {
		return -1
	}

	return n
}
