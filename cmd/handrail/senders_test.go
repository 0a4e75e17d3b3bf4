package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

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
