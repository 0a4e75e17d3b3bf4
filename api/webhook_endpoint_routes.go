package api

import (
	"net/http"
	"strconv"

	"handrail/chat"
)

const (
	exampleWebhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" //nolint:gosec // an example
	exampleEventID       = "01983c5e-8b10-7c2d-9e3f-1a2b3c4d5e6f"
)

// objectText writes an id as the text that events have of it.
func objectText[T ~int64](id T) string { return strconv.FormatInt(int64(id), 10) }

func exampleWebhookEndpoint() WebhookEndpointJSON {
	return WebhookEndpointJSON{
		ID:            3,
		URL:           "https://example.com/handrail",
		Description:   "Our help desk",
		Types:         []eventTypeName{eventTypeName(chat.EventDeliverySettled)},
		Payload:       chat.PayloadThin,
		Enabled:       true,
		Explanation:   "12 behind; last answer 503 at 10:02 UTC; next try 10:07 UTC.",
		Behind:        12,
		FailingSince:  &exampleTime,
		NextTryAt:     &exampleTime,
		LastStatus:    new(http.StatusServiceUnavailable),
		LastAttemptAt: &exampleTime,
		CreatedAt:     exampleTime,
		UpdatedAt:     exampleTime,
	}
}

func exampleWebhookAttempt() webhookAttemptJSON {
	return webhookAttemptJSON{
		ID:          "01983c5e-8c00-7d1e-8f2a-3b4c5d6e7f80",
		EventID:     exampleEventID,
		EventType:   string(chat.EventDeliverySettled),
		Sequence:    new(int64(1041)),
		Number:      1,
		Fault:       new(chat.WebhookStatusNotAccepted),
		Status:      new(http.StatusServiceUnavailable),
		Answer:      "try later",
		DurationMS:  183,
		AttemptedAt: exampleTime,
	}
}

// aboutWebhookEndpoints tells whoever writes a receiver how events come.
const aboutWebhookEndpoints = "Handrail posts every event of these types to the URL, in the order of `sequence`, " +
	"signed by Standard Webhooks: `webhook-id` is the event's id, and is the same if an event comes twice. Answer " +
	"with 2xx within 10 seconds. An event that fails three times steps aside, and is tried for three days on its own " +
	"schedule, so that others go on. `Retry-After` is heeded, 410 disables the endpoint, and redirects are not " +
	"followed. After five days without success the endpoint is disabled (`webhook_endpoint.disabled`).\n\n" +
	"It is told of what happens after it was created. What was missed can be replayed, or read with `GET /events`."

func (s *service) webhookEndpointRoutes() {
	s.webhookEndpointReadRoutes()
	s.webhookEndpointChangeRoutes()
	s.webhookEndpointCommandRoutes()
}

func (s *service) webhookEndpointReadRoutes() {
	read := withScope(chat.ScopeWebhooksRead)

	registerRoute(s, s.listWebhookEndpoints, route{
		method:      http.MethodGet,
		path:        "/webhook-endpoints",
		access:      read,
		id:          "listWebhookEndpoints",
		tag:         tagEndpoints,
		summary:     "List webhook endpoints",
		description: "By id.",
		answer:      listOf(exampleWebhookEndpoint()),
	})

	registerRoute(s, s.getWebhookEndpoint, route{
		method:   http.MethodGet,
		path:     "/webhook-endpoints/{webhook_endpoint_id}",
		access:   read,
		id:       "getWebhookEndpoint",
		tag:      tagEndpoints,
		summary:  "Get a webhook endpoint",
		answer:   exampleWebhookEndpoint(),
		problems: []chat.Code{chat.CodeWebhookNotFound},
	})

	registerRoute(s, s.listWebhookAttempts, route{
		method:      http.MethodGet,
		path:        "/webhook-endpoints/{webhook_endpoint_id}/attempts",
		access:      read,
		id:          "listWebhookAttempts",
		tag:         tagEndpoints,
		summary:     "List a webhook endpoint's attempts",
		description: "The newest first. They are kept as long as events.",
		answer:      listOf(exampleWebhookAttempt()),
		problems:    []chat.Code{chat.CodeWebhookNotFound},
	})
}

func (s *service) webhookEndpointChangeRoutes() {
	write := withScope(chat.ScopeWebhooksWrite)
	shown := exampleWebhookEndpoint()

	registerRoute(s, s.createWebhookEndpoint, route{
		method:      http.MethodPost,
		path:        "/webhook-endpoints",
		access:      write,
		id:          "createWebhookEndpoint",
		secrets:     []string{"secret"},
		tag:         tagEndpoints,
		summary:     "Create a webhook endpoint",
		description: aboutWebhookEndpoints,
		status:      http.StatusCreated,
		answer:      createdWebhookEndpointJSON{WebhookEndpointJSON: shown, Secret: exampleWebhookSecret},
		problems:    []chat.Code{chat.CodeAddressRefused, chat.CodeEncryptionOff},
		request: newWebhookEndpointJSON{
			URL:         shown.URL,
			Description: shown.Description,
			Types:       shown.Types,
			Payload:     chat.PayloadThin,
		},
	})

	registerRoute(s, s.updateWebhookEndpoint, route{
		method:  http.MethodPatch,
		path:    "/webhook-endpoints/{webhook_endpoint_id}",
		access:  write,
		id:      "updateWebhookEndpoint",
		tag:     tagEndpoints,
		summary: "Update a webhook endpoint",
		description: "Fields that are left out stay as they are. With the payload `full` it needs the scope " +
			"`chats:read`, except to disable it.",
		request:  webhookEndpointPatchJSON{Description: new("Our help desk")},
		answer:   shown,
		problems: []chat.Code{chat.CodeWebhookNotFound, chat.CodeAddressRefused},
	})

	registerRoute(s, s.deleteWebhookEndpoint, route{
		method:      http.MethodDelete,
		path:        "/webhook-endpoints/{webhook_endpoint_id}",
		access:      write,
		id:          "deleteWebhookEndpoint",
		tag:         tagEndpoints,
		summary:     "Delete a webhook endpoint",
		description: "It is told of nothing more, also not of what it is behind with.",
		problems:    []chat.Code{chat.CodeWebhookNotFound},
	})
}

func (s *service) webhookEndpointCommandRoutes() {
	write := withScope(chat.ScopeWebhooksWrite)

	registerRoute(s, s.rotateWebhookSecret, route{
		method:      http.MethodPost,
		path:        "/webhook-endpoints/{webhook_endpoint_id}/secret",
		access:      write,
		id:          "rotateWebhookSecret",
		secrets:     []string{"secret"},
		tag:         tagEndpoints,
		summary:     "Rotate a webhook endpoint's secret",
		description: "It is shown here and never again. For 24 hours posts carry the signatures of both.",
		answer:      webhookSecretJSON{Secret: exampleWebhookSecret},
		problems:    []chat.Code{chat.CodeWebhookNotFound, chat.CodeConflict, chat.CodeEncryptionOff},
	})

	registerRoute(s, s.testWebhookEndpoint, route{
		method:  http.MethodPost,
		path:    "/webhook-endpoints/{webhook_endpoint_id}/test",
		access:  write,
		id:      "testWebhookEndpoint",
		tag:     tagEndpoints,
		summary: "Test a webhook endpoint",
		description: "Posts `test.ping` now, once, and waits for the answer. Whatever comes of it is 200. It changes " +
			"nothing of how the endpoint stands, and is in no log.",
		answer:   exampleWebhookAttempt(),
		problems: []chat.Code{chat.CodeWebhookNotFound},
	})

	registerRoute(s, s.replayWebhookEvents, route{
		method:  http.MethodPost,
		path:    "/webhook-endpoints/{webhook_endpoint_id}/replay",
		access:  write,
		id:      "replayWebhookEvents",
		tag:     tagEndpoints,
		summary: "Replay events",
		description: "The endpoint is told again of all that has happened since then, in order, and then of what is " +
			"new. Events keep their ids.",
		request:  replaySinceJSON{Since: exampleTime},
		answer:   exampleWebhookEndpoint(),
		problems: []chat.Code{chat.CodeWebhookNotFound},
	})

	registerRoute(s, s.replayWebhookEvent, route{
		method:      http.MethodPost,
		path:        "/webhook-endpoints/{webhook_endpoint_id}/events/{event_id}/replay",
		access:      write,
		id:          "replayWebhookEvent",
		tag:         tagEndpoints,
		summary:     "Replay one event",
		description: "The endpoint is told of it once more, beside what it is behind with, whatever its types.",
		answer:      exampleWebhookEndpoint(),
		problems:    []chat.Code{chat.CodeWebhookNotFound, chat.CodeEventNotFound},
	})
}
