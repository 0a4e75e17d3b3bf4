package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// Decide records a person's decision about a delivery, and returns it with the workflow that
// follows it: delivery_not_found, invalid_request for a verdict that is none of the three.
//
// A delivery that is canceled with its action is also already_sending.
//
// In a state that the verdict does not fit it is a conflict that says what may be done, see
// [chat.Delivery.Decide]. Evidence of acceptance still wins over each verdict.
func (s *Store) Decide(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	d chat.Decision,
) (chat.Delivery, string, error) {
	if d.At.IsZero() {
		d.At = s.time()
	}

	var row deliveryRow
	var workflow string
	err := s.inKnownHistory(ctx, "decide about a delivery", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row, err = findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), ws, id); err != nil {
			return err
		}

		before := map[string]any{"submission": row.Submission}
		moved := row.delivery()

		effect, err := moved.Decide(&d)
		if err != nil {
			return err
		}

		row.recordDecision(&d)

		statements := append(storeMove(tx, &row, &moved, effect, toMicroseconds(d.At)), saveDecision(tx, &row),
			s.insertAudit(tx, decisionEvent(&row, &d, before)))

		if d.Verdict == chat.VerdictCancel {
			statements = append(statements, voidApproval(tx, &row, toMicroseconds(d.At)))
		}

		if d.ProviderMessageID != "" {
			statements = append(statements, adoptOrphans(tx, &row))
		}

		if err := s.batch(ctx, tx, statements...); err != nil {
			return onViolation(err, uniqueViolation, messageIDTaken())
		}

		if err := s.compareDecided(ctx, tx, &row, effect, toMicroseconds(d.At)); err != nil {
			return err
		}

		workflow, err = workflowOfAction(ctx, tx, row.WorkspaceID, row.ActionID)

		return err
	})

	return row.delivery(), workflow, err
}

// compareDecided compares a delivery that a person has decided about with the others of its message.
func (s *Store) compareDecided(
	ctx context.Context,
	tx bun.Tx,
	row *deliveryRow,
	effect chat.Effect,
	at time.Time,
) error {
	if effect == chat.EffectSent {
		// What it repeats, or what repeats it, may have been sent too.
		if err := s.recordSentTwice(ctx, tx, row, at); err != nil {
			return err
		}
	}

	return s.judgeDuplicates(ctx, tx, row, at)
}

// decisionEvent is the audit log's entry of a decision about a delivery, or about its action.
func decisionEvent(row *deliveryRow, d *chat.Decision, before map[string]any) auditEvent {
	event := auditEvent{
		workspace: row.WorkspaceID,
		by:        d.By,
		verb:      decisionVerb(d.Verdict),
		object:    string(row.ID),
		detail: changesOf(chat.AuditDelivery, before, map[string]any{"submission": row.Submission}).
			with("as", d.Verdict).
			with("reason", d.Reason),
	}

	if d.ActionID != "" {
		event.verb = "action.canceled"
		event.object = string(d.ActionID)
		event.detail = event.detail.with("delivery_id", row.ID)
	}

	return event
}

// voidApproval is the statement that ends the wait for an approval of a send that is canceled: nothing would come of
// it.
func voidApproval(tx bun.Tx, row *deliveryRow, at time.Time) *bun.UpdateQuery {
	return voidApprovals(tx, row.WorkspaceID, at).Where("action_id = ?", row.ActionID)
}

// voidApprovals is the statement that ends the wait for those approvals that its caller's condition names.
func voidApprovals(tx bun.Tx, ws chat.WorkspaceID, at time.Time) *bun.UpdateQuery {
	return tx.NewUpdate().
		Model((*approvalRow)(nil)).
		Set("state = ?", chat.ApprovalVoid).
		Set("decided_at = ?", at).
		Where("workspace_id = ?", ws).
		Where("state = ?", chat.ApprovalWaiting)
}

// decisionVerb is what the audit log calls a decision.
func decisionVerb(v chat.Verdict) string {
	if v == chat.VerdictCancel {
		return "delivery.canceled"
	}

	return "delivery.resolved"
}

// recordDecision notes a person's decision in the row.
func (r *deliveryRow) recordDecision(d *chat.Decision) {
	at := toMicroseconds(d.At)
	r.Verdict = d.Verdict
	r.DecisionReason = d.Reason
	r.DecidedBy = d.By.MemberID
	r.DecidedAt = &at
	r.UpdatedAt = at
}

// saveDecision is the statement that stores a person's decision. With it a delivery has changed, also one that has
// ended and is repeated by another.
func saveDecision(tx bun.Tx, row *deliveryRow) *bun.UpdateQuery {
	return tx.NewUpdate().Model(row).
		Column("decision", "decision_reason", "decided_by", "decided_at", "bulk_retry_id", "bulk_number").
		Column("updated_at").
		Where("workspace_id = ?", row.WorkspaceID).Where("id = ?", row.ID)
}

// CancelDelivery cancels a delivery that was not handed over, and says why:
// delivery_not_found.
//
// Idempotent: any other delivery stays as it is, and is returned.
func (s *Store) CancelDelivery(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	why *chat.Error,
) (chat.Delivery, error) {
	return s.changeDelivery(ctx, "end a delivery", ws, id, func(tx bun.Tx, row *deliveryRow) []bun.Query {
		d := row.delivery()
		if d.Cancel(why.Message) == chat.EffectNone {
			return nil
		}

		row.apply(&d)

		now := s.time()
		problem := *why
		problem.ActionID = string(row.ActionID)
		problem.DeliveryID = string(id)
		problem.ToolCalls = nil

		return []bun.Query{
			saveState(tx, row, now), moveMessage(tx, ws, row.MessageID, chat.MessageNotSent),
			moveAction(tx, row.actionKey(), chat.ActionFailed, now, chat.ActionRunning, chat.ActionParked).
				Set("problem = ?", &problem),
		}
	})
}

// changeDelivery holds a delivery while change makes what it needs of it: the row as it
// shall be, and the statements that store that. Without statements it stays as it is.
func (s *Store) changeDelivery(
	ctx context.Context,
	what string,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	change func(bun.Tx, *deliveryRow) []bun.Query,
) (chat.Delivery, error) {
	var row deliveryRow
	err := s.inKnownHistory(ctx, what, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row, err = findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), ws, id); err != nil {
			return err
		}

		statements := change(tx, &row)
		if len(statements) == 0 {
			return nil
		}

		if err := s.batch(ctx, tx, statements...); err != nil {
			return err
		}

		return s.judgeDuplicates(ctx, tx, &row, s.time())
	})

	return row.delivery(), err
}

// MarkUnconfirmed ends the wait for the final status of a delivery that the provider
// accepted: delivery_not_found. A report that comes later still counts.
//
// Idempotent: any other delivery stays as it is.
func (s *Store) MarkUnconfirmed(
	ctx context.Context,
	in chat.UnconfirmedDelivery,
	now time.Time,
) (chat.Delivery, error) {
	const what = "end the wait for a receipt"

	return s.changeDelivery(ctx, what, in.WorkspaceID, in.DeliveryID, func(tx bun.Tx, row *deliveryRow) []bun.Query {
		return applyMove(tx, row, toMicroseconds(now), func(d *chat.Delivery) chat.Effect {
			return d.Unconfirm(in.NotShown)
		})
	})
}
