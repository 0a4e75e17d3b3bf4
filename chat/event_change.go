package chat

import (
	"slices"
	"strings"
	"time"
)

// ChangedObject is a kind of thing whose changes are events.
type ChangedObject string

// The kinds.
const (
	ChangedMessage            ChangedObject = "message"
	ChangedDelivery           ChangedObject = "delivery"
	ChangedChat               ChangedObject = "chat"
	ChangedToolCall           ChangedObject = "tool_call"
	ChangedApproval           ChangedObject = "approval"
	ChangedContributorRequest ChangedObject = "contributor_request"
	ChangedSuppression        ChangedObject = "suppression"
	ChangedSender             ChangedObject = "sender"
	ChangedBulkRetry          ChangedObject = "bulk_retry"
	ChangedWebhookEndpoint    ChangedObject = "webhook_endpoint"
)

// EventChange is one change of something that events tell of, as the database has noted it.
type EventChange struct {
	WorkspaceID WorkspaceID
	Object      ChangedObject
	ChatID      ChatID
	SubjectID   string
	// Was and Now are the states before and after: Was is "" for what is new, Now is "" for what is gone.
	Was string
	Now string
	// Fields are the fields of a chat that have changed.
	Fields []string
	Data   EventData
	At     time.Time
}

// statusCanceledByProvider is how a change tells a delivery that its provider has canceled from one that we have.
const statusCanceledByProvider = "canceled_by_provider"

// webhookDisabled is the state of a webhook endpoint that is told nothing.
const webhookDisabled = "disabled"

// Fields of a chat's change that have events of their own.
const (
	fieldSummary        = "summary"
	fieldNeedsResponse  = "needs_response"
	fieldResponseGiven  = "response_given"
	fieldPossibleOptOut = "possible_opt_out"
)

// oppositeFields take each other back within one transaction.
var oppositeFields = map[string]string{
	fieldNeedsResponse: fieldResponseGiven,
	fieldResponseGiven: fieldNeedsResponse,
}

// EventsOf says which events changes are, in the order of the changes, which is that of the database. They
// have no ids and no numbers yet.
//
// What one transaction changes of a chat, its participants and its labels is one event: these are the changes of a
// chat with the same time. A change that nobody is told of is no event.
func EventsOf(changes []EventChange) []Event {
	var events []Event

	for _, change := range mergeChatChanges(changes) {
		for _, kind := range change.eventTypes() {
			events = append(events, change.event(kind))
		}
	}

	return events
}

// mergeChatChanges puts a change of a chat into the chat's last one, if both have the same time.
func mergeChatChanges(changes []EventChange) []EventChange {
	type chatKey struct {
		workspace WorkspaceID
		chat      ChatID
	}

	merged := make([]EventChange, 0, len(changes))
	places := map[chatKey]int{}

	for _, change := range changes {
		if change.Object != ChangedChat {
			merged = append(merged, change)
			continue
		}

		key := chatKey{workspace: change.WorkspaceID, chat: change.ChatID}

		// Clocks may repeat a time: a change that has another one in between comes after that one.
		place, found := places[key]
		if found && merged[place].At.Equal(change.At) {
			merged[place].takeChatChange(&change)
			continue
		}

		places[key] = len(merged)
		merged = append(merged, change)
	}

	return merged
}

// takeChatChange adds what another change says of the same chat, which is the later one.
func (c *EventChange) takeChatChange(other *EventChange) {
	fields := slices.Clone(c.Fields)

	for _, field := range other.Fields {
		switch opposite := oppositeFields[field]; {
		case opposite != "" && slices.Contains(fields, opposite):
			// It was answered and is needed again, or the reverse: all in all, nothing has changed.
			fields = slices.DeleteFunc(fields, func(f string) bool { return f == opposite })
		case !slices.Contains(fields, field):
			fields = append(fields, field)
		}
	}

	c.Fields = fields

	// The changes of its participants and labels do not know the chat's row.
	if other.Now == "" {
		return
	}

	if c.Now == "" {
		c.Was = other.Was
	}

	c.Now = other.Now
	c.Data = other.Data
}

func (c *EventChange) event(kind EventType) Event {
	data := c.Data

	switch kind {
	case EventChatUpdated:
		data.Fields = c.updatedFields()
		data.SummaryID = ""

	case EventChatCreated, EventChatNeedsResponse, EventChatPossibleOptOut:
		data.SummaryID = ""

	case EventSummaryUpdated:
		data.Status = ""

	case EventDeliveryAccepted:
		data.Status = string(SubmissionAccepted)

	case EventChatEscalated:
		data = EventData{
			Index:     data.Index,
			MessageID: data.MessageID,
			ActionID:  data.ActionID,
		}

	default: // it has the data of its change
	}

	return Event{
		WorkspaceID: c.WorkspaceID,
		ChatID:      c.ChatID,
		Type:        kind,
		SubjectID:   c.SubjectID,
		At:          c.At,
		Data:        data,
	}
}

// eventTypes says which events the change is.
func (c *EventChange) eventTypes() []EventType {
	switch c.Object {
	case ChangedMessage:
		return c.messageEvents()
	case ChangedDelivery:
		return c.deliveryEvents()
	case ChangedChat:
		return c.chatEvents()
	case ChangedToolCall:
		return c.toolCallEvents()
	case ChangedApproval:
		return c.begunOrEnded(EventApprovalRequested, EventApprovalDecided, c.Now != string(ApprovalWaiting))
	case ChangedContributorRequest:
		return c.begunOrEnded(
			EventContributorRequestOpened,
			EventContributorRequestAnswered,
			c.Now == string(RequestAnswered),
		)

	case ChangedSuppression:
		return c.begunOrEnded(EventSuppressionAdded, EventSuppressionLifted, c.Now == "")
	case ChangedSender:
		return c.begunOrEnded(EventSenderBlocked, EventSenderRestored, c.Now == "")
	case ChangedBulkRetry:
		return c.bulkRetryEvents()
	case ChangedWebhookEndpoint:
		return eventIf(c.Now == webhookDisabled, EventWebhookEndpointDisabled)
	}

	return nil
}

// begunOrEnded is one event for what is new, and another for what has ended.
func (c *EventChange) begunOrEnded(begun, over EventType, ended bool) []EventType {
	if c.Was == "" {
		return []EventType{begun}
	}

	return eventIf(ended, over)
}

func (c *EventChange) bulkRetryEvents() []EventType {
	switch BulkState(c.Now) {
	case BulkPaused:
		return []EventType{EventBulkRetryPaused}
	case BulkFinished, BulkCanceled:
		return []EventType{EventBulkRetryFinished}
	default:
		return nil
	}
}

func eventIf(is bool, kind EventType) []EventType {
	if !is {
		return nil
	}

	return []EventType{kind}
}

func (c *EventChange) messageEvents() []EventType {
	if c.Was == "" {
		return []EventType{EventMessageCreated}
	}

	return eventIf(c.Now == string(MessageNotSent), EventMessageFailed)
}

// deliveryEvents are the event of the status, and that it is the final one unless it had a final one before. What
// arrives at once, as in web chats, was taken first.
func (c *EventChange) deliveryEvents() []EventType {
	submission := SubmissionState(c.Data.Submission)
	kind := deliveryEvent(c.Now, submission, c.Data.ErrorCode)

	var events []EventType
	if submission == SubmissionAccepted && kind != EventDeliveryAccepted && !wasTaken(c.Was) {
		events = append(events, EventDeliveryAccepted)
	}

	if kind != "" {
		events = append(events, kind)
	}

	if isSettledStatus(c.Now) && (kind == "" || !isSettledStatus(c.Was)) {
		events = append(events, EventDeliverySettled)
	}

	return events
}

// wasTaken reports whether the provider had taken a delivery with the status.
func wasTaken(status string) bool {
	submission := SubmissionState(status)

	return submission == SubmissionAccepted || status == statusCanceledByProvider ||
		!slices.Contains(SubmissionStates(), submission) && DeliveryStatus(status).Final()
}

// deliveryEvent is the event of a delivery's status, "" for none. One that was not sent, and that nothing tries again
// by itself, waits for a person as well.
func deliveryEvent(status string, submission SubmissionState, code string) EventType {
	if submission == SubmissionAccepted {
		switch reported := DeliveryStatus(status); {
		case reported.Arrived():
			return EventDeliveryDelivered
		case reported == StatusBounced:
			return EventDeliveryBounced
		case reported.Lost():
			return EventDeliveryUndelivered
		case reported == StatusUnconfirmed:
			return ""
		}

		return EventDeliveryAccepted
	}

	switch submission {
	case SubmissionUnknown:
		return EventDeliveryUnknown
	case SubmissionNeedsReview:
		return EventDeliveryNeedsReview
	case SubmissionBlocked:
		return EventDeliveryBlocked
	case SubmissionPending:
		if slices.Contains(LeftAlone(), code) {
			return EventDeliveryNeedsReview
		}
	default:
	}

	return ""
}

// isSettledStatus reports whether nothing more happens by itself to a delivery with the status. What the provider
// has accepted still gets its receipt.
func isSettledStatus(status string) bool {
	switch submission := SubmissionState(status); {
	case submission == SubmissionAccepted:
		return false
	case status == statusCanceledByProvider:
		return true
	case slices.Contains(SubmissionStates(), submission):
		return submission.Settled()
	}

	return DeliveryStatus(status).Final()
}

func (c *EventChange) chatEvents() []EventType {
	var events []EventType

	switch {
	case c.Was == "" && c.Now != "":
		// Its participants came with it. A change of participants alone has no state.
		events = append(events, EventChatCreated)
	case len(c.updatedFields()) > 0:
		events = append(events, EventChatUpdated)
	}

	events = append(events, eventIf(slices.Contains(c.Fields, fieldSummary), EventSummaryUpdated)...)
	events = append(events, eventIf(slices.Contains(c.Fields, fieldNeedsResponse), EventChatNeedsResponse)...)

	return append(events, eventIf(slices.Contains(c.Fields, fieldPossibleOptOut), EventChatPossibleOptOut)...)
}

// updatedFields are the fields that chat.updated names, sorted.
func (c *EventChange) updatedFields() []string {
	var fields []string

	for _, field := range c.Fields {
		switch field {
		case fieldSummary, fieldNeedsResponse, fieldPossibleOptOut:
		case fieldResponseGiven:
			fields = append(fields, fieldNeedsResponse)
		default:
			fields = append(fields, field)
		}
	}

	slices.SortFunc(fields, strings.Compare)

	return fields
}

func (c *EventChange) toolCallEvents() []EventType {
	switch ToolCallState(c.Now) {
	case ToolCallFailed:
		return []EventType{EventToolCallFailed}
	case ToolCallUnknown:
		return []EventType{EventToolCallUnknown}
	case ToolCallSucceeded:
		if c.Data.Name == ToolTalkToHuman {
			return []EventType{EventToolCallSucceeded, EventChatEscalated}
		}

		return []EventType{EventToolCallSucceeded}
	default:
		return nil
	}
}
