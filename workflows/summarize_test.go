package workflows_test

import (
	"cmp"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

func summaryInput(action chat.ActionID, labels bool) chat.SummarizeChat {
	return chat.SummarizeChat{Request: chat.Request{
		ActionID:    action,
		WorkspaceID: workspace,
		ChatID:      7,
		Nonce:       string(action),
	}, UpdateLabels: labels}
}

// summary is a world whose model takes a minute and whose store keeps what it is given.
type summary struct {
	*world
	// plan is what a run is to read.
	plan  func(chat.SummaryStart) (chat.SummaryPlan, error)
	begun []chat.SummaryStart
	reads []chat.SummaryPart
	saved []chat.SummaryToSave
	fails []chat.SummaryFailure
	waits []*chat.ModelWait
	save  func() error
}

func newSummary(t *testing.T) *summary {
	t.Helper()
	s := &summary{world: newWorld(t), save: func() error { return nil }, plan: planParts(1)}
	withActivity(s.world, workflows.RecordAction, func(chat.ActionStep) (struct{}, error) { return struct{}{}, nil })

	withActivity(s.world, workflows.BeginSummary, func(in chat.SummaryStart) (chat.SummaryPlan, error) {
		s.begun = append(s.begun, in)
		return s.plan(in)
	})

	withActivity(s.world, workflows.SaveSummary, func(in chat.SummaryToSave) (struct{}, error) {
		err := s.save()
		if err == nil {
			s.saved = append(s.saved, in)
		}

		return struct{}{}, err
	})

	withActivity(s.world, workflows.RecordModelWait, func(in chat.SummaryWait) (struct{}, error) {
		s.waits = append(s.waits, in.Wait)
		return struct{}{}, nil
	})

	withActivity(s.world, workflows.FailSummary, func(in chat.SummaryFailure) (struct{}, error) {
		s.fails = append(s.fails, in)
		return struct{}{}, nil
	})

	return s
}

// planParts plans a full run of n parts.
func planParts(n int) func(chat.SummaryStart) (chat.SummaryPlan, error) {
	return func(in chat.SummaryStart) (chat.SummaryPlan, error) {
		plan := chat.SummaryPlan{
			ID:       in.ID,
			Version:  3,
			Mode:     chat.ModeFull,
			Capacity: 12_000,
		}

		for i := range n {
			plan.Parts = append(plan.Parts, chat.MessageRange{From: int64(10*i + 1), To: int64(10*i + 10)})
		}

		return plan, nil
	}
}

func (s *summary) reading(model func(chat.SummaryPart) (chat.Summary, error)) {
	withActivity(s.world, workflows.WriteSummary, func(in chat.SummaryPart) (chat.Summary, error) {
		s.reads = append(s.reads, in)
		return model(in)
	})
}

// failed are the actions that were told to have failed.
func (s *summary) failed() []chat.ActionID {
	var ids []chat.ActionID
	for _, f := range s.fails {
		ids = append(ids, f.ActionIDs...)
	}

	return ids
}

func writePart(chat.SummaryPart) (chat.Summary, error) {
	return chat.Summary{Title: "Order 7", Summary: "Ana asks for order 7.", Model: "offline"}, nil
}

func TestSummarizeServesAllWhoAskAtOnceWithOneRun(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(func(in chat.SummaryPart) (chat.Summary, error) {
		if len(s.reads) == 1 { // so that both are certainly there when it answers
			return chat.Summary{}, &chat.RetryLaterError{After: time.Minute, Code: "openai_429", Message: "wait"}
		}

		return writePart(in)
	})

	first := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	second := askOutcome[chat.ChatSummarized](s.world, "b", summaryInput("b", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, s.GetWorkflowError())
	require.NoError(t, first.err)
	require.NoError(t, second.err)
	assert.Len(t, s.reads, 2, "one reading, in two tries")
	require.Len(t, s.saved, 1)
	assert.Len(t, s.saved[0].Requests, 2)
	assert.Equal(t, "offline", second.out.Value.Model)
	assert.Equal(t, chat.ActionID("b"), second.out.Value.ActionID)
	assert.Equal(t, "a", second.out.Nonce, "the second can tell that it joined")
}

func TestSummarizeRunsAgainForOneWhoNeedsLabels(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	late := &answer[chat.ChatSummarized]{}

	s.reading(func(in chat.SummaryPart) (chat.Summary, error) {
		if !late.complete && len(s.reads) == 1 {
			s.RegisterDelayedCallback(func() { late.send(s.world, "b", summaryInput("b", true)) }, 0)
			return chat.Summary{}, &chat.RetryLaterError{After: time.Minute, Code: "openai_429", Message: "wait"}
		}

		return writePart(in)
	})

	first := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, s.GetWorkflowError())
	require.NoError(t, first.err)
	require.NoError(t, late.err)
	require.Len(t, s.saved, 2)
	assert.False(t, s.saved[0].UpdateLabels)
	assert.True(t, s.saved[1].UpdateLabels)
}

func TestSummarizeFails(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		err  error
		want string
	}{
		"nothing to summarize": {
			chat.Errorf(chat.CodeNothingToSummarize, "the chat has no messages yet"),
			"nothing_to_summarize",
		},
		"nonsense from the model": {
			chat.Errorf(chat.CodeSummarizationFailed, "title must have 1 to 80 characters"),
			"summarization_failed",
		},
		"a model that is away": {errors.New("dial tcp: connection refused"), "summarization_failed"},
	}

	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSummary(t)
			s.reading(func(chat.SummaryPart) (chat.Summary, error) { return chat.Summary{}, tt.err })
			a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", true))
			s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", true))
			assert.Equal(t, tt.want, codeOf(t, a.err))
			assert.Empty(t, s.saved, "what stood before stands")
			require.Len(t, s.fails, 1)
			assert.Equal(t, []chat.ActionID{"a"}, s.fails[0].ActionIDs)
			assert.NotContains(t, s.fails[0].Problem.Message, "dial tcp")
		})
	}
}

func TestSummarizeReadsAgainWhenThePageTurnedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(writePart)

	saves := 0
	s.save = func() error {
		if saves++; saves == 1 {
			return chat.Errorf(chat.CodeConflict, "the summary was changed meanwhile")
		}

		return nil
	}

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, a.err)
	assert.Len(t, s.reads, 2)
	require.Len(t, s.fails, 1, "the run that came too late is told so")
	assert.Empty(t, s.fails[0].ActionIDs, "and nobody has failed with it")
	assert.NotEqual(t, s.begun[0].ID, s.begun[1].ID, "each run is a version of its own")
}

func TestSummarizeRefusesOneWithoutFailingTheOthers(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	withActivity(s.world, workflows.RecordAction, func(in chat.ActionStep) (struct{}, error) {
		if in.Request.ActionID == "b" {
			return struct{}{}, chat.Errorf(
				chat.CodeIdempotencyKeyReused,
				"this Idempotency-Key was used for another request",
			)
		}

		return struct{}{}, nil
	})

	s.reading(writePart)
	first := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	second := askOutcome[chat.ChatSummarized](s.world, "b", summaryInput("b", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, first.err)
	assert.Equal(t, "idempotency_key_reused", codeOf(t, second.err))
}

func TestSummarizeCanceledTellsAllWhoWait(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(func(chat.SummaryPart) (chat.Summary, error) {
		return chat.Summary{}, &chat.RetryLaterError{After: 10 * time.Minute, Code: "openai_429", Message: "wait"}
	})

	first := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	second := askOutcome[chat.ChatSummarized](s.world, "b", summaryInput("b", true))
	s.RegisterDelayedCallback(s.CancelWorkflow, time.Minute)
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.True(t, temporal.IsCanceledError(s.GetWorkflowError()))

	for _, a := range []*answer[chat.ChatSummarized]{first, second} {
		assert.Equal(t, "summarization_failed", codeOf(t, a.err))
	}

	for _, f := range s.fails {
		assert.Contains(t, f.Problem.Message, "canceled in Temporal")
	}

	assert.ElementsMatch(t, []chat.ActionID{"a", "b"}, s.failed(), "no row is left running")
}

func TestSummarizeStopsReadingAChatThatKeepsChanging(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.save = func() error { return chat.Errorf(chat.CodeConflict, "the summary was changed meanwhile") }
	s.reading(writePart)
	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.Equal(t, "summarization_failed", codeOf(t, a.err))
	assert.Len(t, s.reads, 4)
	assert.Equal(t, []chat.ActionID{"a"}, s.failed())
}

func TestSummarizeReadsALongChatInParts(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.plan = planParts(5)
	s.reading(func(in chat.SummaryPart) (chat.Summary, error) {
		title := "merged"
		if len(in.Parts) == 0 {
			title = fmt.Sprint("part from ", in.Messages.From)
		}

		return chat.Summary{Title: title, Summary: "S", Model: "m"}, nil
	})

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, a.err)
	require.Len(t, s.reads, 5+2+1+1, "two at a time are merged, and none alone")
	assert.Equal(t, "merged", s.saved[0].Summary.Title)
	var merges [][]string

	for _, in := range s.reads {
		var titles []string
		for _, p := range in.Parts {
			titles = append(titles, p.Title)
		}

		if titles != nil {
			merges = append(merges, titles)
		}
	}

	assert.ElementsMatch(t, [][]string{
		{
			"part from 1",
			"part from 11",
		}, {"part from 21", "part from 31"}, {"merged", "merged"}, {"merged", "part from 41"},
	}, merges, "in the order of the chat")
}

func TestSummarizeEndsTheOtherPartsWithTheOneThatFails(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.plan = planParts(9)
	s.reading(func(in chat.SummaryPart) (chat.Summary, error) {
		if in.Messages.From == 21 {
			return chat.Summary{}, chat.Errorf(chat.CodeTokenBudget, "the tokens of this month are used up")
		}

		return chat.Summary{}, &chat.RetryLaterError{After: time.Minute, Code: "openai_429", Message: "wait"}
	})

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.Equal(t, "token_budget_exceeded", codeOf(t, a.err))
	s.mu.Lock() // one that was begun beside it may still be on its way
	defer s.mu.Unlock()

	for _, in := range s.reads {
		assert.LessOrEqual(t, in.Messages.From, int64(31), "four are read at a time, and no fifth is begun")
	}

	assert.Empty(t, s.saved)
}

func TestSummarizeSplitsWhatIsTooLongForTheModel(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.plan = func(in chat.SummaryStart) (chat.SummaryPlan, error) {
		if in.Capacity == 0 {
			return planParts(1)(in)
		}

		plan, err := planParts(2)(in)
		plan.Capacity = in.Capacity

		return plan, err
	}

	s.reading(func(in chat.SummaryPart) (chat.Summary, error) {
		if len(s.reads) == 1 {
			return chat.Summary{}, chat.Errorf(chat.CodeTooLongForModel, "the text is longer than the model's context")
		}

		return writePart(in)
	})

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, a.err)
	require.Len(t, s.begun, 2)
	assert.Equal(t, s.begun[0].ID, s.begun[1].ID, "it is the same run")
	assert.Equal(t, 6000, s.begun[1].Capacity)
	assert.Len(t, s.reads, 1+2+1)
}

func TestSummarizeGivesUpOnAModelThatTakesNearlyNothing(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.plan = func(in chat.SummaryStart) (chat.SummaryPlan, error) {
		plan, err := planParts(1)(in)
		plan.Capacity = cmp.Or(in.Capacity, plan.Capacity)

		return plan, err
	}

	s.reading(func(chat.SummaryPart) (chat.Summary, error) {
		return chat.Summary{}, chat.Errorf(chat.CodeTooLongForModel, "the text is longer than the model's context")
	})

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.Equal(t, "summarization_failed", codeOf(t, a.err))
	assert.Len(t, s.reads, 3, "12,000, 6,000 and 3,000 characters")
}

func TestSummarizeAsksNoModelWhenNothingIsNew(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	standing := chat.Summary{Title: "Order 7", Summary: "It stands.", Model: "m"}
	s.plan = func(in chat.SummaryStart) (chat.SummaryPlan, error) {
		return chat.SummaryPlan{
			ID:       in.ID,
			Version:  3,
			Mode:     chat.ModeUnchanged,
			Standing: &standing,
		}, nil
	}

	s.reading(writePart)
	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, a.err)
	assert.Empty(t, s.reads)
	assert.Equal(t, standing, s.saved[0].Summary)
}

func TestSummarizeDoesAllThatThoseWhoWaitAskFor(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(writePart)

	full, over := summaryInput("a", false), summaryInput("b", false)
	full.Full, over.Overwrite = true, true
	first := askOutcome[chat.ChatSummarized](s.world, "a", full)
	second := askOutcome[chat.ChatSummarized](s.world, "b", over)
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), full)
	require.NoError(t, first.err)
	require.NoError(t, second.err)
	var fulls, overs int

	for _, b := range s.begun {
		if b.Full {
			fulls++
		}

		if b.Overwrite {
			overs++
		}
	}

	assert.Positive(t, fulls)
	assert.Positive(t, overs)
}

func TestSummarizeRefusesAnotherBodyUnderAKey(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(writePart)

	in := summaryInput("a", false)
	in.Fingerprint = chat.Fingerprint{"update_labels": "false"}
	other := summaryInput("a", true)
	other.Fingerprint = chat.Fingerprint{"update_labels": "true"}
	// The other one's update comes first: the start decides all the same.
	refused := askOutcome[chat.ChatSummarized](s.world, "b", other)
	first := askOutcome[chat.ChatSummarized](s.world, "a", in)
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), in)
	require.NoError(t, first.err)
	assert.Equal(t, "idempotency_key_reused", codeOf(t, refused.err))
	require.Len(t, s.saved, 1)
	assert.False(t, s.saved[0].UpdateLabels)
}

func TestSummarizeSaysWhatKeptTheModelFromAnswering(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(func(chat.SummaryPart) (chat.Summary, error) {
		return chat.Summary{}, &chat.RetryLaterError{
			Code:    "openai_429",
			Message: "the model's server answered 429 Too Many Requests",
		}
	})

	a := askOutcome[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.Equal(t, "summarization_failed", codeOf(t, a.err))
	assert.Len(t, s.reads, 4)
	require.Len(t, s.fails, 1)

	assert.Equal(
		t,
		"the model's server answered 429 Too Many Requests (openai_429), also when it was tried again; title, "+
			"summary and labels stand as they were",
		s.fails[0].Problem.Message,
	)
}
