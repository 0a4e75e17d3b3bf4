package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// foundMost is up to how many places with a searched text lead to their chats. A text that
// is in more mostly is in chats of late too, where it is found soon.
const foundMost = 500

// searchChats narrows a list to the chats with a text in the title, the summary or a
// message. A rare text is found by the index of words, a common one by reading the chats
// in the list's order: either alone would read everything for the other's texts.
func (s *Store) searchChats(
	ctx context.Context,
	tx bun.Tx,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	text string,
) error {
	ids, err := s.chatsWith(ctx, tx, ws, text)
	switch {
	case err != nil:
		return err
	case len(ids) == 0:
		q.Where("FALSE")
	case len(ids) <= foundMost:
		q.Where("c.id IN ?", bun.Tuple(ids))
	default:
		// Not EXISTS, for which PostgreSQL may look through all messages first.
		q.Where(
			`(? OR ? OR (SELECT 1 FROM messages m
				WHERE m.workspace_id = c.workspace_id AND m.chat_id = c.id AND ? LIMIT 1) IS NOT NULL)`,
			s.contains("c.title", text),
			s.contains("c.summary", text),
			s.contains("m.content", text),
		)
	}

	return nil
}

// chatsWith finds the chats of places with a text, some twice: all of them, unless it is
// more than foundMost.
func (s *Store) chatsWith(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, text string) ([]chat.ChatID, error) {
	heads := tx.NewSelect().
		TableExpr("chat_texts AS ct").
		ColumnExpr("ct.chat_id AS id").
		Where("ct.workspace_id = ?", ws).
		Where("(? OR ?)", s.contains("ct.title", text), s.contains("ct.summary", text)).
		Limit(foundMost + 1)

	messages := tx.NewSelect().TableExpr("messages AS m").ColumnExpr("m.chat_id AS id").Where("m.workspace_id = ?", ws).
		Where("?", s.contains("m.content", text)).Limit(foundMost + 1)

	var ids []chat.ChatID
	err := tx.NewSelect().TableExpr("(?) AS h", heads).Column("h.id").
		UnionAll(tx.NewSelect().TableExpr("(?) AS t", messages).Column("t.id")).Scan(ctx, &ids)

	return ids, err
}
