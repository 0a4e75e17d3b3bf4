package workflows

import (
	"strconv"

	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// WorkflowDeliverWebhooks names the workflow that posts events to a webhook endpoint.
const WorkflowDeliverWebhooks = "DeliverWebhooks"

// Values of [AttributeStatus] of a webhook endpoint's workflow.
const (
	statusWebhookCurrent  = "current"
	statusWebhookBehind   = "behind"
	statusWebhookRetrying = "retrying"
	statusWebhookEnded    = "ended"
)

// maxWebhookSteps is how many steps one run has. Then the workflow continues as new.
const maxWebhookSteps = 200

// DeliverWebhooks posts the workspace's events to one endpoint. It lives as long as the endpoint is enabled: it posts
// what there is, and then waits for a signal that there is more, or until the next try is due. How far it has come is
// in the store, so that it loses nothing when it continues as new, or when its history was lost.
func DeliverWebhooks(ctx workflow.Context, in chat.WebhookStep) error {
	changed := workflow.GetSignalChannel(ctx, SignalChanged)
	shown := ""

	for range maxWebhookSteps {
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			break
		}

		drainSignals(changed)

		progress, err := DrainWebhooks.Do(ctx, "Post events to "+WebhookName(in.EndpointID), in)
		if err != nil {
			return err
		}

		// An attribute is written only when it changes, because each costs Temporal a write.
		if status := webhookStatus(&progress); status != shown {
			shown = status
			showState(ctx, progress.Explanation, AttributeStatus.ValueSet(status))
		} else {
			showState(ctx, progress.Explanation)
		}

		switch {
		case progress.Ended && changed.Len() == 0:
			return nil
		case progress.Ended, progress.More:
			continue
		}

		wait := checkSeldom
		if progress.In > 0 {
			wait = min(progress.In, checkSeldom)
		}

		_, err = workflow.AwaitWithTimeout(ctx, wait, func() bool { return changed.Len() > 0 })
		if err != nil {
			return err
		}
	}

	return workflow.NewContinueAsNewError(ctx, WorkflowDeliverWebhooks, in)
}

// webhookStatus returns the value of [AttributeStatus] for a progress.
func webhookStatus(p *chat.WebhookProgress) string {
	switch {
	case p.Ended:
		return statusWebhookEnded
	case p.Retrying:
		return statusWebhookRetrying
	case p.More || p.In > 0:
		return statusWebhookBehind
	}

	return statusWebhookCurrent
}

// WebhookName returns the name of a webhook endpoint in the summaries of workflows.
func WebhookName(id chat.WebhookEndpointID) string {
	return "webhook endpoint " + strconv.FormatInt(int64(id), 10)
}
