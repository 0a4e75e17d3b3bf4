package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// awaitDecision keeps the workflow open, where operators look for it, until somebody
// decides, or evidence comes, or the time for that is over.
func (f *deliveryTracker) awaitDecision(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	f.answer(r, nil)
	showDelivery(ctx, r, r.Explain())

	look := func() (chat.DeliverySnapshot, bool, error) {
		seen, err := f.lookForDecision(ctx, r)
		return seen, !seen.WaitsForPerson(), err
	}

	end := workflow.Now(ctx).Add(waitForPerson)
	for wait := checkLater; workflow.Now(ctx).Before(end); wait = min(2*wait, checkSeldom) {
		seen, changed, err := f.watch(ctx, workflow.Now(ctx).Add(wait), neverDecisive, look)
		if err != nil || changed {
			return seen, err
		}
	}

	return f.endUndecided(ctx, r)
}

// lookForDecision looks at the store, and for what may have been sent at the provider too: its
// evidence may come late.
func (f *deliveryTracker) lookForDecision(
	ctx workflow.Context,
	r chat.DeliverySnapshot,
) (chat.DeliverySnapshot, error) {
	if r.Submission != chat.SubmissionNeedsReview {
		return LoadDelivery.Local(ctx, "Look whether somebody has decided", f.step())
	}

	seen, err := QueryProvider.Do(ctx, fmt.Sprintf("Look once more for the message at %s", r.Provider), f.step())
	if err == nil || temporal.IsCanceledError(err) {
		return seen, err
	}

	return LoadDelivery.Local(ctx, "Look whether somebody has decided", f.step())
}

// endUndecided closes what nobody has decided. What certainly was not sent ends as that; what may
// have been stays for review in the store.
func (f *deliveryTracker) endUndecided(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	ended, err := f.cancelDelivery(ctx, "End what nobody has decided", chat.NobodyDecided())
	if err != nil {
		return r, err
	}

	showDelivery(ctx, ended, ended.ExplainUndecided())

	return ended, errNobodyDecided
}

// cancelDelivery ends a delivery that the provider certainly does not have, and returns how
// it stands.
func (f *deliveryTracker) cancelDelivery(
	ctx workflow.Context,
	summary string,
	why *chat.Error,
) (chat.DeliverySnapshot, error) {
	return CancelDelivery.Local(ctx, summary, chat.DeliveryEnd{DeliveryStep: f.step(), Problem: *why})
}

// cancel ends a delivery whose workflow somebody canceled in Temporal. What the provider
// certainly does not have stays unsent and says so; what it may have is followed, and never
// posted again, until it is known or for a person to decide.
func (f *deliveryTracker) cancel(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	f.canceled = true
	canceled := chat.SendCanceled()
	canceled.ActionID = string(f.action)
	canceled.DeliveryID = string(f.delivery)

	for {
		r, err := f.cancelDelivery(ctx, "Record the cancellation", canceled)
		if err != nil {
			return err
		}

		f.last = r
		if !r.Submission.InFlight() {
			f.finishCanceled(ctx, r, canceled)
			return nil
		}

		f.answer(r, nil)

		showDelivery(ctx, r, r.ExplainCanceled())

		if _, err := f.settleUnknown(ctx, r); err != nil {
			return err
		}
	}
}

func (f *deliveryTracker) finishCanceled(ctx workflow.Context, r chat.DeliverySnapshot, canceled *chat.Error) {
	switch {
	case r.Submission == chat.SubmissionCanceled:
		showDelivery(ctx, r, r.ExplainCanceled())
		f.answer(r, canceled)
	case r.Submission == chat.SubmissionAccepted && !r.DeliveryStatus.Final():
		showDelivery(ctx, r, r.ExplainCanceled())
		f.answer(r, nil)
	case r.Submission.Settled():
		f.finish(ctx, r)
	default:
		showDelivery(ctx, r, r.ExplainCanceled())
		f.answer(r, nil)
	}
}
