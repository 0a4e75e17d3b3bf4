package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// BulkProgress returns the progress of a bulk retry: its state, and the outcomes of the deliveries that it has begun
// from the number in.From on. It returns bulk_retry_not_found if there is none.
func (s *Store) BulkProgress(ctx context.Context, in chat.BulkStep) (chat.BulkProgress, error) {
	run, err := s.BulkRetry(ctx, in.WorkspaceID, in.ID)
	if err != nil {
		return chat.BulkProgress{}, err
	}

	// The limit covers the largest canary and the window.
	outcomes, err := s.findLastOutcomes(ctx, in, max(chat.MaxBulkCanary, chat.BulkWindow))
	if err != nil {
		return chat.BulkProgress{}, wrapErr("read what became of a bulk retry's deliveries", err)
	}

	unattempted, err := s.countUnattempted(ctx, in)

	return chat.BulkProgress{
		Run:         run,
		First:       chat.TallyRetries(outcomes),
		Unattempted: unattempted,
		Last:        chat.TallyRetries(outcomes[:min(len(outcomes), chat.BulkWindow)]),
	}, wrapErr("count what a bulk retry has not attempted", err)
}

// findLastOutcomes returns the outcomes of the newest deliveries that have one.
func (s *Store) findLastOutcomes(ctx context.Context, in chat.BulkStep, limit int) ([]chat.RetryOutcome, error) {
	var outcomes []chat.RetryOutcome

	open, ended := chat.StatusesWithoutOutcome()
	err := selectBegun(s.db.NewSelect(), in).
		ColumnExpr("d.status AS status, d.error_code AS error_code").
		Where("d.status NOT IN ?", bun.Tuple(ended)).
		Where("(d.status NOT IN ? OR (d.status = ? AND d.error_code IN ?))",
			bun.Tuple(open), chat.SubmissionPending, bun.Tuple(chat.LeftAlone())).
		OrderExpr("d.bulk_number DESC").
		Limit(int64(limit)).
		Scan(ctx, &outcomes)

	return outcomes, err
}

// countUnattempted counts the deliveries that say nothing about the run: people have ended them, or they were skipped.
func (s *Store) countUnattempted(ctx context.Context, in chat.BulkStep) (int, error) {
	_, ended := chat.StatusesWithoutOutcome()

	canceled, err := selectBegun(s.db.NewSelect(), in).Where("d.status IN ?", bun.Tuple(ended)).Count(ctx)
	if err != nil {
		return 0, err
	}

	skipped, err := s.db.NewSelect().
		Model((*bulkSkipRow)(nil)).
		Where("k.workspace_id = ?", in.WorkspaceID).
		Where("k.bulk_retry_id = ?", in.ID).
		Where("k.number >= ?", in.From).
		Count(ctx)

	return int(canceled + skipped), err
}

// selectBegun selects the deliveries that a bulk retry has begun from the number in.From on.
func selectBegun(q *bun.SelectQuery, in chat.BulkStep) *bun.SelectQuery {
	return q.TableExpr("deliveries AS d").
		Where("d.workspace_id = ?", in.WorkspaceID).
		Where("d.bulk_retry_id = ?", in.ID).
		Where("d.bulk_number >= ?", in.From)
}

// BulkOverlaps returns the unfinished bulk retries that would retry some of the deliveries of this filter.
func (s *Store) BulkOverlaps(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.DeliveryFilter,
) ([]chat.BulkOverlap, error) {
	overlaps, err := findOverlaps(ctx, s.db, ws, &f)
	return overlaps, wrapErr("find overlapping bulk retries", err)
}

// checkOverlap returns bulk_retry_overlaps if another bulk retry has some of the deliveries of a new one, unless the
// new one allows that.
func (s *Store) checkOverlap(ctx context.Context, tx bun.Tx, in *chat.NewBulkRetry) error {
	if in.AllowOverlap {
		return nil
	}

	overlaps, err := findOverlaps(ctx, tx, in.WorkspaceID, &in.Filter)
	if err != nil {
		return err
	}

	return chat.RefuseOverlap(overlaps)
}

func findOverlaps(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	f *chat.DeliveryFilter,
) ([]chat.BulkOverlap, error) {
	var unfinished []bulkRetryRow

	err := db.NewSelect().
		Model(&unfinished).
		Where("b.workspace_id = ?", ws).
		Where("b.state IN ?", bun.Tuple([]chat.BulkState{chat.BulkRunning, chat.BulkPaused})).
		OrderExpr("b.created_at DESC, b.id DESC").
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	var overlaps []chat.BulkOverlap

	for i := range unfinished {
		other := &unfinished[i]

		theirs := other.Filter
		if theirs.Until == nil || other.CreatedAt.Before(*theirs.Until) {
			theirs.Until = &other.CreatedAt
		}

		q := retryCandidates(db.NewSelect().Model((*deliveryRow)(nil)), ws, f)

		count, err := excludeBegunBy(retryCandidates(q, ws, &theirs), other.ID).Count(ctx)
		if err != nil {
			return nil, err
		}

		if count > 0 {
			overlaps = append(overlaps, chat.BulkOverlap{ID: other.ID, State: other.State, Count: int(count)})
		}
	}

	return overlaps, nil
}
