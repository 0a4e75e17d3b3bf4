package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"handrail/chat"
)

// SessionStore keeps what browsers are logged in with.
type SessionStore interface {
	// CreateLogin and CreateSession answer CodeUnauthenticated when the key that they are made with has ended, or the
	// login link was used.
	CreateLogin(ctx context.Context, in chat.LogIn) (chat.Key, error)
	CreateSession(ctx context.Context, in chat.LogIn) (chat.Session, error)
	Session(ctx context.Context, ws chat.WorkspaceID, id chat.KeyID) (chat.Session, error)
	// EndSession may be asked twice.
	EndSession(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, now time.Time) error
}

// sessionJSON is a key, and who it speaks for.
type sessionJSON struct {
	ID            chat.KeyID         `json:"id" doc:"The id of the key."`
	Kind          chat.KeyKind       `json:"kind" enum:"key,login,session"`
	WorkspaceID   chat.WorkspaceID   `json:"workspace_id" format:"uuid"`
	WorkspaceName string             `json:"workspace_name"`
	MemberID      chat.MemberID      `json:"member_id"`
	MemberName    string             `json:"member_name"`
	Role          chat.WorkspaceRole `json:"role" enum:"manager,user" doc:"With user, the scopes count for nothing."`
	Scopes        []chat.Scope       `json:"scopes"`
	ExpiresAt     *time.Time         `json:"expires_at"`
	Key           string             `json:"key,omitempty" doc:"The session itself, when it is made, and never again: send it as an API key."`
}

func presentSession(s *chat.Session) sessionJSON {
	return sessionJSON{
		ID:            s.ID,
		Kind:          s.Kind,
		WorkspaceID:   s.WorkspaceID,
		WorkspaceName: s.WorkspaceName,
		MemberID:      s.MemberID,
		MemberName:    s.MemberName,
		Role:          s.Role,
		Scopes:        s.Scopes,
		ExpiresAt:     chat.UTC(s.ExpiresAt),
	}
}

// loginLinkJSON is a link that logs in once.
type loginLinkJSON struct {
	URL       string    `json:"url,omitempty" doc:"The console's page that logs in. It is shown once."`
	ExpiresAt time.Time `json:"expires_at"`
}

// exampleSession is a session that was just made.
func exampleSession() sessionJSON {
	expires := exampleTime.Add(chat.SessionLife)

	return sessionJSON{
		ID:            6,
		Kind:          chat.KeySession,
		WorkspaceID:   exampleWorkspace,
		WorkspaceName: "Acme",
		MemberID:      1,
		MemberName:    "Mara Klein",
		Role:          chat.RoleManager,
		Scopes:        chat.AllScopes(),
		ExpiresAt:     &expires,
	}
}

func (s *service) sessionRoutes() {
	made := exampleSession()
	made.Key = chat.SessionPrefix + "EXAMPLExEXAMPLExEXAMPLEx"

	registerRoute(s, s.createSession, route{
		method:  http.MethodPost,
		path:    "/sessions",
		access:  withUse(chat.UseLogin),
		id:      "createSession",
		tag:     tagWorkspace,
		summary: "Log in",
		status:  http.StatusCreated,
		secrets: []string{"key"},
		description: "Makes a session with an API key or the token of a login link, which counts once. It has the " +
			"member and the scopes of the key, and ends after 12 hours, with the key, or by logging out. It makes no " +
			"keys, login links or sessions. It shares the limits of the key, of which 20 sessions live at once: with " +
			"one more, the oldest ends.",
		answer: made,
	})

	registerRoute(s, s.getSession, route{
		method:      http.MethodGet,
		path:        "/session",
		access:      withUse(chat.UseSelf),
		id:          "getSession",
		tag:         tagWorkspace,
		summary:     "Get who the key speaks for",
		description: "Of an API key too.",
		answer:      exampleSession(),
	})

	registerRoute(s, s.endSession, route{
		method:      http.MethodDelete,
		path:        "/session",
		access:      withUse(chat.UseLogout),
		id:          "endSession",
		tag:         tagWorkspace,
		summary:     "Log out",
		description: "Ends the session that asks, at once. What was asked for with it stands.",
	})

	registerRoute(s, s.createLoginLink, route{
		method:  http.MethodPost,
		path:    "/login-links",
		access:  withUse(chat.UseGrant),
		id:      "createLoginLink",
		tag:     tagWorkspace,
		summary: "Create a login link",
		status:  http.StatusCreated,
		secrets: []string{"url"},
		description: "Whoever opens it within 10 minutes is logged in to the console, once, as the member and with " +
			"the scopes of the key that asks. 20 of a key live at once. Without `HANDRAIL_PUBLIC_URL`, `url` is a " +
			"path of this server.",
		answer: loginLinkJSON{
			URL:       chat.LoginURL("https://handrail.example.com", exampleWorkspace, chat.LoginPrefix+"EXAMPLExEXAMPLEx"),
			ExpiresAt: exampleTime.Add(chat.LoginLife),
		},
	})
}

type sessionOutput struct{ Body sessionJSON }

func (s *service) createSession(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
	c := callFrom(ctx)
	secret := chat.KeySession.NewSecret()

	made, err := s.store.CreateSession(ctx, chat.NewLogIn(c.workspace(), c.actor(), secret, time.Now()))
	if err != nil {
		return nil, err
	}

	shown := presentSession(&made)
	shown.Key = secret

	return &sessionOutput{Body: shown}, nil
}

func (s *service) getSession(ctx context.Context, _ *struct{}) (*sessionOutput, error) {
	c := callFrom(ctx)

	found, err := s.store.Session(ctx, c.workspace(), c.principal.KeyID)
	if err != nil {
		return nil, err
	}

	return &sessionOutput{Body: presentSession(&found)}, nil
}

func (s *service) endSession(ctx context.Context, _ *struct{}) (*struct{}, error) {
	c := callFrom(ctx)
	return nil, s.store.EndSession(ctx, c.workspace(), c.actor(), time.Now())
}

type loginLinkOutput struct{ Body loginLinkJSON }

func (s *service) createLoginLink(ctx context.Context, _ *struct{}) (*loginLinkOutput, error) {
	c := callFrom(ctx)
	secret := chat.KeyLogin.NewSecret()

	made, err := s.store.CreateLogin(ctx, chat.NewLogIn(c.workspace(), c.actor(), secret, time.Now()))
	if err != nil {
		return nil, err
	}

	return &loginLinkOutput{Body: loginLinkJSON{
		URL:       chat.LoginURL(strings.TrimSuffix(s.eventBase, basePath), c.workspace(), secret),
		ExpiresAt: made.ExpiresAt.UTC(),
	}}, nil
}
