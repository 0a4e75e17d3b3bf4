package temporaldev_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"
	"go.temporal.io/sdk/client"

	"handrail/db/dbtest"
	"handrail/temporaldev"
)

// newDatabaseURL names a database that is not there yet, and goes with the test.
func newDatabaseURL(t *testing.T) string {
	t.Helper()
	server, err := url.Parse(dbtest.NewPostgresURL(t))
	require.NoError(t, err)

	server.RawQuery = "sslmode=disable"
	admin := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(server.String())))
	name := "temporal_" + strings.ToLower(rand.Text())

	t.Cleanup(func() {
		for _, database := range []string{name, name + "_visibility"} {
			_, err := admin.ExecContext(context.WithoutCancel(t.Context()), `DROP DATABASE "`+database+`" WITH (FORCE)`)
			require.NoError(t, err)
		}

		require.NoError(t, admin.Close())
	})

	server.Path = "/" + name

	return server.String()
}

func TestWorkflowsOutliveTheServer(t *testing.T) {
	t.Parallel()

	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		testWorkflowsOutlive(t, temporaldev.Options{File: filepath.Join(t.TempDir(), "temporal.db")})
	})

	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		testWorkflowsOutlive(t, temporaldev.Options{Postgres: newDatabaseURL(t), Shards: 2})
	})
}

// testWorkflowsOutlive starts a workflow on one server, and looks for it on the next one.
func testWorkflowsOutlive(t *testing.T, options temporaldev.Options) {
	t.Helper()

	options.Namespace = "kept"

	withServer(t, options, func(c client.Client) {
		_, err := c.ExecuteWorkflow(
			t.Context(),
			client.StartWorkflowOptions{ID: "one", TaskQueue: "none"},
			"Nothing",
		)
		require.NoError(t, err)
	})

	withServer(t, options, func(c client.Client) {
		found, err := c.DescribeWorkflow(t.Context(), "one", "")
		require.NoError(t, err)
		assert.Equal(t, "Nothing", found.WorkflowType.Name)
	})
}

// withServer does something while a server runs.
func withServer(t *testing.T, options temporaldev.Options, do func(client.Client)) {
	t.Helper()
	s, err := temporaldev.Start(t.Context(), options)

	require.NoError(t, err)
	defer func() { require.NoError(t, s.Stop()) }()

	c, err := client.DialContext(t.Context(), client.Options{HostPort: s.Address(), Namespace: options.Namespace})
	require.NoError(t, err)

	defer c.Close()

	do(c)
}

func TestAnAddressThatIsNone(t *testing.T) {
	t.Parallel()

	for _, address := range []string{"localhost:5432", "postgres://user@host", "postgres://user:word@host:5432/"} {
		_, err := temporaldev.Start(t.Context(), temporaldev.Options{Postgres: address, Namespace: "none"})
		assert.ErrorContains(t, err, "postgres://user:password@host:port/database")
	}
}
