package api_test

import (
	"context"
	"time"

	"handrail/chat"
)

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

func (f *fakeStore) Suppressions(
	_ context.Context,
	_ chat.WorkspaceID,
	filter chat.SuppressionFilter,
) (chat.List[chat.Suppression], error) {
	f.suppressionFilter = filter

	return chat.List[chat.Suppression]{Items: []chat.Suppression{{
		ID:            9,
		Channel:       chat.ChannelSMS,
		Sender:        "phone:1",
		SenderAddress: "+14155550100",
		Address:       "+14155550123",
		Reason:        chat.SuppressedOptOut,
		CreatedAt:     noon,
	}}}, f.fail
}

func (f *fakeStore) AddSuppression(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.NewSuppression,
) (chat.Suppression, bool, error) {
	isNew := in.Note != "again"

	return chat.Suppression{
		ID:        9,
		Channel:   in.Channel,
		Address:   in.Address,
		Reason:    chat.SuppressedManually,
		Note:      in.Note,
		CreatedAt: noon,
	}, isNew, f.change("AddSuppression")
}

func (f *fakeStore) LiftSuppression(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.SuppressionLift,
	_ time.Time,
) error {
	f.lift = in
	return f.change("LiftSuppression")
}
