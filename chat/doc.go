// Package chat owns the domain of Handrail: workspaces, members, chats, messages,
// labels, senders, deliveries and the actions that change them, together with the
// rules that hold between them. It stores nothing, sends nothing and imports the
// standard library only; every other package is an adapter to it.
//
// The three actions are [AddParticipant], [SendAssistantMessage] and [SummarizeChat].
// A message that leaves is a [Delivery]; the states it may take, and the moves between
// them, are data in delivery_state.go.
//
// Every failure a caller can do something about is an [Error] with a stable [Code].
// Anything else is an internal error: it is logged once, at the edge, and its text
// never reaches a caller.
package chat
