package chat

import "time"

// WorkspaceDefaults are what a chat gets that is made by sending to somebody who has none, and the brakes of all
// chats. Each but the policy may be nil.
type WorkspaceDefaults struct {
	AssistantMemberID *MemberID
	PhoneNumberID     *PhoneNumberID
	InboxID           *InboxID
	Brakes
	// WhenTakenOver is TakeoverRefuses for defaults that nobody has set.
	WhenTakenOver TakeoverPolicy
	// UpdatedBy is 0 for defaults that nobody has set.
	UpdatedBy MemberID
	UpdatedAt *time.Time
}

// NewChat returns the chat that is made for a message to a member over a channel: CodeDefaultMissing naming the
// default that it needs.
func (d *WorkspaceDefaults) NewChat(channel Channel, to MemberID, title string) (NewChat, error) {
	if d.AssistantMemberID == nil {
		return NewChat{}, defaultMissing("assistant_member_id", "who speaks as the assistant")
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
			return NewChat{}, defaultMissing("phone_number_id", "the number that messages are sent from")
		}

		made.PhoneNumberID = d.PhoneNumberID

	case SenderInbox:
		if d.InboxID == nil {
			return NewChat{}, defaultMissing("inbox_id", "the inbox that messages are sent from")
		}

		made.InboxID = d.InboxID

	default:
	}

	return made, nil
}

func defaultMissing(field, what string) error {
	return InvalidAs(
		CodeDefaultMissing,
		"workspace_defaults."+field,
		"is not set, and the member has no open chat: set %s with PUT /workspace-defaults, or create the chat first",
		what,
	)
}
