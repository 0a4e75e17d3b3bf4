package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"handrail/chat"
)

// approvalJSON is a second member's word.
type approvalJSON struct {
	ID            chat.ApprovalID      `json:"id" format:"uuid"`
	Kind          chat.ApprovalKind    `json:"kind" enum:"send,member_role,api_key,tool_change,tool_test,tool_secret" doc:"member_role and tool_change are done with the decision. api_key, tool_test and tool_secret allow it once, for 24 hours: who asked repeats the request with approval_id."`
	ActionID      chat.ActionID        `json:"action_id,omitempty" format:"uuid" doc:"With a send: the one that waits."`
	ChatID        chat.ChatID          `json:"chat_id,omitempty" doc:"With a send."`
	State         chat.ApprovalState   `json:"state" enum:"waiting,approved,refused,expired,void" doc:"expired: nobody has decided in time. void: after it was asked for, a tool was changed, or who asked lost the right to ask."`
	ToolCallIDs   []string             `json:"tool_call_ids" doc:"With a send."`
	Request       *approvalRequestJSON `json:"request,omitempty" doc:"What is asked for, for those with the scopes that deciding takes."`
	Deadline      time.Time            `json:"deadline"`
	RequestedBy   chat.MemberID        `json:"requested_by" doc:"Who has asked, and cannot decide."`
	RequesterName string               `json:"requester_name,omitempty"`
	Message       string               `json:"message,omitempty" doc:"With a send: its text, for those with chats:read."`
	Deciders      []chat.MemberID      `json:"deciders,omitempty" doc:"While it waits: who can decide now."`
	Void          bool                 `json:"void,omitempty" doc:"While it waits: whether it cannot be approved any more, as note says."`
	Note          string               `json:"note,omitempty" doc:"While it waits: why it cannot be approved any more, or by whom alone it can be decided."`
	DecidedBy     chat.MemberID        `json:"decided_by,omitempty" doc:"Left out when it was the operator."`
	DecidedAt     *time.Time           `json:"decided_at,omitempty"`
	ExecutedAt    *time.Time           `json:"executed_at,omitempty" doc:"When it was done, or used. Not with a send."`
	Reason        string               `json:"reason,omitempty"`
}

// presentApproval shows an approval to a principal.
func presentApproval(a chat.Approval, to *chat.Principal) approvalJSON {
	shown := approvalJSON{
		ID:            a.ID,
		Kind:          a.Kind,
		ActionID:      a.ActionID,
		ChatID:        a.ChatID,
		State:         a.State,
		ToolCallIDs:   append([]string{}, a.Calls...),
		Deadline:      a.Deadline.UTC(),
		RequestedBy:   a.RequestedBy,
		RequesterName: a.RequesterName,
		Deciders:      a.Deciders,
		DecidedBy:     a.DecidedBy,
		DecidedAt:     chat.UTC(a.DecidedAt),
		ExecutedAt:    chat.UTC(a.ExecutedAt),
		Reason:        a.Reason,
	}

	switch {
	case a.State != chat.ApprovalWaiting:
	case a.Unapprovable:
		shown.Void = true
		shown.Note = chat.VoidNow
	case a.Alone:
		shown.Note = chat.NobodyElse
	}

	if to.May(chat.ScopeChatsRead) {
		shown.Message = a.Message
	}

	if maySee(to, a.Kind) {
		shown.Request = presentApprovalRequest(&a.Request)
	}

	return shown
}

// newApprovalJSON decides.
type newApprovalJSON struct {
	Decision string `json:"decision" enum:"approve,refuse"`
	Reason   string `json:"reason" minLength:"1" doc:"Why, for the audit log, up to 500 characters."`
}

// resolveCallJSON is what a person has found out about a tool call.
type resolveCallJSON struct {
	Outcome chat.ToolVerdict `json:"outcome" enum:"succeeded,failed,retry" doc:"succeeded: it has had its effect, and the send goes on. failed: it has not, and the send ends. retry: it is run again."`
	Result  json.RawMessage  `json:"result,omitempty" doc:"With succeeded: what the tool should have answered, any JSON; {} when left out."`
	Reason  string           `json:"reason" minLength:"1" doc:"How that is known, for the audit log, up to 500 characters."`
}

func exampleApproval(state chat.ApprovalState) approvalJSON {
	a := chat.Approval{
		ID:            chat.ApprovalID(exampleAction),
		Kind:          chat.ApprovalSend,
		ActionID:      exampleAction,
		ChatID:        7,
		State:         state,
		Calls:         []string{"call_1"},
		Deadline:      exampleTime.Add(24 * time.Hour),
		RequestedBy:   3,
		RequesterName: "Mona Manager",
		Message:       "I have refunded you 50 euros.",
		Request: chat.ApprovalRequest{Calls: []chat.PinnedCall{{
			CallID: "call_1",
			Tool: chat.PinnedTool{
				ID:      4,
				Name:    "refund",
				Version: 2,
				Where:   "POST https://desk.example.com/refunds",
				Risk:    chat.RiskApproval,
			},
			Arguments: json.RawMessage(`{"amount":50}`),
		}}},
	}

	if state == chat.ApprovalWaiting {
		a.Deciders = []chat.MemberID{5}
	} else {
		a.DecidedBy = 5
		a.DecidedAt = new(exampleTime.Add(time.Hour))
		a.Reason = "The terrace was closed."
	}

	return presentApproval(a, &chat.Principal{Role: chat.RoleManager, Scopes: chat.AllScopes()})
}

// exampleSecond is the approval that a request waits for that takes a second member.
func exampleSecond() approvalJSON {
	return presentApproval(chat.Approval{
		ID:            exampleApprovalID,
		Kind:          chat.ApprovalMemberRole,
		State:         chat.ApprovalWaiting,
		Deadline:      exampleTime.Add(24 * time.Hour),
		RequestedBy:   3,
		RequesterName: "Mona Manager",
		Deciders:      []chat.MemberID{5},
		Request: chat.ApprovalRequest{
			Member:  &chat.MemberRequest{ID: 42, Kind: chat.KindPerson, Name: "Ana Lopez"},
			Changes: []chat.FieldChange{{Field: "role", Before: chat.RoleUser, After: chat.RoleManager}},
		},
	}, &chat.Principal{Role: chat.RoleManager, Scopes: chat.AllScopes()})
}

func exampleResolved() toolCallJSON {
	began, ended := exampleTime, exampleTime.Add(10*time.Second)

	return toolCalls([]chat.ToolCall{{
		ID:         "call_1",
		Name:       "book_table",
		Arguments:  json.RawMessage(`{"guests":4}`),
		State:      chat.ToolCallSucceeded,
		Result:     json.RawMessage(`{"booking_id":"b-9"}`),
		Kind:       chat.ToolHTTP,
		Risk:       chat.RiskWrite,
		Attempts:   1,
		StartedAt:  &began,
		FinishedAt: &ended,
		UndoTool:   "cancel_table",
		Decision: &chat.ToolDecision{
			Verdict: chat.VerdictToolSucceeded,
			Reason:  "It is in their book.",
			By:      5,
			At:      exampleTime.Add(time.Hour),
		},
	}})[0]
}

func (s *service) approvalRoutes() {
	admin := withScope(chat.ScopeChatsAdmin)
	registerRoute(s, s.listApprovals, route{
		method:  http.MethodGet,
		path:    "/approvals",
		access:  admin,
		id:      "listApprovals",
		tag:     tagTools,
		summary: "List approvals",
		description: "What waits, or has waited, for a second member, the newest first: sends with a tool call of " +
			"the risk `approval`, new managers, keys that reach further than who asks for them, changes and tests " +
			"of tools that need approval.",
		answer: listOf(exampleApproval(chat.ApprovalWaiting)),
	})

	registerRoute(s, s.decideApproval, route{
		method:  http.MethodPost,
		path:    "/actions/{action_id}/approvals",
		access:  admin,
		id:      "decideApproval",
		tag:     tagTools,
		summary: "Approve or refuse a send",
		description: "Once, before the deadline, and not by who asked for the send. One that is refused or not " +
			"decided ends before any of its tools runs; so does one whose tool was changed since, or whose " +
			"requester is no manager any more or has no working key: 409 `approval_void`. 409 `action_gone` when " +
			"its workflow no longer runs: nothing is recorded.",
		request:  newApprovalJSON{Decision: "approve", Reason: "The terrace was closed."},
		answer:   exampleApproval(chat.ApprovalApproved),
		problems: decisionProblems(),
	})

	s.requestRoutes()

	registerRoute(s, s.resolveToolCall, route{
		method:  http.MethodPost,
		path:    "/actions/{action_id}/tool-calls/{call_id}/resolve",
		access:  admin,
		id:      "resolveToolCall",
		tag:     tagTools,
		summary: "Resolve a tool call",
		description: "For a call with the status `unknown`: it may have had its effect, so its send waits. The " +
			"undo of `call_1` is `undo_call_1`. Of a call of the risk `approval`, who asked for it may only say " +
			"that it failed.",
		request: resolveCallJSON{
			Outcome: chat.VerdictToolSucceeded,
			Result:  json.RawMessage(`{"booking_id":"b-9"}`),
			Reason:  "It is in their book.",
		},
		answer:   exampleResolved(),
		problems: []chat.Code{chat.CodeToolCallNotFound, chat.CodeConflict, chat.CodeOwnRequest},
	})
}

// requestRoutes registers the routes of approvals by their own ids.
func (s *service) requestRoutes() {
	admin := withScope(chat.ScopeChatsAdmin)

	registerRoute(s, s.getApproval, route{
		method:   http.MethodGet,
		path:     "/approvals/{approval_id}",
		access:   admin,
		id:       "getApproval",
		tag:      tagTools,
		summary:  "Get an approval",
		answer:   exampleApproval(chat.ApprovalWaiting),
		problems: []chat.Code{chat.CodeApprovalNotFound},
	})

	registerRoute(s, s.decideRequest, route{
		method:  http.MethodPost,
		path:    "/approvals/{approval_id}",
		access:  admin,
		id:      "decideRequest",
		tag:     tagTools,
		summary: "Approve or refuse what one member may not do alone",
		description: "Once, before the deadline. It also takes the scope that asking took, and for a key all its " +
			"scopes. 403 `own_request` for who asked, and for a member or key that one of the two made within 24 " +
			"hours. The decision does what is asked for, except for a key, a tool's test and a signing secret: who " +
			"asked repeats the request with `approval_id`, within 24 hours.",
		request: newApprovalJSON{Decision: "approve", Reason: "She leads the new team."},
		answer:  exampleSecond(),
		problems: append(
			decisionProblems(),
			chat.CodeMemberNotFound,
			chat.CodeAddressTaken,
			chat.CodeExternalIDTaken,
			chat.CodeAlreadyExists,
		),
	})
}

// decisionProblems are the codes of who cannot decide, or not any more.
func decisionProblems() []chat.Code {
	return []chat.Code{
		chat.CodeApprovalNotFound,
		chat.CodeOwnRequest,
		chat.CodeDecided,
		chat.CodeApprovalVoid,
		chat.CodeActionGone,
	}
}

type listApprovalsInput struct {
	Paging
	State []chat.ApprovalState `query:"state" enum:"waiting,approved,refused,expired,void" doc:"In any of these."`
}

func (s *service) listApprovals(ctx context.Context, in *listApprovalsInput) (*listOutput[approvalJSON], error) {
	c := callFrom(ctx)

	part, err := s.store.Approvals(ctx, c.workspace(), in.State, in.page())

	return presentList(part, err, func(a chat.Approval) approvalJSON { return presentApproval(a, &c.principal) })
}

type approvalPath struct {
	ApprovalID chat.ApprovalID `inPath:"approval_id"`
}

func (s *service) getApproval(ctx context.Context, in *approvalPath) (*approvalOutput, error) {
	c := callFrom(ctx)

	found, err := s.store.Approval(ctx, c.workspace(), in.ApprovalID)
	if err != nil {
		return nil, err
	}

	return &approvalOutput{Body: presentApproval(found, &c.principal)}, nil
}

type decideApprovalInput struct {
	ActionID chat.ActionID `inPath:"action_id"`
	Body     newApprovalJSON
}

type approvalOutput struct{ Body approvalJSON }

func (s *service) decideApproval(ctx context.Context, in *decideApprovalInput) (*approvalOutput, error) {
	return s.decideAbout(ctx, chat.ApprovalID(in.ActionID), in.Body)
}

type decideRequestInput struct {
	approvalPath

	Body newApprovalJSON
}

func (s *service) decideRequest(ctx context.Context, in *decideRequestInput) (*approvalOutput, error) {
	return s.decideAbout(ctx, in.ApprovalID, in.Body)
}

// decideAbout stores the decision, and tells the workflow that waits for it if there is one. That may
// fail: the workflow looks at the store too. One that is void is over as well.
func (s *service) decideAbout(ctx context.Context, id chat.ApprovalID, in newApprovalJSON) (*approvalOutput, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Reason)
	if err := checkReason(reason, true); err != nil {
		return nil, err
	}

	if err := s.checkActionRuns(ctx, c.workspace(), id); err != nil {
		return nil, err
	}

	decided, workflowID, err := s.store.DecideApproval(ctx, c.workspace(), chat.ApprovalDecision{
		ID:      id,
		Approve: in.Decision == "approve",
		Reason:  reason,
		By:      c.actor(),
		At:      time.Now(),
	})

	if workflowID != "" {
		s.notifier.notify(workflowID, chat.DeliverySnapshot{})
	}

	if err != nil {
		return nil, err
	}

	return &approvalOutput{Body: presentApproval(decided, &c.principal)}, nil
}

// checkActionRuns returns action_gone if a waiting approval is of a send whose workflow no longer runs. If Temporal
// does not answer, the decision is stored, and the workflow finds it later.
func (s *service) checkActionRuns(ctx context.Context, ws chat.WorkspaceID, id chat.ApprovalID) error {
	found, err := s.store.Approval(ctx, ws, id)
	if err != nil {
		return err
	}

	if found.Kind != chat.ApprovalSend || found.State != chat.ApprovalWaiting {
		return nil
	}

	asking, cancel := context.WithTimeout(ctx, notifyWithin)
	defer cancel()

	open, err := s.engine.IsOpen(asking, chat.ActionWorkflowID(ws, found.ActionID))
	if err == nil && !open {
		return chat.ActionGone(found.ActionID)
	}

	return nil
}

type resolveCallInput struct {
	ActionID chat.ActionID `inPath:"action_id"`
	CallID   string        `inPath:"call_id"`
	Body     resolveCallJSON
}

type toolCallOutput struct{ Body toolCallJSON }

func (s *service) resolveToolCall(ctx context.Context, in *resolveCallInput) (*toolCallOutput, error) {
	c := callFrom(ctx)
	b := in.Body

	d := chat.ToolDecision{
		Verdict: b.Outcome,
		Result:  b.Result,
		Reason:  strings.TrimSpace(b.Reason),
		By:      c.principal.MemberID,
		At:      time.Now(),
	}

	switch {
	case d.Verdict != chat.VerdictToolSucceeded && d.Result != nil:
		return nil, chat.Invalid("result", "belongs to what has succeeded; leave it out")
	case len(d.Result) > chat.MaxToolResult:
		return nil, chat.Invalid("result", "must have at most %d bytes, it has %d", chat.MaxToolResult, len(d.Result))
	case d.Verdict == chat.VerdictToolSucceeded && d.Result == nil:
		d.Result = json.RawMessage(`{}`)
	}

	if err := checkReason(d.Reason, true); err != nil {
		return nil, err
	}

	key := chat.ToolCallKey{ActionID: in.ActionID, CallID: in.CallID}

	resolved, workflowID, err := s.store.ResolveToolCall(ctx, c.workspace(), c.actor(), key, d)
	if err != nil {
		return nil, err
	}

	s.notifier.notify(workflowID, chat.DeliverySnapshot{})

	return &toolCallOutput{Body: toolCalls([]chat.ToolCall{resolved})[0]}, nil
}
