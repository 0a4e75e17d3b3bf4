package db

import (
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// apply takes over what a rule of chat has made of the delivery.
func (r *deliveryRow) apply(d *chat.Delivery) {
	r.Submission = d.Submission
	r.DeliveryStatus = d.DeliveryStatus
	r.StatusRank = d.DeliveryStatus.Rank(r.Provider)
	r.AlsoReported = d.AlsoReported
	r.LeaseUntil = d.LeaseUntil
	r.RetryAt = d.RetryAt
	r.UnknownSince = d.UnknownSince
	r.Evidence = d.Evidence
	r.ProviderMessageID = d.ProviderMessageID
	r.ErrorCode = d.ErrorCode
	r.ErrorMessage = d.ErrorMessage
	r.SeenMessage = d.SeenMessage
	r.DespiteTakeover = d.DespiteTakeover
	r.DespiteBrakes = d.DespiteBrakes
}

// applyMove has a rule of chat change a delivery, which is held, and returns the statements that
// store what it has changed.
func applyMove(tx bun.Tx, row *deliveryRow, now time.Time, rule func(*chat.Delivery) chat.Effect) []bun.Query {
	d := row.delivery()
	effect := rule(&d)

	return storeMove(tx, row, &d, effect, now)
}

// storeMove takes over what a rule of chat has made of a delivery, and returns the statements
// that store it and what it means for its attempt, message and action. There are none if it
// has no effect.
func storeMove(tx bun.Tx, row *deliveryRow, moved *chat.Delivery, effect chat.Effect, now time.Time) []bun.Query {
	if effect == chat.EffectNone {
		return nil
	}

	kept := keepForgottenAttempt(tx, row, moved.ErrorCode)
	lostClaim := row.Submission == chat.SubmissionSending && moved.Submission == chat.SubmissionUnknown
	row.apply(moved)

	var statements []bun.Query
	if lostClaim {
		statements = append(
			statements,
			closeOtherEvidence(tx, row.WorkspaceID, row.ID),
			finishLostAttempt(tx, row, now),
		)
	}

	statements = append(statements, kept...)
	statements = append(statements, saveState(tx, row, now))

	return append(statements, storeEffect(tx, row, effect, now)...)
}

// keepForgottenAttempt are the statements that store an attempt for what the database may have
// forgotten of a delivery, because the error code that tells of it is about to be another one.
func keepForgottenAttempt(tx bun.Tx, row *deliveryRow, next string) []bun.Query {
	d := row.delivery()

	forgotten := d.ForgottenAttempt()
	if forgotten == nil || next == d.ErrorCode {
		return nil
	}

	row.Fence = forgotten.Fence
	attempt := attemptRow{
		WorkspaceID:   row.WorkspaceID,
		DeliveryID:    row.ID,
		Fence:         forgotten.Fence,
		Sender:        row.Sender,
		StartedAt:     forgotten.StartedAt,
		FinishedAt:    forgotten.FinishedAt,
		GotConnection: forgotten.GotConnection,
		Outcome:       forgotten.Outcome,
		ErrorCode:     forgotten.ErrorCode,
		ErrorMessage:  forgotten.ErrorMessage,
	}

	return []bun.Query{
		tx.NewInsert().Model(&attempt),
		tx.NewUpdate().
			Model((*deliveryRow)(nil)).
			Set("fence = ?", forgotten.Fence).
			Where("workspace_id = ?", row.WorkspaceID).
			Where("id = ?", row.ID),
	}
}

// storeEffect are the statements for a delivery's message and action.
func storeEffect(tx bun.Tx, row *deliveryRow, effect chat.Effect, now time.Time) []bun.Query {
	switch effect {
	case chat.EffectWaits:
		return []bun.Query{moveAction(tx, row.actionKey(), chat.ActionParked, now, chat.ActionRunning)}
	case chat.EffectResumes:
		return []bun.Query{moveAction(tx, row.actionKey(), chat.ActionRunning, now, chat.ActionParked)}
	case chat.EffectSent:
		return markMessageSent(tx, row, now)
	case chat.EffectNotSent:
		// A send that ends while it waits has tool calls that have not run.
		return append(markMessageNotSent(tx, row, now), skipCalls(tx, row.WorkspaceID, row.MessageID, now))
	case chat.EffectReplaced:
		return []bun.Query{failAction(tx, row, now)}
	case chat.EffectNone, chat.EffectSaved:
	}

	return nil
}

// saveState returns the statement that stores where a delivery stands, as of now.
func saveState(tx bun.Tx, row *deliveryRow, now time.Time) bun.Query {
	row.UpdatedAt = now

	return tx.NewUpdate().
		Model(row).
		Column("submission", "carrier", "carrier_rank", "lease_until", "retry_at", "unknown_since", "evidence").
		Column("provider_message_id", "error_code", "error_message", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID)
}

// finishLostAttempt is the statement that completes the attempt of a claim that ran out.
func finishLostAttempt(tx bun.Tx, row *deliveryRow, now time.Time) bun.Query {
	return tx.NewUpdate().
		Model((*attemptRow)(nil)).
		Set("outcome = ?", chat.OutcomeUnknown).
		Set("finished_at = ?", now).
		Set("error_code = ?", row.ErrorCode).
		Set("error_message = ?", row.ErrorMessage).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("delivery_id = ?", row.ID).
		Where("fence = ?", row.Fence)
}

// markMessageNotSent are the statements that end message and action when a delivery has ended
// without being sent.
func markMessageNotSent(tx bun.Tx, row *deliveryRow, now time.Time) []bun.Query {
	return []bun.Query{moveMessage(tx, row.WorkspaceID, row.MessageID, chat.MessageNotSent), failAction(tx, row, now)}
}

// failAction is the statement that ends the action of a delivery that was not sent.
func failAction(tx bun.Tx, row *deliveryRow, now time.Time) bun.Query {
	d := row.delivery()
	snapshot := d.Snapshot()

	return moveAction(tx, row.actionKey(), chat.ActionFailed, now, chat.ActionRunning, chat.ActionParked).
		Set("problem = ?", snapshot.NotDelivered(row.ActionID))
}
