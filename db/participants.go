package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type participantRow struct {
	bun.BaseModel `bun:"table:participants,alias:p"`

	ID          chat.ParticipantID   `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID     `bun:"workspace_id"`
	ChatID      chat.ChatID          `bun:"chat_id"`
	MemberID    chat.MemberID        `bun:"member_id"`
	Role        chat.ParticipantRole `bun:"role"`
	CreatedAt   time.Time            `bun:"created_at"`

	Member *memberRow `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:member_id=id"`
}

func (r *participantRow) participant() chat.Participant {
	return chat.Participant{
		ID:         r.ID,
		ChatID:     r.ChatID,
		MemberID:   r.MemberID,
		MemberName: r.Member.Name,
		MemberKind: r.Member.Kind,
		Role:       r.Role,
		CreatedAt:  r.CreatedAt.UTC(),
	}
}

// TakesPart reports whether a member has a place in a chat; never in one that does not
// exist, or is deleted.
func (s *Store) TakesPart(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	member chat.MemberID,
) (bool, error) {
	takes, err := s.db.NewSelect().Model((*participantRow)(nil)).
		Join("JOIN chats AS c ON c.workspace_id = p.workspace_id AND c.id = p.chat_id AND c.deleted_at IS NULL").
		Where("p.workspace_id = ?", ws).Where("p.chat_id = ?", id).Where("p.member_id = ?", member).Exists(ctx)

	return takes, wrapErr("find a participant", err)
}

// Participants lists who has a place in a chat, by id: chat_not_found.
func (s *Store) Participants(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID) ([]chat.Participant, error) {
	if _, err := findChat(ctx, s.db.NewSelect(), ws, id); err != nil {
		return nil, wrapErr("find a chat", err)
	}

	var rows []participantRow

	err := s.db.NewSelect().Model(&rows).Relation("Member").Where("p.workspace_id = ?", ws).Where("p.chat_id = ?", id).
		OrderExpr("p.id").Scan(ctx)
	if err != nil {
		return nil, wrapErr("list the participants", err)
	}

	return mapSlice(rows, (*participantRow).participant), nil
}

// UpdateParticipant changes a participant's role: chat_not_found, participant_not_found,
// invalid_role, last_owner when the chat would be left without an owner.
func (s *Store) UpdateParticipant(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	participant chat.ParticipantID,
	role chat.ParticipantRole,
) (chat.Participant, error) {
	if !role.Valid() {
		return chat.Participant{}, chat.InvalidAs(
			chat.CodeInvalidRole,
			"role",
			"must be one of owner, assistant, operator, contributor, observer",
		)
	}

	var changedTo chat.Participant
	err := s.inTx(ctx, "change a participant", func(ctx context.Context, tx bun.Tx) error {
		row, _, err := s.lockParticipant(ctx, tx, ws, id, participant)
		if err != nil {
			return err
		}

		if role != chat.ParticipantOwner {
			if err := checkKeepsOwner(ctx, tx, &row); err != nil {
				return err
			}
		}

		before := map[string]any{"role": row.Role}
		row.Role = role

		_, err = tx.NewUpdate().
			Model(&row).
			Column("role").
			Where("workspace_id = ?", ws).
			Where("id = ?", participant).
			Exec(ctx)
		if err != nil {
			return err
		}

		changedTo = row.participant()

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "participant.updated",
			object:    objectID(participant),
			detail: changesOf(chat.AuditParticipant, before, map[string]any{"role": role}).
				with("chat_id", id).
				with("member_id", row.MemberID),
		})
	})

	return changedTo, err
}

// RemoveParticipant takes a member out of a chat: chat_not_found, participant_not_found,
// last_owner. A chat whose assistant is removed has none.
func (s *Store) RemoveParticipant(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	participant chat.ParticipantID,
) error {
	return s.inTx(ctx, "remove a participant", func(ctx context.Context, tx bun.Tx) error {
		row, inChat, err := s.lockParticipant(ctx, tx, ws, id, participant)
		if err != nil {
			return err
		}

		if err := checkKeepsOwner(ctx, tx, &row); err != nil {
			return err
		}

		_, err = tx.NewDelete().
			Model((*participantRow)(nil)).
			Where("workspace_id = ?", ws).
			Where("id = ?", participant).
			Exec(ctx)
		if err != nil {
			return err
		}

		if inChat.AssistantMemberID != nil && *inChat.AssistantMemberID == row.MemberID {
			if err := editChat(ctx, tx.NewUpdate().Set("assistant_member_id = NULL"), ws, id, s.time()); err != nil {
				return err
			}
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "participant.removed",
			object:    objectID(participant),
			detail: changesOf(chat.AuditParticipant, map[string]any{"role": row.Role}, nil).
				with("chat_id", id).
				with("member_id", row.MemberID),
		})
	})
}

// lockParticipant finds a participant and holds its chat, so that of two changes at once
// the second sees the first: together they could take the last owner away.
func (s *Store) lockParticipant(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	id chat.ChatID,
	participant chat.ParticipantID,
) (participantRow, chatRow, error) {
	inChat, err := findChat(ctx, s.locked(tx.NewSelect()), ws, id)
	if err != nil {
		return participantRow{}, chatRow{}, err
	}

	var row participantRow
	err = tx.NewSelect().Model(&row).Relation("Member").Where("p.workspace_id = ?", ws).Where("p.chat_id = ?", id).
		Where("p.id = ?", participant).Scan(ctx)

	return row, inChat, orNotFound(err, chat.CodeParticipantNotFound, "participant")
}

// checkKeepsOwner checks that the chat has an owner beside this participant: last_owner.
func checkKeepsOwner(ctx context.Context, tx bun.Tx, row *participantRow) error {
	if row.Role != chat.ParticipantOwner {
		return nil
	}

	another, err := tx.NewSelect().
		Model((*participantRow)(nil)).
		Where("p.workspace_id = ?", row.WorkspaceID).
		Where("p.chat_id = ?", row.ChatID).
		Where("p.role = ?", chat.ParticipantOwner).
		Where("p.id <> ?", row.ID).
		Exists(ctx)
	if err == nil && !another {
		return chat.Errorf(chat.CodeLastOwner, "this is the chat's last owner; make another participant owner first")
	}

	return err
}
