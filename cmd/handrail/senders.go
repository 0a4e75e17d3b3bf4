package main

import (
	"cmp"
	"fmt"
	"time"

	"handrail/chat"
	"handrail/db"
)

type sendersCommand struct {
	List   senderList   `cmd:"" help:"List which workspace each sender belongs to."`
	Grant  senderGrant  `cmd:"" help:"Let a workspace enter a sender that no other workspace has."`
	Revoke senderRevoke `cmd:"" help:"Take a sender from its workspace."`
}

// Help is shown by kong.
func (sendersCommand) Help() string {
	return `A sender is a phone number, a Twilio messaging service or an inbox's address. Each belongs to one
workspace of the installation, also after it was deleted there: its customers have written to that workspace, and
opted out of it. While there is a single workspace, it has what it enters; with a second one, each further sender
is granted first. These commands work on the database itself, not through the API.`
}

type senderList struct {
	JSON bool `help:"Write JSON."`
}

type senderJSON struct {
	Sender      string    `json:"sender"`
	WorkspaceID string    `json:"workspace_id"`
	GrantedAt   time.Time `json:"granted_at"`
	InUse       bool      `json:"in_use"`
}

// Run lists whose each sender is.
func (c *senderList) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		grants, err := s.SenderGrants(p.ctx)
		if err != nil {
			return err
		}

		if c.JSON {
			all := make([]senderJSON, len(grants))
			for i := range grants {
				all[i] = newSenderJSON(&grants[i])
			}

			return writeJSON(p.out, all)
		}

		if len(grants) == 0 {
			fmt.Fprintln(
				p.out,
				"no workspace has a sender yet; a manager adds one with POST /phone-numbers or POST /inboxes",
			)

			return p.showRevokedSenders(s)
		}

		t := newTable(p.out, "SENDER", "WORKSPACE", "GRANTED", "ENTERED")
		for i := range grants {
			t.row(
				makePrintable(grants[i].Sender),
				string(grants[i].WorkspaceID),
				grants[i].GrantedAt.Format(time.RFC3339),
				yesOrNo(grants[i].InUse),
			)
		}

		if err := t.flush(); err != nil {
			return err
		}

		return p.showRevokedSenders(s)
	})
}

func newSenderJSON(g *chat.SenderGrant) senderJSON {
	return senderJSON{
		Sender:      g.Sender,
		WorkspaceID: string(g.WorkspaceID),
		GrantedAt:   g.GrantedAt,
		InUse:       g.InUse,
	}
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}

	return "no"
}

// showRevokedSenders writes what workspaces have entered and may not use. It goes to the operator's
// terminal, and into no log.
func (p *process) showRevokedSenders(s *db.Store) error {
	revoked, err := s.RevokedSenders(p.ctx)
	if err != nil || len(revoked) == 0 {
		return err
	}

	fmt.Fprintln(p.out, "\nEntered, but not granted: nothing is sent by these, and nothing comes in.")

	t := newTable(p.out, "SENDER", "WORKSPACE", "BELONGS TO")
	for _, r := range revoked {
		t.row(makePrintable(r.Sender), string(r.WorkspaceID), cmp.Or(string(r.Owner), "none"))
	}

	return t.flush()
}

type senderGrant struct {
	Sender    string `arg:"" help:"A number like +14155550100, a messaging service (MG…), or an address."`
	Workspace string `required:"" help:"The workspace's id, as listed by 'handrail workspaces list'." placeholder:"ID"`
}

// Run grants a sender.
func (c *senderGrant) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		granted, err := s.GrantSender(p.ctx, chat.WorkspaceID(c.Workspace), c.Sender)
		if err != nil {
			return err
		}

		if granted.InUse {
			fmt.Fprintf(p.out, "workspace %s has %s\n", granted.WorkspaceID, makePrintable(granted.Sender))
			return nil
		}

		fmt.Fprintf(
			p.out,
			"%s is granted to workspace %s; a manager enters it with POST /phone-numbers or POST /inboxes\n",
			makePrintable(granted.Sender),
			granted.WorkspaceID,
		)

		return nil
	})
}

type senderRevoke struct {
	Sender string `arg:"" help:"A number like +14155550100, a messaging service (MG…), or an address."`
}

// Run revokes a sender.
func (c *senderRevoke) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		revoked, err := s.RevokeSender(p.ctx, c.Sender)
		if err != nil {
			return err
		}

		fmt.Fprintf(
			p.out,
			"workspace %s does not have %s any more: what it has not sent by it yet waits for a person\n",
			revoked.WorkspaceID,
			makePrintable(revoked.Sender),
		)

		return nil
	})
}
