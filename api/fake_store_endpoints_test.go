package api_test

import (
	"context"
	"sync"
	"time"

	"handrail/api"
	"handrail/chat"
)

// endpointFacts is what the fake store knows of webhook endpoints, and what it was last given.
type endpointFacts struct {
	endpoint      chat.WebhookEndpoint
	attemptFilter chat.WebhookAttemptFilter
	webhookTest   chat.WebhookResult
	sealedWebhook []byte
	since         time.Time
}

func oneEndpoint() chat.WebhookEndpoint {
	return chat.WebhookEndpoint{
		ID:          3,
		WorkspaceID: home,
		URL:         "https://example.com/handrail",
		Types:       []chat.EventType{chat.EventDeliverySettled},
		Payload:     chat.PayloadThin,
		Enabled:     true,
		Sealed:      []byte("sealed"),
		CreatedAt:   noon,
		UpdatedAt:   noon,
	}
}

func (f *fakeStore) WebhookEndpoints(context.Context, chat.WorkspaceID) ([]chat.WebhookEndpoint, error) {
	return []chat.WebhookEndpoint{f.endpoint}, f.fail
}

func (f *fakeStore) WebhookEndpoint(
	context.Context,
	chat.WorkspaceID,
	chat.WebhookEndpointID,
) (chat.WebhookEndpoint, error) {
	return f.endpoint, f.fail
}

func (f *fakeStore) CreateWebhookEndpoint(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	e chat.WebhookEndpoint,
) (chat.WebhookEndpoint, error) {
	e.ID = 3
	f.endpoint = e

	return e, f.change("CreateWebhookEndpoint")
}

func (f *fakeStore) UpdateWebhookEndpoint(
	_ context.Context,
	_ chat.WebhookStep,
	_ chat.Actor,
	p chat.WebhookEndpointPatch,
	allow func(*chat.WebhookEndpoint) error,
) (chat.WebhookEndpoint, error) {
	changed := f.endpoint
	if err := changed.Apply(&p); err != nil {
		return changed, err
	}

	if err := allow(&changed); err != nil {
		return changed, err
	}

	f.endpoint = changed

	return changed, f.change("UpdateWebhookEndpoint")
}

func (f *fakeStore) DeleteWebhookEndpoint(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.WebhookEndpointID,
) error {
	return f.change("DeleteWebhookEndpoint")
}

func (f *fakeStore) RotateWebhookSecret(
	_ context.Context,
	_ chat.WebhookStep,
	_ chat.Actor,
	_, fresh []byte,
) error {
	f.sealedWebhook = fresh

	return f.change("RotateWebhookSecret")
}

func (f *fakeStore) RecordWebhookTest(
	_ context.Context,
	_ chat.Actor,
	in chat.WebhookResult,
) (chat.WebhookAttempt, error) {
	f.webhookTest = in

	return chat.WebhookAttempt{
		ID:            in.AttemptID,
		EndpointID:    in.EndpointID,
		EventID:       in.Try.Event.ID,
		EventType:     in.Try.Event.Type,
		Number:        1,
		At:            in.At,
		WebhookAnswer: in.Answer,
	}, f.change("RecordWebhookTest")
}

func (f *fakeStore) WebhookAttempts(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.WebhookEndpointID,
	filter chat.WebhookAttemptFilter,
) (chat.List[chat.WebhookAttempt], error) {
	f.attemptFilter = filter

	timedOut := chat.WebhookAttempt{
		ID:        "01983c5e-8c00-7d1e-8f2a-3b4c5d6e7f80",
		EventID:   "01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f",
		EventType: chat.EventDeliverySettled,
		Sequence:  1041,
		Number:    2,
		At:        noon,
		WebhookAnswer: chat.WebhookAnswer{
			Fault:    chat.WebhookTimedOut,
			Body:     "the customer's text",
			Duration: 10 * time.Second,
		},
	}

	test := timedOut
	test.EventType = chat.EventTestPing
	test.Body = "pong"

	return chat.List[chat.WebhookAttempt]{Items: []chat.WebhookAttempt{timedOut, test}}, f.fail
}

func (f *fakeStore) ReplayWebhookEvent(context.Context, chat.WebhookStep, chat.Actor, chat.EventID) error {
	return f.change("ReplayWebhookEvent")
}

func (f *fakeStore) ReplayWebhookSince(
	_ context.Context,
	_ chat.WebhookStep,
	_ chat.Actor,
	since time.Time,
) (chat.WebhookEndpoint, error) {
	f.since = since

	return f.endpoint, f.change("ReplayWebhookSince")
}

// fakePosts makes secrets, and takes every post.
type fakePosts struct {
	mutex  sync.Mutex
	bodies []string
	refuse error
	answer chat.WebhookAnswer
}

var _ api.WebhookPoster = (*fakePosts)(nil)

func (f *fakePosts) CheckWebhookURL(context.Context, string) error { return f.refuse }

func (f *fakePosts) NewWebhookSecret(e *chat.WebhookEndpoint, _ time.Time) (string, error) {
	e.Sealed = append([]byte("new "), e.Sealed...)

	return "whsec_new", nil
}

func (f *fakePosts) PostWebhook(
	_ context.Context,
	_ *chat.WebhookEndpoint,
	_ chat.EventID,
	body []byte,
) chat.WebhookAnswer {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.bodies = append(f.bodies, string(body))

	return f.answer
}

// WebhooksChanged notes which endpoints are to look.
func (f *fakeEngine) WebhooksChanged(_ context.Context, step chat.WebhookStep) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()

	f.webhooks = append(f.webhooks, step)

	return nil
}
