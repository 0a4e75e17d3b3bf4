package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"handrail/chat"
	"handrail/client"
)

// sentCallJSON is a tool call of a send as the API shows it with its action.
type sentCallJSON struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Status    string          `json:"status"`
	Risk      string          `json:"risk"`
	Attempts  int             `json:"attempts"`
	Result    json.RawMessage `json:"result"`
	ErrorCode string          `json:"error_code"`
	Error     string          `json:"error"`
	RequestID string          `json:"contributor_request_id"`
	Undo      *struct {
		ID     string `json:"id,omitempty"`
		Tool   string `json:"tool"`
		Status string `json:"status"`
		Error  string `json:"error"`
	} `json:"undo"`
	Decision *struct {
		Outcome string `json:"outcome"`
		Reason  string `json:"reason"`
	} `json:"decision"`
}

// isOpen reports whether the call, or its undo, has not ended.
func (c *sentCallJSON) isOpen() bool {
	open := []string{
		string(chat.ToolCallPending),
		string(chat.ToolCallRunning),
		string(chat.ToolCallWaiting),
		string(chat.ToolCallUnknown),
	}

	return slices.Contains(open, c.Status) || c.Undo != nil && slices.Contains(open, c.Undo.Status)
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

	actions, err := fetchList[actionJSON](api, l.listing, func(api *apiClient, at position) (*http.Response, error) {
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
			if call := &calls[j]; call.isOpen() {
				t.row(
					makePrintable(actions.Items[i].ActionID),
					makePrintable(call.ID),
					makePrintable(call.Name),
					makePrintable(call.Status),
					strconv.Itoa(call.Attempts),
					shortenText(call.Error, 60),
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
func fetchAction(api *apiClient, id string) (*actionJSON, error) {
	got, err := api.read(api.GetAction(api.ctx, api.workspace, id, nil))
	if err != nil {
		return nil, err
	}

	action := &actionJSON{}

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

	at := slices.IndexFunc(calls, func(call sentCallJSON) bool { return call.ID == s.Call })
	if at < 0 {
		return fmt.Errorf("the action has no tool call %s; it has: %s", s.Call, listCallIDs(calls))
	}

	if s.JSON {
		return writeJSON(c.out, calls[at])
	}

	calls[at].show(c)
	action.showNext(c, &s.remote)

	return nil
}

// listCallIDs are the ids of calls, or a dash.
func listCallIDs(calls []sentCallJSON) string {
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = calls[i].ID
	}

	if len(ids) == 0 {
		return "none"
	}

	return strings.Join(ids, ", ")
}

func (c *sentCallJSON) show(out *console) {
	f := facts{out}
	f.say("call", "%s", c.ID)
	f.say("tool", "%s", c.Name)
	f.say("risk", "%s", c.Risk)
	f.say("status", "%s", c.Status)
	f.say("attempts", "%d", c.Attempts)
	f.say("arguments", "%s", string(c.Arguments))
	f.say("result", "%s", string(c.Result))
	f.say("error", "%s", strings.TrimSpace(c.ErrorCode+" "+c.Error))
	f.say("question", "%s", c.RequestID)

	if c.Undo != nil {
		f.say("undo", "%s", strings.TrimSpace(c.Undo.Tool+" "+c.Undo.Status+" "+c.Undo.Error))
	}

	if c.Decision != nil {
		f.say("decided", "%s: %s", c.Decision.Outcome, c.Decision.Reason)
	}
}
