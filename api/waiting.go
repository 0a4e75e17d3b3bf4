package api

import (
	"context"
	"slices"

	"handrail/chat"
)

// findSend is the present state of a send: CodeActionNotFound while it is not prepared.
func (s *service) findSend(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (*chat.SendView, error) {
	sent, err := s.store.SentMessage(ctx, ws, id)
	if err != nil {
		return nil, err
	}

	found := &chat.SendView{
		AssistantMessageSent: sent,
		Requests:             map[chat.ContributorRequestID]chat.ContributorRequest{},
	}

	needs := func(c chat.ToolCall) bool { return c.Risk == chat.RiskApproval }
	if found.Approval == nil && slices.ContainsFunc(sent.ToolCalls, needs) {
		approval, err := s.store.Approval(ctx, ws, chat.ApprovalID(id))
		if err != nil && chat.CodeOf(err) != chat.CodeApprovalNotFound {
			return nil, err
		}

		if err == nil {
			found.Approval = &approval
		}
	}

	for _, c := range sent.ToolCalls {
		if c.Request == "" {
			continue
		}

		if found.Requests[c.Request], err = s.store.ContributorRequest(ctx, ws, c.Request); err != nil {
			return nil, err
		}
	}

	return found, nil
}
