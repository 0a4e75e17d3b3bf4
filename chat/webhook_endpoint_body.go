package chat

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// EventTestPing is what an endpoint is sent to try it. It is in no log.
const EventTestPing EventType = "test.ping"

// PingMeaning is the sentence of [EventTestPing].
const PingMeaning = "This is a test of the webhook endpoint. Nothing has happened."

// WebhookTexts are the texts that the full payload adds; nil where the event has none.
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

// webhookBody is what is posted: an event as the log has it, with type, timestamp and data where Standard Webhooks
// wants them.
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

// WebhookBody is the JSON that an endpoint is posted. The base is the API's address up to the id of a workspace.
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

// TextOf names the message, and the chat, whose texts the full payload has: "" and 0 for none.
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

// readPath is where in a workspace to read what an event is about.
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
