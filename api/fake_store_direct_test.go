package api_test

import (
	"cmp"
	"context"

	"handrail/chat"
)

// directFacts is what the fake store knows of messages to somebody and of defaults, and what it was last given.
type directFacts struct {
	defaults chat.WorkspaceDefaults
	upsert   chat.MemberUpsert
	// upserted reports that nobody had the external id.
	upserted bool
	// nobody has the external id that is looked for.
	nobody bool
	direct chat.DirectMessage
	place  func(chat.DirectMessage, chat.CheckFacts) (chat.DirectPlace, error)
	// placed counts how often a place was looked for.
	placed int
}

func (f *fakeStore) WorkspaceDefaults(context.Context, chat.WorkspaceID) (chat.WorkspaceDefaults, error) {
	found := f.defaults
	found.WhenTakenOver = cmp.Or(found.WhenTakenOver, chat.TakeoverRefuses)

	return found, f.fail
}

func (f *fakeStore) UpdateWorkspaceDefaults(
	_ context.Context,
	_ chat.WorkspaceID,
	by chat.Actor,
	in chat.WorkspaceDefaults,
) (chat.WorkspaceDefaults, error) {
	f.defaults = in
	in.WhenTakenOver = cmp.Or(in.WhenTakenOver, chat.TakeoverRefuses)
	in.UpdatedBy = by.MemberID
	in.UpdatedAt = &noon

	return in, f.change("UpdateWorkspaceDefaults")
}

func (f *fakeStore) UpsertMember(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.MemberUpsert,
) (chat.Member, bool, error) {
	f.upsert = in

	return ana(), f.upserted, f.changeAlone("UpsertMember")
}

func (f *fakeStore) FindOrCreatePlace(
	_ context.Context,
	_ chat.WorkspaceID,
	_ chat.Actor,
	in chat.DirectMessage,
	check chat.CheckFacts,
) (chat.DirectPlace, error) {
	f.direct = in
	f.placed++

	if f.place != nil {
		return f.place(in, check)
	}

	place := chat.DirectPlace{
		ChatID:    chatOne,
		MemberID:  42,
		Channel:   chat.ChannelSMS,
		Attention: 5,
	}

	return place, f.fail
}
