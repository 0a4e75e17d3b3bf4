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

// TestAnEndedActionRunsAgain stores that a send was terminated in Temporal before it had left a row.
// When it is asked for again, by its caller or an operator, it is carried out.
func TestAnEndedActionRunsAgain(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		in := w.Send(w.SMS.ID, "hi")
		in.IdempotencyKey = "k"

		ended := chat.Action{
			ID:          in.ActionID,
			WorkspaceID: w.Workspace,
			Kind:        chat.ActionSendAssistantMessage,
			ChatID:      w.SMS.ID,
			WorkflowID:  in.WorkflowID(),
			Problem:     chat.EndedInTemporal(in.ActionID, "terminated"),
			CreatedAt:   time.Now(),
			UpdatedAt:   time.Now(),
		}

		fresh, err := s.RecordEndedAction(t.Context(), ended)
		require.NoError(t, err)
		assert.True(t, fresh)

		fresh, err = s.RecordEndedAction(t.Context(), ended)
		require.NoError(t, err)
		assert.False(t, fresh, "it is counted once")

		stored, err := s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		require.NoError(t, stored.Resumable())

		require.NoError(t, s.AuditResume(t.Context(), w.Workspace, in.ActionID, w.By, "by mistake"))

		sent, err := s.PrepareSend(t.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
		require.NoError(t, err)
		assert.Equal(t, chat.SubmissionPending, sent.Submission)

		stored, err = s.Action(t.Context(), w.Workspace, in.ActionID)
		require.NoError(t, err)
		assert.Equal(
			t,
			[]any{chat.ActionRunning, "k", in.Fingerprint},
			[]any{stored.State, stored.IdempotencyKey, stored.Fingerprint},
		)
		assert.Nil(t, stored.Problem)
		require.Error(t, stored.Resumable())
	})
}

// TestAnActionThatHasARowIsNotEnded leaves it as it is: its delivery tells what becomes of it.
func TestAnActionThatHasARowIsNotEnded(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		sent := sendTo(t, s, w, "+1")

		fresh, err := s.RecordEndedAction(t.Context(), chat.Action{
			ID:          sent.ActionID,
			WorkspaceID: w.Workspace,
			Kind:        chat.ActionSendAssistantMessage,
			ChatID:      w.SMS.ID,
			Problem:     chat.EndedInTemporal(sent.ActionID, "terminated"),
		})
		require.NoError(t, err)
		assert.False(t, fresh)

		stored, err := s.Action(t.Context(), w.Workspace, sent.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionRunning, stored.State)
	})
}
