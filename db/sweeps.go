package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// receiptsAfter is how much older than everything else a delivery without a receipt must be
// to be stale: emails may be deferred for days, and their own workflows wait a day.
const receiptsAfter = 48 * time.Hour

// StaleDeliveries are at most limit deliveries of all workspaces that nobody has touched
// since before, though something should happen to them by itself; the oldest first. Those
// that wait for a person, or for a time that has not come, are not among them.
func (s *Store) StaleDeliveries(ctx context.Context, before time.Time, limit int) ([]chat.StaleDelivery, error) {
	var stale []struct {
		deliveryRow
		WorkflowID string `bun:"workflow_id"`
	}

	now := s.time()

	part := func() *bun.SelectQuery {
		return s.db.NewSelect().
			TableExpr("deliveries AS d").
			Column("d.workspace_id", "d.id", "d.submission", "d.updated_at", "d.action_id").
			OrderExpr("d.updated_at").
			Limit(int64(limit))
	}

	// All states of the partial index, so that SQLite sees that it fits; the rest picks out of them.
	unsettled := part().
		Where("d.submission IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review')").
		Where("d.updated_at < ?", toMicroseconds(before)).
		Where("d.error_code NOT IN ?", bun.Tuple(chat.LeftAlone())).
		Where(`(d.submission = 'unknown'
			OR d.submission = 'sending' AND d.lease_until < ?0
			OR d.submission IN ('pending', 'blocked') AND (d.retry_at IS NULL OR d.retry_at < ?0))`, now)

	unreceipted := part().
		Where("d.status = 'accepted'").
		Where("d.updated_at < ?", toMicroseconds(before.Add(-receiptsAfter)))

	err := s.db.NewSelect().With("unsettled", unsettled).With("unreceipted", unreceipted).
		TableExpr("(SELECT * FROM unsettled UNION ALL SELECT * FROM unreceipted) AS stale").
		ColumnExpr("stale.workspace_id, stale.id, stale.submission, a.workflow_id").
		Join("JOIN actions AS a ON a.workspace_id = stale.workspace_id AND a.id = stale.action_id").
		OrderExpr("stale.updated_at, stale.id").Limit(int64(limit)).Scan(ctx, &stale)

	found := make([]chat.StaleDelivery, len(stale))
	for i, d := range stale {
		found[i] = chat.StaleDelivery{
			WorkspaceID: d.WorkspaceID,
			DeliveryID:  d.ID,
			WorkflowID:  d.WorkflowID,
			Submission:  d.Submission,
		}
	}

	return found, wrapErr("list the stale deliveries", err)
}

// OrphanDelivery notes that nothing follows a delivery any more, because its workflow is
// gone: delivery_not_found. What the provider may have goes to a person, by way of unknown;
// what it has is unconfirmed. What was not handed over waits for a person, unless tools of
// its message had still to run: then it is canceled.
//
// Idempotent: a delivery that has ended, or waits for a person, stays as it is, as does one
// whose claim lasts.
func (s *Store) OrphanDelivery(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
) (chat.Delivery, error) {
	now = toMicroseconds(now)
	var row deliveryRow
	err := s.inTx(ctx, "look after an orphaned delivery", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row, err = findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), ws, id); err != nil {
			return err
		}

		unfinished, err := hasUnfinishedTools(ctx, tx, &row)
		if err != nil {
			return err
		}

		return s.batch(ctx, tx, applyMove(tx, &row, now, func(d *chat.Delivery) chat.Effect {
			return d.Orphan(unfinished, now)
		})...)
	})

	return row.delivery(), err
}

// hasUnfinishedTools reports whether tool calls of the delivery's message did not all
// succeed.
func hasUnfinishedTools(ctx context.Context, tx bun.Tx, row *deliveryRow) (bool, error) {
	return tx.NewSelect().
		Model((*toolCallRow)(nil)).
		Where("t.workspace_id = ?", row.WorkspaceID).
		Where("t.message_id = ?", row.MessageID).
		Where("t.undoes IS NULL").
		Where("t.state <> ?", chat.ToolCallSucceeded).
		Exists(ctx)
}
