package db

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// RecordReport stores what a provider reports about a message, and what follows from it, in
// one transaction. The report names its delivery, or is found by the provider's id for the
// message; one that fits none is kept as an orphan. It returns no error of the domain: what
// cannot be true, like an id that another delivery has, is kept and changes nothing.
//
// Acceptance wins over every state. Of several reports on one message the same one stands in
// whichever order they come ([chat.Delivery.RecordStatus]); a loss makes the message not sent and
// the chat need a response, and an arrival after it takes that back.
//
// Idempotent: a report has its effect once, by its key. An orphan has it when it is
// reported again and its delivery is known by then.
func (s *Store) RecordReport(ctx context.Context, r chat.Report, now time.Time) (chat.Reported, error) {
	reported, err := s.recordReport(ctx, r, now)
	if chat.CodeOf(err) == chat.CodeConflict || isDeadlock(err) {
		// The message was recorded for another delivery at the same time; now that is seen. Or that
		// delivery's report and this one have waited for each other.
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
			if err := s.applyFreshReport(ctx, tx, &row, &in, &reported); err != nil {
				return err
			}
		}

		d := row.delivery()
		reported.Snapshot = d.Snapshot()

		return nil
	})

	return reported, err
}

// findAcceptance finds when the provider has taken a delivery, nil if no attempt tells.
func findAcceptance(ctx context.Context, tx bun.Tx, row *deliveryRow) (*time.Time, error) {
	var attempt attemptRow

	err := tx.NewSelect().
		Model(&attempt).
		Column("finished_at").
		Where("t.workspace_id = ?", row.WorkspaceID).
		Where("t.delivery_id = ?", row.ID).
		Where("t.outcome = ?", chat.OutcomeAccepted).
		OrderExpr("t.fence").
		Limit(1).
		Scan(ctx)

	return chat.UTC(attempt.FinishedAt), unlessNone(err)
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
			ColumnExpr(workflowOfDelivery).
			Where("d.provider = ?", r.Provider)
	}

	if r.DeliveryID != "" {
		if err := find().Where("d.id = ?", r.DeliveryID).Scan(ctx); !noRows(err) {
			return row, err
		}
	}

	if r.ProviderMessageID != "" {
		if err := find().Where("d.provider_message_id = ?", r.ProviderMessageID).Scan(ctx); !noRows(err) {
			return row, err
		}
	}

	if r.EmailMessageID == "" {
		return row, nil
	}

	return findByEmailMessageID(ctx, tx, find, r)
}

// findByEmailMessageID finds the delivery of an email by the Message-ID that we gave it. It begins
// with the message's id, which is random, so that it names one message of one workspace. A message
// may have been tried again: of its deliveries it must be the only one to this address that the
// provider took.
func findByEmailMessageID(
	ctx context.Context,
	tx bun.Tx,
	find func() *bun.SelectQuery,
	r *chat.Report,
) (deliveryRow, error) {
	id := "<" + strings.Trim(r.EmailMessageID, "<>") + ">"
	message, _, _ := strings.Cut(strings.Trim(id, "<>"), "@")

	var sent messageRow

	err := tx.NewSelect().
		Model(&sent).
		Column("workspace_id", "id").
		Where("m.email_message_id = ?", id).
		Where("m.id = ?", message).
		Limit(1).
		Scan(ctx)
	if err != nil {
		return deliveryRow{}, unlessNone(err)
	}

	var rows []deliveryRow

	err = find().
		Model(&rows).
		Where("d.workspace_id = ?", sent.WorkspaceID).
		Where("d.message_id = ?", sent.ID).
		Where("d.submission = ?", chat.SubmissionAccepted).
		Where("(? = '' OR d.to_folded = ?)", r.To, chat.FoldAddress(r.To)).
		Limit(2).
		Scan(ctx)
	if err != nil || len(rows) != 1 {
		return deliveryRow{}, unlessNone(err)
	}

	return rows[0], nil
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

	return hasChanged(result, err)
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
		a.Duplicate != b.Duplicate ||
		a.Segments != b.Segments
}

// applyFreshReport applies a report that was not seen before, and notes what it has changed.
func (s *Store) applyFreshReport(
	ctx context.Context,
	tx bun.Tx,
	row *deliveryRow,
	in *report,
	reported *chat.Reported,
) error {
	before := row.delivery()

	if err := s.applyReport(ctx, tx, row, in); err != nil {
		return err
	}

	after := row.delivery()
	reported.Duplicate = row.copyFound
	reported.Changed = deliveryDiffers(&before, &after)
	reported.Routine = before.Submission == chat.SubmissionAccepted && !after.DeliveryStatus.Final()
	reported.Settled = after.DeliveryStatus.Final() && after.DeliveryStatus != before.DeliveryStatus

	if !reported.Settled || before.DeliveryStatus.Final() {
		return nil
	}

	var err error

	reported.AcceptedAt, err = findAcceptance(ctx, tx, row)

	return err
}

// applyReport changes the delivery, which is held, as the report says. A report about a message that
// belongs to another delivery says nothing of this one.
func (s *Store) applyReport(ctx context.Context, tx bun.Tx, row *deliveryRow, r *report) error {
	foreign, err := ownedByAnother(ctx, tx, row, r.ProviderMessageID)
	if err != nil || foreign {
		return err
	}

	if r.Accepts && r.ProviderMessageID != "" {
		if err := s.acceptReported(ctx, tx, row, r); err != nil {
			return err
		}
	}

	var statements []bun.Query
	// What became of a second message says nothing of the first.
	if row.Submission == chat.SubmissionAccepted &&
		(r.ProviderMessageID == "" || r.ProviderMessageID == row.ProviderMessageID || row.ProviderMessageID == "") {
		statements = applyDeliveryStatus(tx, row, r)

		if err := s.compareArrivals(ctx, tx, row, r); err != nil {
			return err
		}
	}

	suppressed, err := reportSuppression(ctx, tx, row, r)
	if err != nil {
		return err
	}

	if err := s.batch(ctx, tx, append(statements, suppressed...)...); err != nil {
		return err
	}

	return s.judgeDuplicates(ctx, tx, row, r.now)
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

// compareArrivals looks at a delivery that has arrived and was tried again, or is itself a retry: it
// cancels what the provider does not have yet of its retries, and records it once if another delivery of
// the message was sent as well.
func (s *Store) compareArrivals(ctx context.Context, tx bun.Tx, row *deliveryRow, r *report) error {
	// An email that was delivered and has bounced has not arrived.
	if row.RetriedBy == "" && row.RetryOf == "" || !r.DeliveryStatus.Arrived() || !row.DeliveryStatus.Arrived() {
		return nil
	}

	if err := s.cancelRetries(ctx, tx, row, r.now); err != nil {
		return err
	}

	return s.recordSentTwice(ctx, tx, row, r.now)
}

// acceptReported records the acceptance that a report proves.
func (s *Store) acceptReported(ctx context.Context, tx bun.Tx, row *deliveryRow, r *report) error {
	id := r.ProviderMessageID
	if id != "" && id == row.ProviderMessageID && row.Submission == chat.SubmissionAccepted {
		return nil // it says nothing new
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

	accepted, err := s.recordAcceptance(ctx, tx, in)
	if err != nil {
		return err
	}

	*row = accepted
	row.RetriedBy = was.RetriedBy

	if was.Submission != chat.SubmissionAccepted && row.RetriedBy != "" && !r.DeliveryStatus.Lost() {
		return s.cancelRetries(ctx, tx, row, r.now)
	}

	return nil
}

// cancelRetries cancels what repeats a delivery that was taken after all, directly or in
// turn, if the provider certainly does not have it yet: the message must not arrive twice.
func (s *Store) cancelRetries(ctx context.Context, tx bun.Tx, of *deliveryRow, now time.Time) error {
	chain := []chat.DeliveryID{of.ID}
	canceled := false

	for id := of.RetriedBy; id != ""; {
		row, err := findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), of.WorkspaceID, id)
		if err != nil {
			return err
		}

		id = row.RetriedBy
		chain = append(chain, row.ID)
		moves := applyMove(tx, &row, now, (*chat.Delivery).CancelAsRepeat)
		canceled = len(moves) > 0

		if err := s.batch(ctx, tx, moves...); err != nil {
			return err
		}
	}

	if !canceled {
		return nil
	}

	return s.restoreText(ctx, tx, of, chain, now)
}
