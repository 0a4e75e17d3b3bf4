package db

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

const (
	// receiptsAfter is how much older than everything else a delivery without a receipt must be to
	// be stale. Most have theirs within minutes, and what is looked at is looked at ever more seldom,
	// so that emails which are deferred for days cost little.
	receiptsAfter = 2 * time.Hour
	// listsAfter is the same for one of which messages may be unknown: the workflows themselves read
	// the provider's list a day after an email at the latest.
	listsAfter = 48 * time.Hour
)

// workflowOfDelivery is the workflow of the action that a delivery d is of.
const workflowOfDelivery = `(SELECT a.workflow_id FROM actions a
	WHERE a.workspace_id = d.workspace_id AND a.id = d.action_id) AS workflow_id`

// StaleDeliveries are deliveries of all workspaces that nobody has touched for a while, though
// something should happen to them by itself, as [chat.Delivery.PlanSweep] says; stale is how long
// that is. It looks at limit deliveries at most, the ones first whose turn was longest ago, and
// notes when it is their turn again, so that the next call goes on with others. more reports
// whether there are more of them.
//
// Several sweeps may go on at once: what one looks at is passed over by the others.
func (s *Store) StaleDeliveries(
	ctx context.Context,
	now time.Time,
	stale time.Duration,
	limit int,
) (found []chat.StaleDelivery, more bool, err error) {
	now = toMicroseconds(now)

	err = s.inTx(ctx, "list the stale deliveries", func(ctx context.Context, tx bun.Tx) error {
		rows, err := s.sweepRows(ctx, tx, now, stale, limit)
		if err != nil {
			return err
		}

		found = nil
		more = len(rows) >= limit
		statements := make([]bun.Query, len(rows))

		for i := range rows {
			d := rows[i].delivery()
			step, next := d.PlanSweep(now, stale)

			statements[i] = tx.NewUpdate().
				Model((*deliveryRow)(nil)).
				Set("sweep_after = ?", toMicroseconds(next)).
				Where("workspace_id = ?", rows[i].WorkspaceID).
				Where("id = ?", rows[i].ID)

			if step == chat.SweepNone {
				continue
			}

			one := rows[i].staleDelivery()
			one.Step = step
			found = append(found, one)
		}

		return s.batch(ctx, tx, statements...)
	})

	return found, more, err
}

// staleDelivery names a delivery to whoever looks after it.
func (r *deliveryRow) staleDelivery() chat.StaleDelivery {
	return chat.StaleDelivery{
		WorkspaceID: r.WorkspaceID,
		DeliveryID:  r.ID,
		WorkflowID:  r.WorkflowID,
		ReleasedBy:  r.releaseWorkflow(),
		Submission:  r.Submission,
	}
}

// releaseWorkflow is the workflow of the retry that has released the delivery, "" for none.
func (r *deliveryRow) releaseWorkflow() string {
	if r.ReleasedBy == "" {
		return ""
	}

	return chat.ActionWorkflowID(r.WorkspaceID, r.ReleasedBy)
}

// sweepRows are the deliveries whose turn it is, held, each with its workflow.
func (s *Store) sweepRows(
	ctx context.Context,
	tx bun.Tx,
	now time.Time,
	stale time.Duration,
	limit int,
) ([]deliveryRow, error) {
	part := func() *bun.SelectQuery {
		q := tx.NewSelect().
			Model((*deliveryRow)(nil)).
			ColumnExpr("d.*").
			ColumnExpr(workflowOfDelivery).
			Where("d.sweep_after <= ?", now).
			Limit(int64(limit))

		if s.postgres() {
			q.For("NO KEY UPDATE OF ?TableAlias SKIP LOCKED")
		}

		return q
	}

	var unsettled []deliveryRow

	// All states of the partial index, so that SQLite sees that it fits.
	err := part().
		Where("d.submission IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review')").
		OrderExpr("d.sweep_after").
		Scan(ctx, &unsettled)
	if err != nil {
		return nil, err
	}

	var unreceipted []deliveryRow

	err = part().
		Where("d.status = 'accepted'").
		Where("d.updated_at < ?", now.Add(-stale-receiptsAfter)).
		OrderExpr("d.updated_at").
		Scan(ctx, &unreceipted)
	if err != nil {
		return nil, err
	}

	var unlisted []deliveryRow

	// By now its workflow has read the provider's list itself, if it was not ended in Temporal.
	err = part().
		Where("d.evidence IN ('open', 'past')").
		Where("d.status NOT IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review', 'accepted')").
		Where("d.updated_at < ?", now.Add(-stale-listsAfter)).
		Scan(ctx, &unlisted)

	return slices.Concat(unsettled, unreceipted, unlisted), err
}

// OpenDeliveries are the deliveries of an action that its workflow has to follow, also one that it has retried.
func (s *Store) OpenDeliveries(
	ctx context.Context,
	ws chat.WorkspaceID,
	action chat.ActionID,
) ([]chat.StaleDelivery, error) {
	var rows []deliveryRow

	err := s.db.NewSelect().
		Model(&rows).
		ColumnExpr("d.*").
		ColumnExpr(workflowOfDelivery).
		Where("d.workspace_id = ?", ws).
		Where("d.action_id = ?", action).
		Where("d.status IN ('pending', 'sending', 'blocked', 'unknown', 'needs_review', 'accepted')").
		Scan(ctx)
	if err != nil {
		return nil, wrapErr("find what an action has to follow", err)
	}

	open := mapSlice(rows, (*deliveryRow).staleDelivery)
	for i := range open {
		open[i].Step = chat.SweepCheck
	}

	return open, nil
}

// CloseEvidence notes that the provider's list was read for the last time for messages of a
// delivery that nobody knows: delivery_not_found. Idempotent. A delivery whose messages are all
// known stays as it is.
func (s *Store) CloseEvidence(ctx context.Context, ws chat.WorkspaceID, id chat.DeliveryID) error {
	return s.inTx(ctx, "end the search for copies", func(ctx context.Context, tx bun.Tx) error {
		if _, err := findDelivery(ctx, s.locked(tx.NewSelect()), ws, id); err != nil {
			return err
		}

		_, err := tx.NewUpdate().
			Model((*deliveryRow)(nil)).
			Set("evidence = ?", chat.EvidenceClosed).
			Where("workspace_id = ?", ws).
			Where("id = ?", id).
			Where("evidence <> ?", chat.EvidenceNone).
			Exec(ctx)

		return err
	})
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
	err := s.inKnownHistory(ctx, "look after an orphaned delivery", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row, err = findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), ws, id); err != nil {
			return err
		}

		tools, err := findRetryTools(ctx, tx, &row)
		if err != nil {
			return err
		}

		err = s.batch(ctx, tx, applyMove(tx, &row, now, func(d *chat.Delivery) chat.Effect {
			return d.Orphan(tools.Unfinished, now)
		})...)
		if err != nil {
			return err
		}

		return s.judgeDuplicates(ctx, tx, &row, now)
	})

	return row.delivery(), err
}
