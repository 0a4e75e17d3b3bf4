package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// Crash point 12: a database that was set back has forgotten what was sent since.
func TestWhatABackupHasAsUnsentWaitsForAPerson(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		now := time.Now()
		pending := w.Prepare(t, s, w.SMS.ID, "Once")
		second := w.Prepare(t, s, w.SMS.ID, "Twice")
		sending := w.Prepare(t, s, w.Email.ID, "By mail")
		w.Claim(t, s, sending.DeliveryID, now)
		held, err := s.HoldUnsent(t.Context(), chat.ErrorDatabaseRestored)
		require.NoError(t, err)
		assert.Len(t, held, 3)

		for _, id := range []chat.DeliveryID{pending.DeliveryID, second.DeliveryID, sending.DeliveryID} {
			d, err := s.FindDelivery(t.Context(), w.Workspace, id)
			require.NoError(t, err)
			assert.Equal(t, chat.SubmissionNeedsReview, d.Submission)
			assert.Contains(t, d.Explain(), "May have been sent")
			claim, err := s.Claim(t.Context(), w.Workspace, id, now.Add(time.Hour), time.Minute)
			require.NoError(t, err)
			assert.False(t, claim.Granted, "nothing is posted without a person's word")
		}

		held, err = s.HoldUnsent(t.Context(), chat.ErrorDatabaseRestored)
		require.NoError(t, err)
		assert.Empty(t, held)
	})
}
