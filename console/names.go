package console

import (
	"slices"

	"handrail/client"
)

// maxNamed is how many members a page reads at most to show their names. The others are shown by their ids.
const maxNamed = 20

// learnNames reads the names of the members that a page shows, if the viewer may see them. A member that cannot be read
// is shown by the id: no page fails because a name is missing.
func (v *viewer) learnNames(ids ...int64) {
	if !v.may("members:read") {
		return
	}

	slices.Sort(ids)

	for _, id := range slices.Compact(ids) {
		_, isKnown := v.names[id]
		if id == 0 || id == v.me.MemberID || isKnown || v.namesRead == maxNamed {
			continue
		}

		v.namesRead++

		answer, err := v.GetMemberWithResponse(v.ctx(), v.ws(), id)
		if err != nil {
			continue
		}

		v.keepName(id, answer.JSON200.Name)
	}
}

// keepName keeps the name of a member that the page has read already.
func (v *viewer) keepName(id int64, name string) {
	if v.names == nil {
		v.names = map[int64]string{}
	}

	v.names[id] = name
}

// nameOf returns the name of a member, if the page has it, and the id otherwise.
func (v *viewer) nameOf(id int64) string {
	if id == v.me.MemberID {
		return v.memberName()
	}

	return nameMember(v.names[id], id)
}

// offerID returns a member as a field offers it, by the name if the page has it; "" for none.
func (v *viewer) offerID(id *int64) string {
	switch {
	case id == nil:
		return ""
	case *id == v.me.MemberID || v.names[*id] != "":
		return offerMember(&client.Member{ID: *id, Name: v.nameOf(*id)})
	}

	return formatCount(*id)
}
