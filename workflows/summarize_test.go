package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

func summaryInput(action chat.ActionID, labels bool) chat.SummarizeChat {
	return chat.SummarizeChat{Request: chat.Request{ActionID: action, WorkspaceID: workspace, ChatID: 7, Nonce: string(action)}, UpdateLabels: labels}
}

// summary is a world whose model takes a minute and whose store keeps what it is given.
type summary struct {
	*world
	reads []chat.SummaryStep
	saved []chat.SummaryToSave
	fails []chat.ActionsFailed
}

func newSummary(t *testing.T) *summary {
	t.Helper()
	s := &summary{world: newWorld(t)}
	does(s.world, workflows.RecordAction, func(chat.ActionStep) (struct{}, error) { return struct{}{}, nil })
	does(s.world, workflows.SaveSummary, func(in chat.SummaryToSave) (struct{}, error) {
		s.saved = append(s.saved, in)
		return struct{}{}, nil
	})
	does(s.world, workflows.FailActions, func(in chat.ActionsFailed) (struct{}, error) {
		s.fails = append(s.fails, in)
		return struct{}{}, nil
	})
	return s
}

func (s *summary) reading(model func(chat.SummaryStep) (chat.SummaryDraft, error)) {
	does(s.world, workflows.WriteSummary, func(in chat.SummaryStep) (chat.SummaryDraft, error) {
		s.reads = append(s.reads, in)
		return model(in)
	})
}

func writes(chat.SummaryStep) (chat.SummaryDraft, error) {
	return chat.SummaryDraft{Version: 3, Summary: chat.Summary{Title: "Order 7", Summary: "Ana asks for order 7.", Model: "offline"}}, nil
}

func TestSummarizeServesAllWhoAskAtOnceWithOneRun(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(func(in chat.SummaryStep) (chat.SummaryDraft, error) {
		if len(s.reads) == 1 { // so that both are certainly there when it answers
			return chat.SummaryDraft{}, &chat.RetryLaterError{After: time.Minute, Code: "openai_429", Message: "wait"}
		}
		return writes(in)
	})
	first := ask[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	second := ask[chat.ChatSummarized](s.world, "b", summaryInput("b", false))
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
	s.reading(func(in chat.SummaryStep) (chat.SummaryDraft, error) {
		if !late.complete && len(s.reads) == 1 {
			s.RegisterDelayedCallback(func() { late.send(s.world, "b", summaryInput("b", true)) }, 0)
			return chat.SummaryDraft{}, &chat.RetryLaterError{After: time.Minute, Code: "openai_429", Message: "wait"}
		}
		return writes(in)
	})
	first := ask[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
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
		"nothing to summarize":    {chat.Errorf(chat.CodeNothingToSummarize, "the chat has no messages yet"), "nothing_to_summarize"},
		"nonsense from the model": {chat.Errorf(chat.CodeSummarizationFailed, "title must have 1 to 80 characters"), "summarization_failed"},
		"a model that is away":    {errors.New("dial tcp: connection refused"), "summarization_failed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSummary(t)
			s.reading(func(chat.SummaryStep) (chat.SummaryDraft, error) { return chat.SummaryDraft{}, tt.err })
			a := ask[chat.ChatSummarized](s.world, "a", summaryInput("a", true))
			s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", true))
			assert.Equal(t, tt.want, code(t, a.err))
			assert.Empty(t, s.saved, "what stood before stands")
			require.Len(t, s.fails, 1)
			assert.Equal(t, []chat.ActionID{"a"}, s.fails[0].ActionIDs)
			assert.NotContains(t, s.fails[0].Problem.Message, "dial tcp")
		})
	}
}

func TestSummarizeReadsAgainWhenThePageTurnedMeanwhile(t *testing.T) {
	t.Parallel()
	s := &summary{world: newWorld(t)}
	does(s.world, workflows.RecordAction, func(chat.ActionStep) (struct{}, error) { return struct{}{}, nil })
	s.reading(writes)
	saves := 0
	does(s.world, workflows.SaveSummary, func(chat.SummaryToSave) (struct{}, error) {
		if saves++; saves == 1 {
			return struct{}{}, chat.Errorf(chat.CodeConflict, "the summary was changed meanwhile")
		}
		return struct{}{}, nil
	})
	a := ask[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, a.err)
	assert.Len(t, s.reads, 2)
}

func TestSummarizeRefusesOneWithoutFailingTheOthers(t *testing.T) {
	t.Parallel()
	s := &summary{world: newWorld(t)}
	does(s.world, workflows.RecordAction, func(in chat.ActionStep) (struct{}, error) {
		if in.Request.ActionID == "b" {
			return struct{}{}, chat.Errorf(chat.CodeIdempotencyKeyReused, "this Idempotency-Key was used for another request")
		}
		return struct{}{}, nil
	})
	does(s.world, workflows.SaveSummary, func(chat.SummaryToSave) (struct{}, error) { return struct{}{}, nil })
	s.reading(writes)
	first := ask[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	second := ask[chat.ChatSummarized](s.world, "b", summaryInput("b", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	require.NoError(t, first.err)
	assert.Equal(t, "idempotency_key_reused", code(t, second.err))
}

func TestSummarizeCanceledTellsAllWhoWait(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(func(chat.SummaryStep) (chat.SummaryDraft, error) {
		return chat.SummaryDraft{}, &chat.RetryLaterError{After: 10 * time.Minute, Code: "openai_429", Message: "wait"}
	})
	first := ask[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	second := ask[chat.ChatSummarized](s.world, "b", summaryInput("b", true))
	s.RegisterDelayedCallback(s.CancelWorkflow, time.Minute)
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.True(t, temporal.IsCanceledError(s.GetWorkflowError()))
	for _, a := range []*answer[chat.ChatSummarized]{first, second} {
		assert.Equal(t, "summarization_failed", code(t, a.err))
	}
	var failed []chat.ActionID
	for _, f := range s.fails {
		failed = append(failed, f.ActionIDs...)
		assert.Contains(t, f.Problem.Message, "canceled in Temporal")
	}
	assert.ElementsMatch(t, []chat.ActionID{"a", "b"}, failed, "no row is left running")
}

func TestSummarizeStopsReadingAChatThatKeepsChanging(t *testing.T) {
	t.Parallel()
	s := &summary{world: newWorld(t)}
	does(s.world, workflows.RecordAction, func(chat.ActionStep) (struct{}, error) { return struct{}{}, nil })
	does(s.world, workflows.SaveSummary, func(chat.SummaryToSave) (struct{}, error) {
		return struct{}{}, chat.Errorf(chat.CodeConflict, "the summary was changed meanwhile")
	})
	does(s.world, workflows.FailActions, func(in chat.ActionsFailed) (struct{}, error) {
		s.fails = append(s.fails, in)
		return struct{}{}, nil
	})
	s.reading(writes)
	a := ask[chat.ChatSummarized](s.world, "a", summaryInput("a", false))
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), summaryInput("a", false))
	assert.Equal(t, "summarization_failed", code(t, a.err))
	assert.Len(t, s.reads, 4)
	assert.Len(t, s.fails, 1)
}

func TestSummarizeRefusesAnotherBodyUnderAKey(t *testing.T) {
	t.Parallel()
	s := newSummary(t)
	s.reading(writes)
	in := summaryInput("a", false)
	in.Fingerprint = chat.Fingerprint{"update_labels": "false"}
	other := summaryInput("a", true)
	other.Fingerprint = chat.Fingerprint{"update_labels": "true"}
	// The other one's update comes first: the start decides all the same.
	refused := ask[chat.ChatSummarized](s.world, "b", other)
	first := ask[chat.ChatSummarized](s.world, "a", in)
	s.ExecuteWorkflow(string(chat.ActionSummarizeChat), in)
	require.NoError(t, first.err)
	assert.Equal(t, "idempotency_key_reused", code(t, refused.err))
	require.Len(t, s.saved, 1)
	assert.False(t, s.saved[0].UpdateLabels)
}
