package engine

import (
	"context"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	historypb "go.temporal.io/api/history/v1"

	"handrail/chat"
)

// refusedAction says of an action that was refused, and has left nothing, why it was: with the sentence and the
// fields that its history has.
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

	cause, err := c.readRefusal(ctx, run, code)
	if err != nil {
		return refused.Because(err)
	}

	if cause != nil {
		refused.Message += ": " + cause.Message
		refused.Fields = cause.Fields
	}

	return refused
}

// readRefusal reads why a run was refused with the code, nil if that cannot be read.
func (c *Client) readRefusal(
	ctx context.Context,
	run *commonpb.WorkflowExecution,
	code string,
) (*chat.Error, error) {
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

		details := failureOf(event).GetApplicationFailureInfo().GetDetails()
		if details == nil {
			continue
		}

		var cause chat.Error
		if c.converterOf(run.GetWorkflowId()).FromPayloads(details, &cause) == nil && string(cause.Code) == code {
			return &cause, nil
		}
	}

	return nil, nil //nolint:nilnil // its step has left none, or the key is gone
}

// failureOf is the failure that an event tells of, of a step or as the answer to a caller, nil for none. The
// answers alone do not do: who has got a 202 may have been gone before there was one.
func failureOf(event *historypb.HistoryEvent) *failurepb.Failure {
	if marker := event.GetMarkerRecordedEventAttributes(); marker != nil {
		return marker.GetFailure()
	}

	if answered := event.GetWorkflowExecutionUpdateCompletedEventAttributes(); answered != nil {
		return answered.GetOutcome().GetFailure()
	}

	return event.GetActivityTaskFailedEventAttributes().GetFailure()
}
