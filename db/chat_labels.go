package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type chatLabelRow struct {
	bun.BaseModel `bun:"table:chat_labels,alias:cl"`

	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	ChatID      chat.ChatID      `bun:"chat_id,pk"`
	LabelID     chat.LabelID     `bun:"label_id,pk"`
	Source      chat.LabelSource `bun:"source"`
	CreatedAt   time.Time        `bun:"created_at"`

	Label *labelRow `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:label_id=id"`
}

// addLabels fills in the labels of chats, in the order of their names.
func addLabels(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, chats []chat.Chat) error {
	if len(chats) == 0 {
		return nil
	}
	ids := make([]chat.ChatID, len(chats))
	for i := range chats {
		ids[i] = chats[i].ID
	}
	var rows []chatLabelRow
	err := db.NewSelect().Model(&rows).Relation("Label").Where("cl.workspace_id = ?", ws).Where("cl.chat_id IN ?", bun.Tuple(ids)).
		OrderExpr("label.folded").Scan(ctx)
	if err != nil {
		return err
	}
	byChat := map[chat.ChatID][]chat.Label{}
	for _, r := range rows {
		byChat[r.ChatID] = append(byChat[r.ChatID], r.Label.label())
	}
	for i := range chats {
		chats[i].Labels = byChat[chats[i].ID]
	}
	return nil
}

// labelled is one chat with its labels.
func labelled(ctx context.Context, db bun.IDB, row *chatRow) (chat.Chat, error) {
	chats := []chat.Chat{row.chat()}
	err := addLabels(ctx, db, row.WorkspaceID, chats)
	return chats[0], err
}

// labelsNamed finds labels by their folded names, and passes over names that no label has.
func labelsNamed(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, names []string) ([]chat.LabelID, error) {
	folded := make([]string, len(names))
	for i, name := range names {
		folded[i] = chat.FoldName(name)
	}
	var ids []chat.LabelID
	if len(names) == 0 {
		return ids, nil
	}
	err := tx.NewSelect().Model((*labelRow)(nil)).Column("id").Where("l.workspace_id = ?", ws).
		Where("l.folded IN ?", bun.Tuple(folded)).OrderExpr("l.id").Scan(ctx, &ids)
	return ids, err
}

// putLabels puts labels on a chat. A label that is there already keeps its source, unless
// a person sets it now: then no model takes it off again.
func putLabels(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.ChatID, labels []chat.LabelID, source chat.LabelSource, now time.Time) error {
	if len(labels) == 0 {
		return nil
	}
	rows := make([]chatLabelRow, len(labels))
	for i, label := range labels {
		rows[i] = chatLabelRow{WorkspaceID: ws, ChatID: id, LabelID: label, Source: source, CreatedAt: now}
	}
	q := tx.NewInsert().Model(&rows).On("CONFLICT (chat_id, label_id) DO NOTHING")
	if source == chat.LabelByPerson {
		q = tx.NewInsert().Model(&rows).On("CONFLICT (chat_id, label_id) DO UPDATE").Set("source = EXCLUDED.source")
	}
	_, err := q.Exec(ctx)
	return err
}

// takeLabels takes labels off a chat: all but those to keep. With a source, only labels
// of that source.
func takeLabels(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.ChatID, keep []chat.LabelID, source chat.LabelSource) error {
	q := tx.NewDelete().Model((*chatLabelRow)(nil)).Where("workspace_id = ?", ws).Where("chat_id = ?", id)
	if len(keep) > 0 {
		q.Where("label_id NOT IN ?", bun.Tuple(keep))
	}
	if source != "" {
		q.Where("source = ?", source)
	}
	_, err := q.Exec(ctx)
	return err
}
