package engine

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// NoticesChanged tells the workflow that tells a workspace's people of events to look, and starts it if there is none. It
// is best effort: a sweep looks for rules that are behind.
func (c *Client) NoticesChanged(ctx context.Context, step chat.NoticeStep) error {
	workflowID := chat.NoticeWorkflowID(step)

	_, err := c.temporal.SignalWithStartWorkflow(
		ctx,
		workflowID,
		workflows.SignalChanged,
		chat.DeliverySnapshot{},
		client.StartWorkflowOptions{
			TaskQueue:             c.taskQueue,
			WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			TypedSearchAttributes: temporal.NewSearchAttributes(
				workflows.AttributeWorkspace.ValueSet(string(step.WorkspaceID)),
				workflows.AttributeStatus.ValueSet(string(chat.ActionRunning)),
			),
			StaticSummary: "Tell people of events",
			Priority: temporal.Priority{
				PriorityKey: workflows.PriorityInteractive,
				FairnessKey: string(step.WorkspaceID),
			},
		},
		workflows.WorkflowTellPeople,
		step,
	)
	if err != nil {
		return fmt.Errorf("signal workflow %s: %w", workflowID, err)
	}

	return nil
}
