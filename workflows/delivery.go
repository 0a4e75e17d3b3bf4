package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// signalChanged tells a workflow that its delivery is not what it was. It carries the
// receipt when that is known, so that the carrier's final word costs no look at the store;
// an empty one means: look.
const signalChanged = "Changed"

// follower takes one delivery from its first submission to its end: until the carrier's
// final word, a refusal, or a person's decision. It never decides from memory alone: after
// every wait it goes by what the store says.
type follower struct {
	workspace chat.WorkspaceID
	delivery  chat.DeliveryID
	// answer gives the callers how the delivery stands; the first answer stands.
	answer  func(r chat.Receipt, err error)
	action  chat.ActionID
	changed workflow.ReceiveChannel
}

func newFollower(ctx workflow.Context, ws chat.WorkspaceID, action chat.ActionID, answer func(chat.Receipt, error)) *follower {
	return &follower{workspace: ws, action: action, answer: answer, changed: workflow.GetSignalChannel(ctx, signalChanged)}
}

func (f *follower) step() chat.DeliveryStep {
	return chat.DeliveryStep{WorkspaceID: f.workspace, DeliveryID: f.delivery}
}

// follow goes on from a receipt until nothing more can happen to the delivery by itself
// and nobody needs to decide.
func (f *follower) follow(ctx workflow.Context, r chat.Receipt) error {
	for {
		var err error
		switch {
		case r.Submission == chat.SubmissionAccepted && !r.Carrier.Final():
			r, err = f.awaitReceipt(ctx, r)
		case r.Submission.Settled():
			f.finish(ctx, r)
			return nil
		case r.Submission == chat.SubmissionUnknown:
			r, err = f.settleUnknown(ctx, r)
		case parked(r):
			r, err = f.park(ctx, r)
		default:
			r, err = f.submitAgain(ctx, r)
		}
		if errors.Is(err, errNobodyDecided) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// errNobodyDecided ends the following of a delivery that has waited for a person too long.
var errNobodyDecided = errors.New("nobody decided in time")

// parked tells whether a person must decide before anything happens.
func parked(r chat.Receipt) bool {
	return r.Submission == chat.SubmissionNeedsReview || !r.Submission.InFlight() &&
		(r.ErrorCode == chat.ErrorTriesExhausted || r.ErrorCode == chat.ErrorWorkflowGone)
}

// finish answers with a delivery that has ended.
func (f *follower) finish(ctx workflow.Context, r chat.Receipt) {
	switch r.Submission {
	case chat.SubmissionConfirmedSent:
		tellReceipt(ctx, r, "A person confirmed that it was sent.")
		f.answer(r, nil)
	case chat.SubmissionAccepted:
		tellReceipt(ctx, r, finalWord(r))
		f.answer(r, nil)
	default:
		tellReceipt(ctx, r, fmt.Sprintf("Not delivered: %s (%s).", r.Submission, r.ErrorCode))
		f.answer(r, Refused(r, f.action))
	}
}

func finalWord(r chat.Receipt) string {
	switch {
	case r.Carrier == chat.CarrierUnconfirmed:
		return fmt.Sprintf("%s took the message and never told what became of it.", r.Provider)
	case r.Carrier.Lost():
		return fmt.Sprintf("%s took the message and reports it as %s (%s). The chat needs a response again.", r.Provider, r.Carrier, r.ErrorCode)
	}
	return fmt.Sprintf("%s reports the message as %s.", r.Provider, r.Carrier)
}

// Refused is the answer to a send whose delivery has ended without being sent.
func Refused(r chat.Receipt, action chat.ActionID) *chat.Error {
	e := chat.Errorf(chat.CodeDeliveryFailed, "the message was not delivered: %s", r.ErrorMessage)
	e.DeliveryID, e.ActionID = string(r.DeliveryID), string(action)
	return e
}

// awaitReceipt waits for the carrier's final word. A signal that was lost is found by
// looking at the store now and then; at the deadline the carrier is asked, and what it
// does not tell then stays unconfirmed.
func (f *follower) awaitReceipt(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	f.answer(r, nil)
	tellReceipt(ctx, r, fmt.Sprintf("%s accepted the message. Waits for its receipt.", r.Provider))
	look := func() (chat.Receipt, bool, error) {
		seen, err := Look.Local(ctx, "Look whether there is a receipt", f.step())
		return seen, told(seen), err
	}
	start := workflow.Now(ctx)
	for _, after := range []time.Duration{lookSoon, lookLater, r.Waits.Receipt} {
		seen, final, err := f.watch(ctx, start.Add(min(after, r.Waits.Receipt)), told, look)
		if err != nil || final {
			return seen, err
		}
	}
	sought, err := LookUp.Do(ctx, fmt.Sprintf("Ask %s what became of the message", r.Provider), f.step())
	if temporal.IsCanceledError(err) || err == nil && told(sought) {
		return sought, err
	}
	return Unconfirmed.Local(ctx, "Record that no receipt came", f.step())
}

// told tells whether a receipt holds the carrier's final word.
func told(r chat.Receipt) bool {
	return r.Submission == chat.SubmissionAccepted && r.Carrier.Final()
}

// watch waits until a moment, and looks then, and whenever a signal comes before it that
// does not say enough by itself. It reports true when there is something new.
func (f *follower) watch(ctx workflow.Context, until time.Time, decisive func(chat.Receipt) bool, look func() (chat.Receipt, bool, error)) (chat.Receipt, bool, error) {
	for workflow.Now(ctx).Before(until) {
		signal, signaled, err := f.await(ctx, until.Sub(workflow.Now(ctx)))
		switch {
		case err != nil:
			return chat.Receipt{}, false, err
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
func (f *follower) await(ctx workflow.Context, wait time.Duration) (signal chat.Receipt, signaled bool, err error) {
	waiting, cancel := workflow.WithCancel(ctx)
	defer cancel()
	workflow.NewSelector(ctx).
		AddFuture(workflow.NewTimer(waiting, wait), func(workflow.Future) {}).
		AddReceive(f.changed, func(c workflow.ReceiveChannel, _ bool) { signal, signaled = receive(ctx, c), true }).
		Select(ctx)
	return signal, signaled, ctx.Err()
}

// receive takes the newest of the signals that have come.
func receive(ctx workflow.Context, c workflow.ReceiveChannel) chat.Receipt {
	var newest chat.Receipt
	c.Receive(ctx, &newest)
	for next := (chat.Receipt{}); c.ReceiveAsync(&next); next = (chat.Receipt{}) {
		newest = next
	}
	return newest
}

// settleUnknown looks for evidence: a callback, which comes as a signal, then the carrier's
// own list, twice, because a list may lag. What is not found when the carrier can no longer
// be working on the request is left to the delivery's policy. Nothing is posted.
func (f *follower) settleUnknown(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	f.answer(r, nil)
	tellReceipt(ctx, r, fmt.Sprintf("May have been sent: %s did not confirm (%s). Evidence is looked for; it is not sent again by itself.", r.Provider, r.ErrorCode))
	sought := false
	look := func() (chat.Receipt, bool, error) {
		found, err := LookUp.Do(ctx, fmt.Sprintf("Look for the message at %s", r.Provider), f.step())
		sought = err == nil
		if temporal.IsCanceledError(err) {
			return r, false, err
		}
		return found, sought && found.Submission != chat.SubmissionUnknown, nil
	}
	start := workflow.Now(ctx)
	for _, after := range []time.Duration{r.Waits.Settle / 4, r.Waits.Settle} {
		found, changed, err := f.watch(ctx, start.Add(after), never, look)
		if err != nil || changed {
			return found, err
		}
	}
	return SettleUnknown.Local(ctx, "Decide by the delivery's policy", chat.Settlement{DeliveryStep: f.step(), Sought: sought})
}

// never leaves every signal to a look at the store.
func never(chat.Receipt) bool { return false }

// submitAgain tries until the carrier gives an answer that ends the trying, or a signal
// says that the delivery has changed. A blocked account answers the caller at once: it
// takes a person, the message stays ours.
func (f *follower) submitAgain(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	try := SubmitDelivery
	if r.Submission == chat.SubmissionBlocked {
		try.Patience = blocked
		f.answer(r, nil)
	}
	tellReceipt(ctx, r, fmt.Sprintf("Not sent yet: %s (%s). It is tried again; the activity SubmitDelivery shows the last error and the next try.", r.Submission, r.ErrorCode))
	trying, stop := workflow.WithCancel(ctx)
	defer stop()
	var err error
	signaled := false
	selector := workflow.NewSelector(ctx)
	selector.AddFuture(try.Start(trying, fmt.Sprintf("Hand the message to %s, again", r.Provider), f.step()), func(done workflow.Future) { err = done.Get(ctx, &r) })
	selector.AddReceive(f.changed, func(c workflow.ReceiveChannel, _ bool) { receive(ctx, c); signaled = true })
	selector.Select(ctx)
	switch {
	case ctx.Err() != nil:
		return r, ctx.Err()
	case signaled:
		// A post that is under way goes on, and its claim keeps everybody else from posting.
		stop()
		return Look.Local(ctx, "Look what has changed", f.step())
	case err != nil && !temporal.IsCanceledError(err):
		return GiveUp.Local(ctx, "Record that it is not tried again", f.step())
	}
	return r, err
}

// park keeps the workflow open, where operators look for it, until somebody decides, or
// evidence comes, or the time for that is over.
func (f *follower) park(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	f.answer(r, nil)
	tellReceipt(ctx, r, parkedWords(r))
	look := func() (chat.Receipt, bool, error) {
		seen, err := f.lookParked(ctx, r)
		return seen, !parked(seen), err
	}
	end := workflow.Now(ctx).Add(parkedFor)
	for wait := lookLater; workflow.Now(ctx).Before(end); wait = min(2*wait, lookSeldom) {
		seen, changed, err := f.watch(ctx, workflow.Now(ctx).Add(wait), never, look)
		if err != nil || changed {
			return seen, err
		}
	}
	return f.end(ctx, r)
}

// lookParked looks at the store, and for what may have been sent at the carrier too: its
// evidence may come late.
func (f *follower) lookParked(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	if r.Submission != chat.SubmissionNeedsReview {
		return Look.Local(ctx, "Look whether somebody has decided", f.step())
	}
	seen, err := LookUp.Do(ctx, fmt.Sprintf("Look once more for the message at %s", r.Provider), f.step())
	if err == nil || temporal.IsCanceledError(err) {
		return seen, err
	}
	return Look.Local(ctx, "Look whether somebody has decided", f.step())
}

func parkedWords(r chat.Receipt) string {
	if r.Submission == chat.SubmissionNeedsReview {
		return "May have been sent: the carrier did not confirm, and a person must decide: resolve it as sent or not sent, or retry it."
	}
	return "Parked, not sent: trying again has not helped. A person must decide: retry or cancel it."
}

// end closes what nobody has decided. What certainly was not sent ends as that; what may
// have been stays for review in the store.
func (f *follower) end(ctx workflow.Context, r chat.Receipt) (chat.Receipt, error) {
	ended, err := f.call(ctx, "End what nobody has decided", chat.Errorf(chat.CodeDeliveryFailed, "nobody decided in time, and the message was not sent"))
	if err != nil {
		return r, err
	}
	tellReceipt(ctx, ended, "Nobody decided in time; the delivery is "+ended.Status+".")
	return ended, errNobodyDecided
}

// call ends a delivery that the carrier certainly does not have, and returns how it stands.
func (f *follower) call(ctx workflow.Context, summary string, why *chat.Error) (chat.Receipt, error) {
	return EndDelivery.Local(ctx, summary, chat.DeliveryEnd{DeliveryStep: f.step(), Problem: *why})
}

// cancel ends a delivery whose workflow somebody canceled in Temporal. What the carrier
// certainly does not have stays unsent and says so; what it may have is followed, and never
// posted again, until it is known or for a person to decide.
func (f *follower) cancel(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	canceled := chat.Errorf(chat.CodeDeliveryFailed, "the send was canceled in Temporal")
	canceled.ActionID, canceled.DeliveryID = string(f.action), string(f.delivery)
	for {
		r, err := f.call(ctx, "Record the cancellation", canceled)
		if err != nil {
			return err
		}
		if !r.Submission.InFlight() {
			f.finishCanceled(ctx, r, canceled)
			return nil
		}
		f.answer(r, nil)
		tellReceipt(ctx, r, fmt.Sprintf("Canceled in Temporal, too late: %s may have the message. It is not sent again.", r.Provider))
		if _, err := f.settleUnknown(ctx, r); err != nil {
			return err
		}
	}
}

func (f *follower) finishCanceled(ctx workflow.Context, r chat.Receipt, canceled *chat.Error) {
	switch {
	case r.Submission == chat.SubmissionCanceled:
		tellReceipt(ctx, r, "Canceled in Temporal; nothing was sent.")
		f.answer(r, canceled)
	case r.Submission == chat.SubmissionAccepted && !r.Carrier.Final():
		tellReceipt(ctx, r, fmt.Sprintf("Canceled in Temporal: %s has the message, and its receipt is not waited for.", r.Provider))
		f.answer(r, nil)
	case r.Submission.Settled():
		f.finish(ctx, r)
	default:
		tellReceipt(ctx, r, "Canceled in Temporal, too late: the delivery is "+r.Status+".")
		f.answer(r, nil)
	}
}
