package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// awaitPeople keeps the send open until people have done what it waits for: over reports
// true, its time is up, or a person has ended the send, which s.last then tells. It looks
// when it is told to, when more is there, and now and then, in case that a signal was lost.
func (s *sendRun) awaitPeople(
	ctx workflow.Context,
	standing chat.Standing,
	more workflow.Future,
	over func() bool,
) error {
	showState(
		ctx,
		standing.Explanation,
		AttributeChannel.ValueSet(string(s.sent.Channel)),
		AttributeStatus.ValueSet(standing.WaitingFor.Status()),
	)
	s.answer.settle(s.sent, nil)

	for wait := checkLater; ; wait = min(2*wait, checkSeldom) {
		if err := s.look(ctx); err != nil {
			return err
		}

		left := standing.Until.Sub(workflow.Now(ctx))
		if over() || s.last.Submission.Settled() || left <= 0 {
			return nil
		}

		if err := awaitSignal(ctx, s.changed, min(wait, left), more); err != nil {
			return err
		}

		if more != nil && more.IsReady() {
			more = nil
		}
	}
}

// awaitSignal waits for a signal, or for more if there is more, at most for wait.
func awaitSignal(
	ctx workflow.Context,
	changed workflow.ReceiveChannel,
	wait time.Duration,
	more workflow.Future,
) error {
	if err := checkHistory(ctx); err != nil {
		return err
	}

	waiting, cancel := workflow.WithCancel(ctx)
	defer cancel()

	selector := workflow.NewSelector(ctx)
	selector.AddFuture(workflow.NewTimer(waiting, wait), func(workflow.Future) {})
	selector.AddReceive(changed, func(c workflow.ReceiveChannel, _ bool) { receiveNewest(ctx, c) })

	if more != nil {
		selector.AddFuture(more, func(workflow.Future) {})
	}

	selector.Select(ctx)

	return ctx.Err()
}

// awaitApproval holds the send until a second person has agreed to its tool calls. None of
// them has run before. It reports false when the send is over.
func (s *sendRun) awaitApproval(ctx workflow.Context) (bool, error) {
	if s.sent.Approval == nil {
		return true, nil
	}

	waiting := func() bool { return s.sent.Approval.State == chat.ApprovalWaiting }
	if waiting() {
		view := chat.SendView{AssistantMessageSent: s.sent}
		decided := func() bool { return !waiting() }

		if err := s.awaitPeople(ctx, view.Standing(false), nil, decided); err != nil {
			return false, err
		}
	}

	if s.last.Submission.Settled() {
		return false, s.follow(ctx, s.last)
	}

	if waiting() {
		expired, err := ExpireApproval.Local(ctx, "Record that nobody has approved in time", s.at())
		if err != nil {
			return false, err
		}

		s.sent.Approval = &expired
	}

	return s.applyApproval(ctx, s.sent.Approval)
}

// applyApproval goes on, or ends the send, as the approval says.
func (s *sendRun) applyApproval(ctx workflow.Context, a *chat.Approval) (bool, error) {
	if a.State == chat.ApprovalApproved {
		return true, nil
	}

	sentence, problem := a.Ended()

	return false, s.fail(ctx, -1, problem, sentence)
}
