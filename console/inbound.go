package console

import (
	"slices"

	"github.com/a-h/templ"

	"handrail/chat"
	"handrail/client"
)

// inboundStatuses are the statuses of what came in, what needs somebody first.
var inboundStatuses = []client.InboundStatus{
	client.InboundStatusOrphaned,
	client.InboundStatusRefused,
	client.InboundStatusAutomatic,
	client.InboundStatusTaken,
}

// inboundView is what the list of what came in shows.
type inboundView struct {
	// status and channel are the filters as the query has them.
	status  string
	channel string
	items   []client.Inbound
	// texts are what the messages say that the items became, by the ids of the messages.
	texts map[string]string
	next  templ.SafeURL
}

const (
	// mostChatsOfInbound is of how many chats the list shows what was said.
	mostChatsOfInbound = 10
	// messagesOfInbound is how many messages are read of each, the newest.
	messagesOfInbound = int64(100)
)

// loadTexts returns what the messages say that the items became, as far as they are among the newest of their chats.
func loadTexts(v *viewer, items []client.Inbound) (map[string]string, error) {
	texts := map[string]string{}
	if !v.may("chats:read") {
		return texts, nil
	}

	for _, id := range chatsOfInbound(items) {
		params := &client.ListMessagesParams{Limit: new(messagesOfInbound)}
		answer, err := v.ListMessagesWithResponse(v.ctx(), v.ws(), id, params)

		switch {
		case isAbsent(err): // such as a chat that was deleted since
			continue
		case err != nil:
			return nil, err
		}

		for i := range answer.JSON200.Items {
			texts[answer.JSON200.Items[i].UUID] = answer.JSON200.Items[i].Content
		}
	}

	return texts, nil
}

// chatsOfInbound returns the chats that items are in, in the items' order and at most as many as are read.
func chatsOfInbound(items []client.Inbound) []int64 {
	var ids []int64

	for i := range items {
		id := items[i].ChatID
		if id != nil && items[i].MessageID != nil && !slices.Contains(ids, *id) && len(ids) < mostChatsOfInbound {
			ids = append(ids, *id)
		}
	}

	return ids
}

// textOf returns what the message says that something became; "" if it is not known.
func textOf(texts map[string]string, in *client.Inbound) string {
	return texts[client.ValueOf(in.MessageID)]
}

func (h *Handler) showInboundList(v *viewer) (templ.Component, error) {
	query := v.URL.Query()
	view := inboundView{
		status:  query.Get("status"),
		channel: query.Get("channel"),
	}

	answer, err := v.ListInboundWithResponse(v.ctx(), v.ws(), &client.ListInboundParams{
		Status:  client.OnlyGiven(client.InboundStatus(view.status)),
		Channel: client.IfGiven(client.AddressedChannel(view.channel)),
		Cursor:  readCursor(v),
		Limit:   new(pageLimit),
	})
	if err != nil {
		return nil, err
	}

	view.items = answer.JSON200.Items
	view.next = v.nextPage("/inbound", answer.JSON200.NextCursor)

	if view.texts, err = loadTexts(v, view.items); err != nil {
		return nil, err
	}

	return inboundListPage(v, &view), nil
}

func (h *Handler) showInbound(v *viewer) (templ.Component, error) {
	id, err := v.uuid("id")
	if err != nil {
		return nil, err
	}

	v.answersAt(v.inboundPath(id))

	answer, err := v.GetInboundWithResponse(v.ctx(), v.ws(), id)
	if err != nil {
		return nil, err
	}

	texts, err := loadTexts(v, []client.Inbound{*answer.JSON200})
	if err != nil {
		return nil, err
	}

	return inboundPage(v, answer.JSON200, textOf(texts, answer.JSON200)), nil
}

// replayInboundHere has something read again from its own page.
func (h *Handler) replayInboundHere(v *viewer) (templ.SafeURL, error) {
	id, err := v.uuid("id")
	if err != nil {
		return "", err
	}

	return v.inboundPath(id), requestReplay(v, id)
}

// requestReplay has something that came in read again.
func requestReplay(v *viewer, id string) error {
	_, err := v.ReplayInboundWithResponse(v.ctx(), v.ws(), id, &client.ReplayInboundParams{IdempotencyKey: v.once()})

	return err
}

// inboundPath returns the path of the page of something that came in.
func (v *viewer) inboundPath(id string) templ.SafeURL { return v.path("/inbound/" + id) }

// inboundMessagePath returns where the message stands that something became.
func (v *viewer) inboundMessagePath(in *client.Inbound) templ.SafeURL {
	if in.MessageID == nil {
		return v.chatPath(client.ValueOf(in.ChatID))
	}

	return v.messagePath(client.ValueOf(in.ChatID), *in.MessageID)
}

// canReplay reports whether something came in that waits for being read again, and whether the session may have that
// done.
func canReplay(v *viewer, in *client.Inbound) bool {
	return chat.InboundStatus(in.Status).Waiting() && v.may("chats:write")
}

// nameAuthor returns the name and the address from which something came in.
func nameAuthor(in *client.Inbound) string {
	return nameWithAddress(client.ValueOf(in.FromName), in.From)
}
