package chat

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// MessageRole is who speaks, in the words of OpenAI's chat format.
type MessageRole string

// The roles of messages.
const (
	RoleUserMessage      MessageRole = "user"
	RoleAssistantMessage MessageRole = "assistant"
)

// MessageState reports whether a message has reached the other side's provider.
type MessageState string

// The states of a message.
const (
	// MessageReceived came in.
	MessageReceived MessageState = "received"
	// MessagePending is on its way to the provider.
	MessagePending MessageState = "pending"
	// MessageSent was accepted by the provider.
	MessageSent MessageState = "sent"
	// MessageNotSent has not reached its recipient: its tools failed, the provider refused
	// it, or took it and did not deliver it.
	MessageNotSent MessageState = "not_sent"
)

// Message is one turn of a chat.
type Message struct {
	// Number orders messages within the workspace; it is the "id" of the API.
	Number   int64
	ID       MessageID
	ChatID   ChatID
	MemberID *MemberID
	// WrittenBy is who has written it in the name of MemberID, such as a person in the assistant's place; 0 if it is
	// MemberID's own.
	WrittenBy MemberID
	Role      MessageRole
	Content   string
	// EarlierTexts are what Content was before retries have changed it, the oldest first.
	EarlierTexts []EarlierText
	// Original is all that an email held before quotations were trimmed, "" when Content
	// is all of it.
	Original string
	// Automatic is why it is marked as a machine's, "" for a person's.
	Automatic AutomaticReason
	// Files are what came with it.
	Files []File
	// Undecoded is the character set that a part of it could not be decoded from, "" if all was.
	Undecoded string
	// Trust is what shows that a message that came in is by its author, "" for what was not judged.
	Trust     Trust
	State     MessageState
	ToolCalls []ToolCall
	Rating    *Rating
	// AskID is the question to a contributor that this message puts, or answers; "" for
	// what is said between the assistant and the chat's member.
	AskID QuestionID
	// DeliveryID is the newest delivery of an assistant's message.
	DeliveryID DeliveryID
	CreatedAt  time.Time
}

// EarlierText is a text that a message had before a retry has changed it.
type EarlierText struct {
	Content string `json:"content"`
	// DeliveryID is the delivery that had the text. Whether it has left is that one's status.
	DeliveryID DeliveryID `json:"delivery_id"`
	// ChangedBy has changed it, at ChangedAt. It is 0 if the provider had the text before it after all, and
	// the retry was canceled.
	ChangedBy MemberID  `json:"changed_by,omitempty"`
	ChangedAt time.Time `json:"changed_at"`
}

// TextOf returns the text of the first of these deliveries, each of which is repeated by the next one, up to the
// newest: what content was when it was first changed in favour of one of them.
func TextOf(content string, earlier []EarlierText, chain []DeliveryID) string {
	for _, text := range earlier {
		if slices.Contains(chain, text.DeliveryID) {
			return text.Content
		}
	}

	return content
}

// NewMessage is a message by a member, to be added to a chat.
type NewMessage struct {
	MemberID MemberID
	Content  string
	// By is who adds it; a message in the name of somebody else tells that.
	By Actor
}

// MessagePage asks for a part of a chat's messages, newest first: by Cursor, or by
// Offset when there is no cursor.
type MessagePage struct {
	Page
	Offset int
}

// Rating is a member's opinion of an assistant's message: 1 to 5.
type Rating struct {
	Value   int       `json:"rating"`
	Comment string    `json:"comment,omitempty"`
	By      MemberID  `json:"member_id"`
	At      time.Time `json:"rated_at"`
}

// CheckText says what is wrong with a text that is to be sent or stored: invalid
// UTF-8, a NUL, nothing but space, or longer than limit code points.
func CheckText(field, text string, limit int) error {
	switch {
	case !utf8.ValidString(text):
		return Invalid(field, "must be valid UTF-8")
	case strings.ContainsRune(text, 0):
		return Invalid(field, "must not contain NUL")
	case strings.TrimSpace(text) == "":
		return Invalid(field, "must not be empty")
	case utf8.RuneCountInString(text) > limit:
		return InvalidAs(
			CodeMessageTooLong,
			field,
			"must be at most %d characters, it has %d",
			limit,
			utf8.RuneCountInString(text),
		)
	}

	return nil
}
