package engine

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
)

// pollAgain is the longest time between two polls of a running worker: a poll that finds nothing ends after a minute,
// and the next one begins.
const pollAgain = 2 * time.Minute

// HasWorkers reports whether workers ask for work of both kinds, workflows and activities. It returns an error if
// Temporal does not answer.
func (c *Client) HasWorkers(ctx context.Context) (bool, error) {
	for _, kind := range []enumspb.TaskQueueType{
		enumspb.TASK_QUEUE_TYPE_WORKFLOW,
		enumspb.TASK_QUEUE_TYPE_ACTIVITY,
	} {
		described, err := c.temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
			Namespace:     c.namespace,
			TaskQueue:     &taskqueuepb.TaskQueue{Name: c.taskQueue, Kind: enumspb.TASK_QUEUE_KIND_NORMAL},
			TaskQueueType: kind,
		})
		if err != nil {
			return false, fmt.Errorf("ask Temporal who polls %s: %w", c.taskQueue, err)
		}

		if !hasPolledSince(described.GetPollers(), time.Now().Add(-pollAgain)) {
			return false, nil
		}
	}

	return true, nil
}

// hasPolledSince reports whether one of the pollers has polled since a time. For a while, Temporal also names workers
// that have ended.
func hasPolledSince(pollers []*taskqueuepb.PollerInfo, since time.Time) bool {
	for _, poller := range pollers {
		if poller.GetLastAccessTime().AsTime().After(since) {
			return true
		}
	}

	return false
}
