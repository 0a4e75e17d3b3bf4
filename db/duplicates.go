package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// duplicateEvent records that a provider has taken a delivery a second time.
func duplicateEvent(row *deliveryRow, in submission) (providerEventRow, error) {
	raw, err := json.Marshal(map[string]any{
		"kept":                row.ProviderMessageID,
		"provider_message_id": in.said.ProviderMessageID,
		"fence":               in.fence,
	})

	return providerEventRow{
		Key:               fmt.Sprintf("%s:%s:%s", chat.EventDuplicate, row.ID, in.said.ProviderMessageID),
		WorkspaceID:       in.ws,
		DeliveryID:        in.id,
		Provider:          row.Provider,
		ProviderMessageID: in.said.ProviderMessageID,
		Type:              chat.EventDuplicate,
		Raw:               raw,
		ReceivedAt:        in.now,
		Applied:           true,
	}, err
}

// findNamedCopy returns the event of the provider's message that a person has named for a delivery, if the provider now
// reports another message for the delivery, which may then have become both. Otherwise it returns nil.
func findNamedCopy(ctx context.Context, tx bun.Tx, in *submission) (*providerEventRow, error) {
	row, err := findDelivery(ctx, tx.NewSelect(), in.ws, in.id)
	if err != nil {
		return nil, err
	}

	named := row.ProviderMessageID
	proven := in.said.ProviderMessageID

	if row.Submission == chat.SubmissionAccepted || named == "" || proven == "" || named == proven {
		return nil, nil
	}

	row.ProviderMessageID = proven
	copied := *in
	copied.said.ProviderMessageID = named
	copied.fence = 0

	event, err := duplicateEvent(&row, copied)

	return &event, err
}

// executor is a query that changes rows.
type executor interface {
	Exec(ctx context.Context, dest ...any) (sql.Result, error)
}

// recordCopy inserts an event of type [chat.EventDuplicate], and notes in the row whether it is new. A copy that is
// found again is still one duplicate.
func recordCopy(ctx context.Context, row *deliveryRow, insert executor) error {
	fresh, err := hasChanged(insert.Exec(ctx))
	row.copyFound = row.copyFound || fresh

	return err
}

// recordSentTwice records a duplicate if row was accepted and another delivery of its message was sent as well. The
// pair is recorded once, whichever of the two it is found for. A delivery that the provider has reported as lost was
// not sent, and for one without a receipt it is not known.
func (s *Store) recordSentTwice(ctx context.Context, tx bun.Tx, row *deliveryRow, now time.Time) error {
	raw := `CAST('{"other_delivery":"' || o.id || '"}' AS blob)`
	if s.postgres() {
		raw = `convert_to('{"other_delivery":"' || o.id || '"}', 'UTF8')`
	}

	event := []any{
		row.ID,
		row.ID,
		row.ID,
		row.WorkspaceID,
		row.ID,
		row.Provider,
		bun.NullZero(row.ProviderMessageID),
		chat.EventDuplicate,
		now,
	}
	other := []any{row.WorkspaceID, row.MessageID, row.ID}

	if err := s.lockMessage(ctx, tx, row); err != nil {
		return err
	}

	return recordCopy(ctx, row, tx.NewRaw(`INSERT INTO provider_events (event_key, workspace_id, delivery_id, provider,
			provider_message_id, type, raw, received_at, applied)
		SELECT 'duplicate_confirmed:' || CASE WHEN o.id < ? THEN o.id || ':' || ? ELSE ? || ':' || o.id END,
			?, ?, ?, ?, ?, `+raw+`, ?, TRUE FROM deliveries o
		WHERE o.workspace_id = ? AND o.message_id = ? AND o.id <> ?
			AND o.status IN ('accepted', 'delivered', 'read', 'confirmed_sent')
		ON CONFLICT (event_key) DO NOTHING`, append(event, other...)...))
}

// lockMessage locks the message of a delivery, so that of two deliveries that change at the same time the second one
// waits, and then sees the change of the first.
func (s *Store) lockMessage(ctx context.Context, tx bun.Tx, row *deliveryRow) error {
	if !s.postgres() {
		return nil // SQLite runs one writing transaction at a time
	}

	var held []chat.MessageID

	return s.locked(tx.NewSelect().Model((*messageRow)(nil)).Column("id")).
		Where("m.workspace_id = ?", row.WorkspaceID).
		Where("m.id = ?", row.MessageID).
		Scan(ctx, &held)
}

// mayHaveCopies reports whether a second copy of the delivery is possible. For most it is not, and they cost no query.
func (r *deliveryRow) mayHaveCopies() bool {
	return r.copyFound || r.RetryOf != "" || r.RetriedBy != "" ||
		r.Evidence != chat.EvidenceNone || r.Duplicate != chat.DuplicateNone
}

// judgeDuplicates decides and stores for a changed delivery, and for all others of its message, whether they were sent
// twice. A new copy makes the chat need a response. Call it last in the transaction of a change.
func (s *Store) judgeDuplicates(ctx context.Context, tx bun.Tx, row *deliveryRow, now time.Time) error {
	if !row.mayHaveCopies() {
		return nil
	}

	return s.judgeAllDuplicates(ctx, tx, row, now)
}

// judgeAllDuplicates is judgeDuplicates for a delivery that another one may repeat without the row saying so.
func (s *Store) judgeAllDuplicates(ctx context.Context, tx bun.Tx, row *deliveryRow, now time.Time) error {
	if err := s.lockMessage(ctx, tx, row); err != nil {
		return err
	}

	var rows []deliveryRow

	err := tx.NewSelect().
		Model(&rows).
		Where("d.workspace_id = ?", row.WorkspaceID).
		Where("d.message_id = ?", row.MessageID).
		OrderExpr("d.id").
		Scan(ctx)
	if err != nil {
		return err
	}

	copies, err := countCopies(ctx, tx, rows)
	if err != nil {
		return err
	}

	var statements []bun.Query
	now = toMicroseconds(now)

	for i := range rows {
		others := slices.Delete(slices.Clone(copies), i, i+1)
		verdict := copies[i].JudgeDuplicate(others...)

		if rows[i].ID == row.ID {
			row.Duplicate = verdict
		}

		if verdict != rows[i].Duplicate {
			statements = append(statements, setDuplicate(tx, &rows[i], verdict, now))
		}
	}

	if row.copyFound && !row.copyTold {
		row.copyTold = true
		statements = append(statements,
			requestResponse(tx.NewUpdate().Model((*chatRow)(nil)), chat.ReasonSentTwice).
				Set("updated_at = ?", now).
				Where("workspace_id = ?", row.WorkspaceID).
				Where("id = ?", row.ChatID))
	}

	return s.batch(ctx, tx, statements...)
}

// setDuplicate is the statement that stores the verdict on a delivery.
func setDuplicate(tx bun.Tx, row *deliveryRow, verdict chat.Duplicate, now time.Time) bun.Query {
	return tx.NewUpdate().
		Model((*deliveryRow)(nil)).
		Set("duplicate = ?", verdict).
		Set("updated_at = ?", now).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID)
}

// countCopies counts the copies of each of the deliveries of one message.
func countCopies(ctx context.Context, tx bun.Tx, rows []deliveryRow) ([]chat.Copies, error) {
	if len(rows) == 0 {
		return nil, nil
	}

	ids := make([]chat.DeliveryID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}

	var found []providerEventRow

	err := tx.NewSelect().
		Model(&found).
		Column("delivery_id", "event_key").
		Where("e.workspace_id = ?", rows[0].WorkspaceID).
		Where("e.delivery_id IN ?", bun.Tuple(ids)).
		Where("e.type = ?", chat.EventDuplicate).
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	copies := make([]chat.Copies, len(rows))

	for i := range rows {
		d := rows[i].delivery()

		if d.Attempts, err = findAttempts(ctx, tx, &rows[i]); err != nil {
			return nil, err
		}

		copies[i] = d.CountCopies(slices.ContainsFunc(found, func(e providerEventRow) bool {
			// The key of a pair names both deliveries.
			return e.DeliveryID == d.ID || strings.Contains(e.Key, string(d.ID))
		}))
	}

	return copies, nil
}
