package workflows

import (
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// WorkflowLookUp names the workflow that asks a provider about a delivery, for somebody who does not want to wait.
const WorkflowLookUp = "LookUpDelivery"

// LookUpDelivery asks the provider once and stores what it tells. The delivery's own workflow goes on meanwhile, and
// learns of it as it learns of a callback.
func LookUpDelivery(ctx workflow.Context, in chat.DeliveryStep) error {
	seen, err := QueryProvider.Do(ctx, "Ask the provider what became of the message", in)
	if err != nil {
		return err
	}

	showDelivery(ctx, seen, seen.Explain())

	return nil
}
