package engine_test

import (
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"handrail/chat"
	"handrail/codec"
	"handrail/engine"
)

// sealedClient is a client whose payloads are sealed with the keys of these ids, the first of
// which seals. A key of one id is always the same.
func sealedClient(t *testing.T, e *testClient, ids ...string) *testClient {
	t.Helper()

	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = id + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(id, 32)[:32]))
	}

	sealing, err := codec.Parse(strings.Join(keys, ","))
	require.NoError(t, err)

	server, err := temporalServer()
	require.NoError(t, err)

	raw, err := client.DialContext(t.Context(), client.Options{
		HostPort:      server.Address(),
		Namespace:     "default",
		Logger:        log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
		DataConverter: sealing.Converter(),
	})
	require.NoError(t, err)
	t.Cleanup(raw.Close)

	sealed := &testClient{raw: raw, queue: e.queue, ws: e.ws}
	sealed.Client = engine.NewClient(raw, e.queue, uuid.NewString)

	return sealed
}

// TestASendWaitsForAWorkerWithItsKey is a rotation in which the API has the new key before the
// worker: what was answered 202 is not lost.
func TestASendWaitsForAWorkerWithItsKey(t *testing.T) {
	t.Parallel()

	e := newTestClient(t)
	api := sealedClient(t, e, "k2", "k1")
	in := api.send("k", "Hello")

	_, err := api.SendAssistantMessage(t.Context(), in, 0)
	require.ErrorIs(t, err, chat.ErrStillRunning)

	stop := sealedClient(t, e, "k1").work(t, refusesSends)

	require.Eventually(t, func() bool { return failedTasks(t, e.raw, in.WorkflowID()) > 0 }, time.Minute, 50*time.Millisecond,
		"the worker without the key fails the task")

	described, err := e.raw.DescribeWorkflowExecution(t.Context(), in.WorkflowID(), "")
	require.NoError(t, err)
	assert.Equal(
		t,
		enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING,
		described.GetWorkflowExecutionInfo().GetStatus(),
		"and leaves the workflow to one that has it",
	)

	stop()
	sealedClient(t, e, "k1", "k2").work(t, refusesSends)

	_, err = api.SendAssistantMessage(t.Context(), in, time.Minute)
	assert.Equal(t, chat.CodeNoPhone, chat.CodeOf(err), "it is carried out")
}

// failedTasks counts the workflow tasks that workers have failed.
func failedTasks(t *testing.T, c client.Client, workflowID string) int {
	t.Helper()

	failed := 0
	events := c.GetWorkflowHistory(t.Context(), workflowID, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)

	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)

		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_FAILED {
			failed++
		}
	}

	return failed
}
