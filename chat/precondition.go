package chat

import (
	"fmt"
	"time"
)

// AuthorKind says who speaks in a send to a chat's customer.
type AuthorKind string

// The kinds of authors. AuthorAssistant is the default.
const (
	AuthorAssistant AuthorKind = "assistant"
	AuthorPerson    AuthorKind = "person"
)

// AuthorKinds lists both.
func AuthorKinds() []AuthorKind { return []AuthorKind{AuthorAssistant, AuthorPerson} }

// CheckAuthor returns who speaks in a send that names a kind of author, made with a key of a member of this kind. A
// send that names none, "", is the assistant's whosever the key is, because a send by a person silences the assistant.
// It returns invalid_request for an unknown kind, and for an assistant that names a person.
func CheckAuthor(named AuthorKind, member MemberKind) (AuthorKind, error) {
	switch {
	case named == "" || named == AuthorAssistant:
		return AuthorAssistant, nil
	case named != AuthorPerson:
		return "", Invalid("author_kind", "must be assistant or person")
	case member == KindAssistant:
		return "", Invalid("author_kind", "must be assistant, since the API key is an assistant's")
	}

	return AuthorPerson, nil
}

// Takeover is a person who answers in a chat in the assistant's place.
type Takeover struct {
	By MemberID
	At time.Time
}

// TakeoverPolicy says what happens to the assistant's sends in a chat that a person has taken over.
type TakeoverPolicy string

// The policies. A refused send is not stored. A held send is a draft that a person sends or cancels. Sends that were
// accepted before the takeover are held with either policy.
const (
	TakeoverRefuses TakeoverPolicy = "refuse"
	TakeoverHolds   TakeoverPolicy = "hold"
)

// TakeoverPolicies lists both.
func TakeoverPolicies() []TakeoverPolicy { return []TakeoverPolicy{TakeoverRefuses, TakeoverHolds} }

// CheckTakeover returns forbidden for an assistant, who may neither take a chat over nor release it.
func CheckTakeover(member MemberKind) error {
	if member == KindAssistant {
		return Errorf(
			CodeForbidden,
			"only a person may take a chat over, or give it back; the API key is an assistant's",
		)
	}

	return nil
}

// SeenMessage is the last message that the caller of a send had seen, as the store finds it.
type SeenMessage struct {
	ID MessageID
	// Number is the number of the message, 0 if the chat has no such message.
	Number int64
	// Newer reports whether the customer has written after it.
	Newer bool
}

// The error messages of deliveries whose preconditions no longer hold.
const (
	reasonChatMovedOn = "the customer has written since the message that the caller had seen last"
	reasonTakenOver   = "a person has taken the chat over"
)

// checkPreconditions returns an error if a precondition of the send does not hold: chat_moved_on, taken_over, or
// invalid_request for an unknown message in if_last_message.
func (f *SendFacts) checkPreconditions() error {
	switch {
	case f.Seen != nil && f.Seen.Number == 0:
		return Invalid("if_last_message", "must be the uuid of a message of this chat")
	case f.Seen != nil && f.Seen.Newer:
		return Errorf(
			CodeChatMovedOn,
			"%s; nothing was sent: read what came, and send again with its uuid as if_last_message",
			reasonChatMovedOn,
		)
	case f.Author == AuthorAssistant && f.Chat.Takeover != nil && f.WhenTakenOver != TakeoverHolds:
		return Errorf(
			CodeTakenOver,
			"member %d has taken this chat over, so that the assistant does not speak in it until the chat is "+
				"released; nothing was sent",
			f.Chat.Takeover.By,
		)
	}

	return nil
}

// ignoreHold removes the precondition that holds the delivery, because a person's retry sends it all the same.
func (d *Delivery) ignoreHold() {
	switch d.ErrorCode {
	case ErrorChatMovedOn:
		d.SeenMessage = 0
	case ErrorTakenOver:
		d.DespiteTakeover = true
	case ErrorBraked:
		d.DespiteBrakes = true
	}
}

// DefiesTakeover reports whether the new delivery of a retry leaves although a person has taken the chat over. It does
// if this one message is retried. A bulk retry decides about no single message.
func (r *RetryDelivery) DefiesTakeover(takeover *Takeover) bool {
	return takeover != nil && r.BulkRetryID == ""
}

// OlderDelivery is a delivery that must leave before another one of the same chat, because it was accepted first.
type OlderDelivery struct {
	ID DeliveryID
	// RetryAt is the time of its next try, nil if that is not known.
	RetryAt *time.Time
}

// The limits of how long a delivery waits before it checks again whether the older one has left.
const (
	minOlderWait = time.Second
	maxOlderWait = time.Minute
)

// waitForOlder notes that the delivery waits for an older one of its chat.
func (d *Delivery) waitForOlder(older *OlderDelivery) Effect {
	message := fmt.Sprintf("delivery %s was accepted before it", older.ID)
	if d.Submission != SubmissionPending || d.ErrorCode == ErrorOlderFirst && d.ErrorMessage == message {
		return EffectNone
	}

	d.ErrorCode = ErrorOlderFirst
	d.ErrorMessage = message

	return EffectSaved
}

// nextCheck returns the time of the next check whether the older delivery has left.
func (o *OlderDelivery) nextCheck(now time.Time) *time.Time {
	at := now.Add(minOlderWait)

	if o.RetryAt != nil && o.RetryAt.After(at) {
		at = *o.RetryAt
	}

	if latest := now.Add(maxOlderWait); at.After(latest) {
		at = latest
	}

	return &at
}

// MovesOn reports whether the message moves the chat on, for if_last_message: the customer has written it. Automatic
// mails and answers to questions to contributors do not.
func (m *Message) MovesOn() bool {
	return m.Role == RoleUserMessage && m.AskID == "" && m.Automatic == ""
}
