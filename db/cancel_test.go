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

// cancelAction cancels an action with its delivery.
func cancelAction(t *testing.T, s *db.Store, w *dbtest.World, sent *chat.AssistantMessageSent) (chat.Delivery, error) {
	t.Helper()

	d, _, err := s.Decide(t.Context(), w.Workspace, sent.DeliveryID, chat.Decision{
		Verdict:  chat.VerdictCancel,
		Reason:   "she has called",
		ActionID: sent.ActionID,
		By:       w.By,
	})

	return d, err
}

// TestAnActionIsCanceledOrClaimed: whoever is first has it, and the other one is told.
func TestAnActionIsCanceledOrClaimed(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)

		waits := w.Prepare(t, s, w.SMS.ID, "one")
		d, err := cancelAction(t, s, w, &waits)
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionCanceled, d.Submission)

		action, err := s.Action(t.Context(), w.Workspace, waits.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionFailed, action.State)

		claim, err := s.Claim(t.Context(), w.Workspace, waits.DeliveryID, time.Now(), time.Minute)
		require.NoError(t, err)
		assert.False(t, claim.Granted)

		log, err := s.AuditLog(t.Context(), w.Workspace, chat.AuditFilter{Verb: "action.canceled"}, pageOfTen())
		require.NoError(t, err)
		require.Len(t, log.Items, 1)
		assert.Equal(t, string(waits.ActionID), log.Items[0].Object)
		assert.Contains(t, string(log.Items[0].Detail), "she has called")

		leaves := w.Prepare(t, s, w.SMS.ID, "two")
		w.Claim(t, s, leaves.DeliveryID, time.Now())
		_, err = cancelAction(t, s, w, &leaves)
		requireCode(t, chat.CodeAlreadySending, err)
	})
}

func TestAChatIsDeletedOnlyWithItsOpenActions(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		leaves := w.Prepare(t, s, w.SMS.ID, "one")
		w.Claim(t, s, leaves.DeliveryID, time.Now())
		waits := w.Prepare(t, s, w.SMS.ID, "two")

		_, err := s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, false)
		requireCode(t, chat.CodeOpenActions, err)

		fields := []string{}
		for _, f := range chat.AsError(err).Fields {
			fields = append(fields, f.Field)
		}

		assert.ElementsMatch(t, []string{"action:" + string(leaves.ActionID), "action:" + string(waits.ActionID)}, fields)

		_, err = s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err, "nothing has happened")

		deleted, err := s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, true)
		require.NoError(t, err)
		require.Len(t, deleted.Canceled, 1)
		require.Len(t, deleted.MayHaveLeft, 1)
		assert.Equal(t, waits.ActionID, deleted.Canceled[0].ID)
		assert.Equal(t, leaves.ActionID, deleted.MayHaveLeft[0].ID)

		_, err = s.DeleteChat(t.Context(), w.Workspace, w.By, w.SMS.ID, false)
		requireCode(t, chat.CodeChatNotFound, err)
	})
}
