package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"handrail/chat"
	"handrail/client"
)

type actionsCommand struct {
	List   actionList   `cmd:"" help:"List actions, newest first; by default those that wait for a person."`
	Show   actionShow   `cmd:"" help:"Show an action: what it waits for, and what has happened."`
	Change actionChange `cmd:"" help:"Change the text or the address of a send that has not left."`
	Cancel actionCancel `cmd:"" help:"Cancel an action that has not left: a send or a retry that waits, or a bulk retry."`
	Resume actionResume `cmd:"" help:"Resume an action that was ended in Temporal before it had done anything."`
}

// Help is shown by kong.
func (actionsCommand) Help() string {
	return `An action is one request: a send, a retry, a new participant. Its id is in the answer to the request, and
in the log of a worker that finds an action that was ended in Temporal.

To see what waits for a person: handrail actions list. To see everything: handrail actions list --waiting-for all

` + exitHelp
}

// actionView is an action as the API shows it.
type actionView struct{ client.WholeAction }

func (a *actionView) show(c *console, r *remote) {
	f := facts{c}
	f.say("action", "%s", makePrintable(a.ActionID))
	f.say("kind", "%s", makePrintable(string(a.Kind)))
	f.say("chat", "%d", a.ChatID)
	f.say("state", "%s", makePrintable(string(a.State)))
	f.say("status", "%s", makePrintable(a.Status))
	f.say("waiting for", "%s", client.ValueOf(a.WaitingFor))
	f.sayTime("until", a.WaitingUntil)
	f.say("explanation", "%s", client.ValueOf(a.Explanation))
	f.say("workflow", "%s", client.ValueOf(a.WorkflowID))

	if a.Delivery != nil {
		f.say("delivery", "%s", a.Delivery.ID)
	}

	f.say("created", "%s (%s ago)", formatTime(a.CreatedAt), formatAge(a.CreatedAt))

	if a.Problem != nil {
		f.say("problem", "%s: %s", a.Problem.Code, a.Problem.Detail)
	}

	if len(a.Timeline) > 0 {
		c.showHeading("What has happened")
	}

	for _, moment := range a.Timeline {
		fmt.Fprintf(c.out, "  %s  %s\n", formatTime(moment.At), makePrintable(moment.What))
	}

	a.showPlaces(c)
	a.showNext(c, r)
}

// showPlaces says where the tool calls are found at their tools.
func (a *actionView) showPlaces(c *console) {
	isFirst := true

	for _, call := range a.calls() {
		if call.Where == nil {
			continue
		}

		if isFirst {
			c.showHeading("Where the tool calls went, with their idempotency keys")
		}

		isFirst = false

		fmt.Fprintf(
			c.out,
			"  %s  %s  %s\n",
			makePrintable(call.ID),
			makePrintable(*call.Where),
			makePrintable(client.ValueOf(call.IdempotencyKey)),
		)
	}
}

// showNext says what may be done about an action that was ended, or waits for a person.
func (a *actionView) showNext(c *console, r *remote) {
	commands := a.nextCommands()
	if len(commands) == 0 {
		return
	}

	c.showHeading("What you may do")

	for _, command := range commands {
		fmt.Fprintln(c.out, "  "+r.line(c, makePrintable(command)))
	}
}

// nextCommands are the commands for what the API offers to the caller.
func (a *actionView) nextCommands() []string {
	var commands []string

	if client.ValueOf(a.WaitingFor) == client.WaitingPerson && a.Delivery != nil {
		commands = append(commands, "deliveries show "+a.Delivery.ID)
	}

	for _, next := range a.Next {
		commands = append(commands, a.commandsFor(next)...)
	}

	return commands
}

// commandsFor are the commands for one thing that may be done.
func (a *actionView) commandsFor(next client.WholeActionNext) []string {
	const why = " --reason '…'"

	switch next {
	case client.WholeActionNextApprove:
		return []string{"approvals approve " + a.ActionID + why}
	case client.WholeActionNextRefuse:
		return []string{"approvals refuse " + a.ActionID + why}
	case client.WholeActionNextResolveToolCall:
		return a.resolveCommands()
	case client.WholeActionNextResume:
		return []string{"actions resume " + a.ActionID + why}
	case client.WholeActionNextChange:
		return []string{"actions change " + a.ActionID + " --message '…'"}
	case client.WholeActionNextCancel:
		return []string{"actions cancel " + a.ActionID + why}
	}

	return nil
}

// resolveCommands resolve the tool calls that a person must decide about.
func (a *actionView) resolveCommands() []string {
	var commands []string

	for _, call := range a.unknownCalls() {
		for _, outcome := range []string{"succeeded", "failed", "retry"} {
			commands = append(
				commands,
				"tool-calls resolve "+a.ActionID+" "+call+" --outcome "+outcome+" --reason '…'",
			)
		}
	}

	return commands
}

// calls are the tool calls of a send, none of any other action.
func (a *actionView) calls() []client.ToolCall {
	if a.Message == nil {
		return nil
	}

	return a.Message.ToolCalls
}

// unknownCalls are the tool calls that a person must decide about, and their undos.
func (a *actionView) unknownCalls() []string {
	var ids []string

	for _, call := range a.calls() {
		if call.Status == client.ToolCallStatusUnknown {
			ids = append(ids, call.ID)
		}

		if call.Undo != nil && client.ValueOf(call.Undo.Status) == client.ToolCallStatusUnknown {
			ids = append(ids, client.ValueOf(call.Undo.ID))
		}
	}

	return ids
}

type actionList struct {
	remote
	listing
	WaitingFor string `help:"Only what waits for this: people (approval, tool_decision, sender, whose account must be mended, and person, which is a decision on a delivery), contributor, tool, attempt, address, sender, provider, receipt, model; or all." default:"people" placeholder:"WHAT"`
	State      choice `help:"Only this state: running, parked (it waits for another try or for a person), succeeded, failed or all." placeholder:"STATE"`
	Kind       string `help:"Only this kind, like send_assistant_message." placeholder:"KIND"`
	ChatID     int64  `aliases:"chat" help:"Only this chat." placeholder:"ID"`
	Since      moment `help:"Only those made since then: how long ago, like 2h, or a time like 2026-11-22T10:00:00Z." placeholder:"WHEN"`
}

// params are the list's filter. "people" stands for everything that nobody but a person ends.
func (l *actionList) params() *client.ListActionsParams {
	return &client.ListActionsParams{
		State:      splitWords[client.ActionState](string(l.State)),
		Kind:       splitWords[client.ActionKind](l.Kind),
		WaitingFor: splitWaits(l.WaitingFor),
		ChatID:     client.IfGiven(l.ChatID),
		Since:      l.Since.time(),
	}
}

// splitWaits are the words of a filter by what is waited for; none of an empty one, or of "all".
func splitWaits(filter string) []client.Waiting {
	switch filter {
	case noFilter:
		return nil
	case "people":
		var waits []client.Waiting
		for _, w := range chat.WaitingsForPeople() {
			waits = append(waits, client.Waiting(w))
		}

		return waits
	}

	return splitWords[client.Waiting](filter)
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
	empty := "nothing waits for a person; --waiting-for all shows all actions"
	if l.WaitingFor != "people" {
		empty = "no actions match"
	}

	params := l.params()

	return showList(c, &l.remote, l.listing, listView[actionView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListActions(c.ctx, api.workspace, params)
		},
		empty:   empty,
		columns: []string{"ACTION", "AGE", "CHAT", "STATUS", "WAITING FOR", "EXPLANATION"},
		row: func(a *actionView) []string {
			return []string{
				makePrintable(a.ActionID),
				formatAge(a.CreatedAt),
				formatID(a.ChatID),
				makePrintable(a.Status),
				makePrintable(string(client.ValueOf(a.WaitingFor))),
				makePrintable(client.ValueOf(a.Explanation)),
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

type actionChange struct {
	remote
	ID      string `arg:"" help:"The action's id."`
	Message string `help:"The new text, in Markdown." placeholder:"TEXT"`
	To      string `help:"Another phone number or email address of the same channel." placeholder:"ADDRESS"`
	Reason  string `help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run changes a send before it leaves.
func (r *actionChange) Run(c *console) error {
	if r.Message == "" && r.To == "" {
		return &exitError{errors.New("give --message or --to: there is nothing to change"), exitUsage}
	}

	return askAction(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		return api.ChangeAction(c.ctx, api.workspace, r.ID, client.ChangeAction{
			Message: client.IfGiven(r.Message),
			To:      client.IfGiven(r.To),
			Reason:  client.IfGiven(r.Reason),
		})
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
	return showOne(c, r, ask, func(_ *apiClient, a *actionView) error {
		a.show(c, r)
		return nil
	})
}
