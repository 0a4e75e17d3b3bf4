// Package chat owns the domain of Handrail: workspaces, members, chats, messages,
// labels, senders, deliveries and the actions that change them, together with the
// rules that hold between them. It stores nothing, sends nothing and imports the
// standard library only; every other package is an adapter to it.
//
// The three actions are [AddParticipant], [SendAssistantMessage] and [SummarizeChat].
// A message that leaves is a [Delivery]. The states it may take, and the moves between them,
// are data in delivery_state.go; what makes a move are pure functions in delivery_moves.go
// and delivery_decide.go, which the store calls within a transaction and whose result it
// keeps. Tests hold the functions to the data, and both databases to the functions.
//
// What differs between channels is the table in channel.go. What people read about a state
// is written by the functions in explain.go and the files that begin with its name, and what
// has happened by those in timeline.go.
//
// Every failure a caller can do something about is an [Error] with a stable [Code].
// Anything else is an internal error: it is logged once, at the edge, and its text
// never reaches a caller.
package chat
