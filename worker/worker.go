// Package worker owns the joint between workflow logic and activities: it binds every step of
// workflows to its method of activities, registers the workflows, and runs both against
// Temporal until it is told to stop.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"handrail/activities"
	"handrail/chat"
	"handrail/workflows"
)

// stopTimeout is how long a worker that is told to stop lets its activities finish. It
// exceeds the longest post to a provider and its recording: the SDK's default of 0 would
// cut a post in its middle at every deploy and leave an unknown outcome behind.
const stopTimeout = workflows.Lease + 15*time.Second

const (
	// pollers is how many workflow tasks a worker asks for at once. Each poll holds its task
	// while Temporal stores that it has begun: with the SDK's two, a worker had at most as
	// many as two such writes take, and a third of a machine's time was waiting
	// (docs/performance.md).
	pollers = 16
	// cached is how many open workflows a process keeps in memory, ready to go on; others
	// are replayed from their histories when something happens to them. It outlasts the
	// seconds that receipts take, at some fifty new messages a second.
	cached = 500
)

// Run works on taskQueue until ctx ends, then lets running activities finish. It returns
// an error when Temporal refuses the worker for good.
func Run(
	ctx context.Context,
	c client.Client,
	taskQueue string,
	acts *activities.Activities,
	logger *slog.Logger,
) error {
	worker.SetStickyWorkflowCacheSize(cached)

	failed := make(chan error, 1)
	w := worker.New(c, taskQueue, worker.Options{
		WorkerStopTimeout:                stopTimeout,
		MaxConcurrentWorkflowTaskPollers: pollers,
		OnFatalError: func(err error) {
			select {
			case failed <- err:
			default:
			}
		},
	})

	Register(w, acts, logger)

	if err := w.Start(); err != nil {
		return fmt.Errorf("start the worker on task queue %s: %w", taskQueue, err)
	}

	defer w.Stop()

	select {
	case <-ctx.Done():
		return nil

	case err := <-failed:
		return fmt.Errorf("work on task queue %s: %w", taskQueue, err)
	}
}

// Register registers the workflows, and binds every step to its activity.
func Register(r worker.Registry, acts *activities.Activities, logger *slog.Logger) {
	RegisterWorkflows(r)
	bindStep(r, logger, workflows.AddMember, acts.AddParticipant)
	bindStep(r, logger, workflows.PrepareSend, acts.PrepareSend)
	bindStep(r, logger, workflows.LoadSend, acts.LoadSend)
	bindStep(r, logger, workflows.CloseUnbegun, acts.CloseUnbegun)
	bindStep(r, logger, workflows.ExpireApproval, acts.ExpireApproval)
	bindStep(r, logger, workflows.RunTool, acts.RunTool)
	bindStep(r, logger, workflows.CallTool, acts.CallTool)
	bindStep(r, logger, workflows.BeginUndo, acts.BeginUndo)
	bindStep(r, logger, workflows.FailUndo, acts.FailUndo)
	bindStep(r, logger, workflows.OpenRequest, acts.OpenRequest)
	bindStep(r, logger, workflows.ReadReplies, acts.ReadReplies)
	bindStep(r, logger, workflows.EndRequest, acts.EndRequest)
	bindStep(r, logger, workflows.FailQuestion, acts.FailQuestion)
	bindStep(r, logger, workflows.FailSend, acts.FailSend)
	bindStep(r, logger, workflows.Submit, acts.Submit)
	bindStep(r, logger, workflows.SubmitDelivery, acts.SubmitDelivery)
	bindStep(r, logger, workflows.MarkExhausted, acts.MarkExhausted)
	bindStep(r, logger, workflows.LoadDelivery, acts.LoadDelivery)
	bindStep(r, logger, workflows.QueryProvider, acts.QueryProvider)
	bindStep(r, logger, workflows.SettleUnknown, acts.SettleUnknown)
	bindStep(r, logger, workflows.MarkUnconfirmed, acts.MarkUnconfirmed)
	bindStep(r, logger, workflows.CancelDelivery, acts.CancelDelivery)
	bindStep(r, logger, workflows.PrepareRetry, acts.PrepareRetry)
	bindStep(r, logger, workflows.BeginBulkRetry, acts.BeginBulkRetry)
	bindStep(r, logger, workflows.SelectRetries, acts.SelectRetries)
	bindStep(r, logger, workflows.SkipRetry, acts.SkipRetry)
	bindStep(r, logger, workflows.BulkProgress, acts.BulkProgress)
	bindStep(r, logger, workflows.MoveBulkRetry, acts.MoveBulkRetry)
	bindStep(r, logger, workflows.RecordAction, acts.RecordAction)
	bindStep(r, logger, workflows.BeginSummary, acts.BeginSummary)
	bindStep(r, logger, workflows.WriteSummary, acts.WriteSummary)
	bindStep(r, logger, workflows.RecordModelWait, acts.RecordModelWait)
	bindStep(r, logger, workflows.SaveSummary, acts.SaveSummary)
	bindStep(r, logger, workflows.FailSummary, acts.FailSummary)
	bindStep(r, logger, workflows.CheckSummaryDue, acts.CheckSummaryDue)
	bindStep(r, logger, workflows.DrainWebhooks, acts.DrainWebhooks)
	bindStep(r, logger, workflows.CollectNotices, acts.CollectNotices)
	bindStep(r, logger, workflows.FailNotice, acts.FailNotice)
}

// RegisterWorkflows registers the workflows alone, under the names of their actions where
// they are one: all that a replay needs.
func RegisterWorkflows(r worker.WorkflowRegistry) {
	name := func(kind chat.ActionKind) workflow.RegisterOptions {
		return workflow.RegisterOptions{Name: string(kind)}
	}

	r.RegisterWorkflowWithOptions(workflows.AddParticipant, name(chat.ActionAddParticipant))
	r.RegisterWorkflowWithOptions(workflows.SendAssistantMessage, name(chat.ActionSendAssistantMessage))
	r.RegisterWorkflowWithOptions(workflows.SummarizeChat, name(chat.ActionSummarizeChat))
	r.RegisterWorkflowWithOptions(workflows.RetryDelivery, name(chat.ActionRetryDelivery))
	r.RegisterWorkflowWithOptions(workflows.RetryDeliveries, name(chat.ActionRetryDeliveries))

	r.RegisterWorkflowWithOptions(
		workflows.LookUpDelivery,
		workflow.RegisterOptions{Name: workflows.WorkflowLookUp},
	)

	r.RegisterWorkflowWithOptions(
		workflows.AutoSummarize,
		workflow.RegisterOptions{Name: workflows.WorkflowAutoSummarize},
	)

	r.RegisterWorkflowWithOptions(
		workflows.AskContributors,
		workflow.RegisterOptions{Name: workflows.WorkflowAskContributors},
	)

	r.RegisterWorkflowWithOptions(
		workflows.DeliverWebhooks,
		workflow.RegisterOptions{Name: workflows.WorkflowDeliverWebhooks},
	)

	r.RegisterWorkflowWithOptions(
		workflows.TellPeople,
		workflow.RegisterOptions{Name: workflows.WorkflowTellPeople},
	)
}

// isLogged reports whether an attempt is told in the log: the first ones, and then ever fewer. One that waits for
// another message is tried each second.
func isLogged(attempt int32) bool { return bits.OnesCount32(uint32(attempt)) == 1 } //nolint:gosec // it is positive

// bindStep makes do the activity of step. Errors are translated here and nowhere else; what
// is not a caller's to know is logged here, once, and stays out of histories.
func bindStep[In, Out any](
	r worker.ActivityRegistry,
	logger *slog.Logger,
	step workflows.Step[In, Out],
	do func(context.Context, In) (Out, error),
) {
	run := func(ctx context.Context, in In) (Out, error) {
		defer sendHeartbeats(ctx)()

		out, err := do(ctx, in)
		if err == nil || (ctx.Err() != nil && errors.Is(err, ctx.Err())) {
			return out, err
		}

		info := activity.GetInfo(ctx)
		later, isLater := errors.AsType[*chat.RetryLaterError](err)

		switch {
		case isLater && isLogged(info.Attempt):
			logger.InfoContext(ctx, "step is tried again later",
				"step", step.Name,
				"workflow_id", info.WorkflowExecution.ID,
				"attempt", info.Attempt,
				"code", later.Code,
				"after", later.After)
		case isLater:
		case chat.CodeOf(err) == chat.CodeInternal:
			logger.ErrorContext(ctx, "step failed",
				"step", step.Name,
				"workflow_id", info.WorkflowExecution.ID,
				"attempt", info.Attempt,
				"error", err)
		}

		return out, workflows.Failure(err)
	}

	r.RegisterActivityWithOptions(run, activity.RegisterOptions{Name: step.Name})
}

// sendHeartbeats sends heartbeats for an activity that is expected to, until the returned function
// is called: a step that waits for a provider or a model has no moment of its own for it.
func sendHeartbeats(ctx context.Context) (stop func()) {
	every := activity.GetInfo(ctx).HeartbeatTimeout / 3
	if every == 0 {
		return func() {}
	}

	beating, stop := context.WithCancel(ctx)

	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()

		for {
			select {
			case <-beating.Done():
				return

			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			}
		}
	}()

	return stop
}
