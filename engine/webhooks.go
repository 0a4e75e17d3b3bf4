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

// WebhooksChanged tells the workflow of a webhook endpoint to look, and starts it if there is none. It is best effort:
// a sweep looks for endpoints that are behind.
func (c *Client) WebhooksChanged(ctx context.Context, step chat.WebhookStep) error {
	workflowID := chat.WebhookWorkflowID(step)

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
			StaticSummary: "Tell " + workflows.WebhookName(step.EndpointID) + " of events",
			Priority: temporal.Priority{
				PriorityKey: workflows.PriorityBulk,
				FairnessKey: string(step.WorkspaceID),
			},
		},
		workflows.WorkflowDeliverWebhooks,
		step,
	)
	if err != nil {
		return fmt.Errorf("signal workflow %s: %w", workflowID, err)
	}

	return nil
}
