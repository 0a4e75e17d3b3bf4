package main

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"handrail/chat"
	"handrail/db"
)

type workspacesCommand struct {
	Create workspaceCreate `cmd:"" help:"Create a workspace with its first manager. Then create a key with 'handrail keys create'."`
	List   workspaceList   `cmd:"" help:"List the workspaces."`

	MakeManager workspaceMakeManager `cmd:"" help:"Make a member a manager, as the operator: no second member is asked."`
}

type workspaceMakeManager struct {
	Workspace string `required:"" help:"The workspace's id." placeholder:"UUID"`
	Member    int64  `arg:"" help:"The member's id."`
}

// Run makes a member a manager.
func (c *workspaceMakeManager) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		made, err := s.UpdateMember(
			p.ctx,
			chat.WorkspaceID(c.Workspace),
			p.operator(),
			chat.MemberID(c.Member),
			chat.MemberPatch{Role: new(chat.RoleManager)},
		)
		if err != nil {
			return err
		}

		fmt.Fprintf(p.out, "member %d is a manager\n", made.ID)

		return nil
	})
}

type workspaceCreate struct {
	Name    string `arg:"" help:"The workspace's name."`
	Manager string `required:"" help:"The first manager's name." placeholder:"NAME"`
	Email   string `help:"The first manager's email address." placeholder:"ADDRESS"`
}

// Run creates a workspace and its manager.
func (c *workspaceCreate) Run(p *process) error {
	manager := chat.Member{
		Kind:                 chat.KindPerson,
		Role:                 chat.RoleManager,
		Name:                 c.Manager,
		Email:                c.Email,
		NotificationsEnabled: true,
	}

	if err := manager.Validate(); err != nil {
		return err
	}

	return p.withStore(func(s *db.Store) error {
		ws := chat.Workspace{ID: chat.WorkspaceID(uuid.NewString()), Name: c.Name, CreatedAt: time.Now()}
		if err := s.CreateWorkspace(p.ctx, ws); err != nil {
			return err
		}

		made, err := s.CreateMember(p.ctx, ws.ID, p.operator(), manager)
		if err != nil {
			return err
		}

		fmt.Fprintf(
			p.out,
			"workspace %s\nmanager   %d\n\nnext: handrail keys create --workspace %[1]s --member %[2]d --name first\n",
			ws.ID,
			made.ID,
		)

		return nil
	})
}

type workspaceList struct {
	JSON bool `help:"Write JSON."`
}

// Run lists the workspaces.
func (c *workspaceList) Run(p *process) error {
	return p.withStore(func(s *db.Store) error {
		all, err := s.Workspaces(p.ctx)
		if err != nil {
			return err
		}

		if c.JSON {
			return writeJSON(p.out, all)
		}

		if len(all) == 0 {
			fmt.Fprintln(p.out, "no workspaces yet; create one with: handrail workspaces create NAME --manager NAME")
			return nil
		}

		t := newTable(p.out, "WORKSPACE", "NAME", "CREATED")
		for _, ws := range all {
			t.row(string(ws.ID), ws.Name, ws.CreatedAt.UTC().Format(time.RFC3339))
		}

		return t.flush()
	})
}
