package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// Step is one activity, with the types that go in and come out and how long to wait for it.
// Temporal itself checks neither the number nor the types of an activity's arguments.
type Step[In, Out any] struct {
	Name    string
	Options StepOptions
}

// Do runs the step as an activity of its own: visible in the Temporal UI with its
// attempts, its last error and its next try. For what waits, retries or takes long.
func (s Step[In, Out]) Do(ctx workflow.Context, summary string, in In) (Out, error) {
	var out Out
	err := s.Start(ctx, summary, in).Get(ctx, &out)

	return out, err
}

// Start is Do without the wait: the future holds an Out.
func (s Step[In, Out]) Start(ctx workflow.Context, summary string, in In) workflow.Future {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, s.Options.activity(summary)), s.Name, in)
}

// Local runs the step inside the workflow task, which costs no hop through the server.
// For database work, and for the first try of a submission. A worker that dies in
// between runs it again. What a few tries cannot do goes on as an activity of its own,
// where operators see its last error and its next try.
func (s Step[In, Out]) Local(ctx workflow.Context, summary string, in In) (Out, error) {
	var out Out
	local := workflow.WithLocalActivityOptions(ctx, s.Options.local(summary))

	err := workflow.ExecuteLocalActivity(local, s.Name, in).Get(ctx, &out)
	if err == nil || isFinal(err) {
		return out, err
	}

	return s.Do(ctx, summary, in)
}

// isFinal reports whether trying again cannot help, or is not wanted.
func isFinal(err error) bool {
	application, ok := errors.AsType[*temporal.ApplicationError](err)
	return temporal.IsCanceledError(err) || (ok && application.NonRetryable())
}

// currentRun is the run that a workflow is in. What a run stores first names it, so that one which was
// ended in Temporal cannot store anything after somebody was told of its end.
func currentRun(ctx workflow.Context) chat.Run {
	info := workflow.GetInfo(ctx)

	return chat.Run{
		ID:        info.WorkflowExecution.RunID,
		StartedAt: info.WorkflowStartTime,
	}
}
