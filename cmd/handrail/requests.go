package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"

	"handrail/client"
)

type requestsCommand struct {
	List   requestList   `cmd:"" help:"List questions to contributors, newest first."`
	Show   requestShow   `cmd:"" help:"Show a question, who was asked, and the answers."`
	Answer requestAnswer `cmd:"" help:"Answer a question, for yourself or for the member who was asked."`
	Extend requestExtend `cmd:"" help:"Give who was asked more time to answer."`
	Cancel requestCancel `cmd:"" help:"Cancel a question; a message that waits for the answer is not sent."`
}

// Help is shown by kong.
func (requestsCommand) Help() string {
	return `The tool contributor_input_request sends a question to people who take part in a chat. They answer by
SMS, by email, or here. A member who was asked needs no scope to show and to answer the question. Otherwise list and
show need chats:read, answering for others and extend need chats:write, and cancel needs chats:admin.

` + exitHelp
}

// requestView is a contributor request as the API shows it.
type requestView struct{ client.ContributorRequest }

type requestList struct {
	remote
	listing
	State  choice `help:"Only this state: open, answered, defaulted, expired, failed, canceled or all." placeholder:"STATE"`
	ChatID int64  `aliases:"chat" help:"Only this chat." placeholder:"ID"`
}

// Run lists contributor requests.
func (l *requestList) Run(c *console) error {
	params := client.ListContributorRequestsParams{
		State:  client.OnlyGiven(client.ContributorRequestState(l.State)),
		ChatID: client.IfGiven(l.ChatID),
	}

	empty := "no questions to contributors yet"
	if !reflect.ValueOf(params).IsZero() {
		empty = "no questions to contributors match"
	}

	return showList(c, &l.remote, l.listing, listView[requestView]{
		ask: func(api *apiClient, at position) (*http.Response, error) {
			params.Limit = at.limit
			params.Cursor = at.cursor

			return api.ListContributorRequests(c.ctx, api.workspace, &params)
		},
		empty:   empty,
		columns: []string{"REQUEST", "STATE", "CHAT", "UNTIL", "QUESTION"},
		row: func(r *requestView) []string {
			return []string{
				makePrintable(r.ID),
				makePrintable(string(r.State)),
				strconv.FormatInt(r.ChatID, 10),
				formatTime(r.Deadline),
				makePrintable(r.Question),
			}
		},
	})
}

type requestAnswer struct {
	remote
	ID       string `arg:"" help:"The request's id, as listed."`
	Answer   string `required:"" help:"The answer: a text, or JSON like true or 3 if the question expects that (see show)." placeholder:"ANSWER"`
	MemberID int64  `help:"The id of the member you answer for. Default: the key's own member." placeholder:"ID"`
}

// Run answers a question. It looks at the question first, which says whether 3 is a text. It is answered
// once: a second answer would be refused, because the question is over.
func (a *requestAnswer) Run(c *console) error {
	return showChangedRequest(c, &a.remote, func(api *apiClient) (*http.Response, error) {
		asked, err := api.read(api.GetContributorRequest(c.ctx, api.workspace, a.ID))
		if err != nil {
			return nil, err
		}

		var r requestView
		if err := asked.into(&r); err != nil {
			return nil, err
		}

		said := client.ContributorAnswer{
			Answer:   r.value(a.Answer),
			MemberID: client.IfGiven(a.MemberID),
		}

		return api.AnswerContributorRequest(c.ctx, api.workspace, a.ID, nil, said)
	})
}

// value returns a typed answer as JSON has it: the text where nothing but a text is expected,
// else what it is as JSON, or a text when it is no JSON.
func (r *requestView) value(text string) any {
	if len(r.Expects) > 0 && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}

	return text
}

type requestCancel struct {
	remote
	ID     string `arg:"" help:"The request's id, as listed."`
	Reason string `required:"" help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run cancels a question, once as it is answered.
func (r *requestCancel) Run(c *console) error {
	return showChangedRequest(c, &r.remote, func(api *apiClient) (*http.Response, error) {
		return api.CancelContributorRequest(c.ctx, api.workspace, r.ID, nil, client.Reason{Reason: r.Reason})
	})
}

type requestExtend struct {
	remote
	ID       string  `arg:"" help:"The request's id, as listed."`
	Deadline dueTime `required:"" help:"Until when an answer is waited for: how long from now, like 48h, or a time like 2026-12-02T10:00:00Z." placeholder:"WHEN"`
	Reason   string  `help:"The reason, for the audit log." placeholder:"TEXT"`
}

// Run moves the deadline of a question. The same deadline changes nothing the second time, so it is asked again when
// no answer comes.
func (e *requestExtend) Run(c *console) error {
	ask := func(api *apiClient) (*http.Response, error) {
		extension := client.ContributorExtension{
			Deadline: e.Deadline.Time,
			Reason:   client.IfGiven(e.Reason),
		}

		return api.ExtendContributorRequest(c.ctx, api.workspace, e.ID, nil, extension, client.Repeatable)
	}

	return showOne(c, &e.remote, ask, func(_ *apiClient, now *requestView) error {
		fmt.Fprintf(c.out, "request %s waits until %s\n", makePrintable(now.ID), formatTime(now.Deadline))
		return nil
	})
}

// showChangedRequest records a person's word on a question, and shows how it then stands.
func showChangedRequest(c *console, r *remote, ask question) error {
	return showOne(c, r, ask, func(_ *apiClient, now *requestView) error {
		fmt.Fprintf(c.out, "request %s is %s\n", makePrintable(now.ID), makePrintable(string(now.State)))
		return nil
	})
}
