package main

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/db"
	"handrail/db/dbtest"
)

func TestAfterFailoverHoldsOnceAndSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	url := dbtest.NewPostgresURL(t)
	c := newTerminal(t, "DATABASE_URL="+url)
	c.must("migrate", "up")

	s, err := db.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	w := dbtest.Seed(t, s)
	sent := w.Prepare(t, s, w.SMS.ID, "hi")

	out := c.must("migrate", "after-failover")
	assert.Contains(t, out, "timeline 00000001 is known already; nothing new to hold")
	assert.Contains(t, out, "no delivery waits for a person")

	setTimeline(t, url, "00000009")

	out = c.must("migrate", "after-failover")
	assert.Contains(t, out, "the timeline was 00000009 and is 00000001; held 1 deliveries")
	assert.Contains(t, out, "handrail deliveries list --status needs_review --error-code database_failed_over")

	claim, err := s.Claim(t.Context(), w.Workspace, sent.DeliveryID, time.Now(), time.Minute)
	require.NoError(t, err)
	assert.False(t, claim.Granted)

	out = c.must("migrate", "after-failover")
	assert.Contains(t, out, "nothing new to hold")
	assert.Contains(t, out, "1 deliveries may have been sent before a failover")
}

// Where the server shows no timeline, as some hosted ones, the operator's word is enough.
func TestAfterFailoverHoldsWithoutATimeline(t *testing.T) {
	t.Parallel()
	url := dbtest.NewPostgresURL(t)
	c := newTerminal(t, "DATABASE_URL="+url)
	c.must("migrate", "up")
	setTimeline(t, url, "")
	assert.Contains(t, c.must("migrate", "after-failover"), "this database shows no timeline; held 0 deliveries")
}

func setTimeline(t *testing.T, url, timeline string) {
	t.Helper()

	pool := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	defer func() { require.NoError(t, pool.Close()) }()

	_, err := pool.ExecContext(t.Context(), "UPDATE database_timeline SET timeline = $1", timeline)
	require.NoError(t, err)
}
