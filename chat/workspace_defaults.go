package chat

import "time"

// WorkspaceDefaults are the assistant and the senders of chats that are created by a message to somebody, and the
// brakes and the takeover policy of all chats. Each but the policy may be nil.
type WorkspaceDefaults struct {
	AssistantMemberID *MemberID
	PhoneNumberID     *PhoneNumberID
	InboxID           *InboxID
	Brakes
	// WhenTakenOver is TakeoverRefuses if nobody has set it.
	WhenTakenOver TakeoverPolicy
	// UpdatedBy is the member who has set the defaults, 0 if nobody has.
	UpdatedBy MemberID
	UpdatedAt *time.Time
}

// NewChat returns the chat that is created for a message to a member on a channel. It returns CodeDefaultMissing,
// naming the default that is missing.
func (d *WorkspaceDefaults) NewChat(channel Channel, to MemberID, title string) (NewChat, error) {
	if d.AssistantMemberID == nil {
		return NewChat{}, newDefaultMissing("assistant_member_id", "who speaks as the assistant")
	}

	made := NewChat{
		Channel:           channel,
		Title:             title,
		MemberID:          to,
		AssistantMemberID: d.AssistantMemberID,
	}

	switch channel.Spec().Sender {
	case SenderPhone:
		if d.PhoneNumberID == nil {
			return NewChat{}, newDefaultMissing("phone_number_id", "the number that messages are sent from")
		}

		made.PhoneNumberID = d.PhoneNumberID

	case SenderInbox:
		if d.InboxID == nil {
			return NewChat{}, newDefaultMissing("inbox_id", "the inbox that messages are sent from")
		}

		made.InboxID = d.InboxID

	default:
	}

	return made, nil
}

// newDefaultMissing returns the error of a default that is not set.
func newDefaultMissing(field, what string) error {
	return InvalidAs(
		CodeDefaultMissing,
		"workspace_defaults."+field,
		"is not set, and the member has no open chat: set %s with PUT /workspace-defaults, or create the chat first",
		what,
	)
}
