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

// TestWhatIsCanceledRunsNoTool cancels a send whose tool calls wait: none of them waits on.
func TestWhatIsCanceledRunsNoTool(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		f := newRefund(t, s)
		require.NoError(t, f.decideApproval(f.agrees, true))
		require.NoError(t, f.cancel(f.asker))

		step := chat.ToolStep{WorkspaceID: f.w.Workspace, ActionID: f.sent.ActionID}
		try, err := s.BeginToolCall(t.Context(), step, f.clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, try.Granted)
		assert.Equal(t, chat.ToolCallSkipped, try.Call.State)

		open, err := s.ToolCalls(t.Context(), f.w.Workspace, chat.ToolCallFilter{
			States: []chat.ToolCallState{chat.ToolCallPending},
			Page:   pageOfTen(),
		})
		require.NoError(t, err)
		assert.Empty(t, open.Items, "nothing waits for ever")
	})
}

// TestNoToolRunsForWhomIsNotWrittenTo approves a refund after its recipient was suppressed.
func TestNoToolRunsForWhomIsNotWrittenTo(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		f := newRefund(t, s)

		_, _, err := s.AddSuppression(t.Context(), f.w.Workspace, f.w.By, chat.NewSuppression{
			Channel: chat.ChannelSMS,
			Address: f.w.Customer.Phone,
			Note:    "she has asked by phone",
		})
		require.NoError(t, err)
		require.NoError(t, f.decideApproval(f.agrees, true))

		step := chat.ToolStep{WorkspaceID: f.w.Workspace, ActionID: f.sent.ActionID}
		try, err := s.BeginToolCall(t.Context(), step, f.clock.now, time.Minute)
		require.NoError(t, err)
		assert.False(t, try.Granted)
		assert.Equal(t, chat.ToolCallFailed, try.Call.State)
		assert.Equal(t, chat.ErrorOptedOut, try.Call.ErrorCode)
		assert.Contains(t, try.Call.Error, "not sent any more")
	})
}
