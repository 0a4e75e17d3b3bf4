package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// SendAssistantMessage speaks as a chat's assistant: it prepares the send, runs the tool
// calls in order, and hands the message to the provider, never twice. The caller is
// answered as soon as the provider has taken or refused the message, or when it is known
// that this will not be known soon; the workflow stays open until the provider's final status,
// or a person's.
func SendAssistantMessage(ctx workflow.Context, in chat.SendAssistantMessage) error {
	s := &sendRun{in: in, answer: actionOutcome[chat.AssistantMessageSent]{request: in.Request}}
	if err := s.answer.serve(ctx); err != nil {
		return err
	}

	s.deliveryTracker = newDeliveryTracker(ctx, in.WorkspaceID, in.ActionID, func(r chat.DeliverySnapshot, err error) {
		s.sent.DeliverySnapshot = r
		s.answer.settle(s.sent, err)
	})
	defer s.close()

	err := s.run(ctx)
	if temporal.IsCanceledError(err) {
		canceled := err
		if err = s.cancelSend(ctx); err == nil {
			err = canceled
		}
	}

	if errors.Is(err, errHistoryLong) {
		return continueAsNew(ctx, string(chat.ActionSendAssistantMessage), in)
	}

	if err != nil {
		// What is no outcome shows on the workflow, and callers must not wait for one.
		s.answer.settle(s.sent, err)
	}

	err = errors.Join(s.conclude(ctx), awaitAnswers(ctx), err)
	s.seekCopies(ctx)

	return err
}

type sendRun struct {
	in     chat.SendAssistantMessage
	answer actionOutcome[chat.AssistantMessageSent]
	// sent is what is known so far.
	sent chat.AssistantMessageSent
	*deliveryTracker
}

// cancelSend ends a send whose workflow somebody canceled in Temporal. One that had not begun
// has no delivery to end, but may be a question that somebody waits for.
func (s *sendRun) cancelSend(ctx workflow.Context) error {
	steady, _ := workflow.NewDisconnectedContext(ctx)

	if s.delivery == "" {
		stored, err := s.closeUnbegun(steady)
		if err != nil {
			return err
		}

		if !stored {
			return s.tellUnbegun(steady)
		}
	}

	return s.cancel(ctx)
}

// closeUnbegun sees to it that a send which its history does not know is stored no more, and reports
// whether it was before: a worker has stored it, and may have posted it, and died before it could say so.
func (s *sendRun) closeUnbegun(ctx workflow.Context) (bool, error) {
	request := s.in.Request
	request.Run = currentRun(ctx)

	seen, err := CloseUnbegun.Local(ctx, "See that the send is not stored, or was stored before", request)

	switch {
	case err == nil:
		s.sent = seen
		s.sent.Content = s.in.Message
		s.delivery = seen.DeliveryID
		s.last = seen.DeliverySnapshot

		return true, nil

	case problemOf(err).Code == chat.CodeActionNotFound:
		return false, nil
	}

	return false, err
}

// tellUnbegun answers a send of which nothing is stored.
func (s *sendRun) tellUnbegun(ctx workflow.Context) error {
	canceled := chat.SendCanceled()
	canceled.ActionID = string(s.in.ActionID)
	s.answer.settle(s.sent, canceled)
	showRefusal(ctx, canceled)

	return s.failPurpose(ctx, canceled.Message)
}

func (s *sendRun) run(ctx workflow.Context) error {
	// Asked before anything is stored, since storing it may post it too.
	if ctx.Err() != nil {
		return ctx.Err()
	}

	workflow.SetCurrentDetails(ctx, chat.ProgressCheckingSend)
	// Not to be canceled half-way: what is stored, or posted, must be known here.
	steady, _ := workflow.NewDisconnectedContext(ctx)

	prepared, err := s.prepare(steady)
	if err != nil {
		s.answer.settle(s.sent, err)
		showRefusal(ctx, problemOf(err))

		if problemOf(err).Code == chat.CodeRecordLost {
			// No refusal: the message may have been sent. The workflow fails, and is found.
			return err
		}

		return s.failPurpose(steady, problemOf(err).Message)
	}

	s.sent = prepared
	s.delivery = prepared.DeliveryID
	s.last = prepared.DeliverySnapshot

	s.sent.Content = s.in.Message
	for _, before := range []func(workflow.Context) (bool, error){s.awaitApproval, s.runTools} {
		if ok, err := before(ctx); err != nil || !ok {
			return err
		}
	}

	if ctx.Err() != nil {
		return ctx.Err()
	}

	// A run that begins anew tries nothing that waits for a person.
	if s.sent.Submitted || s.last.WaitsForPerson() {
		return s.follow(ctx, s.last)
	}

	receipt, err := Submit.Local(steady, fmt.Sprintf("Hand the message to %s", s.sent.Provider), s.step())
	if err != nil {
		return err
	}

	return s.follow(ctx, receipt)
}

// prepare stores the send. A question to a contributor may have to wait for its turn, which
// shows as an activity that is tried again.
func (s *sendRun) prepare(ctx workflow.Context) (chat.AssistantMessageSent, error) {
	s.in.Run = currentRun(ctx)

	if s.in.Question != nil {
		return PrepareSend.Do(ctx, "Store the question when it is its turn", s.in)
	}

	if len(s.in.ToolCalls) == 0 {
		return PrepareSend.Local(ctx, "Check the send, store it and hand the message over", s.in)
	}

	return PrepareSend.Local(ctx, "Check the send and store it", s.in)
}

// at names the send; the follower's names its delivery.
func (s *sendRun) at() chat.SendStep {
	return chat.SendStep{WorkspaceID: s.in.WorkspaceID, ActionID: s.in.ActionID}
}

// look reads how the send stands.
func (s *sendRun) look(ctx workflow.Context) error {
	seen, err := LoadSend.Local(ctx, "Look how the send stands", s.at())
	if err != nil {
		return err
	}

	s.sent, s.last = seen, seen.DeliverySnapshot
	s.sent.Content = s.in.Message

	return nil
}

// conclude does what is left when the message has not been delivered: it takes back what the
// tool calls have done, or records that a contributor was not asked, or a member not told.
func (s *sendRun) conclude(ctx workflow.Context) error {
	if s.delivery == "" || !s.last.Undelivered() {
		return nil
	}

	ctx, _ = workflow.NewDisconnectedContext(ctx)

	switch {
	case s.in.Question != nil, s.in.Notice != nil:
		return s.failPurpose(ctx, s.last.ErrorMessage)
	case hasUndoable(s.sent.ToolCalls):
		return undoToolCalls(ctx, s.at())
	}

	return nil
}

// failPurpose records that what the send was for has not come about: a question to a contributor, or a notice to a
// member.
func (s *sendRun) failPurpose(ctx workflow.Context, why string) error {
	if s.in.Notice == nil {
		return s.failQuestion(ctx, why)
	}

	_, err := FailNotice.Local(ctx, "Record that the member was not told", chat.NoticeFailure{
		WorkspaceID: s.in.WorkspaceID,
		NoticeID:    s.in.Notice.NoticeID,
		Why:         why,
	})

	return err
}

// failQuestion tells a request that its question has not reached the contributor. A reminder
// that does not, changes nothing.
func (s *sendRun) failQuestion(ctx workflow.Context, why string) error {
	if s.in.Question == nil || s.in.Question.Turn != chat.TurnQuestion {
		return nil
	}

	_, err := FailQuestion.Local(ctx, "Record that the contributor could not be asked", chat.QuestionFailure{
		WorkspaceID: s.in.WorkspaceID, QuestionID: s.in.Question.QuestionID, Why: why,
	})
	if err != nil {
		return err
	}

	// It looks for itself too, and may be over.
	_ = signalToLook(ctx, chat.ContributorWorkflowID(s.in.WorkspaceID, s.in.Question.RequestID))

	return nil
}
