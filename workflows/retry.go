package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// RetryDelivery tries a delivery again because a person, or a bulk retry, asks for it. What
// has ended gets a new delivery, which this workflow follows as a send does. What was not
// handed over yet is released, and goes on in the workflow that has followed it so far; if
// that one is gone, it goes on here.
func RetryDelivery(ctx workflow.Context, in chat.RetryDelivery) error {
	r := &retry{in: in, answer: actionOutcome[chat.DeliveryRetried]{request: in.Request}}
	if err := r.answer.serve(ctx); err != nil {
		return err
	}

	r.deliveryTracker = newDeliveryTracker(
		ctx,
		in.WorkspaceID,
		in.ActionID,
		func(receipt chat.DeliverySnapshot, err error) {
			r.retried.DeliverySnapshot = receipt
			r.answer.settle(r.retried, err)
		},
	)
	defer r.close()

	err := r.run(ctx)
	if temporal.IsCanceledError(err) {
		canceled := err
		if err = r.cancel(ctx); err == nil {
			err = canceled
		}
	}

	if errors.Is(err, errHistoryLong) {
		return continueAsNew(ctx, string(chat.ActionRetryDelivery), in)
	}

	if err != nil {
		r.answer.settle(r.retried, err)
	}

	err = errors.Join(r.conclude(ctx), awaitAnswers(ctx), err)
	r.seekCopies(ctx)

	return err
}

type retry struct {
	in      chat.RetryDelivery
	answer  actionOutcome[chat.DeliveryRetried]
	retried chat.DeliveryRetried
	*deliveryTracker
}

func (r *retry) run(ctx workflow.Context) error {
	workflow.SetCurrentDetails(ctx, chat.ProgressCheckingRetry)
	steady, _ := workflow.NewDisconnectedContext(ctx)

	r.in.Run = currentRun(ctx)

	prepared, err := PrepareRetry.Local(steady, "Check the retry and store it", r.in)
	if err != nil {
		return r.refuse(steady, err)
	}

	r.retried, r.delivery = prepared, prepared.DeliveryID
	r.last = prepared.DeliverySnapshot

	if prepared.Replaced != "" {
		// It sees that its delivery has ended; a workflow that is gone need not be told.
		_ = signalToLook(steady, prepared.Replaced)
	}

	// Canceled before it has begun: nothing is posted.
	if ctx.Err() != nil {
		return ctx.Err()
	}

	if prepared.Owner != "" && signalToLook(steady, prepared.Owner) == nil {
		showDelivery(ctx, prepared.DeliverySnapshot, chat.ExplainReleased(prepared.Owner))
		r.answer.settle(prepared, nil)

		return nil
	}

	// A run that begins anew tries nothing that waits for a person.
	if r.last.WaitsForPerson() {
		return r.follow(ctx, r.last)
	}

	receipt, err := Submit.Local(steady, fmt.Sprintf("Hand the message to %s", prepared.Provider), r.step())
	if err != nil {
		return err
	}

	return r.follow(ctx, receipt)
}

// conclude takes back what tools have done for the message when this retry of it, too, has
// not been delivered.
func (r *retry) conclude(ctx workflow.Context) error {
	if !r.retried.Undoable || !r.last.Undelivered() {
		return nil
	}

	ctx, _ = workflow.NewDisconnectedContext(ctx)

	return undoToolCalls(ctx, chat.SendStep{WorkspaceID: r.in.WorkspaceID, ActionID: r.in.ActionID})
}

// refuse answers a retry that cannot be, and has a bulk retry count it.
func (r *retry) refuse(ctx workflow.Context, err error) error {
	r.answer.settle(r.retried, err)
	showRefusal(ctx, problemOf(err))

	if r.in.BulkRetryID == "" {
		return nil
	}

	_, err = SkipRetry.Local(ctx, "Count it as skipped", chat.BulkSkip{
		WorkspaceID: r.in.WorkspaceID,
		ID:          r.in.BulkRetryID,
		DeliveryID:  r.in.DeliveryID,
		Number:      r.in.BulkNumber,
		Why:         chat.ExplainSkip(problemOf(err)),
	})

	return err
}

// signalToLook has another workflow look at its delivery. It fails when that workflow is gone.
func signalToLook(ctx workflow.Context, workflowID string) error {
	return workflow.SignalExternalWorkflow(ctx, workflowID, "", SignalChanged, chat.DeliverySnapshot{}).Get(ctx, nil)
}
