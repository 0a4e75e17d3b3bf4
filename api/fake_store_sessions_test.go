package api_test

import (
	"context"
	"time"

	"handrail/chat"
)

// sessionFacts are what the fake store knows of sessions.
type sessionFacts struct {
	// logIn is the last one, usedUp makes a login link used.
	logIn  chat.LogIn
	usedUp bool
}

func (f *fakeStore) CreateLogin(_ context.Context, in chat.LogIn) (chat.Key, error) {
	f.logIn = in
	k := chat.Key{ID: in.By.KeyID}

	return k.NewLogin(in.At), f.change("CreateLogin")
}

func (f *fakeStore) CreateSession(_ context.Context, in chat.LogIn) (chat.Session, error) {
	if f.usedUp {
		return chat.Session{}, chat.LoginUsed()
	}

	f.logIn = in
	made := mara()
	made.Key = made.NewSession(in.At)

	return made, f.change("CreateSession")
}

func (f *fakeStore) Session(_ context.Context, ws chat.WorkspaceID, id chat.KeyID) (chat.Session, error) {
	found := mara()
	found.WorkspaceID = ws
	found.ID = id

	return found, f.fail
}

func (f *fakeStore) EndSession(context.Context, chat.WorkspaceID, chat.Actor, time.Time) error {
	return f.change("EndSession")
}

// mara is a manager with a key.
func mara() chat.Session {
	return chat.Session{
		Key: chat.Key{
			ID:          1,
			WorkspaceID: home,
			Kind:        chat.KeyLasting,
			MemberID:    1,
			Scopes:      chat.AllScopes(),
		},
		MemberName:    "Mara Klein",
		Role:          chat.RoleManager,
		WorkspaceName: "Acme",
	}
}
