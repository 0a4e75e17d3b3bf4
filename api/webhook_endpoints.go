package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"handrail/chat"
)

// WebhookEndpointStore keeps webhook endpoints.
type WebhookEndpointStore interface {
	WebhookEndpoints(ctx context.Context, ws chat.WorkspaceID) ([]chat.WebhookEndpoint, error)
	WebhookEndpoint(ctx context.Context, ws chat.WorkspaceID, id chat.WebhookEndpointID) (chat.WebhookEndpoint, error)
	CreateWebhookEndpoint(
		ctx context.Context,
		ws chat.WorkspaceID,
		by chat.Actor,
		e chat.WebhookEndpoint,
	) (chat.WebhookEndpoint, error)
	// UpdateWebhookEndpoint changes nothing if allow has an error for what the endpoint would be, and returns that.
	UpdateWebhookEndpoint(
		ctx context.Context,
		step chat.WebhookStep,
		by chat.Actor,
		p chat.WebhookEndpointPatch,
		allow func(*chat.WebhookEndpoint) error,
	) (chat.WebhookEndpoint, error)
	DeleteWebhookEndpoint(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.WebhookEndpointID) error
	// RotateWebhookSecret returns CodeConflict when the present keys are not was.
	RotateWebhookSecret(ctx context.Context, step chat.WebhookStep, by chat.Actor, was, fresh []byte) error
	RecordWebhookTest(ctx context.Context, by chat.Actor, in chat.WebhookResult) (chat.WebhookAttempt, error)
	WebhookAttempts(
		ctx context.Context,
		ws chat.WorkspaceID,
		id chat.WebhookEndpointID,
		f chat.WebhookAttemptFilter,
	) (chat.List[chat.WebhookAttempt], error)
	ReplayWebhookEvent(ctx context.Context, step chat.WebhookStep, by chat.Actor, id chat.EventID) error
	ReplayWebhookSince(
		ctx context.Context,
		step chat.WebhookStep,
		by chat.Actor,
		since time.Time,
	) (chat.WebhookEndpoint, error)
}

// WebhookPoster checks addresses, makes secrets, and posts.
type WebhookPoster interface {
	// CheckWebhookURL refuses a URL that posts must not go to. Errors: invalid_request and address_refused, which name
	// the field url.
	CheckWebhookURL(ctx context.Context, url string) error
	// NewWebhookSecret puts a new secret into the endpoint, sealed, and returns it. The old one signs along for 24
	// hours. Errors: encryption_not_configured.
	NewWebhookSecret(e *chat.WebhookEndpoint, now time.Time) (string, error)
	// PostWebhook posts once. It has no error: the answer says why a post has failed.
	PostWebhook(ctx context.Context, e *chat.WebhookEndpoint, id chat.EventID, body []byte) chat.WebhookAnswer
}

// EventBase returns what the links in events begin with, in an installation that is reached at a URL.
func EventBase(publicURL string) string { return strings.TrimSuffix(publicURL, "/") + basePath }

// WebhookEndpointJSON is an address that is told of events. The type is exported because huma finds the fields of what
// is embedded in exported types only.
type WebhookEndpointJSON struct {
	ID             chat.WebhookEndpointID      `json:"id"`
	URL            string                      `json:"url"`
	Description    string                      `json:"description"`
	Types          []eventTypeName             `json:"types" doc:"The types of events that it is told of; all when empty."`
	Payload        chat.WebhookPayload         `json:"payload" enum:"thin,full"`
	Enabled        bool                        `json:"enabled"`
	DisabledReason *chat.WebhookDisabledReason `json:"disabled_reason,omitempty" enum:"member,gone,failing" doc:"Left out while it is enabled. Who or what has disabled it: a member, an answer of 410, or five days without success."`
	Explanation    string                      `json:"explanation" doc:"How it stands, in a sentence."`
	Behind         int                         `json:"behind" doc:"Events that it is still to be told of in order; 10000 is that many or more."`
	Aside          int                         `json:"aside" doc:"Events that have failed three times, and are tried on their own schedules."`
	Missed         int64                       `json:"missed" doc:"Up to so many events were deleted, because they were too old, before it could be told of them."`
	FailingSince   *time.Time                  `json:"failing_since" doc:"When the first post has failed after the last one that has arrived."`
	NextTryAt      *time.Time                  `json:"next_try_at" doc:"When the next post is due; null if nothing waits."`
	LastStatus     *int                        `json:"last_status" doc:"The HTTP status of the newest answer; null if there was none."`
	LastAttemptAt  *time.Time                  `json:"last_attempt_at"`
	CreatedAt      time.Time                   `json:"created_at"`
	UpdatedAt      time.Time                   `json:"updated_at" doc:"When somebody has changed it, or it was disabled."`
}

func presentWebhookEndpoint(e chat.WebhookEndpoint) WebhookEndpointJSON {
	now := time.Now().UTC()
	shown := WebhookEndpointJSON{
		ID:           e.ID,
		URL:          e.URL,
		Description:  e.Description,
		Types:        []eventTypeName{},
		Payload:      e.Payload,
		Enabled:      e.Enabled,
		Explanation:  e.Explain(now),
		Behind:       e.Lane.Behind,
		Aside:        e.Lane.Aside,
		Missed:       e.Lane.Missed,
		FailingSince: chat.UTC(e.Lane.FailingSince),
		CreatedAt:    e.CreatedAt.UTC(),
		UpdatedAt:    e.UpdatedAt.UTC(),
	}

	shown.Types = append(shown.Types, wordsOf[eventTypeName](e.Types)...)

	if e.Enabled {
		shown.NextTryAt = chat.UTC(e.Lane.NextTry(now))
	} else {
		shown.DisabledReason = &e.DisabledReason
	}

	if last := e.Lane.Last; last != nil {
		shown.LastAttemptAt = chat.UTC(&last.At)

		if last.Status != 0 {
			shown.LastStatus = &last.Status
		}
	}

	return shown
}

// createdWebhookEndpointJSON is an endpoint with its secret, which is shown this once.
type createdWebhookEndpointJSON struct {
	WebhookEndpointJSON

	Secret string `json:"secret,omitempty" doc:"What it verifies posts with (Standard Webhooks). Shown here and never again."`
}

type webhookSecretJSON struct {
	Secret string `json:"secret,omitempty" doc:"Left out of the answer to a repeated request."`
}

// newWebhookEndpointJSON makes an endpoint.
type newWebhookEndpointJSON struct {
	URL         string              `json:"url" minLength:"1" maxLength:"2000" doc:"Public, by https on port 443, unless the operator has opened more." example:"https://example.com/handrail"`
	Description string              `json:"description,omitempty" maxLength:"500"`
	Types       []eventTypeName     `json:"types,omitempty" doc:"The types of events to be told of; all when left out."`
	Payload     chat.WebhookPayload `json:"payload,omitempty" enum:"thin,full" doc:"thin, when left out, has ids, states, one sentence and a link. full also has texts, and needs the scope chats:read."`
	Enabled     *bool               `json:"enabled,omitempty" doc:"Whether it is told of events; true when left out."`
}

// webhookEndpointPatchJSON changes an endpoint.
type webhookEndpointPatchJSON struct {
	URL         *string              `json:"url,omitempty" minLength:"1" maxLength:"2000"`
	Description *string              `json:"description,omitempty" nullable:"true" maxLength:"500"`
	Types       *[]eventTypeName     `json:"types,omitempty" doc:"All when empty."`
	Payload     *chat.WebhookPayload `json:"payload,omitempty" enum:"thin,full"`
	Enabled     *bool                `json:"enabled,omitempty" doc:"An endpoint that is enabled again goes on where it has stopped."`
}

func (p *webhookEndpointPatchJSON) patch() chat.WebhookEndpointPatch {
	patch := chat.WebhookEndpointPatch{
		URL:         p.URL,
		Description: p.Description,
		Payload:     p.Payload,
		Enabled:     p.Enabled,
	}

	if p.Types != nil {
		patch.Types = new(wordsOf[chat.EventType](*p.Types))
	}

	return patch
}

// allowWebhook returns forbidden if the endpoint gets texts and the caller may not read chats.
func allowWebhook(c *requestInfo, e *chat.WebhookEndpoint) error {
	if e.NeedsToRead() && !c.principal.May(chat.ScopeChatsRead) {
		return chat.Errorf(chat.CodeForbidden, "the payload full needs the scope %s", chat.ScopeChatsRead)
	}

	return nil
}

func (s *service) listWebhookEndpoints(
	ctx context.Context,
	in *pagedInput,
) (*listOutput[WebhookEndpointJSON], error) {
	all, err := s.store.WebhookEndpoints(ctx, callFrom(ctx).workspace())
	if err != nil {
		return nil, err
	}

	idOf := func(e chat.WebhookEndpoint) int64 { return int64(e.ID) }

	return pageOf(all, in.Paging, idOf, presentWebhookEndpoint)
}

type createWebhookEndpointInput struct{ Body newWebhookEndpointJSON }

func (s *service) createWebhookEndpoint(
	ctx context.Context,
	in *createWebhookEndpointInput,
) (*created[createdWebhookEndpointJSON], error) {
	c := callFrom(ctx)
	endpoint := chat.WebhookEndpoint{
		WorkspaceID: c.workspace(),
		URL:         in.Body.URL,
		Description: in.Body.Description,
		Types:       wordsOf[chat.EventType](in.Body.Types),
		Payload:     in.Body.Payload,
		Enabled:     true,
	}

	if endpoint.Payload == "" {
		endpoint.Payload = chat.PayloadThin
	}

	if err := endpoint.Apply(&chat.WebhookEndpointPatch{Enabled: in.Body.Enabled}); err != nil {
		return nil, err
	}

	if err := allowWebhook(c, &endpoint); err != nil {
		return nil, err
	}

	if err := s.posts.CheckWebhookURL(ctx, endpoint.URL); err != nil {
		return nil, err
	}

	secret, err := s.posts.NewWebhookSecret(&endpoint, time.Now())
	if err != nil {
		return nil, err
	}

	made, err := s.store.CreateWebhookEndpoint(ctx, c.workspace(), c.actor(), endpoint)
	if err != nil {
		return nil, err
	}

	return &created[createdWebhookEndpointJSON]{
		Location: c.path(fmt.Sprintf("/webhook-endpoints/%d", made.ID)),
		Body:     createdWebhookEndpointJSON{WebhookEndpointJSON: presentWebhookEndpoint(made), Secret: secret},
	}, nil
}

type webhookEndpointPath struct {
	WebhookEndpointID chat.WebhookEndpointID `inPath:"webhook_endpoint_id"`
}

// step returns the name of the endpoint for the store and for its workflow.
func (p *webhookEndpointPath) step(c *requestInfo) chat.WebhookStep {
	return chat.WebhookStep{WorkspaceID: c.workspace(), EndpointID: p.WebhookEndpointID}
}

type webhookEndpointOutput struct{ Body WebhookEndpointJSON }

func (s *service) getWebhookEndpoint(ctx context.Context, in *webhookEndpointPath) (*webhookEndpointOutput, error) {
	found, err := s.store.WebhookEndpoint(ctx, callFrom(ctx).workspace(), in.WebhookEndpointID)
	if err != nil {
		return nil, err
	}

	return &webhookEndpointOutput{Body: presentWebhookEndpoint(found)}, nil
}

type updateWebhookEndpointInput struct {
	webhookEndpointPath

	Body webhookEndpointPatchJSON
}

func (s *service) updateWebhookEndpoint(
	ctx context.Context,
	in *updateWebhookEndpointInput,
) (*webhookEndpointOutput, error) {
	c := callFrom(ctx)
	patch := in.Body.patch()

	if patch.URL != nil {
		if err := s.posts.CheckWebhookURL(ctx, *patch.URL); err != nil {
			return nil, err
		}
	}

	allow := func(e *chat.WebhookEndpoint) error {
		if patch.IsSwitchOff() {
			return nil
		}

		return allowWebhook(c, e)
	}

	changed, err := s.store.UpdateWebhookEndpoint(ctx, in.step(c), c.actor(), patch, allow)
	if err != nil {
		return nil, err
	}

	s.webhooksChanged(in.step(c))

	return &webhookEndpointOutput{Body: presentWebhookEndpoint(changed)}, nil
}

func (s *service) deleteWebhookEndpoint(ctx context.Context, in *webhookEndpointPath) (*struct{}, error) {
	c := callFrom(ctx)

	err := s.store.DeleteWebhookEndpoint(ctx, c.workspace(), c.actor(), in.WebhookEndpointID)
	if err == nil {
		s.webhooksChanged(in.step(c))
	}

	return nil, err
}

// webhooksChanged signals the endpoint's workflow after the request. A signal that is lost is replaced by a sweep.
func (s *service) webhooksChanged(step chat.WebhookStep) {
	s.notifier.queue(notification{
		about: chat.WebhookWorkflowID(step),
		tell:  func(ctx context.Context) error { return s.engine.WebhooksChanged(ctx, step) },
	})
}
