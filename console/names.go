package console

import "slices"

// maxNamed is how many members a page shows by name at most. The others are shown by their ids.
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
		if id == 0 || id == v.me.MemberID || isKnown || len(v.names) == maxNamed {
			continue
		}

		answer, err := v.GetMemberWithResponse(v.ctx(), v.ws(), id)
		if err != nil {
			continue
		}

		if v.names == nil {
			v.names = map[int64]string{}
		}

		v.names[id] = answer.JSON200.Name
	}
}

// nameOf returns the name of a member, if the page has it, and the id otherwise.
func (v *viewer) nameOf(id int64) string {
	if id == v.me.MemberID {
		return v.memberName()
	}

	return nameMember(v.names[id], id)
}

// describeMembers returns members with commas, and what none means.
func (v *viewer) describeMembers(ids []int64, none string) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = v.nameOf(id)
	}

	return joinWords(names, none)
}
