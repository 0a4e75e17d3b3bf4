package client

// TEMPORARY: replaced when branch hS (sessions in the API) is merged. Do not build on its inside.

import "context"

type Session struct {
	MemberID      int64
	MemberName    string
	Scopes        []Scope
	WorkspaceName *string
}

type CreateSessionParams struct{}

type stubKey struct{ Key *string }

type stubCreated struct{ JSON201 *stubKey }

type stubSession struct{ JSON200 *Session }

func (a *API) CreateSessionWithResponse(ctx context.Context, ws string, _ *CreateSessionParams) (*stubCreated, error) {
	if _, err := a.GetStatusWithResponse(ctx, ws); err != nil {
		return nil, err
	}

	return &stubCreated{&stubKey{&a.StubKey}}, nil
}

func (a *API) GetSessionWithResponse(ctx context.Context, ws string) (*stubSession, error) {
	all := []Scope{}
	for _, area := range []string{"chats", "members", "labels", "tools", "deliveries", "webhooks", "keys", "workspace"} {
		all = append(all, Scope(area+":admin"))
	}

	return &stubSession{&Session{MemberID: 1, MemberName: "Ana", Scopes: all}}, nil
}

func (a *API) EndSessionWithResponse(context.Context, string) (*stubSession, error) { return nil, nil }
