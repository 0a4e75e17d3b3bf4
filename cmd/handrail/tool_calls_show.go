package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"handrail/client"
)

type toolCallList struct {
	remote
	listing
	Status string `help:"Only with this status: unknown (a person must resolve them), waiting (contributors are asked), running, pending, succeeded, failed, skipped or all." enum:"unknown,waiting,running,pending,succeeded,failed,skipped,all" default:"unknown" placeholder:"STATUS"`
	ChatID int64  `aliases:"chat" help:"Only this chat." placeholder:"ID"`
	Action string `help:"Only those of the send with this action id." placeholder:"ID"`
}

// Run lists tool calls.
func (l *toolCallList) Run(c *console) error {
	params := &client.ListToolCallsParams{
		ChatID:   client.IfGiven(l.ChatID),
		ActionID: client.IfGiven(l.Action),
	}

	empty := "no tool calls yet"

	if l.Status != noFilter {
		params.Status = []client.ToolCallStatus{client.ToolCallStatus(l.Status)}
		empty = "no tool calls are " + l.Status + "; --status all shows all"
	}

	return showList(c, &l.remote, l.listing, listView[client.ListedToolCall]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListToolCalls(c.ctx, api.workspace, params)
		},
		empty:   empty,
		columns: []string{"ACTION", "CALL", "TOOL", "STATUS", "ATTEMPTS", "CHAT", "ERROR"},
		row: func(call *client.ListedToolCall) []string {
			return []string{
				makePrintable(call.ActionID),
				makePrintable(call.ID),
				makePrintable(call.Name),
				makePrintable(string(call.Status)),
				strconv.FormatInt(client.ValueOf(call.Attempts), 10),
				formatID(call.ChatID),
				makePrintable(client.ValueOf(call.Error)),
			}
		},
	})
}

// fetchAction reads an action with its tool calls.
func fetchAction(api *apiClient, id string) (*actionView, error) {
	got, err := api.read(api.GetAction(api.ctx, api.workspace, id, nil))
	if err != nil {
		return nil, err
	}

	action := &actionView{}

	return action, got.into(action)
}

type toolCallShow struct {
	remote
	Action string `arg:"" help:"The send's action id."`
	Call   string `arg:"" help:"The tool call's id, like call_1, or that of its undo."`
}

// Run shows a tool call.
func (s *toolCallShow) Run(c *console) error {
	api, err := s.dial(c)
	if err != nil {
		return err
	}

	action, err := fetchAction(api, s.Action)
	if err != nil {
		return err
	}

	calls := action.calls()

	at := slices.IndexFunc(calls, func(call client.ToolCall) bool {
		return call.ID == s.Call || call.Undo != nil && client.ValueOf(call.Undo.ID) == s.Call
	})
	if at < 0 {
		return fmt.Errorf("the action has no tool call %s; it has: %s", s.Call, listCallIDs(calls))
	}

	if s.JSON {
		return writeJSON(c.out, calls[at])
	}

	showCall(c, &calls[at])
	action.showNext(c, &s.remote)

	return nil
}

// listCallIDs returns the ids of calls, or "none".
func listCallIDs(calls []client.ToolCall) string {
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = calls[i].ID
	}

	if len(ids) == 0 {
		return "none"
	}

	return strings.Join(ids, ", ")
}

// showCall writes a tool call.
func showCall(out *console, c *client.ToolCall) {
	f := facts{out}
	f.say("call", "%s", c.ID)
	f.say("tool", "%s", c.Name)
	f.say("risk", "%s", client.ValueOf(c.Risk))
	f.say("status", "%s", c.Status)
	f.say("attempts", "%d", client.ValueOf(c.Attempts))
	f.say("called", "%s", client.ValueOf(c.Where))
	f.say("idempotency key", "%s", client.ValueOf(c.IdempotencyKey))
	f.say("arguments", "%s", string(c.Arguments))
	f.say("result", "%s", string(c.Result))
	f.say("error", "%s", strings.TrimSpace(client.ValueOf(c.ErrorCode)+" "+client.ValueOf(c.Error)))
	f.say("question", "%s", client.ValueOf(c.ContributorRequestID))

	if c.Undo != nil {
		f.say(
			"undo",
			"%s",
			strings.Join(strings.Fields(fmt.Sprintf(
				"%s %s %s %s",
				client.ValueOf(c.Undo.ID),
				c.Undo.Tool,
				client.ValueOf(c.Undo.Status),
				client.ValueOf(c.Undo.Error),
			)), " "),
		)
	}

	if c.Decision != nil {
		f.say("decided", "%s: %s", c.Decision.Outcome, c.Decision.Reason)
	}
}
