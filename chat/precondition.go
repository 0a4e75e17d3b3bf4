package chat

import (
	"fmt"
	"time"
)

// AuthorKind is who speaks in a send to a chat's customer.
type AuthorKind string

// The kinds of authors. AuthorAssistant is the default.
const (
	AuthorAssistant AuthorKind = "assistant"
	AuthorPerson    AuthorKind = "person"
)

// AuthorKinds lists both.
func AuthorKinds() []AuthorKind { return []AuthorKind{AuthorAssistant, AuthorPerson} }

// CheckAuthor returns who speaks in a send that names a kind of author, "" for none, and is asked for with a key of
// a member of this kind. What names nobody is the assistant's, whoever's key it is: what silences the assistant must be
// asked for. Errors: invalid_request for a kind that is not known, and for a person who is an assistant.
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

// TakeoverPolicy is what becomes of what the assistant is to say in a chat that a person has taken over.
type TakeoverPolicy string

// The policies. A send that is refused is stored nowhere. One that is held is a draft that a person lets leave, or
// cancels. What was accepted before the takeover is held by both.
const (
	TakeoverRefuses TakeoverPolicy = "refuse"
	TakeoverHolds   TakeoverPolicy = "hold"
)

// TakeoverPolicies are all of them.
func TakeoverPolicies() []TakeoverPolicy { return []TakeoverPolicy{TakeoverRefuses, TakeoverHolds} }

// CheckTakeover reports whether a member of this kind may take a chat over, or give it back: forbidden for an
// assistant, whom a takeover keeps silent.
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
	// Number is its place in the workspace. It is 0 if the chat has no such message.
	Number int64
	// Newer reports that the customer has written after it.
	Newer bool
}

// The error messages of deliveries whose preconditions do not hold any more.
const (
	reasonChatMovedOn = "the customer has written since the message that the caller had seen last"
	reasonTakenOver   = "a person has taken the chat over"
)

// checkPreconditions refuses a send of which the caller, or a person in the chat, has said that it must not be sent as
// things stand: invalid_request naming if_last_message, chat_moved_on, taken_over.
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

// overrule notes that a person's retry sends a delivery whose precondition does not hold: the one that it waits for is
// not asked again.
func (d *Delivery) overrule() {
	switch d.ErrorCode {
	case ErrorChatMovedOn:
		d.SeenMessage = 0
	case ErrorTakenOver:
		d.DespiteTakeover = true
	case ErrorBraked:
		d.DespiteBrakes = true
	}
}

// DefiesTakeover reports whether the new delivery that a retry makes leaves though a person has the chat: whoever
// retries one message has decided about it, as with one that is held. A bulk retry has decided about none.
func (r *RetryDelivery) DefiesTakeover(takeover *Takeover) bool {
	return takeover != nil && r.BulkRetryID == ""
}

// OlderDelivery is a delivery that must leave before another one of the same chat, because it was accepted before it.
type OlderDelivery struct {
	ID DeliveryID
	// RetryAt is when it is tried again, nil if that is not known.
	RetryAt *time.Time
}

// The bounds of how long a delivery waits before it looks again whether an older one has left.
const (
	olderAgainMin = time.Second
	olderAgainMax = time.Minute
)

// waitForOlder lets a delivery wait that would pass an older one of its chat.
func (d *Delivery) waitForOlder(older *OlderDelivery) Effect {
	message := fmt.Sprintf("delivery %s was accepted before it", older.ID)
	if d.Submission != SubmissionPending || d.ErrorCode == ErrorOlderFirst && d.ErrorMessage == message {
		return EffectNone
	}

	d.ErrorCode = ErrorOlderFirst
	d.ErrorMessage = message

	return EffectSaved
}

// nextLook is when it makes sense to look again whether the older delivery has left.
func (o *OlderDelivery) nextLook(now time.Time) *time.Time {
	at := now.Add(olderAgainMin)

	if o.RetryAt != nil && o.RetryAt.After(at) {
		at = *o.RetryAt
	}

	if latest := now.Add(olderAgainMax); at.After(latest) {
		at = latest
	}

	return &at
}

// MovesOn reports whether the message is one after which a send is not what its caller meant it to be: the customer has
// written it. What a machine has written, and what answers a question to a contributor, is not.
func (m *Message) MovesOn() bool {
	return m.Role == RoleUserMessage && m.AskID == "" && m.Automatic == ""
}
