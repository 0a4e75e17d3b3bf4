package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// runTools runs the calls one after the other. It reports false when the send is over
// because one has failed, or a person has ended it meanwhile.
func (s *sendRun) runTools(ctx workflow.Context) (bool, error) {
	for i := range s.in.ToolCalls {
		if ok, err := s.runTool(ctx, i); err != nil || !ok {
			return false, err
		}
	}

	return true, nil
}

// runTool runs one call until it has succeeded. Again and again only if people say so.
func (s *sendRun) runTool(ctx workflow.Context, index int) (bool, error) {
	for {
		done, err := s.call(ctx, index)
		if temporal.IsCanceledError(err) {
			return false, err
		}

		if err != nil {
			stillRuns, lookErr := s.mayStillRun(ctx, index)
			switch {
			case lookErr != nil:
				return false, lookErr
			case stillRuns:
				continue
			}

			return false, s.failTool(ctx, index, problemOf(err))
		}

		s.sent.ToolCalls[index] = done
		if done.State == chat.ToolCallUnknown {
			if done, err = s.awaitVerdict(ctx, index); err != nil {
				return false, err
			}
		}

		switch done.State {
		case chat.ToolCallSucceeded:
			return ctx.Err() == nil, ctx.Err()
		case chat.ToolCallPending:
			continue
		case chat.ToolCallRunning,
			chat.ToolCallWaiting,
			chat.ToolCallUnknown,
			chat.ToolCallFailed,
			chat.ToolCallSkipped:
		}

		return false, s.stop(ctx, index)
	}
}

// mayStillRun reports whether a call outside, whose time to be tried in is over, has not certainly
// failed: it is with its tool just now, or was with a worker that is lost, or an earlier try may have had
// its effect. Asked for again it is waited for, tried once more, and unknown after that.
func (s *sendRun) mayStillRun(ctx workflow.Context, index int) (bool, error) {
	if kind := s.sent.ToolCalls[index].Kind; kind != chat.ToolHTTP && kind != chat.ToolMCP {
		return false, nil
	}

	if err := s.look(ctx); err != nil {
		return false, err
	}

	call := s.sent.ToolCalls[index]

	return call.State == chat.ToolCallRunning || call.State == chat.ToolCallPending && call.MayHaveRun, nil
}

// call runs one call, in the way of its kind.
func (s *sendRun) call(ctx workflow.Context, index int) (chat.ToolCall, error) {
	asked := s.in.ToolCalls[index]
	count := len(s.in.ToolCalls)
	kind := s.sent.ToolCalls[index].Kind
	run := chat.ToolRun{ToolStep: s.tool(index), Name: asked.Name, Arguments: asked.Arguments}

	workflow.SetCurrentDetails(ctx, chat.ExplainToolCall(index, count, asked.Name))

	summary := fmt.Sprintf("Tool call %d of %d: %s", index+1, count, asked.Name)
	switch {
	case asked.Name == chat.ToolAskContributor:
		return s.askContributors(ctx, run)
	case kind == chat.ToolHTTP || kind == chat.ToolMCP:
		run.Kind = kind
		return CallTool.Do(ctx, summary, run)
	}

	return RunTool.Do(ctx, summary, run)
}

func (s *sendRun) tool(index int) chat.ToolStep {
	return chat.ToolStep{WorkspaceID: s.in.WorkspaceID, ActionID: s.in.ActionID, Index: index}
}

// awaitVerdict waits until a person has said what became of a call whose outcome is not
// known. It is not repeated by itself.
func (s *sendRun) awaitVerdict(ctx workflow.Context, index int) (chat.ToolCall, error) {
	call := s.sent.ToolCalls[index]
	until := workflow.Now(ctx).Add(waitForPerson)

	standing := chat.Standing{
		// By its code: the error's text is the tool's, and may hold anything.
		Explanation: call.ExplainUnknown(call.ErrorCode, &until),
		WaitingFor:  chat.WaitingToolDecision,
		Until:       &until,
	}

	err := s.awaitPeople(ctx, standing, nil, func() bool {
		return s.sent.ToolCalls[index].State != chat.ToolCallUnknown
	})

	return s.sent.ToolCalls[index], err
}

// stop ends a send whose tool call will not succeed, unless the send is ended already.
func (s *sendRun) stop(ctx workflow.Context, index int) error {
	if s.last.Submission.Settled() {
		return s.follow(ctx, s.last)
	}

	return s.failTool(ctx, index, s.sent.ToolCalls[index].Failure())
}

// failTool ends the send because a tool failed: nothing is delivered.
func (s *sendRun) failTool(ctx workflow.Context, index int, cause *chat.Error) error {
	call := &s.sent.ToolCalls[index]

	call.State, call.Error = chat.ToolCallFailed, cause.Message
	if call.ErrorCode == "" && cause.Code != chat.CodeToolCallFailed {
		call.ErrorCode = string(cause.Code)
	}

	failed := chat.FailedCall(index, call.Name, cause.Message)
	failed.ToolCalls = s.sent.ToolCalls

	return s.fail(ctx, index, failed, call.ExplainFailure())
}

// fail ends a send that nothing was posted of.
func (s *sendRun) fail(ctx workflow.Context, index int, failed *chat.Error, details string) error {
	failed.ActionID, failed.DeliveryID = string(s.in.ActionID), string(s.sent.DeliveryID)
	// The store keeps the tool calls as rows, so the problem needs no second copy.
	stored := *failed
	stored.ToolCalls = nil
	ctx, _ = workflow.NewDisconnectedContext(ctx)

	receipt, err := FailSend.Local(
		ctx,
		"Record that nothing is delivered",
		chat.SendFailure{ToolStep: s.tool(index), Problem: stored},
	)
	if err != nil {
		return err
	}

	s.sent.DeliverySnapshot, s.last = receipt, receipt
	s.answer.settle(s.sent, failed)
	showDelivery(ctx, receipt, details)

	return nil
}
