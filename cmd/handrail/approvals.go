package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"handrail/chat"
	"handrail/client"
	"handrail/db"
)

type approvalsCommand struct {
	List    approvalList    `cmd:"" help:"List what waits, or has waited, for a second member."`
	Show    approvalShow    `cmd:"" help:"Show what one decides about: the tools and their arguments, the message, who asked, and until when."`
	Approve approvalApprove `cmd:"" help:"Approve a request: it is done, or allowed once."`
	Refuse  approvalRefuse  `cmd:"" help:"Refuse a request: nothing of it is done."`
}

// Help is shown by kong.
func (approvalsCommand) Help() string {
	return `What one member may not do alone waits until a second member decides: a send with a tool call of the risk
approval, a new manager, a key for somebody else or with wider scopes, a change or test of a tool that needs
approval. It takes the scope chats:admin, and the scope that asking took. Nobody decides on their own request.
Each request is decided once. To list what waits: handrail approvals list --state waiting

With --operator, these commands work on the database itself, with the server's settings, and no key. Use it where
no other member can decide. The audit log has such a decision without a member.

` + exitHelp
}

// approvalView is an approval as the API shows it.
type approvalView struct{ client.Approval }

func describePinned(t *client.PinnedTool) string {
	return fmt.Sprintf("%s, version %d, %s", t.Name, t.Version, t.Where)
}

// about names what is asked for: tools, a member or a key.
func (a *approvalView) about() string {
	switch {
	case a.Request == nil:
		return ""
	case a.Request.Member != nil:
		return a.Request.Member.Name
	case a.Request.Key != nil:
		return a.Request.Key.Name
	case a.Request.Tool != nil:
		return a.Request.Tool.Name
	}

	names := make([]string, len(a.Request.Calls))
	for i, call := range a.Request.Calls {
		names[i] = call.Tool.Name
	}

	return strings.Join(names, ", ")
}

// operated is the flag of what works on the database as the operator.
type operated struct {
	Operator bool `help:"Work on the database as the operator, with the server's settings and no key."`
}

type approvalList struct {
	remote
	listing
	operated
	State string `help:"Only this state: waiting, approved, refused, expired, void or all." enum:"waiting,approved,refused,expired,void,all" default:"waiting" placeholder:"STATE"`
}

// Run lists approvals.
func (l *approvalList) Run(c *console) error {
	if l.Operator {
		return l.listAsOperator(c)
	}

	params := &client.ListApprovalsParams{}
	empty := "no approvals yet; what one member may not do alone needs one"

	if l.State != noFilter {
		params.State = []client.ApprovalState{client.ApprovalState(l.State)}
		empty = "no approvals are " + l.State + "; --state all shows all"
	}

	return showList(c, &l.remote, l.listing, listView[approvalView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListApprovals(c.ctx, api.workspace, params)
		},
		empty:   empty,
		columns: []string{"ID", "KIND", "STATE", "ABOUT", "BY", "UNTIL"},
		row: func(a *approvalView) []string {
			return []string{
				makePrintable(a.ID),
				makePrintable(string(a.Kind)),
				formatApprovalState(string(a.State), client.ValueOf(a.Void)),
				makePrintable(a.about()),
				nameWithID(client.ValueOf(a.RequesterName), a.RequestedBy),
				formatTime(a.Deadline),
			}
		},
	})
}

// formatApprovalState is the state, and whether one that waits cannot be approved any more.
func formatApprovalState(state string, void bool) string {
	if void {
		state += " (void)"
	}

	return makePrintable(state)
}

// listAsOperator lists the newest approvals from the database.
func (l *approvalList) listAsOperator(c *console) error {
	var states []chat.ApprovalState
	if l.State != noFilter {
		states = []chat.ApprovalState{chat.ApprovalState(l.State)}
	}

	return withStoreOf(c, func(p *process, s *db.Store) error {
		list, err := s.Approvals(p.ctx, chat.WorkspaceID(l.Workspace), states, chat.Page{Limit: 100})
		if err != nil {
			return err
		}

		if l.JSON {
			return writeJSON(c.out, mapApprovals(list.Items))
		}

		t := newTable(c.out, "ID", "KIND", "STATE", "BY", "UNTIL", "ASKED FOR")

		for _, a := range mapApprovals(list.Items) {
			request, err := json.Marshal(a.Request)
			if err != nil {
				return fmt.Errorf("write what is asked for: %w", err)
			}

			t.row(
				string(a.ID),
				string(a.Kind),
				formatApprovalState(string(a.State), a.Unapprovable),
				nameWithID(a.RequesterName, int64(a.RequestedBy)),
				formatTime(a.Deadline),
				makePrintable(string(request)),
			)
		}

		return t.flush()
	})
}

// operatorApproval is an approval with what is asked for.
type operatorApproval struct {
	chat.Approval
	Request chat.ApprovalRequest `json:"request"`
}

func mapApprovals(all []chat.Approval) []operatorApproval {
	shown := make([]operatorApproval, len(all))
	for i, a := range all {
		shown[i] = operatorApproval{a, a.Request}
	}

	return shown
}

type approvalApprove struct {
	remote
	operated
	ID     string `arg:"" help:"The approval's id, as listed; of a send, its action id."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run approves a request.
func (a *approvalApprove) Run(c *console) error {
	if a.Operator {
		return a.decideAsOperator(c, a.ID, true, a.Reason)
	}

	return a.decideApproval(c, a.ID, "approve", a.Reason)
}

type approvalRefuse struct {
	remote
	operated
	ID     string `arg:"" help:"The approval's id, as listed; of a send, its action id."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run refuses a request.
func (a *approvalRefuse) Run(c *console) error {
	if a.Operator {
		return a.decideAsOperator(c, a.ID, false, a.Reason)
	}

	return a.decideApproval(c, a.ID, "refuse", a.Reason)
}

// decideApproval records a decision, and shows how the approval then stands. It is requested
// once: a second request would be refused, because the approval is decided.
func (r *remote) decideApproval(c *console, id, decision, reason string) error {
	decided := client.NewApproval{
		Decision: client.NewApprovalDecision(decision),
		Reason:   reason,
	}

	ask := func(api *apiClient) (*http.Response, error) {
		return api.DecideRequest(c.ctx, api.workspace, id, nil, decided)
	}

	return showOne(c, r, ask, func(_ *apiClient, a *approvalView) error {
		fmt.Fprintf(c.out, "approval %s is %s\n", makePrintable(a.ID), makePrintable(string(a.State)))
		return nil
	})
}

// decideAsOperator records the operator's decision in the database. The workflow of a send finds it
// when it looks the next time.
func (r *remote) decideAsOperator(c *console, id string, approve bool, reason string) error {
	return withStoreOf(c, func(p *process, s *db.Store) error {
		decided, workflow, err := s.DecideApproval(p.ctx, chat.WorkspaceID(r.Workspace), chat.ApprovalDecision{
			ID:      chat.ApprovalID(id),
			Approve: approve,
			Reason:  strings.TrimSpace(reason),
			By:      p.operator(),
			At:      time.Now(),
		})
		if err != nil {
			return err
		}

		if r.JSON {
			return writeJSON(c.out, decided)
		}

		fmt.Fprintf(c.out, "approval %s is %s\n", decided.ID, decided.State)

		if workflow != "" {
			const later = "its send goes on when its workflow looks again: within 10 minutes, later within 6 hours"

			fmt.Fprintln(c.out, later)
		}

		return nil
	})
}

// withStoreOf opens the database with the server's settings.
func withStoreOf(c *console, do func(*process, *db.Store) error) error {
	p, err := c.process()
	if err != nil {
		return err
	}

	return p.withStore(func(s *db.Store) error { return do(p, s) })
}

// showWaiting says that a request waits for a second member, if that is what the API has answered.
func (a *answer) showWaiting(c *console, asJSON bool, api *apiClient) (bool, error) {
	if a.status != http.StatusAccepted {
		return false, nil
	}

	if asJSON {
		return true, api.showJSON(a.raw)
	}

	var waiting approvalView
	if err := a.into(&waiting); err != nil {
		return true, err
	}

	fmt.Fprintf(
		c.out,
		"nothing has happened yet: approval %s waits for a second member, until %s\n",
		makePrintable(waiting.ID),
		formatTime(waiting.Deadline),
	)

	if waiting.Note != nil {
		fmt.Fprintln(c.out, makePrintable(*waiting.Note))
	}

	return true, nil
}
