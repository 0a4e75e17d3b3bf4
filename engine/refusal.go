package engine

import (
	"context"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"

	"handrail/chat"
)

// refusedAction says of an action that was refused, and has left nothing, why it was: with the sentence and the
// fields that its callers were answered, as far as its history tells.
func (c *Client) refusedAction(
	ctx context.Context,
	id chat.ActionID,
	run *commonpb.WorkflowExecution,
	code string,
) error {
	text := fmt.Sprintf("the action %s was refused and has left nothing", id)
	if code != "" {
		text = fmt.Sprintf("the action %s was refused (%s) and has left nothing", id, code)
	}

	refused := chat.Errorf(chat.CodeActionNotFound, "%s", text)

	cause, err := c.readRefusal(ctx, run)
	if err != nil {
		return refused.Because(err)
	}

	if cause != nil {
		refused.Message += ": " + cause.Message
		refused.Fields = cause.Fields
	}

	return refused
}

// readRefusal reads what the callers of a run were answered, nil if that cannot be read. A run answers all of
// them the same.
func (c *Client) readRefusal(ctx context.Context, run *commonpb.WorkflowExecution) (*chat.Error, error) {
	history := c.temporal.GetWorkflowHistory(
		ctx,
		run.GetWorkflowId(),
		run.GetRunId(),
		false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT,
	)

	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return nil, fmt.Errorf("read why an action was refused: %w", err)
		}

		answered := event.GetWorkflowExecutionUpdateCompletedEventAttributes()

		details := answered.GetOutcome().GetFailure().GetApplicationFailureInfo().GetDetails()
		if details == nil {
			continue
		}

		var cause chat.Error
		if c.converterOf(run.GetWorkflowId()).FromPayloads(details, &cause) == nil {
			return &cause, nil
		}
	}

	return nil, nil //nolint:nilnil // nobody was answered, or the key is gone
}
