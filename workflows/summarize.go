package workflows

import (
	"slices"

	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// SummarizeChat has a model write a chat's title, summary and, if asked for, labels.
// There is one such workflow per chat at a time: a request that arrives while it runs
// joins it and gets the same answer. One that needs labels, when the run under way does
// not choose any, is served by a second round.
func SummarizeChat(ctx workflow.Context, in chat.SummarizeChat) error {
	s := &summarize{in: in}
	if err := s.serve(ctx); err != nil {
		return err
	}
	// The first request is joined here too: its update may have been lost with a
	// server, its start was not.
	s.join(ctx, in)
	for {
		for len(s.waiting()) > 0 {
			s.round(ctx)
		}
		if workflow.AllHandlersFinished(ctx) {
			return nil
		}
		if err := workflow.Await(ctx, func() bool { return len(s.waiting()) > 0 || workflow.AllHandlersFinished(ctx) }); err != nil {
			return err
		}
	}
}

type summarize struct {
	in   chat.SummarizeChat
	asks []*joined
}

// joined is one request for a summary.
type joined struct {
	in       chat.SummarizeChat
	recorded bool
	done     bool
	draft    chat.ChatSummarized
	err      error
}

func (s *summarize) serve(ctx workflow.Context) error {
	handler := func(ctx workflow.Context, in chat.SummarizeChat) (Outcome[chat.ChatSummarized], error) {
		a := s.join(ctx, in)
		if err := workflow.Await(ctx, func() bool { return a.done }); err != nil {
			return Outcome[chat.ChatSummarized]{}, err
		}
		return Outcome[chat.ChatSummarized]{Value: a.draft, Nonce: s.in.Nonce}, a.err
	}
	return workflow.SetUpdateHandler(ctx, updateOutcome, handler)
}

// join records a request once, whether it came with the start, an update, or both.
func (s *summarize) join(ctx workflow.Context, in chat.SummarizeChat) *joined {
	known := slices.IndexFunc(s.asks, func(a *joined) bool { return a.in.ActionID == in.ActionID })
	if known >= 0 {
		return s.asks[known]
	}
	a := &joined{in: in}
	s.asks = append(s.asks, a)
	step := chat.ActionStep{Kind: chat.ActionSummarizeChat, WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID, Request: in.Request}
	if _, err := RecordAction.Local(ctx, "Record the request", step); err != nil {
		a.done, a.err = true, Failure(err)
	}
	a.recorded = true
	return a
}

// waiting are the requests that the next round can serve.
func (s *summarize) waiting() []*joined {
	return slices.Collect(func(yield func(*joined) bool) {
		for _, a := range s.asks {
			if a.recorded && !a.done && !yield(a) {
				return
			}
		}
	})
}

// round has the model read the chat once, for everybody who waits.
func (s *summarize) round(ctx workflow.Context) {
	step := chat.SummaryStep{WorkspaceID: s.in.WorkspaceID, ChatID: s.in.ChatID, UpdateLabels: wantsLabels(s.waiting())}
	workflow.SetCurrentDetails(ctx, "A model reads the chat.")
	draft, err := WriteSummary.Do(ctx, "Have the model read "+chatName(s.in.ChatID), step)
	served := slices.DeleteFunc(s.waiting(), func(a *joined) bool { return a.in.UpdateLabels && !step.UpdateLabels })
	if err == nil {
		_, err = SaveSummary.Local(ctx, "Store the summary", chat.SummaryToSave{SummaryStep: step, SummaryDraft: draft, Requests: requests(served)})
	}
	if err != nil && problem(err).Code == chat.CodeConflict {
		workflow.SetCurrentDetails(ctx, "The summary was changed meanwhile; the chat is read again.")
		return
	}
	if err != nil {
		err = s.fail(ctx, served, problem(err))
	} else {
		tell(ctx, "The summary was written.", AttributeStatus.ValueSet(string(chat.ActionSucceeded)))
	}
	for _, a := range served {
		a.done, a.err = true, err
		a.draft = chat.ChatSummarized{ActionID: a.in.ActionID, Model: draft.Summary.Model}
	}
}

// fail records why there is no summary and returns it as the callers get it.
func (s *summarize) fail(ctx workflow.Context, served []*joined, e *chat.Error) error {
	if e.Code == chat.CodeInternal {
		e = chat.Errorf(chat.CodeSummarizationFailed, "the model did not give a usable answer; title, summary and labels stand as they were")
		e.Retryable = true
	}
	step := chat.ActionsFailed{WorkspaceID: s.in.WorkspaceID, Problem: *e}
	for _, a := range served {
		step.ActionIDs = append(step.ActionIDs, a.in.ActionID)
	}
	if _, err := FailActions.Local(ctx, "Record the failure", step); err != nil {
		return Failure(err)
	}
	tell(ctx, "Failed: "+e.Message, AttributeStatus.ValueSet(string(chat.ActionFailed)), AttributeErrorCode.ValueSet(string(e.Code)))
	return Failure(e)
}

func wantsLabels(asks []*joined) bool {
	return slices.ContainsFunc(asks, func(a *joined) bool { return a.in.UpdateLabels })
}

func requests(asks []*joined) []chat.Request {
	all := make([]chat.Request, len(asks))
	for i, a := range asks {
		all[i] = a.in.Request
	}
	return all
}
