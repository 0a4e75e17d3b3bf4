package main

import (
	"database/sql"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/db"
	"handrail/db/dbtest"
)

func TestTheOperatorGrantsSenders(t *testing.T) {
	t.Parallel()

	c := newTerminal(t, "DATABASE_URL="+dbtest.NewPostgresURL(t))
	c.must("migrate", "up")
	assert.Contains(t, c.must("senders", "list"), "no workspace has a sender yet")

	create := func(name string) string {
		made := c.must("workspaces", "create", name, "--manager", "Mara Feld")
		return regexp.MustCompile(`workspace (\S+)`).FindStringSubmatch(made)[1]
	}

	first, second := create("First"), create("Second")
	granted := c.must("senders", "grant", "+14155550100", "--workspace", first)
	assert.Contains(t, granted, "+14155550100 is granted to workspace "+first)
	assert.Equal(t, granted, c.must("senders", "grant", "+14155550100", "--workspace", first), "again is the same")

	status, _, errs := c.do("senders", "grant", "+14155550100", "--workspace", second)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, first)
	assert.Contains(t, errs, "senders revoke")

	status, _, errs = c.do("senders", "grant", "MG12", "--workspace", second)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "messaging_service_sid")

	listed := c.must("senders", "list")
	assert.Contains(t, listed, "+14155550100")
	assert.Contains(t, listed, "no")
	assert.Contains(t, c.must("senders", "list", "--json"), `"workspace_id": "`+first)

	assert.Contains(t, c.must("senders", "revoke", "+14155550100"), first+" does not have +14155550100 any more")
	assert.Contains(t, c.must("senders", "grant", "+14155550100", "--workspace", second), second)
}

// TestMigrateTellsWhichSendersAreLost takes a database with two workspaces of one number back to before
// a sender belonged to one workspace, and forward again.
func TestMigrateTellsWhichSendersAreLost(t *testing.T) {
	t.Parallel()

	url := dbtest.NewPostgresURL(t)
	c := newTerminal(t, "DATABASE_URL="+url)
	assert.NotContains(t, c.must("migrate", "up"), "Entered, but not granted", "there is nothing to tell")

	s, err := db.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	first, second := dbtest.Seed(t, s), dbtest.Seed(t, s)
	pool := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))

	t.Cleanup(func() { require.NoError(t, pool.Close()) })

	for _, statement := range []string{
		"DROP TABLE sender_grants",
		"DROP INDEX phone_numbers_one_workspace, phone_numbers_one_service, inboxes_one_workspace",
		"ALTER TABLE phone_numbers DROP COLUMN revoked_at",
		"ALTER TABLE inboxes DROP COLUMN revoked_at",
		"CREATE INDEX phone_numbers_inbound ON phone_numbers (number, id)",
		"CREATE INDEX phone_numbers_service_inbound ON phone_numbers (messaging_service_sid, id)",
		"CREATE INDEX inboxes_inbound ON inboxes (address_folded, id)",
		"DELETE FROM bun_migrations WHERE name = '20261128000034'",
		"UPDATE phone_numbers SET number = '" + first.PhoneNumber.Number + "'",
	} {
		_, err := pool.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}

	out := c.must("migrate", "up")
	assert.Contains(t, out, "applied 20261128000034")

	lost := regexp.QuoteMeta(first.PhoneNumber.Number) + " +" + string(second.Workspace) + " +" + string(first.Workspace)
	assert.Regexp(t, lost, out)
	assert.Regexp(t, lost, c.must("senders", "list"))
	assert.NotContains(t, c.must("migrate", "up"), "Entered, but not granted", "it is told once")
}
