// Package model is a small model of how Handrail sends a message, and an explorer that goes through
// every state it can get into. It owns the question whether the parts of the promise fit together:
// nothing is lost, nothing is doubled unflagged, nothing is told wrong, nothing is stuck.
//
// # Actors
//
// Two workers claim, post, look up and record, and may die or sleep before each step. A carrier takes
// requests, refuses them, loses them, or takes them late; its answers get lost; its list shows messages
// later and without our ids; its callbacks come in any order, or never, and contradict each other. It
// has no idempotency key. A person retries, resolves and cancels. Somebody cancels a send in Temporal
// before its first task, or ends a workflow, which a sweep finds. Two sends have an equal text for
// one address, of one workspace or of two that share a sender.
//
// What decides is not modeled but called: the rules of package chat, such as
// [chat.Delivery.JudgeEvidence], [chat.Delivery.Settle] and [chat.Delivery.Decide]. Modeled is what
// db, activities and workflows do around them: the granted claim, one delivery in flight for an
// address of a workspace, the recording of outcomes and reports, a look-up that reads first and records later,
// and the deadline for a receipt.
//
// # What is promised
//
// In every state, a delivery that is accepted has the id of a message that is its own or, the
// recipient being the same, one of its send and its retry, and what was canceled is not with the
// carrier. In every state in which nothing more happens by itself, each delivery has ended or waits for
// a person; what Handrail says was not sent is not with the carrier; and two messages are flagged if
// they count as one delivery's, or as a send's and its retry's of which neither was reported lost nor
// given up unconfirmed: of one without a receipt nobody knows. Before a person has decided about a
// delivery without a workflow, nobody looks for its copies. That the carrier's list is complete at the
// receipt deadline is assumed. What a person resolved against the facts is the person's, until evidence
// comes.
//
// # Switches
//
// [Mendings] are parts of the protocol that experiments, and then the model, found missing; the tests
// take out one after the other and find again what they mend. With all of them the promise holds within
// the bounds.
//
// # Left out
//
// [Bounds] say how much there is of each thing; no exploration has more than three posts. The tests
// explore further worlds with -args -wide. The policies that send again or expire, blocked senders,
// suppression, tools, approvals, bulk retries, changed retries, verdicts with a provider's id, a retry
// of a retry and a cancel after the first task are left out. So are the loss of what the database has
// committed, and SendGrid, whose list shows our ids. A look-up judges what it has read at once, and
// shows no final status; callbacks do that. A delivery is settled, and its receipt deadline passes, at
// any moment at which it could, not only at its time. The sweep's last look comes when no claim lasts.
// One tick is a minute, and so is a lease; the skew is one where clocks differ, and nothing elsewhere:
// only their order counts.
package model
