package main

import (
	"fmt"

	"handrail/chat"
	"handrail/cmd/internal/service"
	"handrail/db"
)

type keyLogin struct {
	Workspace string   `required:"" help:"The workspace's id." placeholder:"UUID"`
	Member    int64    `required:"" help:"The id of the member who logs in." placeholder:"ID"`
	Scopes    []string `xor:"scopes" help:"Scopes, comma-separated, like chats:admin,members:read. Default: all." placeholder:"SCOPE"`
	ReadOnly  bool     `xor:"scopes" help:"To look at everything, and change nothing."`
	URL       string   `name:"url" from:"HANDRAIL_PUBLIC_URL" default:"http://127.0.0.1:8080" help:"Where browsers reach handrail api ($HANDRAIL_PUBLIC_URL)." placeholder:"URL"`
	JSON      bool     `help:"Write JSON."`
}

// Run makes a login link. The session that it makes stands by itself, since the operator has no key.
func (c *keyLogin) Run(p *process) error {
	scopes := scopesOrAll(c.Scopes)
	if c.ReadOnly {
		scopes = chat.ReadScopes()
	}

	return p.withStore(func(s *db.Store) error {
		link, err := service.CreateLoginLink(p.ctx, s, p.operator(), service.NewLogin{
			WorkspaceID: chat.WorkspaceID(c.Workspace),
			MemberID:    chat.MemberID(c.Member),
			Scopes:      scopes,
			Origin:      c.URL,
		})
		if err != nil {
			return err
		}

		if c.JSON {
			return writeJSON(p.out, link)
		}

		fmt.Fprintf(
			p.out,
			"%s\n\nIt logs in once, within %d minutes, for %d hours.\n",
			link.URL,
			int(chat.LoginLife.Minutes()),
			int(chat.SessionLife.Hours()),
		)

		return nil
	})
}
