package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// UpdateOutcome is the update that waits for an action's outcome. All of the input
// travels in the start; this update only waits, so that nothing accepted is lost with a
// server that dies before the update is in history.
const UpdateOutcome = "Outcome"

// OutcomeQuery is what an Outcome update is sent with. Without a fingerprint it is from somebody who
// only looks on.
type OutcomeQuery struct {
	Fingerprint chat.Fingerprint `json:"fingerprint"`
}

// Outcome is what an Outcome update answers with. Nonce is that of the request which
// started the work, by which a caller reports whether it was its own.
type Outcome[T any] struct {
	Value T      `json:"value"`
	Nonce string `json:"nonce"`
}

// actionOutcome is what the callers of one action wait for.
type actionOutcome[T any] struct {
	request chat.Request
	settled bool
	value   T
	err     error
}

// serve answers Outcome updates once there is an outcome, and refuses those that ask
// with another body under the same idempotency key.
func (o *actionOutcome[T]) serve(ctx workflow.Context) error {
	handler := func(ctx workflow.Context, _ OutcomeQuery) (Outcome[T], error) {
		// A canceled workflow still owes its callers an answer.
		ctx, _ = workflow.NewDisconnectedContext(ctx)
		if err := workflow.Await(ctx, func() bool { return o.settled }); err != nil {
			return Outcome[T]{}, err
		}

		return Outcome[T]{Value: o.value, Nonce: o.request.Nonce}, o.err
	}

	validate := func(ask OutcomeQuery) error {
		if len(ask.Fingerprint) == 0 {
			return nil
		}

		return Failure(o.request.Fingerprint.Match(ask.Fingerprint))
	}

	return workflow.SetUpdateHandlerWithOptions(
		ctx,
		UpdateOutcome,
		handler,
		workflow.UpdateHandlerOptions{Validator: validate},
	)
}

// awaitAnswers keeps the workflow open until every caller has its answer, also when it is
// canceled: a workflow that closes takes the answers with it.
func awaitAnswers(ctx workflow.Context) error {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// settle gives the callers their answer. The first one stands.
func (o *actionOutcome[T]) settle(value T, err error) {
	if o.settled {
		return
	}

	o.settled = true
	o.value = value
	o.err = stampFailure(Failure(err), o.request.Nonce)
}

// acceptedNow returns [chat.Request.AcceptedAt] of what a workflow starts. It measures no clock, so it
// takes off the most that one may be ahead of the database's.
func acceptedNow(ctx workflow.Context) time.Time { return workflow.Now(ctx).Add(-chat.ClockWarning) }

// stampFailure adds the nonce of the request that failed, as [Outcome] has it for one that did not.
func stampFailure(err error, nonce string) error {
	e, ok := ChatError(err)
	if !ok {
		return err
	}

	return newFailure(e, nonce)
}

// Failure is the one translation of errors into Temporal's: what a caller or a person
// must change is final, anything else is retried. The text of errors that are not
// [chat.Error] stays out, because Temporal keeps it in histories.
func Failure(err error) error {
	if err == nil {
		return nil
	}

	if _, ok := ChatError(err); ok {
		return err
	}

	if later, ok := errors.AsType[*chat.RetryLaterError](err); ok {
		return temporal.NewApplicationErrorWithOptions(
			later.Message,
			later.Code,
			temporal.ApplicationErrorOptions{NextRetryDelay: later.After},
		)
	}

	return newFailure(chat.AsError(err))
}

// newFailure makes Temporal's error of one of ours, which [ChatError] finds again. More details stand
// behind it.
func newFailure(e *chat.Error, more ...any) error {
	return temporal.NewApplicationErrorWithOptions(e.Message, string(e.Code), temporal.ApplicationErrorOptions{
		NonRetryable: e.Final(),
		Details:      append([]any{*e}, more...),
	})
}
