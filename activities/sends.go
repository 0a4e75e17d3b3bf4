package activities

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"handrail/chat"
)

// PrepareSend checks a send against the rules of the domain, its tool calls against
// their schemas, renders what will be posted, and stores all of it. A send that nothing
// stands before is claimed in the same transaction, and submitted, as [Activities.Submit]
// does. Idempotent: the action's row is inserted in the same transaction and found by every
// repetition, which claims nothing. The errors are those of [chat.SendFacts.Plan],
// unknown_tool and invalid_tool_arguments; a send that is refused leaves nothing behind.
func (a *Activities) PrepareSend(ctx context.Context, in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
	ids := chat.SendIDs{MessageID: chat.MessageID(a.NewID()), DeliveryID: chat.DeliveryID(a.NewID())}
	if in.Question != nil || len(in.ToolCalls) > 0 {
		return a.Store.PrepareSend(ctx, in, ids, a.plan(in, ids))
	}

	now := time.Now()

	sent, claim, err := a.Store.PrepareAndClaim(ctx, in, ids, a.plan(in, ids), now, a.Lease)
	if err != nil || !claim.Granted {
		return sent, err
	}

	sent.Submitted = true
	sent.DeliverySnapshot, err = a.handOver(ctx, in.WorkspaceID, claim, now)

	return sent, err
}

// plan decides how a send is to be delivered.
func (a *Activities) plan(in chat.SendAssistantMessage, ids chat.SendIDs) func(*chat.SendFacts) (chat.SendPlan, error) {
	if in.Notice != nil {
		return a.planNotice(in, ids)
	}

	return func(facts *chat.SendFacts) (chat.SendPlan, error) {
		plan, err := facts.Plan(in.Message)
		if err != nil {
			return chat.SendPlan{}, err
		}

		plan.Policy = a.WhenUnknown
		if plan.Tools, err = a.checks.check(in.ToolCalls, facts); err != nil {
			return chat.SendPlan{}, err
		}

		if slices.ContainsFunc(plan.Tools, func(t chat.Tool) bool { return t.Risk == chat.RiskApproval }) {
			plan.ApproveWithin = a.ApproveWithin
		}

		plan.Payload, err = a.Renderer.Render(plan.Channel, facts, in.Message, ids.MessageID)

		return plan, err
	}
}

// planNotice decides how a notice is to be delivered. Answers to it are mail to the inbox like any other: there is no
// chat for them.
func (a *Activities) planNotice(
	in chat.SendAssistantMessage,
	ids chat.SendIDs,
) func(*chat.SendFacts) (chat.SendPlan, error) {
	return func(facts *chat.SendFacts) (chat.SendPlan, error) {
		plan, err := facts.PlanNotice(in.Message)
		if err != nil {
			return chat.SendPlan{}, err
		}

		plan.Payload, err = a.Renderer.Render(plan.Channel, facts, in.Message, ids.MessageID)
		plan.Payload.ReplyTo = ""

		return plan, err
	}
}

// LoadSend reads how a send stands.
func (a *Activities) LoadSend(ctx context.Context, in chat.SendStep) (chat.AssistantMessageSent, error) {
	sent, err := a.Store.SentMessage(ctx, in.WorkspaceID, in.ActionID)
	sent.Waits = a.Waits[sent.Channel]

	return sent, err
}

// CloseUnbegun records that a send was canceled before it had begun, so that another worker, which may
// be about to store it for the same run, is refused; it returns the send that was stored before all the
// same: action_not_found when there is none. Idempotent: what is recorded once stays.
func (a *Activities) CloseUnbegun(ctx context.Context, in chat.Request) (chat.AssistantMessageSent, error) {
	now := time.Now()

	_, err := a.Store.RecordEndedAction(ctx, chat.Action{
		ID:          in.ActionID,
		WorkspaceID: in.WorkspaceID,
		Kind:        chat.ActionSendAssistantMessage,
		ChatID:      in.ChatID,
		Fingerprint: in.Fingerprint,
		WorkflowID:  in.WorkflowID(),
		Problem:     chat.EndedInTemporal(in.ActionID, "canceled"),
		EndedRun:    in.Run,
		CreatedAt:   in.Run.StartedAt,
		UpdatedAt:   now,
	})
	if err != nil && chat.CodeOf(err) != chat.CodeChatNotFound { // without its chat, nothing can be stored
		return chat.AssistantMessageSent{}, err
	}

	return a.LoadSend(ctx, chat.SendStep{WorkspaceID: in.WorkspaceID, ActionID: in.ActionID})
}

// ExpireApproval records that nobody has approved in time. Idempotent: an approval that is
// decided stays as it is.
func (a *Activities) ExpireApproval(ctx context.Context, in chat.SendStep) (chat.Approval, error) {
	return a.Store.ExpireApproval(ctx, in.WorkspaceID, in.ActionID, time.Now())
}

// RunTool runs one call of a built-in tool. Idempotent: the effect of a built-in tool and its recorded
// result are one transaction, and a call that has a result is not run again.
func (a *Activities) RunTool(ctx context.Context, in chat.ToolRun) (chat.ToolCall, error) {
	return a.Store.CompleteToolCall(ctx, in.WorkspaceID, in.ActionID, in.Index,
		func(ctx context.Context, editor chat.ChatEditor) (json.RawMessage, error) {
			return runBuiltin(ctx, editor, in.Name, in.Arguments)
		})
}

// FailSend records that a send is over before anything was posted. Idempotent: only a
// delivery that is still pending is canceled, and a canceled one stays as it is.
func (a *Activities) FailSend(ctx context.Context, in chat.SendFailure) (chat.DeliverySnapshot, error) {
	sent, err := a.Store.FailSend(ctx, in.WorkspaceID, in.ActionID, in.Index, &in.Problem)
	return sent.DeliverySnapshot, err
}
