package chat

import (
	"fmt"
	"strings"
)

// MaxMemberUses is the most uses of a member that are counted. It means as many or more.
const MaxMemberUses = 1000

// MemberUse counts the things of one kind that refer to a member.
type MemberUse struct {
	// What is the kind, in the plural: "chats".
	What  string
	Count int
}

// RefuseMemberInUse returns CodeMemberInUse, which names what refers to the member, and nil if nothing does.
func RefuseMemberInUse(uses []MemberUse) error {
	var (
		parts  []string
		fields []FieldError
	)

	for _, use := range uses {
		if use.Count == 0 {
			continue
		}

		count := fmt.Sprint(use.Count)
		if use.Count >= MaxMemberUses {
			count += " or more"
		}

		parts = append(parts, use.What+" ("+count+")")
		fields = append(fields, FieldError{Field: use.What, Message: count + " refer to this member"})
	}

	if len(parts) == 0 {
		return nil
	}

	e := Errorf(
		CodeMemberInUse,
		"this member stays, because it is referred to by %s: merge it into another one, or take away its addresses",
		strings.Join(parts, ", "),
	)
	e.Fields = fields

	return e
}
