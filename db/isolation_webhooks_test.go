package db_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// webhookTries are those of everything about webhook endpoints. The victim has one.
var webhookTries = map[string]try{
	"WebhookEndpoints": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.WebhookEndpoints(ctx, i.ws))
	}},
	"WebhookEndpoint": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.WebhookEndpoint(ctx, i.ws, i.endpoint))
	}},
	"CreateWebhookEndpoint": {"", func(ctx context.Context, i *intruder) (any, error) {
		made, err := i.s.CreateWebhookEndpoint(ctx, i.foreignTo(), chat.Actor{}, chat.WebhookEndpoint{
			URL:     "https://example.com",
			Payload: chat.PayloadThin,
			Enabled: true,
		})
		if err == nil {
			err = i.s.DeleteWebhookEndpoint(ctx, i.foreignTo(), chat.Actor{}, made.ID)
		}

		return made.WorkspaceID == i.victim.Workspace, err
	}},
	"UpdateWebhookEndpoint": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UpdateWebhookEndpoint(
			ctx,
			i.foreignEndpoint(),
			i.by,
			chat.WebhookEndpointPatch{URL: new("https://example.com")},
			func(*chat.WebhookEndpoint) error { return nil },
		))
	}},
	"RotateWebhookSecret": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.RotateWebhookSecret(ctx, i.foreignEndpoint(), i.by, []byte("sealed"), []byte("fresh")))
	}},
	"DeleteWebhookEndpoint": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.DeleteWebhookEndpoint(ctx, i.ws, i.by, i.endpoint))
	}},
	"WebhookBatch": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.WebhookBatch(ctx, i.foreignEndpoint(), time.Now(), 10))
	}},
	"RecordWebhookAttempt": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, err := i.s.RecordWebhookAttempt(ctx, chat.WebhookResult{
			WebhookStep: i.foreignEndpoint(),
			AttemptID:   "01983c5e-8c00-7d1e-8f2a-3b4c5d6e7f80",
			At:          time.Now(),
		})

		return nil, err
	}},
	"RecordWebhookTest": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, err := i.s.RecordWebhookTest(ctx, i.by, chat.WebhookResult{
			WebhookStep: i.foreignEndpoint(),
			AttemptID:   "01983c5e-8c00-7d1e-8f2a-3b4c5d6e7f81",
			At:          time.Now(),
		})

		return nil, err
	}},
	"WebhookAttempts": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.WebhookAttempts(ctx, i.ws, i.endpoint, chat.WebhookAttemptFilter{Page: pageOfTen()}))
	}},
	"ReplayWebhookEvent": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.ReplayWebhookEvent(ctx, i.foreignEndpoint(), i.by, "01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f"))
	}},
	"ReplayWebhookSince": {chat.CodeWebhookNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ReplayWebhookSince(ctx, i.foreignEndpoint(), i.by, time.Time{}))
	}},
	"WaitingWebhooks": {"", func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.WaitingWebhooks(ctx, []chat.WorkspaceID{i.ws}, time.Now()))
	}},
}

// foreignEndpoint names the victim's endpoint in a workspace of the intruder's.
func (i *intruder) foreignEndpoint() chat.WebhookStep {
	return chat.WebhookStep{WorkspaceID: i.ws, EndpointID: i.endpoint}
}

// seedEndpoint gives the victim a webhook endpoint.
func (i *intruder) seedEndpoint(t *testing.T) {
	t.Helper()

	made, err := i.s.CreateWebhookEndpoint(t.Context(), i.victim.Workspace, i.victim.By, chat.WebhookEndpoint{
		URL:     "https://example.com",
		Payload: chat.PayloadFull,
		Enabled: true,
		Sealed:  []byte("sealed"),
	})
	require.NoError(t, err)

	i.endpoint = made.ID
}
