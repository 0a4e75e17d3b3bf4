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
	Confidence  float64          `bun:"confidence"`
	SummaryID   chat.SummaryID   `bun:"summary_id,nullzero"`
	CreatedAt   time.Time        `bun:"created_at"`

	Label *labelRow `bun:"rel:belongs-to,join:workspace_id=workspace_id,join:label_id=id"`
}

// removalRow is a label that somebody has taken off a chat.
type removalRow struct {
	bun.BaseModel `bun:"table:label_removals,alias:lr"`

	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	ChatID      chat.ChatID      `bun:"chat_id,pk"`
	LabelID     chat.LabelID     `bun:"label_id,pk"`
	RemovedAt   time.Time        `bun:"removed_at"`
}

// chatLabels are the labels of chats, in the order of their names.
func chatLabels(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	ids []chat.ChatID,
) (map[chat.ChatID][]chat.ChatLabel, error) {
	var rows []chatLabelRow
	err := db.NewSelect().
		Model(&rows).
		Relation("Label").
		Where("cl.workspace_id = ?", ws).
		Where("cl.chat_id IN ?", bun.Tuple(ids)).
		OrderExpr("label.folded").
		Scan(ctx)

	byChat := map[chat.ChatID][]chat.ChatLabel{}
	for _, r := range rows {
		byChat[r.ChatID] = append(byChat[r.ChatID], chat.ChatLabel{
			Label:      r.Label.label(),
			Source:     r.Source,
			Confidence: r.Confidence,
			SummaryID:  r.SummaryID,
		})
	}

	return byChat, err
}

// labelsNamed finds labels by their folded names, and passes over names that no label has.
func labelsNamed(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, names []string) ([]chat.LabelID, error) {
	if len(names) == 0 {
		return nil, nil
	}

	folded := make([]string, len(names))
	for i, name := range names {
		folded[i] = chat.FoldName(name)
	}

	var ids []chat.LabelID

	err := tx.NewSelect().Model((*labelRow)(nil)).Column("id").Where("l.workspace_id = ?", ws).
		Where("l.folded IN ?", bun.Tuple(folded)).OrderExpr("l.id").Scan(ctx, &ids)

	return ids, err
}

// existingLabels are those of the ids that are labels of the workspace.
func existingLabels(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, ids []chat.LabelID) ([]chat.LabelID, error) {
	var known []chat.LabelID
	if len(ids) == 0 {
		return known, nil
	}

	err := db.NewSelect().Model((*labelRow)(nil)).Column("id").Where("l.workspace_id = ?", ws).
		Where("l.id IN ?", bun.Tuple(ids)).OrderExpr("l.id").Scan(ctx, &known)

	return known, err
}

// labelChange says which labels of a chat are changed, and when.
type labelChange struct {
	workspace chat.WorkspaceID
	chat      chat.ChatID
	labels    []chat.LabelID
	now       time.Time
}

// setLabels adds labels to a chat for a person or a tool. A model cannot remove such a label
// any more, even if it had added it before; one of a tool that a person sets becomes the
// person's.
func setLabels(ctx context.Context, tx bun.Tx, change labelChange, source chat.LabelSource) error {
	if len(change.labels) == 0 {
		return nil
	}

	rows := make([]chatLabelRow, len(change.labels))
	for i, label := range change.labels {
		rows[i] = chatLabelRow{
			WorkspaceID: change.workspace,
			ChatID:      change.chat,
			LabelID:     label,
			Source:      source,
			CreatedAt:   change.now,
		}
	}

	q := tx.NewInsert().
		Model(&rows).
		On("CONFLICT (chat_id, label_id) DO UPDATE").
		Set("source = EXCLUDED.source").
		Set("confidence = EXCLUDED.confidence").
		Set("summary_id = EXCLUDED.summary_id")

	if source != chat.LabelByPerson {
		q.Where("cl.source = ?", chat.LabelByModel)
	}

	if _, err := q.Exec(ctx); err != nil {
		return err
	}

	_, err := tx.NewDelete().
		Model((*removalRow)(nil)).
		Where("workspace_id = ?", change.workspace).
		Where("chat_id = ?", change.chat).
		Where("label_id IN ?", bun.Tuple(change.labels)).
		Exec(ctx)

	return err
}

// removeOtherLabels takes all labels off a chat but those of the change.
func removeOtherLabels(ctx context.Context, tx bun.Tx, keep labelChange) error {
	var gone []chat.LabelID

	q := tx.NewSelect().
		Model((*chatLabelRow)(nil)).
		Column("label_id").
		Where("workspace_id = ?", keep.workspace).
		Where("chat_id = ?", keep.chat)

	if len(keep.labels) > 0 {
		q.Where("label_id NOT IN ?", bun.Tuple(keep.labels))
	}

	if err := q.Scan(ctx, &gone); err != nil {
		return err
	}

	change := keep
	change.labels = gone

	return removeLabels(ctx, tx, change)
}

// removeLabels takes labels off a chat for a person or a tool, and keeps a model from adding
// them again.
func removeLabels(ctx context.Context, tx bun.Tx, change labelChange) error {
	if len(change.labels) == 0 {
		return nil
	}

	_, err := tx.NewDelete().
		Model((*chatLabelRow)(nil)).
		Where("workspace_id = ?", change.workspace).
		Where("chat_id = ?", change.chat).
		Where("label_id IN ?", bun.Tuple(change.labels)).
		Exec(ctx)
	if err != nil {
		return err
	}

	return recordRemovals(ctx, tx, change)
}

// recordRemovals keeps a model from adding labels again.
func recordRemovals(ctx context.Context, tx bun.Tx, change labelChange) error {
	if len(change.labels) == 0 {
		return nil
	}

	rows := make([]removalRow, len(change.labels))
	for i, label := range change.labels {
		rows[i] = removalRow{
			WorkspaceID: change.workspace,
			ChatID:      change.chat,
			LabelID:     label,
			RemovedAt:   change.now,
		}
	}

	_, err := tx.NewInsert().Model(&rows).On("CONFLICT (chat_id, label_id) DO NOTHING").Exec(ctx)

	return err
}

// removedLabels are the labels that somebody has taken off a chat.
func removedLabels(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, id chat.ChatID) ([]chat.LabelID, error) {
	var ids []chat.LabelID
	err := db.NewSelect().
		Model((*removalRow)(nil)).
		Column("label_id").
		Where("workspace_id = ?", ws).
		Where("chat_id = ?", id).
		OrderExpr("label_id").
		Scan(ctx, &ids)

	return ids, err
}
