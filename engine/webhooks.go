package engine

import (
	"context"

	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// WebhooksChanged signals the workflow of a webhook endpoint, and starts it if there is none. It is best effort: a
// sweep looks for endpoints that are behind.
func (c *Client) WebhooksChanged(ctx context.Context, step chat.WebhookStep) error {
	return c.signalOrStart(ctx, &signaledWorkflow{
		id:    chat.WebhookWorkflowID(step),
		name:  workflows.WorkflowDeliverWebhooks,
		input: step,
		attributes: temporal.NewSearchAttributes(
			workflows.AttributeWorkspace.ValueSet(string(step.WorkspaceID)),
			workflows.AttributeStatus.ValueSet(string(chat.ActionRunning)),
		),
		summary:  "Tell " + workflows.WebhookName(step.EndpointID) + " of events",
		priority: temporal.Priority{PriorityKey: workflows.PriorityBulk, FairnessKey: string(step.WorkspaceID)},
	})
}
