package chat

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// State is where a chat stands.
type State string

// The states of a chat.
const (
	StateOpen     State = "open"
	StateWaiting  State = "waiting"
	StateClosed   State = "closed"
	StateArchived State = "archived"
)

// States lists all of them.
func States() []State { return []State{StateOpen, StateWaiting, StateClosed, StateArchived} }

// ChatHead is what must be known of a chat before anything is done in it.
type ChatHead struct {
	ID        ChatID
	Channel   Channel
	MemberID  MemberID
	Attention int64
	// Acted reports whether the requested action is already stored, or another request has its key.
	Acted bool
}

// OpenAction is a send or a retry that has not ended.
type OpenAction struct {
	ID     ActionID
	Kind   ActionKind
	Status string
}

// ChatDeleted is the result of deleting a chat.
type ChatDeleted struct {
	// Workflows are the workflows of what was ended.
	Workflows []string
	// Canceled are the actions that have sent nothing, and never will. MayHaveLeft are the actions with an attempt that
	// may have left, which continue until that is known.
	Canceled    []OpenAction
	MayHaveLeft []OpenAction
}

// RefuseOpenActions returns CodeOpenActions, which names the unfinished actions of a chat that is to be deleted.
func RefuseOpenActions(open []OpenAction) error {
	e := Errorf(
		CodeOpenActions,
		"this chat has %s: cancel what is unfinished, or delete the chat with ?cancel=true",
		CountOf(len(open), "unfinished send"),
	)

	for _, a := range open {
		e.Fields = append(e.Fields, FieldError{
			Field:   "action:" + string(a.ID),
			Message: "is going on: its status is " + a.Status,
		})
	}

	return e
}

// Chat is a conversation between a workspace and one of its members.
type Chat struct {
	ID          ChatID
	WorkspaceID WorkspaceID
	Channel     Channel
	State       State
	Title       string
	// MemberID is whom the assistant's messages go to.
	MemberID          MemberID
	MemberName        string
	AssistantMemberID *MemberID
	PhoneNumberID     *PhoneNumberID
	InboxID           *InboxID
	// NeedsResponse is Attention > Answered.
	NeedsResponse bool
	// Attention counts what asked for a response: an inbound message, a call for a
	// human, a failed delivery. Answered is the count that a response has covered.
	Attention int64
	Answered  int64
	// AttentionReason says why a response is needed when it was not a message that came
	// in: a call for a human, a delivery that failed late. "" otherwise.
	AttentionReason string
	Summary         string
	// SummaryModel names what wrote the summary: "offline", a model's name, or ByPerson.
	SummaryModel     string
	SummaryUpdatedAt *time.Time
	// SummaryID is the version that the chat shows, "" for none.
	SummaryID SummaryID
	Points
	// TitleEdited and SummaryEdited tell that a person wrote them: no model overwrites them
	// unless told to.
	TitleEdited, SummaryEdited bool
	// StaleBy is how many messages are newer than the summary, at most MaxStaleBy.
	StaleBy int
	// Labels are in the order of their names.
	Labels []ChatLabel
	// ExternalID is another system's id of the chat, unique among the workspace's chats; "" for none.
	ExternalID string
	Metadata   Metadata
	// Suggested are labels that a model was not sure enough of, and that are not set.
	Suggested []SuggestedLabel
	// Takeover is the person who has taken the chat over, nil if nobody has.
	Takeover       *Takeover
	LastActivityAt time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// MaxStaleBy is where the counting of messages without summary ends.
const MaxStaleBy = 1000

// MaxTitle is the most characters a chat's title may have.
const MaxTitle = 200

// NewChat asks for a chat to be created.
type NewChat struct {
	Channel           Channel
	Title             string
	MemberID          MemberID
	AssistantMemberID *MemberID
	PhoneNumberID     *PhoneNumberID
	InboxID           *InboxID
	// Participants are added beside the member (owner) and the assistant.
	Participants []NewParticipant
	ExternalID   string
	Metadata     Metadata
}

// Validate checks what can be told without looking anything up.
func (c *NewChat) Validate() error {
	switch {
	case !slices.Contains(Channels(), c.Channel):
		return Invalid("channel", "must be one of %s", joinAll(Channels()))
	case utf8.RuneCountInString(c.Title) > MaxTitle:
		return Invalid("title", "must be at most %d characters", MaxTitle)
	case c.MemberID <= 0:
		return Invalid("member_id", "must be the id of a member")
	case c.PhoneNumberID != nil && c.Channel.Spec().Sender != SenderPhone:
		return Invalid("phone_number_id", "belongs to %s", channelsFrom(SenderPhone))
	case c.InboxID != nil && c.Channel.Spec().Sender != SenderInbox:
		return Invalid("inbox_id", "belongs to %s", channelsFrom(SenderInbox))
	}

	for _, p := range c.Participants {
		if !p.Role.Valid() {
			return InvalidAs(CodeInvalidRole, "participants.role", "must be one of %s", joinAll(ParticipantRoles()))
		}
	}

	if err := CheckExternalID("external_id", c.ExternalID); err != nil {
		return err
	}

	return c.Metadata.Validate()
}

// IDIfGiven returns the id of a patch, and nil for 0, which removes the reference.
func IDIfGiven[ID ~int64](id *ID) *ID {
	if id == nil || *id == 0 {
		return nil
	}

	return id
}

// ChatPatch changes the fields that are not nil; the id 0 takes away what it names. A person's Title and Summary stand
// until
// a summary is asked for that overwrites them.
type ChatPatch struct {
	Title, Summary    *string
	State             *State
	AssistantMemberID *MemberID
	PhoneNumberID     *PhoneNumberID
	InboxID           *InboxID
	NeedsResponse     *bool
	// LabelIDs replaces the chat's labels.
	LabelIDs   *[]LabelID
	ExternalID *string
	Metadata   MetadataPatch
}

// ChatFilter narrows a list of chats; zero fields do not. The order is the last
// activity, newest first.
type ChatFilter struct {
	NeedsResponse *bool
	// Needs is [MatterResponse], [MatterAttention] or [MatterOptOut]: what the chats that need somebody are counted as.
	// "" narrows nothing.
	Needs    Matter
	Channels []Channel
	States   []State
	// UpdatedSince bounds their last change.
	UpdatedSince *time.Time
	// Label is a label's name.
	Label    string
	MemberID MemberID
	// Query matches a part of title, summary or message text, case-insensitively.
	Query      string
	ExternalID string
	Page
}

func joinAll[T ~string](all []T) string {
	words := make([]string, len(all))
	for i, v := range all {
		words[i] = string(v)
	}

	return strings.Join(words, ", ")
}
