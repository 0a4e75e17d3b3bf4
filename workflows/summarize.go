package workflows

import (
	"slices"
	"strconv"

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

		somethingToDo := func() bool { return len(s.waiting()) > 0 || workflow.AllHandlersFinished(ctx) }
		if err := workflow.Await(steady, somethingToDo); err != nil {
			return err
		}
	}
}

// maxRereads bounds how often a chat is read again because it was changed meanwhile.
const maxRereads = 3

type summarize struct {
	in   chat.SummarizeChat
	asks []*joined
	// rounds counts the runs; rereads are the runs in a row that came too late to be stored.
	rounds, rereads int
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

	return workflow.SetUpdateHandlerWithOptions(
		ctx,
		UpdateOutcome,
		handler,
		workflow.UpdateHandlerOptions{Validator: validate},
	)
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
	step := chat.ActionStep{
		Kind:       chat.ActionSummarizeChat,
		WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID,
		Request:    a.in.Request,
	}

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

// round has the model read the chat once, for everybody whom it can serve.
func (s *summarize) round(ctx workflow.Context) {
	step := s.step(ctx)
	summary, version, err := s.write(ctx, step)
	// Who has joined meanwhile is served too, if the run did what they ask for.
	served := slices.DeleteFunc(s.waiting(), func(a *joined) bool { return !servesRequest(&step, &a.in) })
	// What was written is stored, and what failed is recorded, also when it is canceled.
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err == nil {
		_, err = SaveSummary.Local(ctx, "Store the summary", chat.SummaryToSave{
			SummaryStep: step,
			Version:     version,
			Summary:     summary,
			Requests:    requestsOf(served),
		})
	}

	if s.rereads++; err != nil && problemOf(err).Code == chat.CodeConflict && s.rereads <= maxRereads {
		err = s.endRun(ctx, step.ID, nil, problemOf(err))
		workflow.SetCurrentDetails(ctx, chat.ProgressReadAgain)

		if err == nil {
			return
		}
	}

	s.rereads = 0
	if err != nil {
		err = s.fail(ctx, step.ID, served, reasonOf(err))
	} else {
		showState(ctx, chat.ProgressSummarized, AttributeStatus.ValueSet(string(chat.ActionSucceeded)))
	}

	for _, a := range served {
		a.done, a.err = true, err
		a.draft = chat.ChatSummarized{ActionID: a.in.ActionID, Model: summary.Model}
	}
}

// step is a run that serves everybody who waits.
func (s *summarize) step(ctx workflow.Context) chat.SummaryStep {
	s.rounds++
	step := chat.SummaryStep{
		WorkspaceID: s.in.WorkspaceID,
		ChatID:      s.in.ChatID,
		Automatic:   true,
		ID:          chat.SummaryID(chat.DeriveActionID(workflow.GetInfo(ctx).OriginalRunID, strconv.Itoa(s.rounds))),
	}

	for _, a := range s.waiting() {
		step.UpdateLabels = step.UpdateLabels || a.in.UpdateLabels
		step.Full = step.Full || a.in.Full
		step.Overwrite = step.Overwrite || a.in.Overwrite
		step.Automatic = step.Automatic && a.in.Automatic
	}

	return step
}

// servesRequest reports whether a run does all that a request asks for.
func servesRequest(step *chat.SummaryStep, in *chat.SummarizeChat) bool {
	return (step.UpdateLabels || !in.UpdateLabels) && (step.Full || !in.Full) && (step.Overwrite || !in.Overwrite)
}

// fail records why there is no summary and returns it as the callers get it.
func (s *summarize) fail(ctx workflow.Context, id chat.SummaryID, served []*joined, e *chat.Error) error {
	if err := s.endRun(ctx, id, served, e); err != nil {
		return err
	}

	showState(
		ctx,
		e.ExplainFailed(),
		AttributeStatus.ValueSet(string(chat.ActionFailed)),
		AttributeErrorCode.ValueSet(string(e.Code)),
	)

	return Failure(e)
}

// endRun records why a run has no summary, and the requests that fail with it.
func (s *summarize) endRun(ctx workflow.Context, id chat.SummaryID, served []*joined, e *chat.Error) error {
	step := chat.SummaryFailure{
		ActionsFailed: chat.ActionsFailed{WorkspaceID: s.in.WorkspaceID, Problem: *e}, ChatID: s.in.ChatID, ID: id,
	}

	for _, a := range served {
		step.ActionIDs = append(step.ActionIDs, a.in.ActionID)
	}

	_, err := FailSummary.Local(ctx, "Record the failure", step)

	return Failure(err)
}

// reasonOf is the reason there is no summary, as callers get it.
func reasonOf(err error) *chat.Error {
	e := problemOf(err)
	var because string

	switch {
	case temporal.IsCanceledError(err):
		because = chat.ReasonSummaryCanceled
	case e.Code == chat.CodeConflict:
		because = chat.ReasonSummaryChanged
	case e.Code == chat.CodeTooLongForModel:
		because = chat.ReasonModelTooSmall
	case e.Code == chat.CodeInternal:
		because = chat.ReasonNoUsableAnswer
	default:
		return e
	}

	return chat.NoSummary(because)
}

func requestsOf(asks []*joined) []chat.Request {
	all := make([]chat.Request, len(asks))
	for i, a := range asks {
		all[i] = a.in.Request
	}

	return all
}
