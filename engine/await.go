package engine

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"handrail/chat"
	"handrail/workflows"
)

// Await waits at most wait until a running action has an outcome, which is then found in
// the store: nil when it is there, [chat.ErrStillRunning] when the wait ran out.
func (c *Client) Await(ctx context.Context, a chat.Action, wait time.Duration) error {
	request := chat.Request{
		ActionID:    a.ID,
		WorkspaceID: a.WorkspaceID,
		ChatID:      a.ChatID,
		Fingerprint: a.Fingerprint,
	}

	j := job{id: a.WorkflowID, request: request, ask: workflows.OutcomeQuery{Fingerprint: a.Fingerprint}}
	if a.Kind == chat.ActionSummarizeChat {
		j.ask = chat.SummarizeChat{Request: request}
	}

	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()

	err := retryWhileAway(waiting, func() error {
		handle, err := c.temporal.UpdateWorkflow(waiting, c.update(j, client.WorkflowUpdateStageCompleted))
		if err != nil {
			return err
		}

		return handle.Get(waiting, nil)
	})

	_, answered := workflows.ChatError(err)
	switch {
	case err == nil, isClosed(err), answered:
		return nil
	case waiting.Err() != nil || isUnreachable(err):
		return chat.ErrStillRunning
	}

	return fmt.Errorf("wait for workflow %s: %w", a.WorkflowID, err)
}

// retryWhileAway asks again while the engine is away, or has let go of an update because a worker
// died with it, for as long as there is time.
func retryWhileAway(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		if err == nil || ctx.Err() != nil || !isUnreachable(err) {
			return err
		}

		select {
		case <-ctx.Done():
		case <-time.After(askAgainAfter):
		}
	}
}

// Action describes an action from its workflow, for the moment in which it has no row
// yet: action_not_found when there is none, or when it was refused; CodeUnavailable when
// Temporal is away. One that was ended in Temporal before it had a row has failed, and says so. So
// has one whose row is lost: it may have been sent.
func (c *Client) Action(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	workflowID := chat.ActionWorkflowID(ws, id)

	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()

	described, err := c.temporal.DescribeWorkflowExecution(ctx, workflowID, "")
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return chat.Action{}, chat.Errorf(chat.CodeActionNotFound, "there is no action %s", id)
	}

	if err != nil {
		return chat.Action{}, chat.Unavailable("the state of the action cannot be told now").Because(err)
	}

	info := described.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED && !hasSent(info) {
		// Without a row it was refused, and changed nothing.
		return chat.Action{}, c.refusedAction(ctx, id, info.GetExecution(), refusalCode(info.GetSearchAttributes()))
	}

	action, err := describeAction(info)
	if err != nil || action.State == chat.ActionRunning {
		return action, err
	}

	return action, c.completeEnded(ctx, &action, info)
}

// hasSent reports whether a workflow that has completed has carried out a send, or a retry, so that it
// has left a row.
func hasSent(info *workflowpb.WorkflowExecutionInfo) bool {
	return isSend(chat.ActionKind(info.GetType().GetName())) && !wasRefused(info.GetSearchAttributes())
}

func isSend(kind chat.ActionKind) bool {
	return kind == chat.ActionSendAssistantMessage || kind == chat.ActionRetryDelivery
}

// refusalCode is the code that a workflow was refused with, as its search attribute has it, "" for
// none.
func refusalCode(attributes *commonpb.SearchAttributes) string {
	code, err := strconv.Unquote(
		string(attributes.GetIndexedFields()[workflows.AttributeErrorCode.GetName()].GetData()),
	)
	if err != nil {
		return ""
	}

	return code
}

// wasRefused reports whether a workflow has ended because what it was to do was refused.
func wasRefused(attributes *commonpb.SearchAttributes) bool {
	data := attributes.GetIndexedFields()[workflows.AttributeStatus.GetName()].GetData()
	return string(data) == strconv.Quote(workflows.StatusRefused)
}

// chatAttribute reads the chat's id from a search attribute, which Temporal keeps as
// JSON and never encrypts.
func chatAttribute(data []byte) (chat.ChatID, error) {
	var id chat.ChatID
	if _, err := fmt.Fscan(strings.NewReader(string(data)), &id); err != nil {
		return 0, fmt.Errorf("read search attribute %s: %w", workflows.AttributeChat.GetName(), err)
	}

	return id, nil
}

// Ping reports whether Temporal answers.
func (c *Client) Ping(ctx context.Context) error {
	if _, err := c.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("ask Temporal for its health: %w", err)
	}

	return nil
}
