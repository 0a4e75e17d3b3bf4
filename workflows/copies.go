package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// While a second copy is possible, the provider's list is read again: at the receipt deadline, and then
// after waits that are each copiesGrowth times as long as the one before. After copiesWithin it shows all
// that it ever will, and the sweep reads it once more. These are copiesLooks look-ups at most, so that a
// history hardly grows.
const (
	copiesLooks  = 4
	copiesGrowth = 3
	copiesWithin = 48 * time.Hour
)

// seekCopies reads the provider's list again for a delivery that has ended while messages of it may exist
// that nobody knows: an attempt was cut off, and another one was taken, or a person has decided. What the
// list shows is recorded as a second copy. It ends when that is found, or when none is possible any more.
//
// It comes last, when the callers have their answers and everything else is done. A workflow that is
// canceled meanwhile ends without it.
func (f *deliveryTracker) seekCopies(ctx workflow.Context) {
	if !f.last.UnknownMessages || !f.last.Submission.Settled() || ctx.Err() != nil {
		return
	}

	seen := f.last
	deadline := workflow.Now(ctx).Add(copiesWithin)
	wait := f.waits.Receipt
	looks := copiesLooks

	if f.listed { // the list was read at the receipt deadline
		if !mayShowCopy(seen) {
			return
		}

		wait *= copiesGrowth
		looks--
	}

	for range looks {
		left := deadline.Sub(workflow.Now(ctx))
		if left <= 0 || !f.lookForCopy(ctx, &seen, min(wait, left)) {
			return
		}

		wait *= copiesGrowth
	}
}

// mayShowCopy reports whether the provider's list may still show a second copy of the delivery.
func mayShowCopy(r chat.DeliverySnapshot) bool {
	return r.Duplicate == chat.DuplicatePossible && r.UnknownMessages
}

// lookForCopy reads the provider's list after a wait, and reports whether it is to be read again.
func (f *deliveryTracker) lookForCopy(ctx workflow.Context, seen *chat.DeliverySnapshot, wait time.Duration) bool {
	workflow.SetCurrentDetails(ctx, seen.ExplainCopies(workflow.Now(ctx).Add(wait)))

	if workflow.Sleep(ctx, wait) != nil {
		return false
	}

	found, err := QueryProvider.Do(
		ctx,
		fmt.Sprintf("Look once more for copies of the message at %s", f.last.Provider),
		f.step(),
	)
	if err != nil {
		// The provider does not answer. That copies were not found is what the details say.
		workflow.SetCurrentDetails(ctx, seen.ExplainCopies(time.Time{}))
		return false
	}

	*seen = found
	showDelivery(ctx, found, found.Explain())

	return mayShowCopy(found)
}
