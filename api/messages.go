package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// messageJSON is a message in OpenAI's shape, with what Handrail knows beside it.
type messageJSON struct {
	ID         int64             `json:"id"`
	UUID       chat.MessageID    `json:"uuid" format:"uuid"`
	Role       chat.MessageRole  `json:"role" enum:"user,assistant"`
	Content    string            `json:"content"`
	SentText   string            `json:"sent_text,omitempty" doc:"With expand=delivery: the text of an SMS as it is posted, if that is not content itself."`
	Original   string            `json:"original,omitempty" doc:"All that an email held, when quotations were trimmed from content."`
	Earlier    []earlierTextJSON `json:"earlier_texts,omitempty" doc:"What content was before retries changed it, the oldest first."`
	Automatic  *automaticJSON    `json:"automatic,omitempty" doc:"Why it is marked as a machine's. It then asks for no response."`
	Files      []fileJSON        `json:"files,omitempty" doc:"What came with it, at most 100."`
	Undecoded  string            `json:"undecoded,omitempty" doc:"The character set that a part of it could not be decoded from."`
	ToolCalls  []messageCallJSON `json:"tool_calls,omitempty"`
	State      chat.MessageState `json:"state" enum:"received,pending,sent,not_sent"`
	MemberID   *chat.MemberID    `json:"member_id" doc:"Who wrote it, when it is known. trust says how well."`
	Trust      *trustJSON        `json:"trust,omitempty" doc:"What shows that a message that came in is by its author."`
	WrittenBy  chat.MemberID     `json:"written_by,omitempty" doc:"Who entered it in the name of member_id."`
	Rating     *ratingJSON       `json:"rating,omitempty"`
	DeliveryID chat.DeliveryID   `json:"delivery_id,omitempty" format:"uuid" doc:"The newest delivery of an assistant's message."`
	AskID      chat.QuestionID   `json:"ask_id,omitempty" format:"uuid" doc:"The question to a contributor that this message puts, or answers."`
	CreatedAt  time.Time         `json:"created_at"`
	Member     *memberJSON       `json:"member,omitempty" doc:"With expand=member: whom member_id names."`
	Delivery   *DeliveryJSON     `json:"delivery,omitempty" doc:"With expand=delivery: the one that delivery_id names."`
}

type messageCallJSON struct {
	ID       string          `json:"id"`
	Type     string          `json:"type" enum:"function"`
	Function newFunctionJSON `json:"function"`
	ToolCallStandingJSON
}

// earlierTextJSON is a text that a message had before a retry has changed it.
type earlierTextJSON struct {
	Content    string          `json:"content"`
	DeliveryID chat.DeliveryID `json:"delivery_id" format:"uuid" doc:"The delivery that had it, whose status says whether it has left."`
	MemberID   chat.MemberID   `json:"member_id" doc:"Who changed it; 0 if the provider had the text before it, and the retry was canceled."`
	ChangedAt  time.Time       `json:"changed_at"`
}

func presentEarlierText(e *chat.EarlierText) earlierTextJSON {
	return earlierTextJSON{
		Content:    e.Content,
		DeliveryID: e.DeliveryID,
		MemberID:   e.ChangedBy,
		ChangedAt:  e.ChangedAt.UTC(),
	}
}

type ratingJSON struct {
	Rating   int           `json:"rating" minimum:"1" maximum:"5"`
	Comment  string        `json:"comment,omitempty"`
	MemberID chat.MemberID `json:"member_id"`
	RatedAt  time.Time     `json:"rated_at"`
}

func presentMessage(m chat.Message) messageJSON {
	shown := messageJSON{
		ID:         m.Number,
		UUID:       m.ID,
		Role:       m.Role,
		Content:    m.Content,
		Original:   m.Original,
		Automatic:  presentAutomatic(m.Automatic),
		Files:      presentFiles(m.Files),
		Undecoded:  m.Undecoded,
		State:      m.State,
		MemberID:   m.MemberID,
		Trust:      presentTrust(m.Trust),
		WrittenBy:  m.WrittenBy,
		DeliveryID: m.DeliveryID,
		AskID:      m.AskID,
		CreatedAt:  m.CreatedAt.UTC(),
	}

	for i := range m.EarlierTexts {
		shown.Earlier = append(shown.Earlier, presentEarlierText(&m.EarlierTexts[i]))
	}

	for _, c := range m.ToolCalls {
		shown.ToolCalls = append(shown.ToolCalls, messageCallJSON{
			ID:                   c.ID,
			Type:                 "function",
			Function:             newFunctionJSON{Name: c.Name, Arguments: string(c.Arguments)},
			ToolCallStandingJSON: standingOf(&c),
		})
	}

	if r := m.Rating; r != nil {
		shown.Rating = &ratingJSON{
			Rating:   r.Value,
			Comment:  r.Comment,
			MemberID: r.By,
			RatedAt:  r.At.UTC(),
		}
	}

	return shown
}

var exampleInbound = messageJSON{
	ID:        1040,
	UUID:      exampleMessage,
	Role:      chat.RoleUserMessage,
	Content:   "Where is my order?",
	State:     chat.MessageReceived,
	MemberID:  new(chat.MemberID(42)),
	CreatedAt: exampleTime,
}

func exampleRated() messageJSON {
	call := chat.ToolCall{
		ID:        "call_1",
		Name:      chat.ToolAddLabel,
		Arguments: json.RawMessage(`{"label":"vip"}`),
		State:     chat.ToolCallSucceeded,
	}

	rating := &chat.Rating{
		Value:   5,
		Comment: "Quick and clear.",
		By:      42,
		At:      exampleTime,
	}

	return presentMessage(chat.Message{
		Number:     1041,
		ID:         exampleMessage,
		Role:       chat.RoleAssistantMessage,
		Content:    "Your order is on its way.",
		State:      chat.MessageSent,
		MemberID:   new(chat.MemberID(2)),
		DeliveryID: exampleDelivery,
		CreatedAt:  exampleTime,
		ToolCalls:  []chat.ToolCall{call},
		Rating:     rating,
	})
}

// newMessageJSON is a message by a member.
type newMessageJSON struct {
	Content  string        `json:"content" minLength:"1" doc:"1 to 100,000 characters; 1,600 on SMS." example:"Where is my order?"`
	MemberID chat.MemberID `json:"member_id,omitempty" minimum:"1" doc:"The key's own member when left out; another one needs chats:write."`
}

// newRatingJSON is an opinion of an assistant's message.
type newRatingJSON struct {
	Rating  ratingValue `json:"rating" doc:"1 to 5; up is 5 and down is 1."`
	Comment string      `json:"comment,omitempty" maxLength:"2000"`
}

// ratingValue is 1 to 5; it is read from "up" and "down" too.
type ratingValue int

// Schema is asked by huma.
func (ratingValue) Schema(huma.Registry) *huma.Schema {
	lowest, highest := 1.0, 5.0

	return &huma.Schema{OneOf: []*huma.Schema{
		{
			Type:    huma.TypeInteger,
			Format:  "int64",
			Minimum: &lowest,
			Maximum: &highest,
		},
		{Type: huma.TypeString, Enum: []any{"up", "down"}},
	}}
}

// UnmarshalJSON reads what the schema has let through.
func (v *ratingValue) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"up"`:
		*v = 5
	case `"down"`:
		*v = 1
	default:
		return json.Unmarshal(data, (*int)(v))
	}

	return nil
}

func (s *service) messageRoutes() {
	registerRoute(s, s.listMessages, route{
		method:      http.MethodGet,
		path:        "/chats/{chat_id}/messages",
		access:      ownOr(chat.ScopeChatsRead),
		withChat:    true,
		id:          "listMessages",
		tag:         tagChats,
		summary:     "List messages",
		answer:      listOf(exampleRated()),
		description: "The newest first, in OpenAI's shape. Either `cursor` or `offset`, not both.",
	})

	registerRoute(s, s.createMessage, route{
		method:      http.MethodPost,
		path:        "/chats/{chat_id}/messages",
		access:      ownOr(chat.ScopeChatsWrite),
		withChat:    true,
		id:          "createMessage",
		tag:         tagChats,
		summary:     "Post a message as a member",
		status:      http.StatusCreated,
		answer:      exampleInbound,
		description: "The chat then needs a response.",
		request:     newMessageJSON{Content: "Where is my order?"},
		problems:    []chat.Code{chat.CodeMessageTooLong, chat.CodeMemberNotFound},
	})

	registerRoute(s, s.rateMessage, route{
		method:   http.MethodPost,
		path:     "/chats/{chat_id}/messages/{message_uuid}/rate",
		access:   ownOr(chat.ScopeChatsWrite),
		withChat: true,
		id:       "rateMessage",
		tag:      tagChats,
		summary:  "Rate a message",
		answer:   exampleRated(),
		request:  newRatingJSON{Rating: 5, Comment: "Quick and clear."},
		problems: []chat.Code{chat.CodeMessageNotFound, chat.CodeNotRatable},
	})
}

type listMessagesInput struct {
	Paging
	Expand []string `query:"expand" enum:"member,delivery" doc:"What to bring along, with commas: member, with the scope members:read, and delivery, with deliveries:read."`
	Offset int      `query:"offset" minimum:"0" maximum:"1000000000" doc:"How many of the newest to leave out."`
}

func (s *service) listMessages(ctx context.Context, in *listMessagesInput) (*listOutput[messageJSON], error) {
	c := callFrom(ctx)

	if in.Cursor != "" && in.Offset != 0 {
		return nil, chat.Invalid("query.offset", "must not be given with a cursor")
	}

	if err := checkExpand(c, in.Expand); err != nil {
		return nil, err
	}

	part, err := s.store.Messages(ctx, c.workspace(), c.chat.ID, chat.MessagePage{Page: in.page(), Offset: in.Offset})
	if err != nil {
		return nil, err
	}

	members, err := s.expandMembers(ctx, in.Expand, listIDs(part.Items, getAuthor))
	if err != nil {
		return nil, err
	}

	newest := listIDs(part.Items, func(m *chat.Message) chat.DeliveryID { return m.DeliveryID })
	deliveries, err := s.expandDeliveries(ctx, in.Expand, newest)

	return presentList(part, err, func(m chat.Message) messageJSON {
		shown := presentMessage(m)
		shown.Member = members[getAuthor(&m)]

		if d := deliveries[m.DeliveryID]; d != nil {
			shown.Delivery = new(presentDelivery(*d))
			shown.SentText = d.SentText(m.Content)
		}

		return shown
	})
}

type createMessageInput struct{ Body newMessageJSON }

type messageOutput struct{ Body messageJSON }

func (s *service) createMessage(ctx context.Context, in *createMessageInput) (*created[messageJSON], error) {
	c := callFrom(ctx)

	author := in.Body.MemberID
	if author == 0 {
		author = c.principal.MemberID
	}

	if author != c.principal.MemberID && !c.principal.May(chat.ScopeChatsWrite) {
		return nil, chat.Errorf(
			chat.CodeForbidden,
			"writing as another member needs the scope %s",
			chat.ScopeChatsWrite,
		)
	}

	if err := chat.CheckText("content", in.Body.Content, c.chat.Channel.Spec().MaxMessage); err != nil {
		return nil, err
	}

	made, err := s.store.AddMessage(
		ctx,
		c.workspace(),
		c.chat.ID,
		chat.NewMessage{
			MemberID: author,
			Content:  in.Body.Content,
			By:       c.actor(),
		},
	)
	if err != nil {
		return nil, err
	}

	s.chatChanged(c.workspace(), c.chat.ID)

	return &created[messageJSON]{
		Location: c.path(fmt.Sprintf("/chats/%d/messages", c.chat.ID)),
		Body:     presentMessage(made),
	}, nil
}

type rateMessageInput struct {
	MessageID chat.MessageID `inPath:"message_uuid"`
	Body      newRatingJSON
}

func (s *service) rateMessage(ctx context.Context, in *rateMessageInput) (*messageOutput, error) {
	c := callFrom(ctx)

	rated, err := s.store.RateMessage(
		ctx,
		c.workspace(),
		c.actor(),
		c.chat.ID,
		in.MessageID,
		chat.Rating{
			Value:   int(in.Body.Rating),
			Comment: in.Body.Comment,
			By:      c.principal.MemberID,
			At:      time.Now(),
		},
	)
	if err != nil {
		return nil, err
	}

	return &messageOutput{Body: presentMessage(rated)}, nil
}
