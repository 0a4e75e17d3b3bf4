package chat

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// EventTestPing is the type of the event that tests an endpoint. It is not in the log.
const EventTestPing EventType = "test.ping"

// PingMeaning is the sentence of [EventTestPing].
const PingMeaning = "This is a test of the webhook endpoint. Nothing has happened."

// WebhookTexts are the texts of the full payload. What an event has no text of is nil.
type WebhookTexts struct {
	Message *WebhookMessage `json:"message,omitempty"`
	Summary *WebhookSummary `json:"summary,omitempty"`
}

// WebhookMessage is the message that an event is about.
type WebhookMessage struct {
	ID   MessageID   `json:"id"`
	Role MessageRole `json:"role"`
	Text string      `json:"text"`
}

// WebhookSummary is the summary that an event is about, as it is when the event is posted.
type WebhookSummary struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// webhookBody is the JSON that is posted: an event as in the log, with type, timestamp and data at the places that
// Standard Webhooks names (https://github.com/standard-webhooks/standard-webhooks, "Payload structure").
type webhookBody struct {
	Type         EventType   `json:"type"`
	Timestamp    time.Time   `json:"timestamp"`
	ID           EventID     `json:"id"`
	WorkspaceID  WorkspaceID `json:"workspace_id"`
	Sequence     int64       `json:"sequence,omitempty"`
	ChatID       ChatID      `json:"chat_id,omitempty"`
	ChatSequence int64       `json:"chat_sequence,omitempty"`
	SubjectID    string      `json:"subject_id"`
	Explanation  string      `json:"explanation"`
	URL          string      `json:"url"`
	Data         EventData   `json:"data"`
	*WebhookTexts
}

// WebhookBody returns the JSON that is posted to an endpoint. The base is the API's URL up to the id of a workspace.
func WebhookBody(endpoint *WebhookEndpoint, try *WebhookTry, base string) ([]byte, error) {
	e := &try.Event
	body := webhookBody{
		Type:         e.Type,
		Timestamp:    e.At.UTC(),
		ID:           e.ID,
		WorkspaceID:  e.WorkspaceID,
		Sequence:     e.Sequence,
		ChatID:       e.ChatID,
		ChatSequence: e.ChatSequence,
		SubjectID:    e.SubjectID,
		Explanation:  e.Explanation(),
		URL:          base + string(e.WorkspaceID) + e.readPath(),
		Data:         e.Data,
	}

	if e.Type == EventTestPing {
		body.Explanation = PingMeaning
	}

	if endpoint.Payload == PayloadFull {
		body.WebhookTexts = &try.Texts
	}

	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("encode event %s: %w", e.ID, err)
	}

	return encoded, nil
}

// TextOf returns the message, or the chat, whose text the full payload has: "" and 0 if there is none.
func (e *Event) TextOf() (MessageID, ChatID) {
	object, _, _ := strings.Cut(string(e.Type), ".")

	switch {
	case e.Type == EventSummaryUpdated:
		return "", e.ChatID
	case object == string(ChangedMessage):
		return MessageID(e.SubjectID), 0
	case object == string(ChangedDelivery):
		return e.Data.MessageID, 0
	}

	return "", 0
}

// readPath returns the path, within a workspace, where what the event is about can be read.
func (e *Event) readPath() string {
	object, _, _ := strings.Cut(string(e.Type), ".")
	id := url.PathEscape(e.SubjectID)

	switch ChangedObject(object) {
	case ChangedDelivery:
		return "/deliveries/" + id
	case ChangedBulkRetry:
		return "/bulk-retries/" + id
	case ChangedContributorRequest:
		return "/contributor-requests/" + id
	case ChangedApproval:
		return "/approvals/" + id
	case ChangedWebhookEndpoint:
		return "/webhook-endpoints/" + id
	case ChangedSuppression:
		return "/suppressions"
	case ChangedMessage, ChangedChat, ChangedToolCall, ChangedSender:
	}

	switch {
	case e.Type == EventTestPing:
		return "/webhook-endpoints/" + id
	case e.ChatID == 0:
		return fmt.Sprintf("/events?after=%d&limit=1", max(e.Sequence-1, 0))
	case object == string(ChangedMessage), object == string(ChangedToolCall):
		return fmt.Sprintf("/chats/%d/messages", e.ChatID)
	}

	return fmt.Sprintf("/chats/%d", e.ChatID)
}
