package workflows

import (
	"strconv"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"handrail/chat"
)

// The search attributes by which operators find workflows. They hold ids and states,
// never a text, an address or a key.
var (
	AttributeWorkspace = temporal.NewSearchAttributeKeyKeyword("HandrailWorkspace")
	AttributeChat      = temporal.NewSearchAttributeKeyInt64("HandrailChat")
	AttributeChannel   = temporal.NewSearchAttributeKeyKeyword("HandrailChannel")
	AttributeStatus    = temporal.NewSearchAttributeKeyKeyword("HandrailStatus")
	AttributeErrorCode = temporal.NewSearchAttributeKeyKeyword("HandrailErrorCode")
)

// SearchAttributes are all of them, to be registered with the namespace at start.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{
		AttributeWorkspace, AttributeChat, AttributeChannel, AttributeStatus, AttributeErrorCode,
	}
}

// StartAttributes are those known before a workflow runs.
func StartAttributes(r chat.Request) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(
		AttributeWorkspace.ValueSet(string(r.WorkspaceID)),
		AttributeChat.ValueSet(int64(r.ChatID)),
		AttributeStatus.ValueSet(string(chat.ActionRunning)),
	)
}

// showState says where the workflow stands: in a sentence, and as search attributes. An
// attribute that cannot be written must not hold up a delivery, so the SDK's error,
// which only an invalid attribute can cause, is logged.
func showState(ctx workflow.Context, details string, attributes ...temporal.SearchAttributeUpdate) {
	workflow.SetCurrentDetails(ctx, details)

	if len(attributes) == 0 {
		return
	}

	if err := workflow.UpsertTypedSearchAttributes(ctx, attributes...); err != nil {
		workflow.GetLogger(ctx).Error("search attributes were not written", "error", err)
	}
}

func showDelivery(ctx workflow.Context, r chat.DeliverySnapshot, details string) {
	attributes := []temporal.SearchAttributeUpdate{
		AttributeChannel.ValueSet(string(r.Channel)), AttributeStatus.ValueSet(r.Status),
	}

	if r.ErrorCode != "" {
		attributes = append(attributes, AttributeErrorCode.ValueSet(r.ErrorCode))
	}

	showState(ctx, details, attributes...)
}

// StatusRefused is [AttributeStatus] of a workflow that has stored nothing, because what it was to do
// was refused, or was canceled before it had begun.
const StatusRefused = "refused"

func showRefusal(ctx workflow.Context, e *chat.Error) {
	showState(
		ctx,
		e.ExplainRefusal(),
		AttributeStatus.ValueSet(StatusRefused),
		AttributeErrorCode.ValueSet(string(e.Code)),
	)
}

// ChatName names a chat in the summaries of workflows.
func ChatName(id chat.ChatID) string { return "chat " + strconv.FormatInt(int64(id), 10) }
