package engine

import (
	"context"
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"handrail/workflows"
)

// memoRequest is the memo that names the request which started a workflow, as updateID
// does: an id and a digest of digests, no text and no key.
const memoRequest = "HandrailRequest"

// recordTries bounds how often a request meets a workflow that closes just then.
const recordTries = 3

// record makes sure that a request is recorded, whatever became of the call that was to do
// so: as the start of a workflow, which needs no worker, or as an update that the running
// one has accepted. It returns the refusal of that one.
func (c *Client) record(ctx context.Context, j job) error {
	options := c.startOptions(j)
	options.WorkflowIDConflictPolicy = enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL
	options.WorkflowExecutionErrorWhenAlreadyStarted = true

	var err error
	for range recordTries {
		_, err = c.temporal.ExecuteWorkflow(ctx, options, string(j.kind), j.in)
		if _, running := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); !running {
			return err
		}

		if c.started(ctx, j) {
			return nil
		}

		if err = c.join(ctx, j); !isClosed(err) {
			return err
		}
	}

	return err
}

// started reports whether the running workflow began with this request.
func (c *Client) started(ctx context.Context, j job) bool {
	described, err := c.temporal.DescribeWorkflow(ctx, j.id, "")
	if err != nil {
		return false
	}

	var by string

	return described.GetMemoValue(memoRequest, &by) == nil && by == updateID(j.request)
}

// join has the running workflow accept the request, and returns its refusal.
func (c *Client) join(ctx context.Context, j job) error {
	handle, err := c.temporal.UpdateWorkflow(ctx, c.update(j, client.WorkflowUpdateStageAccepted))
	if err != nil {
		return err
	}

	// What has ended is in the handle; what has not is not waited for.
	ended, cancel := context.WithCancel(ctx)
	cancel()

	err = handle.Get(ended, nil)
	if _, refused := workflows.ChatError(err); refused || isClosed(err) {
		return err
	}

	return nil
}

// isClosed reports whether a workflow had closed, or closed and left an update unanswered.
func isClosed(err error) bool {
	_, missing := errors.AsType[*serviceerror.NotFound](err)
	application, ok := errors.AsType[*temporal.ApplicationError](err)

	return missing || ok && application.Type() == "AcceptedUpdateCompletedWorkflow"
}

// isUnreachable reports whether the server, or a worker in the middle of its task, was away.
func isUnreachable(err error) bool {
	_, unavailable := errors.AsType[*serviceerror.Unavailable](err)
	_, late := errors.AsType[*serviceerror.DeadlineExceeded](err)
	_, failing := errors.AsType[*serviceerror.WorkflowNotReady](err)

	return unavailable || late || failing || errors.Is(err, context.DeadlineExceeded)
}
