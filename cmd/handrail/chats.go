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
	List chatList `cmd:"" help:"List chats, the newest activity first."`
	Find chatFind `cmd:"" help:"Find a member's chats by an address, or chats by words in them."`
	Show chatShow `cmd:"" help:"Show a chat with its newest messages and their deliveries."`

	Takeover chatTakeover `cmd:"" help:"Take a chat over: the assistant does not speak in it until it is released."`
	Release  chatRelease  `cmd:"" help:"Release a chat that was taken over: the assistant may speak in it again."`
}

// Help is shown by kong.
func (chatsCommand) Help() string {
	return `From a customer to a message: handrail chats find +14155550199 lists the member's chats, and handrail chats
show ID the messages with the ids of their deliveries.

It takes the scopes chats:read and, for show, deliveries:read; takeover and release take chats:write. The chat is
taken over for the member of the API key. What the assistant had still to say is held: handrail deliveries retry ID
sends it all the same, and handrail deliveries cancel ID ends it.

` + exitHelp
}

// chatView is a chat as the API shows it.
type chatView struct{ client.Chat }

// formatNeed says whether the chat needs a response, and the reason if it is another one than a message that came in.
func (c *chatView) formatNeed() string {
	switch {
	case !c.NeedsResponse:
		return "no"
	case c.NeedsResponseReason != nil:
		return "yes: " + makePrintable(*c.NeedsResponseReason)
	}

	return "yes"
}

// formatMember returns the name of the chat's member, with the id for --member.
func (c *chatView) formatMember() string {
	return nameWithID(c.MemberName, c.MemberID)
}

type chatList struct {
	remote
	listing
	NeedsResponse bool   `help:"Only chats that need a response, for whatever reason."`
	Needs         choice `help:"Only chats that need this: response (the customer has written), possible_opt_out (a person must decide whether they opted out), attention (another reason) or all." placeholder:"WHAT"`
	Member        int64  `help:"Only chats with this member." placeholder:"ID"`
	Text          string `help:"Only chats with this in their title, summary or messages." placeholder:"TEXT"`
	Channel       choice `help:"Only this channel: phone-sms, email, web-chat, phone-voice or all." placeholder:"CHANNEL"`
	State         choice `help:"Only this state: open, waiting, closed, archived or all." placeholder:"STATE"`
	Label         string `help:"Only chats with this label." placeholder:"NAME"`
}

// Run lists chats.
func (l *chatList) Run(c *console) error {
	return showChats(c, &l.remote, l.listing, &client.ListChatsParams{
		NeedsResponse: client.IfGiven(l.NeedsResponse),
		Needs:         client.IfGiven(client.ListChatsParamsNeeds(l.Needs)),
		ChannelFilter: client.OnlyGiven(client.Channel(l.Channel)),
		State:         client.OnlyGiven(client.ChatState(l.State)),
		Label:         client.IfGiven(l.Label),
		MemberID:      client.IfGiven(l.Member),
		Q:             client.IfGiven(l.Text),
	})
}

type chatFind struct {
	remote
	listing
	Text string `arg:"" help:"The member's phone number that begins with +, or email address, or words in title, summary or messages."`
}

// Run finds chats by an address or by words. An address that no member has is searched for in the texts.
func (f *chatFind) Run(c *console) error {
	if isAddress(f.Text) {
		member, err := f.findMemberID(c, f.Text)
		if err != nil {
			return err
		}

		if member != nil {
			return showChats(c, &f.remote, f.listing, &client.ListChatsParams{MemberID: member})
		}
	}

	return showChats(c, &f.remote, f.listing, &client.ListChatsParams{Q: &f.Text})
}

func showChats(c *console, remote *remote, listing listing, params *client.ListChatsParams) error {
	return showList(c, remote, listing, listView[chatView]{
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
				chat.formatMember(),
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
	confirmation := fmt.Sprintf(
		"Chat %d is taken over: the assistant does not speak in it until\n  %s",
		t.ID,
		t.line(c, fmt.Sprintf("chats release %d", t.ID)),
	)

	return showChanged(c, &t.remote, confirmation, func(api *apiClient) (*http.Response, error) {
		return api.TakeOverChat(c.ctx, api.workspace, t.ID, nil)
	})
}

type chatRelease struct {
	remote
	ID int64 `arg:"" help:"The chat's id."`
}

// Run releases a chat.
func (r *chatRelease) Run(c *console) error {
	confirmation := fmt.Sprintf("The assistant may speak in chat %d.", r.ID)

	return showChanged(c, &r.remote, confirmation, func(api *apiClient) (*http.Response, error) {
		return api.ReleaseChat(c.ctx, api.workspace, r.ID, nil)
	})
}

// showChanged makes a request that changes a chat, writes the confirmation, and shows the chat.
func showChanged(c *console, r *remote, confirmation string, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, changed *chatView) error {
		fmt.Fprintf(c.out, "%s\n\n", confirmation)
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

		deliveries, err := s.fetchDeliveries(api)
		if err != nil {
			return err
		}

		authors, err := s.fetchAuthors(api, shown.MemberID)
		if err != nil {
			return err
		}

		shown.show(c)

		newest := conversation{
			messages:   messages.Items,
			more:       messages.NextCursor != nil,
			deliveries: deliveries,
			authors:    authors,
		}
		newest.show(c)

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

// fetchDeliveries returns the newest deliveries of the chat by their ids.
func (s *chatShow) fetchDeliveries(api *apiClient) (map[string]*client.Delivery, error) {
	listed, err := fetchList[client.Delivery](api, listing{Limit: longestPage}, s.askDeliveries)
	if err != nil {
		return nil, err
	}

	deliveries := map[string]*client.Delivery{}
	for i := range listed.Items {
		deliveries[listed.Items[i].ID] = &listed.Items[i]
	}

	return deliveries, nil
}

// fetchAuthors returns the names and roles of the chat's participants by their members' ids.
func (s *chatShow) fetchAuthors(api *apiClient, customer int64) (map[int64]string, error) {
	listed, err := fetchList[client.Participant](api, listing{Limit: longestPage}, s.askParticipants)
	if err != nil {
		return nil, err
	}

	authors := map[int64]string{}

	for i := range listed.Items {
		participant := &listed.Items[i]

		role := string(participant.Role)
		if participant.MemberID == customer {
			role = "customer"
		}

		authors[participant.MemberID] = makePrintable(fmt.Sprintf("%s (%s)", participant.MemberName, role))
	}

	return authors, nil
}

// askParticipants asks who takes part in the chat.
func (s *chatShow) askParticipants(api *apiClient, at position) (*http.Response, error) {
	return api.ListParticipants(
		api.ctx,
		api.workspace,
		s.ID,
		&client.ListParticipantsParams{Limit: at.limit, Cursor: at.cursor},
	)
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
	f.say("member", "%s", c.formatMember())
	f.say("needs response", "%s", c.formatNeed())

	if c.TakenOverBy != nil {
		f.say("taken over", "by member %d, %s", *c.TakenOverBy, formatTime(client.ValueOf(c.TakenOverAt)))
	}

	f.say("title", "%s", makePrintable(c.Title))
	f.say("summary", "%s", makePrintable(c.Summary))
	f.say("labels", "%s", strings.Join(names, ", "))
	f.say("last activity", "%s (%s ago)", formatTime(c.LastActivityAt), formatAge(c.LastActivityAt))
}

// conversation are the newest messages of a chat.
type conversation struct {
	// messages are the newest ones, the newest first. more is set when there are older ones.
	messages []client.Message
	more     bool
	// deliveries are by their ids, authors by their members' ids.
	deliveries map[string]*client.Delivery
	authors    map[int64]string
}

// show writes the messages, the oldest first as they are read.
func (t *conversation) show(c *console) {
	switch {
	case len(t.messages) == 0:
		fmt.Fprintln(c.out, "\nno messages yet")
		return
	case t.more:
		c.showHeading(fmt.Sprintf("The newest %d messages; --messages shows more", len(t.messages)))
	default:
		c.showHeading("Its messages")
	}

	for i := len(t.messages) - 1; i >= 0; i-- {
		m := &t.messages[i]
		fmt.Fprintf(c.out, "  %s  %s: %s\n", formatTime(m.CreatedAt), t.nameAuthor(m), shortenText(m.Content, 200))

		if m.DeliveryID != nil {
			t.showDelivery(c, m)
		}
	}
}

// nameAuthor returns the name of a message's author if they take part in the chat, and else the message's role.
func (t *conversation) nameAuthor(m *client.Message) string {
	return cmp.Or(t.authors[client.ValueOf(m.MemberID)], makePrintable(string(m.Role)))
}

// showDelivery writes the status of a message's delivery and its recipient, who need not be the customer.
func (t *conversation) showDelivery(c *console, m *client.Message) {
	delivery, known := t.deliveries[*m.DeliveryID]
	if !known {
		fmt.Fprintf(c.out, "    %s, delivery %s\n", makePrintable(string(m.State)), makePrintable(*m.DeliveryID))
		return
	}

	fmt.Fprintf(
		c.out,
		"    to %s: %s, delivery %s\n",
		makePrintable(delivery.To),
		makePrintable(string(delivery.Status)),
		makePrintable(delivery.ID),
	)
}
