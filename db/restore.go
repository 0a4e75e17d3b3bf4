package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// restoredMessage is why a delivery waits for a person after a restore.
const restoredMessage = "the database was set back to a backup, and this message may have been sent after it was made"

// HoldAfterRestore is for a database that was set back to a backup: what the backup has as
// not sent, or not known, may have been sent after it was made. All of it, in every
// workspace, waits for a person from now on, whatever its state; it is returned, so that
// the providers can be asked. The moves are none of the state machine's: the rows are not
// what happened.
//
// Idempotent: what waits for a person is left alone.
func (s *Store) HoldAfterRestore(ctx context.Context, now time.Time) ([]chat.StaleDelivery, error) {
	now = toMicroseconds(now)
	var held []chat.StaleDelivery
	err := s.inTx(ctx, "hold what a backup has as not sent", func(ctx context.Context, tx bun.Tx) error {
		var rows []deliveryRow

		_, err := tx.NewUpdate().
			Model(&rows).
			Set("submission = ?", chat.SubmissionNeedsReview).
			Set("unknown_since = ?", now).
			Set("evidence = CASE evidence WHEN 'none' THEN 'past' ELSE evidence END").
			Set("lease_until = NULL").
			Set("retry_at = NULL").
			Set("error_code = ?", chat.ErrorDatabaseRestored).
			Set("error_message = ?", restoredMessage).
			Set("updated_at = ?", now).
			Where("d.submission IN ('pending', 'sending', 'blocked', 'unknown')").
			Returning("*").
			Exec(ctx)
		if unlessNone(err) != nil {
			return err
		}

		held = make([]chat.StaleDelivery, len(rows))
		for i := range rows {
			held[i] = chat.StaleDelivery{
				WorkspaceID: rows[i].WorkspaceID,
				DeliveryID:  rows[i].ID,
				Submission:  rows[i].Submission,
			}

			wait := moveAction(tx, rows[i].actionKey(), chat.ActionParked, now, chat.ActionRunning)
			if err := s.batch(ctx, tx, wait); err != nil {
				return err
			}
		}

		return nil
	})

	return held, err
}
