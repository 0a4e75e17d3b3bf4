package db

import (
	"cmp"
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type bulkRetryRow struct {
	bun.BaseModel `bun:"table:bulk_retries,alias:b"`

	ID             chat.ActionID       `bun:"id,pk"`
	WorkspaceID    chat.WorkspaceID    `bun:"workspace_id,pk"`
	State          chat.BulkState      `bun:"state"`
	Filter         chat.DeliveryFilter `bun:"filter"`
	Rate           int                 `bun:"rate"`
	Canary         int                 `bun:"canary"`
	Failures       chat.FailureLimit   `bun:"failures"`
	Round          int                 `bun:"round"`
	Reason         string              `bun:"reason"`
	Note           string              `bun:"note"`
	Selected       int                 `bun:"selected"`
	WorkflowID     string              `bun:"workflow_id"`
	IdempotencyKey string              `bun:"idempotency_key,nullzero"`
	Fingerprint    chat.Fingerprint    `bun:"fingerprint"`
	RequestedBy    chat.MemberID       `bun:"requested_by,nullzero"`
	CreatedAt      time.Time           `bun:"created_at"`
	UpdatedAt      time.Time           `bun:"updated_at"`

	AcknowledgeDuplicate bool `bun:"acknowledge_duplicate"`
}

func (r *bulkRetryRow) bulkRetry() chat.BulkRetry {
	return chat.BulkRetry{
		NewBulkRetry: chat.NewBulkRetry{
			ID:             r.ID,
			WorkspaceID:    r.WorkspaceID,
			By:             chat.Actor{MemberID: r.RequestedBy},
			IdempotencyKey: r.IdempotencyKey,
			Fingerprint:    r.Fingerprint,
			Filter:         r.Filter,
			Rate:           r.Rate,
			Canary:         r.Canary,
			Failures:       r.Failures,
			Reason:         r.Reason,

			AcknowledgeDuplicate: r.AcknowledgeDuplicate,
		},
		State:      r.State,
		Note:       r.Note,
		Selected:   r.Selected,
		Round:      r.Round,
		ByStatus:   map[string]int{},
		SkippedBy:  map[string]int{},
		WorkflowID: r.WorkflowID,
		CreatedAt:  r.CreatedAt.UTC(),
		UpdatedAt:  r.UpdatedAt.UTC(),
	}
}

func noBulkRetry() *chat.Error { return notFound(chat.CodeBulkRetryNotFound, "bulk retry") }

func findBulkRetry(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.ActionID,
) (bulkRetryRow, error) {
	var row bulkRetryRow
	err := q.Model(&row).Where("b.workspace_id = ?", ws).Where("b.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeBulkRetryNotFound, "bulk retry")
}

func newBulkRetryRow(in *chat.NewBulkRetry, workflowID string, now time.Time) bulkRetryRow {
	row := bulkRetryRow{
		ID:             in.ID,
		WorkspaceID:    in.WorkspaceID,
		State:          chat.BulkRunning,
		Filter:         in.Filter,
		Rate:           in.Rate,
		Canary:         in.Canary,
		Failures:       in.Failures,
		Round:          1,
		Reason:         in.Reason,
		WorkflowID:     workflowID,
		IdempotencyKey: in.IdempotencyKey,
		Fingerprint:    in.Fingerprint,
		RequestedBy:    in.By.MemberID,
		CreatedAt:      now,
		UpdatedAt:      now,

		AcknowledgeDuplicate: in.AcknowledgeDuplicate,
	}
	if row.Fingerprint == nil {
		row.Fingerprint = chat.Fingerprint{}
	}

	return row
}

// BeginBulkRetry stores a bulk retry, which runs as this workflow, and counts what it sets
// out to do: workspace_not_found, idempotency_key_reused, and bulk_retry_overlaps when another is to retry some of
// the same, unless that is allowed.
//
// Idempotent: the id is the request's own, and a row that is there is returned as it is now.
func (s *Store) BeginBulkRetry(ctx context.Context, in chat.NewBulkRetry, workflowID string) (chat.BulkRetry, error) {
	var b chat.BulkRetry
	row := newBulkRetryRow(&in, workflowID, s.time())

	err := s.inTx(ctx, "begin a bulk retry", func(ctx context.Context, tx bun.Tx) error {
		// One after the other, so that each sees the overlap with those before.
		if err := s.lockWorkspace(ctx, tx, in.WorkspaceID); err != nil {
			return err
		}

		var err error

		b, err = storedBulkRetry(ctx, tx, &row)
		if chat.CodeOf(err) != chat.CodeBulkRetryNotFound {
			return err
		}

		if err := s.checkOverlap(ctx, tx, &in); err != nil {
			return err
		}

		if row.Selected, err = countSelected(ctx, tx, &in); err != nil {
			return err
		}

		result, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)

		none := notFound(chat.CodeWorkspaceNotFound, "workspace or member")
		if err := onViolation(err, referenceViolation, none); err != nil {
			return err
		}

		fresh, err := hasChanged(result, nil)
		if err != nil {
			return err
		}

		if !fresh {
			return keyReused()
		}

		b = row.bulkRetry()

		return s.audit(ctx, tx, auditEvent{
			workspace: in.WorkspaceID,
			by:        in.By,
			verb:      "bulk_retry.begun",
			object:    string(in.ID),
			detail: changed{
				"selected": row.Selected,
				"reason":   in.Reason,

				chat.FieldAcknowledgeDuplicate: in.AcknowledgeDuplicate,
			},
		})
	})

	return b, err
}

// lockWorkspace holds the workspace until the transaction ends: workspace_not_found.
func (s *Store) lockWorkspace(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID) error {
	var row workspaceRow
	err := s.locked(tx.NewSelect().Model(&row)).Where("w.id = ?", ws).Scan(ctx)

	return orNotFound(err, chat.CodeWorkspaceNotFound, "workspace or member")
}

// countSelected counts what a bulk retry sets out to do.
func countSelected(ctx context.Context, tx bun.Tx, in *chat.NewBulkRetry) (int, error) {
	counts, err := countRetryCandidates(ctx, tx, in.WorkspaceID, &in.Filter)
	selected := 0

	for _, c := range counts {
		selected += c.Count
	}

	return selected, err
}

// storedBulkRetry is the one that is there under the id of the given one: bulk_retry_not_found,
// idempotency_key_reused when it is another.
func storedBulkRetry(ctx context.Context, tx bun.Tx, row *bulkRetryRow) (chat.BulkRetry, error) {
	stored, err := findBulkRetry(ctx, tx.NewSelect(), row.WorkspaceID, row.ID)
	if err != nil {
		return chat.BulkRetry{}, err
	}

	if err := stored.Fingerprint.Match(row.Fingerprint); err != nil {
		return chat.BulkRetry{}, err
	}

	all := []chat.BulkRetry{stored.bulkRetry()}
	err = addProgress(ctx, tx, row.WorkspaceID, all)

	return all[0], err
}

// BulkRetry finds a bulk retry and how far it has come: bulk_retry_not_found.
func (s *Store) BulkRetry(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.BulkRetry, error) {
	row, err := findBulkRetry(ctx, s.db.NewSelect(), ws, id)
	if err != nil {
		return chat.BulkRetry{}, wrapErr("find a bulk retry", err)
	}

	all := []chat.BulkRetry{row.bulkRetry()}
	err = addProgress(ctx, s.db, ws, all)

	return all[0], wrapErr("count what a bulk retry has done", err)
}

var bulkRetriesOrder = keyset[bulkRetryRow, chat.ActionID]{
	list: "bulk_retries",
	id:   "b.id",
	idOf: func(r *bulkRetryRow) chat.ActionID { return r.ID },
	times: []timeColumn[bulkRetryRow]{{
		name:    "created_at",
		column:  "b.created_at",
		valueOf: func(r *bulkRetryRow) time.Time { return r.CreatedAt },
	}},
	newestFirst: true,
}

// BulkRetries lists the workspace's bulk retries and how far they have come, newest first.
func (s *Store) BulkRetries(ctx context.Context, ws chat.WorkspaceID, p chat.Page) (chat.List[chat.BulkRetry], error) {
	var rows []bulkRetryRow

	list, err := listQuery[bulkRetryRow, chat.ActionID, chat.BulkRetry]{
		query: s.db.NewSelect().Model(&rows).Where("b.workspace_id = ?", ws),
		rows:  &rows,
		order: &bulkRetriesOrder,
		page:  p,
		item:  (*bulkRetryRow).bulkRetry,
	}.read(ctx)
	if err != nil {
		return chat.List[chat.BulkRetry]{}, wrapErr("list the bulk retries", err)
	}

	return list, wrapErr("count what bulk retries have done", addProgress(ctx, s.db, ws, list.Items))
}

// addProgress counts what bulk retries have done: live, from the deliveries themselves.
func addProgress(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, all []chat.BulkRetry) error {
	if len(all) == 0 {
		return nil
	}

	places := map[chat.ActionID]int{}

	ids := make([]chat.ActionID, len(all))
	for i := range all {
		ids[i] = all[i].ID
		places[all[i].ID] = i
	}

	var counts []struct {
		ID        chat.ActionID `bun:"id"`
		Status    string        `bun:"status"`
		ErrorCode string        `bun:"error_code"`
		Count     int           `bun:"count"`
	}

	err := db.NewSelect().
		TableExpr("deliveries AS d").
		ColumnExpr("d.bulk_retry_id AS id, d.status AS status, d.error_code AS error_code, count(*) AS count").
		Where("d.workspace_id = ?", ws).
		Where("d.bulk_retry_id IN ?", bun.Tuple(ids)).
		GroupExpr("d.bulk_retry_id, d.status, d.error_code").
		Scan(ctx, &counts)
	if err != nil {
		return err
	}

	outcomes := make([]map[chat.RetryOutcome]int, len(all))

	for _, c := range counts {
		place := places[c.ID]
		if outcomes[place] == nil {
			outcomes[place] = map[chat.RetryOutcome]int{}
		}

		outcomes[place][chat.RetryOutcome{Status: c.Status, ErrorCode: c.ErrorCode}] = c.Count
		all[place].ByStatus[c.Status] += c.Count
		all[place].Begun += c.Count
	}

	for i := range all {
		all[i].Tally = chat.TallyCounts(outcomes[i])
	}

	return addSkipped(ctx, db, ws, all)
}

// auditFields are the fields whose changes the audit log has.
func (r *bulkRetryRow) auditFields() map[string]any {
	return map[string]any{"state": r.State, "rate_per_second": r.Rate}
}

// SetBulkState pauses, resumes, cancels or finishes a bulk retry, or changes its rate, and notes why. Errors:
// bulk_retry_not_found, conflict for a move that its state does not allow. Setting what it has changes nothing.
func (s *Store) SetBulkState(ctx context.Context, in chat.BulkMove) (chat.BulkRetry, error) {
	var all []chat.BulkRetry

	err := s.inTx(ctx, "change a bulk retry", func(ctx context.Context, tx bun.Tx) error {
		row, err := findBulkRetry(ctx, s.locked(tx.NewSelect()), in.WorkspaceID, in.ID)
		if err != nil {
			return err
		}

		if err := in.Check(row.State); err != nil {
			return err
		}

		if err := s.moveBulkRetry(ctx, tx, &row, in); err != nil {
			return err
		}

		all = []chat.BulkRetry{row.bulkRetry()}

		return addProgress(ctx, tx, in.WorkspaceID, all)
	})
	if err != nil {
		return chat.BulkRetry{}, err
	}

	return all[0], nil
}

// moveBulkRetry stores the state and the rate that a bulk retry moves to, with an entry in the audit log. It stores
// nothing if neither changes.
func (s *Store) moveBulkRetry(ctx context.Context, tx bun.Tx, row *bulkRetryRow, in chat.BulkMove) error {
	to := cmp.Or(in.To, row.State)
	rate := cmp.Or(in.Rate, row.Rate)

	if row.State == to && row.Rate == rate {
		return nil
	}

	before := row.auditFields()
	verb := "bulk_retry.updated"

	if row.State != to {
		verb = "bulk_retry." + string(to)
		row.Note = in.Note
	}

	if row.State != to && to == chat.BulkRunning {
		row.Round++
	}

	row.State = to
	row.Rate = rate
	row.UpdatedAt = s.time()

	return s.batch(ctx, tx,
		tx.NewUpdate().
			Model(row).
			Column("state", "note", "round", "rate", "updated_at").
			Where("workspace_id = ?", in.WorkspaceID).
			Where("id = ?", in.ID),
		s.insertAudit(tx, auditEvent{
			workspace: in.WorkspaceID,
			by:        in.By,
			verb:      verb,
			object:    string(in.ID),
			detail: changesOf(chat.AuditBulkRetry, before, row.auditFields()).
				with("reason", in.Note),
		}),
	)
}
