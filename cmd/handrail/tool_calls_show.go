package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"handrail/client"
)

// isOpenCall reports whether a tool call of a send, or its undo, has not ended.
func isOpenCall(c *client.ToolCall) bool {
	open := []client.ToolCallStatus{
		client.ToolCallStatusPending,
		client.ToolCallStatusRunning,
		client.ToolCallStatusWaiting,
		client.ToolCallStatusUnknown,
	}

	return slices.Contains(open, c.Status) || c.Undo != nil && slices.Contains(open, valueOf(c.Undo.Status))
}

type toolCallList struct {
	remote
	listing
	WaitingFor string `help:"Calls of the sends that wait for this: tool_decision, contributor, tool or approval." enum:"tool_decision,contributor,tool,approval" default:"tool_decision" placeholder:"WHAT"`
	ChatID     int64  `help:"Only this chat." placeholder:"ID"`
}

// Run lists the open tool calls of sends that wait.
func (l *toolCallList) Run(c *console) error {
	api, err := l.dial(c)
	if err != nil {
		return err
	}

	actions, err := fetchList[actionView](api, l.listing, func(api *apiClient, at position) (*http.Response, error) {
		return api.ListActions(c.ctx, api.workspace, &client.ListActionsParams{
			WaitingFor: []client.Waiting{client.Waiting(l.WaitingFor)},
			ChatID:     ifGiven(l.ChatID),
			Limit:      at.limit,
			Cursor:     at.cursor,
		})
	})
	if err != nil {
		return err
	}

	if l.JSON {
		return api.showJSON(actions.raw)
	}

	if len(actions.Items) == 0 {
		fmt.Fprintln(c.out, "no tool calls wait for this")
		return nil
	}

	t := newTable(c.out, "ACTION", "CALL", "TOOL", "STATUS", "ATTEMPTS", "ERROR")

	for i := range actions.Items {
		action, err := fetchAction(api, actions.Items[i].ActionID)
		if err != nil {
			return err
		}

		calls := action.calls()
		for j := range calls {
			if call := &calls[j]; isOpenCall(call) {
				t.row(
					makePrintable(actions.Items[i].ActionID),
					makePrintable(call.ID),
					makePrintable(call.Name),
					makePrintable(string(call.Status)),
					strconv.FormatInt(valueOf(call.Attempts), 10),
					shortenText(valueOf(call.Error), 60),
				)
			}
		}
	}

	if err := t.flush(); err != nil {
		return err
	}

	actions.sayMore(c)

	return nil
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
	Call   string `arg:"" help:"The tool call's id, like call_1."`
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

	at := slices.IndexFunc(calls, func(call client.ToolCall) bool { return call.ID == s.Call })
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

// listCallIDs are the ids of calls, or a dash.
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

func showCall(out *console, c *client.ToolCall) {
	f := facts{out}
	f.say("call", "%s", c.ID)
	f.say("tool", "%s", c.Name)
	f.say("risk", "%s", valueOf(c.Risk))
	f.say("status", "%s", c.Status)
	f.say("attempts", "%d", valueOf(c.Attempts))
	f.say("arguments", "%s", string(c.Arguments))
	f.say("result", "%s", string(c.Result))
	f.say("error", "%s", strings.TrimSpace(valueOf(c.ErrorCode)+" "+valueOf(c.Error)))
	f.say("question", "%s", valueOf(c.ContributorRequestID))

	if c.Undo != nil {
		f.say(
			"undo",
			"%s",
			strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Undo.Tool, valueOf(c.Undo.Status), valueOf(c.Undo.Error))),
		)
	}

	if c.Decision != nil {
		f.say("decided", "%s: %s", c.Decision.Outcome, c.Decision.Reason)
	}
}
