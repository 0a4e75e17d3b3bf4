package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"handrail/chat"
	"handrail/workflows"
)

// endings are how a workflow may end that was not refused, though it has no row.
var endings = map[enumspb.WorkflowExecutionStatus]string{
	enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:   "canceled",
	enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED: "terminated",
	enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:  "ended by its time limit",
	enumspb.WORKFLOW_EXECUTION_STATUS_FAILED:     "ended by a failure",
	enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:  "completed",
}

// resumable are the actions that can be taken up again with the input that they had.
var resumable = []chat.ActionKind{
	chat.ActionAddParticipant,
	chat.ActionSendAssistantMessage,
	chat.ActionRetryDelivery,
}

// endedQuery finds the runs of those actions that ended otherwise than by their own logic.
func endedQuery(since time.Time) string {
	kinds := make([]string, len(resumable))
	for i, kind := range resumable {
		kinds[i] = "'" + string(kind) + "'"
	}

	query := "ExecutionStatus IN ('Failed', 'Canceled', 'Terminated', 'TimedOut') AND WorkflowType IN (" +
		strings.Join(kinds, ", ") + ")"
	if since.IsZero() {
		return query
	}

	return query + " AND CloseTime >= '" + since.UTC().Format(time.RFC3339) + "'"
}

// EndedActions calls found with every action whose workflow has ended since a time otherwise than
// by its own logic: terminated, canceled, timed out or failed. Each has failed, and its Problem
// says how. Whether an action has a row is for the caller to know. It ends with the first error of
// found, or CodeUnavailable when Temporal is away.
func (c *Client) EndedActions(
	ctx context.Context,
	since time.Time,
	found func(context.Context, chat.Action) error,
) error {
	request := &workflowservice.ListWorkflowExecutionsRequest{Query: endedQuery(since)}

	for {
		page, err := c.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return temporalAway("list the workflows that were ended", err)
		}

		for _, info := range page.GetExecutions() {
			action, err := describeAction(info)
			if err != nil {
				return err
			}

			if action.ID == "" {
				continue
			}

			if err := found(ctx, action); err != nil {
				return err
			}
		}

		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return nil
		}
	}
}

func temporalAway(what string, err error) error {
	return chat.Unavailable("Temporal does not answer").Because(fmt.Errorf("%s: %w", what, err))
}

// describeAction is an action as its workflow tells, without what only the input holds. Its id is
// "" for a workflow that is no action's.
func describeAction(info *workflowpb.WorkflowExecutionInfo) (chat.Action, error) {
	workflowID := info.GetExecution().GetWorkflowId()

	ws, id, ok := chat.ParseActionWorkflowID(workflowID)
	if !ok {
		return chat.Action{}, nil
	}

	chatID, err := chatAttribute(
		info.GetSearchAttributes().GetIndexedFields()[workflows.AttributeChat.GetName()].GetData(),
	)

	action := chat.Action{
		ID:          id,
		WorkspaceID: ws,
		Kind:        chat.ActionKind(info.GetType().GetName()),
		ChatID:      chatID,
		State:       chat.ActionRunning,
		WorkflowID:  workflowID,
		CreatedAt:   info.GetStartTime().AsTime(),
		UpdatedAt:   info.GetStartTime().AsTime(),
	}

	if ended := endings[info.GetStatus()]; ended != "" {
		action.State = chat.ActionFailed
		action.Problem = endedProblem(id, ended, info.GetSearchAttributes())
		action.UpdatedAt = info.GetCloseTime().AsTime()
		action.EndedRun = chat.Run{ID: info.GetExecution().GetRunId(), StartedAt: action.CreatedAt}
	}

	return action, err
}

func endedProblem(id chat.ActionID, ended string, attributes *commonpb.SearchAttributes) *chat.Error {
	if refusalCode(attributes) == string(chat.CodeRecordLost) {
		return chat.RecordLost(id)
	}

	return chat.EndedInTemporal(id, ended)
}

// askedFor is what is read of the input of an action that has ended, whatever its kind.
type askedFor struct {
	chat.Request
	// DeliveryID is what a retry is to try again.
	DeliveryID chat.DeliveryID `json:"delivery_id"`
}

// completeEnded adds to an action that has ended what only its history tells: what was asked for, and
// whether it had begun. If it had, its row is lost, and it may have been sent.
func (c *Client) completeEnded(
	ctx context.Context,
	action *chat.Action,
	info *workflowpb.WorkflowExecutionInfo,
) error {
	begun := false

	history := c.temporal.GetWorkflowHistory(
		ctx,
		action.WorkflowID,
		info.GetExecution().GetRunId(),
		false,
		enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT,
	)
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			return temporalAway("read how a workflow has ended", err)
		}

		if start := event.GetWorkflowExecutionStartedEventAttributes(); start != nil {
			// As the run itself sees it, also after a reset.
			action.EndedRun.StartedAt = event.GetEventTime().AsTime()

			var asked askedFor
			if c.converterOf(action.WorkflowID).FromPayloads(start.GetInput(), &asked) == nil {
				action.Fingerprint = asked.Fingerprint
				action.RetryOf = asked.DeliveryID
			}
		}

		begun = begun || event.GetMarkerRecordedEventAttributes() != nil ||
			event.GetActivityTaskScheduledEventAttributes() != nil
	}

	// What is canceled before it begins looks into the store, and says that there was nothing.
	if begun && isSend(action.Kind) && !wasRefused(info.GetSearchAttributes()) {
		action.Problem = chat.RowsLost(action.ID)
	}

	return nil
}

// Resume starts the workflow of an action again, with the input that it had: conflict when that
// input cannot be read, or Temporal has forgotten it. It does not wait for the outcome.
//
// Idempotent: one that runs is left alone.
func (c *Client) Resume(ctx context.Context, a chat.Action) error {
	ctx, cancel := context.WithTimeout(ctx, recordWithin)
	defer cancel()

	var (
		j   job
		err error
	)

	switch a.Kind {
	case chat.ActionAddParticipant:
		var in chat.AddParticipant

		err = c.readInput(ctx, a.WorkflowID, &in)
		j = addParticipantJob(in)
	case chat.ActionSendAssistantMessage:
		var in chat.SendAssistantMessage

		err = c.readInput(ctx, a.WorkflowID, &in)
		j = sendJob(in)
	case chat.ActionRetryDelivery:
		var in chat.RetryDelivery

		err = c.readInput(ctx, a.WorkflowID, &in)
		j = retryJob(in)
	default:
		err = chat.Errorf(chat.CodeConflict, "an action of this kind cannot be resumed; ask for it again")
	}

	if err != nil {
		return err
	}

	if err := c.record(ctx, j); err != nil {
		return temporalAway("start the workflow again", err)
	}

	return nil
}

// readInput reads what the newest run under an id was started with.
func (c *Client) readInput(ctx context.Context, workflowID string, in any) error {
	forgotten := chat.Errorf(chat.CodeConflict, "Temporal no longer knows what was asked for; ask for it again")

	history := c.temporal.GetWorkflowHistory(ctx, workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return forgotten
	}

	first, err := history.Next()
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return forgotten
	}

	if err != nil {
		return temporalAway("read what a workflow was started with", err)
	}

	input := first.GetWorkflowExecutionStartedEventAttributes().GetInput()
	if err := c.converterOf(workflowID).FromPayloads(input, in); err != nil {
		return chat.Errorf(
			chat.CodeConflict,
			"what was asked for cannot be read, because its encryption key is not configured here; add the key to "+
				"HANDRAIL_ENCRYPTION_KEYS, or ask for it again",
		).Because(err)
	}

	return nil
}
