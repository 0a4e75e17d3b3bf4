package console

import (
	"slices"

	"github.com/a-h/templ"

	"handrail/chat"
)

// sectionScopes are the scopes that the sections of the console show something for, any of them.
var sectionScopes = map[string][]chat.Scope{
	"/decisions": {chat.ScopeChatsRead, chat.ScopeToolsRead, chat.ScopeDeliveriesRead},
	"/failures":  {chat.ScopeDeliveriesRead},
	"/chats":     {chat.ScopeChatsRead},
	"/people":    {chat.ScopeMembersRead},
}

// showFirst shows the page Now, or what else there is for whoever may not see what waits.
func (h *Handler) showFirst(v *viewer) (templ.Component, error) {
	if !v.may(chat.ScopeDeliveriesRead) {
		return firstPage(v), nil
	}

	return h.showNow(v)
}

// openSections returns the sections that have something for the member, without the first page itself.
func (v *viewer) openSections() []section {
	var open []section

	for _, s := range sections[1:] {
		scopes, isLimited := sectionScopes[s.path]
		if !isLimited || v.mayAny(scopes) {
			open = append(open, s)
		}
	}

	return open
}

// mayAny reports whether the member holds one of several scopes.
func (v *viewer) mayAny(scopes []chat.Scope) bool {
	return slices.ContainsFunc(scopes, v.may)
}
