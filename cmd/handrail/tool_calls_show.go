package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
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

// listedCallJSON is a tool call as the API lists it.
type listedCallJSON struct {
	sentCallJSON
	ActionID string `json:"action_id"`
	ChatID   int64  `json:"chat_id"`
}

type toolCallList struct {
	remote
	listing
	Status string `help:"Only with this status: unknown (a person must resolve them), waiting (contributors are asked), running, pending, succeeded, failed, skipped or all." enum:"unknown,waiting,running,pending,succeeded,failed,skipped,all" default:"unknown" placeholder:"STATUS"`
	ChatID int64  `help:"Only this chat." placeholder:"ID"`
	Action string `help:"Only those of the send with this action id." placeholder:"ID"`
}

// Run lists tool calls.
func (l *toolCallList) Run(c *console) error {
	query, empty := url.Values{}, "no tool calls yet"
	if l.Status != "all" {
		query.Set("status", l.Status)
		empty = "no tool calls are " + l.Status + "; --status all shows all"
	}

	setIDs(query, map[string]int64{"chat_id": l.ChatID})
	setGiven(query, map[string]string{"action_id": l.Action})

	return showList(c, &l.remote, l.listing, listView[listedCallJSON]{
		path:    "tool-calls",
		query:   query,
		empty:   empty,
		columns: []string{"ACTION", "CALL", "TOOL", "STATUS", "ATTEMPTS", "CHAT", "ERROR"},
		row: func(call *listedCallJSON) []string {
			return []string{
				makePrintable(call.ActionID),
				makePrintable(call.ID),
				makePrintable(call.Name),
				makePrintable(call.Status),
				strconv.Itoa(call.Attempts),
				formatID(call.ChatID),
				makePrintable(call.Error),
			}
		},
	})
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

	var action actionJSON
	if _, err := api.get("actions/"+url.PathEscape(s.Action), nil, &action); err != nil {
		return err
	}

	calls := action.calls()

	at := slices.IndexFunc(calls, func(call sentCallJSON) bool {
		return call.ID == s.Call || call.Undo != nil && call.Undo.ID == s.Call
	})
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
		f.say("undo", "%s", strings.Join(strings.Fields(strings.Join(
			[]string{c.Undo.ID, c.Undo.Tool, c.Undo.Status, c.Undo.Error}, " ")), " "))
	}

	if c.Decision != nil {
		f.say("decided", "%s: %s", c.Decision.Outcome, c.Decision.Reason)
	}
}
