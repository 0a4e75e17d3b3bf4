package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// bulkSkipRow is a delivery that a bulk retry could not retry when its turn came.
type bulkSkipRow struct {
	bun.BaseModel `bun:"table:bulk_skips,alias:k"`

	WorkspaceID chat.WorkspaceID `bun:"workspace_id,pk"`
	BulkRetryID chat.ActionID    `bun:"bulk_retry_id,pk"`
	DeliveryID  chat.DeliveryID  `bun:"delivery_id,pk"`
	Number      int              `bun:"number"`
	Why         string           `bun:"why"`
}

// SkipBulkRetry records that a bulk retry could not retry a delivery. It returns bulk_retry_not_found if there is no
// such bulk retry or delivery.
//
// Idempotent: a delivery is skipped once.
func (s *Store) SkipBulkRetry(ctx context.Context, in chat.BulkSkip) error {
	row := bulkSkipRow{
		WorkspaceID: in.WorkspaceID,
		BulkRetryID: in.ID,
		DeliveryID:  in.DeliveryID,
		Number:      in.Number,
		Why:         in.Why,
	}

	return s.inTx(ctx, "skip a delivery", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)

		return onViolation(err, referenceViolation, noBulkRetry())
	})
}

// BulkSkips lists the deliveries that a bulk retry could not retry, with the reasons, in the order of their ids. It
// returns bulk_retry_not_found.
func (s *Store) BulkSkips(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.BulkSkipFilter,
) (chat.List[chat.BulkSkipped], error) {
	if _, err := findBulkRetry(ctx, s.db.NewSelect(), ws, f.BulkRetryID); err != nil {
		return chat.List[chat.BulkSkipped]{}, wrapErr("find a bulk retry", err)
	}

	var rows []bulkSkipRow

	q := s.db.NewSelect().
		Model(&rows).
		Where("k.workspace_id = ?", ws).
		Where("k.bulk_retry_id = ?", f.BulkRetryID)

	if f.Reason != "" {
		q.Where("k.why = ?", f.Reason)
	}

	list, err := listQuery[bulkSkipRow, chat.DeliveryID, chat.BulkSkipped]{
		query: q,
		rows:  &rows,
		order: &bulkSkipsOrder,
		page:  f.Page,
		item:  (*bulkSkipRow).skipped,
	}.read(ctx)

	return list, wrapErr("list what a bulk retry has skipped", err)
}

// bulkSkipsOrder is the order of BulkSkips.
var bulkSkipsOrder = keyset[bulkSkipRow, chat.DeliveryID]{
	list: "bulk_skips",
	id:   "k.delivery_id",
	idOf: func(r *bulkSkipRow) chat.DeliveryID { return r.DeliveryID },
}

func (r *bulkSkipRow) skipped() chat.BulkSkipped {
	return chat.BulkSkipped{DeliveryID: r.DeliveryID, Reason: r.Why}
}

// addSkipped adds to bulk retries how many deliveries they have skipped, by reason.
func addSkipped(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, all []chat.BulkRetry) error {
	places := map[chat.ActionID]int{}

	ids := make([]chat.ActionID, len(all))
	for i := range all {
		ids[i] = all[i].ID
		places[all[i].ID] = i
	}

	var counts []struct {
		ID    chat.ActionID `bun:"id"`
		Why   string        `bun:"why"`
		Count int           `bun:"count"`
	}

	err := db.NewSelect().
		Model((*bulkSkipRow)(nil)).
		ColumnExpr("k.bulk_retry_id AS id, k.why AS why, count(*) AS count").
		Where("k.workspace_id = ?", ws).
		Where("k.bulk_retry_id IN ?", bun.Tuple(ids)).
		GroupExpr("k.bulk_retry_id, k.why").
		Scan(ctx, &counts)

	for _, c := range counts {
		b := &all[places[c.ID]]
		b.SkippedBy[c.Why] = c.Count
		b.Skipped += c.Count
	}

	return err
}
