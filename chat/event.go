package chat

import (
	"slices"
	"strings"
	"time"
)

// EventType names what has happened: a noun and a verb. Names never change.
type EventType string

// The types of events.
const (
	EventMessageCreated             EventType = "message.created"
	EventMessageFailed              EventType = "message.failed"
	EventDeliveryAccepted           EventType = "delivery.accepted"
	EventDeliveryDelivered          EventType = "delivery.delivered"
	EventDeliveryUndelivered        EventType = "delivery.undelivered"
	EventDeliveryBounced            EventType = "delivery.bounced"
	EventDeliveryUnknown            EventType = "delivery.unknown"
	EventDeliveryNeedsReview        EventType = "delivery.needs_review"
	EventDeliveryBlocked            EventType = "delivery.blocked"
	EventDeliverySettled            EventType = "delivery.settled"
	EventChatCreated                EventType = "chat.created"
	EventChatUpdated                EventType = "chat.updated"
	EventChatNeedsResponse          EventType = "chat.needs_response"
	EventChatEscalated              EventType = "chat.escalated"
	EventChatPossibleOptOut         EventType = "chat.possible_opt_out"
	EventSummaryUpdated             EventType = "summary.updated"
	EventToolCallSucceeded          EventType = "tool_call.succeeded"
	EventToolCallFailed             EventType = "tool_call.failed"
	EventToolCallUnknown            EventType = "tool_call.unknown"
	EventApprovalRequested          EventType = "approval.requested"
	EventApprovalDecided            EventType = "approval.decided"
	EventContributorRequestOpened   EventType = "contributor_request.opened"
	EventContributorRequestAnswered EventType = "contributor_request.answered"
	EventContributorRequestExtended EventType = "contributor_request.extended"
	EventSuppressionAdded           EventType = "suppression.added"
	EventSuppressionLifted          EventType = "suppression.lifted"
	EventSenderBlocked              EventType = "sender.blocked"
	EventSenderRestored             EventType = "sender.restored"
	EventBulkRetryPaused            EventType = "bulk_retry.paused"
	EventBulkRetryFinished          EventType = "bulk_retry.finished"
	EventWebhookEndpointDisabled    EventType = "webhook_endpoint.disabled"
)

// EventKept is how long events are kept if nobody has configured it.
const EventKept = 30 * 24 * time.Hour

// EventID is the UUIDv7 of one event. It never changes, so that a reader who gets an event twice sees that it is the
// same.
type EventID string

// Event is one thing that has happened in a workspace.
type Event struct {
	ID          EventID
	WorkspaceID WorkspaceID
	// Sequence counts the workspace's events from 1, without a gap.
	Sequence int64
	// ChatID is 0 for what belongs to no chat. ChatSequence counts the chat's events from 1, without a gap.
	ChatID       ChatID
	ChatSequence int64
	Type         EventType
	// SubjectID is the id of what the type begins with: of the message, the delivery, the chat and so on.
	SubjectID string
	At        time.Time
	Data      EventData
}

// EventData is what an event says beside its ids: states, codes and the ids of what belongs to it. It never holds a
// text or an address. [EventTypes] names the fields of each type.
type EventData struct {
	Status     string       `json:"status,omitempty"`
	Fields     []string     `json:"fields,omitempty"`
	Role       MessageRole  `json:"role,omitempty"`
	Channel    Channel      `json:"channel,omitempty"`
	Provider   Provider     `json:"provider,omitempty"`
	Submission string       `json:"submission,omitempty"`
	ErrorCode  string       `json:"error_code,omitempty"`
	Reason     string       `json:"reason,omitempty"`
	Kind       ApprovalKind `json:"kind,omitempty"`
	// Index is the place of a tool call in its message, from 0. CallID is the id that the model gave it, and Name is
	// the name of its tool.
	Index     *int      `json:"index,omitempty"`
	CallID    string    `json:"call_id,omitempty"`
	Name      string    `json:"name,omitempty"`
	MessageID MessageID `json:"message_id,omitempty"`
	ActionID  ActionID  `json:"action_id,omitempty"`
	SummaryID SummaryID `json:"summary_id,omitempty"`
}

// EventFilter selects events of a workspace. A field that is empty excludes nothing.
type EventFilter struct {
	// After is the sequence of the last event that is known; 0 for none.
	After  int64
	Types  []EventType
	ChatID ChatID
	// Limit is how many events are returned at most.
	Limit int
}

// EventList is a part of the log, in the order of the sequence.
type EventList struct {
	Items []Event
	// Next is the After of the next list. It passes over events that the filter leaves out.
	Next int64
	// Latest is the sequence of the newest event of the workspace, 0 if there was none yet, and Oldest that of the
	// oldest one that is still kept, 0 if none is.
	Latest int64
	Oldest int64
}

// Missed explains why a reader who knows the events up to after cannot read all that came next. It returns "" if the
// reader misses nothing.
func (l *EventList) Missed(after int64) string {
	switch {
	case after > l.Latest:
		return "The log ends before this position: the database has lost its newest events, and their numbers " +
			"are given again. Read the chats and deliveries that you need."
	case after < l.Latest && (l.Oldest == 0 || l.Oldest > after+1):
		return "Events after this position were deleted, because they were too old. Read the chats and deliveries " +
			"that you need."
	}

	return ""
}

// NumberedEvents are the events of a workspace that have just got their numbers: those up to Latest.
type NumberedEvents struct {
	WorkspaceID WorkspaceID
	Latest      int64
	// TellPeople reports that people can be told of one of them.
	TellPeople bool
}

// EventTypeText explains a type of event to people.
type EventTypeText struct {
	Type EventType
	// Meaning is one sentence: what has happened.
	Meaning string
	// When says which change of state brings it.
	When string
	// Fields are the names of the fields that its data may have. A field that does not apply is left out.
	Fields  []string
	Example EventData
}

// Valid reports whether there is such a type.
func (t EventType) Valid() bool {
	return slices.ContainsFunc(eventTypes, func(text EventTypeText) bool { return text.Type == t })
}

// Explanation returns one sentence for people: what has happened and, where a provider has given a code, why.
func (e *Event) Explanation() string {
	for _, text := range eventTypes {
		if text.Type != e.Type {
			continue
		}

		if code, ok := FindProviderCode(e.Data.ErrorCode); ok {
			return strings.TrimSuffix(text.Meaning, ".") + ": " + code.Meaning + "."
		}

		return text.Meaning
	}

	return ""
}

// EventTypes returns the table of all types, in the order in which people read it.
func EventTypes() []EventTypeText { return slices.Clone(eventTypes) }
