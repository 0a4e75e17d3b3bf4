package main

import (
	"fmt"
	"net/http"
	"strconv"

	"handrail/chat"
	"handrail/client"
)

type requestShow struct {
	remote
	ID string `arg:"" help:"The request's id, as listed."`
}

// Run shows a contributor request.
func (s *requestShow) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		return api.GetContributorRequest(c.ctx, api.workspace, s.ID)
	}

	return showOne(c, &s.remote, ask, func(_ *apiClient, r *requestView) error { return r.show(c, &s.remote) })
}

func (r *requestView) show(c *console, at *remote) error {
	fmt.Fprintf(c.out, "%s\n\n", makePrintable(r.Question))
	r.showFacts(c)

	if err := r.showAsks(c); err != nil {
		return err
	}

	r.showNext(c, at)

	return nil
}

func (r *requestView) showFacts(c *console) {
	f := facts{c}
	f.say("request", "%s", r.ID)
	f.say("state", "%s", r.State)
	f.say("note", "%s", client.ValueOf(r.Note))
	f.say("until", "%s", formatTime(r.Deadline))

	f.say(
		"wanted from",
		"%s",
		map[client.ContributorRequestRequire]string{
			client.ContributorRequestRequireAll: "all who are asked",
			client.ContributorRequestRequireAny: "any who is asked",
		}[r.Require],
	)

	f.say("hint", "%s", client.ValueOf(r.Hint))
	f.say("expects", "%s", r.Expects)
	f.say("default", "%s", r.Default)
	f.say("result", "%s", r.Result)
	f.say("reminders", "%s", formatNumber(r.Reminders))
	f.say("message waits", "%s", map[bool]string{true: "yes", false: "no"}[r.Wait])
	f.say("chat", "%d", r.ChatID)
	f.say("action", "%s", r.ActionID)
	f.say("tool call", "%s", r.CallID)
	f.say("asked by", "member %d", r.RequestedBy)
	f.say("workflow", "%s", client.ValueOf(r.WorkflowID))
	f.say("created", "%s (%s ago)", formatTime(r.CreatedAt), formatAge(r.CreatedAt))
	f.say("changed", "%s (%s ago)", formatTime(r.UpdatedAt), formatAge(r.UpdatedAt))
}

// showAsks lists who is asked, and what each has answered.
func (r *requestView) showAsks(c *console) error {
	c.showHeading("Who is asked")
	t := newTable(c.out, "  MEMBER", "NAME", "BY", "STATE", "TRUST", "ANSWER")

	for _, a := range r.Asks {
		answer := client.ValueOf(a.Why)

		switch {
		case len(a.Answer) > 0:
			answer = string(a.Answer)
		case answer == "" && chat.QuestionState(a.State) == chat.QuestionPending:
			answer = "not asked yet"
		}

		t.row(
			"  "+strconv.FormatInt(a.MemberID, 10),
			makePrintable(a.MemberName),
			makePrintable(a.Channel),
			makePrintable(string(a.State)),
			makePrintable(string(client.ValueOf(a.Trust).Level)),
			makePrintable(answer),
		)
	}

	if err := t.flush(); err != nil {
		return err
	}

	for _, a := range r.Asks {
		if reply := client.ValueOf(a.Reply); reply != "" {
			name := makePrintable(a.MemberName)
			fmt.Fprintf(c.out, "\n%s wrote:\n  %s\n", name, shortenText(reply, 400))
		}
	}

	return nil
}

// showNext lists what may be done as commands.
func (r *requestView) showNext(c *console, at *remote) {
	if r.State != client.ContributorRequestStateOpen {
		fmt.Fprintln(c.out, "\nThere is nothing to do.")
		return
	}

	c.showHeading("What you may do")

	id := makePrintable(r.ID)

	for _, a := range r.Asks {
		if chat.QuestionState(a.State).Open() {
			answer := fmt.Sprintf("answer %s --member-id %d --answer '…'", id, a.MemberID)
			fmt.Fprintln(c.out, "  "+at.line(c, "requests "+answer))
		}
	}

	fmt.Fprintln(c.out, "  "+at.line(c, "requests extend "+id+" --deadline 48h"))
	fmt.Fprintln(c.out, "  "+at.line(c, "requests cancel "+id+" --reason '…'"))
}
