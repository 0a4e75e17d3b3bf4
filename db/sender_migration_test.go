package db_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/db"
	"handrail/db/dbtest"
)

// beforeSenders takes a database back to before a sender belonged to one workspace.
func beforeSenders(t *testing.T, s *db.Store) {
	t.Helper()

	for _, statement := range []string{
		"DROP TABLE sender_grants",
		"DROP INDEX phone_numbers_one_workspace",
		"DROP INDEX phone_numbers_one_service",
		"DROP INDEX inboxes_one_workspace",
		"ALTER TABLE phone_numbers DROP COLUMN revoked_at",
		"ALTER TABLE inboxes DROP COLUMN revoked_at",
		"CREATE INDEX phone_numbers_inbound ON phone_numbers (number, id) WHERE number <> ''",
		"CREATE INDEX phone_numbers_service_inbound ON phone_numbers (messaging_service_sid, id)",
		"CREATE INDEX inboxes_inbound ON inboxes (address_folded, id)",
		"DELETE FROM bun_migrations WHERE name = '20261128000034'",
	} {
		execute(t, s, statement)
	}
}

// TestMigratingSendersSaysWhoLostThem has two workspaces with the same number, messaging service and
// inbox, from before one could not enter another's.
func TestMigratingSendersSaysWhoLostThem(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		first, second := dbtest.Seed(t, s), dbtest.Seed(t, s)

		beforeSenders(t, s)

		const service = "MG0123456789abcdef0123456789abcdef"

		for _, w := range []*dbtest.World{first, second} {
			execute(t, s, "INSERT INTO phone_numbers (workspace_id, name, number, messaging_service_sid, created_at) "+
				"VALUES (?, 'service', '', ?, '2026-11-01 00:00:00+00:00')", w.Workspace, service)
		}

		execute(t, s, "UPDATE phone_numbers SET number = ? WHERE id = ?", first.PhoneNumber.Number, second.PhoneNumber.ID)
		execute(t, s, "UPDATE inboxes SET address = ?, address_folded = ? WHERE id = ?",
			first.Inbox.Address, strings.ToLower(first.Inbox.Address), second.Inbox.ID)

		applied, err := db.NewMigrator(s).Up(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"20261128000034"}, applied)

		revoked, err := s.RevokedSenders(t.Context())
		require.NoError(t, err)

		var lost []string

		for _, r := range revoked {
			assert.Equal(t, second.Workspace, r.WorkspaceID)
			assert.Equal(t, first.Workspace, r.Owner, "the one that entered it first has it")

			lost = append(lost, r.Sender)
		}

		assert.ElementsMatch(t, []string{
			first.PhoneNumber.Number,
			strings.ToLower(service),
			strings.ToLower(first.Inbox.Address),
		}, lost)

		// The second workspace had no other sender, and so has none now.
		grants, err := s.SenderGrants(t.Context())
		require.NoError(t, err)

		for _, g := range grants {
			assert.Equal(t, first.Workspace, g.WorkspaceID, g.Sender)
		}
	})
}
