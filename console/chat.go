package console

import (
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// chatView is what the page of a chat shows.
type chatView struct {
	chat *client.Chat
	// messages are those of one page, the oldest first.
	messages []client.Message
	// older is the path of the messages before; "" if there are none.
	older templ.SafeURL
	// isNewest reports whether the last message is the chat's last one, below which one can write.
	isNewest     bool
	participants []client.Participant
	labels       []client.Label
	tools        []client.Tool
	// draft is the text that somebody has written but not sent; seen is the last message that they had read then.
	draft string
	seen  string
	// whole is the message that is shown at its full length, "" for none.
	whole string
	// action is what was asked for a moment ago; nil for nothing.
	action *client.WholeAction
	// suppressions keep the chat's messages from its member.
	suppressions []client.Suppression
	// senders are what messages on the chat's channel may leave from.
	senders senderList
	// asks are the questions to contributors that the messages are of, by their ids.
	asks map[string]client.Ask
	// members are those whom a field offers.
	members []client.Member
	// health says whether what is written would wait; nil if it is not known, or nobody may write here.
	health *client.WorkspaceHealth
}

// liveChat are the events after which the page of a chat is fetched anew.
const liveChat = "chat message delivery summary tool_call approval contributor_request"

// messagesLength is how many messages the page of a chat has.
const messagesLength = int64(50)

func (h *Handler) showChat(v *viewer) (templ.Component, error) {
	id, err := v.number("id")
	if err != nil {
		return nil, err
	}

	v.answersAt(v.chatPath(id))

	view, err := loadChat(v, id)
	if err != nil {
		return nil, err
	}

	return chatPage(v, view), nil
}

// loadChat returns what the page of a chat shows.
func loadChat(v *viewer, id int64) (*chatView, error) {
	answer, err := v.GetChatWithResponse(v.ctx(), v.ws(), id, newChatParams(v))
	if err != nil {
		return nil, err
	}

	view := &chatView{
		chat:  answer.JSON200,
		draft: v.PostFormValue("message"),
		seen:  v.PostFormValue("seen"),
	}

	if view.action, err = findAskedAction(v); err != nil {
		return nil, err
	}

	for _, load := range []func(*viewer) error{
		view.loadMessages,
		view.loadParticipants,
		view.loadAsks,
		view.loadSuppressions,
		view.loadSenders,
		view.loadChoices,
	} {
		if err = load(v); err != nil {
			return nil, err
		}
	}

	view.learnAuthors(v)
	view.learnExplained(v)

	return view, nil
}

// loadParticipants loads the first hundred participants.
func (c *chatView) loadParticipants(v *viewer) error {
	answer, err := v.ListParticipantsWithResponse(v.ctx(), v.ws(), c.chat.ID, &client.ListParticipantsParams{
		Limit: new(mostListed),
	})
	if err != nil {
		return err
	}

	c.participants = answer.JSON200.Items
	c.keepNames(v)

	return nil
}

// loadChoices loads what the forms of the page offer.
func (c *chatView) loadChoices(v *viewer) (err error) {
	if v.may("chats:write") {
		if c.labels, err = listLabels(v); err != nil {
			return err
		}

		if c.members, err = listMembers(v); err != nil {
			return err
		}
	}

	if v.may("chats:admin") && c.isNewest {
		c.health = readHealth(v)
		c.tools, err = listChatTools(v, c.chat.ID)
	}

	return err
}

// findAskedAction returns the action that the query names; nil if it names none. One that was refused after all is told
// as the refusal of the page.
func findAskedAction(v *viewer) (*client.WholeAction, error) {
	id := v.URL.Query().Get("action")
	if !isUUID(id) {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}

	answer, err := v.GetActionWithResponse(v.ctx(), v.ws(), id, &client.GetActionParams{})

	switch {
	case isAbsent(err):
		v.refusal = refusalOf(err)
		return nil, nil //nolint:nilnil // as above
	case err != nil:
		return nil, err
	}

	return answer.JSON200, nil
}

// listChatTools returns the tools that the assistant has in a chat.
func listChatTools(v *viewer, id int64) ([]client.Tool, error) {
	answer, err := v.ListChatToolsWithResponse(v.ctx(), v.ws(), id, &client.ListChatToolsParams{Limit: new(mostListed)})
	if err != nil {
		return nil, err
	}

	return answer.JSON200.Items, nil
}

// newMessagesParams returns what to ask for a page of messages: all that the session may read of them.
func newMessagesParams(v *viewer, cursor *client.Cursor) *client.ListMessagesParams {
	params := &client.ListMessagesParams{Cursor: cursor, Limit: new(messagesLength)}

	if v.may("members:read") {
		params.Expand = append(params.Expand, "member")
	}

	if v.may("deliveries:read") {
		params.Expand = append(params.Expand, "delivery")
	}

	return params
}

// mostSearched is how many pages of a chat are searched for one message.
const mostSearched = 40

// loadMessages loads the page of messages that the query names: by its cursor, or by a message that is on it.
func (c *chatView) loadMessages(v *viewer) error {
	cursor := readCursor(v)
	wanted := v.URL.Query().Get("message")
	c.whole = wanted

	for range mostSearched {
		answer, err := v.ListMessagesWithResponse(v.ctx(), v.ws(), c.chat.ID, newMessagesParams(v, cursor))
		if err != nil {
			return err
		}

		page := answer.JSON200
		isNamed := func(m client.Message) bool { return m.UUID == wanted }

		if wanted != "" && page.NextCursor != nil && !slices.ContainsFunc(page.Items, isNamed) {
			cursor = page.NextCursor
			continue
		}

		c.messages = page.Items
		slices.Reverse(c.messages)

		c.isNewest = cursor == nil
		c.older = ""

		if page.NextCursor != nil {
			c.older = v.pathWith("/chats/"+formatCount(c.chat.ID), url.Values{"cursor": {*page.NextCursor}})
		}

		if c.seen == "" {
			c.seen = lastMessage(c.messages)
		}

		return nil
	}

	return errNoPage
}

// lastMessage returns the uuid of the last message; "" if there is none.
func lastMessage(messages []client.Message) string {
	if len(messages) == 0 {
		return ""
	}

	return messages[len(messages)-1].UUID
}

// keepNames keeps the names of members that are in what the page has loaded.
func (c *chatView) keepNames(v *viewer) {
	for i := range c.participants {
		v.keepName(c.participants[i].MemberID, c.participants[i].MemberName)
	}

	for i := range c.messages {
		if m := c.messages[i].Member; m != nil {
			v.keepName(m.ID, m.Name)
		}
	}

	if c.chat.MemberID != 0 {
		v.keepName(c.chat.MemberID, c.chat.MemberName)
	}
}

// path returns the path of a page or a form of the chat, such as /labels.
func (c *chatView) path(v *viewer, page string) templ.SafeURL {
	return v.chatPath(c.chat.ID) + templ.SafeURL(page)
}

// anchorOrPath returns where a message of the chat is shown: on this page, or on the one that has it.
func (c *chatView) anchorOrPath(v *viewer, uuid string) templ.SafeURL {
	isHere := func(m client.Message) bool { return m.UUID == uuid }
	if slices.ContainsFunc(c.messages, isHere) {
		return templ.SafeURL("#" + messageAnchor(uuid))
	}

	return v.messagePath(c.chat.ID, uuid)
}

// messagePath returns the path of a message in its chat, where it is shown at its full length.
func (v *viewer) messagePath(chatID int64, uuid string) templ.SafeURL {
	query := url.Values{"message": {uuid}}

	return v.pathWith("/chats/"+formatCount(chatID), query) + templ.SafeURL("#"+messageAnchor(uuid))
}

// messageAnchor returns the id that a message has in a page.
func messageAnchor(uuid string) string { return "m-" + uuid }

// hasLabel reports whether the chat has a label.
func (c *chatView) hasLabel(id int64) bool {
	return slices.ContainsFunc(c.chat.Labels, func(l client.ChatLabel) bool { return l.ID == id })
}

// newRole returns the role that the form for a new participant shows: the one that was chosen, if it was refused.
func (c *chatView) newRole(v *viewer) string {
	if v.isRefused(c.path(v, "/participants")) {
		return v.PostFormValue("role")
	}

	return string(client.ParticipantRoleContributor)
}

// isTakenByOther reports whether another person than the viewer has taken a chat over.
func (v *viewer) isTakenByOther(c *client.Chat) bool {
	return c.TakenOverBy != nil && *c.TakenOverBy != v.me.MemberID
}

// mayBeOptOut reports whether somebody has to decide whether the chat's member has opted out.
// Whose consent is revoked has.
func (c *chatView) mayBeOptOut() bool {
	return isOptOutOpen(c.chat) && c.chat.MemberID != 0 && c.consent() != client.ConsentStateRevoked
}

// isOptOutOpen reports whether a chat asks whether its member has opted out.
func isOptOutOpen(c *client.Chat) bool {
	return c.NeedsResponse && client.ValueOf(c.NeedsResponseReason) == chat.AttentionPossibleOptOut
}
