package console

import (
	"slices"

	"handrail/chat"
	"handrail/client"
)

// maxNamed is how many members and chats together a page reads at most to show them by name, by a call each. The
// others are shown by their ids.
const maxNamed = 20

// hasReadAllNames reports whether the page has read as many names as it may.
func (v *viewer) hasReadAllNames() bool { return v.namesRead >= maxNamed }

// learnNames reads the names of the members that a page shows, if the viewer may see them. A member that cannot be read
// is shown by the id: no page fails because a name is missing.
func (v *viewer) learnNames(ids ...int64) {
	if !v.may(chat.ScopeMembersRead) {
		return
	}

	slices.Sort(ids)

	for _, id := range slices.Compact(ids) {
		_, isKnown := v.names[id]
		if id == 0 || id == v.me.MemberID || isKnown || v.hasReadAllNames() {
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

// knowsName reports whether the page has the name of a member.
func (v *viewer) knowsName(id int64) bool {
	return v.names[id] != "" || id == v.me.MemberID && v.me.MemberName != ""
}

// nameOf returns the name of a member, if the page has it, and the id otherwise.
func (v *viewer) nameOf(id int64) string {
	if id == v.me.MemberID {
		return v.memberName()
	}

	return nameMember(v.names[id], id)
}

// learnChats reads the chats that a page names, and so their customers, if the viewer may see them. A chat that cannot
// be read is shown by its id.
func (v *viewer) learnChats(ids ...int64) {
	for _, id := range ids {
		if _, isKnown := v.chats[id]; id == 0 || isKnown || v.hasReadAllNames() {
			continue
		}

		v.namesRead++

		found, err := findChat(v, id)
		if err != nil {
			found = nil
		}

		v.keepChat(id, found)
	}
}

// keepChat keeps a chat that the page has read, nil if it cannot be read.
func (v *viewer) keepChat(id int64, found *client.Chat) {
	if v.chats == nil {
		v.chats = map[int64]*client.Chat{}
	}

	v.chats[id] = found
}

// titleOf returns the title of a chat, if the page has it, and the number otherwise.
func (v *viewer) titleOf(id int64) string {
	if found := v.chats[id]; found != nil {
		return nameChat(found)
	}

	return "Chat " + formatCount(id)
}

// customerOf returns the id and the name of a chat's customer; 0 and "" if the page has not read the chat.
func (v *viewer) customerOf(id int64) (int64, string) {
	found := v.chats[id]

	switch {
	case found == nil:
		return 0, ""
	case found.Member != nil:
		return found.MemberID, nameMember(found.Member.Name, found.MemberID)
	}

	return found.MemberID, nameMember(found.MemberName, found.MemberID)
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
