package chat

import (
	"strings"
	"unicode/utf8"
)

// MessageTo is whom a message goes to: exactly one of MemberID, ExternalID, Phone and Email is given.
type MessageTo struct {
	MemberID   MemberID
	ExternalID string
	Phone      string
	Email      string
	// Name is the name of a member who is created because nobody has the address.
	Name string
}

// DirectMessage is a message to somebody whose member and chat are found or created.
type DirectMessage struct {
	To MessageTo
	// Channel is "" if [DirectMessage.ChooseChannel] is to choose it.
	Channel Channel
	Message string
	// Title is the title of a chat that is created.
	Title     string
	ToolCalls []ToolCall
}

// DirectPlace is the chat and the member that a message goes to.
type DirectPlace struct {
	ChatID   ChatID
	MemberID MemberID
	Channel  Channel
	// Attention is the chat's watermark.
	Attention int64
}

// CheckFacts checks a send before it begins. If it returns an error, nothing is stored.
type CheckFacts func(*SendFacts) error

// Validate returns CodeInvalidRequest, naming the field, for a message that is wrong whatever is stored.
func (d *DirectMessage) Validate() error {
	if err := d.To.validate(); err != nil {
		return err
	}

	if utf8.RuneCountInString(d.Title) > MaxTitle {
		return Invalid("title", "must be at most %d characters", MaxTitle)
	}

	return nil
}

func (t *MessageTo) validate() error {
	const one = "must have exactly one of member_id, external_id, phone and email"

	var given []string

	for _, way := range []struct {
		field string
		set   bool
	}{
		{"member_id", t.MemberID != 0},
		{"external_id", t.ExternalID != ""},
		{"phone", t.Phone != ""},
		{"email", t.Email != ""},
	} {
		if way.set {
			given = append(given, "to."+way.field)
		}
	}

	switch {
	case len(given) == 0:
		return Invalid("to", "%s", one)
	case len(given) > 1:
		return Invalid(given[1], "must not be given beside %s: to %s", given[0], one)
	case t.Name != "" && t.Address() == "":
		return Invalid("to.name", "is only for somebody who is made, by phone or email")
	case t.Name != "" && (strings.TrimSpace(t.Name) == "" || !fitsLine(t.Name, 200)):
		return Invalid("to.name", "must be 1 to 200 characters on one line")
	}

	return CheckExternalID("to.external_id", t.ExternalID)
}

// Address returns the address that is given, "" for none.
func (t *MessageTo) Address() string {
	if t.Phone != "" {
		return t.Phone
	}

	return t.Email
}

// NewMember returns the member that is created when nobody has the address. Without a name, the address is the name.
func (t *MessageTo) NewMember(ws WorkspaceID) Member {
	name := t.Name
	if name == "" {
		name = t.Address()
	}

	return Member{
		WorkspaceID:          ws,
		Kind:                 KindPerson,
		Role:                 RoleUser,
		Name:                 name,
		Phone:                t.Phone,
		Email:                t.Email,
		NotificationsEnabled: true,
		Tools:                AllTools(),
	}
}

// ChooseChannel returns the channel of a message to a member. If none is given, it is SMS for a recipient given by
// phone and email for one given by email. For others it is SMS if they have a phone number and have agreed to SMS, else
// email. It returns CodeInvalidRequest, naming channel, if the member can be reached by neither.
func (d *DirectMessage) ChooseChannel(to *Member) (Channel, error) {
	switch {
	case d.Channel != "":
		return d.Channel, nil
	case d.To.Phone != "":
		return ChannelSMS, nil
	case d.To.Email != "":
		return ChannelEmail, nil
	case to.Phone != "" && to.Consents.On(ChannelSMS) == ConsentGranted:
		return ChannelSMS, nil
	case to.Email != "":
		return ChannelEmail, nil
	}

	return "", Invalid(
		"channel",
		"must be given: member %d has no email address, and no phone number with a consent to SMS",
		to.ID,
	)
}

// MemberUpsert creates a member with an external id, or changes the one that has it.
type MemberUpsert struct {
	ExternalID string
	// Kind is the kind of a member who is created, "" for a person. The kind of an existing member never changes.
	Kind  MemberKind
	Patch MemberPatch
}

// NewMember returns the member that is created when nobody has the external id. It returns CodeInvalidRequest, naming
// the field, if the member would be invalid.
func (u *MemberUpsert) NewMember(ws WorkspaceID) (Member, error) {
	if u.Patch.Name == nil {
		return Member{}, Invalid("name", "is required: no member has this external id yet")
	}

	made := Member{
		WorkspaceID:          ws,
		Kind:                 u.Kind,
		Role:                 RoleUser,
		NotificationsEnabled: true,
		ExternalID:           u.ExternalID,
		Tools:                AllTools(),
	}

	if made.Kind == "" {
		made.Kind = KindPerson
	}

	if u.Patch.Tools != nil && made.Kind != KindAssistant {
		return Member{}, Invalid("tools", "must not be given with the kind person")
	}

	made.Apply(&u.Patch)

	return made, made.Validate()
}

// CheckKind returns CodeInvalidRequest if the upsert would change the kind of an existing member.
func (u *MemberUpsert) CheckKind(existing *Member) error {
	if u.Kind != "" && u.Kind != existing.Kind {
		return Invalid("kind", "must be %s, as it is: the kind of a member does not change", existing.Kind)
	}

	return nil
}
