package activities

import (
	"context"
	"time"

	"handrail/chat"
)

const (
	// webhooksAtOnce is how many events of a lane are read at a time.
	webhooksAtOnce = 50
	// webhookBudget is for how long one step posts. Then its workflow begins another one.
	webhookBudget = 30 * time.Second
	// MaxWebhooksTogether is how many endpoints one process posts to at a time. Temporal's SDK runs 1,000 activities at
	// once: receivers that hang, of however many workspaces, must not take the places of sends.
	MaxWebhooksTogether = 200
	// webhookTurnIn is when an endpoint that found no place asks again.
	webhookTurnIn = 2 * time.Second
)

// WebhookStore keeps webhook endpoints, and what they were told.
type WebhookStore interface {
	// WebhookBatch is what an endpoint is to be posted now.
	WebhookBatch(ctx context.Context, step chat.WebhookStep, now time.Time, limit int) (chat.WebhookBatch, error)
	// RecordWebhookAttempt stores what a post has come to, and moves the lane, once. It reports whether what was read
	// together with the event may be posted next: [chat.WebhookResult.GoesOn].
	RecordWebhookAttempt(ctx context.Context, in chat.WebhookResult) (bool, error)
}

// Webhooks posts to webhook endpoints.
type Webhooks interface {
	// PostWebhook posts once and never fails: the answer says what has come of it.
	PostWebhook(ctx context.Context, e *chat.WebhookEndpoint, id chat.EventID, body []byte) chat.WebhookAnswer
}

// DrainWebhooks posts what an endpoint is to be told now, in order, for a while, and says how it then stands.
//
// A step that was cut off after a post and before that was recorded posts the event again, with the same id: receivers
// know it by that. Nothing is recorded before it was posted, so no event is left out.
func (a *Activities) DrainWebhooks(ctx context.Context, in chat.WebhookStep) (chat.WebhookProgress, error) {
	select {
	case a.webhookTurns <- struct{}{}:
		defer func() { <-a.webhookTurns }()

	default:
		return chat.WebhookProgress{
			In:          webhookTurnIn,
			Explanation: "Waits for its turn: this worker posts to as many endpoints as it may.",
		}, nil
	}

	until := a.now().Add(webhookBudget)

	for {
		batch, err := a.Store.WebhookBatch(ctx, in, a.now(), webhooksAtOnce)
		if chat.CodeOf(err) == chat.CodeWebhookNotFound {
			return chat.WebhookProgress{Ended: true, Explanation: "The webhook endpoint was deleted."}, nil
		}

		if err != nil {
			return chat.WebhookProgress{}, err
		}

		if len(batch.Tries) == 0 || a.now().After(until) {
			return batch.Progress(a.now()), nil
		}

		if err := a.postWebhooks(ctx, &batch, until); err != nil {
			return chat.WebhookProgress{}, err
		}
	}
}

// postWebhooks posts a batch up to the first failure, or until somebody has changed the endpoint: that may change what
// comes next.
func (a *Activities) postWebhooks(ctx context.Context, batch *chat.WebhookBatch, until time.Time) error {
	for i := range batch.Tries {
		try := &batch.Tries[i]

		if a.now().After(until) {
			return nil
		}

		body, err := chat.WebhookBody(&batch.Endpoint, try, a.EventBase)
		if err != nil {
			return err
		}

		answer := a.Webhooks.PostWebhook(ctx, &batch.Endpoint, try.Event.ID, body)
		if ctx.Err() != nil && !answer.Arrived() {
			// The worker stops: that is no failure of the receiver's.
			return ctx.Err()
		}

		goesOn, err := a.Store.RecordWebhookAttempt(ctx, chat.WebhookResult{
			WebhookStep: chat.WebhookStep{
				WorkspaceID: batch.Endpoint.WorkspaceID,
				EndpointID:  batch.Endpoint.ID,
			},
			AttemptID: chat.WebhookAttemptID(a.NewID()),
			Posted:    batch.Endpoint,
			Try:       *try,
			Answer:    answer,
			At:        a.now(),
		})
		if chat.CodeOf(err) == chat.CodeWebhookNotFound {
			return nil
		}

		if err != nil || !goesOn {
			return err
		}
	}

	return nil
}

// now is the time by which webhooks are tried.
func (a *Activities) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}

	return time.Now()
}
