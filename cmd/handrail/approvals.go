package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type approvalsCommand struct {
	List    approvalList    `cmd:"" help:"List the sends that wait, or have waited, for a second person's approval."`
	Approve approvalApprove `cmd:"" help:"Approve a send: its tools run, then the message is sent."`
	Refuse  approvalRefuse  `cmd:"" help:"Refuse a send: none of its tools runs, and nothing is sent."`
}

// Help is shown by kong.
func (approvalsCommand) Help() string {
	return `A send with a tool call of the risk approval waits until a second person decides: a member with the
scope chats:admin who did not request the send. Each send is decided once. To list what waits: handrail approvals
list --state waiting

` + exitHelp
}

// approvalJSON is an approval as the API shows it.
type approvalJSON struct {
	ActionID    string    `json:"action_id"`
	State       string    `json:"state"`
	ToolCallIDs []string  `json:"tool_call_ids"`
	Deadline    time.Time `json:"deadline"`
	RequestedBy int64     `json:"requested_by"`
}

type approvalList struct {
	remote
	listing
	State string `help:"Only this state: waiting, approved, refused, expired or all." enum:"waiting,approved,refused,expired,all" default:"waiting" placeholder:"STATE"`
}

// Run lists approvals.
func (l *approvalList) Run(c *console) error {
	query, empty := url.Values{}, "no approvals yet; a call of a tool with the risk approval needs one"
	if l.State != "all" {
		query.Set("state", l.State)
		empty = "no approvals are " + l.State + "; --state all shows all"
	}

	return showList(c, &l.remote, l.listing, listView[approvalJSON]{
		path:    "approvals",
		query:   query,
		empty:   empty,
		columns: []string{"ACTION", "STATE", "TOOL CALLS", "ASKED BY", "UNTIL"},
		row: func(a *approvalJSON) []string {
			return []string{
				makePrintable(a.ActionID),
				makePrintable(a.State),
				shortenText(strings.Join(a.ToolCallIDs, ", "), 16),
				strconv.FormatInt(a.RequestedBy, 10),
				formatTime(a.Deadline),
			}
		},
	})
}

type approvalApprove struct {
	remote
	Action string `arg:"" help:"The send's action id, as listed."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run approves a send.
func (a *approvalApprove) Run(c *console) error {
	return a.decideApproval(c, a.Action, "approve", a.Reason)
}

type approvalRefuse struct {
	remote
	Action string `arg:"" help:"The send's action id, as listed."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run refuses a send.
func (a *approvalRefuse) Run(c *console) error {
	return a.decideApproval(c, a.Action, "refuse", a.Reason)
}

// decideApproval records a decision, and shows how the approval then stands. It is requested
// once: a second request would be refused, because the approval is decided.
func (r *remote) decideApproval(c *console, action, decision, reason string) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	got, err := api.do(call{
		method: http.MethodPost,
		path:   actionPath(action, "/approvals"),
		body:   map[string]string{"decision": decision, "reason": reason},
	})
	if err != nil {
		return err
	}

	if r.JSON {
		return api.showJSON(got.raw)
	}

	var a approvalJSON
	if err := got.into(&a); err != nil {
		return err
	}

	fmt.Fprintf(c.out, "action %s is %s\n", makePrintable(a.ActionID), makePrintable(a.State))

	return nil
}

func actionPath(id, rest string) string { return "actions/" + url.PathEscape(id) + rest }
