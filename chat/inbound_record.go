package chat

import (
	"strings"
	"time"
)

// InboundStatus is what became of a message that came in.
type InboundStatus string

// The statuses. A call that is not signed by its provider is none of them: nothing of it is kept.
const (
	// InboundTaken is a message in a chat.
	InboundTaken InboundStatus = "taken"
	// InboundAutomatic is a message in a chat that is marked as a machine's.
	InboundAutomatic InboundStatus = "automatic"
	// InboundOrphaned was sent to no sender that is known. It is taken when the sender is entered.
	InboundOrphaned InboundStatus = "orphaned"
	// InboundRefused is a post that could not be read. Its bytes are kept.
	InboundRefused InboundStatus = "refused"
)

// InboundStatuses lists the statuses.
func InboundStatuses() []InboundStatus {
	return []InboundStatus{InboundTaken, InboundAutomatic, InboundOrphaned, InboundRefused}
}

// Waiting reports whether a replay may change what became of it.
func (s InboundStatus) Waiting() bool { return s == InboundOrphaned || s == InboundRefused }

// InboundRecord is what became of a post for one sender of ours.
type InboundRecord struct {
	ID InboundID
	// WorkspaceID is "" when nobody knows whose it is.
	WorkspaceID WorkspaceID
	Provider    Provider
	Channel     Channel
	Status      InboundStatus
	Automatic   AutomaticReason
	Keyword     Keyword
	// Why is why it was refused, "" otherwise.
	Why            string
	From, FromName string
	// Trust is what shows that it is by From, "" for what was not judged.
	Trust   Trust
	To      []string
	Subject string
	Files   []File
	// ChatID and MessageID are zero when it is in no chat.
	ChatID    ChatID
	MessageID MessageID
	// ReceivedAt is when it came, UpdatedAt when its status last changed.
	ReceivedAt time.Time
	UpdatedAt  time.Time
}

// Explanation says what became of it, and what may be done.
func (r *InboundRecord) Explanation() string {
	switch r.Status {
	case InboundTaken:
		if r.Keyword == KeywordStop {
			return "It is in its chat, and nothing is sent to this person from this sender any more."
		}

		return "It is in its chat."
	case InboundAutomatic:
		return "It is in its chat, marked as a machine's, and asks for no response. " + r.Automatic.Explanation()
	case InboundOrphaned:
		return "It was sent to " + joinOr(r.To) + ", which is no phone number and no inbox here. " +
			"It is taken as soon as one of them is entered."
	case InboundRefused:
		return "It could not be read: " + r.Why + ". Its bytes are kept; a newer version may read them with a replay."
	}

	return ""
}

// joinOr joins addresses for a sentence.
func joinOr(all []string) string {
	if len(all) == 0 {
		return "no address"
	}

	return strings.Join(all, " or ")
}

// InboundFilter narrows a list of what came in; zero fields do not.
type InboundFilter struct {
	Statuses     []InboundStatus
	Channel      Channel
	ChatID       ChatID
	Since, Until *time.Time
	Page
}

// RefusedInbound is a post that its provider has signed and that could not be read.
type RefusedInbound struct {
	Provider Provider
	Channel  Channel
	// Key tells the post from every other one.
	Key string
	// ContentType and Raw are what it takes to read it again.
	ContentType string
	Raw         []byte
	// Why is the reader's refusal, as a part of a sentence.
	Why string
}

// ReadInbound reads a post that could not be read before, as it came then.
type ReadInbound func(in RefusedInbound) (Inbound, error)

// ReplayInbound asks for what came in to be taken once more. WorkspaceID is "" for the
// installation's operator.
type ReplayInbound struct {
	WorkspaceID WorkspaceID
	By          Actor
	ID          InboundID
}
