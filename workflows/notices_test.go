package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"handrail/chat"
	"handrail/workflows"
)

// TestPeopleAreToldWhenItIsTime goes on at once while there is more to read, waits for the next message and for whoever
// tells it of more, and ends with the last rule.
func TestPeopleAreToldWhenItIsTime(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	answers := []chat.NoticeProgress{
		{More: true},
		{In: 5 * time.Minute, Explanation: "Collects 3; next message 10:07 UTC."},
		{Explanation: "Nothing to tell."},
		{Ended: true},
	}

	var steps []time.Time

	withActivity(w, workflows.CollectNotices, func(in chat.NoticeStep) (chat.NoticeProgress, error) {
		assert.Equal(t, chat.NoticeStep{WorkspaceID: workspace}, in)

		steps = append(steps, w.Now())

		return answers[len(steps)-1], nil
	})

	w.changes(time.Hour, func() {})
	w.ExecuteWorkflow(workflows.WorkflowTellPeople, chat.NoticeStep{WorkspaceID: workspace})

	require.True(t, w.IsWorkflowCompleted())
	require.NoError(t, w.GetWorkflowError())
	require.Len(t, steps, 4)
	assert.Equal(t, 5*time.Minute, steps[2].Sub(steps[1]).Round(time.Second))
	assert.Equal(t, time.Hour, steps[3].Sub(steps[0]).Round(time.Second))
}
