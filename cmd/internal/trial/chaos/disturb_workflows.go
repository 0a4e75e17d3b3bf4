package chaos

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"handrail/chat"
)

// How workflows are ended from outside.
const (
	// namespace is that of the embedded Temporal server.
	namespace = "default"
	// endWithin is how long an open workflow is looked for, and endAgain how often.
	endWithin = 20 * time.Second
	endAgain  = 500 * time.Millisecond
	// openPage is among how many open workflows one is chosen.
	openPage = 200
)

// openSends selects the workflows of sends that are open.
var openSends = fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running'", chat.ActionSendAssistantMessage)

// dialTemporal connects to the cluster's Temporal server when it is first used: it may be away
// now.
func dialTemporal(address string) (client.Client, error) {
	c, err := client.NewLazyClient(client.Options{
		HostPort:  address,
		Namespace: namespace,
		Logger:    log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal: %w", err)
	}

	return c, nil
}

// workflowDisturbances are what an operator, or a mistake, does to workflows in Temporal.
func (r *run) workflowDisturbances() []disturbance {
	return []disturbance{
		{
			kind: "temporal_cancel",
			play: func(ctx context.Context, chance *rand.Rand) bool {
				return r.endOne(ctx, chance, func(ctx context.Context, id string) error {
					return r.temporal.CancelWorkflow(ctx, id, "")
				})
			},
		},
		{
			kind: "temporal_terminate",
			play: func(ctx context.Context, chance *rand.Rand) bool {
				return r.endOne(ctx, chance, func(ctx context.Context, id string) error {
					return r.temporal.TerminateWorkflow(ctx, id, "", "make chaos terminates it")
				})
			},
		},
	}
}

// endOne ends the workflow of a send that is open. It waits for one.
func (r *run) endOne(
	ctx context.Context,
	chance *rand.Rand,
	end func(ctx context.Context, id string) error,
) bool {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()

	for {
		open, err := r.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: namespace,
			PageSize:  openPage,
			Query:     openSends,
		})
		if err == nil && len(open.GetExecutions()) > 0 {
			id := oneOf(chance, open.GetExecutions()).GetExecution().GetWorkflowId()

			if end(ctx, id) == nil {
				r.noteEnded(id)
				return true
			}
		}

		if !waitFor(ctx, endAgain) {
			return false
		}
	}
}

// noteEnded notes a workflow that was ended from outside.
func (r *run) noteEnded(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.ended[id] = true
}
