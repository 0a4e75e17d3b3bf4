package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// SignalChanged tells a workflow that its delivery has changed. It carries the snapshot if the
// sender knows it, so that the provider's final status costs no look at the store. With an
// empty one the workflow looks itself.
const SignalChanged = "Changed"

// deliveryTracker takes one delivery from its first submission to its end: until the provider's
// final status, a refusal, or a person's decision. It never decides from memory alone: after
// every wait it goes by what the store says.
type deliveryTracker struct {
	workspace chat.WorkspaceID
	delivery  chat.DeliveryID
	// answer tells the callers how the delivery stands. Only the first call counts.
	answer  func(r chat.DeliverySnapshot, err error)
	action  chat.ActionID
	changed workflow.ReceiveChannel
	// last is how the delivery stood when it was last seen.
	last chat.DeliverySnapshot
	// troubled reports whether something else than the acceptance was shown of it.
	troubled bool
	// waits are those that a snapshot had last: one that comes with a signal has none.
	waits chat.Waits
	// listed reports whether the provider's list was read at the end of the wait for a receipt.
	listed bool
	// canceled reports whether the workflow was canceled, and does not continue as new.
	canceled bool
}

func newDeliveryTracker(
	ctx workflow.Context,
	ws chat.WorkspaceID,
	action chat.ActionID,
	answer func(chat.DeliverySnapshot, error),
) *deliveryTracker {
	return &deliveryTracker{
		workspace: ws,
		action:    action,
		answer:    answer,
		changed:   workflow.GetSignalChannel(ctx, SignalChanged),
	}
}

// close is called when the workflow closes.
func (f *deliveryTracker) close() { drainSignals(f.changed) }

// drainSignals leaves no signal unread when a workflow closes. What the last ones report is
// in the store already.
func drainSignals(changed workflow.ReceiveChannel) {
	for changed.ReceiveAsync(nil) {
		continue
	}
}

func (f *deliveryTracker) step() chat.DeliveryStep {
	return chat.DeliveryStep{WorkspaceID: f.workspace, DeliveryID: f.delivery}
}

// follow goes on from a snapshot until nothing more can happen to the delivery by itself
// and nobody needs to decide.
func (f *deliveryTracker) follow(ctx workflow.Context, r chat.DeliverySnapshot) error {
	for {
		f.last = r
		if r.Waits != (chat.Waits{}) {
			f.waits = r.Waits
		}

		f.troubled = f.troubled || !r.Submission.Settled()

		var err error

		switch {
		case r.Submission == chat.SubmissionAccepted && !r.DeliveryStatus.Final():
			r, err = f.awaitReceipt(ctx, r)
		case r.Submission.Settled():
			f.finish(ctx, r)
			return nil
		case r.Submission == chat.SubmissionUnknown:
			r, err = f.settleUnknown(ctx, r)
		case r.WaitsForPerson():
			r, err = f.awaitDecision(ctx, r)
		default:
			r, err = f.submitAgain(ctx, r)
		}

		if errors.Is(err, errNobodyDecided) {
			f.last = r
			return nil
		}

		if err != nil {
			return err
		}
	}
}

// errNobodyDecided ends the tracking of a delivery that has waited for a person too long.
var errNobodyDecided = errors.New("nobody decided in time")

// finish answers with a delivery that has ended.
func (f *deliveryTracker) finish(ctx workflow.Context, r chat.DeliverySnapshot) {
	showDelivery(ctx, r, r.Explain())

	if r.Submission == chat.SubmissionConfirmedSent || r.Submission == chat.SubmissionAccepted {
		f.answer(r, nil)
	} else {
		f.answer(r, r.NotDelivered(f.action))
	}
}

// submitAgain tries until the provider gives an answer that ends the trying, or a signal
// says that the delivery has changed. A blocked account answers the caller at once: it
// takes a person, the message stays ours.
func (f *deliveryTracker) submitAgain(ctx workflow.Context, r chat.DeliverySnapshot) (chat.DeliverySnapshot, error) {
	try := SubmitDelivery
	if r.Submission == chat.SubmissionBlocked {
		try.Options = blockedOptions

		f.answer(r, nil)
	}

	showDelivery(ctx, r, r.ExplainTrying())

	trying, stop := workflow.WithCancel(ctx)
	defer stop()

	var err error

	signaled := false
	selector := workflow.NewSelector(ctx)
	selector.AddFuture(
		try.Start(trying, fmt.Sprintf("Hand the message to %s, again", r.Provider), f.step()),
		func(done workflow.Future) { err = done.Get(ctx, &r) },
	)
	selector.AddReceive(f.changed, func(c workflow.ReceiveChannel, _ bool) {
		receiveNewest(ctx, c)

		signaled = true
	})
	selector.Select(ctx)

	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case signaled:
		// A post that is under way goes on, and its claim keeps everybody else from posting.
		stop()

		return LoadDelivery.Local(ctx, "Look what has changed", f.step())
	case err != nil && !temporal.IsCanceledError(err):
		return MarkExhausted.Local(ctx, "Record that it is not tried again", f.step())
	}

	return r, err
}
