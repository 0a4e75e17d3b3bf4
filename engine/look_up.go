package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// LookUp asks a delivery's provider for its status, and waits until the answer is stored. Two lookups at once are one.
// It returns CodeUnavailable if the provider has not answered within wait; the lookup then continues.
func (c *Client) LookUp(
	ctx context.Context,
	ws chat.WorkspaceID,
	d *chat.Delivery,
	wait time.Duration,
) error {
	workflowID := chat.LookUpWorkflowID(ws, d.ID)

	run, err := c.temporal.ExecuteWorkflow(
		ctx,
		client.StartWorkflowOptions{
			ID:                       workflowID,
			TaskQueue:                c.taskQueue,
			WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			TypedSearchAttributes: workflows.StartAttributes(chat.Request{
				WorkspaceID: ws,
				ChatID:      d.ChatID,
			}),
			StaticSummary: "Ask the provider about a delivery",
			Priority: temporal.Priority{
				PriorityKey: workflows.PriorityInteractive,
				FairnessKey: string(ws),
			},
		},
		workflows.WorkflowLookUp,
		chat.DeliveryStep{WorkspaceID: ws, DeliveryID: d.ID},
	)
	if err != nil {
		return fmt.Errorf("start workflow %s: %w", workflowID, err)
	}

	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()

	err = run.Get(waiting, nil)

	switch {
	case err == nil:
		return nil
	case errors.Is(waiting.Err(), context.DeadlineExceeded):
		return newNotAnswered(err)
	}

	if _, failed := errors.AsType[*temporal.WorkflowExecutionError](err); failed {
		return newNotAnswered(err)
	}

	return fmt.Errorf("wait for workflow %s: %w", workflowID, err)
}

// newNotAnswered returns the error of a provider that has not answered yet.
func newNotAnswered(why error) error {
	e := chat.Unavailable("the provider has not answered yet; a later answer is stored, look again in a minute")
	e.Retryable = true

	return e.Because(why)
}
