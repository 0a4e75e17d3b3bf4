package db

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// RecordReport stores what a provider reports about a message, and what follows from it, in
// one transaction. The report names its delivery, or is found by the provider's id for the
// message; one that fits none is kept as an orphan. It returns no error of the domain: what
// cannot be true, like an id that another delivery has, is kept and changes nothing.
//
// Acceptance wins over every state. The provider's state only rises in rank; one that reports
// a loss makes the message not sent and the chat need a response.
//
// Idempotent: a report has its effect once, by its key. An orphan has it when it is
// reported again and its delivery is known by then.
func (s *Store) RecordReport(ctx context.Context, r chat.Report, now time.Time) (chat.Reported, error) {
	reported, err := s.recordReport(ctx, r, now)
	if chat.CodeOf(err) == chat.CodeConflict {
		// The message was recorded for another delivery at the same time; now that is seen.
		reported, err = s.recordReport(ctx, r, now)
	}

	return reported, err
}

func (s *Store) recordReport(ctx context.Context, r chat.Report, now time.Time) (chat.Reported, error) {
	in := report{Report: r, now: toMicroseconds(now)}
	var reported chat.Reported
	err := s.inTx(ctx, "record a provider's report", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.reportedDelivery(ctx, tx, &r)
		if err != nil {
			return err
		}

		event := in.event(&row)

		fresh, err := storeEvent(ctx, tx, &event)
		if err != nil {
			return err
		}

		reported = chat.Reported{
			Known:       row.ID != "",
			Repeated:    !fresh,
			WorkspaceID: row.WorkspaceID,
			WorkflowID:  row.WorkflowID,
		}
		if !reported.Known {
			return nil
		}

		if fresh {
			before := row.delivery()

			if reported.Duplicate, err = s.applyReport(ctx, tx, &row, &in); err != nil {
				return err
			}

			after := row.delivery()
			reported.Changed = deliveryDiffers(&before, &after)
			reported.Routine = before.Submission == chat.SubmissionAccepted && !after.DeliveryStatus.Final()
		}

		d := row.delivery()
		reported.Snapshot = d.Snapshot()

		return nil
	})

	return reported, err
}

// report is what a provider has reported, and when.
type report struct {
	chat.Report
	now time.Time
}

// reportedDelivery finds and holds the delivery that a report is about; its ID is "" when
// there is none.
func (s *Store) reportedDelivery(ctx context.Context, tx bun.Tx, r *chat.Report) (deliveryRow, error) {
	var row deliveryRow
	find := func() *bun.SelectQuery {
		return s.locked(withRetry(tx.NewSelect()).Model(&row)).
			ColumnExpr(`(SELECT a.workflow_id FROM actions a
				WHERE a.workspace_id = d.workspace_id AND a.id = d.action_id) AS workflow_id`).
			Where("d.provider = ?", r.Provider)
	}

	if r.DeliveryID != "" {
		if err := find().Where("d.id = ?", r.DeliveryID).Scan(ctx); !noRows(err) {
			return row, err
		}
	}

	if r.ProviderMessageID == "" {
		return row, nil
	}

	err := find().Where("d.provider_message_id = ?", r.ProviderMessageID).Scan(ctx)

	return row, unlessNone(err)
}

func (r *report) event(row *deliveryRow) providerEventRow {
	event := providerEventRow{
		Key:               r.Key,
		WorkspaceID:       row.WorkspaceID,
		DeliveryID:        row.ID,
		Provider:          r.Provider,
		ProviderMessageID: r.ProviderMessageID,
		Type:              r.Type,
		Raw:               r.Raw,
		ReceivedAt:        r.now,
		Applied:           row.ID != "",
	}
	if len(event.Raw) == 0 {
		event.Raw = []byte("{}")
	}

	return event
}

// storeEvent stores what a provider has reported, and returns false when it is a repetition.
// An orphan that has found its delivery counts as reported for the first time.
func storeEvent(ctx context.Context, tx bun.Tx, event *providerEventRow) (bool, error) {
	result, err := tx.NewInsert().Model(event).On("CONFLICT (event_key) DO UPDATE").
		Set("workspace_id = EXCLUDED.workspace_id").Set("delivery_id = EXCLUDED.delivery_id").Set("applied = TRUE").
		Where("EXCLUDED.applied AND NOT e.applied").Returning("NULL").Exec(ctx)
	if err != nil {
		return false, err
	}

	count, err := result.RowsAffected()

	return count > 0, err
}

// adoptOrphans is the statement that gives a delivery what its provider had reported before
// the provider's id for it was known.
func adoptOrphans(tx bun.Tx, row *deliveryRow) bun.Query {
	return tx.NewUpdate().
		Model((*providerEventRow)(nil)).
		Set("workspace_id = ?", row.WorkspaceID).
		Set("delivery_id = ?", row.ID).
		Where("provider = ?", row.Provider).
		Where("provider_message_id = ?", row.ProviderMessageID).
		Where("delivery_id IS NULL")
}

func deliveryDiffers(a, b *chat.Delivery) bool {
	return a.Submission != b.Submission ||
		a.DeliveryStatus != b.DeliveryStatus ||
		a.ProviderMessageID != b.ProviderMessageID ||
		a.ErrorCode != b.ErrorCode ||
		a.Segments != b.Segments
}

// applyReport changes the delivery, which is held, as the report says. duplicate reports that
// the provider has taken a second message for it. A report about a message that belongs to
// another delivery says nothing of this one.
func (s *Store) applyReport(ctx context.Context, tx bun.Tx, row *deliveryRow, r *report) (duplicate bool, err error) {
	foreign, err := ownedByAnother(ctx, tx, row, r.ProviderMessageID)
	if err != nil || foreign {
		return false, err
	}

	if r.Accepts && r.ProviderMessageID != "" {
		if duplicate, err = s.acceptReported(ctx, tx, row, r); err != nil {
			return false, err
		}
	}

	var statements []bun.Query
	// What became of a second message says nothing of the first.
	if row.Submission == chat.SubmissionAccepted &&
		(r.ProviderMessageID == "" || r.ProviderMessageID == row.ProviderMessageID || row.ProviderMessageID == "") {
		statements = applyDeliveryStatus(tx, row, r)

		twice, err := s.findSecondArrival(ctx, tx, row, r)
		if err != nil {
			return false, err
		}

		duplicate = duplicate || twice
	}

	if r.Suppress != "" {
		statements = append(statements, addSuppression(tx, &suppressionRow{
			WorkspaceID: row.WorkspaceID,
			Channel:     row.Channel,
			Sender:      row.Sender,
			Address:     row.To,
			Reason:      r.Suppress,
			SourceEvent: r.Key,
			CreatedAt:   r.now,
		}))
	}

	return duplicate, s.batch(ctx, tx, statements...)
}

// ownedByAnother reports whether a provider's message belongs to another delivery. Two look-ups
// may have read the provider's list before either was recorded; the first one owns the message.
func ownedByAnother(ctx context.Context, tx bun.Tx, row *deliveryRow, id string) (bool, error) {
	if id == "" || id == row.ProviderMessageID {
		return false, nil
	}

	owners, err := messageOwners(ctx, tx, row.Provider, []string{id})
	owner, owned := owners[id]

	return owned && owner != row.ID, err
}

// findSecondArrival looks at a delivery that has arrived and was tried again, or is itself a retry:
// it cancels what the provider does not have yet of its retries, and reports whether another
// delivery of the message was sent as well, which is recorded once.
func (s *Store) findSecondArrival(ctx context.Context, tx bun.Tx, row *deliveryRow, r *report) (bool, error) {
	if row.RetriedBy == "" && row.RetryOf == "" || !r.DeliveryStatus.Arrived() {
		return false, nil
	}

	if err := s.cancelRetries(ctx, tx, row, r.now); err != nil {
		return false, err
	}

	result, err := s.recordSentTwice(tx, row, r.now).Exec(ctx)
	if err != nil {
		return false, err
	}

	count, err := result.RowsAffected()

	return count > 0, err
}

// acceptReported records the acceptance that a report proves.
func (s *Store) acceptReported(
	ctx context.Context,
	tx bun.Tx,
	row *deliveryRow,
	r *report,
) (duplicate bool, err error) {
	id := r.ProviderMessageID
	if id != "" && id == row.ProviderMessageID && row.Submission == chat.SubmissionAccepted {
		return false, nil // it says nothing new
	}

	was := *row

	said := chat.Submission{
		Outcome:           chat.OutcomeAccepted,
		ProviderMessageID: id,
		Segments:          r.Segments,
		GotConnection:     true,
	}

	in := submission{
		ws:       row.WorkspaceID,
		id:       row.ID,
		fence:    r.Fence,
		said:     said,
		now:      r.now,
		evidence: true,
	}

	if *row, err = s.recordAcceptance(ctx, tx, in); err != nil {
		return false, err
	}

	row.RetriedBy = was.RetriedBy

	if was.Submission == chat.SubmissionAccepted {
		return id != "" && was.ProviderMessageID != "" && id != was.ProviderMessageID, nil
	}

	if row.RetriedBy != "" && !r.DeliveryStatus.Lost() {
		if err := s.cancelRetries(ctx, tx, row, r.now); err != nil {
			return false, err
		}
	}

	return tx.NewSelect().Model((*providerEventRow)(nil)).Where("e.workspace_id = ?", row.WorkspaceID).
		Where("e.delivery_id = ?", row.ID).Where("e.type = ?", chat.EventDuplicate).Exists(ctx)
}

// cancelRetries cancels what repeats a delivery that was taken after all, directly or in
// turn, if the provider certainly does not have it yet: the message must not arrive twice.
func (s *Store) cancelRetries(ctx context.Context, tx bun.Tx, of *deliveryRow, now time.Time) error {
	for id := of.RetriedBy; id != ""; {
		row, err := findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), of.WorkspaceID, id)
		if err != nil {
			return err
		}

		id = row.RetriedBy

		if err := s.batch(ctx, tx, applyMove(tx, &row, now, (*chat.Delivery).CancelAsRepeat)...); err != nil {
			return err
		}
	}

	return nil
}

// applyDeliveryStatus are the statements for what became of a message that the provider took.
func applyDeliveryStatus(tx bun.Tx, row *deliveryRow, r *report) []bun.Query {
	var statements []bun.Query

	if r.DeliveryStatus.Supersedes(row.DeliveryStatus) {
		if row.DeliveryStatus.Lost() {
			// It arrived after all.
			statements = append(statements, moveMessage(tx, row.WorkspaceID, row.MessageID, chat.MessageSent))
		}

		row.DeliveryStatus = r.DeliveryStatus
		row.StatusRank = r.DeliveryStatus.Rank()

		switch {
		case r.DeliveryStatus.Lost():
			row.ErrorCode = r.ErrorCode
			row.ErrorMessage = r.ErrorMessage
			statements = reportLateLoss(tx, row, r.now)
		case r.DeliveryStatus == chat.StatusDeferred:
			row.ErrorCode = r.ErrorCode
			row.ErrorMessage = r.ErrorMessage
		case r.DeliveryStatus.Final():
			row.ErrorCode = ""
			row.ErrorMessage = ""
		}
	}

	if r.Segments > 0 {
		row.Segments = r.Segments
	}

	row.UpdatedAt = r.now

	return append(statements, tx.NewUpdate().Model(row).
		Column("carrier", "carrier_rank", "error_code", "error_message", "segments", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).Where("id = ?", row.ID))
}

// reportLateLoss are the statements for message and chat of a delivery that was accepted and
// then lost. When it has been tried again already, that retry speaks for the message.
func reportLateLoss(tx bun.Tx, row *deliveryRow, now time.Time) []bun.Query {
	if row.RetriedBy != "" {
		return nil
	}

	reason := fmt.Sprintf("A message was not delivered: %s reports it as %s.", row.Provider.Name(), row.DeliveryStatus)
	if row.ErrorCode != "" {
		reason = fmt.Sprintf(
			"A message was not delivered: %s reports it as %s (%s).",
			row.Provider.Name(),
			row.DeliveryStatus,
			row.ErrorCode,
		)
	}

	return []bun.Query{
		moveMessage(tx, row.WorkspaceID, row.MessageID, chat.MessageNotSent),
		requestResponse(tx.NewUpdate().Model((*chatRow)(nil)), reason).Set("updated_at = ?", now).
			Where("workspace_id = ?", row.WorkspaceID).Where("id = ?", row.ChatID),
	}
}
