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

func TestAnActionTellsWhatItsRunWaitsFor(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")

		request := w.Request(w.SMS.ID)
		require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary:1", request))

		waitOf := func() *chat.ModelWait {
			a, err := s.Action(t.Context(), w.Workspace, request.ActionID)
			require.NoError(t, err)

			return a.ModelWait
		}

		assert.Nil(t, waitOf(), "no run has begun")

		run := beginSummary(t, s, summaryStart(w))
		now := time.Now().UTC().Truncate(time.Second)
		wait := &chat.ModelWait{
			Code:    "openai_429",
			Reason:  "the model's server takes no more requests for now (429)",
			Since:   now,
			NextTry: now.Add(time.Minute),
			Until:   now.Add(15 * time.Minute),
			Waiting: 2,
			Parts:   5,
		}
		step := chat.SummaryWait{
			WorkspaceID: w.Workspace,
			ChatID:      w.SMS.ID,
			ID:          run.ID,
			Wait:        wait,
		}

		require.NoError(t, s.RecordModelWait(t.Context(), step))
		assert.Equal(t, wait, waitOf())
		assert.Equal(t, wait, run.version(t, s).ModelWait)

		step.Wait = nil
		require.NoError(t, s.RecordModelWait(t.Context(), step))
		assert.Nil(t, waitOf())

		step.Wait = wait
		step.Wait.Until = now.Add(-time.Minute)
		require.NoError(t, s.RecordModelWait(t.Context(), step))
		assert.Nil(t, waitOf(), "its workflow was lost")

		run.save(t, s, "written")
		assert.Nil(t, run.version(t, s).ModelWait, "what has ended waits for nothing")
		require.NoError(t, s.RecordModelWait(t.Context(), step), "a late one")
		assert.Nil(t, run.version(t, s).ModelWait)

		failing := beginSummary(t, s, summaryStart(w, inFull))
		step.ID = failing.ID
		require.NoError(t, s.RecordModelWait(t.Context(), step))
		require.NoError(t, s.FailSummary(t.Context(), chat.SummaryFailure{
			ActionsFailed: chat.ActionsFailed{
				WorkspaceID: w.Workspace,
				Problem:     *chat.Errorf(chat.CodeSummarizationFailed, "it is busy"),
			},
			ChatID: w.SMS.ID,
			ID:     failing.ID,
		}))
		assert.Nil(t, failing.version(t, s).ModelWait)

		_, err := s.Bun().ExecContext(t.Context(), "UPDATE summaries SET model_wait = '{}' WHERE state <> 'running'")
		require.Error(t, err, "the schema holds it, too")
	})
}
