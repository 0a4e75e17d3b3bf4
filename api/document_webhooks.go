package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// webhookEvent is the one webhook of the concise document, responseReceived what a receiver answers.
const (
	webhookEvent     = "event"
	responseReceived = "Received"
)

// webhookEventJSON is what is posted to a webhook endpoint. chat.WebhookBody writes it; a test holds it to this.
type webhookEventJSON struct {
	Type         string               `json:"type" doc:"The name of the webhook. New ones may come: pass over what you do not know."`
	Timestamp    time.Time            `json:"timestamp" doc:"When it has happened."`
	ID           chat.EventID         `json:"id" doc:"As in webhook-id. It never changes: who gets an event twice knows it by this."`
	WorkspaceID  chat.WorkspaceID     `json:"workspace_id"`
	Sequence     int64                `json:"sequence,omitempty" doc:"Counts the workspace's events, without a gap. test.ping has none."`
	ChatID       chat.ChatID          `json:"chat_id,omitempty"`
	ChatSequence int64                `json:"chat_sequence,omitempty" doc:"Counts the chat's events, without a gap."`
	SubjectID    string               `json:"subject_id" doc:"Of what the type begins with; of a tool call, its message."`
	Explanation  string               `json:"explanation" doc:"What has happened, in a sentence."`
	URL          string               `json:"url" doc:"Where to read more."`
	Data         chat.EventData       `json:"data" doc:"States, codes and ids."`
	Message      *chat.WebhookMessage `json:"message,omitempty" doc:"With the payload full, of an event about a message or a delivery."`
	Summary      *chat.WebhookSummary `json:"summary,omitempty" doc:"With the payload full, of summary.updated."`
}

// webhookHeaders are the headers of a post to an endpoint, by Standard Webhooks.
func webhookHeaders() map[string]*huma.Param {
	described := map[string]string{
		"webhook-id":        "The event's id: the same each time that it is posted.",
		"webhook-timestamp": "When it was posted, in seconds since 1970. Refuse what is older than five minutes.",
		"webhook-signature": "v1, and the HMAC-SHA256 of id.timestamp.body in base64; two, with a space between, " +
			"while a secret is replaced.",
	}

	headers := map[string]*huma.Param{}

	for name, description := range described {
		headers[name] = &huma.Param{
			Name:        name,
			In:          "header",
			Description: description,
			Required:    true,
			Schema:      &huma.Schema{Type: huma.TypeString},
		}
	}

	return headers
}

// describeWebhooks adds what is posted to webhook endpoints to the document: each type of event, and the test.
func describeWebhooks(document *huma.OpenAPI) {
	components := document.Components
	schema := components.Schemas.Schema(reflect.TypeFor[webhookEventJSON](), true, "WebhookEvent")

	components.Parameters = webhookHeaders()
	components.Responses[responseReceived] = &huma.Response{
		Description: "Any 2xx within 10 seconds. Everything else is a failure, also a redirect: the event is posted " +
			"again, when Retry-After says or the schedule does. 410 disables the endpoint.",
	}

	document.Webhooks = map[string]*huma.PathItem{}

	for _, text := range listWebhookTexts() {
		operation := &huma.Operation{
			OperationID: nameWebhook(text.Type),
			Tags:        []string{tagEndpoints},
			Summary:     strings.TrimSuffix(text.Meaning, "."),
			Description: describeWebhook(&text),
			RequestBody: &huma.RequestBody{
				Required: true,
				Content: map[string]*huma.MediaType{
					"application/json": {
						Schema:  schema,
						Example: exampleWebhook(&text),
					},
				},
			},
			Responses: map[string]*huma.Response{"2XX": {Ref: sharedResponses + responseReceived}},
			Security:  []map[string][]string{},
		}

		for _, name := range slices.Sorted(maps.Keys(components.Parameters)) {
			operation.Parameters = append(operation.Parameters, &huma.Param{Ref: sharedParameters + name})
		}

		document.Webhooks[string(text.Type)] = &huma.PathItem{Post: operation}
	}
}

// listWebhookTexts is the table of all types of events, and the test of an endpoint.
func listWebhookTexts() []chat.EventTypeText {
	return append(chat.EventTypes(), chat.EventTypeText{
		Type:    chat.EventTestPing,
		Meaning: chat.PingMeaning,
		When:    "Somebody has asked for it. It has no `sequence`, and is in no log.",
	})
}

// describeWebhook says what the type is, when it comes, and which fields its data may have.
func describeWebhook(text *chat.EventTypeText) string {
	description := text.Meaning + " " + text.When
	if len(text.Fields) > 0 {
		description += " `data` may have `" + strings.Join(text.Fields, "`, `") + "`."
	}

	return description
}

// nameWebhook is the id of the operation: onMessageCreated for message.created.
func nameWebhook(kind chat.EventType) string {
	words := strings.FieldsFunc(string(kind), func(r rune) bool { return r == '.' || r == '_' })
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}

	return "on" + strings.Join(words, "")
}

// exampleWebhook is the thin payload of an event, as it is posted.
func exampleWebhook(text *chat.EventTypeText) any {
	event := *exampleEvent()
	event.Type = text.Type
	event.Data = text.Example
	event.WorkspaceID = exampleWorkspace

	object, _, _ := strings.Cut(string(text.Type), ".")

	switch object {
	case "message", "tool_call":
		event.SubjectID = exampleMessage
	case "delivery":
		event.SubjectID = exampleDelivery
	case "chat", "summary":
		event.SubjectID = objectText(event.ChatID)
	case "approval":
		event.SubjectID = exampleApprovalID
	case "contributor_request":
		event.SubjectID = exampleContributorRequest
	case "bulk_retry":
		event.SubjectID = exampleBulk
	default:
		event.SubjectID = "3"
	}

	inChats := []string{"message", "tool_call", "delivery", "chat", "summary", "contributor_request"}
	if !slices.Contains(inChats, object) {
		event.ChatID = 0
		event.ChatSequence = 0
	}

	if text.Type == chat.EventTestPing {
		event.Sequence = 0
	}

	thin := &chat.WebhookEndpoint{Payload: chat.PayloadThin}

	body, err := chat.WebhookBody(thin, &chat.WebhookTry{Event: event}, EventBase("https://handrail.example"))
	if err != nil {
		return fmt.Sprint(err)
	}

	return json.RawMessage(body)
}

// shortenWebhooks makes one webhook of all: they differ in the type of their event, of which the document has a list.
func shortenWebhooks(root map[string]any) {
	webhooks := objectIn(root, "webhooks")

	for _, name := range slices.Sorted(maps.Keys(webhooks)) {
		item := objectIn(webhooks, name)
		shortenWebhook(objectIn(item, strings.ToLower(http.MethodPost)))

		if !hasKey(webhooks, webhookEvent) || isSameJSON(item, webhooks[webhookEvent]) {
			webhooks[webhookEvent] = item
			delete(webhooks, name)
		}
	}
}

// shortenWebhook removes from a webhook what only its type has.
func shortenWebhook(operation map[string]any) {
	delete(operation, "description")
	delete(operation, "operationId")
	operation["summary"] = "An event of an EventType, or test.ping"

	content := objectIn(objectIn(operation, "requestBody"), "content")
	delete(objectIn(content, "application/json"), "example")
}
