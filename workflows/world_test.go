package workflows_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	sdkworker "go.temporal.io/sdk/worker"

	"handrail/chat"
	"handrail/worker"
	"handrail/workflows"
)

const workspace = chat.WorkspaceID("11111111-1111-4111-8111-111111111111")

// world is one workflow with activities that a test writes down. An activity that the test has not
// given fails the test when it is called.
type world struct {
	*testsuite.TestWorkflowEnvironment
	// mu lets one activity run at a time: local ones of several callers run side by side.
	mu sync.Mutex
	// said are the names of the steps in the order they ran.
	said []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	w := &world{TestWorkflowEnvironment: suite.NewTestWorkflowEnvironment()}
	// A machine that is busy is no workflow that hangs.
	w.SetTestTimeout(time.Minute)
	w.SetWorkerOptions(sdkworker.Options{DeadlockDetectionTimeout: time.Minute})
	worker.RegisterWorkflows(w)

	return w
}

// withActivity gives the world the activity for a step.
func withActivity[In, Out any](w *world, step workflows.Step[In, Out], do func(In) (Out, error)) {
	w.RegisterActivityWithOptions(func(_ context.Context, in In) (Out, error) {
		w.mu.Lock()
		defer w.mu.Unlock()

		w.said = append(w.said, step.Name)
		out, err := do(in)

		return out, workflows.Failure(err)
	}, activity.RegisterOptions{Name: step.Name})
}

// at does something after a while, while no activity runs: activities run on goroutines of their
// own, beside the clock's.
func (w *world) at(after time.Duration, do func()) {
	w.RegisterDelayedCallback(func() {
		w.mu.Lock()
		defer w.mu.Unlock()

		do()
	}, after)
}

// changes is at, and tells the workflow to look.
func (w *world) changes(after time.Duration, change func()) {
	w.at(after, func() {
		change()
		w.SignalWorkflow("Changed", chat.DeliverySnapshot{})
	})
}

// answer is what one caller of a workflow got.
type answer[T any] struct {
	out      workflows.Outcome[T]
	err      error
	complete bool
}

// askOutcome sends an Outcome update at the start of the workflow.
func askOutcome[T any](w *world, id string, in any) *answer[T] {
	a := &answer[T]{}

	w.RegisterDelayedCallback(func() { a.send(w, id, in) }, 0)

	return a
}

func (a *answer[T]) send(w *world, id string, in any) {
	w.UpdateWorkflow("Outcome", id, &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { a.err, a.complete = err, true },
		OnComplete: func(out any, err error) {
			a.err, a.complete = err, true
			if err == nil {
				a.out = out.(workflows.Outcome[T])
			}
		},
	}, in)
}
