package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// awaitReceipt waits for the provider's final status. A signal that was lost is found by
// looking at the store now and then; at the deadline the provider is asked, and what it
// does not tell then stays unconfirmed.
func (f *deliveryTracker) awaitReceipt(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	f.answer(r, nil)
	workflow.SetCurrentDetails(ctx, r.Explain())

	quiet := f.quiet(ctx, r)
	if quiet == 0 {
		showDelivery(ctx, r, r.Explain())
	}

	look := func() (chat.DeliverySnapshot, bool, error) {
		seen, err := LoadDelivery.Local(ctx, "Look whether there is a receipt", f.step())
		return seen, hasFinalStatus(seen), err
	}

	start := workflow.Now(ctx)
	for i, after := range []time.Duration{cmp.Or(quiet, checkSoon), checkLater, r.Waits.Receipt} {
		seen, final, err := f.watch(ctx, start.Add(min(after, r.Waits.Receipt)), hasFinalStatus, look)
		if err != nil || final {
			return seen, err
		}

		if i == 0 && quiet > 0 {
			showDelivery(ctx, seen, seen.Explain())
		}
	}

	sought, err := QueryProvider.Do(ctx, fmt.Sprintf("Ask %s what became of the message", r.Provider), f.step())
	f.listed = err == nil

	if temporal.IsCanceledError(err) || err == nil && hasFinalStatus(sought) {
		return sought, err
	}

	return MarkUnconfirmed.Local(ctx, "Record that no receipt came", chat.UnconfirmedDelivery{
		DeliveryStep: f.step(),
		NotShown:     err == nil && sought.NotShown,
	})
}

// quiet is how long the search attributes do not tell of the acceptance. What they have told
// before must not stay.
func (f *deliveryTracker) quiet(ctx workflow.Context, r chat.DeliverySnapshot) time.Duration {
	if r.Waits.Quiet > 0 && f.troubled &&
		workflow.GetVersion(ctx, "acceptance-after-trouble", workflow.DefaultVersion, 1) == 1 {
		return 0
	}

	return r.Waits.Quiet
}

// hasFinalStatus reports whether a receipt holds the provider's final status.
func hasFinalStatus(r chat.DeliverySnapshot) bool {
	return r.Submission == chat.SubmissionAccepted && r.DeliveryStatus.Final()
}

// watch waits until a moment, and looks then, and whenever a signal comes before it that
// does not say enough by itself. It reports true when there is something new.
func (f *deliveryTracker) watch(
	ctx workflow.Context,
	until time.Time,
	decisive func(chat.DeliverySnapshot) bool,
	look func() (chat.DeliverySnapshot, bool, error),
) (chat.DeliverySnapshot, bool, error) {
	for workflow.Now(ctx).Before(until) {
		signal, signaled, err := f.await(ctx, until.Sub(workflow.Now(ctx)))
		switch {
		case err != nil:
			return chat.DeliverySnapshot{}, false, err
		case !signaled:
			return look()
		case decisive(signal):
			return signal, true, nil
		}

		if seen, changed, err := look(); err != nil || changed {
			return seen, changed, err
		}
	}

	return look()
}

// await waits for a signal, at most for wait.
func (f *deliveryTracker) await(
	ctx workflow.Context,
	wait time.Duration,
) (signal chat.DeliverySnapshot, signaled bool, err error) {
	if err := checkHistory(ctx); err != nil && !f.canceled {
		return signal, false, err
	}

	waiting, cancel := workflow.WithCancel(ctx)
	defer cancel()

	workflow.NewSelector(ctx).
		AddFuture(workflow.NewTimer(waiting, wait), func(workflow.Future) {}).
		AddReceive(
			f.changed,
			func(c workflow.ReceiveChannel, _ bool) { signal, signaled = receiveNewest(ctx, c), true },
		).
		Select(ctx)

	return signal, signaled, ctx.Err()
}

// receiveNewest takes the newest of the signals that have come.
func receiveNewest(ctx workflow.Context, c workflow.ReceiveChannel) chat.DeliverySnapshot {
	var newest chat.DeliverySnapshot
	c.Receive(ctx, &newest)

	for next := (chat.DeliverySnapshot{}); c.ReceiveAsync(&next); next = (chat.DeliverySnapshot{}) {
		newest = next
	}

	return newest
}

// settleUnknown looks for evidence: a callback, which comes as a signal, then the provider's
// own list, twice, because a list may lag. What is not found when the provider can no longer
// be working on the request is left to the delivery's policy. Nothing is posted.
func (f *deliveryTracker) settleUnknown(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	f.answer(r, nil)

	showDelivery(ctx, r, r.Explain())

	sought := false
	look := func() (chat.DeliverySnapshot, bool, error) {
		found, err := QueryProvider.Do(ctx, fmt.Sprintf("Look for the message at %s", r.Provider), f.step())
		sought = err == nil

		if temporal.IsCanceledError(err) {
			return r, false, err
		}

		return found, sought && found.Submission != chat.SubmissionUnknown, nil
	}

	start := workflow.Now(ctx)
	for _, after := range []time.Duration{r.Waits.Settle / 4, r.Waits.Settle} {
		found, changed, err := f.watch(ctx, start.Add(after), neverDecisive, look)
		if err != nil || changed {
			return found, err
		}
	}

	return SettleUnknown.Local(
		ctx,
		"Decide by the delivery's policy",
		chat.Settlement{DeliveryStep: f.step(), Sought: sought},
	)
}

// neverDecisive leaves every signal to a look at the store.
func neverDecisive(chat.DeliverySnapshot) bool { return false }
