package console

import (
	"slices"
	"strings"

	"handrail/chat"
	"handrail/client"
)

// section is a part of the console, as the head of every page names it.
type section struct{ path, name string }

// sections are the parts of the console, in the order of the pages' heads.
var sections = []section{
	{"/", "Now"},
	{"/decisions", "Decisions"},
	{"/failures", "Failures"},
	{"/chats", "Chats"},
	{"/people", "People"},
	{"/settings", "Settings"},
}

// memberName returns the name of the member, or the member's id where there is no name.
func (v *viewer) memberName() string {
	return nameMember(strings.TrimSpace(v.me.MemberName), v.me.MemberID)
}

// workspaceName returns the name of the workspace, or its id where it has none.
func (v *viewer) workspaceName() string {
	if name := strings.TrimSpace(v.me.WorkspaceName); name != "" {
		return name
	}

	return v.ws()
}

// mayWrite reports whether the session may change anything.
func (v *viewer) mayWrite() bool {
	return slices.ContainsFunc(v.me.Scopes, func(held client.Scope) bool {
		return !slices.Contains(chat.ReadScopes(), chat.Scope(held))
	})
}
