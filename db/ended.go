package db

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// RecordEndedAction stores that the workflow of an action was ended in Temporal before it had
// stored anything, as a.Problem and a.EndedRun say, and reports whether it was not stored before:
// chat_not_found, delivery_not_found. Whoever says that nothing was sent stores it first, and then says what
// [Store.Action] finds.
//
// The ended run may still be in a step that would store the action, and post its message: Temporal
// stops no activity. Both insert the row of the same action, so that the second waits until the first
// has committed:
//
//   - The step was first: the row stays as it is, and its delivery tells what becomes of the action.
//   - This was first: the step finds that the row names its run, and is refused ([chat.Run.MayFollow]).
//
// A run that takes the action up later, and a later run that is ended, change the row only while it
// names the run that they have seen in it.
//
// Idempotent: an action that has another row, or one of a later run, stays as it is.
func (s *Store) RecordEndedAction(ctx context.Context, a chat.Action) (bool, error) {
	startedAt := toMicroseconds(a.EndedRun.StartedAt)

	row := actionRow{
		ID:                a.ID,
		WorkspaceID:       a.WorkspaceID,
		Kind:              a.Kind,
		ChatID:            a.ChatID,
		State:             chat.ActionFailed,
		Fingerprint:       a.Fingerprint,
		WorkflowID:        a.WorkflowID,
		Problem:           a.Problem,
		EndedRunID:        a.EndedRun.ID,
		EndedRunStartedAt: &startedAt,
		CreatedAt:         toMicroseconds(a.CreatedAt),
		UpdatedAt:         toMicroseconds(a.UpdatedAt),
	}
	if row.Fingerprint == nil {
		row.Fingerprint = chat.Fingerprint{} // its history could not be read
	}

	var fresh bool

	// Whoever asks about the action asks for something else.
	ctx = chat.WithoutKeyedRequest(ctx)

	err := s.inTx(ctx, "record an action that was ended", func(ctx context.Context, tx bun.Tx) error {
		if row.ChatID == 0 && a.RetryOf != "" {
			old, err := findDelivery(ctx, tx.NewSelect(), a.WorkspaceID, a.RetryOf)
			if err != nil {
				return err
			}

			row.ChatID = old.ChatID
		}

		result, err := tx.NewInsert().
			Model(&row).
			On("CONFLICT (workspace_id, id) DO UPDATE").
			Set("problem = EXCLUDED.problem").
			Set("ended_run_id = EXCLUDED.ended_run_id").
			Set("ended_run_started_at = EXCLUDED.ended_run_started_at").
			Set("updated_at = EXCLUDED.updated_at").
			Where("a.ended_run_id <> EXCLUDED.ended_run_id").
			Where("a.ended_run_started_at <= EXCLUDED.ended_run_started_at").
			Exec(ctx)
		if err != nil {
			return onViolation(err, referenceViolation, noChat())
		}

		fresh, err = hasChanged(result, err)

		return err
	})
	if err == nil && fresh && s.onEnded != nil {
		s.onEnded(ctx, a)
	}

	return fresh, err
}

// resumeAction puts a row in place of one that says only that the action's workflow was ended in
// Temporal before it had done anything, if it still names that run: the action runs again.
func resumeAction(ctx context.Context, tx bun.Tx, row *actionRow, ended chat.Run) (bool, error) {
	result, err := tx.NewUpdate().
		Model(row).
		Column("state", "idempotency_key", "fingerprint", "requested_by", "updated_at").
		Set("problem = NULL").
		Set("ended_run_id = NULL").
		Set("ended_run_started_at = NULL").
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID).
		Where("ended_run_id = ?", ended.ID).
		Exec(ctx)
	if err != nil {
		return false, onViolation(err, uniqueViolation, keyReused())
	}

	return hasChanged(result, err)
}

// keepRefusal stores why an action was refused that somebody has taken up again after it was ended in
// Temporal: whoever asks for it must not read on that it may be resumed and nothing else has happened.
// It returns err. A refusal of an action that has no such row leaves nothing, and costs one statement.
//
// The refused run takes the place of the ended one: a repetition of it is answered the same, and
// only a later run is heard again. An error that is not final is no refusal.
func (s *Store) keepRefusal(ctx context.Context, r *chat.Request, err error) error {
	problem, ok := errors.AsType[*chat.Error](err)
	if !ok || !problem.Final() || problem.Code == chat.CodeActionEnded ||
		problem.Code == chat.CodeIdempotencyKeyReused {
		return err
	}

	stored := *problem
	stored.ActionID = string(r.ActionID)
	startedAt := toMicroseconds(r.Run.StartedAt)

	storeErr := s.inTx(ctx, "store why an action was refused", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewUpdate().
			Model((*actionRow)(nil)).
			Set("problem = ?", &stored).
			Set("ended_run_id = ?", r.Run.ID).
			Set("ended_run_started_at = ?", startedAt).
			Set("updated_at = ?", s.time()).
			Where("workspace_id = ?", r.WorkspaceID).
			Where("id = ?", r.ActionID).
			Where("ended_run_id <> ?", r.Run.ID).
			Where("ended_run_started_at <= ?", startedAt).
			Exec(ctx)

		return err
	})
	if storeErr != nil {
		// It is refused again when the step is tried again.
		return storeErr
	}

	return err
}

// AuditResume notes who has an action taken up again that was ended in Temporal, and why:
// action_not_found.
func (s *Store) AuditResume(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ActionID,
	by chat.Actor,
	reason string,
) error {
	return s.inTx(ctx, "note who resumes an action", func(ctx context.Context, tx bun.Tx) error {
		if _, err := findAction(ctx, tx, ws, id); err != nil {
			return err
		}

		_, err := s.insertAudit(tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "action.resumed",
			object:    string(id),
			detail:    changed{"reason": reason},
		}).Exec(ctx)

		return err
	})
}
