package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// transcriptRow is a message with who said it.
type transcriptRow struct {
	bun.BaseModel `bun:"table:messages,alias:m"`
	messageRow

	Speaker string `bun:"speaker,scanonly"`
}

// Transcript reads the newest messages of a chat, oldest first, without those that were
// never sent, with the version of the summary that a new one may replace: chat_not_found.
func (s *Store) Transcript(ctx context.Context, ws chat.WorkspaceID, id chat.ChatID, limit int) (chat.Transcript, int64, error) {
	// The version first: what changes after it makes SaveSummary refuse.
	row, err := findChat(ctx, s.db.NewSelect(), ws, id)
	if err != nil {
		return chat.Transcript{}, 0, attempted("find a chat", err)
	}
	var rows []transcriptRow
	err = s.db.NewSelect().Model(&rows).Column("m.id", "m.role", "m.content").ColumnExpr("p.name AS speaker").
		Join("LEFT JOIN members AS p ON p.workspace_id = m.workspace_id AND p.id = m.member_id").
		Where("m.workspace_id = ?", ws).Where("m.chat_id = ?", id).Where("m.state <> ?", chat.MessageNotSent).
		OrderExpr("m.number DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return chat.Transcript{}, 0, attempted("read a transcript", err)
	}
	slices.Reverse(rows)
	labels, err := workspaceLabels(ctx, s.db, ws)
	return chat.Transcript{
		ChatID: id, Channel: row.Channel, Title: row.Title, Labels: labels,
		Messages: each(rows, func(r *transcriptRow) chat.Line {
			return chat.Line{ID: r.ID, Role: r.Role, Speaker: r.Speaker, Text: r.Content}
		}),
	}, row.SummaryVersion, attempted("list the labels", err)
}

// SaveSummary replaces title and summary, and with UpdateLabels the labels that a model
// has set, and ends the requests with success: chat_not_found; conflict when title or
// summary are not of this version any more.
//
// Idempotent: a repetition finds the first request ended with success, ends the others,
// and returns the chat as it stands.
func (s *Store) SaveSummary(ctx context.Context, in chat.SummarizeChat, version int64, summary chat.Summary, joined []chat.Request) (chat.Chat, error) {
	var c chat.Chat
	err := s.inTx(ctx, "save a summary", func(ctx context.Context, tx bun.Tx) error {
		row, err := findChat(ctx, s.locked(tx.NewSelect()), in.WorkspaceID, in.ChatID)
		if err != nil {
			return err
		}
		if row.SummaryVersion != version {
			err = s.alreadySaved(ctx, tx, &in)
		} else {
			err = s.saveSummary(ctx, tx, &row, &in, &summary)
		}
		if err != nil {
			return err
		}
		// By a repetition too: others may have joined since.
		if err := s.succeedAll(ctx, tx, append([]chat.Request{in.Request}, joined...)); err != nil {
			return err
		}
		c, err = labelled(ctx, tx, &row)
		return err
	})
	return c, err
}

// alreadySaved tells a repetition from a summary that another change has overtaken.
func (s *Store) alreadySaved(ctx context.Context, tx bun.Tx, in *chat.SummarizeChat) error {
	action, err := findAction(ctx, tx, in.WorkspaceID, in.ActionID)
	if err != nil && chat.CodeOf(err) != chat.CodeActionNotFound {
		return err
	}
	if action.State != chat.ActionSucceeded {
		return chat.Errorf(chat.CodeConflict, "the summary was changed meanwhile")
	}
	return nil
}

func (s *Store) saveSummary(ctx context.Context, tx bun.Tx, row *chatRow, in *chat.SummarizeChat, summary *chat.Summary) error {
	now := s.time()
	row.Title, row.Summary, row.SummaryModel = summary.Title, summary.Summary, summary.Model
	row.SummaryUpdatedAt, row.UpdatedAt = &now, now
	row.SummaryVersion++
	_, err := tx.NewUpdate().Model(row).
		Column("title", "summary", "summary_model", "summary_updated_at", "summary_version", "updated_at").
		Where("workspace_id = ?", row.WorkspaceID).Where("id = ?", row.ID).Exec(ctx)
	if err != nil || !in.UpdateLabels {
		return err
	}
	chosen, err := labelsNamed(ctx, tx, row.WorkspaceID, summary.Labels)
	if err != nil {
		return err
	}
	if err := takeLabels(ctx, tx, row.WorkspaceID, row.ID, chosen, chat.LabelByModel); err != nil {
		return err
	}
	return putLabels(ctx, tx, row.WorkspaceID, row.ID, chosen, chat.LabelByModel, now)
}

func (s *Store) succeedAll(ctx context.Context, tx bun.Tx, requests []chat.Request) error {
	statements := make([]bun.Query, len(requests))
	for i, r := range requests {
		statements[i] = moveAction(tx, r.WorkspaceID, r.ActionID, chat.ActionSucceeded, s.time(), chat.ActionRunning, chat.ActionParked)
	}
	return s.batch(ctx, tx, statements...)
}
