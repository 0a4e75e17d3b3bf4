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

		made, err := s.CreateMember(p.ctx, ws.ID, chat.Actor{}, manager)
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
