package chaos

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// TestTheLogOfEventsIsComparedWithTheTables takes away what a run must not lack.
func TestTheLogOfEventsIsComparedWithTheTables(t *testing.T) {
	t.Parallel()

	address := dbtest.NewPostgresURL(t)
	s, err := db.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	_, err = db.NewMigrator(s).Up(t.Context())
	require.NoError(t, err)

	w := dbtest.Seed(t, s)

	for _, text := range []string{"Hello", "Is anybody there?"} {
		message := chat.NewMessage{MemberID: w.Customer.ID, Content: text}
		_, err = s.AddMessage(t.Context(), w.Workspace, w.SMS.ID, message)
		require.NoError(t, err)
	}

	l := openLedger(address)

	t.Cleanup(func() { require.NoError(t, l.close()) })

	compare := func() EventLog {
		log, err := l.compareEvents(t.Context())
		require.NoError(t, err)

		return log
	}

	before := compare()
	assert.Positive(t, before.Unnumbered)
	assert.False(t, before.Passed())

	_, _, err = s.NumberEvents(t.Context(), 1000)
	require.NoError(t, err)

	numbered := compare()
	assert.Positive(t, numbered.Events)
	assert.True(t, numbered.Passed(), numbered)

	_, err = l.db.ExecContext(t.Context(), `DELETE FROM events WHERE sequence = (
		SELECT min(sequence) FROM events WHERE type = 'message.created')`)
	require.NoError(t, err)

	lacking := compare()
	assert.Positive(t, lacking.Gaps)
	assert.Equal(t, 1, lacking.Untold)
	assert.False(t, lacking.Passed())
}
