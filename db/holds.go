package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// HoldUnsent is for a database that has lost a part of its history, because it was set back to
// a backup, or failed over unnoticed: what it has as not sent, or not known, may have been sent.
// reason is [chat.ErrorDatabaseRestored] or [chat.ErrorDatabaseFailedOver].
// All of it, in every workspace, waits for a person from now on, whatever its state; it is
// returned, so that the providers can be asked. So does what was asked for before the hold, and
// comes later. The moves are none of the state machine's: the rows are not what happened.
//
// Idempotent: what waits for a person is left alone.
func (s *Store) HoldUnsent(ctx context.Context, reason string) ([]chat.StaleDelivery, error) {
	var held []chat.StaleDelivery
	err := s.inTx(ctx, "hold what may have been sent", func(ctx context.Context, tx bun.Tx) error {
		history, err := s.lockHistory(ctx, tx)
		if err != nil {
			return err
		}

		held, err = s.holdUnsent(ctx, tx, &history, reason)

		return err
	})

	return held, err
}

// holdUnsent hands all that may have been sent in a history that was lost to a person, and
// stores that the history of this timeline is known from now on. The history is locked.
func (s *Store) holdUnsent(
	ctx context.Context,
	tx bun.Tx,
	history *historyRow,
	reason string,
) ([]chat.StaleDelivery, error) {
	hold := chat.DatabaseHold{At: toMicroseconds(history.Now), Reason: reason}

	_, err := tx.NewUpdate().
		Table("database_timeline").
		Set("timeline = ?", history.Current).
		Set("held_at = ?", hold.At).
		Set("held_reason = ?", hold.Reason).
		Where("id = 1").
		Exec(ctx)
	if err != nil {
		return nil, err
	}

	var rows []deliveryRow

	_, err = tx.NewUpdate().
		Model(&rows).
		Set("submission = ?", chat.SubmissionNeedsReview).
		Set("unknown_since = ?", hold.At).
		Set("evidence = CASE evidence WHEN 'open' THEN 'open' ELSE 'past' END").
		Set("lease_until = NULL").
		Set("retry_at = NULL").
		Set("error_code = ?", hold.Reason).
		Set("error_message = ?", hold.Message()).
		Set("updated_at = ?", hold.At).
		Where("d.submission IN ('pending', 'sending', 'blocked', 'unknown')").
		Returning("*").
		Exec(ctx)
	if unlessNone(err) != nil {
		return nil, err
	}

	held := make([]chat.StaleDelivery, len(rows))
	for i := range rows {
		held[i] = rows[i].staleDelivery()

		wait := moveAction(tx, rows[i].actionKey(), chat.ActionParked, hold.At, chat.ActionRunning)
		if err := s.batch(ctx, tx, wait); err != nil {
			return nil, err
		}
	}

	return held, nil
}

// HeldDeliveries lists what waits for a person since a hold with this error code.
func (s *Store) HeldDeliveries(ctx context.Context, reason string) ([]chat.StaleDelivery, error) {
	var rows []deliveryRow

	err := s.db.NewSelect().
		Model(&rows).
		Where("d.submission = 'needs_review'").
		Where("d.error_code = ?", reason).
		OrderExpr("d.id").
		Scan(ctx)
	if err != nil {
		return nil, wrapErr("list what waits for a person", err)
	}

	held := make([]chat.StaleDelivery, len(rows))
	for i := range rows {
		held[i] = rows[i].staleDelivery()
	}

	return held, nil
}

// hold lets a delivery that is not stored yet, or is released, wait for a person.
func (r *deliveryRow) hold(hold *chat.DatabaseHold, now time.Time) {
	r.Submission = chat.SubmissionNeedsReview
	r.UnknownSince = &now
	r.Evidence = chat.EvidencePast
	r.RetryAt = nil
	r.ErrorCode = hold.Reason
	r.ErrorMessage = hold.Message()
}
