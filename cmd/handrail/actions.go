package main

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"handrail/chat"
	"handrail/client"
)

type actionsCommand struct {
	List   actionList   `cmd:"" help:"List actions, newest first; by default those that wait for a person."`
	Show   actionShow   `cmd:"" help:"Show an action: what it waits for, and what has happened."`
	Cancel actionCancel `cmd:"" help:"Cancel an action that has not left: a send or a retry that waits, or a bulk retry."`
	Resume actionResume `cmd:"" help:"Resume an action that was ended in Temporal before it had done anything."`
}

// Help is shown by kong.
func (actionsCommand) Help() string {
	return `An action is one request: a send, a retry, a new participant. Its id is in the answer to the request, and
in the log of a worker that finds an action that was ended in Temporal.

To see what waits for a person: handrail actions list. To see everything: handrail actions list --waiting-for any

` + exitHelp
}

// actionJSON is an action as the API shows it.
type actionJSON struct {
	ActionID     string     `json:"action_id"`
	Kind         string     `json:"kind"`
	State        string     `json:"state"`
	Status       string     `json:"status"`
	ChatID       int64      `json:"chat_id"`
	WorkflowID   string     `json:"workflow_id"`
	Explanation  string     `json:"explanation"`
	WaitingFor   string     `json:"waiting_for"`
	WaitingUntil *time.Time `json:"waiting_until"`
	Message      *struct {
		ToolCalls []sentCallJSON `json:"tool_calls"`
	} `json:"message"`
	Delivery *struct {
		ID string `json:"id"`
	} `json:"delivery"`
	Approval *struct {
		Void bool `json:"void"`
	} `json:"approval"`
	Timeline []struct {
		At   time.Time `json:"at"`
		What string    `json:"what"`
	} `json:"timeline"`
	Problem *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"problem"`
	Next      []string  `json:"next"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *actionJSON) show(c *console, r *remote) {
	f := facts{c}
	f.say("action", "%s", makePrintable(a.ActionID))
	f.say("kind", "%s", makePrintable(a.Kind))
	f.say("chat", "%d", a.ChatID)
	f.say("state", "%s", makePrintable(a.State))
	f.say("status", "%s", makePrintable(a.Status))
	f.say("waiting for", "%s", makePrintable(a.WaitingFor))

	if a.WaitingUntil != nil {
		f.say("until", "%s", formatTime(*a.WaitingUntil))
	}

	f.say("explanation", "%s", makePrintable(a.Explanation))
	f.say("workflow", "%s", makePrintable(a.WorkflowID))

	if a.Delivery != nil {
		f.say("delivery", "%s", a.Delivery.ID)
	}

	f.say("created", "%s (%s ago)", formatTime(a.CreatedAt), formatAge(a.CreatedAt))

	if a.Problem != nil {
		f.say("problem", "%s: %s", makePrintable(a.Problem.Code), makePrintable(a.Problem.Detail))
	}

	if len(a.Timeline) > 0 {
		fmt.Fprintln(c.out, "\nWhat has happened")
	}

	for _, moment := range a.Timeline {
		fmt.Fprintf(c.out, "  %s  %s\n", formatTime(moment.At), makePrintable(moment.What))
	}

	a.showNext(c, r)
}

// showNext says what may be done about an action that was ended, or waits for a person.
func (a *actionJSON) showNext(c *console, r *remote) {
	commands := a.nextCommands()
	if len(commands) == 0 {
		return
	}

	fmt.Fprintln(c.out, "\nWhat you may do")

	for _, command := range commands {
		fmt.Fprintln(c.out, "  "+r.line(c, makePrintable(command)))
	}
}

// nextCommands are the commands by which somebody who may decide does so. Who has asked for an approval may not.
func (a *actionJSON) nextCommands() []string {
	if a.Problem != nil && a.Problem.Code == string(chat.CodeActionEnded) {
		return []string{"actions resume " + a.ActionID + " --reason '…'"}
	}

	var commands []string

	switch waiting := chat.Waiting(a.WaitingFor); {
	case waiting == chat.WaitingApproval:
		if a.Approval == nil || !a.Approval.Void {
			commands = append(commands, "approvals approve "+a.ActionID+" --reason '…'")
		}

		commands = append(commands, "approvals refuse "+a.ActionID+" --reason '…'")
	case waiting == chat.WaitingToolDecision:
		for _, call := range a.unknownCalls() {
			for _, outcome := range []string{"succeeded", "failed", "retry"} {
				commands = append(
					commands,
					"tool-calls resolve "+a.ActionID+" "+call+" --outcome "+outcome+" --reason '…'",
				)
			}
		}

	case waiting == chat.WaitingPerson && a.Delivery != nil:
		commands = append(commands, "deliveries show "+a.Delivery.ID)
	}

	if slices.Contains(a.Next, "cancel") {
		commands = append(commands, "actions cancel "+a.ActionID+" --reason '…'")
	}

	return commands
}

// calls are the tool calls of a send, none of any other action.
func (a *actionJSON) calls() []sentCallJSON {
	if a.Message == nil {
		return nil
	}

	return a.Message.ToolCalls
}

// unknownCalls are the tool calls that a person must decide about, and their undos.
func (a *actionJSON) unknownCalls() []string {
	var ids []string

	for _, call := range a.calls() {
		if call.Status == string(chat.ToolCallUnknown) {
			ids = append(ids, call.ID)
		}

		if call.Undo != nil && call.Undo.Status == string(chat.ToolCallUnknown) {
			ids = append(ids, call.Undo.ID)
		}
	}

	return ids
}

type actionList struct {
	remote
	listing
	WaitingFor string `help:"Only what waits for this: people (approval, tool_decision, sender, whose account must be mended, and person, which is a decision on a delivery), contributor, tool, attempt, address, sender, provider, receipt, model; any shows all actions." default:"people" placeholder:"WHAT"`
	State      string `help:"Only this state: running, parked, succeeded or failed." placeholder:"STATE"`
	Kind       string `help:"Only this kind, like send_assistant_message." placeholder:"KIND"`
	ChatID     int64  `help:"Only this chat." placeholder:"ID"`
	Since      moment `help:"Only those made since then: how long ago, like 2h, or a time like 2026-11-22T10:00:00Z." placeholder:"WHEN"`
}

// params are the list's filter. "people" stands for everything that nobody but a person ends.
func (l *actionList) params() *client.ListActionsParams {
	params := &client.ListActionsParams{
		State:  splitWords[client.ActionState](l.State),
		Kind:   splitWords[client.ActionKind](l.Kind),
		ChatID: ifGiven(l.ChatID),
		Since:  l.Since.time(),
	}

	switch l.WaitingFor {
	case "any":
	case "people":
		for _, w := range chat.WaitingsForPeople() {
			params.WaitingFor = append(params.WaitingFor, client.Waiting(w))
		}

	default:
		params.WaitingFor = splitWords[client.Waiting](l.WaitingFor)
	}

	return params
}

// splitWords are the words of a list with commas, none of an empty one.
func splitWords[T ~string](list string) []T {
	var words []T

	for word := range strings.SplitSeq(list, ",") {
		if word != "" {
			words = append(words, T(word))
		}
	}

	return words
}

// Run lists actions.
func (l *actionList) Run(c *console) error {
	empty := "nothing waits for a person; --waiting-for any shows all actions"
	if l.WaitingFor != "people" {
		empty = "no actions match"
	}

	params := l.params()

	return showList(c, &l.remote, l.listing, listView[actionJSON]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListActions(c.ctx, api.workspace, params)
		},
		empty:   empty,
		columns: []string{"ACTION", "AGE", "CHAT", "STATUS", "WAITING FOR", "EXPLANATION"},
		row: func(a *actionJSON) []string {
			return []string{
				makePrintable(a.ActionID),
				formatAge(a.CreatedAt),
				strconv.FormatInt(a.ChatID, 10),
				makePrintable(a.Status),
				makePrintable(a.WaitingFor),
				shortenText(makePrintable(a.Explanation), 60),
			}
		},
	})
}

type actionShow struct {
	remote
	ID string `arg:"" help:"The action's id."`
}

// Run shows an action.
func (s *actionShow) Run(c *console) error {
	return askAction(c, &s.remote, func(api *apiClient) (*http.Response, error) {
		return api.GetAction(c.ctx, api.workspace, s.ID, nil)
	})
}

type actionResume struct {
	remote
	ID     string `arg:"" help:"The action's id."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run resumes an action.
func (r *actionResume) Run(c *console) error {
	return askAction(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		return api.ResumeAction(c.ctx, api.workspace, r.ID, nil, client.Reason{Reason: r.Reason}, client.Repeatable)
	})
}

type actionCancel struct {
	remote
	ID     string `arg:"" help:"The action's id."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run cancels an action.
func (r *actionCancel) Run(c *console) error {
	return askAction(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		return api.CancelAction(c.ctx, api.workspace, r.ID, nil, client.Reason{Reason: r.Reason})
	})
}

// askAction makes a request that is answered with an action, and shows it.
func askAction(c *console, r *remote, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, a *actionJSON) error {
		a.show(c, r)
		return nil
	})
}
