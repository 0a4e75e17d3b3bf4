package api

import (
	"errors"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

const securityScheme = "apiKey"

// Ids in examples.
const (
	exampleWorkspace          = "11111111-1111-4111-8111-111111111111"
	exampleMessage            = "01934f6e-7f3c-7c4e-9d2b-1f4d5a6b7c8d"
	exampleDelivery           = "01934f6e-7f4a-7d11-8a2c-2e3f4a5b6c7d"
	exampleAction             = "01934f6e-7f30-7b22-9b3d-3f4a5b6c7d8e"
	exampleRetry              = "01934f6e-7f5b-7e22-9b3d-3f4a5b6c7d8e"
	exampleBulk               = "01934f6e-7f6c-7f33-8c4e-4a5b6c7d8e9f"
	exampleApprovalID         = "01934f6e-7fa0-7c77-8d5f-6d7e8f9a0b1c"
	exampleContributorRequest = "01934f6e-7f7d-7a44-8c4e-5b6c7d8e9f0a"
	exampleAsk                = "01934f6e-7f8e-7b55-8c4e-6c7d8e9f0a1b"
	exampleRequest            = "01934f6e-7f2f-7a33-8c4e-4a5b6c7d8e9f"
)

const aboutAPI = "Assistants that talk to people by SMS and email. Every action is durable: what was accepted " +
	"happens, nothing is sent twice without saying so, and whatever is stuck says what it waits for.\n\n" +
	"A request carries `Authorization: Bearer` and an API key, and paths begin with the workspace that the key " +
	"belongs to. Checks come in this order: 401, 404 for the workspace, 403, 404 for the object, 400.\n\n" +
	"Bodies are JSON in UTF-8, times RFC 3339 in UTC. Unknown fields are refused.\n\n" +
	"Errors are `application/problem+json`: `code` is stable, `detail` is for people, `errors` names what is wrong " +
	"with which field. With `retryable` the same request may work later.\n\n" +
	"Every POST takes an `Idempotency-Key`: sent again with the same key and body, nothing is done twice. The three " +
	"actions and the retries of deliveries answer with the present state of the first request; all others with what " +
	"it was answered with, for 30 days and with `Idempotency-Replayed: true`, without secrets that are shown once. " +
	"The key with another body, or at another path, is 409 `idempotency_key_reused`. While the first is at work, and " +
	"for up to two minutes after a crash, the second is 409 `request_in_progress` with `Retry-After`. What was " +
	"refused, or failed before it had stored anything, frees its key. If the server was stopped between what was " +
	"done and its answer, the same request is 409 `answer_lost`, and names the audit log's entry of the first.\n\n" +
	"`Handrail-Version` names the version of the API, `" + APIVersion + "`. Every answer has it, and a request " +
	"may; one that is unknown is 400. What goes is announced first, by `Deprecation` and `Sunset` in its " +
	"answers.\n\n" +
	"Lists answer with `items` and `next_cursor`, which given as `cursor` gets the next page."

// openAPI begins the document that registerRoute fills.
func openAPI(version string) huma.Config {
	info := &huma.Info{
		Title:       "Handrail",
		Version:     version,
		Description: aboutAPI,
		Contact:     &huma.Contact{Name: "The operators of this server"},
		License:     &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
	}

	registry := huma.NewMapRegistry(sharedSchemas, schemaName)
	aliasWords(registry)

	components := &huma.Components{
		Schemas:   registry,
		Responses: problemResponses(registry),
		SecuritySchemes: map[string]*huma.SecurityScheme{
			securityScheme: {
				Type:         "http",
				Scheme:       "bearer",
				BearerFormat: "hr_…",
				Description:  "An API key, made by POST /api-keys and shown once.",
			},
		},
		Headers: describeHeaders(),
	}

	document := &huma.OpenAPI{
		OpenAPI:    "3.1.0",
		Info:       info,
		Servers:    []*huma.Server{{URL: "/"}},
		Security:   []map[string][]string{{securityScheme: {}}},
		Components: components,
		Tags:       listTags(),
	}
	describeWebhooks(document)

	return huma.Config{
		OpenAPI: document,
		// huma writes application/problem+json with the format "json".
		Formats: map[string]huma.Format{
			"application/json": huma.DefaultJSONFormat,
			"json":             huma.DefaultJSONFormat,
		},
		DefaultFormat: "application/json",
	}
}

// The tags of the document.
const (
	tagActions    = "Actions"
	tagChats      = "Chats"
	tagMembers    = "Members"
	tagLabels     = "Labels"
	tagSenders    = "Senders"
	tagDeliveries = "Deliveries"
	tagTools      = "Tools"
	tagWorkspace  = "Workspace"
	tagWebhooks   = "Webhooks"
	tagEndpoints  = "Webhook endpoints"
	tagNotices    = "Notices"
	tagService    = "Service"
)

func listTags() []*huma.Tag {
	return []*huma.Tag{
		{Name: tagActions, Description: "The three actions, and how they stand."},
		{Name: tagChats, Description: "Conversations, who takes part in them, and what was said."},
		{Name: tagMembers, Description: "People and assistants."},
		{Name: tagLabels, Description: "Marks for chats."},
		{Name: tagSenders, Description: "What messages are sent from."},
		{Name: tagDeliveries, Description: "What became of each message."},
		{
			Name: tagTools,
			Description: "What assistants may do outside before they speak: HTTP APIs, servers that speak the " +
				"Model Context Protocol, and people.",
		},
		{Name: tagWorkspace, Description: "API keys, how chats are summarized, and who changed what."},
		{Name: tagEndpoints, Description: "Addresses of your own that are told of events, and every post to them."},
		{Name: tagNotices, Description: "Which members are told by email or SMS what needs a person."},
		{
			Name: tagWebhooks,
			Description: "What Twilio and SendGrid call, and nobody else: leave this tag out when you generate a " +
				"client. No key is needed: a call is believed because its provider has signed it.",
		},
		{Name: tagService, Description: "The service itself; no key is needed."},
	}
}

// schemaName calls the type chatJSON "Chat", and a list of them "ChatList".
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)

	name = strings.TrimSuffix(name, "JSON")
	if item, ok := strings.CutPrefix(name, "ListJSON"); ok {
		return item + "List"
	}

	return name
}

func textHeader(description string) *huma.Header {
	return &huma.Header{Description: description, Schema: &huma.Schema{Type: huma.TypeString}}
}

// sharedHeader refers to one of the headers of describeHeaders.
func sharedHeader(name string) *huma.Param { return &huma.Param{Ref: sharedHeaders + name} }

func describeHeaders() map[string]*huma.Header {
	return map[string]*huma.Header{
		headerRequestID: textHeader(
			"Names this request in the logs. Yours, when you sent one of 1 to 128 letters, digits, dots, dashes " +
				"and underscores.",
		),
		headerVersion:      textHeader("The version of the API that has answered."),
		headerPreference:   textHeader("The preference that was followed."),
		"RateLimit":        textHeader(`What is left for this key: r requests, and t seconds until all are back.`),
		"RateLimit-Policy": textHeader(`The limit of this key: q requests at once, in w seconds.`),
		"Retry-After":      textHeader("Seconds to wait: with 429, 503 and request_in_progress."),
		"WWW-Authenticate": textHeader("Bearer, with 401."),
		headerLocation:     textHeader("Where it is found, or, with 202, where to ask how it stands."),
		headerReplayed: textHeader(
			"true when an earlier request with this Idempotency-Key got this answer.",
		),
	}
}

// answerHeaders are the headers of every answer, and some more.
func answerHeaders(more ...string) map[string]*huma.Param {
	headers := map[string]*huma.Param{}
	for _, name := range append(more, headerRequestID, headerVersion, "RateLimit", "RateLimit-Policy") {
		headers[name] = sharedHeader(name)
	}

	return headers
}

// finish makes the document's bytes and the validators of the bodies. It fails when a route
// contradicts itself.
func (s *service) finish() error {
	if err := errors.Join(s.routeErrors...); err != nil {
		return err
	}

	var err error

	s.publication, err = s.publish()

	return err
}
