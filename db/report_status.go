package db

import (
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// applyDeliveryStatus are the statements for what became of a message that the provider took.
func applyDeliveryStatus(tx bun.Tx, row *deliveryRow, r *report) []bun.Query {
	was := *row

	d := row.delivery()
	effect := d.RecordStatus(&r.Report)
	row.apply(&d)
	row.UpdatedAt = r.now

	if r.Segments > 0 {
		row.Segments = r.Segments
	}

	statements := storeStatusEffect(tx, &was, row, effect)

	return append(statements, tx.NewUpdate().Model(row).
		Column("carrier", "carrier_rank", "also_reported", "error_code", "error_message", "segments", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).Where("id = ?", row.ID))
}

// storeStatusEffect are the statements for message and chat of a delivery whose status was reported.
// When it has been tried again already, that retry speaks for the message, unless this one has
// arrived after all.
func storeStatusEffect(tx bun.Tx, was, row *deliveryRow, effect chat.StatusEffect) []bun.Query {
	switch {
	case effect == chat.StatusArrived:
		return []bun.Query{
			moveMessage(tx, row.WorkspaceID, row.MessageID, chat.MessageSent),
			withdrawLoss(tx, was, row.UpdatedAt),
		}

	case row.RetriedBy != "":
		return nil
	case effect == chat.StatusLost:
		return []bun.Query{
			moveMessage(tx, row.WorkspaceID, row.MessageID, chat.MessageNotSent),
			requestResponse(tx.NewUpdate().Model((*chatRow)(nil)), lossReason(row)).
				Set("updated_at = ?", row.UpdatedAt).
				Where("NOT for_notices").
				Where("workspace_id = ?", row.WorkspaceID).
				Where("id = ?", row.ChatID),
		}

	case effect == chat.StatusLostOtherwise:
		return []bun.Query{correctLoss(tx, was, row)}
	}

	return nil
}

// lossReason says why a chat needs a response whose message was lost.
func lossReason(row *deliveryRow) string {
	if row.ErrorCode != "" {
		return fmt.Sprintf(
			"A message was not delivered: %s reports it as %s (%s).",
			row.Provider.Name(),
			row.DeliveryStatus,
			row.ErrorCode,
		)
	}

	return fmt.Sprintf("A message was not delivered: %s reports it as %s.", row.Provider.Name(), row.DeliveryStatus)
}

// correctLoss is the statement that puts a better reason in the place of the one that was given
// before, where that still stands.
func correctLoss(tx bun.Tx, was, row *deliveryRow) bun.Query {
	return tx.NewUpdate().
		Model((*chatRow)(nil)).
		Set("attention_reason = ?", lossReason(row)).
		Set("updated_at = ?", row.UpdatedAt).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ChatID).
		Where("attention_reason = ?", lossReason(was))
}

// withdrawLoss is the statement that takes back what a loss has asked for that was none. A response
// stays needed if anything else has asked for one: a message that came in before, or another
// delivery that was lost, whose reason reads the same.
func withdrawLoss(tx bun.Tx, was *deliveryRow, now time.Time) bun.Query {
	const answered = "CASE WHEN answered = attention - 1 THEN attention ELSE answered END"

	return tx.NewUpdate().
		Model((*chatRow)(nil)).
		Set("answered = "+answered).
		Set("needs_response = (attention > "+answered+")").
		Set("attention_reason = ''").
		Set("updated_at = ?", now).
		Where("workspace_id = ?", was.WorkspaceID).
		Where("id = ?", was.ChatID).
		Where("attention_reason = ?", lossReason(was)).
		Where(`NOT EXISTS (SELECT 1 FROM deliveries o WHERE o.workspace_id = ? AND o.chat_id = ? AND o.id <> ?
			AND o.status IN ('undelivered', 'bounced', 'failed', 'canceled'))`, was.WorkspaceID, was.ChatID, was.ID)
}
