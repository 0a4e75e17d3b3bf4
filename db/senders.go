package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// deleteSender deletes a phone number or an inbox that no chat uses. column is where
// chats refer to it; deleted chats let go of it.
func (s *Store) deleteSender(
	ctx context.Context,
	tx bun.Tx,
	q *bun.DeleteQuery,
	column string,
	ws chat.WorkspaceID,
	id int64,
) error {
	_, err := tx.NewUpdate().Model((*chatRow)(nil)).Set("? = NULL", bun.Ident(column)).
		Where("workspace_id = ?", ws).Where("? = ?", bun.Ident(column), id).Where("deleted_at IS NOT NULL").Exec(ctx)
	if err != nil {
		return err
	}

	err = deleteOne(
		ctx,
		q.Where("workspace_id = ?", ws).Where("id = ?", id),
		notFound(chat.CodeSenderNotFound, "sender"),
	)

	return onViolation(
		err,
		referenceViolation,
		chat.Errorf(chat.CodeInUse, "chats use this sender; give them another one first"),
	)
}
