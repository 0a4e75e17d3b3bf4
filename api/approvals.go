package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"handrail/chat"
)

// approvalJSON is a second person's decision on a send.
type approvalJSON struct {
	ActionID    chat.ActionID      `json:"action_id" format:"uuid" doc:"The send that waits, or has waited."`
	ChatID      chat.ChatID        `json:"chat_id"`
	State       chat.ApprovalState `json:"state" enum:"waiting,approved,refused,expired" doc:"expired: nobody has decided in time."`
	ToolCallIDs []string           `json:"tool_call_ids" doc:"The tool calls that need it."`
	Deadline    time.Time          `json:"deadline"`
	RequestedBy chat.MemberID      `json:"requested_by" doc:"Who has asked for the send, and cannot decide."`
	DecidedBy   chat.MemberID      `json:"decided_by,omitempty"`
	DecidedAt   *time.Time         `json:"decided_at,omitempty"`
	Reason      string             `json:"reason,omitempty"`
}

func presentApproval(a chat.Approval) approvalJSON {
	return approvalJSON{
		ActionID:    a.ActionID,
		ChatID:      a.ChatID,
		State:       a.State,
		ToolCallIDs: append([]string{}, a.Calls...),
		Deadline:    a.Deadline.UTC(),
		RequestedBy: a.RequestedBy,
		DecidedBy:   a.DecidedBy,
		DecidedAt:   chat.UTC(a.DecidedAt),
		Reason:      a.Reason,
	}
}

// newApprovalJSON decides.
type newApprovalJSON struct {
	Decision string `json:"decision" enum:"approve,refuse"`
	Reason   string `json:"reason" minLength:"1" doc:"Why, for the audit log: at most 500 characters."`
}

// resolveCallJSON is what a person has found out about a tool call.
type resolveCallJSON struct {
	Outcome chat.ToolVerdict `json:"outcome" enum:"succeeded,failed,retry" doc:"succeeded: it has had its effect, and the send goes on. failed: it has not, and the send ends. retry: it is run again."`
	Result  json.RawMessage  `json:"result,omitempty" doc:"With succeeded: what the tool should have answered, any JSON; {} when left out."`
	Reason  string           `json:"reason" minLength:"1" doc:"How that is known, for the audit log: at most 500 characters."`
}

func exampleApproval(state chat.ApprovalState) chat.Approval {
	a := chat.Approval{
		ActionID:    exampleAction,
		ChatID:      7,
		State:       state,
		Calls:       []string{"call_1"},
		Deadline:    exampleTime.Add(24 * time.Hour),
		RequestedBy: 3,
	}

	if state != chat.ApprovalWaiting {
		a.DecidedBy = 5
		a.DecidedAt = new(exampleTime.Add(time.Hour))
		a.Reason = "The terrace was closed."
	}

	return a
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
		description: "A send with a tool call of the risk `approval` waits before its first tool runs. The newest " +
			"first.",
		answer: listOf(presentApproval(exampleApproval(chat.ApprovalWaiting))),
	})

	registerRoute(s, s.decideApproval, route{
		method:  http.MethodPost,
		path:    "/actions/{action_id}/approvals",
		access:  admin,
		id:      "decideApproval",
		tag:     tagTools,
		summary: "Approve or refuse a send",
		description: "Once, before the deadline, and not by who has asked for the send. A send that is refused, or " +
			"that nobody decides on in time, ends: none of its tools runs.",
		request:  newApprovalJSON{Decision: "approve", Reason: "The terrace was closed."},
		answer:   presentApproval(exampleApproval(chat.ApprovalApproved)),
		problems: []chat.Code{chat.CodeApprovalNotFound, chat.CodeOwnRequest, chat.CodeDecided},
	})

	registerRoute(s, s.resolveToolCall, route{
		method:  http.MethodPost,
		path:    "/actions/{action_id}/tool-calls/{call_id}/resolve",
		access:  admin,
		id:      "resolveToolCall",
		tag:     tagTools,
		summary: "Resolve a tool call",
		description: "For a call with the status `unknown`: it may have had its effect, so it is not run again by " +
			"itself, and its send waits. The undo of `call_1` is called `undo_call_1`.",
		request: resolveCallJSON{
			Outcome: chat.VerdictToolSucceeded,
			Result:  json.RawMessage(`{"booking_id":"b-9"}`),
			Reason:  "It is in their book.",
		},
		answer:   exampleResolved(),
		problems: []chat.Code{chat.CodeToolCallNotFound, chat.CodeConflict},
	})
}

type listApprovalsInput struct {
	Paging
	State chat.ApprovalState `query:"state" enum:"waiting,approved,refused,expired"`
}

func (s *service) listApprovals(ctx context.Context, in *listApprovalsInput) (*listOutput[approvalJSON], error) {
	part, err := s.store.Approvals(ctx, callFrom(ctx).workspace(), in.State, in.page())
	return presentList(part, err, presentApproval)
}

type decideApprovalInput struct {
	ActionID chat.ActionID `inPath:"action_id"`
	Body     newApprovalJSON
}

type approvalOutput struct{ Body approvalJSON }

// decideApproval stores the decision, and tells the workflow. That may fail: the workflow
// looks at the store too.
func (s *service) decideApproval(ctx context.Context, in *decideApprovalInput) (*approvalOutput, error) {
	c := callFrom(ctx)

	reason := strings.TrimSpace(in.Body.Reason)
	if err := checkReason(reason, true); err != nil {
		return nil, err
	}

	decided, workflowID, err := s.store.DecideApproval(ctx, c.workspace(), chat.ApprovalDecision{
		ActionID: in.ActionID,
		Approve:  in.Body.Decision == "approve",
		Reason:   reason,
		By:       c.actor(),
		At:       time.Now(),
	})
	if err != nil {
		return nil, err
	}

	s.notifier.notify(workflowID, chat.DeliverySnapshot{})

	return &approvalOutput{Body: presentApproval(decided)}, nil
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
