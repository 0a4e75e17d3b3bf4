package api

import (
	"context"
	"time"

	"handrail/chat"
)

// Engine makes actions durable: what it has taken happens, whoever crashes.
//
// The methods that take a wait answer within it, or with [chat.ErrStillRunning] when it
// runs out or ctx ends and the work is recorded; a wait of 0 only starts the work. A
// *[chat.Error] is the action's own failure, or CodeUnavailable when nothing was recorded.
type Engine interface {
	// ActionID derives the id from the workspace and the key (UUIDv8), or makes a fresh
	// one (UUIDv7) when the key is "".
	ActionID(ws chat.WorkspaceID, idempotencyKey string) chat.ActionID
	AddParticipant(
		ctx context.Context,
		in chat.AddParticipant,
		wait time.Duration,
	) (chat.Answer[chat.ParticipantAdded], error)
	SendAssistantMessage(
		ctx context.Context,
		in chat.SendAssistantMessage,
		wait time.Duration,
	) (chat.Answer[chat.AssistantMessageSent], error)
	SummarizeChat(
		ctx context.Context,
		in chat.SummarizeChat,
		wait time.Duration,
	) (chat.Answer[chat.ChatSummarized], error)
	RetryDelivery(
		ctx context.Context,
		in chat.RetryDelivery,
		wait time.Duration,
	) (chat.Answer[chat.DeliveryRetried], error)
	// RetryDeliveries answers as soon as the bulk retry has its row.
	RetryDeliveries(ctx context.Context, in chat.NewBulkRetry, wait time.Duration) (chat.Answer[chat.BulkRetry], error)
	// Notify tells a workflow how its delivery stands now, or, with an empty receipt, to
	// look. It is best effort; a workflow that is closed is no error.
	Notify(ctx context.Context, workflowID string, r chat.DeliverySnapshot) error
	// LookUp asks a delivery's provider what became of it. CodeUnavailable when it has not answered within wait.
	LookUp(ctx context.Context, ws chat.WorkspaceID, d *chat.Delivery, wait time.Duration) error
	// IsOpen reports whether a workflow runs.
	IsOpen(ctx context.Context, workflowID string) (bool, error)
	// Await waits for the outcome of a running action, which is then in the store.
	Await(ctx context.Context, action chat.Action, wait time.Duration) error
	// Action describes an action whose row is not written yet; CodeActionNotFound.
	Action(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error)
	// Resume starts an action again that was ended in Temporal before it had done anything; one
	// that runs is left alone. CodeConflict when its input cannot be read any more.
	Resume(ctx context.Context, action chat.Action) error
	// ChatChanged tells the workflow that summarizes a chat by itself, and starts it if
	// there is none. It is best effort.
	ChatChanged(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) error
	// WebhooksChanged tells the workflow of a webhook endpoint to look, and starts it if there is none. It is best
	// effort.
	WebhooksChanged(ctx context.Context, step chat.WebhookStep) error
	// NoticesChanged tells the workflow that tells a workspace's people of events to look, and starts it if there is
	// none. It is best effort.
	NoticesChanged(ctx context.Context, step chat.NoticeStep) error
	Ping(ctx context.Context) error
}
