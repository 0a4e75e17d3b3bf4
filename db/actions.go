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

	// EndedRunID and EndedRunStartedAt name [chat.Action.EndedRun].
	EndedRunID        string     `bun:"ended_run_id,nullzero"`
	EndedRunStartedAt *time.Time `bun:"ended_run_started_at"`

	DeliveryID chat.DeliveryID `bun:"delivery_id,scanonly"`
	// run is the run that asks for the row.
	run chat.Run
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
		run:            r.Run,
	}
	if row.Fingerprint == nil {
		row.Fingerprint = chat.Fingerprint{}
	}

	return row
}

// endedRun is [chat.Action.EndedRun].
func (r *actionRow) endedRun() chat.Run {
	if r.EndedRunStartedAt == nil {
		return chat.Run{}
	}

	return chat.Run{ID: r.EndedRunID, StartedAt: r.EndedRunStartedAt.UTC()}
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
		EndedRun:       r.endedRun(),
		RequestedBy:    r.RequestedBy,
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
	}
}

func (r *actionRow) key() actionKey { return actionKey{workspace: r.WorkspaceID, id: r.ID} }

// Action finds an action with the newest delivery it made, or released: action_not_found.
func (s *Store) Action(ctx context.Context, ws chat.WorkspaceID, id chat.ActionID) (chat.Action, error) {
	row, err := findAction(ctx, s.db, ws, id)
	if err != nil {
		return chat.Action{}, wrapErr("find an action", err)
	}

	actions := []chat.ActionView{{Action: row.action()}}
	err = s.addModelWaits(ctx, ws, actions)

	return actions[0].Action, wrapErr("find what an action waits for", err)
}

// addModelWaits tells of summaries that are being written what they wait for. A chat has one run at a time, which
// all who ask wait for. A wait that is over has lost its workflow, and is none.
func (s *Store) addModelWaits(ctx context.Context, ws chat.WorkspaceID, views []chat.ActionView) error {
	var chats []chat.ChatID

	for i := range views {
		if views[i].Kind == chat.ActionSummarizeChat && views[i].State == chat.ActionRunning {
			chats = append(chats, views[i].ChatID)
		}
	}

	if len(chats) == 0 {
		return nil
	}

	var runs []summaryRow

	err := s.db.NewSelect().
		Model(&runs).
		Column("chat_id", "model_wait").
		Where("s.workspace_id = ?", ws).
		Where("s.chat_id IN ?", bun.Tuple(chats)).
		Where("s.state = ?", chat.SummaryRunning).
		Where("s.model_wait IS NOT NULL").
		Scan(ctx)
	if err != nil {
		return err
	}

	for _, run := range runs {
		if run.ModelWait.Until.Before(s.time()) {
			continue
		}

		for i := range views {
			v := &views[i]
			if v.ChatID == run.ChatID && v.Kind == chat.ActionSummarizeChat && v.State == chat.ActionRunning {
				v.ModelWait = run.ModelWait
			}
		}
	}

	return nil
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
	if err == nil {
		err = row.findReleased()
	}

	return row, orNotFound(err, chat.CodeActionNotFound, "action")
}

// findReleased takes from its result the delivery of a retry that has released one that another action had made.
func (r *actionRow) findReleased() error {
	if r.DeliveryID != "" || r.Kind != chat.ActionRetryDelivery || r.Result == nil {
		return nil
	}

	var result retryResult

	err := json.Unmarshal(r.Result, &result)
	r.DeliveryID = result.DeliveryID

	return err
}

// beginAction inserts an action's row, or returns the one that is there. Of two at once
// the second waits for the first to commit, and then finds its row. The errors:
// chat_not_found, idempotency_key_reused.
func beginAction(ctx context.Context, tx bun.Tx, row actionRow) (existing *actionRow, err error) {
	result, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err := onViolation(err, referenceViolation, noChat()); err != nil {
		return nil, err
	}

	if fresh, err := hasChanged(result, nil); err != nil || fresh {
		return nil, err
	}

	return storedAction(ctx, tx, &row)
}

// storedAction is the row that is there instead of the given one: idempotency_key_reused
// when that is another request. It is nil if the row told only of an ended run, which the run that asks
// may follow: then the given row is in its place.
func storedAction(ctx context.Context, tx bun.Tx, row *actionRow) (*actionRow, error) {
	for {
		stored, err := findAction(ctx, tx, row.WorkspaceID, row.ID)
		if chat.CodeOf(err) == chat.CodeActionNotFound {
			return nil, keyReused()
		}

		if err != nil {
			return nil, err
		}

		ended := stored.action()
		if ended.Resumable() != nil {
			return &stored, stored.Fingerprint.Match(row.Fingerprint)
		}

		// Without one, its history could not be read when it was stored.
		if len(stored.Fingerprint) > 0 {
			if err := stored.Fingerprint.Match(row.Fingerprint); err != nil {
				return nil, err
			}
		}

		if !row.run.MayFollow(ended.EndedRun) {
			return &stored, nil
		}

		// If not, somebody else has just changed the row.
		if resumed, err := resumeAction(ctx, tx, row, ended.EndedRun); err != nil || resumed {
			return nil, err
		}
	}
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
			r := &requests[i]

			stored, err := beginAction(ctx, tx, actionRowOf(kind, workflowID, r, now))
			if err != nil {
				return err
			}

			// What nobody has asked for is no deed of anybody's.
			if stored != nil || r.By == (chat.Actor{}) {
				continue
			}

			if err := s.audit(ctx, tx, requestEvent(kind, r)); err != nil {
				return err
			}
		}

		return nil
	})
}

// requestEvent is what the audit log says of a request for an action.
func requestEvent(kind chat.ActionKind, r *chat.Request) auditEvent {
	detail := changed{"kind": kind, "chat_id": r.ChatID}

	// These are among a request's fields only when they are asked for.
	for _, field := range []string{"full", "overwrite"} {
		if _, asked := r.Fingerprint[field]; asked {
			detail[field] = true
		}
	}

	return auditEvent{
		workspace: r.WorkspaceID,
		by:        r.By,
		verb:      "summary.requested",
		object:    string(r.ActionID),
		detail:    detail,
	}
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
				detail: changesOf(chat.AuditParticipant, nil, map[string]any{"role": row.Role}).
					with("chat_id", in.ChatID).
					with("member_id", in.MemberID),
			}))
	})

	return added, s.keepRefusal(ctx, &in.Request, err)
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
