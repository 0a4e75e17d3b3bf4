package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// RestoreSummary puts an older version back, as a person's choice: from then on no model
// overwrites it unless told to. The labels stay as they are. The errors: chat_not_found;
// summary_not_found; conflict for a run that has no summary.
func (s *Store) RestoreSummary(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	version chat.SummaryID,
) (chat.Chat, error) {
	var c chat.Chat
	err := s.inTx(ctx, "restore a summary", func(ctx context.Context, tx bun.Tx) error {
		row, err := findChat(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		older, err := findSummary(ctx, tx, ws, id, version)
		if err != nil {
			return err
		}

		if older.State != chat.SummarySucceeded {
			return chat.Errorf(chat.CodeConflict, "this run has not written a summary; its state is %s", older.State)
		}

		row.UpdatedAt = s.time()

		restored := newRestoredVersion(&row, &older, by)
		row.showSummary(&restored)
		row.Title = restored.Title
		row.TitleEdited = true
		row.SummaryEdited = true

		if _, err := tx.NewInsert().Model(&restored).Exec(ctx); err != nil {
			return err
		}

		_, err = tx.NewUpdate().Model(&row).Where("workspace_id = ?", ws).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}

		if err := s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "summary.restored",
			object:    objectID(id),
			detail:    changed{"summary_id": older.ID},
		}); err != nil {
			return err
		}

		c, err = completeChat(ctx, tx, &row)

		return err
	})

	return c, err
}

// newRestoredVersion returns a new version with the content of an older one, by a person.
func newRestoredVersion(row *chatRow, older *summaryRow, by chat.Actor) summaryRow {
	restored := newSummaryRow(row.WorkspaceID, row.ID, chat.SummaryRestored, row.UpdatedAt)

	content := older.content()
	restored.takeSummary(&content)
	restored.State = chat.SummarySucceeded
	restored.Applied = true
	restored.EndedAt = &row.UpdatedAt
	restored.Labels = []chosenLabel{}
	restored.Watermark = older.Watermark
	restored.Covered = older.Covered
	restored.Digest = older.Digest
	restored.RestoredFrom = older.ID
	restored.RequestedBy = by.MemberID

	return restored
}

// UndoLabels takes back what a run has changed of a chat's labels, as a person's choice: what
// it had added goes and is not added again by a model, what it had removed returns and stays.
// What anybody has touched since is left as it is. The errors: chat_not_found;
// summary_not_found; conflict for a run that has not chosen labels.
//
// Idempotent: a second time changes nothing.
func (s *Store) UndoLabels(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	id chat.ChatID,
	version chat.SummaryID,
) (chat.Chat, error) {
	var c chat.Chat
	err := s.inTx(ctx, "undo a summary's labels", func(ctx context.Context, tx bun.Tx) error {
		row, err := findChat(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		run, err := findSummary(ctx, tx, ws, id, version)
		if err != nil {
			return err
		}

		if run.State != chat.SummarySucceeded || !run.LabelsChosen {
			return chat.Errorf(chat.CodeConflict, "this run has not chosen labels")
		}

		if run.LabelsUndoneAt == nil {
			row.UpdatedAt = s.time()
			if err := s.undoLabels(ctx, tx, &row, &run, by); err != nil {
				return err
			}
		}

		c, err = completeChat(ctx, tx, &row)

		return err
	})

	return c, err
}

func (s *Store) undoLabels(ctx context.Context, tx bun.Tx, row *chatRow, run *summaryRow, by chat.Actor) error {
	present, err := chatLabels(ctx, tx, row.WorkspaceID, []chat.ChatID{row.ID})
	if err != nil {
		return err
	}

	removed, err := removedLabels(ctx, tx, row.WorkspaceID, row.ID)
	if err != nil {
		return err
	}

	var gone, back []chat.LabelID

	for _, l := range present[row.ID] {
		if l.Source == chat.LabelByModel && l.SummaryID == run.ID && slices.Contains(run.LabelsAdded, l.ID) {
			gone = append(gone, l.ID)
		}
	}

	for _, label := range run.LabelsRemoved {
		on := slices.ContainsFunc(present[row.ID], func(l chat.ChatLabel) bool { return l.ID == label })
		if !on && !slices.Contains(removed, label) {
			back = append(back, label)
		}
	}

	if back, err = existingLabels(ctx, tx, row.WorkspaceID, back); err != nil {
		return err
	}

	if err := s.removeModelLabels(ctx, tx, row, gone); err != nil {
		return err
	}

	if err := recordRemovals(ctx, tx, row.labelChange(gone)); err != nil {
		return err
	}

	if err := setLabels(ctx, tx, row.labelChange(back), chat.LabelByPerson); err != nil {
		return err
	}

	if err := editChat(ctx, tx.NewUpdate(), row.WorkspaceID, row.ID, row.UpdatedAt); err != nil {
		return err
	}

	_, err = tx.NewUpdate().Model(run).Set("labels_undone_at = ?", row.UpdatedAt).
		Where("workspace_id = ?", run.WorkspaceID).Where("id = ?", run.ID).Exec(ctx)
	if err != nil {
		return err
	}

	return s.audit(ctx, tx, auditEvent{
		workspace: row.WorkspaceID,
		by:        by,
		verb:      "summary.labels_undone",
		object:    objectID(row.ID),
		detail:    changed{"summary_id": run.ID, "removed": gone, "added": back},
	})
}
