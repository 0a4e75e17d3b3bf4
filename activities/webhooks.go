package activities

import (
	"context"
	"time"

	"handrail/chat"
)

const (
	// webhooksAtOnce is how many events of a lane are read at a time.
	webhooksAtOnce = 50
	// webhookBudget is how long one step posts. Then its workflow begins another step.
	webhookBudget = 30 * time.Second
	// MaxWebhooksTogether is how many endpoints one process posts to at a time. Temporal's SDK runs 1,000 activities at
	// once: receivers that hang, of however many workspaces, must not take the places of sends.
	MaxWebhooksTogether = 200
	// webhookTurnIn is when an endpoint that found no place asks again.
	webhookTurnIn = 2 * time.Second
)

// WebhookStore keeps webhook endpoints, and the attempts to post to them. Both methods return CodeWebhookNotFound for
// an endpoint that was deleted.
type WebhookStore interface {
	// WebhookBatch returns what is to be posted to an endpoint now: at most limit events of its lane, and then others.
	WebhookBatch(ctx context.Context, step chat.WebhookStep, now time.Time, limit int) (chat.WebhookBatch, error)
	// RecordWebhookAttempt stores the outcome of a post, and moves the lane, once for each AttemptID. It reports
	// whether what was read together with the event may be posted next: [chat.WebhookResult.GoesOn].
	RecordWebhookAttempt(ctx context.Context, in chat.WebhookResult) (bool, error)
}

// Webhooks posts to webhook endpoints.
type Webhooks interface {
	// PostWebhook posts once. It has no error: the answer says why a post has failed.
	PostWebhook(ctx context.Context, e *chat.WebhookEndpoint, id chat.EventID, body []byte) chat.WebhookAnswer
}

// DrainWebhooks posts what is due for an endpoint, in order, for at most [webhookBudget] and one post, and returns how
// the endpoint then stands.
//
// A step that was cut off between a post and its recording posts the event again, with the same id, by which receivers
// recognize it. Nothing is recorded before it was posted, so that no event is left out.
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

// postWebhooks posts a batch up to the first failure, or until somebody has changed the endpoint, because both change
// what is due next.
func (a *Activities) postWebhooks(ctx context.Context, batch *chat.WebhookBatch, until time.Time) error {
	for i := range batch.Tries {
		try := &batch.Tries[i]
		try.FirstWait = a.WebhookWait

		if a.now().After(until) {
			return nil
		}

		body, err := chat.WebhookBody(&batch.Endpoint, try, a.EventBase)
		if err != nil {
			return err
		}

		answer := a.Webhooks.PostWebhook(ctx, &batch.Endpoint, try.Event.ID, body)
		if ctx.Err() != nil && !answer.Arrived() {
			// The worker stops: the receiver has not failed.
			return ctx.Err()
		}

		a.Meter.CountWebhookPost(&answer)

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
			// It was deleted meanwhile. The next batch finds that.
			return nil
		}

		if err != nil || !goesOn {
			return err
		}
	}

	return nil
}

// now returns the time by which webhooks are tried.
func (a *Activities) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}

	return time.Now()
}
