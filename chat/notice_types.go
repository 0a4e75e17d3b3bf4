package chat

import (
	"strings"
	"time"
)

// reviewPatience is how long a delivery may wait for a decision before people are told: many are decided by evidence.
const reviewPatience = time.Hour

// noticeType is a type of event that people can be told of.
type noticeType struct {
	Type EventType
	// delay is how long it must stand before it is told; what is over by then is not told. 0 tells it at once.
	delay time.Duration
	// one and many are what has happened, for the subject of a message: "chats ask for a person".
	one  string
	many string
	// remedy is what a person may do, with {subject} and {chat} for their ids.
	remedy string
}

// noticeTypes is the one table of types that people can be told of, in the order in which subjects name them. All are
// types of [Event.NeedsAttention]. What follows from another one by itself, or is still decided by itself, is none.
var noticeTypes = []noticeType{
	{
		Type:   EventChatEscalated,
		one:    "chat asks for a person",
		many:   "chats ask for a person",
		remedy: "Read it with `handrail chats show {chat}` and answer; `handrail chats takeover {chat}` takes it over.",
	},
	{
		Type: EventChatPossibleOptOut,
		one:  "possible opt-out",
		many: "possible opt-outs",
		remedy: "Read it with `handrail chats show {chat}` and decide with `handrail members opt-out` or " +
			"`not-opt-out`.",
	},
	{
		Type:   EventApprovalRequested,
		one:    "approval is asked for",
		many:   "approvals are asked for",
		remedy: "See it with `handrail approvals show {subject}`.",
	},
	{
		Type:   EventApprovalDecided,
		one:    "approval has expired",
		many:   "approvals have expired",
		remedy: "See it with `handrail approvals show {subject}`; whatever asked for it must be asked for again.",
	},
	{
		Type:   EventToolCallUnknown,
		one:    "tool call waits for a decision",
		many:   "tool calls wait for a decision",
		remedy: "See it with `handrail tool-calls list`.",
	},
	{
		Type:   EventToolCallFailed,
		one:    "tool call has failed",
		many:   "tool calls have failed",
		remedy: "Read the chat with `handrail chats show {chat}`.",
	},
	{
		Type:   EventDeliveryNeedsReview,
		delay:  reviewPatience,
		one:    "delivery waits for a decision",
		many:   "deliveries wait for a decision",
		remedy: "See what may be done with `handrail deliveries show {subject}`.",
	},
	{
		Type:   EventDeliveryUndelivered,
		one:    "message has not arrived",
		many:   "messages have not arrived",
		remedy: "See what may be done with `handrail deliveries show {subject}`.",
	},
	{
		Type:   EventDeliveryBounced,
		one:    "message has come back",
		many:   "messages have come back",
		remedy: "See what may be done with `handrail deliveries show {subject}`.",
	},
	{
		Type:   EventDeliverySettled,
		one:    "message was not sent",
		many:   "messages were not sent",
		remedy: "See why with `handrail deliveries show {subject}`.",
	},
	{
		Type:   EventSenderBlocked,
		one:    "sender is blocked",
		many:   "senders are blocked",
		remedy: "See to the account at the provider; what waits goes on by itself.",
	},
	{
		Type:   EventBulkRetryPaused,
		one:    "bulk retry has stopped",
		many:   "bulk retries have stopped",
		remedy: "See why with `handrail bulk-retries show {subject}`.",
	},
	{
		Type:   EventWebhookEndpointDisabled,
		one:    "webhook endpoint was disabled",
		many:   "webhook endpoints were disabled",
		remedy: "Mend the receiver, then `handrail webhooks enable {subject}`: it goes on where it has stopped.",
	},
}

// NoticeTypes lists the types of events that people can be told of.
func NoticeTypes() []EventType {
	types := make([]EventType, len(noticeTypes))
	for i := range noticeTypes {
		types[i] = noticeTypes[i].Type
	}

	return types
}

// listNoticeTypes names the types that people can be told of, for a sentence.
func listNoticeTypes() string {
	names := make([]string, len(noticeTypes))
	for i := range noticeTypes {
		names[i] = string(noticeTypes[i].Type)
	}

	return strings.Join(names, ", ")
}

// ToldWhenItStands reports whether an event of the type is told only if what it says still holds when it is due.
func (t EventType) ToldWhenItStands() bool {
	kind := findNoticeType(t)

	return kind != nil && kind.delay > 0
}

// CanTellPeople reports whether people can be told of the event, if a rule wants it.
func (e *Event) CanTellPeople() bool { return findNoticeType(e.Type) != nil && e.NeedsAttention() }

func findNoticeType(t EventType) *noticeType {
	for i := range noticeTypes {
		if noticeTypes[i].Type == t {
			return &noticeTypes[i]
		}
	}

	return nil
}
