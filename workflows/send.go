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
// that this will not be known soon; the workflow stays open as long as the submission is
// unsettled.
func SendAssistantMessage(ctx workflow.Context, in chat.SendAssistantMessage) error {
	s := &send{in: in, answer: outcome[chat.AssistantMessageSent]{request: in.Request}}
	if err := s.answer.serve(ctx); err != nil {
		return err
	}
	err := s.run(ctx)
	if temporal.IsCanceledError(err) {
		err = errors.Join(s.cancel(ctx), err)
	}
	if err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

type send struct {
	in     chat.SendAssistantMessage
	answer outcome[chat.AssistantMessageSent]
	// sent is what is known so far.
	sent chat.AssistantMessageSent
}

func (s *send) run(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, "Checking the chat, its assistant, its recipient and the tool calls.")
	prepared, err := PrepareSend.Local(ctx, "Check the send and store it", s.in)
	if temporal.IsCanceledError(err) {
		return err
	}
	if err != nil {
		s.answer.settle(s.sent, err)
		tellRefusal(ctx, problem(err))
		return nil
	}
	s.sent = prepared.AssistantMessageSent
	s.sent.Content = s.in.Message
	if ok, err := s.runTools(ctx); err != nil || !ok {
		return err
	}
	receipt, err := Submit.Local(ctx, fmt.Sprintf("Hand the message to %s", s.sent.Provider), s.delivery())
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
	receipt, err := FailSend.Local(ctx, "Record that nothing is delivered", chat.SendFailure{ToolStep: step, Problem: stored})
	if err != nil {
		return err
	}
	s.sent.Receipt = receipt
	s.answer.settle(s.sent, failed)
	tellReceipt(ctx, receipt, fmt.Sprintf("Tool call %s failed, so nothing was delivered.", name))
	return nil
}

// follow takes the submission from its first outcome to a settled one.
func (s *send) follow(ctx workflow.Context, receipt chat.Receipt) error {
	for {
		s.sent.Receipt = receipt
		var err error
		switch {
		case receipt.Submission.Settled():
			s.finish(ctx, receipt)
			return nil
		case receipt.Submission == chat.SubmissionNeedsReview:
			return s.park(ctx, receipt, "May have been sent: the carrier did not confirm, and a person must decide.")
		case receipt.Submission == chat.SubmissionUnknown:
			receipt, err = s.settleUnknown(ctx, receipt)
		default:
			receipt, err = s.submitAgain(ctx, receipt)
		}
		if temporal.IsCanceledError(err) {
			return err
		}
		if err != nil {
			return s.park(ctx, s.sent.Receipt, "Parked: trying again has not helped. A person must decide.")
		}
	}
}

// finish answers with a settled submission.
func (s *send) finish(ctx workflow.Context, r chat.Receipt) {
	switch r.Submission {
	case chat.SubmissionAccepted, chat.SubmissionConfirmedSent:
		tellReceipt(ctx, r, fmt.Sprintf("%s accepted the message.", r.Provider))
		s.answer.settle(s.sent, nil)
	default:
		tellReceipt(ctx, r, fmt.Sprintf("Not delivered: %s (%s).", r.Submission, r.ErrorCode))
		s.answer.settle(s.sent, Refused(r, s.in.ActionID))
	}
}

// Refused is the answer to a send whose delivery has ended without being sent.
func Refused(r chat.Receipt, action chat.ActionID) *chat.Error {
	e := chat.Errorf(chat.CodeDeliveryFailed, "the message was not delivered: %s", r.ErrorMessage)
	e.DeliveryID, e.ActionID = string(r.DeliveryID), string(action)
	return e
}

// settleUnknown waits until the carrier can no longer be working on the request, then
// lets the delivery's policy decide. Nothing is posted.
func (s *send) settleUnknown(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	s.answer.settle(s.sent, nil)
	tellReceipt(ctx, r, fmt.Sprintf("May have been sent: %s did not confirm (%s). It is not sent again by itself.", r.Provider, r.ErrorCode))
	if err := workflow.Sleep(ctx, settleFor); err != nil {
		return r, err
	}
	return SettleUnknown.Local(ctx, "Decide by the delivery's policy", s.delivery())
}

// submitAgain tries until the carrier gives an answer that ends the trying. A blocked
// account answers the caller at once: it takes a person, the message stays ours.
func (s *send) submitAgain(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	if r.Submission == chat.SubmissionBlocked {
		s.answer.settle(s.sent, nil)
	}
	tellReceipt(ctx, r, fmt.Sprintf("Not sent yet: %s (%s). It is tried again; the activity SubmitDelivery shows the last error and the next try.", r.Submission, r.ErrorCode))
	return SubmitDelivery.Do(ctx, fmt.Sprintf("Hand the message to %s, again", r.Provider), s.delivery())
}

// park keeps the action open, where operators look for it, until somebody decides or
// the time for that is over.
func (s *send) park(ctx workflow.Context, r chat.Receipt, details string) error {
	s.answer.settle(s.sent, nil)
	tellReceipt(ctx, r, details)
	return workflow.Sleep(ctx, parkedFor)
}

// cancel ends a send that somebody canceled in Temporal: what has not been handed to the
// carrier stays unsent and says so, what has been is left as it is.
func (s *send) cancel(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	canceled := chat.Errorf(chat.CodeDeliveryFailed, "the send was canceled in Temporal")
	canceled.ActionID, canceled.DeliveryID = string(s.in.ActionID), string(s.sent.DeliveryID)
	receipt, err := FailSend.Local(ctx, "Record the cancellation", chat.SendFailure{
		ToolStep: chat.ToolStep{WorkspaceID: s.in.WorkspaceID, ActionID: s.in.ActionID, Index: -1}, Problem: *canceled,
	})
	if err != nil && problem(err).Code != chat.CodeActionNotFound {
		return err
	}
	if err == nil {
		s.sent.Receipt = receipt
		tellReceipt(ctx, receipt, "Canceled in Temporal; the delivery is "+receipt.Status+".")
	}
	if err == nil && receipt.Submission != chat.SubmissionCanceled {
		s.answer.settle(s.sent, nil) // too late: the carrier may have it
	}
	s.answer.settle(s.sent, canceled)
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

func (s *send) delivery() chat.DeliveryStep {
	return chat.DeliveryStep{WorkspaceID: s.in.WorkspaceID, DeliveryID: s.sent.DeliveryID}
}
