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

func TestAPersonsSummaryStands(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		run := beginSummary(t, s, summaryStart(w))
		says := run.says("model's")
		says.Summary.KeyPoints = []chat.Point{{Text: "wrong", Messages: []chat.MessageID{"m"}}}
		require.NoError(t, s.SaveSummary(t.Context(), says))

		mine := "Mine."
		c := editSMSChat(t, s, w, chat.ChatPatch{Summary: &mine})
		assert.Equal(
			t,
			[]any{"Mine.", chat.ByPerson, true, false, 0},
			[]any{c.Summary, c.SummaryModel, c.SummaryEdited, c.TitleEdited, c.StaleBy},
		)

		assert.Empty(t, c.KeyPoints, "a model's points may say what was just corrected")
		v, err := s.SummaryVersion(t.Context(), w.Workspace, w.SMS.ID, c.SummaryID)
		require.NoError(t, err)

		assert.Equal(t, []any{chat.SummaryByPerson, "About model's", "Mine.", true, w.Manager.ID},
			[]any{v.Kind, v.Title, v.Summary.Summary, v.Current, v.RequestedBy})

		_, err = s.BeginSummary(t.Context(), summaryStart(w), capacity)
		requireCode(t, chat.CodeSummaryEdited, err)

		labels := beginSummary(t, s, summaryStart(w, withLabels))
		c = labels.save(t, s, "not shown", sureChoice("vip"))
		assert.Equal(
			t,
			[]any{"About model's", "Mine.", true},
			[]any{c.Title, c.Summary, c.SummaryEdited},
			"labels are chosen beside a person's text",
		)

		assert.Len(t, c.Labels, 1)
		assert.False(t, labels.version(t, s).Applied)

		over := beginSummary(t, s, summaryStart(w, withOverwrite))
		assert.Equal(t, chat.ModeFull, over.plan.Mode, "nothing is built on what a person wrote")
		c = over.save(t, s, "written over")
		assert.Equal(t, []any{"written over", false, over.ID}, []any{c.Summary, c.SummaryEdited, c.SummaryID})
	})
}

func TestAPersonsTitleStandsBesideANewSummary(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")

		mine := "My title"
		c := editSMSChat(t, s, w, chat.ChatPatch{Title: &mine})
		assert.Equal(
			t,
			[]any{true, false, 1},
			[]any{c.TitleEdited, c.SummaryEdited, c.StaleBy},
			"a title covers nothing",
		)

		c = beginSummary(t, s, summaryStart(w)).save(t, s, "model's")
		assert.Equal(t, []any{"My title", "model's", true}, []any{c.Title, c.Summary, c.TitleEdited})
		c = beginSummary(t, s, summaryStart(w, withOverwrite, inFull)).save(t, s, "again")
		assert.Equal(t, []any{"About again", false}, []any{c.Title, c.TitleEdited})
	})
}

func TestRestoreSummary(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		old := beginSummary(t, s, summaryStart(w))
		was := old.save(t, s, "old")
		addMessage(t, s, w, w.SMS.ID, "two")
		beginSummary(t, s, summaryStart(w)).save(t, s, "new")
		c, err := s.RestoreSummary(t.Context(), w.Workspace, w.By, w.SMS.ID, old.ID)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{was.Title, was.Summary, "m", true, true, 1},
			[]any{
				c.Title,
				c.Summary,
				c.SummaryModel,
				c.TitleEdited,
				c.SummaryEdited,
				c.StaleBy,
			},
			"stale as it was then",
		)

		v, err := s.SummaryVersion(t.Context(), w.Workspace, w.SMS.ID, c.SummaryID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.SummaryRestored, old.ID, true}, []any{v.Kind, v.RestoredFrom, v.Current})
		_, err = s.BeginSummary(t.Context(), summaryStart(w), capacity)
		requireCode(t, chat.CodeSummaryEdited, err)

		list, err := s.Summaries(t.Context(), w.Workspace, w.SMS.ID, chat.Page{Limit: 2})
		require.NoError(t, err)
		assert.Equal(t, []string{"old", "new"}, []string{list.Items[0].Summary.Summary, list.Items[1].Summary.Summary})
		list, err = s.Summaries(t.Context(), w.Workspace, w.SMS.ID, chat.Page{Limit: 2, Cursor: list.NextCursor})
		require.NoError(t, err)
		assert.Len(t, list.Items, 1)
		assert.Empty(t, list.NextCursor)

		_, err = s.RestoreSummary(t.Context(), w.Workspace, w.By, w.SMS.ID, "none")
		requireCode(t, chat.CodeSummaryNotFound, err)
		running := beginSummary(t, s, summaryStart(w, withOverwrite))
		_, err = s.RestoreSummary(t.Context(), w.Workspace, w.By, w.SMS.ID, running.ID)
		requireCode(t, chat.CodeConflict, err)
	})
}

func TestSummarySettings(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		got, err := s.SummarySettings(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, chat.SummarySettings{LabelThreshold: chat.DefaultLabelThreshold}, got)

		want := chat.SummarySettings{
			Model:           "openai/gpt-4.1-mini",
			Language:        "pt-BR",
			Instructions:    "Be short.",
			TokenBudget:     1000,
			LabelThreshold:  0.5,
			QuietAfter:      10 * time.Minute,
			EveryMessages:   20,
			AutomaticLabels: true,
		}

		for range 2 {
			got, err = s.UpdateSummarySettings(t.Context(), w.Workspace, w.By, want)
			require.NoError(t, err)
		}

		require.NotNil(t, got.UpdatedAt)
		want.UpdatedAt, want.UpdatedBy = got.UpdatedAt, w.Manager.ID
		assert.Equal(t, want, got)
		_, err = s.UpdateSummarySettings(t.Context(), w.Workspace, w.By, chat.SummarySettings{Model: "gpt"})
		requireCode(t, chat.CodeInvalidRequest, err)
	})
}

func TestTokensAreCountedByTheMonth(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")

		run := beginSummary(t, s, summaryStart(w))
		for range 2 {
			require.NoError(
				t,
				s.RecordUsage(
					t.Context(),
					w.Workspace,
					w.SMS.ID,
					run.ID,
					chat.Usage{Requests: 1, InputTokens: 100, OutputTokens: 20},
				),
			)
		}

		settings, err := s.SummarySettings(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Equal(t, int64(240), settings.TokensUsed)
		assert.Equal(t, chat.Usage{Requests: 2, InputTokens: 200, OutputTokens: 40}, run.version(t, s).Usage)

		_, err = s.Bun().
			NewUpdate().
			Table("model_usage").
			Set("month = '2001-01'").
			Where("workspace_id = ?", w.Workspace).
			Exec(t.Context())

		require.NoError(t, err)
		settings, err = s.SummarySettings(t.Context(), w.Workspace)
		require.NoError(t, err)
		assert.Zero(t, settings.TokensUsed, "another month's")
	})
}

func TestSummaryDue(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		settle := func(settings chat.SummarySettings) {
			_, err := s.UpdateSummarySettings(t.Context(), w.Workspace, w.By, settings)
			require.NoError(t, err)
		}

		var last chat.Message
		var tried int64
		due := func(after time.Duration) chat.SummaryDue {
			got, err := s.SummaryDue(
				t.Context(),
				chat.AutoSummary{WorkspaceID: w.Workspace, ChatID: w.SMS.ID, Tried: tried},
				last.CreatedAt.Add(after),
			)
			require.NoError(t, err)

			return got
		}

		settle(chat.SummarySettings{QuietAfter: 10 * time.Minute, EveryMessages: 3, AutomaticLabels: true})
		assert.Zero(t, due(time.Hour), "no messages")
		addMessage(t, s, w, w.SMS.ID, "one")
		last = addMessage(t, s, w, w.SMS.ID, "two")
		assert.Equal(t, chat.SummaryDue{
			Newest:  last.Number,
			In:      6 * time.Minute,
			Missing: 1,
			By:      w.Manager.ID,
			Labels:  true,
		}, due(4*time.Minute))

		assert.True(t, due(10*time.Minute).Due, "quiet for long enough")
		last = addMessage(t, s, w, w.SMS.ID, "three")
		assert.True(t, due(0).Due, "enough is new")

		tried = last.Number

		assert.Zero(t, due(time.Hour), "its workflow has tried it")

		tried = 0

		forgotten := func(after time.Duration) []chat.AutoSummary {
			got, err := s.ForgottenSummaries(t.Context(), last.CreatedAt.Add(after), 2*time.Minute, 10)
			require.NoError(t, err)

			return got
		}

		assert.Empty(t, forgotten(11*time.Minute))
		assert.Equal(t, []chat.AutoSummary{{WorkspaceID: w.Workspace, ChatID: w.SMS.ID}}, forgotten(13*time.Minute))
		assert.Empty(t, forgotten(48*time.Hour))

		beginSummary(t, s, summaryStart(w, func(s *chat.SummaryStep) { s.Automatic = true }))
		assert.Zero(t, due(time.Hour), "it has been tried")
		assert.Empty(t, forgotten(13*time.Minute))
		last = addMessage(t, s, w, w.SMS.ID, "four")
		assert.Equal(t, 2, due(0).Missing, "counted from the last attempt")
		beginSummary(t, s, summaryStart(w)).save(t, s, "all")
		assert.Zero(t, due(time.Hour))

		last = addMessage(t, s, w, w.SMS.ID, "five")

		settle(chat.SummarySettings{EveryMessages: 5})

		assert.Equal(
			t,
			chat.SummaryDue{Newest: last.Number, Missing: 4, By: w.Manager.ID},
			due(time.Hour),
			"time alone does not do",
		)

		settle(chat.SummarySettings{})
		assert.Zero(t, due(time.Hour), "switched off")
		settle(chat.SummarySettings{QuietAfter: time.Minute})
		assert.True(t, due(time.Hour).Due)

		mine := "Mine."
		editSMSChat(t, s, w, chat.ChatPatch{Summary: &mine})
		last = addMessage(t, s, w, w.SMS.ID, "six")
		assert.Zero(t, due(time.Hour), "a person's summary is let alone")
	})
}
