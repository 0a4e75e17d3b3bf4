package chat

import (
	"fmt"
	"slices"
	"time"
)

// ParticipantRole is what a member is in one chat.
type ParticipantRole string

// The roles in a chat.
const (
	ParticipantOwner       ParticipantRole = "owner"
	ParticipantAssistant   ParticipantRole = "assistant"
	ParticipantOperator    ParticipantRole = "operator"
	ParticipantContributor ParticipantRole = "contributor"
	ParticipantObserver    ParticipantRole = "observer"
)

// ParticipantRoles lists all of them.
func ParticipantRoles() []ParticipantRole {
	return []ParticipantRole{
		ParticipantOwner, ParticipantAssistant, ParticipantOperator, ParticipantContributor, ParticipantObserver,
	}
}

// Valid reports whether r is a role that exists.
func (r ParticipantRole) Valid() bool { return slices.Contains(ParticipantRoles(), r) }

// Participant is one member's place in one chat; a member has at most one in a chat.
type Participant struct {
	ID         ParticipantID
	ChatID     ChatID
	MemberID   MemberID
	MemberName string
	MemberKind MemberKind
	Role       ParticipantRole
	CreatedAt  time.Time
}

// NewParticipant asks for a member to be given a place in a chat.
type NewParticipant struct {
	MemberID MemberID        `json:"member_id"`
	Role     ParticipantRole `json:"role"`
}

// AddedMessage is the sentence that answers an [AddParticipant].
func (p *Participant) AddedMessage() string {
	return fmt.Sprintf("%s added as %s", p.MemberName, p.Role)
}
