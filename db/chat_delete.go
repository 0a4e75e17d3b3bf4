package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// DeleteChat hides a chat, which is chat_not_found from then on. Its rows stay, for deliveries under way and for the
// record, and its questions to contributors end. If sends or retries are still going on, it cancels those that have not
// left if cancel is set, and otherwise returns open_actions, which names them.
func (s *Store) DeleteChat(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	cancel bool,
) (chat.ChatDeleted, error) {
	var deleted chat.ChatDeleted

	now := s.time()
	err := s.inTx(ctx, "delete a chat", func(ctx context.Context, tx bun.Tx) error {
		open, err := findOpenActions(ctx, tx, ws, id)
		if err != nil {
			return err
		}

		if len(open) > 0 && !cancel {
			return refuseOpenActions(ctx, tx, ws, id, open)
		}

		workflows, err := s.endInChat(ctx, tx, ws, id, now)
		if err != nil {
			return err
		}

		err = editChat(ctx, tx.NewUpdate().Set("deleted_at = ?", now), ws, id, now)
		if err != nil {
			return err
		}

		// A send locks its chat, so no new one can begin from here on.
		left, err := findOpenActions(ctx, tx, ws, id)
		if err != nil {
			return err
		}

		if len(left) > 0 && !cancel {
			return chat.RefuseOpenActions(left)
		}

		deleted = chat.ChatDeleted{
			Workflows:   workflows,
			Canceled:    excludeActions(open, left),
			MayHaveLeft: left,
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "chat.deleted",
			object:    objectID(id),
			detail: changed{
				"canceled":         len(workflows),
				"canceled_actions": listActionIDs(deleted.Canceled),
				"may_have_left":    listActionIDs(left),
			},
		})
	})

	return deleted, err
}

// refuseOpenActions returns open_actions for a chat, or chat_not_found if it is already deleted.
func refuseOpenActions(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	open []chat.OpenAction,
) error {
	if _, err := findChat(ctx, tx.NewSelect(), ws, id); err != nil {
		return err
	}

	return chat.RefuseOpenActions(open)
}

// maxOpenActions is how many open actions of a chat are listed at most.
const maxOpenActions = 100

// findOpenActions returns the sends and retries of a chat that have not ended, with the status of their newest
// delivery.
func findOpenActions(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.ChatID) ([]chat.OpenAction, error) {
	var rows []struct {
		ID     chat.ActionID   `bun:"id"`
		Kind   chat.ActionKind `bun:"kind"`
		Status string          `bun:"status"`
	}

	err := tx.NewSelect().
		Model((*actionRow)(nil)).
		Column("id", "kind").
		ColumnExpr(`coalesce((SELECT d.status FROM deliveries d WHERE d.workspace_id = a.workspace_id
			AND d.action_id = a.id ORDER BY d.created_at DESC, d.id DESC LIMIT 1), a.state) AS status`).
		Where("a.workspace_id = ?", ws).
		Where("a.chat_id = ?", id).
		Where("a.state IN ('running', 'parked')").
		Where("a.kind IN ?", bun.Tuple([]chat.ActionKind{chat.ActionSendAssistantMessage, chat.ActionRetryDelivery})).
		OrderExpr("a.created_at, a.id").
		Limit(maxOpenActions).
		Scan(ctx, &rows)

	open := make([]chat.OpenAction, len(rows))
	for i, row := range rows {
		open[i] = chat.OpenAction(row)
	}

	return open, err
}

// excludeActions returns the actions of all that are not among the others.
func excludeActions(all, others []chat.OpenAction) []chat.OpenAction {
	return slices.DeleteFunc(slices.Clone(all), func(a chat.OpenAction) bool {
		return slices.ContainsFunc(others, func(o chat.OpenAction) bool { return o.ID == a.ID })
	})
}

func listActionIDs(actions []chat.OpenAction) []chat.ActionID {
	ids := make([]chat.ActionID, len(actions))
	for i, a := range actions {
		ids[i] = a.ID
	}

	return ids
}

// endInChat ends the questions and deliveries that wait in a chat, and returns their workflows. Questions come first,
// because answering a question locks the rows in the same order.
func (s *Store) endInChat(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	now time.Time,
) ([]string, error) {
	workflows, err := s.endRequestsInChat(ctx, tx, ws, id, now)
	if err != nil {
		return nil, err
	}

	var rows []deliveryRow

	q := tx.NewSelect().
		Model(&rows).
		Where("d.workspace_id = ?", ws).
		Where("d.chat_id = ?", id).
		Where("d.submission IN ?", bun.Tuple(claimable)).
		OrderExpr("d.id")

	if err := s.locked(q).Scan(ctx); err != nil {
		return nil, err
	}

	ended, err := s.moveAll(ctx, tx, rows, now, (*chat.Delivery).EndWithChat)
	if err != nil {
		return nil, err
	}

	_, err = voidApprovals(tx, ws, now).
		Where("chat_id = ?", id).
		Where("kind = ?", chat.ApprovalSend).
		Exec(ctx)

	return append(workflows, ended...), err
}

// endRequestsInChat ends the open questions to contributors of a chat, and returns their workflows.
func (s *Store) endRequestsInChat(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	now time.Time,
) ([]string, error) {
	var open []chat.ContributorRequestID

	err := tx.NewSelect().
		Model((*contributorRequestRow)(nil)).
		Column("id").
		Where("r.workspace_id = ?", ws).
		Where("r.chat_id = ?", id).
		Where("r.state = 'open'").
		OrderExpr("r.id").
		Scan(ctx, &open)
	if err != nil {
		return nil, err
	}

	var workflows []string

	for _, requestID := range open {
		before, err := s.lockRequest(ctx, tx, ws, requestID)
		if err != nil {
			return nil, err
		}

		request := before
		request.Questions = slices.Clone(before.Questions)
		request.End(chat.RequestCanceled, chat.NoteChatDeleted, now)

		if err := s.saveRequest(ctx, tx, &request, &before, now); err != nil {
			return nil, err
		}

		workflows = append(workflows, request.WorkflowID)
	}

	return workflows, nil
}
