package api_test

import (
	"context"

	"handrail/chat"
)

func (f *fakeStore) CreateChat(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.NewChat,
) (chat.Chat, error) {
	f.newChat = in
	return smsChat(), f.change("CreateChat")
}

func smsChat() chat.Chat {
	return chat.Chat{
		ID:               chatOne,
		WorkspaceID:      home,
		Channel:          chat.ChannelSMS,
		State:            chat.StateOpen,
		Title:            "Late delivery",
		MemberID:         42,
		Attention:        5,
		Answered:         4,
		NeedsResponse:    true,
		Summary:          "Ana asks.",
		SummaryModel:     "offline",
		SummaryUpdatedAt: &noon,
		Labels: []chat.ChatLabel{
			{Label: chat.Label{ID: 3, Name: "vip", Color: "#3366ff"}, Source: chat.LabelByPerson},
		},
		LastActivityAt: noon,
		CreatedAt:      noon,
		UpdatedAt:      noon,
	}
}

func (f *fakeStore) Chat(_ context.Context, ws chat.WorkspaceID, id chat.ChatID) (chat.Chat, error) {
	if f.chat != nil {
		return f.chat(id)
	}

	if id != chatOne || ws != home {
		return chat.Chat{}, chat.Errorf(chat.CodeChatNotFound, "there is no chat %d", id)
	}

	return smsChat(), nil
}

func (f *fakeStore) ChatHead(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	action chat.ActionID,
) (chat.ChatHead, error) {
	c, err := f.Chat(ctx, ws, id)
	if err != nil {
		return chat.ChatHead{}, err
	}

	_, err = f.Action(ctx, ws, action)

	used, _ := f.HasRequest(ctx, ws, action)

	return chat.ChatHead{
		ID:        c.ID,
		Channel:   c.Channel,
		MemberID:  c.MemberID,
		Attention: c.Attention,
		Acted:     err == nil || used,
	}, nil
}

func (f *fakeStore) Chats(_ context.Context, _ chat.WorkspaceID, filter chat.ChatFilter) (chat.List[chat.Chat], error) {
	f.chatFilter = filter
	return chat.List[chat.Chat]{Items: []chat.Chat{smsChat()}}, f.fail
}

func (f *fakeStore) UpdateChat(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.ChatID,
	patch chat.ChatPatch,
) (chat.Chat, error) {
	f.chatPatch = patch
	return smsChat(), f.change("UpdateChat")
}

func (f *fakeStore) DeleteChat(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.ChatID,
	cancel bool,
) (chat.ChatDeleted, error) {
	if f.openActions == nil {
		return chat.ChatDeleted{Workflows: []string{"action:one"}}, f.change("DeleteChat")
	}

	if !cancel {
		return chat.ChatDeleted{}, chat.RefuseOpenActions(f.openActions)
	}

	return chat.ChatDeleted{Canceled: f.openActions[:1], MayHaveLeft: f.openActions[1:]}, f.change("DeleteChat")
}

func (f *fakeStore) TakeOverChat(
	_ context.Context,
	_ chat.WorkspaceID,
	by chat.Actor,
	_ chat.ChatID,
) (chat.Chat, error) {
	c := smsChat()
	c.Takeover = &chat.Takeover{By: by.MemberID, At: noon}

	return c, f.change("TakeOverChat")
}

func (f *fakeStore) ReleaseChat(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.ChatID,
) (chat.Chat, error) {
	return smsChat(), f.change("ReleaseChat")
}

func (f *fakeStore) TakesPart(
	_ context.Context,
	_ chat.WorkspaceID,
	id chat.ChatID,
	member chat.MemberID,
) (bool, error) {
	if f.takesPart != nil {
		return f.takesPart(id, member)
	}

	return id == chatOne && member == 42, nil
}

func (f *fakeStore) Participants(context.Context, chat.WorkspaceID, chat.ChatID) ([]chat.Participant, error) {
	return f.participants, f.fail
}

func (f *fakeStore) UpdateParticipant(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.ChatID,
	_ chat.ParticipantID,
	role chat.ParticipantRole,
) (chat.Participant, error) {
	p := f.participants[0]
	p.Role = role

	return p, f.change("UpdateParticipant")
}

func (f *fakeStore) RemoveParticipant(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.ChatID,
	chat.ParticipantID,
) error {
	return f.change("RemoveParticipant")
}

func inboundMessage() chat.Message {
	return chat.Message{
		Number:    1040,
		ID:        messageOne,
		ChatID:    chatOne,
		MemberID:  new(chat.MemberID(42)),
		Role:      chat.RoleUserMessage,
		Content:   "Where is it?",
		State:     chat.MessageReceived,
		CreatedAt: noon,
	}
}

func outboundMessage() chat.Message {
	m := inboundMessage()
	m.Number = 1041
	m.Role = chat.RoleAssistantMessage
	m.Content = "On its way."
	m.State = chat.MessageSent
	m.DeliveryID = deliveryID
	m.ToolCalls = []chat.ToolCall{{
		ID:        "call_1",
		Name:      "add_label",
		Arguments: []byte(`{"label":"vip"}`),
		State:     chat.ToolCallSucceeded,
		Result:    []byte(`{}`),
	}}

	return m
}

func (f *fakeStore) Messages(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.ChatID,
	page chat.MessagePage,
) (chat.List[chat.Message], error) {
	f.messagePage = page
	if f.messages != nil {
		return chat.List[chat.Message]{Items: f.messages}, f.fail
	}

	return chat.List[chat.Message]{Items: []chat.Message{outboundMessage(), inboundMessage()}, NextCursor: "older"}, f.fail
}

func (f *fakeStore) AddMessage(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.ChatID,
	in chat.NewMessage,
) (chat.Message, error) {
	f.newMessage = in
	return inboundMessage(), f.change("AddMessage")
}

func (f *fakeStore) RateMessage(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	_ chat.ChatID,
	_ chat.MessageID,
	rating chat.Rating,
) (chat.Message, error) {
	f.rating = rating
	m := outboundMessage()
	m.Rating = &rating

	return m, f.change("RateMessage")
}

func (f *fakeStore) CreateLabel(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, l chat.Label) (chat.Label, error) {
	l.ID = 3
	return l, f.change("CreateLabel")
}

func (f *fakeStore) Labels(context.Context, chat.WorkspaceID) ([]chat.Label, error) {
	return f.labels, f.fail
}

func (f *fakeStore) Label(context.Context, chat.WorkspaceID, chat.LabelID) (chat.Label, error) {
	return f.labels[0], f.fail
}

func (f *fakeStore) UpdateLabel(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.LabelID,
	chat.LabelPatch,
) (chat.Label, error) {
	return f.labels[0], f.change("UpdateLabel")
}

func (f *fakeStore) DeleteLabel(context.Context, chat.WorkspaceID, chat.Actor, chat.LabelID) error {
	return f.change("DeleteLabel")
}
