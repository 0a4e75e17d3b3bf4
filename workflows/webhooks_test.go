package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
	"handrail/workflows"
)

// hook is a world with a webhook endpoint, and the moments at which it was drained.
type hook struct {
	*world
	steps []time.Time
	// answers are what the steps find, the last one again and again.
	answers []chat.WebhookProgress
}

func newHook(t *testing.T, answers ...chat.WebhookProgress) *hook {
	t.Helper()

	h := &hook{world: newWorld(t), answers: answers}

	withActivity(h.world, workflows.DrainWebhooks, func(in chat.WebhookStep) (chat.WebhookProgress, error) {
		assert.Equal(t, chat.WebhookEndpointID(3), in.EndpointID)

		place := min(len(h.steps), len(h.answers)-1)
		h.steps = append(h.steps, h.Now())

		return h.answers[place], nil
	})

	return h
}

func (h *hook) run() {
	h.ExecuteWorkflow(
		workflows.WorkflowDeliverWebhooks,
		chat.WebhookStep{WorkspaceID: workspace, EndpointID: 3},
	)
}

// waits are the times between the steps.
func (h *hook) waits() []time.Duration {
	var waits []time.Duration
	for i := 1; i < len(h.steps); i++ {
		waits = append(waits, h.steps[i].Sub(h.steps[i-1]).Round(time.Second))
	}

	return waits
}

// TestAWebhookIsPostedUntilNothingIsLeft goes on at once while there is more, waits for the next try, and for whoever
// tells it of more, and ends with its endpoint.
func TestAWebhookIsPostedUntilNothingIsLeft(t *testing.T) {
	t.Parallel()

	h := newHook(
		t,
		chat.WebhookProgress{More: true, Explanation: "12 behind."},
		chat.WebhookProgress{Retrying: true, In: 30 * time.Second, Explanation: "12 behind; next try 10:07 UTC."},
		chat.WebhookProgress{Explanation: "Nothing behind."},
		chat.WebhookProgress{Explanation: "Nothing behind."},
		chat.WebhookProgress{Ended: true, Explanation: "Disabled by a member."},
	)
	h.changes(time.Hour, func() {})
	h.run()

	require.True(t, h.IsWorkflowCompleted())
	require.NoError(t, h.GetWorkflowError())
	assert.Equal(t, []time.Duration{
		0,
		30 * time.Second,
		time.Hour - 30*time.Second,
		6 * time.Hour, // nobody has told it: it looks in any case
	}, h.waits())
}

func TestAWebhooksHistoryBeginsAnew(t *testing.T) {
	t.Parallel()

	h := newHook(t, chat.WebhookProgress{More: true})
	h.run()

	require.True(t, h.IsWorkflowCompleted())
	assert.True(t, workflow.IsContinueAsNewError(h.GetWorkflowError()), "%v", h.GetWorkflowError())
	assert.Len(t, h.steps, 200)
}
