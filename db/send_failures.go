package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// FailSend ends a send before its delivery was handed to the provider, because the tool
// call with this index failed, or, with -1, because it was canceled: action_not_found.
//
// Idempotent: only a delivery that is pending or blocked, and of which no attempt may have been
// taken, is canceled. Any other may be with the provider, or is ended already: then nothing
// changes, and the answer is the send as it stands.
func (s *Store) FailSend(
	ctx context.Context,
	ws chat.WorkspaceID,
	action chat.ActionID,
	toolIndex int,
	problem *chat.Error,
) (chat.AssistantMessageSent, error) {
	var sent chat.AssistantMessageSent
	err := s.inTx(ctx, "fail a send", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if sent, err = s.findSentMessage(ctx, tx, ws, action); err != nil {
			return err
		}

		key := actionKey{workspace: ws, id: action}

		canceled, err := s.cancelDelivery(ctx, tx, key, toolIndex, problem)
		if err != nil || !canceled {
			return err
		}

		stored := *problem
		stored.ActionID = string(action)
		stored.DeliveryID = string(sent.DeliveryID)
		stored.ToolCalls = nil
		now := s.time()

		err = s.batch(ctx, tx,
			failCall(tx, callKey{workspace: ws, message: sent.MessageID, position: toolIndex}, problem, now),
			skipCalls(tx, ws, sent.MessageID, now),
			moveMessage(tx, ws, sent.MessageID, chat.MessageNotSent),
			moveAction(tx, key, chat.ActionFailed, now, chat.ActionRunning, chat.ActionParked).
				Set("problem = ?", &stored),
		)
		if err != nil {
			return err
		}

		sent, err = s.findSentMessage(ctx, tx, ws, action)

		return err
	})

	return sent, err
}

// callKey names a tool call of a message.
type callKey struct {
	workspace chat.WorkspaceID
	message   chat.MessageID
	position  int
}

// failCall is the statement that fails the call at which a send has ended. One that has told
// why it failed keeps that.
func failCall(tx bun.Tx, call callKey, problem *chat.Error, now time.Time) *bun.UpdateQuery {
	unsettled := []chat.ToolCallState{
		chat.ToolCallPending,
		chat.ToolCallRunning,
		chat.ToolCallWaiting,
		chat.ToolCallUnknown,
	}

	return tx.NewUpdate().
		Model((*toolCallRow)(nil)).
		Set("state = ?", chat.ToolCallFailed).
		Set("finished_at = ?", now).
		Set("updated_at = ?", now).
		// What runs at the moment may still have its effect.
		Set("took_effect = (took_effect OR state = ?)", chat.ToolCallRunning).
		Set("error = CASE error WHEN '' THEN ? ELSE error END", problem.Message).
		Set("error_code = CASE error_code WHEN '' THEN ? ELSE error_code END", problem.Code).
		Where("workspace_id = ?", call.workspace).
		Where("message_id = ?", call.message).
		Where("position = ?", call.position).
		Where("state IN ?", bun.Tuple(unsettled))
}

// skipCalls is the statement that marks the calls that never ran.
func skipCalls(tx bun.Tx, ws chat.WorkspaceID, message chat.MessageID, now time.Time) *bun.UpdateQuery {
	return tx.NewUpdate().Model((*toolCallRow)(nil)).Set("state = ?", chat.ToolCallSkipped).Set("updated_at = ?", now).
		Where("workspace_id = ?", ws).Where("message_id = ?", message).Where("undoes IS NULL").
		Where("state = ?", chat.ToolCallPending).Where("attempts = 0")
}

// cancelDelivery cancels the action's delivery if the provider certainly does not have it. A
// retry of it is another action's.
func (s *Store) cancelDelivery(
	ctx context.Context,
	tx bun.Tx,
	action actionKey,
	toolIndex int,
	problem *chat.Error,
) (bool, error) {
	code := chat.ErrorToolCallFailed
	if toolIndex < 0 {
		code = chat.ErrorCanceled
	}

	result, err := tx.NewUpdate().
		Model((*deliveryRow)(nil)).
		Set("submission = ?", chat.SubmissionCanceled).
		Set("error_code = ?", code).
		Set("error_message = ?", problem.Message).
		Set("retry_at = NULL").
		Set("updated_at = ?", s.time()).
		Where("workspace_id = ?", action.workspace).
		Where("action_id = ?", action.id).
		Where("submission IN ?", bun.Tuple(claimable)).
		// What may have been taken is not canceled: a person decides.
		Where("evidence = ?", chat.EvidenceNone).
		Exec(ctx)

	return hasChanged(result, err)
}
