package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"handrail/client"
)

type toolCallsCommand struct {
	List    toolCallList    `cmd:"" help:"List tool calls: by default those that a person must resolve."`
	Show    toolCallShow    `cmd:"" help:"Show a tool call: its arguments, its attempts, and what may be done."`
	Resolve toolCallResolve `cmd:"" help:"Resolve a tool call whose outcome is unknown."`
}

// Help is shown by kong.
func (toolCallsCommand) Help() string {
	return `If a call may have had its effect and its tool is not idempotent, the call is not repeated
automatically. Its send waits until a person has resolved it. This needs a key with the scope chats:admin.

To see what waits: handrail tool-calls list. To see one: handrail tool-calls show ACTION CALL

` + exitHelp
}

type toolCallResolve struct {
	remote
	Action  string `arg:"" help:"The send's action id."`
	Call    string `arg:"" help:"The tool call's id, like call_1; its undo is undo_call_1."`
	Outcome string `required:"" enum:"succeeded,failed,retry" help:"What you found out: succeeded (the send continues), failed (the send ends), or retry (the tool runs again)." placeholder:"WHAT"`
	Result  string `help:"With succeeded: the result that the tool should have returned, as JSON." placeholder:"JSON"`
	Reason  string `required:"" help:"How you know, for the audit log." placeholder:"TEXT"`
}

// Run resolves a tool call by a person's decision.
func (r *toolCallResolve) Run(c *console) error {
	found := client.ResolveCall{
		Outcome: client.ToolVerdict(r.Outcome),
		Reason:  r.Reason,
	}

	if r.Result != "" {
		if !json.Valid([]byte(r.Result)) {
			return &exitError{errors.New(`--result must be JSON, like '{"booking_id": "b1"}'`), exitUsage}
		}

		found.Result = json.RawMessage(r.Result)
	}

	ask := func(api *apiClient) (*http.Response, error) {
		return api.ResolveToolCall(c.ctx, api.workspace, r.Action, r.Call, nil, found)
	}

	return showOne(c, &r.remote, ask, func(_ *apiClient, resolved *client.ToolCall) error {
		fmt.Fprintf(
			c.out,
			"tool call %s (%s) is %s\n",
			makePrintable(resolved.ID),
			makePrintable(resolved.Name),
			makePrintable(string(resolved.Status)),
		)

		return nil
	})
}
