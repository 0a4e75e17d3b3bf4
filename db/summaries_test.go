package db_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

func TestTranscript(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		second := addMessage(t, s, w, w.SMS.ID, "two")
		failed := w.Prepare(t, s, w.SMS.ID, "never sent")
		_, err := s.FailSend(t.Context(), w.Workspace, failed.ActionID, -1, chat.Errorf(chat.CodeDeliveryFailed, "canceled"))
		require.NoError(t, err)
		reply := w.Prepare(t, s, w.SMS.ID, "three")
		got, version, err := s.Transcript(t.Context(), w.Workspace, w.SMS.ID, 2)
		require.NoError(t, err)
		assert.Zero(t, version)
		assert.Equal(t, chat.Transcript{
			ChatID: w.SMS.ID, Channel: chat.ChannelSMS, Title: "Late parcel", Labels: []chat.Label{w.Billing, w.VIP},
			Messages: []chat.Line{
				{ID: second.ID, Role: chat.RoleUserMessage, Speaker: "Ana Lopez", Text: "two"},
				{ID: reply.MessageID, Role: chat.RoleAssistantMessage, Speaker: "Handy", Text: "three"},
			},
		}, got)
	})
}

func TestSaveSummary(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		third, err := s.CreateLabel(t.Context(), w.Workspace, w.By, chat.Label{Name: "Third"})
		require.NoError(t, err)
		_, err = s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{LabelIDs: &[]chat.LabelID{w.VIP.ID}})
		require.NoError(t, err)
		request := func() chat.SummarizeChat {
			r := w.Request(w.SMS.ID)
			require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summarize:1", r))
			return chat.SummarizeChat{Request: r, UpdateLabels: true}
		}
		first, joined := request(), request()
		summary := chat.Summary{Title: "T", Summary: "S", Labels: []string{"billing", "vip", "no such"}, Model: "offline"}
		c, err := s.SaveSummary(t.Context(), first, 0, summary, []chat.Request{joined.Request})
		require.NoError(t, err)
		assert.Equal(t, []string{"T", "S", "offline"}, []string{c.Title, c.Summary, c.SummaryModel})
		assert.Equal(t, []chat.Label{w.Billing, w.VIP}, c.Labels)
		assert.NotNil(t, c.SummaryUpdatedAt)
		for _, r := range []chat.SummarizeChat{first, joined} {
			a, err := s.Action(t.Context(), w.Workspace, r.ActionID)
			require.NoError(t, err)
			assert.Equal(t, chat.ActionSucceeded, a.State)
		}
		again, err := s.SaveSummary(t.Context(), first, 0, summary, []chat.Request{joined.Request})
		require.NoError(t, err, "a repetition")
		assert.Equal(t, c, again)
		_, err = s.SaveSummary(t.Context(), request(), 0, summary, nil)
		requireCode(t, chat.CodeConflict, err)

		summary.Labels = []string{"third"}
		c, err = s.SaveSummary(t.Context(), request(), 1, summary, nil)
		require.NoError(t, err)
		assert.Equal(t, []chat.Label{third, w.VIP}, c.Labels, "a person's label stays, the model's own goes")
		keep := request()
		keep.UpdateLabels = false
		c, err = s.SaveSummary(t.Context(), keep, 2, chat.Summary{Title: "T2", Summary: "S2", Model: "m"}, nil)
		require.NoError(t, err)
		assert.Equal(t, []chat.Label{third, w.VIP}, c.Labels)

		mine := "Mine"
		_, err = s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, chat.ChatPatch{Title: &mine})
		require.NoError(t, err)
		_, err = s.SaveSummary(t.Context(), request(), 3, summary, nil)
		requireCode(t, chat.CodeConflict, err)
		stored, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, "Mine", stored.Title, "a person's title is not overwritten by a summary that did not see it")
	})
}

func TestRecordAndFailActions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		r, second := w.Request(w.SMS.ID), w.Request(w.SMS.ID)
		r.IdempotencyKey = "key"
		for range 2 {
			require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summarize:1", r, second))
		}
		a, err := s.Action(t.Context(), w.Workspace, r.ActionID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.ActionSummarizeChat, chat.ActionRunning, "summarize:1", w.Manager.ID},
			[]any{a.Kind, a.State, a.WorkflowID, a.RequestedBy})
		other := r
		other.Fingerprint = chat.Fingerprint{"update_labels": "x"}
		requireCode(t, chat.CodeIdempotencyKeyReused, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summarize:1", other))
		other.ChatID = 999
		other.ActionID, other.IdempotencyKey = second.ActionID+"x", ""
		requireCode(t, chat.CodeChatNotFound, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summarize:1", other))

		problem := chat.Errorf(chat.CodeSummarizationFailed, "the model answered nonsense")
		require.NoError(t, s.FailActions(t.Context(), w.Workspace, []chat.ActionID{r.ActionID}, problem))
		require.NoError(t, s.FailActions(t.Context(), w.Workspace, nil, problem))
		require.NoError(t, s.FailActions(t.Context(), w.Workspace, []chat.ActionID{r.ActionID}, chat.Errorf(chat.CodeInternal, "later")))
		a, err = s.Action(t.Context(), w.Workspace, r.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionFailed, a.State)
		assert.Equal(t, problem, a.Problem)
		a, err = s.Action(t.Context(), w.Workspace, second.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionRunning, a.State)
	})
}
