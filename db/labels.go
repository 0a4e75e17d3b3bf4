package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type labelRow struct {
	bun.BaseModel `bun:"table:labels,alias:l"`

	ID          chat.LabelID     `bun:"id,pk,autoincrement"`
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	Name        string           `bun:"name"`
	Folded      string           `bun:"folded"`
	Color       string           `bun:"color"`
	Description string           `bun:"description"`
	CreatedAt   time.Time        `bun:"created_at"`
}

func (r *labelRow) label() chat.Label {
	return chat.Label{
		ID:          r.ID,
		Name:        r.Name,
		Color:       r.Color,
		Description: r.Description,
		CreatedAt:   r.CreatedAt.UTC(),
	}
}

func labelTaken() *chat.Error {
	return chat.Errorf(chat.CodeAlreadyExists, "a label with this name exists, whatever its case")
}

// CreateLabel adds a label: already_exists when its name is taken, whatever the case.
func (s *Store) CreateLabel(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, l chat.Label) (chat.Label, error) {
	if err := l.Validate(); err != nil {
		return chat.Label{}, err
	}

	row := labelRow{
		WorkspaceID: ws,
		Name:        l.Name,
		Folded:      chat.FoldName(l.Name),
		Color:       l.Color,
		Description: l.Description,
		CreatedAt:   s.time(),
	}

	err := s.inTx(ctx, "create a label", func(ctx context.Context, tx bun.Tx) error {
		err := insertOwned(ctx, tx.NewInsert().Model(&row))
		if err := onViolation(err, uniqueViolation, labelTaken()); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "label.created",
			object:    objectID(row.ID),
			detail:    changesOf(chat.AuditLabel, nil, row.auditFields()),
		})
	})

	return row.label(), err
}

// Labels lists the workspace's labels in the order of their names, whatever the case.
func (s *Store) Labels(ctx context.Context, ws chat.WorkspaceID) ([]chat.Label, error) {
	labels, err := workspaceLabels(ctx, s.db, ws)
	return labels, wrapErr("list the labels", err)
}

func workspaceLabels(ctx context.Context, db bun.IDB, ws chat.WorkspaceID) ([]chat.Label, error) {
	var rows []labelRow
	err := db.NewSelect().Model(&rows).Where("l.workspace_id = ?", ws).OrderExpr("l.folded").Scan(ctx)

	return mapSlice(rows, (*labelRow).label), err
}

// Label finds a label: label_not_found.
func (s *Store) Label(ctx context.Context, ws chat.WorkspaceID, id chat.LabelID) (chat.Label, error) {
	row, err := findLabel(ctx, s.db.NewSelect(), ws, id)
	return row.label(), wrapErr("find a label", err)
}

func findLabel(ctx context.Context, q *bun.SelectQuery, ws chat.WorkspaceID, id chat.LabelID) (labelRow, error) {
	var row labelRow
	err := q.Model(&row).Where("l.workspace_id = ?", ws).Where("l.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeLabelNotFound, "label")
}

// UpdateLabel changes a label: label_not_found, already_exists when the new name is taken.
func (s *Store) UpdateLabel(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.LabelID,
	p chat.LabelPatch,
) (chat.Label, error) {
	var l chat.Label

	err := s.inTx(ctx, "change a label", func(ctx context.Context, tx bun.Tx) error {
		row, err := findLabel(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		before := row.auditFields()

		setIfGiven(&row.Name, p.Name)
		setIfGiven(&row.Color, p.Color)
		setIfGiven(&row.Description, p.Description)
		row.Folded = chat.FoldName(row.Name)
		l = row.label()

		if err := l.Validate(); err != nil {
			return err
		}

		_, err = tx.NewUpdate().Model(&row).Where("workspace_id = ?", ws).Where("id = ?", id).Exec(ctx)
		if err := onViolation(err, uniqueViolation, labelTaken()); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "label.updated",
			object:    objectID(id),
			detail:    changesOf(chat.AuditLabel, before, row.auditFields()),
		})
	})
	if err != nil {
		return chat.Label{}, err
	}

	return l, nil
}

// DeleteLabel removes a label, from the chats that carry it too: label_not_found.
func (s *Store) DeleteLabel(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.LabelID) error {
	return s.inTx(ctx, "delete a label", func(ctx context.Context, tx bun.Tx) error {
		var row labelRow

		q := tx.NewDelete().Model(&row).Returning("*").Where("workspace_id = ?", ws).Where("id = ?", id)
		if err := deleteOne(ctx, q, notFound(chat.CodeLabelNotFound, "label")); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "label.deleted",
			object:    objectID(id),
			detail:    changesOf(chat.AuditLabel, row.auditFields(), nil),
		})
	})
}

// deleteOne deletes a row, or says that there is none.
func deleteOne(ctx context.Context, q *bun.DeleteQuery, none *chat.Error) error {
	result, err := q.Exec(ctx)
	if changed, err := hasChanged(result, err); err != nil || changed {
		return err
	}

	return none
}
