package db_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestADatabaseThatTakesWritesIsHealthy(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		require.NoError(t, s.CheckWritable(t.Context()))
		offset, err := s.ClockOffset(t.Context())
		require.NoError(t, err)
		assert.Less(t, offset.Abs(), 5*time.Second)
	})
}

func TestAReadOnlyDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	url := dbtest.NewPostgresURL(t)

	migrated, err := db.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, migrated.Close()) })
	_, err = db.NewMigrator(migrated).Up(t.Context())
	require.NoError(t, err)

	w := dbtest.Seed(t, migrated)
	sent := w.Prepare(t, migrated, w.SMS.ID, "hi")

	s, err := db.Open(t.Context(), url+"&default_transaction_read_only=on")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })

	_, err = s.Claim(t.Context(), w.Workspace, sent.DeliveryID, time.Now(), time.Minute)
	requireUnavailable(t, err, "read-only")
	requireUnavailable(t, s.CheckWritable(t.Context()), "read-only")
}

func TestAStandbyIsUnavailable(t *testing.T) {
	t.Parallel()
	primary, standby := newReplicas(t).open(t)

	w := dbtest.Seed(t, primary)
	sent := w.Prepare(t, primary, w.SMS.ID, "hi")
	waitFor(t, primary, caughtUp)

	durable, err := primary.Durability(t.Context())
	require.NoError(t, err)
	assert.Equal(t, &db.Durability{SynchronousCommit: "on", FullPageWrites: true, Standbys: 1}, durable)

	_, err = standby.Claim(t.Context(), w.Workspace, sent.DeliveryID, time.Now(), time.Minute)
	requireUnavailable(t, err, "read-only")
	_, err = standby.HoldAfterFailover(t.Context())
	requireUnavailable(t, err, "read-only")
	requireUnavailable(t, standby.CheckWritable(t.Context()), "standby")
}

func requireUnavailable(t *testing.T, err error, says string) {
	t.Helper()
	require.ErrorContains(t, err, says)
	assert.Equal(t, chat.CodeUnavailable, chat.CodeOf(err))
	assert.True(t, chat.AsError(err).Retryable)
}

func TestTheClocksAreCompared(t *testing.T) {
	t.Parallel()

	for name, ahead := range map[string]time.Duration{"ahead": 90 * time.Second, "behind": -90 * time.Second} {
		s := dbtest.NewPostgres(t, db.WithClock(func() time.Time { return time.Now().Add(ahead) }))
		offset, err := s.ClockOffset(t.Context())
		require.NoError(t, err)
		assert.InDelta(t, ahead.Seconds(), offset.Seconds(), 5, name)
	}
}

// TestAFullDiskStopsNoReading: every request was a 500, for the note of a key's use could not be written, and the
// database counted as ready.
func TestAFullDiskStopsNoReading(t *testing.T) {
	t.Parallel()

	s := dbtest.New(t)
	w := dbtest.Seed(t, s)
	require.NoError(t, db.FillDisk(t.Context(), s))

	var err error
	for err == nil { // there is room in the pages that are there
		_, err = s.CreateLabel(t.Context(), w.Workspace, w.By, chat.Label{Name: rand.Text(), Description: rand.Text()})
	}

	requireUnavailable(t, err, "no room left on its disk")

	_, err = s.Authenticate(t.Context(), w.Hash(), time.Now())
	require.NoError(t, err)

	_, err = s.Chat(t.Context(), w.Workspace, w.SMS.ID)
	require.NoError(t, err)
}
