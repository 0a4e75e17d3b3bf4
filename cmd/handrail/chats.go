package main

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"handrail/client"
)

type chatsCommand struct {
	List chatList `cmd:"" help:"List chats, the newest activity first, or find them by a member or by words."`
	Show chatShow `cmd:"" help:"Show a chat with its newest messages and their deliveries."`

	Takeover chatTakeover `cmd:"" help:"Take a chat over: the assistant does not speak in it until it is released."`
	Release  chatRelease  `cmd:"" help:"Release a chat that was taken over: the assistant may speak in it again."`
}

// Help is shown by kong.
func (chatsCommand) Help() string {
	return `From a customer to a message: handrail members list --phone +14155550199 shows the member's id, handrail
chats list --member ID the chats, and handrail chats show ID the messages with the ids of their deliveries.

It takes the scopes chats:read and, for show, deliveries:read; takeover and release take chats:write. The chat is
taken over for the member of the API key. What the assistant had still to say is held: handrail deliveries retry ID
sends it all the same, and handrail deliveries cancel ID ends it.

` + exitHelp
}

// chatView is a chat as the API shows it.
type chatView struct{ client.Chat }

// formatNeed says whether the chat needs a response, and why if it was no message that came in.
func (c *chatView) formatNeed() string {
	switch {
	case !c.NeedsResponse:
		return "no"
	case c.NeedsResponseReason != nil:
		return "yes: " + makePrintable(*c.NeedsResponseReason)
	}

	return "yes"
}

type chatList struct {
	remote
	listing
	NeedsResponse bool   `help:"Only chats whose customer waits for a response."`
	Member        int64  `help:"Only chats with this member." placeholder:"ID"`
	Text          string `help:"Only chats with this in their title, summary or messages." placeholder:"TEXT"`
	Channel       string `help:"Only this channel: phone-sms, email, web-chat or phone-voice." placeholder:"CHANNEL"`
	State         string `help:"Only this state: open, waiting, closed or archived." placeholder:"STATE"`
	Label         string `help:"Only chats with this label." placeholder:"NAME"`
}

// Run lists chats.
func (l *chatList) Run(c *console) error {
	params := &client.ListChatsParams{
		NeedsResponse: ifGiven(l.NeedsResponse),
		ChannelFilter: onlyGiven(client.Channel(l.Channel)),
		State:         onlyGiven(client.ChatState(l.State)),
		Label:         ifGiven(l.Label),
		MemberID:      ifGiven(l.Member),
		Q:             ifGiven(l.Text),
	}

	return showList(c, &l.remote, l.listing, listView[chatView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListChats(c.ctx, api.workspace, params)
		},
		empty:   "no such chats",
		columns: []string{"CHAT", "ACTIVE", "CHANNEL", "STATE", "MEMBER", "NEEDS RESPONSE", "TITLE"},
		row: func(chat *chatView) []string {
			return []string{
				strconv.FormatInt(chat.ID, 10),
				formatAge(chat.LastActivityAt),
				makePrintable(string(chat.Channel)),
				makePrintable(string(chat.State)),
				strconv.FormatInt(chat.MemberID, 10),
				chat.formatNeed(),
				makePrintable(chat.Title),
			}
		},
	})
}

type chatShow struct {
	remote
	ID       int64 `arg:"" help:"The chat's id."`
	Messages int   `default:"10" help:"How many messages to show at most, 1 to 100."`
}

type chatTakeover struct {
	remote
	ID int64 `arg:"" help:"The chat's id."`
}

// Run takes a chat over.
func (t *chatTakeover) Run(c *console) error {
	return showChanged(c, &t.remote, func(api *apiClient) (*http.Response, error) {
		return api.TakeOverChat(c.ctx, api.workspace, t.ID, nil)
	})
}

type chatRelease struct {
	remote
	ID int64 `arg:"" help:"The chat's id."`
}

// Run releases a chat.
func (r *chatRelease) Run(c *console) error {
	return showChanged(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		return api.ReleaseChat(c.ctx, api.workspace, r.ID, nil)
	})
}

// showChanged makes a request that changes a chat, and shows it.
func showChanged(c *console, r *remote, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, changed *chatView) error {
		changed.show(c)
		return nil
	})
}

// Run shows a chat.
func (s *chatShow) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.GetChat(c.ctx, api.workspace, s.ID, nil)
	}

	return showOne(c, &s.remote, ask, func(api *apiClient, shown *chatView) error {
		messages, err := fetchList[client.Message](api, listing{Limit: s.Messages}, s.askMessages)
		if err != nil {
			return err
		}

		statuses, err := s.fetchStatuses(api)
		if err != nil {
			return err
		}

		shown.show(c)
		showMessages(c, messages.Items, statuses)

		return nil
	})
}

// askMessages asks for the newest messages of the chat.
func (s *chatShow) askMessages(api *apiClient, at position) (*http.Response, error) {
	return api.ListMessages(
		api.ctx,
		api.workspace,
		s.ID,
		&client.ListMessagesParams{Limit: at.limit, Cursor: at.cursor},
	)
}

// askDeliveries asks for the newest deliveries of the chat.
func (s *chatShow) askDeliveries(api *apiClient, at position) (*http.Response, error) {
	return api.ListDeliveries(
		api.ctx,
		api.workspace,
		&client.ListDeliveriesParams{ChatID: &s.ID, Limit: at.limit, Cursor: at.cursor},
	)
}

// fetchStatuses are how the newest deliveries of the chat stand, by their ids.
func (s *chatShow) fetchStatuses(api *apiClient) (map[string]string, error) {
	deliveries, err := fetchList[client.Delivery](api, listing{Limit: longestPage}, s.askDeliveries)
	if err != nil {
		return nil, err
	}

	statuses := map[string]string{}
	for i := range deliveries.Items {
		statuses[deliveries.Items[i].ID] = string(deliveries.Items[i].Status)
	}

	return statuses, nil
}

func (c *chatView) show(out *console) {
	names := make([]string, len(c.Labels))
	for i, label := range c.Labels {
		names[i] = makePrintable(label.Name)
	}

	f := facts{out}
	f.say("chat", "%d", c.ID)
	f.say("channel", "%s", makePrintable(string(c.Channel)))
	f.say("state", "%s", makePrintable(string(c.State)))
	f.say("member", "%d", c.MemberID)
	f.say("needs response", "%s", c.formatNeed())

	if c.TakenOverBy != nil {
		f.say("taken over", "by member %d, %s", *c.TakenOverBy, formatTime(valueOf(c.TakenOverAt)))
	}

	f.say("title", "%s", makePrintable(c.Title))
	f.say("summary", "%s", makePrintable(c.Summary))
	f.say("labels", "%s", strings.Join(names, ", "))
	f.say("last activity", "%s (%s ago)", formatTime(c.LastActivityAt), formatAge(c.LastActivityAt))
}

// showMessages writes messages, the oldest first as they are read.
func showMessages(c *console, messages []client.Message, statuses map[string]string) {
	if len(messages) == 0 {
		fmt.Fprintln(c.out, "\nno messages yet")
		return
	}

	c.showHeading("The newest messages")

	for i := len(messages) - 1; i >= 0; i-- {
		m := &messages[i]
		text := shortenText(m.Content, 200)
		fmt.Fprintf(c.out, "  %s  %s: %s\n", formatTime(m.CreatedAt), makePrintable(string(m.Role)), text)

		if m.DeliveryID != nil {
			fmt.Fprintf(
				c.out,
				"    %s, delivery %s\n",
				makePrintable(cmp.Or(statuses[*m.DeliveryID], string(m.State))),
				makePrintable(*m.DeliveryID),
			)
		}
	}
}
