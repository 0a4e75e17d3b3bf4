package db_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestConnectionsThatTheServerHasClosedAreNotUsed closes all connections of a pool as a restart of
// PostgreSQL does. Nothing was sent on them, so callers need not know.
func TestConnectionsThatTheServerHasClosedAreNotUsed(t *testing.T) {
	t.Parallel()
	s := dbtest.NewPostgres(t)

	pids := openConnections(t, s, 8)
	admin := dbtest.NewPostgres(t)

	for _, pid := range pids {
		_, err := admin.Bun().NewRaw("SELECT pg_terminate_backend(?, 60000)", pid).Exec(t.Context())
		require.NoError(t, err)
	}

	var all sync.WaitGroup

	errs := make([]error, 16)
	for i := range errs {
		all.Go(func() {
			if i%2 == 0 {
				_, errs[i] = s.Workspaces(t.Context())
				return
			}

			_, errs[i] = s.HoldUnsent(t.Context(), chat.ErrorDatabaseRestored)
		})
	}

	all.Wait()

	for _, err := range errs {
		assert.NoError(t, err)
	}
}

// openConnections has a pool open n connections, and returns their processes in the server.
func openConnections(t *testing.T, s *db.Store, n int) []int {
	t.Helper()

	pids := make([]int, n)
	open := make([]bun.Conn, n)

	for i := range pids {
		var err error
		open[i], err = s.Bun().Conn(t.Context())
		require.NoError(t, err)
		require.NoError(t, open[i].NewRaw("SELECT pg_backend_pid()").Scan(t.Context(), &pids[i]))
	}

	for _, conn := range open {
		require.NoError(t, conn.Close())
	}

	return pids
}
