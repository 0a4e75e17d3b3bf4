package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// park keeps the workflow open, where operators look for it, until somebody decides, or
// evidence comes, or the time for that is over.
func (f *deliveryTracker) park(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	f.answer(r, nil)
	showDelivery(ctx, r, waitingForPersonText(r))

	look := func() (chat.DeliverySnapshot, bool, error) {
		seen, err := f.lookParked(ctx, r)
		return seen, !waitsForPerson(seen), err
	}

	end := workflow.Now(ctx).Add(waitForPerson)
	for wait := checkLater; workflow.Now(ctx).Before(end); wait = min(2*wait, checkSeldom) {
		seen, changed, err := f.watch(ctx, workflow.Now(ctx).Add(wait), neverDecisive, look)
		if err != nil || changed {
			return seen, err
		}
	}

	return f.end(ctx, r)
}

// lookParked looks at the store, and for what may have been sent at the provider too: its
// evidence may come late.
func (f *deliveryTracker) lookParked(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	if r.Submission != chat.SubmissionNeedsReview {
		return LoadDelivery.Local(ctx, "Look whether somebody has decided", f.step())
	}

	seen, err := QueryProvider.Do(ctx, fmt.Sprintf("Look once more for the message at %s", r.Provider), f.step())
	if err == nil || temporal.IsCanceledError(err) {
		return seen, err
	}

	return LoadDelivery.Local(ctx, "Look whether somebody has decided", f.step())
}

func waitingForPersonText(r chat.DeliverySnapshot) string {
	if r.Submission == chat.SubmissionNeedsReview {
		return "May have been sent: the provider did not confirm, and a person must decide: resolve it as sent or " +
			"not sent, or retry it."
	}

	return "Waits for a person, not sent: trying again has not helped. Retry or cancel it."
}

// end closes what nobody has decided. What certainly was not sent ends as that; what may
// have been stays for review in the store.
func (f *deliveryTracker) end(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	ended, err := f.call(
		ctx,
		"End what nobody has decided",
		chat.Errorf(chat.CodeDeliveryFailed, "nobody decided in time, and the message was not sent"),
	)
	if err != nil {
		return r, err
	}

	showDelivery(ctx, ended, "Nobody decided in time; the delivery is "+ended.Status+".")

	return ended, errNobodyDecided
}

// call ends a delivery that the provider certainly does not have, and returns how it stands.
func (f *deliveryTracker) call(ctx workflow.Context, summary string, why *chat.Error) (chat.DeliverySnapshot, error) {
	return CancelDelivery.Local(ctx, summary, chat.DeliveryEnd{DeliveryStep: f.step(), Problem: *why})
}

// cancel ends a delivery whose workflow somebody canceled in Temporal. What the provider
// certainly does not have stays unsent and says so; what it may have is followed, and never
// posted again, until it is known or for a person to decide.
func (f *deliveryTracker) cancel(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	canceled := chat.Errorf(chat.CodeDeliveryFailed, "the send was canceled in Temporal")

	canceled.ActionID, canceled.DeliveryID = string(f.action), string(f.delivery)
	for {
		r, err := f.call(ctx, "Record the cancellation", canceled)
		if err != nil {
			return err
		}

		f.last = r
		if !r.Submission.InFlight() {
			f.finishCanceled(ctx, r, canceled)
			return nil
		}

		f.answer(r, nil)

		showDelivery(
			ctx,
			r,
			fmt.Sprintf("Canceled in Temporal, too late: %s may have the message. It is not sent again.", r.Provider),
		)

		if _, err := f.settleUnknown(ctx, r); err != nil {
			return err
		}
	}
}

func (f *deliveryTracker) finishCanceled(ctx workflow.Context, r chat.DeliverySnapshot, canceled *chat.Error) {
	switch {
	case r.Submission == chat.SubmissionCanceled:
		showDelivery(ctx, r, "Canceled in Temporal; nothing was sent.")
		f.answer(r, canceled)
	case r.Submission == chat.SubmissionAccepted && !r.DeliveryStatus.Final():
		showDelivery(
			ctx,
			r,
			fmt.Sprintf("Canceled in Temporal: %s has the message, and its receipt is not waited for.", r.Provider),
		)

		f.answer(r, nil)

	case r.Submission.Settled():
		f.finish(ctx, r)
	default:
		showDelivery(ctx, r, "Canceled in Temporal, too late: the delivery is "+r.Status+".")
		f.answer(r, nil)
	}
}
