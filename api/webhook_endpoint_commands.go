package api

import (
	"context"
	"time"

	"handrail/chat"
	"handrail/uuidv7"
)

// webhookAttemptJSON is one post, and what came of it.
type webhookAttemptJSON struct {
	ID          chat.WebhookAttemptID `json:"id"`
	EventID     chat.EventID          `json:"event_id"`
	EventType   string                `json:"event_type" doc:"The type of the event; test.ping of a test."`
	Sequence    *int64                `json:"sequence" doc:"That of the event; null for a test."`
	Number      int                   `json:"number" doc:"Counts the posts of the event."`
	Succeeded   bool                  `json:"succeeded"`
	Fault       *chat.WebhookFault    `json:"fault,omitempty" enum:"timeout,connection_failed,address_refused,secret_unreadable,redirect_not_followed,status_not_accepted" doc:"Why it has failed; left out when it has succeeded."`
	Status      *int                  `json:"status" doc:"The HTTP status; null if there was no answer."`
	Answer      string                `json:"answer" doc:"How the answer begins: at most 1 KiB. For a key without the scope chats:read it is empty, except of a test: a receiver may send back the texts that it got."`
	DurationMS  int64                 `json:"duration_ms"`
	AttemptedAt time.Time             `json:"attempted_at"`
}

func presentWebhookAttempt(a chat.WebhookAttempt) webhookAttemptJSON {
	shown := webhookAttemptJSON{
		ID:          a.ID,
		EventID:     a.EventID,
		EventType:   string(a.EventType),
		Number:      a.Number,
		Succeeded:   a.Arrived(),
		Answer:      a.Body,
		DurationMS:  a.Duration.Milliseconds(),
		AttemptedAt: a.At.UTC(),
	}

	if a.Sequence != 0 {
		shown.Sequence = &a.Sequence
	}

	if !shown.Succeeded {
		shown.Fault = &a.Fault
	}

	if a.Status != 0 {
		shown.Status = &a.Status
	}

	return shown
}

type webhookSecretOutput struct{ Body webhookSecretJSON }

func (s *service) rotateWebhookSecret(ctx context.Context, in *webhookEndpointPath) (*webhookSecretOutput, error) {
	c := callFrom(ctx)

	endpoint, err := s.store.WebhookEndpoint(ctx, c.workspace(), in.WebhookEndpointID)
	if err != nil {
		return nil, err
	}

	was := endpoint.Sealed

	secret, err := s.posts.NewWebhookSecret(&endpoint, time.Now())
	if err != nil {
		return nil, err
	}

	if err := s.store.RotateWebhookSecret(ctx, in.step(c), c.actor(), was, endpoint.Sealed); err != nil {
		return nil, err
	}

	return &webhookSecretOutput{Body: webhookSecretJSON{Secret: secret}}, nil
}

type webhookAttemptOutput struct{ Body webhookAttemptJSON }

// testWebhookEndpoint posts while the caller waits, outside of the lane, so that the caller sees what the receiver
// answers.
func (s *service) testWebhookEndpoint(ctx context.Context, in *webhookEndpointPath) (*webhookAttemptOutput, error) {
	c := callFrom(ctx)

	endpoint, err := s.store.WebhookEndpoint(ctx, c.workspace(), in.WebhookEndpointID)
	if err != nil {
		return nil, err
	}

	now := time.Now()
	result := chat.WebhookResult{
		WebhookStep: in.step(c),
		AttemptID:   uuidv7.New[chat.WebhookAttemptID](),
		At:          now,
		Try: chat.WebhookTry{Event: chat.Event{
			ID:          uuidv7.New[chat.EventID](),
			WorkspaceID: c.workspace(),
			Type:        chat.EventTestPing,
			SubjectID:   objectText(in.WebhookEndpointID),
			At:          now,
		}},
	}

	body, err := chat.WebhookBody(&endpoint, &result.Try, s.eventBase)
	if err != nil {
		return nil, err
	}

	result.Answer = s.posts.PostWebhook(ctx, &endpoint, result.Try.Event.ID, body)

	attempt, err := s.store.RecordWebhookTest(ctx, c.actor(), result)
	if err != nil {
		return nil, err
	}

	return &webhookAttemptOutput{Body: presentWebhookAttempt(attempt)}, nil
}

type listWebhookAttemptsInput struct {
	webhookEndpointPath
	Paging

	EventID string `query:"event_id" maxLength:"36" minLength:"36" doc:"Only posts of this event."`
	Failed  bool   `query:"failed" doc:"Only those that have failed."`
}

func (s *service) listWebhookAttempts(
	ctx context.Context,
	in *listWebhookAttemptsInput,
) (*listOutput[webhookAttemptJSON], error) {
	filter := chat.WebhookAttemptFilter{
		EventID: chat.EventID(in.EventID),
		Failed:  in.Failed,
		Page:    in.page(),
	}

	c := callFrom(ctx)
	part, err := s.store.WebhookAttempts(ctx, c.workspace(), in.WebhookEndpointID, filter)

	return presentList(part, err, func(a chat.WebhookAttempt) webhookAttemptJSON {
		if a.MayHaveTexts() && !c.principal.May(chat.ScopeChatsRead) {
			a.Body = ""
		}

		return presentWebhookAttempt(a)
	})
}

type replaySinceJSON struct {
	Since time.Time `json:"since" doc:"Events that have happened at this time or later are told again."`
}

type replaySinceInput struct {
	webhookEndpointPath

	Body replaySinceJSON
}

func (s *service) replayWebhookEvents(ctx context.Context, in *replaySinceInput) (*webhookEndpointOutput, error) {
	c := callFrom(ctx)

	if err := chat.CheckReplaySince(in.Body.Since, time.Now()); err != nil {
		return nil, err
	}

	endpoint, err := s.store.ReplayWebhookSince(ctx, in.step(c), c.actor(), in.Body.Since)
	if err != nil {
		return nil, err
	}

	s.webhooksChanged(in.step(c))

	return &webhookEndpointOutput{Body: presentWebhookEndpoint(endpoint)}, nil
}

type replayEventPath struct {
	webhookEndpointPath

	EventID chat.EventID `inPath:"event_id"`
}

func (s *service) replayWebhookEvent(ctx context.Context, in *replayEventPath) (*webhookEndpointOutput, error) {
	c := callFrom(ctx)

	if err := s.store.ReplayWebhookEvent(ctx, in.step(c), c.actor(), in.EventID); err != nil {
		return nil, err
	}

	s.webhooksChanged(in.step(c))

	return s.getWebhookEndpoint(ctx, &in.webhookEndpointPath)
}
