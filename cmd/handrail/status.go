package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"handrail/api"
	"handrail/chat"
	"handrail/client"
	"handrail/db"
)

type statusCommand struct {
	remote
	operated
}

// Help is shown by kong.
func (statusCommand) Help() string {
	return `What needs a person comes first, with the command that lists it. What waits by itself comes below it, then a
line about each sender, which says whether its provider takes its messages, and one about the workers.

With --operator, the status is that of every workspace, or of the one that --workspace names, and is read from the
database itself, with the server's settings, and no key.

` + exitHelp
}

// statusView is a status as the API shows it.
type statusView struct{ client.Status }

// Run shows what needs a person.
func (s *statusCommand) Run(c *console) error {
	if s.Operator {
		return s.showAsOperator(c)
	}

	ask := func(api *apiClient) (*http.Response, error) { return api.GetStatus(c.ctx, api.workspace) }

	return showOne(c, &s.remote, ask, func(api *apiClient, status *statusView) error {
		if err := status.show(c, &s.remote); err != nil {
			return err
		}

		answer, err := api.read(api.GetHealth(c.ctx, api.workspace))
		if err != nil {
			return err
		}

		var health healthView
		if err := answer.into(&health); err != nil {
			return err
		}

		health.show(c, &s.remote)

		return nil
	})
}

// healthView is the health of senders as the API shows it.
type healthView struct{ client.WorkspaceHealth }

// show writes a line about each sender, and one about the workers.
func (h *healthView) show(c *console, r *remote) {
	if len(h.Senders) > 0 {
		fmt.Fprintln(c.out, displayOf(c.out).paint(colourHeading, "Senders"))
	}

	for i := range h.Senders {
		sender := &h.Senders[i]
		fmt.Fprintf(
			c.out,
			"%s (%s) %s: %s",
			makePrintable(sender.Address),
			makePrintable(sender.Sender),
			sender.State,
			makePrintable(sender.Explanation),
		)

		if probe := client.ValueOf(sender.ProbeDeliveryID); probe != "" {
			fmt.Fprintf(c.out, " To try now: %s", r.line(c, "deliveries retry "+makePrintable(probe)))
		}

		fmt.Fprintln(c.out)
	}

	if client.ValueOf(h.Partial) {
		fmt.Fprintf(c.errs, "There are more than %d senders.\n", chat.MaxHealthSenders)
	}

	if h.Workers != nil {
		fmt.Fprintln(c.out, makePrintable(h.Workers.Explanation))
	}
}

// show writes what needs a person, and then what continues automatically.
func (s *statusView) show(c *console, r *remote) error {
	if s.NeedPerson == 0 {
		fmt.Fprintln(c.out, "Nothing needs a person.")
	}

	for _, needsPerson := range []bool{true, false} {
		if err := s.showPart(c, r, needsPerson); err != nil {
			return err
		}
	}

	if client.ValueOf(s.Partial) {
		fmt.Fprintf(c.errs, "More than %d actions wait: the oldest are counted.\n", chat.MaxMatters)
	}

	return nil
}

// showPart writes the matters that need a person, or those that do not.
func (s *statusView) showPart(c *console, r *remote, needsPerson bool) error {
	title := "Waits by itself"
	if needsPerson {
		title = "Needs a person"
	}

	t := newTable(c.out, "COUNT", "OLDEST", "WHAT", "LIST THEM")
	rows := 0

	for i := range s.Matters {
		m := &s.Matters[i]
		if m.NeedsPerson != needsPerson {
			continue
		}

		t.row(
			strconv.FormatInt(m.Count, 10),
			formatAge(m.Oldest),
			makePrintable(m.Explanation),
			r.line(c, chooseListCommand(chat.Matter(m.Matter))),
		)

		rows++
	}

	if rows == 0 {
		return nil
	}

	fmt.Fprintln(c.out, displayOf(c.out).paint(colourHeading, title))

	return t.flush()
}

// chooseListCommand returns the command that lists what a matter counts.
func chooseListCommand(matter chat.Matter) string {
	switch matter {
	case chat.MatterApproval:
		return "approvals list"
	case chat.MatterBulkRetry:
		return "bulk-retries list"
	case chat.MatterInbound:
		return "inbound list --status refused"
	case chat.MatterOptOut, chat.MatterResponse, chat.MatterAttention:
		return "chats list --needs " + string(matter)
	case chat.MatterWebhook:
		return "webhooks list"
	case chat.MatterNotice:
		return "notices list --failed"
	case chat.MatterFailed:
		return fmt.Sprintf("deliveries list --failed-for-good --since %.0fh", chat.FailedPatience.Hours())
	}

	return "actions list --waiting-for " + makePrintable(string(matter))
}

// workspaceStatus is the status of one workspace for the operator.
type workspaceStatus struct {
	WorkspaceID string `json:"workspace_id"`
	Name        string `json:"name"`
	statusView

	health healthView
}

// loadWorkspaceStatus reads the status of a workspace, and how its senders fare.
func loadWorkspaceStatus(ctx context.Context, store *db.Store, workspace *chat.Workspace) (workspaceStatus, error) {
	shown, err := loadStatus(ctx, store, workspace.ID)
	if err != nil {
		return workspaceStatus{}, err
	}

	health, err := loadHealth(ctx, store, workspace.ID)

	return workspaceStatus{
		WorkspaceID: string(workspace.ID),
		Name:        workspace.Name,
		statusView:  shown,
		health:      health,
	}, err
}

// showAsOperator shows the status of every workspace, or of one.
func (s *statusCommand) showAsOperator(c *console) error {
	return withStoreOf(c, func(p *process, store *db.Store) error {
		workspaces, err := store.Workspaces(p.ctx)
		if err != nil {
			return err
		}

		all := []workspaceStatus{}

		for _, workspace := range workspaces {
			if s.Workspace != "" && s.Workspace != string(workspace.ID) {
				continue
			}

			loaded, err := loadWorkspaceStatus(p.ctx, store, &workspace)
			if err != nil {
				return err
			}

			all = append(all, loaded)
		}

		if s.JSON {
			return writeJSON(c.out, all)
		}

		if len(all) == 0 {
			fmt.Fprintln(c.out, "There is no such workspace. handrail workspaces list shows all.")
		}

		for i := range all {
			fmt.Fprintf(c.out, "%s (%s)\n", makePrintable(all[i].Name), makePrintable(all[i].WorkspaceID))

			at := s.remote
			at.Workspace = all[i].WorkspaceID

			if err := all[i].show(c, &at); err != nil {
				return err
			}

			all[i].health.show(c, &at)

			fmt.Fprintln(c.out)
		}

		return nil
	})
}

// loadStatus reads a status from the database, and returns it as the API shows it.
func loadStatus(ctx context.Context, store *db.Store, ws chat.WorkspaceID) (statusView, error) {
	var shown statusView

	status, err := store.WorkspaceStatus(ctx, ws)
	if err != nil {
		return shown, err
	}

	raw, err := api.MarshalStatus(&status)
	if err != nil {
		return shown, fmt.Errorf("show the status: %w", err)
	}

	return shown, (&answer{raw: raw}).into(&shown)
}

// loadHealth reads the health of senders from the database, and returns it as the API shows it.
func loadHealth(ctx context.Context, store *db.Store, ws chat.WorkspaceID) (healthView, error) {
	var shown healthView

	health, err := store.SenderHealth(ctx, ws)
	if err != nil {
		return shown, err
	}

	raw, err := api.MarshalHealth(&health)
	if err != nil {
		return shown, fmt.Errorf("show the health of senders: %w", err)
	}

	return shown, (&answer{raw: raw}).into(&shown)
}
