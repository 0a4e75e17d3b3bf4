package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type suppressionRow struct {
	bun.BaseModel `bun:"table:suppressions,alias:x"`

	ID          chat.SuppressionID     `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID       `bun:"workspace_id"`
	Channel     chat.Channel           `bun:"channel"`
	Sender      string                 `bun:"sender"`
	Address     string                 `bun:"address"`
	Reason      chat.SuppressionReason `bun:"reason"`
	SourceEvent string                 `bun:"source_event,nullzero"`
	CreatedAt   time.Time              `bun:"created_at"`
	LiftedAt    *time.Time             `bun:"lifted_at"`
}

func (r *suppressionRow) suppression() chat.Suppression {
	return chat.Suppression{
		ID:        r.ID,
		Channel:   r.Channel,
		Sender:    r.Sender,
		Address:   r.Address,
		Reason:    r.Reason,
		CreatedAt: r.CreatedAt.UTC(),
	}
}

// addSuppression is the statement that puts the row's address on its sender's list, where it
// may be already by another way.
func addSuppression(tx bun.Tx, row *suppressionRow) *bun.InsertQuery {
	// Folded by the function that the address is looked up with.
	return tx.NewInsert().
		Model(row).
		Value("address", "lower(?)", row.Address).
		On("CONFLICT DO NOTHING").
		Returning("NULL")
}

// Suppressions lists the addresses that the workspace's senders do not write to, the
// newest first.
func (s *Store) Suppressions(
	ctx context.Context,
	ws chat.WorkspaceID,
	p chat.Page,
) (chat.List[chat.Suppression], error) {
	var rows []suppressionRow
	var before chat.SuppressionID

	q := s.db.NewSelect().Model(&rows).Where("x.workspace_id = ?", ws).Where("x.lifted_at IS NULL").
		OrderExpr("x.id DESC").Limit(oneMore(p.Limit))

	if ok, err := readCursor("suppressions", p.Cursor, &before); err != nil {
		return chat.List[chat.Suppression]{}, err
	} else if ok {
		q.Where("x.id < ?", before)
	}

	if err := q.Scan(ctx); err != nil {
		return chat.List[chat.Suppression]{}, wrapErr("list the suppressions", err)
	}

	return listOf(rows, p.Limit, (*suppressionRow).suppression, func(r *suppressionRow) string {
		return cursorOf("suppressions", r.ID)
	}), nil
}

// LiftSuppression lets an address be written to again: suppression_not_found, also for one
// that was lifted before. The row stays, for the record.
func (s *Store) LiftSuppression(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.SuppressionID,
	now time.Time,
) error {
	return s.inTx(ctx, "lift a suppression", func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewUpdate().Model((*suppressionRow)(nil)).Set("lifted_at = ?", toMicroseconds(now)).
			Where("workspace_id = ?", ws).Where("id = ?", id).Where("lifted_at IS NULL").Exec(ctx)
		if err != nil {
			return err
		}

		if count, err := result.RowsAffected(); err != nil {
			return err
		} else if count == 0 {
			return notFound(chat.CodeSuppressionNotFound, "suppression")
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "suppression.lifted",
			object:    objectID(id),
		})
	})
}
