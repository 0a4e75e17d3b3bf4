package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// A chat shows what has left. So a retry with another text changes that of its message, and the message keeps
// the text before; if the provider had that one after all, and not the retry, it comes back.

// changeText is the statement that makes the text of a retry that of the message.
func (s *Store) changeText(ctx context.Context, tx bun.Tx, r *retryPlan) (bun.Query, error) {
	said, err := s.lockText(ctx, tx, &r.old)
	if err != nil {
		return nil, err
	}

	said.EarlierTexts = append(said.EarlierTexts, chat.EarlierText{
		Content:    said.Content,
		DeliveryID: r.old.ID,
		ChangedBy:  r.By.MemberID,
		ChangedAt:  r.now.UTC(),
	})
	said.Content = r.Change.Body

	return saveText(tx, &said), nil
}

// restoreText gives a message the text back that the first of these deliveries had, of which each is repeated
// by the next: the provider had it after all, and the last one was canceled.
func (s *Store) restoreText(
	ctx context.Context,
	tx bun.Tx,
	of *deliveryRow,
	chain []chat.DeliveryID,
	now time.Time,
) error {
	said, err := s.lockText(ctx, tx, of)
	if err != nil {
		return err
	}

	text := chat.TextOf(said.Content, said.EarlierTexts, chain)
	if text == said.Content {
		return nil
	}

	said.EarlierTexts = append(said.EarlierTexts, chat.EarlierText{
		Content:    said.Content,
		DeliveryID: chain[len(chain)-1],
		ChangedAt:  now.UTC(),
	})
	said.Content = text

	_, err = saveText(tx, &said).Exec(ctx)

	return err
}

// lockText reads the text of a delivery's message, and holds it.
func (s *Store) lockText(ctx context.Context, tx bun.Tx, of *deliveryRow) (messageRow, error) {
	var said messageRow

	err := s.locked(tx.NewSelect()).
		Model(&said).
		Column("m.id", "m.workspace_id", "m.content", "m.earlier_texts").
		Where("m.workspace_id = ?", of.WorkspaceID).
		Where("m.id = ?", of.MessageID).
		Scan(ctx)

	return said, err
}

func saveText(tx bun.Tx, said *messageRow) *bun.UpdateQuery {
	return tx.NewUpdate().
		Model(said).
		Column("content", "earlier_texts").
		Where("workspace_id = ?", said.WorkspaceID).
		Where("id = ?", said.ID)
}
