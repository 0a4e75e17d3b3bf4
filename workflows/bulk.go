package workflows

import (
	"cmp"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// BulkRetryRun is the input of a bulk retry's workflow, also when it continues as new.
type BulkRetryRun struct {
	chat.NewBulkRetry
	Nonce string `json:"nonce,omitempty"`
	// After is the last delivery that was begun, Begun the number of deliveries that were begun.
	After chat.DeliveryID `json:"after,omitempty"`
	Begun int             `json:"begun,omitempty"`
	// Round is the round of the current canary, CanaryFrom the number of its first delivery. Proven reports whether it
	// has passed.
	Round      int  `json:"round,omitempty"`
	CanaryFrom int  `json:"canary_from,omitempty"`
	Proven     bool `json:"proven,omitempty"`
}

// Request is the request that the run serves, as an action like any other.
func (r *BulkRetryRun) Request() chat.Request {
	return chat.Request{
		ActionID:       r.ID,
		WorkspaceID:    r.WorkspaceID,
		By:             r.By,
		IdempotencyKey: r.IdempotencyKey,
		Fingerprint:    r.Fingerprint,
		Nonce:          r.Nonce,
	}
}

const (
	// bulkPage is how many deliveries are selected at once.
	bulkPage = 100
	// bulkRun is how many deliveries a run begins before it continues as new.
	bulkRun = 500
	// canaryFirstLook is the wait before the first check of the canary's outcome, canaryLook that before the others,
	// and canaryLooks is the number of checks.
	canaryFirstLook = time.Second
	canaryLook      = 3 * time.Second
	canaryLooks     = 100
	// PriorityInteractive is the priority of what a person waits for.
	PriorityInteractive = 2
	// PriorityBulk comes after what a person waits for.
	PriorityBulk = 4
)

// RetryDeliveries retries many deliveries, one workflow each, at a steady rate. The first ones are a canary: if one of
// them fails, the run pauses. It also pauses later if too many of the last ones fail. A resumed run begins with a
// canary again. It can be paused, resumed and canceled at any time; retries that were begun continue.
func RetryDeliveries(ctx workflow.Context, in BulkRetryRun) error {
	b := &bulk{
		in:      in,
		answer:  actionOutcome[chat.BulkRetry]{request: in.Request()},
		changed: workflow.GetSignalChannel(ctx, SignalChanged),
	}

	if err := b.answer.serve(ctx); err != nil {
		return err
	}

	run, err := BeginBulkRetry.Local(ctx, "Count and store the bulk retry", in.NewBulkRetry)
	b.answer.settle(run, err)

	if err != nil {
		showRefusal(ctx, problemOf(err))
		return awaitAnswers(ctx)
	}

	// A repeated request does not retry deliveries that have become retryable since.
	if run.State == chat.BulkFinished {
		showState(ctx, run.Note, AttributeStatus.ValueSet(string(chat.BulkFinished)))
		return awaitAnswers(ctx)
	}

	b.run = run
	// A run that was ended in Temporal and resumed counts the deliveries that it had begun before.
	b.in.Begun = max(b.in.Begun, run.Begun+run.Skipped)
	b.keepRound()

	// The run does not retry deliveries that it has created itself.
	if b.in.Filter.Until == nil || run.CreatedAt.Before(*b.in.Filter.Until) {
		b.in.Filter.Until = &run.CreatedAt
	}

	again, err := b.beginRetries(ctx)
	if errors.Is(err, errHistoryLong) {
		again = true
		err = nil
	}

	if temporal.IsCanceledError(err) {
		steady, _ := workflow.NewDisconnectedContext(ctx)
		err = errors.Join(err, b.recordState(steady, chat.BulkCanceled, chat.NoteBulkCanceled))
	}

	if b.run.State == chat.BulkCanceled {
		showState(ctx, b.view().Explain(), AttributeStatus.ValueSet(string(chat.BulkCanceled)))
	}

	if err := awaitAnswers(ctx); err != nil {
		return err
	}

	if err == nil && again {
		return workflow.NewContinueAsNewError(ctx, string(chat.ActionRetryDeliveries), b.in)
	}

	return err
}

// bulk is a run of the workflow.
type bulk struct {
	in      BulkRetryRun
	answer  actionOutcome[chat.BulkRetry]
	run     chat.BulkRetry
	changed workflow.ReceiveChannel
	// first and last sum up the outcomes of the canary's deliveries, and of the last ones.
	first, last chat.BulkTally
	// unattempted is how many of the canary's deliveries were never tried.
	unattempted int
	// looks is how often the canary was checked since the last delivery was begun.
	looks int
}

// keepRound begins a canary if the run is new or was resumed.
func (b *bulk) keepRound() {
	if b.in.CanaryFrom > 0 && b.in.Round == b.run.Round {
		return
	}

	b.in.Round = b.run.Round
	b.in.CanaryFrom = b.in.Begun + 1
	b.in.Proven = b.in.Canary == 0
	b.first = chat.BulkTally{}
	b.last = chat.BulkTally{}
	b.unattempted = 0
	b.looks = 0
}

// beginRetries begins retries until there are none left, or the history is long enough.
func (b *bulk) beginRetries(ctx workflow.Context) (again bool, err error) {
	first := b.in.Begun
	for b.in.Begun-first < bulkRun {
		page, err := SelectRetries.Local(ctx, "Select the next deliveries", b.at())
		if err != nil {
			return false, err
		}

		if len(page) == 0 {
			return false, b.finish(ctx)
		}

		for _, id := range page {
			if err := b.awaitTurn(ctx); err != nil || b.run.State == chat.BulkCanceled {
				return false, err
			}

			if err := b.beginRetry(ctx, id); err != nil {
				return false, err
			}

			if err := checkHistory(ctx); err != nil {
				return false, err
			}
		}
	}

	return true, nil
}

func (b *bulk) at() chat.BulkStep {
	return chat.BulkStep{
		WorkspaceID: b.in.WorkspaceID,
		ID:          b.in.ID,
		Filter:      b.in.Filter,
		After:       b.in.After,
		Limit:       bulkPage,
		From:        b.in.CanaryFrom,
	}
}

// awaitTurn waits until the next delivery may be begun, or the run is canceled.
func (b *bulk) awaitTurn(ctx workflow.Context) error {
	nextSecond := b.in.Begun > 0 && b.in.Begun%b.in.Rate == 0
	if nextSecond {
		if err := workflow.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}

	for look := nextSecond; ; look = true {
		if err := b.obey(ctx); err != nil || b.run.State == chat.BulkCanceled {
			return err
		}

		mayBegin, err := b.mayBegin(ctx, look)
		if err != nil || mayBegin {
			return err
		}
	}
}

// mayBegin reports whether the next delivery may be begun: the canary has passed, and not too many have failed since.
// look says that the progress is to be loaded. It pauses a run with too many failures.
func (b *bulk) mayBegin(ctx workflow.Context, look bool) (bool, error) {
	if !b.in.Proven {
		return b.proveCanary(ctx)
	}

	if !look {
		return true, nil
	}

	if err := b.loadProgress(ctx); err != nil {
		return false, err
	}

	note := b.in.Failures.Judge(b.last)

	switch isRunning := b.run.State == chat.BulkRunning; {
	case isRunning && note != "":
		return false, b.recordState(ctx, chat.BulkPaused, note)
	case isRunning:
		return b.in.Proven, nil
	}

	return false, nil
}

// obey loads what people have decided about the run meanwhile, and waits while it is paused.
func (b *bulk) obey(ctx workflow.Context) error {
	for b.changed.Len() > 0 {
		receiveNewest(ctx, b.changed)

		if err := b.loadProgress(ctx); err != nil {
			return err
		}
	}

	if b.run.State != chat.BulkPaused {
		return nil
	}

	for b.run.State == chat.BulkPaused {
		showState(ctx, b.view().Explain(), AttributeStatus.ValueSet(string(chat.BulkPaused)))

		if err := checkHistory(ctx); err != nil {
			return err
		}

		if err := workflow.Await(ctx, func() bool { return b.changed.Len() > 0 }); err != nil {
			return err
		}

		receiveNewest(ctx, b.changed)

		if err := b.loadProgress(ctx); err != nil {
			return err
		}
	}

	showState(ctx, b.view().Explain(), AttributeStatus.ValueSet(string(b.run.State)))

	return nil
}

// proveCanary takes one step of the canary. It reports whether the next delivery may be begun.
func (b *bulk) proveCanary(ctx workflow.Context) (mayBegin bool, err error) {
	canary := b.canary()

	switch canary.Step() {
	case chat.CanaryBegin:
		return true, nil
	case chat.CanaryPassed:
		b.in.Proven = true
		return false, nil
	case chat.CanaryFailed:
		return false, b.recordState(ctx, chat.BulkPaused, canary.Note())
	case chat.CanaryWait:
	}

	if err := checkHistory(ctx); err != nil {
		return false, err
	}

	showState(ctx, canary.Explain())

	wait := canaryLook
	if b.looks == 0 {
		wait = canaryFirstLook
	}

	b.looks++

	if err := workflow.Sleep(ctx, wait); err != nil {
		return false, err
	}

	return false, b.loadProgress(ctx)
}

// canary returns the state of the canary as far as the run knows it.
func (b *bulk) canary() *chat.Canary {
	return &chat.Canary{
		Size:        b.in.Canary,
		Begun:       b.in.Begun - b.in.CanaryFrom + 1,
		Unattempted: b.unattempted,
		Tally:       b.first,
		Waited:      b.looks >= canaryLooks,
	}
}

// view returns the run as it is known here. It may have begun more than is stored yet.
func (b *bulk) view() *chat.BulkRetry {
	run := b.run
	run.Begun = b.in.Begun
	run.Rate = b.in.Rate
	run.Canary = b.in.Canary

	return &run
}

// loadProgress loads the progress of the run. After a resume, a new canary begins.
func (b *bulk) loadProgress(ctx workflow.Context) error {
	progress, err := BulkProgress.Local(ctx, "Look how the bulk retry stands", b.at())
	if err != nil {
		return err
	}

	b.run = progress.Run
	b.in.Rate = cmp.Or(b.run.Rate, b.in.Rate)
	b.first = progress.First
	b.last = progress.Last
	b.unattempted = progress.Unattempted
	b.keepRound()

	return nil
}

// beginRetry starts the workflow that retries one delivery, and does not wait for its end.
func (b *bulk) beginRetry(ctx workflow.Context, id chat.DeliveryID) error {
	request := chat.Request{
		ActionID:    chat.DeriveActionID(string(b.in.ID), string(id)),
		WorkspaceID: b.in.WorkspaceID,
		By:          b.in.By,
		AcceptedAt:  acceptedNow(ctx),
	}
	child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            request.WorkflowID(),
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:         "Retry a delivery, as a part of bulk retry " + string(b.in.ID),
		TypedSearchAttributes: StartAttributes(request),
		Priority:              temporal.Priority{PriorityKey: PriorityBulk, FairnessKey: string(b.in.WorkspaceID)},
	})

	started := workflow.ExecuteChildWorkflow(child, string(chat.ActionRetryDelivery), chat.RetryDelivery{
		Request:              request,
		DeliveryID:           id,
		Reason:               b.in.Reason,
		BulkRetryID:          b.in.ID,
		BulkNumber:           b.in.Begun + 1,
		AcknowledgeDuplicate: b.in.AcknowledgeDuplicate,
	}).GetChildWorkflowExecution()

	// A workflow that runs already was started by an earlier try of this step.
	if err := started.Get(ctx, nil); err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return err
	}

	b.in.After = id
	b.in.Begun++
	b.looks = 0
	showState(ctx, b.view().Explain())

	return nil
}

// finish ends the run when no delivery is left. A paused run first waits for a person, because after its end nothing
// would receive the signal of a resume.
func (b *bulk) finish(ctx workflow.Context) error {
	for b.run.State != chat.BulkFinished {
		if err := b.obey(ctx); err != nil || b.run.State == chat.BulkCanceled {
			return err
		}

		finished := chat.BulkRetry{State: chat.BulkFinished, Begun: b.in.Begun}
		if err := b.recordState(ctx, chat.BulkFinished, finished.Explain()); err != nil {
			return err
		}
	}

	showState(ctx, b.run.Note, AttributeStatus.ValueSet(string(chat.BulkFinished)))

	return nil
}

func (b *bulk) recordState(ctx workflow.Context, to chat.BulkState, note string) (err error) {
	b.run, err = MoveBulkRetry.Local(ctx, "Record that it is "+string(to),
		chat.BulkMove{
			WorkspaceID: b.in.WorkspaceID,
			ID:          b.in.ID,
			By:          b.in.By,
			To:          to,
			Note:        note,
		})
	if chat.CodeConflict == problemCode(err) {
		// A person was faster.
		return b.loadProgress(ctx)
	}

	return err
}

func problemCode(err error) chat.Code {
	if err == nil {
		return ""
	}

	return problemOf(err).Code
}
