package workflows

import (
	"slices"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// SummarizeChat has a model write a chat's title, summary and, if asked for, labels.
// There is one such workflow per chat at a time: a request that arrives while it runs
// joins it and gets the same answer. One that needs labels, when the run under way does
// not choose any, is served by a second round.
func SummarizeChat(ctx workflow.Context, in chat.SummarizeChat) error {
	// The first request is joined here too: its update may have been lost with a
	// server, its start was not.
	first := &joined{in: in}
	s := &summarize{in: in, asks: []*joined{first}}
	if err := s.serve(ctx); err != nil {
		return err
	}
	s.record(ctx, first)
	for {
		for len(s.waiting()) > 0 {
			s.round(ctx)
		}
		if workflow.AllHandlersFinished(ctx) {
			return ctx.Err()
		}
		// A canceled workflow still owes its callers an answer.
		steady, _ := workflow.NewDisconnectedContext(ctx)
		if err := workflow.Await(steady, func() bool { return len(s.waiting()) > 0 || workflow.AllHandlersFinished(ctx) }); err != nil {
			return err
		}
	}
}

// maxRereads bounds how often a chat is read again because it was changed meanwhile.
const maxRereads = 3

type summarize struct {
	in   chat.SummarizeChat
	asks []*joined
	// rereads are the readings in a row that came too late to be stored.
	rereads int
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
		// A canceled workflow still owes its callers an answer.
		ctx, _ = workflow.NewDisconnectedContext(ctx)
		a := s.join(ctx, in)
		if err := workflow.Await(ctx, func() bool { return a.done }); err != nil {
			return Outcome[chat.ChatSummarized]{}, err
		}
		return Outcome[chat.ChatSummarized]{Value: a.draft, Nonce: s.in.Nonce}, a.err
	}
	validate := func(in chat.SummarizeChat) error {
		if a := s.find(in.ActionID); a != nil {
			return Failure(a.in.Fingerprint.Match(in.Fingerprint))
		}
		return nil
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, updateOutcome, handler, workflow.UpdateHandlerOptions{Validator: validate})
}

func (s *summarize) find(id chat.ActionID) *joined {
	known := slices.IndexFunc(s.asks, func(a *joined) bool { return a.in.ActionID == id })
	if known < 0 {
		return nil
	}
	return s.asks[known]
}

// join records a request once, whether it came with the start, an update, or both.
func (s *summarize) join(ctx workflow.Context, in chat.SummarizeChat) *joined {
	if a := s.find(in.ActionID); a != nil {
		return a
	}
	a := &joined{in: in}
	s.asks = append(s.asks, a)
	s.record(ctx, a)
	return a
}

func (s *summarize) record(ctx workflow.Context, a *joined) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	step := chat.ActionStep{Kind: chat.ActionSummarizeChat, WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID, Request: a.in.Request}
	if _, err := RecordAction.Local(ctx, "Record the request", step); err != nil {
		a.done, a.err = true, Failure(err)
	}
	a.recorded = true
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
	// What was written is stored, and what failed is recorded, also when it is canceled.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err == nil {
		_, err = SaveSummary.Local(ctx, "Store the summary", chat.SummaryToSave{SummaryStep: step, SummaryDraft: draft, Requests: requests(served)})
	}
	if s.rereads++; err != nil && problem(err).Code == chat.CodeConflict && s.rereads <= maxRereads {
		workflow.SetCurrentDetails(ctx, "The summary was changed meanwhile; the chat is read again.")
		return
	}
	s.rereads = 0
	if err != nil {
		err = s.fail(ctx, served, why(err))
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

// why is the reason there is no summary, as callers get it.
func why(err error) *chat.Error {
	e := problem(err)
	var because string
	switch {
	case temporal.IsCanceledError(err):
		because = "the summary was canceled in Temporal"
	case e.Code == chat.CodeConflict:
		because = "the summary was changed again and again while the model read the chat"
	case e.Code == chat.CodeInternal:
		because = "the model did not give a usable answer"
	default:
		return e
	}
	e = chat.Errorf(chat.CodeSummarizationFailed, "%s; title, summary and labels stand as they were", because)
	e.Retryable = true
	return e
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
