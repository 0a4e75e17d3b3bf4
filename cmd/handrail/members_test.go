package main

import (
	"database/sql"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/db"
	"handrail/db/dbtest"
)

const aMember = `{"id":12,"kind":"person","role":"user","name":"Ana\u001b[2J Lopez","email":"ana@example.com",
	"phone":"+14155550123"}`

func TestMembersAreListedAndMerged(t *testing.T) {
	t.Parallel()
	s := newStub(t, map[string][]reply{
		"GET members":           {aPage("", aMember), aPage("")},
		"POST members/13/merge": {{http.StatusOK, aMember}, {http.StatusOK, aMember}},
	})

	status, out, errs := s.doNarrow("members", "list", "--phone", "+114155550123", "--email", "Ana@example.com", "--name", "ana")
	require.Equal(t, 0, status, errs)

	for _, want := range []string{"PHONE", "12", "+14155550123", "ana@example.com"} {
		assert.Contains(t, out, want)
	}

	assert.NotContains(t, out, "\x1b")
	assert.Equal(t, "email=Ana%40example.com&limit=20&phone=%2B114155550123&q=ana", s.sent("members").query)

	_, out, _ = s.do("members", "list")
	assert.Equal(t, "no such members\n", out)

	status, out, errs = s.do("members", "merge", "13", "--into", "12")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "member 13 is a part of member 12, Ana")
	assert.NotContains(t, out, "\x1b")
	assert.Equal(t, map[string]any{"into": float64(12)}, s.sent("members/13/merge").body)

	_, out, _ = s.do("members", "merge", "13", "--into", "12", "--json")
	assert.Contains(t, out, `"phone"`)

	status, _, errs = s.do("members", "merge", "13")
	assert.Equal(t, 2, status)
	assert.Contains(t, errs, "--into")
}

func TestFindMembers(t *testing.T) {
	t.Parallel()

	s := newStub(t, map[string][]reply{
		"GET members": {aPage("", aMember), aPage("", aMember), aPage("", aMember), aPage("")},
	})

	for text, query := range map[string]string{
		"+114155550123":   "limit=20&phone=%2B114155550123",
		"Ana@example.com": "email=Ana%40example.com&limit=20",
		"ana lo":          "limit=20&q=ana+lo",
	} {
		status, out, errs := s.do("members", "find", text)
		require.Equal(t, 0, status, errs)
		assert.Contains(t, out, "+14155550123")
		assert.Equal(t, query, s.sent("members").query)
	}

	_, out, _ := s.do("members", "list", "--external-id", "crm-17")
	assert.Equal(t, "no such members\n", out)
	assert.Equal(t, "external_id=crm-17&limit=20", s.sent("members").query)
}

// A database from before addresses had one form is migrated, and its operator is told what was
// changed and what is left.
func TestMigrateTellsWhichAddressesChanged(t *testing.T) {
	t.Parallel()
	url := dbtest.NewPostgresURL(t)
	c := newTerminal(t, "DATABASE_URL="+url)
	c.must("migrate", "up")
	assert.Contains(t, c.must("migrate", "addresses"), "every address belongs to one member")

	s, err := db.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	w := dbtest.Seed(t, s)
	_, err = s.CreateMember(t.Context(), w.Workspace, w.By, dbtest.NewPerson("Twin", "", ""))
	require.NoError(t, err)

	pool := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))

	t.Cleanup(func() { require.NoError(t, pool.Close()) })

	for _, statement := range []string{
		"DROP TABLE member_merges",
		"ALTER TABLE members DROP COLUMN owns_phone, DROP COLUMN owns_email, DROP COLUMN email_folded",
		"ALTER TABLE deliveries DROP COLUMN to_folded",
		"CREATE INDEX members_email ON members (workspace_id, lower(email))",
		"DELETE FROM bun_migrations WHERE name = '20261128000022'",
		"UPDATE members SET phone = '+114155550123' WHERE name = 'Twin'",
	} {
		_, err := pool.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}

	out := c.must("migrate", "up")
	assert.Contains(t, out, "applied 20261128000022")
	assert.Regexp(t, `member \d+ +\+114155550123 +\+14155550123`, out)
	assert.Regexp(t, `it is that of member \d+: handrail members merge \d+ --into \d+`, out)

	left := c.must("migrate", "addresses")
	assert.Contains(t, left, string(w.Workspace))
	assert.Regexp(t, `handrail members merge \d+ --into \d+`, left)
	assert.NotContains(t, c.must("migrate", "up"), "LEFT TO DO")
}
