package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"handrail/client"
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

	return showOne(c, &s.remote, ask, func(_ *apiClient, a *approvalView) error {
		a.show(c, &s.remote)
		return nil
	})
}

// show writes the approval with everything that is needed to decide.
func (a *approvalView) show(c *console, r *remote) {
	state := formatApprovalState(string(a.State), client.ValueOf(a.Void))
	fmt.Fprintf(c.out, "%s: %s\n\n", makePrintable(string(a.Kind)), state)

	f := facts{c}
	f.say("approval", "%s", a.ID)
	f.say("asked by", "%s (member %d)", client.ValueOf(a.RequesterName), a.RequestedBy)
	f.say("until", "%s", formatTime(a.Deadline))
	f.say("chat", "%s", formatNumber(client.ValueOf(a.ChatID)))
	f.say("note", "%s", client.ValueOf(a.Note))
	f.say("decided by", "%s", formatNumber(client.ValueOf(a.DecidedBy)))
	f.sayTime("decided at", a.DecidedAt)
	f.say("reason", "%s", client.ValueOf(a.Reason))
	a.showRequest(f)
	f.say("message", "%s", client.ValueOf(a.Message))

	if a.State != client.ApprovalStateWaiting {
		return
	}

	if len(a.Deciders) > 0 {
		c.showHeading("What " + nameMembers(a.Deciders) + " may do")
	} else {
		c.showHeading("What you may do")
	}

	for _, verb := range []string{"approve", "refuse"} {
		fmt.Fprintln(c.out, "  "+r.line(c, fmt.Sprintf("approvals %s %s --reason '…'", verb, makePrintable(a.ID))))
	}
}

// showRequest writes the request as it was made.
func (a *approvalView) showRequest(f facts) {
	if a.Request == nil {
		f.say("asks for", "%s", "what takes more scopes to be seen than this key has")
		return
	}

	for i := range a.Request.Calls {
		call := &a.Request.Calls[i]
		f.say(call.ID, "%s", describePinned(&call.Tool))
		f.say("arguments", "%s", string(call.Arguments))
	}

	if a.Request.Tool != nil {
		f.say("tool", "%s", describePinned(a.Request.Tool))
		f.say("arguments", "%s", string(a.Request.Arguments))
	}

	if a.Request.Member != nil {
		f.say("member", "%s", a.Request.Member.Name)
	}

	if a.Request.Key != nil {
		f.say("key", "%s", a.Request.Key.Name)
	}

	for _, change := range a.Request.Changes {
		f.say(change.Field, "%s → %s", formatValue(change.Before), formatValue(change.After))
	}
}

// nameMembers names members by their ids.
func nameMembers(ids []int64) string {
	if len(ids) == 1 {
		return "member " + joinIDs(ids)
	}

	return "members " + joinIDs(ids)
}

// formatValue returns a JSON value as text, and a string without quotes.
func formatValue(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return string(raw)
	}

	return fmt.Sprint(value)
}
