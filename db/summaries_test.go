package db_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
	"handrail/uuidv7"
)

// summaryStart begins a run over the SMS chat.
func summaryStart(w *dbtest.World, changes ...func(*chat.SummaryStep)) chat.SummaryStart {
	start := chat.SummaryStart{SummaryStep: chat.SummaryStep{
		WorkspaceID: w.Workspace, ChatID: w.SMS.ID, ID: uuidv7.New[chat.SummaryID](),
	}, By: w.By}

	for _, change := range changes {
		change(&start.SummaryStep)
	}

	return start
}

func withLabels(s *chat.SummaryStep)    { s.UpdateLabels = true }
func withOverwrite(s *chat.SummaryStep) { s.Overwrite = true }
func inFull(s *chat.SummaryStep)        { s.Full = true }

// capacity is that of a model which costs something.
const capacity = 1000

// writing is a run that is planned, and what it writes.
type writing struct {
	chat.SummaryStart
	plan chat.SummaryPlan
}

func beginSummary(t *testing.T, s *db.Store, start chat.SummaryStart) writing {
	t.Helper()
	plan, err := s.BeginSummary(t.Context(), start, capacity)
	require.NoError(t, err)

	return writing{start, plan}
}

// says is what is to be saved when the model writes a text, and chooses labels.
func (r writing) says(text string, labels ...chat.LabelChoice) chat.SummaryToSave {
	return chat.SummaryToSave{
		SummaryStep: r.SummaryStep, Version: r.plan.Version,
		Summary: chat.Summary{
			Title:   "About " + text,
			Summary: text,
			Model:   "m",
			Labels:  labels,
		},
	}
}

func (r writing) save(t *testing.T, s *db.Store, text string, labels ...chat.LabelChoice) chat.Chat {
	t.Helper()
	require.NoError(t, s.SaveSummary(t.Context(), r.says(text, labels...)))
	c, err := s.Chat(t.Context(), r.WorkspaceID, r.ChatID)
	require.NoError(t, err)

	return c
}

func (r writing) version(t *testing.T, s *db.Store) chat.SummaryVersion {
	t.Helper()
	v, err := s.SummaryVersion(t.Context(), r.WorkspaceID, r.ChatID, r.ID)
	require.NoError(t, err)

	return v
}

func editSMSChat(t *testing.T, s *db.Store, w *dbtest.World, p chat.ChatPatch) chat.Chat {
	t.Helper()
	c, err := s.UpdateChat(t.Context(), w.Workspace, w.By, w.SMS.ID, p)
	require.NoError(t, err)

	return c
}

func TestReading(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		first := beginSummary(t, s, summaryStart(w))
		points := []chat.Point{{Text: "p", Messages: []chat.MessageID{"m"}}}
		written := first.says("one")
		written.Summary.KeyPoints = points
		require.NoError(t, s.SaveSummary(t.Context(), written))

		_, err := s.UpdateSummarySettings(
			t.Context(),
			w.Workspace,
			w.By,
			chat.SummarySettings{Language: "de", Instructions: "Kurz."},
		)
		require.NoError(t, err)

		second := addMessage(t, s, w, w.SMS.ID, "two")
		failed := w.Prepare(t, s, w.SMS.ID, "never sent")
		_, err = s.FailSend(
			t.Context(),
			w.Workspace,
			failed.ActionID,
			-1,
			chat.Errorf(chat.CodeDeliveryFailed, "canceled"),
		)
		require.NoError(t, err)
		reply := w.Prepare(t, s, w.SMS.ID, "three")
		addMessage(t, s, w, w.SMS.ID, "not of this part")

		part := chat.SummaryPart{
			SummaryStep: first.SummaryStep,
			Base:        first.ID,
			Messages:    chat.MessageRange{From: second.Number, To: reply.Number},
			Parts:       []chat.Summary{{Title: "a part"}},
		}

		part.UpdateLabels = true
		got, err := s.Reading(t.Context(), part)
		require.NoError(t, err)

		assert.Equal(t, chat.Reading{
			ChatID:       w.SMS.ID,
			Channel:      chat.ChannelSMS,
			Title:        "About one",
			ChooseLabels: true,
			Labels:       []chat.Label{w.Billing, w.VIP},
			Language:     "de",
			Instructions: "Kurz.",
			Earlier: []chat.Summary{{
				Title:     "About one",
				Summary:   "one",
				KeyPoints: points,
				Labels:    []chat.LabelChoice{},
				Model:     "m",
			}, {Title: "a part"}},
			Messages: []chat.Line{
				{
					ID:      second.ID,
					Role:    chat.RoleUserMessage,
					Speaker: "Ana Lopez",
					Text:    "two",
				},
				{
					ID:      reply.MessageID,
					Role:    chat.RoleAssistantMessage,
					Speaker: "Handy",
					Text:    "three",
				},
			},
		}, got)
	})
}

func TestASummaryIsAVersion(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		_, err := s.BeginSummary(t.Context(), summaryStart(w), capacity)
		requireCode(t, chat.CodeNothingToSummarize, err)
		m := addMessage(t, s, w, w.SMS.ID, "Where is my parcel?")
		request := w.Request(w.SMS.ID)
		require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary:1", request))

		start := summaryStart(w)
		start.ActionID = request.ActionID
		run := beginSummary(t, s, start)
		assert.Equal(t, chat.SummaryPlan{
			ID:       start.ID,
			Mode:     chat.ModeFull,
			Capacity: capacity,
			Parts:    []chat.MessageRange{{From: m.Number, To: m.Number}},
		}, run.plan)

		assert.Equal(t, chat.SummaryRunning, run.version(t, s).State)

		require.NoError(t, s.RecordUsage(t.Context(), w.Workspace, w.SMS.ID, start.ID, chat.Usage{
			Requests:     2,
			InputTokens:  30,
			OutputTokens: 4,
			Duration:     time.Second,
		}))

		save := run.says("She waits.")
		save.Requests = []chat.Request{request}
		save.Summary.NextSteps = []chat.Point{{Text: "Look for it.", Messages: []chat.MessageID{m.ID}}}
		require.NoError(t, s.SaveSummary(t.Context(), save))
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)

		assert.Equal(
			t,
			[]any{"About She waits.", "She waits.", "m", start.ID, 0},
			[]any{c.Title, c.Summary, c.SummaryModel, c.SummaryID, c.StaleBy},
		)

		assert.Equal(t, save.Summary.NextSteps, c.NextSteps)
		a, err := s.Action(t.Context(), w.Workspace, request.ActionID)
		require.NoError(t, err)
		assert.Equal(t, chat.ActionSucceeded, a.State)

		v := run.version(t, s)
		assert.Equal(t, chat.Usage{
			Requests:     2,
			InputTokens:  30,
			OutputTokens: 4,
			Duration:     time.Second,
		}, v.Usage)

		assert.Equal(t, []any{chat.SummarySucceeded, true, true, m.Number, 1, request.ActionID, w.Manager.ID},
			[]any{v.State, v.Applied, v.Current, v.Watermark, v.Covered, v.ActionID, v.RequestedBy})

		require.NoError(t, s.SaveSummary(t.Context(), save), "a repetition")

		addMessage(t, s, w, w.SMS.ID, "Hello?")
		c, err = s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, 1, c.StaleBy)
		list, err := s.Chats(t.Context(), w.Workspace, chat.ChatFilter{Page: pageOfTen()})
		require.NoError(t, err)
		assert.Equal(t, 1, list.Items[0].StaleBy)
	})
}

func TestWhatARunReads(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		for range 8 {
			addMessage(t, s, w, w.SMS.ID, "word")
		}

		sent := w.Prepare(t, s, w.SMS.ID, "on its way")
		first := beginSummary(t, s, summaryStart(w))
		assert.Equal(t, chat.ModeFull, first.plan.Mode, "the first")
		first.save(t, s, "one")

		unchanged := beginSummary(t, s, summaryStart(w))
		assert.Equal(t, chat.ModeUnchanged, unchanged.plan.Mode, "nothing is new")
		assert.Empty(t, unchanged.plan.Parts)
		assert.Equal(t, "one", unchanged.plan.Standing.Summary)
		unchanged.save(t, s, "one")
		_, err := s.UpdateSummarySettings(t.Context(), w.Workspace, w.By, chat.SummarySettings{Language: "de"})
		require.NoError(t, err)
		assert.Equal(t, chat.ModeFull, beginSummary(t, s, summaryStart(w)).plan.Mode, "nothing is new, but the language")
		_, err = s.UpdateSummarySettings(t.Context(), w.Workspace, w.By, chat.SummarySettings{})
		require.NoError(t, err)

		fresh := addMessage(t, s, w, w.SMS.ID, "new")
		some := beginSummary(t, s, summaryStart(w))
		assert.Equal(t, chat.ModeIncremental, some.plan.Mode)
		assert.Equal(t, first.ID, some.plan.Base, "what found nothing new has read nothing")
		assert.Equal(t, []chat.MessageRange{{From: fresh.Number, To: fresh.Number}}, some.plan.Parts)

		_, err = s.UpdateSummarySettings(
			t.Context(),
			w.Workspace,
			w.By,
			chat.SummarySettings{Instructions: "Be short."},
		)
		require.NoError(t, err)
		assert.Equal(t, chat.ModeFull, beginSummary(t, s, summaryStart(w)).plan.Mode, "the workspace wants it otherwise")
		_, err = s.UpdateSummarySettings(t.Context(), w.Workspace, w.By, chat.SummarySettings{})
		require.NoError(t, err)
		assert.Equal(t, chat.ModeFull, beginSummary(t, s, summaryStart(w, inFull)).plan.Mode, "all is asked for")
		assert.Equal(t, chat.ModeFull, beginSummary(t, s, summaryStart(w, withLabels)).plan.Mode, "the last one has no labels")
		free, err := s.BeginSummary(t.Context(), summaryStart(w), 0)
		require.NoError(t, err)
		assert.Equal(t, chat.ModeFull, free.Mode, "reading costs nothing")
		assert.Len(t, free.Parts, 1)

		again := beginSummary(t, s, summaryStart(w))
		again.save(t, s, "two")

		_, err = s.FailSend(
			t.Context(),
			w.Workspace,
			sent.ActionID,
			-1,
			chat.Errorf(chat.CodeDeliveryFailed, "canceled"),
		)
		require.NoError(t, err)
		changed := beginSummary(t, s, summaryStart(w))
		assert.Equal(t, chat.ModeFull, changed.plan.Mode, "a message that was covered is none any more")
		changed.save(t, s, "three")

		for range 10 {
			addMessage(t, s, w, w.SMS.ID, "more")
		}

		assert.Equal(t, chat.ModeFull, beginSummary(t, s, summaryStart(w)).plan.Mode, "more than half is new")
	})
}

func TestALongChatIsSplitAtItsMessages(t *testing.T) {
	t.Parallel()

	sizes := []chat.MessageSize{
		{Number: 3, Size: 400},
		{Number: 5, Size: 500},
		{Number: 9, Size: 200},
		{Number: 10, Size: 5000},
		{Number: 12, Size: 1},
	}

	assert.Equal(
		t,
		[]chat.MessageRange{{From: 3, To: 5}, {From: 9, To: 9}, {From: 10, To: 10}, {From: 12, To: 12}},
		chat.SplitMessages(sizes, 1000),
	)

	assert.Equal(t, []chat.MessageRange{{From: 3, To: 12}}, chat.SplitMessages(sizes, 0))
	assert.Empty(t, chat.SplitMessages(nil, 0))
}

func TestASlowRunDoesNotOverwriteANewerOne(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		slow := beginSummary(t, s, summaryStart(w))
		fast := beginSummary(t, s, summaryStart(w))
		lost := slow.version(t, s)
		assert.Equal(t, chat.SummaryFailed, lost.State, "its workflow is over: there is one for a chat")
		assert.Contains(t, lost.Problem.Message, "ended in Temporal")
		fast.save(t, s, "fast")
		requireCode(t, chat.CodeConflict, s.SaveSummary(t.Context(), slow.says("slow")))

		late := beginSummary(t, s, summaryStart(w))
		mine := "Mine"
		editSMSChat(t, s, w, chat.ChatPatch{Title: &mine})
		requireCode(t, chat.CodeConflict, s.SaveSummary(t.Context(), late.says("late")))
		c, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, []string{"Mine", "fast"}, []string{c.Title, c.Summary})
	})
}

func TestFailSummary(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		w := dbtest.Seed(t, s)
		addMessage(t, s, w, w.SMS.ID, "one")
		before := beginSummary(t, s, summaryStart(w)).save(t, s, "stands")
		request := w.Request(w.SMS.ID)
		require.NoError(t, s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summary:1", request))
		run := beginSummary(t, s, summaryStart(w, inFull))
		problem := chat.Errorf(chat.CodeSummarizationFailed, "the model answered nonsense")
		failure := chat.SummaryFailure{
			ActionsFailed: chat.ActionsFailed{
				WorkspaceID: w.Workspace,
				ActionIDs:   []chat.ActionID{request.ActionID},
				Problem:     *problem,
			},
			ChatID: w.SMS.ID, ID: run.ID,
		}

		require.NoError(t, s.FailSummary(t.Context(), failure))
		failure.Problem = *chat.Errorf(chat.CodeInternal, "later")
		require.NoError(t, s.FailSummary(t.Context(), failure), "a repetition")
		v := run.version(t, s)
		assert.Equal(
			t,
			[]any{chat.SummaryFailed, problem, false, false},
			[]any{v.State, v.Problem, v.Applied, v.Current},
		)

		a, err := s.Action(t.Context(), w.Workspace, request.ActionID)
		require.NoError(t, err)
		assert.Equal(t, []any{chat.ActionFailed, problem}, []any{a.State, a.Problem})
		after, err := s.Chat(t.Context(), w.Workspace, w.SMS.ID)
		require.NoError(t, err)
		assert.Equal(t, before, after)
		requireCode(t, chat.CodeConflict, s.SaveSummary(t.Context(), run.says("too late")))

		requireCode(
			t,
			chat.CodeSummaryNotFound,
			s.SaveSummary(t.Context(), writing{SummaryStart: summaryStart(w)}.says("nobody's")),
		)
	})
}

func TestRecordActions(t *testing.T) {
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
		requireCode(
			t,
			chat.CodeIdempotencyKeyReused,
			s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summarize:1", other),
		)

		other.ChatID = 999
		other.ActionID, other.IdempotencyKey = second.ActionID+"x", ""
		requireCode(
			t,
			chat.CodeChatNotFound,
			s.RecordActions(t.Context(), chat.ActionSummarizeChat, "summarize:1", other),
		)
	})
}
