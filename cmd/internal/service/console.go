package service

import (
	"cmp"
	"context"
	"errors"
	"time"

	"handrail/chat"
	"handrail/console"
)

// newConsole makes the console, which calls the API through l.
func (s *Service) newConsole(l *innerListener) (*console.Handler, error) {
	return console.New(s.newConsoleConfig(l))
}

func (s *Service) newConsoleConfig(l *innerListener) console.Config {
	return console.Config{
		API:             "http://127.0.0.1",
		Doer:            l.newDoer(),
		Logger:          s.logger,
		Version:         Version,
		Sandbox:         s.Pages.Sandbox,
		Temporal:        cmp.Or(s.Pages.Temporal, s.config.TemporalPages()),
		OpenID:          s.newOpenID(),
		ShowsComponents: s.Pages.ShowsComponents,
	}
}

// newOpenID returns how members log in by OpenID Connect, nil if they do not.
func (s *Service) newOpenID() *console.OpenID {
	if s.config.OpenIDIssuer == "" {
		return nil
	}

	return &console.OpenID{
		Issuer:       s.config.OpenIDIssuer,
		ClientID:     s.config.OpenIDClientID,
		ClientSecret: s.config.OpenIDClientSecret,
		PublicURL:    s.config.PublicURL,
		OpenSession:  s.openSession,
	}
}

// openSession makes a session of the member with an address that the provider has verified. Nobody has asked for it
// with a key: the audit log names the provider.
func (s *Service) openSession(ctx context.Context, workspace, email string) (string, error) {
	secret := chat.KeySession.NewSecret()
	by := chat.Actor{Operator: "openid"}

	_, err := s.Store.OpenSession(ctx, chat.NewLogIn(chat.WorkspaceID(workspace), by, secret, time.Now()), email)
	if refused, ok := errors.AsType[*chat.Error](err); ok && refused.Code == chat.CodeForbidden {
		return "", console.RefusalError(refused.Message)
	}

	return secret, err
}
