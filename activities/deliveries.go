package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"handrail/chat"
)

// recordWithin is how long, beyond the claim, the result of a post may be tried to be
// recorded. A result that is lost turns the delivery's outcome into unknown.
const recordWithin = 10 * time.Second

// blockedAgain is how long a blocked account is left alone before one delivery tries it
// again: people must change something first.
const blockedAgain = 5 * time.Minute

// Submit is one try to hand a delivery to its provider. Idempotent by the claim: only its
// holder posts, a delivery that is accepted, or may be, is not claimed again, and what
// was recorded is returned. It fails only when the store does.
func (a *Activities) Submit(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	now := time.Now()

	claim, err := a.Store.Claim(ctx, in.WorkspaceID, in.DeliveryID, now, a.Lease)
	if err != nil {
		return chat.DeliverySnapshot{}, err
	}

	return a.handOver(ctx, in.WorkspaceID, claim, now)
}

// handOver posts what was claimed at a moment, and records what the provider says.
func (a *Activities) handOver(
	ctx context.Context,
	ws chat.WorkspaceID,
	claim chat.Claim,
	now time.Time,
) (chat.DeliverySnapshot, error) {
	if !claim.Granted {
		receipt := a.receipt(&claim.Delivery)
		if claim.WaitUntil != nil {
			receipt.RetryAt = claim.WaitUntil
		}

		return receipt, nil
	}

	// A worker that is stopped, or a workflow that is canceled, must not cut the post:
	// its outcome would be unknown.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.Lease+recordWithin)
	defer cancel()
	// What the store returns has lost the reading of the monotonic clock.
	said := a.post(ctx, ws, &claim.Delivery, now.Add(a.Lease))
	said.RequireID()
	a.Meter.CountAttempt(ws, &claim.Delivery, &said, time.Now())

	if said.Outcome == chat.OutcomeBlocked && said.RetryAfter == 0 {
		said.RetryAfter = blockedAgain
	}

	delivery, err := a.record(ctx, ws, &claim.Delivery, said)
	if chat.CodeOf(err) == chat.CodeConflict {
		delivery, err = a.record(ctx, ws, &claim.Delivery, markContradictory(said))
	}

	if err != nil && chat.AsError(err).Final() {
		// The post was made. Whatever the reason is, the caller must not read it as "not sent",
		// and the step must not begin anew.
		return chat.DeliverySnapshot{}, a.lostRecord(ctx, &claim.Delivery, said, err)
	}

	if err == nil && delivery.SenderWorks {
		a.wakeSenderWaiters(ctx, ws, &delivery)
	}

	return a.receipt(&delivery), err
}

// How many deliveries are signaled at once when their sender works again, and how long that may take. The others follow
// within minutes, by their own timers.
const (
	wokenAtOnce = 1000
	wakeWithin  = 5 * time.Second
)

// wakeSenderWaiters signals the deliveries that wait for a blocked sender when an answer has shown that its account
// works again. Best effort: they check by themselves too.
func (a *Activities) wakeSenderWaiters(ctx context.Context, ws chat.WorkspaceID, answered *chat.Delivery) {
	ctx, cancel := context.WithTimeout(ctx, wakeWithin)
	defer cancel()

	waiters, err := a.Store.SenderWaiters(ctx, ws, answered.Sender, wokenAtOnce)

	for i := 0; i < len(waiters) && err == nil; i++ {
		err = a.signalWaiter(ctx, &waiters[i])
	}

	if err != nil {
		a.Logger.InfoContext(
			ctx,
			"what waits for a sender that works again could not be woken, and follows by itself",
			"workspace_id", ws,
			"sender", answered.Sender,
			"error", err,
		)
	}
}

// signalWaiter signals the workflows that follow a delivery: its own, and that of the retry that has released it.
func (a *Activities) signalWaiter(ctx context.Context, d *chat.StaleDelivery) error {
	err := a.Notifier.Notify(ctx, d.WorkflowID, chat.DeliverySnapshot{})
	if err == nil && d.ReleasedBy != "" {
		err = a.Notifier.Notify(ctx, d.ReleasedBy, chat.DeliverySnapshot{})
	}

	return err
}

// lostRecord is the error of a post whose outcome cannot be recorded, because the delivery is
// gone or no longer what was claimed.
func (a *Activities) lostRecord(
	ctx context.Context,
	claimed *chat.Delivery,
	said chat.Submission,
	err error,
) *chat.Error {
	a.Logger.ErrorContext(
		ctx,
		"a message was handed over, and its outcome cannot be recorded",
		"delivery_id", claimed.ID,
		"attempt", claimed.Fence,
		"carrier", claimed.Provider,
		"outcome", said.Outcome,
		"provider_message_id", said.ProviderMessageID,
		"error", err,
	)

	lost := chat.RecordLost(claimed.ActionID)
	lost.DeliveryID = string(claimed.ID)

	return lost.Because(err)
}

func (a *Activities) post(
	ctx context.Context,
	ws chat.WorkspaceID,
	d *chat.Delivery,
	leaseUntil time.Time,
) chat.Submission {
	carrier, ok := a.Providers[d.Provider]
	if !ok {
		return chat.Submission{
			Outcome: chat.OutcomeBlocked, ErrorCode: "carrier_not_configured",
			ErrorMessage: fmt.Sprintf("no credentials are configured for %s", d.Provider),
		}
	}

	return carrier.Submit(ctx, chat.Outgoing{
		WorkspaceID: ws,
		DeliveryID:  d.ID,
		MessageID:   d.MessageID,
		Fence:       d.Fence,
		Channel:     d.Channel,
		From:        d.From,
		To:          d.To,
		Payload:     d.Payload,
		LeaseUntil:  leaseUntil,
	})
}

// markContradictory is an acceptance under the id of another message: it proves nothing of
// this one, and people must look at it.
func markContradictory(said chat.Submission) chat.Submission {
	said.Outcome, said.ErrorCode = chat.OutcomeUnknown, chat.ErrorIDTaken
	said.ErrorMessage = "the provider answered with the id of another message"

	return said
}

// record stores what the provider said, trying as long as there is time: the answer is in
// this process's memory only.
func (a *Activities) record(
	ctx context.Context,
	ws chat.WorkspaceID,
	claimed *chat.Delivery,
	said chat.Submission,
) (chat.Delivery, error) {
	finished := time.Now()

	return persistAnswer(ctx, func() (chat.Delivery, error) {
		return a.Store.RecordSubmission(ctx, ws, claimed.ID, claimed.Fence, said, finished)
	})
}

// persistAnswer stores an answer from outside, again and again until ctx ends, unless trying again
// cannot help.
func persistAnswer[T any](ctx context.Context, store func() (T, error)) (T, error) {
	return backoff.Retry(ctx, func() (T, error) {
		stored, err := store()
		if err != nil && chat.AsError(err).Final() {
			return stored, backoff.Permanent(err)
		}

		return stored, err
	}, backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval:     50 * time.Millisecond,
		Multiplier:          2,
		RandomizationFactor: 0.5,
		MaxInterval:         2 * time.Second,
	}), backoff.WithMaxElapsedTime(0))
}

// SubmitDelivery is Submit for the tries after the first: an outcome that means "try
// again" is an error that says when, so that attempts, last error and next try stand in
// the Temporal UI. It returns a delivery that is settled, or unknown.
func (a *Activities) SubmitDelivery(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	receipt, err := a.Submit(ctx, in)
	if err != nil {
		return receipt, err
	}

	switch {
	case receipt.WaitsForPerson():
		return receipt, nil
	case !receipt.Submission.Settled() && receipt.Submission != chat.SubmissionUnknown:
		return receipt, tryAgain(receipt, untilRetry(receipt, time.Now()))
	default:
		return receipt, nil
	}
}

func tryAgain(r chat.DeliverySnapshot, after time.Duration) error {
	code, message := r.ErrorCode, r.ErrorMessage
	if code == "" {
		code = string(r.Submission)
	}

	if message == "" {
		message = "the delivery is " + string(r.Submission)
	}

	return &chat.RetryLaterError{After: after, Code: code, Message: message}
}

// busyAgain is how long to leave an address alone that has a message in flight: about
// what a provider takes to answer.
const busyAgain = time.Second

// untilRetry is the wait the provider asked for, or somebody else's claim still lasts; 0
// leaves it to the retry policy.
func untilRetry(r chat.DeliverySnapshot, now time.Time) time.Duration {
	if r.ErrorCode == chat.ErrorAddressBusy {
		return busyAgain
	}

	if r.RetryAt == nil {
		return 0
	}

	return max(r.RetryAt.Sub(now), 0)
}

// MarkExhausted notes that a delivery is not tried again by itself. Idempotent: it changes
// nothing but a delivery that is pending or blocked.
func (a *Activities) MarkExhausted(ctx context.Context, in chat.DeliveryStep) (chat.DeliverySnapshot, error) {
	delivery, err := a.Store.MarkExhausted(ctx, in.WorkspaceID, in.DeliveryID, time.Now())

	if err == nil && delivery.ErrorCode == chat.ErrorTriesExhausted {
		a.Logger.WarnContext(
			ctx,
			"a delivery is not tried again by itself; a person decides",
			"delivery_id", delivery.ID,
			"action_id", delivery.ActionID,
		)
	}

	return a.receipt(&delivery), err
}
