package db

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// Decide records a person's decision about a delivery, and returns it with the workflow that
// follows it: delivery_not_found, invalid_request for a verdict that is none of the three.
//
//   - cancel: what was not handed over is never sent.
//   - sent: what may have been sent counts as sent; the provider's id is kept when it is given.
//   - not_sent: what may have been sent counts as not sent.
//
// In any other state it is a conflict that says what may be done. Evidence of acceptance
// still wins over each of them.
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
	err := s.inTx(ctx, "decide about a delivery", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row, err = findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), ws, id); err != nil {
			return err
		}

		statements, verb, err := applyDecision(tx, &row, &d)
		if err != nil {
			return err
		}

		row.recordDecision(&d)

		statements = append(statements, saveDecision(tx, &row),
			s.insertAudit(tx, auditEvent{
				workspace: ws,
				by:        d.By,
				verb:      verb,
				object:    string(id),
				detail:    changed{"as": d.Verdict, "reason": d.Reason},
			}))

		if d.ProviderMessageID != "" {
			statements = append(statements, adoptOrphans(tx, &row))
		}

		if err := s.batch(ctx, tx, statements...); err != nil {
			return onViolation(err, uniqueViolation, messageIDTaken())
		}

		workflow, err = workflowOfAction(ctx, tx, row.WorkspaceID, row.ActionID)

		return err
	})

	return row.delivery(), workflow, err
}

// applyDecision puts the row into the state that the verdict means, and returns what else
// follows, with the verb of the audit log.
func applyDecision(tx bun.Tx, row *deliveryRow, d *chat.Decision) ([]bun.Query, string, error) {
	now := toMicroseconds(d.At)

	to := map[chat.Verdict]chat.SubmissionState{
		chat.VerdictCancel:  chat.SubmissionCanceled,
		chat.VerdictSent:    chat.SubmissionConfirmedSent,
		chat.VerdictNotSent: chat.SubmissionAbandoned,
	}[d.Verdict]
	if to == "" {
		return nil, "", chat.Invalid("as", "must be sent or not_sent")
	}

	if !slices.Contains(decidable[to], row.Submission) {
		return nil, "", refuseVerdict(row, d.Verdict)
	}

	row.Submission = to
	row.RetryAt = nil
	row.LeaseUntil = nil
	row.UnknownSince = nil

	switch d.Verdict {
	case chat.VerdictSent:
		row.ErrorCode = ""
		row.ErrorMessage = ""

		if d.ProviderMessageID != "" {
			row.ProviderMessageID = d.ProviderMessageID
		}

		return append(markMessageSent(tx, row, now), saveState(tx, row, now)), "delivery.resolved", nil

	case chat.VerdictNotSent:
		row.ErrorMessage = "a person resolved it as not sent"
		return append(markMessageNotSent(tx, row, now), saveState(tx, row, now)), "delivery.resolved", nil
	case chat.VerdictCancel, chat.VerdictRetry:
	}

	row.ErrorCode = chat.ErrorCanceled
	row.ErrorMessage = "a person canceled it"

	return append(markMessageNotSent(tx, row, now), saveState(tx, row, now)), "delivery.canceled", nil
}

// decidable are the states from which a person may move a delivery into another one.
var decidable = map[chat.SubmissionState][]chat.SubmissionState{
	chat.SubmissionCanceled:      claimable,
	chat.SubmissionConfirmedSent: {chat.SubmissionUnknown, chat.SubmissionNeedsReview},
	chat.SubmissionAbandoned:     {chat.SubmissionUnknown, chat.SubmissionNeedsReview},
}

// refuseVerdict says why the verdict does not fit the delivery, and what may be done instead.
func refuseVerdict(row *deliveryRow, v chat.Verdict) *chat.Error {
	only := "only one that may have been sent can be resolved"
	if v == chat.VerdictCancel {
		only = "only one that was not handed over yet can be canceled"
	}

	words := map[chat.Verdict]string{
		chat.VerdictRetry:   "retry it",
		chat.VerdictCancel:  "cancel it",
		chat.VerdictSent:    "resolve it as sent",
		chat.VerdictNotSent: "resolve it as not sent",
	}

	d := row.delivery()

	var may []string
	for _, c := range d.Commands() {
		may = append(may, words[c])
	}

	instead := "nothing needs to be done"

	switch {
	case len(may) > 0:
		instead = "you may " + strings.Join(may, ", or ")
	case row.Submission == chat.SubmissionSending:
		instead = "wait for the provider's answer"
	}

	e := chat.Errorf(chat.CodeConflict, "this delivery is %s: %s; %s", d.Status(), only, instead)
	e.DeliveryID = string(row.ID)

	return e
}

// recordDecision notes a person's decision in the row.
func (r *deliveryRow) recordDecision(d *chat.Decision) {
	at := toMicroseconds(d.At)
	r.Verdict = d.Verdict
	r.DecisionReason = d.Reason
	r.DecidedBy = d.By.MemberID
	r.DecidedAt = &at
}

// saveDecision is the statement that stores a person's decision, and the provider's id that a
// person may have found.
func saveDecision(tx bun.Tx, row *deliveryRow) bun.Query {
	return tx.NewUpdate().Model(row).
		Column("decision", "decision_reason", "decided_by", "decided_at", "bulk_retry_id", "provider_message_id").
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
		if !slices.Contains(claimable, row.Submission) {
			return nil
		}

		now := s.time()
		row.Submission = chat.SubmissionCanceled
		row.RetryAt = nil
		row.ErrorCode = chat.ErrorCanceled
		row.ErrorMessage = why.Message
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
	err := s.inTx(ctx, what, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row, err = findDelivery(ctx, s.locked(withRetry(tx.NewSelect())), ws, id); err != nil {
			return err
		}

		return s.batch(ctx, tx, change(tx, &row)...)
	})

	return row.delivery(), err
}

// MarkUnconfirmed ends the wait for the final status of a delivery that the provider
// accepted: delivery_not_found. A report that comes later still counts.
//
// Idempotent: any other delivery stays as it is.
func (s *Store) MarkUnconfirmed(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.DeliveryID,
	now time.Time,
) (chat.Delivery, error) {
	return s.changeDelivery(ctx, "end the wait for a receipt", ws, id, func(tx bun.Tx, row *deliveryRow) []bun.Query {
		if row.Submission != chat.SubmissionAccepted || row.DeliveryStatus.Final() {
			return nil
		}

		return []bun.Query{markUnconfirmed(tx, row, toMicroseconds(now))}
	})
}

func markUnconfirmed(tx bun.Tx, row *deliveryRow, now time.Time) bun.Query {
	row.DeliveryStatus = chat.StatusUnconfirmed
	row.StatusRank = chat.StatusUnconfirmed.Rank()
	row.UpdatedAt = now
	row.ErrorCode = chat.ErrorUnconfirmed
	row.ErrorMessage = "the provider took it and never reported what became of it"

	return tx.NewUpdate().Model(row).Column("carrier", "carrier_rank", "error_code", "error_message", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).Where("id = ?", row.ID)
}
