package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// SendAssistantMessage speaks as a chat's assistant: it prepares the send, runs the tool
// calls in order, and hands the message to the carrier, never twice. The caller is
// answered as soon as the carrier has taken or refused the message, or when it is known
// that this will not be known soon; the workflow stays open until the carrier's final word,
// or a person's.
func SendAssistantMessage(ctx workflow.Context, in chat.SendAssistantMessage) error {
	s := &send{in: in, answer: outcome[chat.AssistantMessageSent]{request: in.Request}}
	if err := s.answer.serve(ctx); err != nil {
		return err
	}
	s.follower = newFollower(ctx, in.WorkspaceID, in.ActionID, func(r chat.Receipt, err error) {
		s.sent.Receipt = r
		s.answer.settle(s.sent, err)
	})
	defer s.close()
	err := s.run(ctx)
	if temporal.IsCanceledError(err) {
		canceled := err
		if err = s.cancel(ctx); err == nil {
			err = canceled
		}
	}
	if err != nil {
		// What is no outcome shows on the workflow, and callers must not wait for one.
		s.answer.settle(s.sent, err)
	}
	return errors.Join(answered(ctx), err)
}

type send struct {
	in     chat.SendAssistantMessage
	answer outcome[chat.AssistantMessageSent]
	// sent is what is known so far.
	sent chat.AssistantMessageSent
	*follower
}

func (s *send) run(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, "Checking the chat, its assistant, its recipient and the tool calls.")
	// Not to be canceled half-way: what is stored, or posted, must be known here.
	steady, _ := workflow.NewDisconnectedContext(ctx)
	prepared, err := PrepareSend.Local(steady, "Check the send and store it", s.in)
	if err != nil {
		s.answer.settle(s.sent, err)
		tellRefusal(ctx, problem(err))
		return nil
	}
	s.sent, s.delivery = prepared, prepared.DeliveryID
	s.sent.Content = s.in.Message
	if ok, err := s.runTools(ctx); err != nil || !ok {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	receipt, err := Submit.Local(steady, fmt.Sprintf("Hand the message to %s", s.sent.Provider), s.step())
	if err != nil {
		return err
	}
	return s.follow(ctx, receipt)
}

// runTools runs the calls one after the other. It reports false when one failed and the
// send is over.
func (s *send) runTools(ctx workflow.Context) (bool, error) {
	count := len(s.in.ToolCalls)
	for i, call := range s.in.ToolCalls {
		name := call.Name
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("Running tool call %d of %d, %s. Nothing is delivered before all have succeeded.", i+1, count, name))
		step := chat.ToolStep{WorkspaceID: s.in.WorkspaceID, ActionID: s.in.ActionID, Index: i}
		done, err := RunTool.Do(ctx, fmt.Sprintf("Tool call %d of %d: %s", i+1, count, name),
			chat.ToolRun{ToolStep: step, Name: name, Arguments: call.Arguments})
		if temporal.IsCanceledError(err) {
			return false, err
		}
		if err != nil {
			return false, s.failTool(ctx, step, name, problem(err))
		}
		s.sent.ToolCalls[i] = done
	}
	return true, nil
}

// failTool ends the send because a tool failed: nothing is delivered.
func (s *send) failTool(ctx workflow.Context, step chat.ToolStep, name string, cause *chat.Error) error {
	call := &s.sent.ToolCalls[step.Index]
	call.State, call.Error = chat.ToolCallFailed, cause.Message
	failed := chat.Errorf(chat.CodeToolCallFailed, "tool call %d, %s, failed: %s; nothing was delivered", step.Index+1, name, cause.Message)
	failed.ActionID, failed.DeliveryID, failed.ToolCalls = string(s.in.ActionID), string(s.sent.DeliveryID), s.sent.ToolCalls
	// The store keeps the tool calls as rows, so the problem needs no second copy.
	stored := *failed
	stored.ToolCalls = nil
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	receipt, err := FailSend.Local(ctx, "Record that nothing is delivered", chat.SendFailure{ToolStep: step, Problem: stored})
	if err != nil {
		return err
	}
	s.sent.Receipt = receipt
	s.answer.settle(s.sent, failed)
	tellReceipt(ctx, receipt, fmt.Sprintf("Tool call %s failed, so nothing was delivered.", name))
	return nil
}
