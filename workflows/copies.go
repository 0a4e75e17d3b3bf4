package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"
)

// seekCopies reads the provider's list once more for a delivery that has ended while messages of
// it may exist that nobody knows: an attempt was cut off, and another one was taken, or a person
// has decided. By then the list is complete. What it shows is recorded as a second copy.
//
// It comes last, when the callers have their answers and everything else is done. A workflow that
// is canceled meanwhile ends without it.
func (f *deliveryTracker) seekCopies(ctx workflow.Context) {
	if f.listed || !f.last.UnknownMessages || !f.last.Submission.Settled() || ctx.Err() != nil {
		return
	}

	workflow.SetCurrentDetails(ctx, f.last.ExplainCopies(workflow.Now(ctx).Add(f.last.Waits.Receipt)))

	if workflow.Sleep(ctx, f.last.Waits.Receipt) != nil {
		return
	}

	seen, err := QueryProvider.Do(
		ctx,
		fmt.Sprintf("Look once more for copies of the message at %s", f.last.Provider),
		f.step(),
	)
	if err != nil {
		// The provider does not answer. That copies were not found is what the details say.
		workflow.SetCurrentDetails(ctx, f.last.ExplainCopies(time.Time{}))
		return
	}

	showDelivery(ctx, seen, seen.Explain())
}
