package api_test

import (
	"context"

	"handrail/chat"
)

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

func (f *fakeStore) CreatePhoneNumber(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	n chat.PhoneNumber,
) (chat.PhoneNumber, error) {
	n.ID = 1
	return n, f.change("CreatePhoneNumber")
}

func (f *fakeStore) PhoneNumbers(context.Context, chat.WorkspaceID) ([]chat.PhoneNumber, error) {
	return []chat.PhoneNumber{{ID: 1, Number: "+14155550100"}}, f.fail
}

func (f *fakeStore) PhoneNumber(context.Context, chat.WorkspaceID, chat.PhoneNumberID) (chat.PhoneNumber, error) {
	return chat.PhoneNumber{ID: 1, Number: "+14155550100"}, f.fail
}

func (f *fakeStore) UpdatePhoneNumber(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.PhoneNumberID,
	chat.PhoneNumberPatch,
) (chat.PhoneNumber, error) {
	return chat.PhoneNumber{ID: 1, Number: "+14155550100"}, f.change("UpdatePhoneNumber")
}

func (f *fakeStore) DeletePhoneNumber(context.Context, chat.WorkspaceID, chat.Actor, chat.PhoneNumberID) error {
	return f.change("DeletePhoneNumber")
}

func (f *fakeStore) CreateInbox(_ context.Context, _ chat.WorkspaceID, _ chat.Actor, i chat.Inbox) (chat.Inbox, error) {
	i.ID = 1
	return i, f.change("CreateInbox")
}

func (f *fakeStore) Inboxes(context.Context, chat.WorkspaceID) ([]chat.Inbox, error) {
	return []chat.Inbox{{ID: 1, Address: "support@example.com"}}, f.fail
}

func (f *fakeStore) Inbox(context.Context, chat.WorkspaceID, chat.InboxID) (chat.Inbox, error) {
	return chat.Inbox{ID: 1, Address: "support@example.com"}, f.fail
}

func (f *fakeStore) UpdateInbox(
	context.Context,
	chat.WorkspaceID,
	chat.Actor,
	chat.InboxID,
	chat.InboxPatch,
) (chat.Inbox, error) {
	return chat.Inbox{ID: 1, Address: "support@example.com"}, f.change("UpdateInbox")
}

func (f *fakeStore) DeleteInbox(context.Context, chat.WorkspaceID, chat.Actor, chat.InboxID) error {
	return f.change("DeleteInbox")
}

func (f *fakeStore) Action(_ context.Context, _ chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	if f.action != nil {
		return f.action(id)
	}

	return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeStore) SentMessage(
	_ context.Context,
	_ chat.WorkspaceID,
	id chat.ActionID,
) (chat.AssistantMessageSent, error) {
	if f.sent != nil {
		return f.sent(id)
	}

	return chat.AssistantMessageSent{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
}

func (f *fakeStore) Deliveries(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.DeliveryFilter,
) (chat.List[chat.Delivery], error) {
	f.deliveryFilter = filter
	return chat.List[chat.Delivery]{Items: []chat.Delivery{unknownDelivery()}}, f.fail
}

func unknownDelivery() chat.Delivery {
	return chat.Delivery{
		ID:           deliveryID,
		ChatID:       chatOne,
		MessageID:    messageOne,
		ActionID:     actionOne,
		Channel:      chat.ChannelSMS,
		Provider:     chat.ProviderTwilio,
		Submission:   chat.SubmissionUnknown,
		From:         "+14155550100",
		To:           "+14155550123",
		ErrorCode:    chat.ErrorTimeout,
		Fence:        1,
		UnknownSince: &noon,
		CreatedAt:    noon,
		UpdatedAt:    noon,
		Attempts: []chat.Attempt{{
			Fence:         1,
			StartedAt:     noon,
			FinishedAt:    &noon,
			GotConnection: true,
			Outcome:       chat.OutcomeUnknown,
			ErrorCode:     chat.ErrorTimeout,
		}},
		Events: []chat.ProviderEvent{
			{
				Provider:   chat.ProviderTwilio,
				Type:       "queued",
				Raw:        []byte("MessageStatus=queued"),
				ReceivedAt: noon,
			},
			{
				Provider:   chat.ProviderTwilio,
				Type:       "sent",
				Raw:        []byte(`{"event":"sent"}`),
				ReceivedAt: noon,
			},
		},
	}
}

func (f *fakeStore) Delivery(_ context.Context, _ chat.WorkspaceID, id chat.DeliveryID) (chat.Delivery, error) {
	if f.delivery != nil {
		return f.delivery(id)
	}

	return unknownDelivery(), f.fail
}

func (f *fakeStore) AuditLog(context.Context, chat.WorkspaceID, chat.Page) (chat.List[chat.AuditEntry], error) {
	return chat.List[chat.AuditEntry]{Items: []chat.AuditEntry{{
		ID:     1,
		Verb:   "member.created",
		Object: "42",
		At:     noon,
	}}}, f.fail
}

func (f *fakeStore) Ping(context.Context) error                      { return f.ping }
func (f *fakeStore) MigrationsCurrent(context.Context) (bool, error) { return !f.unmigrated, nil }
