package db_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"handrail/chat"
)

// seedTools gives the victim a tool, an approval and a question to contributors.
func seedTools(t *testing.T, i *intruder) {
	t.Helper()
	var err error
	i.tool, err = i.s.CreateTool(t.Context(), i.victim.Workspace, i.victim.By, bookingTool("book"))
	require.NoError(t, err)

	i.risky = prepareWith(t, i.s, i.victim, chat.Tool{
		ID:   i.tool.ID,
		Name: "book",
		Kind: chat.ToolHTTP,
		Risk: chat.RiskApproval,
	})

	a := &asking{
		t:     t,
		s:     i.s,
		w:     i.victim,
		clock: newClock(),
	}

	a.in(i.victim.SMS.ID)
	a.contributor("Cem", "+14155550601", "")
	i.question = a.open(a.question())
}

// toolTries are the tries at tools, approvals and questions to contributors.
var toolTries = map[string]try{
	"CreateTool": {chat.CodeMemberNotFound, func(ctx context.Context, i *intruder) (any, error) {
		d := bookingTool("book")
		d.Assistants = []chat.MemberID{i.victim.Assistant.ID}

		return anyResult(i.s.CreateTool(ctx, i.ws, i.by, d))
	}},
	"Tool": {chat.CodeToolNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Tool(ctx, i.ws, i.tool.ID))
	}},
	"Tools": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Tools(ctx, i.ws, chat.ToolFilter{Page: pageOfTen()})
		return list.Items, err
	}},
	"UpdateTool": {chat.CodeToolNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.UpdateTool(ctx, i.ws, i.by, i.tool))
	}},
	"DeleteTool": {chat.CodeToolNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.DeleteTool(ctx, i.ws, i.by, i.tool.ID))
	}},
	"SaveDiscovered": {chat.CodeToolNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.SaveDiscovered(ctx, i.ws, i.by, chat.Discovery{ToolID: i.tool.ID, At: time.Now()}))
	}},
	"ChatTools": {chat.CodeChatNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ChatTools(ctx, i.ws, i.victim.SMS.ID))
	}},
	"BeginToolCall": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.BeginToolCall(ctx, i.firstCall(), time.Now(), time.Minute))
	}},
	"RecordToolCall": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.RecordToolCall(ctx, i.firstCall(), 0, chat.ToolOutcome{Kind: chat.ToolSucceeded}, time.Now()),
		)
	}},
	"ResolveToolCall": {chat.CodeToolCallNotFound, func(ctx context.Context, i *intruder) (any, error) {
		key := chat.ToolCallKey{ActionID: i.sent.ActionID, CallID: "a"}
		decision := chat.ToolDecision{Verdict: chat.VerdictToolFailed, Reason: "x"}
		_, _, err := i.s.ResolveToolCall(ctx, i.ws, i.by, key, decision)

		return errorOnly(err)
	}},
	"BeginUndo": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.BeginUndo(
				ctx,
				i.ws,
				i.sent.ActionID,
				func(c chat.ToolCall, _ chat.Undo, _ []chat.Tool) chat.ToolCall { return c },
				time.Now(),
			),
		)
	}},
	"FailUndo": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.FailUndo(ctx, chat.SendFailure{
			ToolStep: i.firstCall(),
			Problem:  *chat.Errorf(chat.CodeInternal, "x"),
		}, time.Now()))
	}},
	"Approval": {chat.CodeApprovalNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.Approval(ctx, i.ws, chat.ApprovalID(i.risky.ActionID)))
	}},
	"Approvals": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.Approvals(ctx, i.ws, nil, pageOfTen())
		return list.Items, err
	}},
	"DecideApproval": {chat.CodeApprovalNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, _, err := i.s.DecideApproval(ctx, i.ws, chat.ApprovalDecision{
			ID:      chat.ApprovalID(i.risky.ActionID),
			Approve: true,
			Reason:  "x",
			By:      i.by,
			At:      time.Now(),
		})

		return errorOnly(err)
	}},
	"RequestApproval": {chat.CodeWorkspaceNotFound, func(ctx context.Context, i *intruder) (any, error) {
		_, err := i.s.RequestApproval(ctx, i.third, i.by, chat.NewApproval{
			Kind:    chat.ApprovalToolTest,
			Request: chat.ApprovalRequest{Arguments: json.RawMessage(`{}`)},
		})

		return errorOnly(err)
	}},
	"ReviewTool": {chat.CodeToolNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ReviewTool(ctx, i.ws, chat.Actor{MemberID: i.by.MemberID, KeyID: 1}, i.tool))
	}},
	"BeginToolTest": {chat.CodeToolNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return errorOnly(i.s.BeginToolTest(ctx, i.ws, i.by, chat.ToolTest{Tool: *i.tool.Pin()}))
	}},
	"ExpireApproval": {chat.CodeApprovalNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ExpireApproval(ctx, i.ws, i.risky.ActionID, time.Now().Add(100*time.Hour)))
	}},
	"ToolCalls": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.ToolCalls(ctx, i.ws, chat.ToolCallFilter{Page: pageOfTen()})
		return list.Items, err
	}},
	"ToolCallMessages": {chat.CodeToolCallNotFound, func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.ToolCallMessages(ctx, i.ws, i.victim.SMS.ID, "a", pageOfTen())
		return list.Items, err
	}},
	"OpenRequest": {chat.CodeActionNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.OpenRequest(ctx, chat.NewContributorRequest{
			ToolStep:      chat.ToolStep{WorkspaceID: i.ws, ActionID: i.sent.ActionID},
			ID:            chat.ContributorRequestID(uuid.NewString()),
			Question:      "x",
			Require:       "any",
			Within:        time.Hour,
			NewQuestionID: uuid.NewString,
			WorkflowID:    "x",
		}, time.Now()))
	}},
	"ContributorRequest": {chat.CodeRequestNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ContributorRequest(ctx, i.ws, i.question.ID))
	}},
	"ContributorRequests": {"", func(ctx context.Context, i *intruder) (any, error) {
		list, err := i.s.ContributorRequests(ctx, i.ws, chat.ContributorFilter{Page: pageOfTen()})
		return list.Items, err
	}},
	"ReadReplies": {chat.CodeRequestNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(
			i.s.ReadReplies(
				ctx,
				i.ws,
				i.question.ID,
				func(*chat.ContributorRequest, *chat.ContributorQuestion, string) (json.RawMessage, error) {
					return nil, errors.New("nothing must be read")
				},
				time.Now(),
			),
		)
	}},
	"AnswerRequest": {chat.CodeRequestNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.AnswerRequest(ctx, i.ws, i.by, i.question.ID, chat.ContributorAnswer{
			MemberID:  i.victim.Customer.ID,
			Answer:    json.RawMessage(`1`),
			MessageID: chat.MessageID(uuid.NewString()),
			Text:      "1",
		}, time.Now()))
	}},
	"ExtendRequest": {chat.CodeRequestNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.ExtendRequest(ctx, i.ws, i.by, chat.ContributorExtension{
			RequestID: i.question.ID,
			Deadline:  i.question.Deadline.Add(time.Hour),
		}, time.Now()))
	}},
	"EndRequest": {chat.CodeRequestNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.EndRequest(ctx, i.by, chat.ContributorStep{
			WorkspaceID: i.ws,
			RequestID:   i.question.ID,
			State:       chat.RequestCanceled,
			Note:        "x",
		}, time.Now()))
	}},
	"FailQuestion": {chat.CodeRequestNotFound, func(ctx context.Context, i *intruder) (any, error) {
		return anyResult(i.s.FailQuestion(ctx, i.ws, i.question.Questions[0].ID, "x", time.Now()))
	}},
}

// firstCall names the victim's first tool call, in the intruder's workspace.
func (i *intruder) firstCall() chat.ToolStep {
	return chat.ToolStep{WorkspaceID: i.ws, ActionID: i.sent.ActionID}
}
