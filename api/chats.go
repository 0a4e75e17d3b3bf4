package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// chatJSON is a chat.
type chatJSON struct {
	ID                chat.ChatID         `json:"id"`
	Channel           channelJSON         `json:"channel"`
	State             chat.State          `json:"state" enum:"open,waiting,closed,archived"`
	Title             string              `json:"title"`
	MemberID          chat.MemberID       `json:"member_id" doc:"Whom the assistant's messages go to."`
	MemberName        string              `json:"member_name"`
	AssistantMemberID *chat.MemberID      `json:"assistant_member_id" doc:"Who speaks as the assistant."`
	PhoneNumberID     *chat.PhoneNumberID `json:"phone_number_id" doc:"What messages are sent from on phone-sms."`
	InboxID           *chat.InboxID       `json:"inbox_id" doc:"What messages are sent from on email."`
	NeedsResponse     bool                `json:"needs_response"`
	NeedsReason       string              `json:"needs_response_reason,omitempty" doc:"Why, when it was not a message that came in."`
	Summary           string              `json:"summary"`
	PointsJSON
	SummaryModel     string               `json:"summary_model" doc:"offline, a model's name, or person; empty for none."`
	SummaryUpdatedAt *time.Time           `json:"summary_updated_at"`
	SummaryID        chat.SummaryID       `json:"summary_id,omitempty" format:"uuid" doc:"The version that the chat shows."`
	TitleEdited      bool                 `json:"title_edited" doc:"A person's: only overwrite replaces it."`
	SummaryEdited    bool                 `json:"summary_edited" doc:"A person's: only overwrite replaces it."`
	StaleBy          int                  `json:"stale_by" doc:"How many messages are newer than the summary; 1000 is that many or more."`
	Labels           []chatLabelJSON      `json:"labels"`
	SuggestedLabels  []suggestedLabelJSON `json:"suggested_labels" doc:"What a model would set if it were surer."`
	ExternalID       string               `json:"external_id" doc:"Your own id of the chat; empty when there is none."`
	Metadata         metadataJSON         `json:"metadata"`
	TakenOverBy      chat.MemberID        `json:"taken_over_by,omitempty" doc:"Who has taken the chat over: the assistant does not speak until it is released."`
	TakenOverAt      *time.Time           `json:"taken_over_at,omitempty"`
	LastActivityAt   time.Time            `json:"last_activity_at"`
	CreatedAt        time.Time            `json:"created_at"`
	UpdatedAt        time.Time            `json:"updated_at"`
	Member           *memberJSON          `json:"member,omitempty" doc:"With expand=member: whom member_id names."`
}

type chatLabelJSON struct {
	ID         chat.LabelID     `json:"id"`
	Name       string           `json:"name"`
	Color      string           `json:"color"`
	Source     chat.LabelSource `json:"source" enum:"person,tool,model" doc:"Who has set it. A model removes only what a model has set."`
	Confidence float64          `json:"confidence,omitempty" doc:"How sure the model was."`
}

type suggestedLabelJSON struct {
	ID         chat.LabelID `json:"id"`
	Name       string       `json:"name"`
	Color      string       `json:"color"`
	Confidence float64      `json:"confidence"`
	Evidence   []quoteJSON  `json:"evidence" doc:"Words of the chat that speak for it."`
}

func presentChat(c chat.Chat) chatJSON {
	labels := make([]chatLabelJSON, len(c.Labels))
	for i, l := range c.Labels {
		labels[i] = chatLabelJSON{
			ID:         l.ID,
			Name:       l.Name,
			Color:      l.Color,
			Source:     l.Source,
			Confidence: l.Confidence,
		}
	}

	suggested := make([]suggestedLabelJSON, len(c.Suggested))
	for i, l := range c.Suggested {
		suggested[i] = suggestedLabelJSON{
			ID:         l.ID,
			Name:       l.Name,
			Color:      l.Color,
			Confidence: l.Confidence,
			Evidence:   presentQuotes(l.Evidence),
		}
	}

	shown := chatJSON{
		ID:                c.ID,
		Channel:           channelJSON(c.Channel),
		State:             c.State,
		Title:             c.Title,
		MemberID:          c.MemberID,
		MemberName:        c.MemberName,
		AssistantMemberID: c.AssistantMemberID,
		PhoneNumberID:     c.PhoneNumberID,
		InboxID:           c.InboxID,
		NeedsResponse:     c.NeedsResponse,
		NeedsReason:       c.AttentionReason,
		Summary:           c.Summary,
		SummaryModel:      c.SummaryModel,
		SummaryUpdatedAt:  chat.UTC(c.SummaryUpdatedAt),
		Labels:            labels,
		PointsJSON:        presentPoints(c.Points),
		SummaryID:         c.SummaryID,
		TitleEdited:       c.TitleEdited,
		SummaryEdited:     c.SummaryEdited,
		StaleBy:           c.StaleBy,
		SuggestedLabels:   suggested,
		ExternalID:        c.ExternalID,
		Metadata:          presentMetadata(c.Metadata),
		LastActivityAt:    c.LastActivityAt.UTC(),
		CreatedAt:         c.CreatedAt.UTC(),
		UpdatedAt:         c.UpdatedAt.UTC(),
	}

	if c.Takeover != nil {
		shown.TakenOverBy = c.Takeover.By
		shown.TakenOverAt = chat.UTC(&c.Takeover.At)
	}

	return shown
}

var exampleChat = chatJSON{
	ID:                7,
	Channel:           channelJSON(chat.ChannelSMS),
	State:             chat.StateOpen,
	Title:             "Late delivery",
	MemberID:          42,
	MemberName:        "Ana Lopez",
	AssistantMemberID: new(chat.MemberID(2)),
	PhoneNumberID:     new(chat.PhoneNumberID(1)),
	NeedsResponse:     true,
	Summary:           "Ana asks where her order is.",
	SummaryModel:      "offline",
	SummaryUpdatedAt:  &exampleTime,
	SummaryID:         exampleSummary,
	PointsJSON:        presentPoints(examplePoints),
	StaleBy:           2,
	Labels: []chatLabelJSON{
		{
			ID:     3,
			Name:   "vip",
			Color:  "#3366ff",
			Source: chat.LabelByPerson,
		},
		{
			ID:         5,
			Name:       "late delivery",
			Source:     chat.LabelByModel,
			Confidence: 0.9,
		},
	},
	SuggestedLabels: []suggestedLabelJSON{{
		ID:         8,
		Name:       "refund",
		Confidence: 0.4,
		Evidence:   presentQuotes(exampleQuotes),
	}},
	ExternalID:     "ticket-4711",
	Metadata:       metadataJSON{"queue": "returns"},
	LastActivityAt: exampleTime,
	CreatedAt:      exampleTime,
	UpdatedAt:      exampleTime,
}

// newChatJSON begins a chat.
type newChatJSON struct {
	Channel           channelJSON          `json:"channel"`
	MemberID          chat.MemberID        `json:"member_id" minimum:"1" doc:"Whom the assistant's messages go to; becomes an owner of the chat."`
	AssistantMemberID *chat.MemberID       `json:"assistant_member_id,omitempty" minimum:"1" doc:"Who speaks as the assistant."`
	PhoneNumberID     *chat.PhoneNumberID  `json:"phone_number_id,omitempty" minimum:"1" doc:"What messages are sent from on phone-sms."`
	InboxID           *chat.InboxID        `json:"inbox_id,omitempty" minimum:"1" doc:"What messages are sent from on email."`
	Participants      []newParticipantJSON `json:"participants,omitempty" maxItems:"100" doc:"Who else takes part."`
	Title             string               `json:"title,omitempty" maxLength:"200"`
	ExternalID        clearableJSON        `json:"external_id,omitzero" maxLength:"255" doc:"Your own id, unique among the chats: visible characters. null and empty are none."`
	Metadata          metadataJSON         `json:"metadata,omitempty"`
}

// chatPatchJSON changes a chat.
type chatPatchJSON struct {
	Title             *string             `json:"title,omitempty" nullable:"true" maxLength:"200"`
	Summary           *string             `json:"summary,omitempty" nullable:"true" maxLength:"4000" doc:"Stands until a summary is asked for with overwrite, as the title does."`
	State             *chat.State         `json:"state,omitempty" enum:"open,waiting,closed,archived"`
	AssistantMemberID *chat.MemberID      `json:"assistant_member_id,omitempty" nullable:"true" minimum:"1"`
	PhoneNumberID     *chat.PhoneNumberID `json:"phone_number_id,omitempty" nullable:"true" minimum:"1"`
	InboxID           *chat.InboxID       `json:"inbox_id,omitempty" nullable:"true" minimum:"1"`
	NeedsResponse     *bool               `json:"needs_response,omitempty"`
	LabelIDs          *[]chat.LabelID     `json:"label_ids,omitempty" minimum:"1" maxItems:"100" uniqueItems:"true" doc:"Replaces the labels."`
	ExternalID        clearableJSON       `json:"external_id,omitzero" maxLength:"255" doc:"Your own id of the chat; null or empty takes it away."`
	Metadata          metadataPatchJSON   `json:"metadata,omitempty"`
}

func (s *service) chatRoutes() {
	s.sendRoutes()
	s.previewRoutes()
	s.summarizeRoutes()
	s.takeoverRoutes()

	registerRoute(s, s.createChat, route{
		method:  http.MethodPost,
		path:    "/chats",
		access:  withScope(chat.ScopeChatsWrite),
		id:      "createChat",
		tag:     tagChats,
		summary: "Create a chat",
		status:  http.StatusCreated,
		answer:  exampleChat,
		request: newChatJSON{
			Channel:           channelJSON(chat.ChannelSMS),
			MemberID:          42,
			AssistantMemberID: new(chat.MemberID(2)),
			PhoneNumberID:     new(chat.PhoneNumberID(1)),
			Participants:      []newParticipantJSON{{MemberID: 5, Role: chat.ParticipantOperator}},
			Title:             "Late delivery",
			ExternalID:        newClearable("ticket-4711"),
			Metadata:          metadataJSON{"queue": "returns"},
		},
		problems: []chat.Code{
			chat.CodeExternalIDTaken,
			chat.CodeMemberNotFound,
			chat.CodeAssistantNotFound,
			chat.CodeSenderNotFound,
			chat.CodeParticipantExists,
		},
		codes: map[string]chat.Code{"participants[].role": chat.CodeInvalidRole},
	})

	registerRoute(s, s.listChats, route{
		method:      http.MethodGet,
		path:        "/chats",
		access:      withScope(chat.ScopeChatsRead),
		id:          "listChats",
		tag:         tagChats,
		summary:     "List chats",
		description: "The newest activity first.",
		answer:      listOf(exampleChat),
	})

	registerRoute(s, s.getChat, route{
		method:   http.MethodGet,
		path:     "/chats/{chat_id}",
		access:   ownOr(chat.ScopeChatsRead),
		withChat: true,
		id:       "getChat",
		tag:      tagChats,
		summary:  "Get a chat",
		answer:   exampleChat,
	})

	s.chatChangeRoutes()
	s.chatToolRoutes()
}

// chatChangeRoutes registers the routes that update and delete a chat.
func (s *service) chatChangeRoutes() {
	registerRoute(s, s.updateChat, route{
		method:      http.MethodPatch,
		path:        "/chats/{chat_id}",
		access:      withScope(chat.ScopeChatsWrite),
		withChat:    true,
		id:          "updateChat",
		tag:         tagChats,
		summary:     "Update a chat",
		description: "Fields that are left out stay as they are. " + aboutMetadata,
		answer:      exampleChat,
		request: chatPatchJSON{
			Title:         new("Late delivery"),
			State:         new(chat.StateWaiting),
			NeedsResponse: new(false),
			LabelIDs:      &[]chat.LabelID{3},
		},
		problems: []chat.Code{
			chat.CodeMemberNotFound,
			chat.CodeAssistantNotFound,
			chat.CodeSenderNotFound,
			chat.CodeLabelNotFound,
			chat.CodeExternalIDTaken,
		},
	})

	registerRoute(s, s.deleteChat, route{
		method:   http.MethodDelete,
		path:     "/chats/{chat_id}",
		access:   withScope(chat.ScopeChatsWrite),
		withChat: true,
		id:       "deleteChat",
		tag:      tagChats,
		summary:  "Delete a chat",
		description: "Its questions to contributors end. 409 `open_actions` while sends or retries are going on in " +
			"it: each `field` of `errors` is `action:` and the action's id. `cancel=true` cancels them first, and " +
			"answers 200 with what became of them; 204 when there was nothing to cancel.",
		answer: chatDeletedJSON{
			Canceled: []openActionJSON{{
				ActionID: exampleAction,
				Kind:     "send_assistant_message",
				Status:   "pending",
			}},
			MayHaveLeft: []openActionJSON{},
		},
		emptyToo: true,
		problems: []chat.Code{chat.CodeOpenActions},
	})
}

func (s *service) chatToolRoutes() {
	offered := exampleTool

	registerRoute(s, s.listChatTools, route{
		method:   http.MethodGet,
		path:     "/chats/{chat_id}/tools",
		access:   withScope(chat.ScopeChatsRead),
		withChat: true,
		id:       "listChatTools",
		tag:      tagChats,
		summary:  "List the tools of a chat",
		answer:   listOf(presentTool(offered.Tools()[0])),
		description: "What may stand in `tool_calls`, by name: the built-in tools, and those of enabled " +
			"definitions, as far as the chat's assistant may use them.",
	})
}

type createChatInput struct{ Body newChatJSON }

type chatOutput struct{ Body chatJSON }

func (s *service) createChat(ctx context.Context, in *createChatInput) (*created[chatJSON], error) {
	c := callFrom(ctx)
	b := in.Body

	asked := chat.NewChat{
		Channel:           chat.Channel(b.Channel),
		Title:             b.Title,
		MemberID:          b.MemberID,
		AssistantMemberID: b.AssistantMemberID,
		PhoneNumberID:     b.PhoneNumberID,
		InboxID:           b.InboxID,
		ExternalID:        b.ExternalID.Text,
		Metadata:          chat.Metadata(b.Metadata),
	}

	for _, p := range b.Participants {
		asked.Participants = append(asked.Participants, p.domain())
	}

	if err := asked.Validate(); err != nil {
		return nil, err
	}

	made, err := s.store.CreateChat(ctx, c.workspace(), c.actor(), asked)
	if err != nil {
		return nil, err
	}

	return &created[chatJSON]{Location: c.path(fmt.Sprintf("/chats/%d", made.ID)), Body: presentChat(made)}, nil
}

// optional is a parameter of which it matters whether it was given.
type optional[T any] struct {
	Value T
	IsSet bool
}

// Schema is asked by huma.
func (optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver is asked by huma for what to read the parameter into.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(o).Elem().Field(0) }

// OnParamSet is told by huma whether the parameter was given.
func (o *optional[T]) OnParamSet(isSet bool, _ any) { o.IsSet = isSet }

func (o *optional[T]) pointer() *T {
	if !o.IsSet {
		return nil
	}

	return &o.Value
}

type listChatsInput struct {
	Paging
	Expand        []string       `query:"expand" enum:"member" doc:"What to bring along: member, with the scope members:read."`
	NeedsResponse optional[bool] `query:"needs_response"`
	Needs         chat.Matter    `query:"needs" enum:"response,attention,possible_opt_out" doc:"response: the customer has written. possible_opt_out: they may have opted out. attention: another reason."`
	Sort          string         `query:"sort" enum:"last_activity_at,-last_activity_at,created_at,-created_at,updated_at,-updated_at" doc:"With - the newest first."`
	Channel       []channelJSON  `query:"channel" doc:"By any of these."`
	State         []chat.State   `query:"state" enum:"open,waiting,closed,archived" doc:"In any of these."`
	UpdatedSince  time.Time      `query:"updated_since" doc:"Changed then or later."`
	Label         string         `query:"label" maxLength:"50" doc:"A label's name."`
	MemberID      chat.MemberID  `query:"member_id" minimum:"1" doc:"Whom the assistant's messages go to."`
	MemberIDAlias chat.MemberID  `query:"memberId" minimum:"1" deprecated:"true" doc:"Another name of member_id."`
	Query         string         `query:"q" maxLength:"200" doc:"A part of the title, the summary or a message."`
	ExternalID    string         `query:"external_id" maxLength:"255" doc:"Your own id of the chat." example:"ticket-4711"`
}

func (s *service) listChats(ctx context.Context, in *listChatsInput) (*listOutput[chatJSON], error) {
	page, err := in.sortedPage(in.Sort)
	if err != nil {
		return nil, err
	}

	if err := checkExpand(callFrom(ctx), in.Expand); err != nil {
		return nil, err
	}

	part, err := s.store.Chats(ctx, callFrom(ctx).workspace(), chat.ChatFilter{
		NeedsResponse: in.NeedsResponse.pointer(),
		Needs:         in.Needs,
		Channels:      wordsOf[chat.Channel](in.Channel),
		States:        in.State,
		UpdatedSince:  timeIfGiven(in.UpdatedSince),
		Label:         in.Label,
		MemberID:      cmp.Or(in.MemberID, in.MemberIDAlias),
		Query:         in.Query,
		ExternalID:    in.ExternalID,
		Page:          page,
	})
	if err != nil {
		return nil, err
	}

	with := listIDs(part.Items, func(c *chat.Chat) chat.MemberID { return c.MemberID })
	members, err := s.expandMembers(ctx, in.Expand, with)

	return presentList(part, err, func(c chat.Chat) chatJSON {
		shown := presentChat(c)
		shown.Member = members[c.MemberID]

		return shown
	})
}

type getChatInput struct {
	Expand []string `query:"expand" enum:"member" doc:"What to bring along: member, with the scope members:read."`
}

func (s *service) getChat(ctx context.Context, in *getChatInput) (*chatOutput, error) {
	c := callFrom(ctx)

	if err := checkExpand(c, in.Expand); err != nil {
		return nil, err
	}

	found, err := s.store.Chat(ctx, c.workspace(), c.chat.ID)
	if err != nil {
		return nil, err
	}

	members, err := s.expandMembers(ctx, in.Expand, []chat.MemberID{found.MemberID})
	if err != nil {
		return nil, err
	}

	shown := presentChat(found)
	shown.Member = members[found.MemberID]

	return &chatOutput{Body: shown}, nil
}

type updateChatInput struct{ Body chatPatchJSON }

func (s *service) updateChat(ctx context.Context, in *updateChatInput) (*chatOutput, error) {
	c := callFrom(ctx)
	b := in.Body

	patch := chat.ChatPatch{
		Title:             b.Title,
		Summary:           b.Summary,
		State:             b.State,
		AssistantMemberID: b.AssistantMemberID,
		PhoneNumberID:     b.PhoneNumberID,
		InboxID:           b.InboxID,
		NeedsResponse:     b.NeedsResponse,
		LabelIDs:          b.LabelIDs,
		ExternalID:        b.ExternalID.pointer(),
		Metadata:          chat.MetadataPatch(b.Metadata),
	}

	senders := chat.NewChat{
		Channel:       c.chat.Channel,
		MemberID:      c.chat.MemberID,
		PhoneNumberID: chat.IDIfGiven(b.PhoneNumberID),
		InboxID:       chat.IDIfGiven(b.InboxID),
	}

	if err := senders.Validate(); err != nil {
		return nil, err
	}

	return shownChat(s.store.UpdateChat(ctx, c.workspace(), c.actor(), c.chat.ID, patch))
}
