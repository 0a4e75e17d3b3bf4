package main

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"handrail/chat"
)

type actionsCommand struct {
	Show   actionShow   `cmd:"" help:"Show an action: what it waits for, and what has happened."`
	Resume actionResume `cmd:"" help:"Resume an action that was ended in Temporal before it had done anything."`
}

// Help is shown by kong.
func (actionsCommand) Help() string {
	return `An action is one request: a send, a retry, a new participant. Its id is in the answer to the request, and
in the log of a worker that finds an action that was ended in Temporal.

` + exitHelp
}

// actionJSON is an action as the API shows it.
type actionJSON struct {
	ActionID   string `json:"action_id"`
	Kind       string `json:"kind"`
	State      string `json:"state"`
	Status     string `json:"status"`
	ChatID     int64  `json:"chat_id"`
	WorkflowID string `json:"workflow_id"`
	WaitingFor string `json:"waiting_for"`
	Timeline   []struct {
		At   time.Time `json:"at"`
		What string    `json:"what"`
	} `json:"timeline"`
	Problem *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"problem"`
	CreatedAt time.Time `json:"created_at"`
}

func (a *actionJSON) show(c *console, r *remote, got *answer) error {
	if r.JSON {
		return (&client{console: c}).showJSON(got.raw)
	}

	f := facts{c}
	f.say("action", "%s", makePrintable(a.ActionID))
	f.say("kind", "%s", makePrintable(a.Kind))
	f.say("chat", "%d", a.ChatID)
	f.say("state", "%s", makePrintable(a.State))
	f.say("status", "%s", makePrintable(a.Status))
	f.say("waits", "%s", makePrintable(a.WaitingFor))
	f.say("workflow", "%s", makePrintable(a.WorkflowID))
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

	return nil
}

// showNext says what may be done about an action that was ended.
func (a *actionJSON) showNext(c *console, r *remote) {
	if a.Problem == nil || a.Problem.Code != string(chat.CodeActionEnded) {
		return
	}

	fmt.Fprintln(c.out, "\nWhat you may do")
	fmt.Fprintln(c.out, "  "+r.line(c, "actions resume "+makePrintable(a.ActionID)+" --reason '…'"))
}

type actionShow struct {
	remote
	ID string `arg:"" help:"The action's id."`
}

// Run shows an action.
func (s *actionShow) Run(c *console) error {
	return askAction(c, &s.remote, call{
		method: http.MethodGet,
		path:   "actions/" + url.PathEscape(s.ID),
	})
}

type actionResume struct {
	remote
	ID     string `arg:"" help:"The action's id."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run resumes an action.
func (r *actionResume) Run(c *console) error {
	return askAction(c, &r.remote, call{
		method: http.MethodPost,
		path:   "actions/" + url.PathEscape(r.ID) + "/resume",
		body:   map[string]string{"reason": r.Reason},
		again:  true,
	})
}

// askAction makes a call that answers with an action, and shows it.
func askAction(c *console, r *remote, question call) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	got, err := api.do(question)
	if err != nil {
		return err
	}

	var a actionJSON
	if err := got.into(&a); err != nil {
		return err
	}

	return a.show(c, r, got)
}
