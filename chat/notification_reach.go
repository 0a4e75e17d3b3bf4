package chat

import (
	"fmt"
	"slices"
	"strings"
)

// maxUnreachedNamed is how many members a sentence names that cannot be told.
const maxUnreachedNamed = 10

// NoticeReach is whom a rule can tell at the moment.
type NoticeReach struct {
	// Told counts those whom the rule tells, and Unreached are those of them without an address on its channel.
	Told      int
	Unreached []MemberID
}

// NobodyTold begins the sentence that says why a rule can tell nobody.
const NobodyTold = "Nobody can be told: "

// NoteReach notes whom of the workspace's managers the rule tells, and who of them has no address on its channel.
func (r *NotificationRule) NoteReach(managers []Member) {
	r.Reach = &NoticeReach{}

	for i := range managers {
		m := &managers[i]
		if len(r.MemberIDs) > 0 && !slices.Contains(r.MemberIDs, m.ID) {
			continue
		}

		r.Reach.Told++

		if m.Address(r.Channel.Spec().Address) == "" {
			r.Reach.Unreached = append(r.Reach.Unreached, m.ID)
		}
	}
}

// explainReach says who is not told, "" if everybody is.
func (r *NotificationRule) explainReach() string {
	switch {
	case r.Reach == nil:
		return ""
	case r.Reach.Told == 0:
		return " " + NobodyTold + "there is no such manager any more."
	case len(r.Reach.Unreached) == 0:
		return ""
	}

	lacks := r.describeUnreached()
	if len(r.Reach.Unreached) == r.Reach.Told {
		return " " + NobodyTold + lacks + "."
	}

	return " " + strings.ToUpper(lacks[:1]) + lacks[1:] + "."
}

// describeUnreached is like "members 1, 6 have no phone number".
func (r *NotificationRule) describeUnreached() string {
	lacks := "no " + r.Channel.Spec().Address.name()

	unreached := r.Reach.Unreached
	if len(unreached) == 1 {
		return fmt.Sprintf("member %d has %s", unreached[0], lacks)
	}

	names := make([]string, 0, maxUnreachedNamed)
	for _, id := range unreached[:min(len(unreached), maxUnreachedNamed)] {
		names = append(names, fmt.Sprint(id))
	}

	others := ""
	if more := len(unreached) - len(names); more > 0 {
		others = fmt.Sprintf(" and %d more", more)
	}

	return "members " + strings.Join(names, ", ") + others + " have " + lacks
}
