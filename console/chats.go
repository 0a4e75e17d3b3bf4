package console

import (
	"strings"

	"github.com/a-h/templ"

	"handrail/client"
)

// chatStates are the states of chats, in their order.
var chatStates = []client.ChatState{
	client.ChatStateOpen,
	client.ChatStateWaiting,
	client.ChatStateClosed,
	client.ChatStateArchived,
}

// chatsView is what the list of chats shows.
type chatsView struct {
	// needs, state and label are the filters as the query has them.
	needs  string
	state  string
	label  string
	labels []client.Label
	chats  []client.Chat
	next   templ.SafeURL
}

// needsField is the name of the filter of chats that need somebody. These are its values beside "": the three that the
// page Now counts are those of the API.
const (
	needsField     = "needs"
	needsAnswer    = string(client.ListChatsParamsNeedsResponse)
	needsAttention = string(client.ListChatsParamsNeedsAttention)
	needsOptOut    = string(client.ListChatsParamsNeedsPossibleOptOut)
	needsAny       = "any"
	needsNothing   = "nothing"
)

func (h *Handler) chatRoutes() {
	h.page("/chats", h.showChats)
	h.page("/chats/{id}", h.showChat)
	h.page("/chats/{id}/summaries", h.showSummaries)

	h.posted("/chats/{id}/preview", h.showPreview)
	h.posted("/chats/{id}/draft", h.showChat)
	h.form("/chats/{id}/send", h.sendDraft, h.showPreview)

	h.form("/chats/{id}/title", h.changeTitle, h.showChat)
	h.form("/chats/{id}/sender", h.changeSender, h.showChat)
	h.form("/chats/{id}/state", h.changeChatState, h.showChat)
	h.form("/chats/{id}/needs-response", h.changeNeedsResponse, h.showChat)
	h.form("/chats/{id}/labels", h.changeChatLabels, h.showChat)
	h.form("/chats/{id}/takeover", h.takeOverChat, h.showChat)
	h.form("/chats/{id}/release", h.releaseChat, h.showChat)
	h.form("/chats/{id}/participants", h.addParticipant, h.showChat)
	h.form("/chats/{id}/participants/{participant}/role", h.changeParticipant, h.showChat)
	h.form("/chats/{id}/participants/{participant}/remove", h.removeParticipant, h.showChat)
	h.form("/chats/{id}/summarize", h.summarizeChat, h.showChat)
	h.form("/chats/{id}/summaries/{version}/restore", h.restoreSummary, h.showSummaries)
	h.form("/chats/{id}/summaries/{version}/undo-labels", h.undoLabels, h.showSummaries)
}

func (h *Handler) showChats(v *viewer) (templ.Component, error) {
	query := v.URL.Query()
	view := chatsView{
		needs: query.Get(needsField),
		state: query.Get("state"),
		label: query.Get("label"),
	}

	params := client.ListChatsParams{
		State:  client.OnlyGiven(client.ChatState(view.state)),
		Label:  client.IfGiven(view.label),
		Cursor: readCursor(v),
		Limit:  new(pageLimit),
	}

	switch view.needs {
	case "":
	case needsAny, needsNothing:
		params.NeedsResponse = new(view.needs == needsAny)
	default:
		params.Needs = new(client.ListChatsParamsNeeds(view.needs))
	}

	answer, err := v.ListChatsWithResponse(v.ctx(), v.ws(), &params)
	if err != nil {
		return nil, err
	}

	if view.labels, err = listLabels(v); err != nil {
		return nil, err
	}

	view.chats = answer.JSON200.Items
	view.next = v.nextPage("/chats", answer.JSON200.NextCursor)

	return chatsPage(v, &view), nil
}

// listLabels returns the first hundred labels of the workspace. Who may not read them sees none.
func listLabels(v *viewer) ([]client.Label, error) {
	if !v.may("labels:read") {
		return nil, nil
	}

	answer, err := v.ListLabelsWithResponse(v.ctx(), v.ws(), &client.ListLabelsParams{Limit: new(mostListed)})
	if err != nil {
		return nil, err
	}

	return answer.JSON200.Items, nil
}

// chatPath returns the path of a chat's page.
func (v *viewer) chatPath(id int64) templ.SafeURL { return v.path("/chats/" + formatCount(id)) }

// personPath returns the path of a member's page.
func (v *viewer) personPath(id int64) templ.SafeURL { return v.path("/people/" + formatCount(id)) }

// deliveryPath returns the path of a delivery's page.
func (v *viewer) deliveryPath(id string) templ.SafeURL { return v.path("/deliveries/" + id) }

// actionPath returns the path of an action's page.
func (v *viewer) actionPath(id string) templ.SafeURL { return v.path("/actions/" + id) }

// begunPath returns the page of what an action that goes on has come to: its delivery, or itself until there is one.
func (v *viewer) begunPath(begun *client.WholeAction) templ.SafeURL {
	if begun.Delivery != nil {
		return v.deliveryPath(begun.Delivery.ID)
	}

	return v.actionPath(begun.ActionID)
}

// nameChat returns the title of a chat, and its number where it has none.
func nameChat(c *client.Chat) string {
	if c.Title != "" {
		return c.Title
	}

	return "Chat " + formatCount(c.ID)
}

// nameMember returns the name of a member, and the number where there is none.
func nameMember(name string, id int64) string {
	if name != "" {
		return name
	}

	return "member " + formatCount(id)
}

// nameLabel returns a label with what says who has set it.
func nameLabel(l *client.ChatLabel) string {
	if l.Source == client.ChatLabelSourcePerson {
		return l.Name
	}

	return l.Name + " (set by a " + string(l.Source) + ")"
}

// shortLength is how many characters of a text a row of a list has.
const shortLength = 100

// shortenLine returns the beginning of a text, on one line.
func shortenLine(text string) string {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= shortLength {
		return string(runes)
	}

	return strings.TrimSpace(string(runes[:shortLength])) + "…"
}
