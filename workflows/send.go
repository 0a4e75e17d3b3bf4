package workflows

import (
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
		err = s.cancel(ctx, err)
	}
	if err == nil {
		return answered(ctx)
	}
	// What is no outcome shows on the workflow, and callers must not wait for one.
	s.answer.settle(s.sent, err)
	if err := answered(ctx); err != nil {
		return err
	}
	return err
}

type send struct {
	in     chat.SendAssistantMessage
	answer outcome[chat.AssistantMessageSent]
	// sent is what is known so far.
	sent chat.AssistantMessageSent
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
	s.sent = prepared
	s.sent.Content = s.in.Message
	if ok, err := s.runTools(ctx); err != nil || !ok {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	receipt, err := Submit.Local(steady, fmt.Sprintf("Hand the message to %s", s.sent.Provider), s.delivery())
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

// follow takes the submission from its first outcome to a settled one.
func (s *send) follow(ctx workflow.Context, receipt chat.Receipt) error {
	gaveUp := false
	for {
		s.sent.Receipt = receipt
		var err error
		switch {
		case receipt.Submission.Settled():
			s.finish(ctx, receipt)
			return nil
		case receipt.Submission == chat.SubmissionNeedsReview:
			return s.park(ctx, receipt, "May have been sent: the carrier did not confirm, and a person must decide.")
		case receipt.Submission == chat.SubmissionUnknown, gaveUp && receipt.Submission.InFlight():
			receipt, err = s.settleUnknown(ctx, receipt)
		case gaveUp:
			return s.park(ctx, receipt, "Parked: trying again has not helped. A person must decide.")
		default:
			receipt, err = s.submitAgain(ctx, receipt)
			if err != nil && !temporal.IsCanceledError(err) {
				gaveUp = true
				receipt, err = GiveUp.Local(ctx, "Record that it is not tried again", s.delivery())
			}
		}
		if err != nil {
			return err
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
// the time for that is over. What certainly was not sent then ends as that.
func (s *send) park(ctx workflow.Context, r chat.Receipt, details string) error {
	s.answer.settle(s.sent, nil)
	tellReceipt(ctx, r, details)
	if err := workflow.Sleep(ctx, parkedFor); err != nil {
		return err
	}
	receipt, err := s.end(ctx, "End what nobody has decided", chat.Errorf(chat.CodeDeliveryFailed, "nobody decided in time, and the message was not sent"))
	if err != nil {
		return err
	}
	tellReceipt(ctx, receipt, "Nobody decided in time; the delivery is "+receipt.Status+".")
	return nil
}

// cancel ends a send that somebody canceled in Temporal, and returns cause. What the
// carrier certainly does not have stays unsent and says so; what it may have is followed,
// and never posted again, until it is known or for a person to decide.
func (s *send) cancel(ctx workflow.Context, cause error) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	canceled := chat.Errorf(chat.CodeDeliveryFailed, "the send was canceled in Temporal")
	canceled.ActionID, canceled.DeliveryID = string(s.in.ActionID), string(s.sent.DeliveryID)
	for {
		receipt, err := s.end(ctx, "Record the cancellation", canceled)
		if err != nil {
			return err
		}
		s.sent.Receipt = receipt
		if !receipt.Submission.InFlight() {
			s.finishCanceled(ctx, receipt, canceled)
			return cause
		}
		s.answer.settle(s.sent, nil)
		tellReceipt(ctx, receipt, fmt.Sprintf("Canceled in Temporal, too late: %s may have the message. It is not sent again.", receipt.Provider))
		if err := workflow.Sleep(ctx, settleFor); err != nil {
			return err
		}
		if _, err := SettleUnknown.Local(ctx, "Decide by the delivery's policy", s.delivery()); err != nil {
			return err
		}
	}
}

func (s *send) finishCanceled(ctx workflow.Context, r chat.Receipt, canceled *chat.Error) {
	switch {
	case r.Submission == chat.SubmissionCanceled:
		tellReceipt(ctx, r, "Canceled in Temporal; nothing was sent.")
		s.answer.settle(s.sent, canceled)
	case r.Submission.Settled():
		s.finish(ctx, r)
	default:
		tellReceipt(ctx, r, "Canceled in Temporal, too late: the delivery is "+r.Status+".")
		s.answer.settle(s.sent, nil)
	}
}

// end records that the delivery is not to be sent any more, unless the carrier may have
// it, and returns how it stands.
func (s *send) end(ctx workflow.Context, summary string, why *chat.Error) (chat.Receipt, error) {
	step := chat.ToolStep{WorkspaceID: s.in.WorkspaceID, ActionID: s.in.ActionID, Index: -1}
	return FailSend.Local(ctx, summary, chat.SendFailure{ToolStep: step, Problem: *why})
}

func (s *send) delivery() chat.DeliveryStep {
	return chat.DeliveryStep{WorkspaceID: s.in.WorkspaceID, DeliveryID: s.sent.DeliveryID}
}
