package db

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type actionRow struct {
	bun.BaseModel `bun:"table:actions,alias:a"`

	ID             chat.ActionID      `bun:"id,pk"`
	WorkspaceID    chat.WorkspaceID   `bun:"workspace_id,pk"`
	Kind           chat.ActionKind    `bun:"kind"`
	ChatID         chat.ChatID        `bun:"chat_id"`
	State          chat.ActionState   `bun:"state"`
	IdempotencyKey string             `bun:"idempotency_key,nullzero"`
	Fingerprint    chat.Fingerprint   `bun:"fingerprint"`
	WorkflowID     string             `bun:"workflow_id"`
	ParticipantID  chat.ParticipantID `bun:"participant_id,nullzero"`
	Result         json.RawMessage    `bun:"result,nullzero"`
	Problem        *chat.Error        `bun:"problem"`
	RequestedBy    chat.MemberID      `bun:"requested_by,nullzero"`
	CreatedAt      time.Time          `bun:"created_at"`
	UpdatedAt      time.Time          `bun:"updated_at"`

	DeliveryID chat.DeliveryID `bun:"delivery_id,scanonly"`
}

func actionRowOf(kind chat.ActionKind, workflowID string, r *chat.Request, now time.Time) actionRow {
	row := actionRow{
		ID:             r.ActionID,
		WorkspaceID:    r.WorkspaceID,
		Kind:           kind,
		ChatID:         r.ChatID,
		State:          chat.ActionRunning,
		IdempotencyKey: r.IdempotencyKey,
		Fingerprint:    r.Fingerprint,
		WorkflowID:     workflowID,
		RequestedBy:    r.By.MemberID,
		CreatedAt:      now,
		UpdatedAt:      now,
	}
	if row.Fingerprint == nil {
		row.Fingerprint = chat.Fingerprint{}
	}

	return row
}

func (r *actionRow) action() chat.Action {
	return chat.Action{
		ID:             r.ID,
		WorkspaceID:    r.WorkspaceID,
		Kind:           r.Kind,
		ChatID:         r.ChatID,
		State:          r.State,
		IdempotencyKey: r.IdempotencyKey,
		Fingerprint:    r.Fingerprint,
		WorkflowID:     r.WorkflowID,
		ParticipantID:  r.ParticipantID,
		DeliveryID:     r.DeliveryID,
		Problem:        r.Problem,
		RequestedBy:    r.RequestedBy,
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
	}
}

func (r *actionRow) key() actionKey { return actionKey{workspace: r.WorkspaceID, id: r.ID} }

// Action finds an action with the newest delivery it made, or released: action_not_found.
func (s *Store) Action(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	row, err := findAction(ctx, s.db, ws, id)
	return row.action(), wrapErr("find an action", err)
}

func findAction(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, id chat.ActionID) (actionRow, error) {
	var row actionRow

	err := db.NewSelect().
		Model(&row).
		ColumnExpr("a.*").
		ColumnExpr(`(SELECT d.id FROM deliveries d WHERE d.workspace_id = a.workspace_id AND d.action_id = a.id
			ORDER BY d.created_at DESC, d.id DESC LIMIT 1) AS delivery_id`).
		Where("a.workspace_id = ?", ws).
		Where("a.id = ?", id).
		Scan(ctx)
	if err == nil && row.DeliveryID == "" && row.Kind == chat.ActionRetryDelivery && row.Result != nil {
		// It has released a delivery that another action had made.
		var result retryResult

		err = json.Unmarshal(row.Result, &result)
		row.DeliveryID = result.DeliveryID
	}

	return row, orNotFound(err, chat.CodeActionNotFound, "action")
}

// beginAction inserts an action's row, or returns the one that is there. Of two at once
// the second waits for the first to commit, and then finds its row. The errors:
// chat_not_found, idempotency_key_reused.
func beginAction(ctx context.Context, tx bun.Tx, row actionRow) (existing *actionRow, err error) {
	result, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err := onViolation(err, referenceViolation, noChat()); err != nil {
		return nil, err
	}

	if count, err := result.RowsAffected(); err != nil || count > 0 {
		return nil, err
	}

	return storedAction(ctx, tx, &row)
}

// storedAction is the row that is there instead of the given one: idempotency_key_reused
// when that is another request.
func storedAction(ctx context.Context, tx bun.Tx, row *actionRow) (*actionRow, error) {
	stored, err := findAction(ctx, tx, row.WorkspaceID, row.ID)
	if chat.CodeOf(err) == chat.CodeActionNotFound {
		return nil, keyReused()
	}

	if err != nil {
		return nil, err
	}

	if ended := stored.action(); ended.Resumable() == nil {
		return nil, resumeAction(ctx, tx, row)
	}

	return &stored, stored.Fingerprint.Match(row.Fingerprint)
}

// resumeAction puts a row in place of one that says only that the action's workflow was ended in
// Temporal before it had done anything: it runs again.
func resumeAction(ctx context.Context, tx bun.Tx, row *actionRow) error {
	_, err := tx.NewUpdate().
		Model(row).
		Column("state", "idempotency_key", "fingerprint", "requested_by", "updated_at").
		Set("problem = NULL").
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID).
		Exec(ctx)

	return onViolation(err, uniqueViolation, keyReused())
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

// RecordEndedAction stores that the workflow of an action was ended in Temporal before it had
// stored anything, as a.Problem says, so that it is found after Temporal has forgotten it. It
// reports whether it was not stored before; chat_not_found.
//
// Idempotent: an action that has a row stays as it is.
func (s *Store) RecordEndedAction(ctx context.Context, a chat.Action) (bool, error) {
	row := actionRow{
		ID:          a.ID,
		WorkspaceID: a.WorkspaceID,
		Kind:        a.Kind,
		ChatID:      a.ChatID,
		State:       chat.ActionFailed,
		Fingerprint: chat.Fingerprint{},
		WorkflowID:  a.WorkflowID,
		Problem:     a.Problem,
		CreatedAt:   toMicroseconds(a.CreatedAt),
		UpdatedAt:   toMicroseconds(a.UpdatedAt),
	}

	var count int64

	err := s.inTx(ctx, "record an action that was ended", func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return onViolation(err, referenceViolation, noChat())
		}

		count, err = result.RowsAffected()

		return err
	})

	return count > 0, err
}

// keyReused is for a row that was not inserted though none has its id: then it was the key
// that stood in the way, under another id.
func keyReused() *chat.Error {
	return chat.Errorf(
		chat.CodeIdempotencyKeyReused,
		"this Idempotency-Key was used for another request; use a new key for a new request",
	)
}

// RecordActions stores that actions were asked for and run as this workflow:
// chat_not_found, idempotency_key_reused.
//
// Idempotent: the ids are the requests' own, and a row that is there is left as it is.
func (s *Store) RecordActions(
	ctx context.Context,
	kind chat.ActionKind,
	workflowID string,
	requests ...chat.Request,
) error {
	now := s.time()

	return s.inTx(ctx, "record actions", func(ctx context.Context, tx bun.Tx) error {
		for i := range requests {
			if _, err := beginAction(ctx, tx, actionRowOf(kind, workflowID, &requests[i], now)); err != nil {
				return err
			}
		}

		return nil
	})
}

// failActions is the statement that stores why actions failed that are running.
func failActions(
	tx bun.Tx,
	ws chat.WorkspaceID,
	ids []chat.ActionID,
	problem *chat.Error,
	now time.Time,
) *bun.UpdateQuery {
	return tx.NewUpdate().Model((*actionRow)(nil)).Set("state = ?", chat.ActionFailed).Set("problem = ?", problem).
		Set("updated_at = ?", now).Where("workspace_id = ?", ws).Where("id IN ?", bun.Tuple(ids)).
		Where("state = ?", chat.ActionRunning)
}

// actionKey names an action.
type actionKey struct {
	workspace chat.WorkspaceID
	id        chat.ActionID
}

// moveAction is the statement that puts an action into another state, from one of the
// given ones.
func moveAction(
	tx bun.Tx,
	action actionKey,
	to chat.ActionState,
	now time.Time,
	from ...chat.ActionState,
) *bun.UpdateQuery {
	return tx.NewUpdate().
		Model((*actionRow)(nil)).
		Set("state = ?", to).
		Set("updated_at = ?", now).
		Where("workspace_id = ?", action.workspace).
		Where("id = ?", action.id).
		Where("state IN ?", bun.Tuple(from))
}

// AddParticipant gives a member a place in a chat: chat_not_found, member_not_found,
// participant_exists, which store nothing; idempotency_key_reused.
//
// Idempotent: the action's row is written first and holds the answer, so a repetition,
// even one at the same time, finds the row and returns that answer.
func (s *Store) AddParticipant(ctx context.Context, in chat.AddParticipant) (chat.ParticipantAdded, error) {
	if !in.Role.Valid() {
		return chat.ParticipantAdded{}, chat.InvalidAs(
			chat.CodeInvalidRole,
			"role",
			"must be one of owner, assistant, operator, contributor, observer",
		)
	}

	var added chat.ParticipantAdded
	now := s.time()
	err := s.inTx(ctx, "add a participant", func(ctx context.Context, tx bun.Tx) error {
		action := actionRowOf(chat.ActionAddParticipant, in.WorkflowID(), &in.Request, now)

		stored, err := beginAction(ctx, tx, action)
		if err != nil {
			return err
		}

		if stored != nil && stored.State == chat.ActionFailed {
			return stored.Problem
		}

		if stored != nil && stored.Result != nil {
			return json.Unmarshal(stored.Result, &added)
		}

		row, err := insertParticipant(ctx, tx, &in, now)
		if err != nil {
			return err
		}

		place := row.participant()
		added = chat.ParticipantAdded{ParticipantID: row.ID, Message: place.AddedMessage()}

		result, err := json.Marshal(added)
		if err != nil {
			return err
		}

		return s.batch(ctx, tx,
			moveAction(tx, action.key(), chat.ActionSucceeded, now, chat.ActionRunning).
				Set("participant_id = ?", row.ID).Set("result = ?", string(result)),
			s.insertAudit(tx, auditEvent{
				workspace: in.WorkspaceID,
				by:        in.By,
				verb:      "participant.added",
				object:    objectID(row.ID),
				detail:    changed{"chat_id": in.ChatID, "member_id": in.MemberID, "role": in.Role},
			}))
	})

	return added, err
}

func insertParticipant(ctx context.Context, tx bun.Tx, in *chat.AddParticipant, now time.Time) (participantRow, error) {
	if _, err := findChat(ctx, tx.NewSelect(), in.WorkspaceID, in.ChatID); err != nil {
		return participantRow{}, err
	}

	member, err := findMember(ctx, tx.NewSelect(), in.WorkspaceID, in.MemberID)
	if err != nil {
		return participantRow{}, err
	}

	row := participantRow{
		WorkspaceID: in.WorkspaceID,
		ChatID:      in.ChatID,
		MemberID:    in.MemberID,
		Role:        in.Role,
		CreatedAt:   now,
		Member:      &member,
	}

	_, err = tx.NewInsert().Model(&row).Exec(ctx)

	return row, onViolation(
		err,
		uniqueViolation,
		chat.Errorf(chat.CodeParticipantExists, "%s already takes part in this chat", member.Name),
	)
}
