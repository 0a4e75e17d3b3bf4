package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/db"
	"handrail/db/dbtest"
)

// sureChoice and unsure are choices of a model above and below the threshold.
func sureChoice(name string) chat.LabelChoice {
	return chat.LabelChoice{Name: name, Confidence: 0.9, Evidence: []chat.Quote{{Message: "m", Text: "words"}}}
}

func unsureChoice(name string) chat.LabelChoice {
	return chat.LabelChoice{Name: name, Confidence: 0.4, Evidence: []chat.Quote{{Message: "m", Text: "words"}}}
}

// labelling is a chat with four labels in its workspace.
type labelling struct {
	*testing.T
	s *db.Store
	w *dbtest.World
	// late and lost are labels beside Billing and VIP.
	late, lost chat.Label
}

func newLabelling(t *testing.T, s *db.Store) *labelling {
	t.Helper()
	l := &labelling{T: t, s: s, w: dbtest.Seed(t, s)}
	var err error
	l.late, err = s.CreateLabel(t.Context(), l.w.Workspace, l.w.By, chat.Label{Name: "Late"})
	require.NoError(t, err)
	l.lost, err = s.CreateLabel(t.Context(), l.w.Workspace, l.w.By, chat.Label{Name: "Lost"})
	require.NoError(t, err)
	addMessage(t, s, l.w, l.w.SMS.ID, "one")

	return l
}

// run has a model choose, and returns the run and the chat.
func (l *labelling) run(choices ...chat.LabelChoice) (writing, chat.Chat) {
	l.Helper()
	run := beginSummary(l.T, l.s, summaryStart(l.w, withLabels, inFull))

	return run, run.save(l.T, l.s, "text", choices...)
}

// set is a person's choice of all labels.
func (l *labelling) set(ids ...chat.LabelID) chat.Chat {
	l.Helper()

	if ids == nil {
		ids = []chat.LabelID{}
	}

	return editSMSChat(l.T, l.s, l.w, chat.ChatPatch{LabelIDs: &ids})
}

func (l *labelling) undo(id chat.SummaryID) chat.Chat {
	l.Helper()
	c, err := l.s.UndoLabels(l.Context(), l.w.Workspace, l.w.By, l.w.SMS.ID, id)
	require.NoError(l.T, err)

	return c
}

// labelSources are the names of a chat's labels with who set them.
func labelSources(c chat.Chat) map[string]chat.LabelSource {
	names := map[string]chat.LabelSource{}
	for _, l := range c.Labels {
		names[l.Name] = l.Source
	}

	return names
}

type sources = map[string]chat.LabelSource

func TestLabelsOfAModel(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLabelling(t, s)
		l.set(l.w.VIP.ID)
		run, c := l.run(sureChoice("billing"), sureChoice("vip"), unsureChoice("late"), sureChoice("no such"))
		assert.Equal(
			t,
			sources{"VIP": chat.LabelByPerson, "Billing": chat.LabelByModel},
			labelSources(c),
			"only the workspace's, and a person's stay a person's",
		)

		require.Len(t, c.Suggested, 1)
		assert.Equal(t, "Late", c.Suggested[0].Name)
		assert.NotEmpty(t, c.Suggested[0].Evidence)
		v := run.version(t, s)
		assert.Equal(
			t,
			[]chat.LabelFate{chat.LabelSet, chat.LabelPresent, chat.LabelSuggested, chat.LabelWithheld},
			v.Fates,
		)

		assert.Equal(t, []chat.LabelID{l.w.Billing.ID}, v.LabelsAdded)

		run, c = l.run(sureChoice("late"))
		assert.Equal(
			t,
			sources{"VIP": chat.LabelByPerson, "Late": chat.LabelByModel},
			labelSources(c),
			"its own goes, a person's stays",
		)

		assert.Empty(t, c.Suggested, "what is set is not suggested")
		assert.Equal(t, []chat.LabelID{l.w.Billing.ID}, run.version(t, s).LabelsRemoved)

		l.set(l.w.VIP.ID)
		run, c = l.run(sureChoice("late"))
		assert.Equal(t, sources{"VIP": chat.LabelByPerson}, labelSources(c), "what a person took off is not put back")
		assert.Equal(t, []chat.LabelFate{chat.LabelWithheld}, run.version(t, s).Fates)
		l.set(l.late.ID)
		_, c = l.run()
		assert.Equal(t, sources{"Late": chat.LabelByPerson}, labelSources(c), "a person's own is never removed")

		_, err := s.UpdateSummarySettings(t.Context(), l.w.Workspace, l.w.By, chat.SummarySettings{LabelThreshold: 0.3})
		require.NoError(t, err)

		_, c = l.run(unsureChoice("lost"))
		assert.Equal(t, chat.LabelByModel, labelSources(c)["Lost"], "the workspace's threshold decides")
	})
}

// tool has a tool of a send change the chat.
func (l *labelling) tool(effect func(context.Context, chat.ChatEditor) error) {
	l.Helper()
	in := l.w.Send(l.w.SMS.ID, "hi", chat.ToolCall{ID: "a", Name: "one"})
	_, err := l.s.PrepareSend(l.Context(), in, dbtest.SendIDs(), dbtest.PlanText("hi"))
	require.NoError(l.T, err)

	_, err = l.s.CompleteToolCall(
		l.Context(),
		l.w.Workspace,
		in.ActionID,
		0,
		func(ctx context.Context, e chat.ChatEditor) (json.RawMessage, error) {
			return json.RawMessage(`{}`), effect(ctx, e)
		},
	)
	require.NoError(l.T, err)
}

func TestALabelThatAToolSetsTooIsNotTheModelsAnyMore(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLabelling(t, s)
		l.set(l.w.VIP.ID)
		l.run(sureChoice("late"))

		l.tool(func(ctx context.Context, e chat.ChatEditor) error {
			return errors.Join(e.AddLabel(ctx, "late"), e.AddLabel(ctx, "vip"))
		})

		_, c := l.run()
		assert.Equal(t, sources{"VIP": chat.LabelByPerson, "Late": chat.LabelByTool}, labelSources(c))
	})
}

func TestNewLabelsAreLookedForAlsoWhenNothingElseIsNew(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLabelling(t, s)
		l.run(sureChoice("late"))

		mode := func(changes ...func(*chat.SummaryStep)) chat.SummaryMode {
			run := beginSummary(t, s, summaryStart(l.w, changes...))

			text := "text"
			if run.plan.Standing != nil {
				text = run.plan.Standing.Summary
			}

			run.save(t, s, text)

			return run.plan.Mode
		}

		assert.Equal(t, chat.ModeUnchanged, mode(), "no labels are asked for")
		assert.Equal(t, chat.ModeUnchanged, mode(withLabels), "the last run that read has labels")
		_, err := s.CreateLabel(t.Context(), l.w.Workspace, l.w.By, chat.Label{Name: "Refund"})
		require.NoError(t, err)
		assert.Equal(t, chat.ModeUnchanged, mode())
		assert.Equal(t, chat.ModeFull, mode(withLabels))
		assert.Equal(t, chat.ModeUnchanged, mode(withLabels))
	})
}

func TestUndoLabels(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLabelling(t, s)
		l.run(sureChoice("billing"), sureChoice("late"))
		run, c := l.run(sureChoice("vip"), sureChoice("lost"), sureChoice("late"))
		require.Equal(t, sources{"VIP": chat.LabelByModel, "Lost": chat.LabelByModel, "Late": chat.LabelByModel}, labelSources(c))
		c = l.undo(run.ID)
		assert.Equal(
			t,
			sources{"Billing": chat.LabelByPerson, "Late": chat.LabelByModel},
			labelSources(c),
			"as it was before the run",
		)

		assert.Equal(t, c, l.undo(run.ID), "a second time changes nothing")
		assert.NotNil(t, run.version(t, s).LabelsUndoneAt)
		_, c = l.run(sureChoice("vip"), sureChoice("late"))
		assert.Equal(
			t,
			sources{"Billing": chat.LabelByPerson, "Late": chat.LabelByModel},
			labelSources(c),
			"and no run does it again",
		)
	})
}

func TestUndoLabelsLeavesWhatPeopleHaveTouched(t *testing.T) {
	t.Parallel()

	dbtest.Each(t, func(t *testing.T, s *db.Store) {
		l := newLabelling(t, s)
		l.run(sureChoice("billing"), sureChoice("late"))
		run, _ := l.run(sureChoice("vip"), sureChoice("lost")) // adds two, removes two
		l.set(l.w.VIP.ID, l.lost.ID, l.w.Billing.ID)
		l.set(l.w.VIP.ID) // Lost and Billing are taken off by a person, VIP is a person's now
		c := l.undo(run.ID)
		assert.Equal(t, sources{"VIP": chat.LabelByPerson, "Late": chat.LabelByPerson}, labelSources(c))

		require.NoError(t, s.DeleteLabel(t.Context(), l.w.Workspace, l.w.By, l.late.ID))
		text := beginSummary(t, s, summaryStart(l.w, inFull))
		text.save(t, s, "no labels")
		_, err := s.UndoLabels(t.Context(), l.w.Workspace, l.w.By, l.w.SMS.ID, text.ID)
		requireCode(t, chat.CodeConflict, err)
		_, err = s.UndoLabels(t.Context(), l.w.Workspace, l.w.By, l.w.SMS.ID, "none")
		requireCode(t, chat.CodeSummaryNotFound, err)
	})
}
