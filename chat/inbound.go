package chat

import "time"

// Inbound is a message by somebody outside, as its provider handed it over.
type Inbound struct {
	Provider Provider
	Channel  Channel
	// Key tells this message from every other one; the same, told twice, has the same key.
	Key string
	// From is E.164, or an email address; FromName the name beside it.
	From, FromName string
	// To are those of our addresses that it was sent to, in the order in which they are
	// to be looked for.
	To []string
	// ServiceSID is the Twilio messaging service that took it, "" for none.
	ServiceSID        string
	ProviderMessageID string
	// Text is what was said. Original is all that came, "" when nothing was trimmed.
	Text, Original string
	Subject        string
	// EmailMessageID is the Message-ID header; References are the ids of In-Reply-To and
	// References, the nearest first.
	EmailMessageID string
	References     []string
	// ReplyTo is the message that is answered, by the token in the address.
	ReplyTo MessageID
	Keyword Keyword
	// Automatic reports that no person wrote it: a bounce, a vacation notice, a list.
	Automatic bool
	// Media is how many files came with it.
	Media int
	// Raw is the request as it came.
	Raw []byte
}

// Keyword is what a whole message may be: a word that providers and law give a meaning.
type Keyword string

// The keywords.
const (
	KeywordStop  Keyword = "stop"
	KeywordStart Keyword = "start"
	KeywordHelp  Keyword = "help"
)

// Arrival is what became of an inbound message.
type Arrival struct {
	// Known is false when it was sent to no sender of ours; it is kept as evidence.
	Known bool
	// Repeated reports that it had been stored before; nothing was changed.
	Repeated    bool
	WorkspaceID WorkspaceID
	// ChatID and MessageID are zero when no message was added.
	ChatID    ChatID
	MessageID MessageID
	// Stopped are the workflows of deliveries that it has ended.
	Stopped []string
	// Awaited is the workflow that has waited for this answer of a contributor, "" for none.
	Awaited string
}

// SuppressionReason is why an address is not written to.
type SuppressionReason string

// The reasons.
const (
	// SuppressedOptOut: the recipient said STOP.
	SuppressedOptOut SuppressionReason = "opt_out"
	// SuppressedCarrier: the provider says that the recipient has opted out with it.
	SuppressedCarrier SuppressionReason = "carrier"
	// SuppressedUnsubscribe, SuppressedBounce and SuppressedSpam are told by events.
	SuppressedUnsubscribe SuppressionReason = "unsubscribe"
	SuppressedBounce      SuppressionReason = "bounce"
	SuppressedSpam        SuppressionReason = "spam_report"
)

// SuppressionID identifies a suppression.
type SuppressionID int64

// Suppression is an address that one sender does not write to.
type Suppression struct {
	ID      SuppressionID
	Channel Channel
	// Sender is the scope: "phone:12", "inbox:3".
	Sender    string
	Address   string
	Reason    SuppressionReason
	CreatedAt time.Time
}
