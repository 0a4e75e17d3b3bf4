package chat

import (
	"slices"
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

// EventChange is one change of an object that has events, as a trigger of the database has noted it.
type EventChange struct {
	WorkspaceID WorkspaceID
	Object      ChangedObject
	ChatID      ChatID
	SubjectID   string
	// Was and Now are the states before and after the change: Was is "" for a new object, Now is "" for a deleted one.
	Was string
	Now string
	// Fields are the fields of a chat that have changed.
	Fields []string
	Data   EventData
	At     time.Time
	// OfNotice reports that it is a change of what tells members of events. That is no event: one that has failed would
	// be told by another one, and so on.
	OfNotice bool
}

// statusCanceledByProvider is the status in a change of a delivery that its provider has canceled. A delivery that
// Handrail has canceled has the status canceled.
const statusCanceledByProvider = "canceled_by_provider"

// webhookDisabled is the state of a webhook endpoint that gets no events.
const webhookDisabled = "disabled"

// Fields of a chat's change that have events of their own.
const (
	fieldSummary        = "summary"
	fieldNeedsResponse  = "needs_response"
	fieldResponseGiven  = "response_given"
	fieldPossibleOptOut = "possible_opt_out"
)

// oppositeFields maps a field to the one whose change it takes back, if both are in one transaction.
var oppositeFields = map[string]string{
	fieldNeedsResponse: fieldResponseGiven,
	fieldResponseGiven: fieldNeedsResponse,
}

// EventsOf returns the events that follow from changes, in the order of the changes. They have no ids and no numbers
// yet.
//
// All that one transaction changes of a chat, its participants and its labels becomes one event: these are the changes
// of a chat with the same time. A change may have no event.
func EventsOf(changes []EventChange) []Event {
	var events []Event

	for _, change := range mergeChatChanges(changes) {
		if change.OfNotice {
			continue
		}

		for _, kind := range change.eventTypes() {
			events = append(events, change.event(kind))
		}
	}

	return events
}

// mergeChatChanges merges a change of a chat into the chat's change before it, if both have the same time.
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

		// A clock may repeat a time: with a change of another time in between, these are two transactions.
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

// takeChatChange merges a later change of the same chat into this one.
func (c *EventChange) takeChatChange(other *EventChange) {
	fields := slices.Clone(c.Fields)

	for _, field := range other.Fields {
		switch opposite := oppositeFields[field]; {
		case opposite != "" && slices.Contains(fields, opposite):
			// A response was given and is needed again, or the reverse: all in all, nothing has changed.
			fields = slices.DeleteFunc(fields, func(f string) bool { return f == opposite })
		case !slices.Contains(fields, field):
			fields = append(fields, field)
		}
	}

	c.Fields = fields

	// A change of a participant or a label has neither the states nor the data of the chat.
	if other.Now == "" {
		return
	}

	if c.Now == "" {
		c.Was = other.Was
	}

	c.Now = other.Now
	c.Data = other.Data
}

// event returns the event of a type, with the fields of the change's data that the type has.
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

	default: // the data of the change is that of the event
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

// eventTypes returns the types of the events that follow from the change.
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
		return c.pickBeginOrEnd(EventApprovalRequested, EventApprovalDecided, c.Now != string(ApprovalWaiting))
	case ChangedContributorRequest:
		return c.contributorRequestEvents()

	case ChangedSuppression:
		return c.pickBeginOrEnd(EventSuppressionAdded, EventSuppressionLifted, c.Now == "")
	case ChangedSender:
		return c.pickBeginOrEnd(EventSenderBlocked, EventSenderRestored, c.Now == "")
	case ChangedBulkRetry:
		return c.bulkRetryEvents()
	case ChangedWebhookEndpoint:
		return typeIf(c.Now == webhookDisabled, EventWebhookEndpointDisabled)
	}

	return nil
}

// pickBeginOrEnd returns begin for a new object, and end for one that has ended.
func (c *EventChange) pickBeginOrEnd(begin, end EventType, hasEnded bool) []EventType {
	if c.Was == "" {
		return []EventType{begin}
	}

	return typeIf(hasEnded, end)
}

// contributorRequestEvents returns the events of a question. One that is open before and after has a later deadline.
func (c *EventChange) contributorRequestEvents() []EventType {
	if c.Was == string(RequestOpen) && c.Now == string(RequestOpen) {
		return []EventType{EventContributorRequestExtended}
	}

	return c.pickBeginOrEnd(
		EventContributorRequestOpened,
		EventContributorRequestAnswered,
		c.Now == string(RequestAnswered),
	)
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

func typeIf(condition bool, kind EventType) []EventType {
	if !condition {
		return nil
	}

	return []EventType{kind}
}

func (c *EventChange) messageEvents() []EventType {
	if c.Was == "" {
		return []EventType{EventMessageCreated}
	}

	return typeIf(c.Now == string(MessageNotSent), EventMessageFailed)
}

// deliveryEvents returns the event of the new status, and delivery.settled if the status is final and the one before
// was not. A message that arrives at once, as in a web chat, also has the event that it was accepted, before the
// others.
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

// deliveryEvent returns the event of a delivery's status, "" for none. A delivery that was not sent, and that nothing
// tries again by itself, waits for a person as well.
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

// isSettledStatus reports whether nothing more happens by itself to a delivery with the status. A delivery that was
// accepted is not settled, because its receipt is still to come.
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
		// The changes of its participants were merged into its own. Without that, a change of participants has no
		// state.
		events = append(events, EventChatCreated)
	case len(c.updatedFields()) > 0:
		events = append(events, EventChatUpdated)
	}

	events = append(events, typeIf(slices.Contains(c.Fields, fieldSummary), EventSummaryUpdated)...)
	events = append(events, typeIf(slices.Contains(c.Fields, fieldNeedsResponse), EventChatNeedsResponse)...)

	return append(events, typeIf(slices.Contains(c.Fields, fieldPossibleOptOut), EventChatPossibleOptOut)...)
}

// updatedFields returns the fields that chat.updated names, sorted.
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

	slices.Sort(fields)

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
