package activities

import (
	"context"
	"encoding/json"

	"handrail/chat"
)

// PrepareSend checks a send against the rules of the domain, its tool calls against
// their schemas, renders what will be posted, and stores all of it. Idempotent: the
// action's row is inserted in the same transaction and found by every repetition. The
// errors are those of [chat.SendFacts.Plan], unknown_tool and invalid_tool_arguments; a
// send that is refused leaves nothing behind.
func (a *Activities) PrepareSend(ctx context.Context, in chat.SendAssistantMessage) (chat.AssistantMessageSent, error) {
	ids := chat.SendIDs{MessageID: chat.MessageID(a.NewID()), DeliveryID: chat.DeliveryID(a.NewID())}
	return a.Store.PrepareSend(ctx, in, ids, func(facts *chat.SendFacts) (chat.SendPlan, error) {
		plan, err := facts.Plan(in.Message)
		if err != nil {
			return chat.SendPlan{}, err
		}
		plan.Policy = a.WhenUnknown
		if err := a.tools.check(in.ToolCalls, facts.Labels); err != nil {
			return chat.SendPlan{}, err
		}
		plan.Payload, err = a.Renderer.Render(plan.Channel, facts, in.Message, ids.MessageID)
		return plan, err
	})
}

// RunTool runs one tool call. Idempotent: the effect of a built-in tool and its recorded
// result are one transaction, and a call that has a result is not run again.
func (a *Activities) RunTool(ctx context.Context, in chat.ToolRun) (chat.ToolCall, error) {
	return a.Store.CompleteToolCall(ctx, in.WorkspaceID, in.ActionID, in.Index,
		func(ctx context.Context, editor chat.ChatEditor) (json.RawMessage, error) {
			return runBuiltin(ctx, editor, in.Name, in.Arguments)
		})
}

// FailSend records that a send is over before anything was posted. Idempotent: only a
// delivery that is still pending is canceled, and a canceled one stays as it is.
func (a *Activities) FailSend(ctx context.Context, in chat.SendFailure) (chat.Receipt, error) {
	sent, err := a.Store.FailSend(ctx, in.WorkspaceID, in.ActionID, in.Index, &in.Problem)
	return sent.Receipt, err
}
