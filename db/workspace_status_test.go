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

// countsOf are the counts of a status, by their matters.
func countsOf(t *testing.T, s *db.Store, ws chat.WorkspaceID) map[chat.Matter]int {
	t.Helper()

	status, err := s.WorkspaceStatus(t.Context(), ws)
	require.NoError(t, err)

	counts := map[chat.Matter]int{}

	for _, c := range status.Counts {
		counts[c.Matter] = c.Count

		assert.WithinDuration(t, time.Now(), c.Oldest, time.Minute)
	}

	return counts
}

func TestWorkspaceStatusCountsWhatWaits(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		other := dbtest.Seed(t, s)

		assert.Empty(t, countsOf(t, s, w.Workspace))

		// A send that waits for its first attempt, one for a second member, and a request that is no send's.
		_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "one"), dbtest.SendIDs(), dbtest.PlanText("one"))
		require.NoError(t, err)

		asker := newManager(t, s, w.Workspace, "Ivo")
		prepareRefund(t, s, w, asker)
		askForManager(t, s, w, asker)

		assert.Equal(t, map[chat.Matter]int{
			chat.Matter(chat.WaitingAttempt): 1,
			chat.MatterApproval:              2,
		}, countsOf(t, s, w.Workspace))

		assert.Empty(t, countsOf(t, s, other.Workspace), "another workspace's is nobody's business")

		// The customer writes.
		_, err = s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{NeedsResponse: new(true)})
		require.NoError(t, err)
		assert.Equal(t, 1, countsOf(t, s, w.Workspace)[chat.MatterResponse])
	})
}

// TestStatusTellsACustomerWhoWaitsFromALostMessage: nobody waits where a message did not arrive, and the chat needs a
// person all the same.
func TestStatusTellsACustomerWhoWaitsFromALostMessage(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLife(t, s)
		l.id = l.w.Prepare(t, s, l.chat, "hi").DeliveryID
		l.post(chat.Submission{Outcome: chat.OutcomeAccepted})
		l.report(chat.StatusUndelivered)

		counts := countsOf(t, s, l.w.Workspace)
		assert.Equal(t, 1, counts[chat.MatterAttention])
		assert.Zero(t, counts[chat.MatterResponse])
	})
}

// TestStatusCountsAsListsDo compares the counts with what lists find for each word.
func TestStatusCountsAsListsDo(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		for range 3 {
			_, err := s.PrepareSend(t.Context(), w.Send(w.SMS.ID, "one"), dbtest.SendIDs(), dbtest.PlanText("one"))
			require.NoError(t, err)
		}

		counts := countsOf(t, s, w.Workspace)

		for _, word := range chat.Waitings() {
			list, err := s.Actions(t.Context(), w.Workspace, chat.ActionFilter{
				WaitingFor: []chat.Waiting{word},
				Page:       chat.Page{Limit: 100},
			})
			require.NoError(t, err)
			assert.Len(t, list.Items, counts[chat.Matter(word)], "%s", word)
		}
	})
}
