package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// SaveSummary ends a run with what it has written, and the requests it answers with
// success: title and summary become the chat's unless a person wrote those and they are
// not to be overwritten, and with UpdateLabels the labels are decided. All of it is one
// transaction: a chat shows either the old state or the new one.
//
// The errors: chat_not_found; summary_not_found; conflict when title or summary are not of
// this version any more, or the run has failed.
//
// Idempotent: a repetition finds the run ended, and ends the requests that have joined
// since.
func (s *Store) SaveSummary(ctx context.Context, in chat.SummaryToSave) error {
	return s.inTx(ctx, "save a summary", func(ctx context.Context, tx bun.Tx) error {
		row, err := findChat(ctx, s.locked(tx.NewSelect()), in.WorkspaceID, in.ChatID)
		if err != nil {
			return err
		}

		run, err := findSummary(ctx, tx, in.WorkspaceID, in.ChatID, in.ID)
		if err != nil {
			return err
		}

		if run.State != chat.SummarySucceeded {
			if run.State == chat.SummaryFailed || row.SummaryVersion != in.Version {
				return chat.Errorf(chat.CodeConflict, "the summary was changed meanwhile")
			}

			if err := s.applySummary(ctx, tx, &row, &run, &in); err != nil {
				return err
			}
		}

		return s.succeedAll(ctx, tx, in.Requests)
	})
}

// applySummary puts a run's result into the chat and into the run.
func (s *Store) applySummary(
	ctx context.Context,
	tx bun.Tx,
	row *chatRow,
	run *summaryRow,
	in *chat.SummaryToSave,
) error {
	now := s.time()
	row.UpdatedAt = now

	run.takeSummary(&in.Summary)
	run.State = chat.SummarySucceeded
	run.EndedAt = &now
	run.ModelWait = nil
	run.Applied = !row.SummaryEdited || in.Overwrite

	if run.Applied {
		row.showSummary(run)

		if !row.TitleEdited || in.Overwrite {
			row.Title = run.Title
			row.TitleEdited = false
		}
	}

	if in.UpdateLabels {
		if err := s.applyLabels(ctx, tx, row, run); err != nil {
			return err
		}
	}

	_, err := tx.NewUpdate().
		Model(row).
		Column("title", "summary", "summary_model", "summary_updated_at", "summary_version").
		Column("summary_id", "summary_points", "summary_watermark", "suggested_labels").
		Column("title_edited", "summary_edited", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).
		Where("id = ?", row.ID).
		Exec(ctx)
	if err != nil {
		return err
	}

	_, err = tx.NewUpdate().
		Model(run).
		Column("state", "title", "summary", "points", "labels", "labels_added", "labels_removed").
		Column("model", "applied", "ended_at", "model_wait").
		Where("workspace_id = ?", run.WorkspaceID).
		Where("id = ?", run.ID).
		Exec(ctx)

	return err
}

// takeSummary makes a summary the content of the version.
func (r *summaryRow) takeSummary(summary *chat.Summary) {
	r.Title = summary.Title
	r.Summary = summary.Summary
	r.Points = summary.Points()
	r.Model = summary.Model

	r.Labels = make([]chosenLabel, len(summary.Labels))
	for i, choice := range summary.Labels {
		r.Labels[i] = chosenLabel{LabelChoice: choice}
	}
}

// showSummary makes the text of a version the chat's, without the title.
func (r *chatRow) showSummary(version *summaryRow) {
	r.Summary = version.Summary
	r.SummaryPoints = version.Points
	r.SummaryModel = version.Model
	r.SummaryID = version.ID
	r.SummaryWatermark = version.Watermark
	r.SummaryUpdatedAt = version.EndedAt
	r.SummaryEdited = false
	r.SummaryVersion++
}

// applyLabels decides a run's labels, and notes in the run what has changed.
func (s *Store) applyLabels(ctx context.Context, tx bun.Tx, row *chatRow, run *summaryRow) error {
	settings, err := findSettings(ctx, tx, row.WorkspaceID)
	if err != nil {
		return err
	}

	labels, err := workspaceLabels(ctx, tx, row.WorkspaceID)
	if err != nil {
		return err
	}

	present, err := chatLabels(ctx, tx, row.WorkspaceID, []chat.ChatID{row.ID})
	if err != nil {
		return err
	}

	removed, err := removedLabels(ctx, tx, row.WorkspaceID, row.ID)
	if err != nil {
		return err
	}

	choices := run.content().Labels
	change := chat.DecideLabels(choices, labels, present[row.ID], removed, settings.LabelThreshold)
	row.SuggestedLabels = []suggestion{}

	for i, fate := range change.Fates {
		run.Labels[i].Fate = fate

		if label, ok := chat.FindLabel(labels, choices[i].Name); ok && fate == chat.LabelSuggested {
			row.SuggestedLabels = append(
				row.SuggestedLabels,
				suggestion{label.ID, choices[i].Confidence, choices[i].Evidence},
			)
		}
	}

	run.LabelsAdded = labelIDs(change.Add)
	run.LabelsRemoved = labelIDs(change.Remove)

	if err := s.removeModelLabels(ctx, tx, row, run.LabelsRemoved); err != nil || len(change.Add) == 0 {
		return err
	}

	rows := mapSlice(change.Add, func(l *chat.ChatLabel) chatLabelRow {
		return chatLabelRow{
			WorkspaceID: row.WorkspaceID,
			ChatID:      row.ID,
			LabelID:     l.ID,
			Source:      chat.LabelByModel,
			Confidence:  l.Confidence,
			SummaryID:   run.ID,
			CreatedAt:   row.UpdatedAt,
		}
	})

	_, err = tx.NewInsert().Model(&rows).Exec(ctx)

	return err
}

func (s *Store) removeModelLabels(ctx context.Context, tx bun.Tx, row *chatRow, ids []chat.LabelID) error {
	if len(ids) == 0 {
		return nil
	}

	_, err := tx.NewDelete().
		Model((*chatLabelRow)(nil)).
		Where("workspace_id = ?", row.WorkspaceID).
		Where("chat_id = ?", row.ID).
		Where("label_id IN ?", bun.Tuple(ids)).
		Where("source = ?", chat.LabelByModel).
		Exec(ctx)

	return err
}

func labelIDs(labels []chat.ChatLabel) []chat.LabelID {
	ids := make([]chat.LabelID, len(labels))
	for i := range labels {
		ids[i] = labels[i].ID
	}

	return ids
}

func (s *Store) succeedAll(ctx context.Context, tx bun.Tx, requests []chat.Request) error {
	statements := make([]bun.Query, len(requests))
	for i, r := range requests {
		action := actionKey{workspace: r.WorkspaceID, id: r.ActionID}
		statements[i] = moveAction(tx, action, chat.ActionSucceeded, s.time(), chat.ActionRunning, chat.ActionParked)
	}

	return s.batch(ctx, tx, statements...)
}

// RecordModelWait stores what a run waits for, nil for nothing any more. Idempotent: only what is running
// changes.
func (s *Store) RecordModelWait(ctx context.Context, in chat.SummaryWait) error {
	row := summaryRow{ModelWait: in.Wait}

	_, err := s.db.NewUpdate().
		Model(&row).
		Column("model_wait").
		Where("workspace_id = ?", in.WorkspaceID).
		Where("chat_id = ?", in.ChatID).
		Where("id = ?", in.ID).
		Where("state = ?", chat.SummaryRunning).
		Exec(ctx)

	return wrapErr("record what a summary waits for", err)
}

// FailSummary ends a run without a summary, and the requests it was for; everything of the
// chat stands as it was.
//
// Idempotent: only what is running changes.
func (s *Store) FailSummary(ctx context.Context, in chat.SummaryFailure) error {
	return s.inTx(ctx, "fail a summary", func(ctx context.Context, tx bun.Tx) error {
		if in.ID != "" {
			_, err := endRun(tx, in.WorkspaceID, &in.Problem, s.time()).
				Where("chat_id = ?", in.ChatID).
				Where("id = ?", in.ID).
				Exec(ctx)
			if err != nil {
				return err
			}
		}

		if len(in.ActionIDs) == 0 {
			return nil
		}

		_, err := failActions(tx, in.WorkspaceID, in.ActionIDs, &in.Problem, s.time()).Exec(ctx)

		return err
	})
}
