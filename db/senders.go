package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// senderKey names a phone number or an inbox, and the column in which chats refer to it.
type senderKey struct {
	workspace chat.WorkspaceID
	id        int64
	column    string
}

// deleteSender deletes a phone number or an inbox that no chat uses; deleted chats let go of
// it.
func (s *Store) deleteSender(ctx context.Context, tx bun.Tx, q *bun.DeleteQuery, sender senderKey) error {
	_, err := tx.NewUpdate().
		Model((*chatRow)(nil)).
		Set("? = NULL", bun.Ident(sender.column)).
		Where("workspace_id = ?", sender.workspace).
		Where("? = ?", bun.Ident(sender.column), sender.id).
		Where("deleted_at IS NOT NULL").
		Exec(ctx)
	if err != nil {
		return err
	}

	q.Where("workspace_id = ?", sender.workspace).Where("id = ?", sender.id)
	err = deleteOne(ctx, q, notFound(chat.CodeSenderNotFound, "sender"))
	inUse := chat.Errorf(
		chat.CodeInUse,
		"chats use this sender, or it is a default of the workspace; give them another one first",
	)

	return onViolation(err, referenceViolation, inUse)
}
