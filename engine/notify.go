package engine

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handrail/chat"
	"handrail/workflows"
)

// ErrGone says that there is no open workflow under an id.
var ErrGone = errors.New("the workflow is not open")

// Notify tells a workflow how its delivery stands now, or, with an empty receipt, to look.
// It is best effort: workflows look for themselves too. One that is closed is no error.
func (c *Client) Notify(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error {
	if err := c.Signal(ctx, workflowID, r); err != nil && !errors.Is(err, ErrGone) {
		return err
	}

	return nil
}

// Signal is Notify for whoever must know whether the workflow is open: it returns [ErrGone]
// when it is not.
func (c *Client) Signal(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error {
	err := c.temporal.SignalWorkflow(ctx, workflowID, "", workflows.SignalChanged, r)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return ErrGone
	}

	if err != nil {
		return fmt.Errorf("signal workflow %s: %w", workflowID, err)
	}

	return nil
}

// CheckOpen returns [ErrGone] if a workflow is not open. It adds nothing to the workflow's history.
func (c *Client) CheckOpen(ctx context.Context, workflowID string) error {
	described, err := c.temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return ErrGone
	}

	if err != nil {
		return fmt.Errorf("describe workflow %s: %w", workflowID, err)
	}

	if described.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return ErrGone
	}

	return nil
}

// IsOpen reports whether a workflow runs.
func (c *Client) IsOpen(ctx context.Context, workflowID string) (bool, error) {
	err := c.CheckOpen(ctx, workflowID)
	if errors.Is(err, ErrGone) {
		return false, nil
	}

	return err == nil, err
}

// ChatChanged signals the workflow that summarizes a chat by itself, and starts it if there is none. It is best effort:
// what is lost is found by the next signal, or by a sweep.
func (c *Client) ChatChanged(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) error {
	return c.signalOrStart(ctx, &signaledWorkflow{
		id:         chat.AutoSummaryWorkflowID(ws, id),
		name:       workflows.WorkflowAutoSummarize,
		input:      chat.AutoSummary{WorkspaceID: ws, ChatID: id},
		attributes: workflows.StartAttributes(chat.Request{WorkspaceID: ws, ChatID: id}),
		summary:    "Summarize " + workflows.ChatName(id) + " by itself",
		priority:   temporal.Priority{PriorityKey: workflows.PriorityBulk, FairnessKey: string(ws)},
	})
}

// signaledWorkflow is a workflow that lives as long as what it looks after, and is signaled when that has changed.
type signaledWorkflow struct {
	id         string
	name       string
	input      any
	attributes temporal.SearchAttributes
	summary    string
	priority   temporal.Priority
}

// signalOrStart signals a workflow that something has changed, and starts it if there is none.
func (c *Client) signalOrStart(ctx context.Context, w *signaledWorkflow) error {
	_, err := c.temporal.SignalWithStartWorkflow(
		ctx,
		w.id,
		workflows.SignalChanged,
		chat.DeliverySnapshot{},
		client.StartWorkflowOptions{
			TaskQueue:             c.taskQueue,
			WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			TypedSearchAttributes: w.attributes,
			StaticSummary:         w.summary,
			Priority:              w.priority,
		},
		w.name,
		w.input,
	)
	if err != nil {
		return fmt.Errorf("signal workflow %s: %w", w.id, err)
	}

	return nil
}
