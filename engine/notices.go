package engine

import (
	"context"

	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// NoticesChanged signals the workflow that tells a workspace's people of events, and starts it if there is none. It is
// best effort: a sweep looks for rules that are behind.
func (c *Client) NoticesChanged(ctx context.Context, step chat.NoticeStep) error {
	return c.signalOrStart(ctx, &signaledWorkflow{
		id:    chat.NoticeWorkflowID(step),
		name:  workflows.WorkflowTellPeople,
		input: step,
		attributes: temporal.NewSearchAttributes(
			workflows.AttributeWorkspace.ValueSet(string(step.WorkspaceID)),
			workflows.AttributeStatus.ValueSet(string(chat.ActionRunning)),
		),
		summary: "Tell people of events",
		priority: temporal.Priority{
			PriorityKey: workflows.PriorityInteractive,
			FairnessKey: string(step.WorkspaceID),
		},
	})
}
