package activities

import (
	"context"

	"handrail/chat"
)

// PrepareRetry checks a retry and stores it: the old delivery released, or a new one.
// Idempotent by the action's row, which is inserted in the same transaction. The errors are
// those of a send, conflict when the delivery cannot be retried, and delivery_not_found.
func (a *Activities) PrepareRetry(ctx context.Context, in chat.RetryDelivery) (chat.DeliveryRetried, error) {
	retried, err := a.Store.PrepareRetry(
		ctx,
		in,
		chat.DeliveryID(a.NewID()),
		func(facts *chat.SendFacts, old *chat.Delivery) (chat.SendPlan, error) {
			return facts.PlanChange(old, in.Change, a.Renderer.Render)
		},
	)

	retried.Waits = a.Waits[retried.Channel]

	return retried, err
}

// BeginBulkRetry stores a bulk retry. Idempotent by its id.
func (a *Activities) BeginBulkRetry(ctx context.Context, in chat.NewBulkRetry) (chat.BulkRetry, error) {
	return a.Store.BeginBulkRetry(ctx, in, chat.ActionWorkflowID(in.WorkspaceID, in.ID))
}

// SelectRetries finds the next deliveries of a bulk retry, in the order of their ids.
// Idempotent: it changes nothing.
func (a *Activities) SelectRetries(ctx context.Context, in chat.BulkStep) ([]chat.DeliveryID, error) {
	return a.Store.RetryCandidates(ctx, in)
}

// SkipRetry counts a delivery that could not be retried. Idempotent: each counts once.
func (a *Activities) SkipRetry(ctx context.Context, in chat.BulkSkip) (struct{}, error) {
	return struct{}{}, a.Store.SkipBulkRetry(ctx, in)
}

// BulkProgress reads how a bulk retry stands. Idempotent: it changes nothing.
func (a *Activities) BulkProgress(ctx context.Context, in chat.BulkStep) (chat.BulkProgress, error) {
	return a.Store.BulkProgress(ctx, in)
}

// MoveBulkRetry pauses or finishes a bulk retry. Idempotent: the same state twice is one.
func (a *Activities) MoveBulkRetry(ctx context.Context, in chat.BulkMove) (chat.BulkRetry, error) {
	return a.Store.SetBulkState(ctx, in)
}
