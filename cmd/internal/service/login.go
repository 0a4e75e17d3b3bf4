package service

import (
	"context"
	"time"

	"handrail/chat"
	"handrail/db"
)

// LoginLink logs a browser in once.
type LoginLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// NewLogin is what a login link is made of.
type NewLogin struct {
	WorkspaceID chat.WorkspaceID
	MemberID    chat.MemberID
	Scopes      []chat.Scope
	// Origin is where browsers reach the API, such as https://handrail.example.com.
	Origin string
}

// CreateLoginLink makes a login link as the operator. Its session stands by itself, since the operator has no key.
// Errors: those of [db.Store.CreateKey].
func CreateLoginLink(ctx context.Context, store *db.Store, by chat.Actor, in NewLogin) (LoginLink, error) {
	now := time.Now()
	secret := chat.KeyLogin.NewSecret()
	login := chat.NewLoginOf(in.MemberID, in.Scopes, now)
	login.Hint = chat.KeyHint(secret)

	if err := login.Validate(now); err != nil {
		return LoginLink{}, err
	}

	made, err := store.CreateKey(ctx, in.WorkspaceID, by, login, chat.HashKey(secret))
	if err != nil {
		return LoginLink{}, err
	}

	return LoginLink{
		URL:       chat.LoginURL(in.Origin, in.WorkspaceID, secret),
		ExpiresAt: made.ExpiresAt.UTC(),
	}, nil
}
