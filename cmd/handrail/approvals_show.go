package main

import (
	"fmt"
	"net/http"

	"handrail/chat"
)

type approvalShow struct {
	remote
	ID string `arg:"" help:"The approval's id, as listed; of a send, its action id."`
}

// Run shows an approval.
func (s *approvalShow) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.GetApproval(c.ctx, api.workspace, s.ID)
	}

	return showOne(c, &s.remote, ask, func(_ *apiClient, a *approvalJSON) error {
		a.show(c, &s.remote)
		return nil
	})
}

// show writes what one decides about.
func (a *approvalJSON) show(c *console, r *remote) {
	fmt.Fprintf(c.out, "%s: %s\n\n", makePrintable(a.Kind), formatApprovalState(a.State, a.Void))

	f := facts{c}
	f.say("approval", "%s", a.ID)
	f.say("asked by", "%s (member %d)", a.RequesterName, a.RequestedBy)
	f.say("until", "%s", formatTime(a.Deadline))
	f.say("chat", "%s", formatNumber(int(a.ChatID)))
	f.say("note", "%s", a.Note)
	f.say("decided by", "%s", formatNumber(int(a.DecidedBy)))
	f.sayTime("decided at", a.DecidedAt)
	f.say("reason", "%s", a.Reason)
	a.showRequest(f)
	f.say("message", "%s", a.Message)

	if a.State != string(chat.ApprovalWaiting) {
		return
	}

	if a.State == string(chat.ApprovalWaiting) && len(a.Deciders) > 0 {
		fmt.Fprintf(c.out, "\nWhat members %s may do\n", joinIDs(a.Deciders))
	} else {
		fmt.Fprintln(c.out, "\nWhat you may do")
	}

	for _, verb := range []string{"approve", "refuse"} {
		fmt.Fprintln(c.out, "  "+r.line(c, fmt.Sprintf("approvals %s %s --reason '…'", verb, makePrintable(a.ID))))
	}
}

// showRequest writes what is asked for, as it was then.
func (a *approvalJSON) showRequest(f facts) {
	if a.Request == nil {
		f.say("asks for", "%s", "what takes more scopes to be seen than this key has")
		return
	}

	for i := range a.Request.Calls {
		call := &a.Request.Calls[i]
		f.say(call.ID, "%s", call.Tool.describe())
		f.say("arguments", "%s", string(call.Arguments))
	}

	if a.Request.Tool != nil {
		f.say("tool", "%s", a.Request.Tool.describe())
		f.say("arguments", "%s", string(a.Request.Arguments))
	}

	if a.Request.Member != nil {
		f.say("member", "%s", a.Request.Member.Name)
	}

	if a.Request.Key != nil {
		f.say("key", "%s", a.Request.Key.Name)
	}

	for _, change := range a.Request.Changes {
		f.say(change.Field, "%v → %v", change.Before, change.After)
	}
}
