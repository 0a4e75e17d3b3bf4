package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// SummaryDue reports whether a chat is to be summarized by itself at the time now, or when to
// look again. A chat that is not to be, because nothing is new, a person wrote its summary,
// it is archived or gone, or the workspace does not want it, is the zero value.
func (s *Store) SummaryDue(ctx context.Context, in chat.AutoSummary, now time.Time) (chat.SummaryDue, error) {
	settings, err := findSettings(ctx, s.db, in.WorkspaceID)
	if err != nil || !settings.Automatic() {
		return chat.SummaryDue{}, wrapErr("find the settings of summaries", err)
	}

	row, err := findChat(ctx, s.db.NewSelect(), in.WorkspaceID, in.ChatID)
	if chat.CodeOf(err) == chat.CodeChatNotFound {
		return chat.SummaryDue{}, nil
	}

	if err != nil || row.SummaryEdited || row.State == chat.StateArchived {
		return chat.SummaryDue{}, wrapErr("find a chat", err)
	}

	var unread []messageRow

	err = freshMessages(s.db, &unread, &row, max(row.SummaryWatermark, row.SummaryTried, in.Tried)).Scan(ctx)
	if err != nil || len(unread) == 0 {
		return chat.SummaryDue{}, wrapErr("look for new messages", err)
	}

	due := chat.SummaryDue{Newest: unread[0].Number, By: settings.UpdatedBy, Labels: settings.AutomaticLabels}
	if n := settings.EveryMessages; n > 0 {
		due.Missing = max(n-len(unread), 0)
		due.Due = due.Missing == 0
	}

	if settings.QuietAfter > 0 {
		due.In = max(unread[0].CreatedAt.Add(settings.QuietAfter).Sub(now), 0)
		due.Due = due.Due || due.In == 0
	}

	return due, nil
}

// freshMessages selects the messages after a number, newest first, as many as matter.
func freshMessages(db bun.IDB, dest any, row *chatRow, after int64) *bun.SelectQuery {
	return db.NewSelect().
		Model(dest).
		Column("number", "created_at").
		Where("m.workspace_id = ?", row.WorkspaceID).
		Where("m.chat_id = ?", row.ID).
		Where("m.number > ?", after).
		Where("m.state <> ?", chat.MessageNotSent).
		OrderExpr("m.number DESC").
		Limit(chat.MaxEveryMessages)
}

// forgottenFor is how long after its time a chat that was not summarized is still looked for.
const forgottenFor = 24 * time.Hour

// ForgottenSummaries finds, in every workspace, chats that have been quiet for longer than
// they should be without having been summarized, because the signal of a message was lost on
// its way: at most limit.
func (s *Store) ForgottenSummaries(
	ctx context.Context,
	now time.Time,
	grace time.Duration,
	limit int,
) ([]chat.AutoSummary, error) {
	var all []summarySettingsRow

	err := s.db.NewSelect().Model(&all).Where("s.quiet_seconds > 0").OrderExpr("s.workspace_id").Scan(ctx)
	if err != nil {
		return nil, wrapErr("list the settings of summaries", err)
	}

	var forgotten []chat.AutoSummary

	for _, row := range all {
		settings := row.settings()
		until := toMicroseconds(now.Add(-settings.QuietAfter - grace))
		var ids []chat.ChatID

		err := s.db.NewSelect().Model((*chatRow)(nil)).Column("id").Where("c.workspace_id = ?", row.WorkspaceID).
			Where("c.deleted_at IS NULL").Where("NOT c.summary_edited").Where("c.state <> ?", chat.StateArchived).
			Where("c.last_activity_at BETWEEN ? AND ?", until.Add(-forgottenFor), until).
			Where(`EXISTS (SELECT 1 FROM messages m
				WHERE m.workspace_id = c.workspace_id AND m.chat_id = c.id
					AND m.number > c.summary_watermark AND m.number > c.summary_tried
					AND m.state <> ?)`, chat.MessageNotSent).
			OrderExpr("c.last_activity_at DESC, c.id DESC").Limit(int64(limit-len(forgotten))).Scan(ctx, &ids)
		if err != nil {
			return nil, wrapErr("look for forgotten summaries", err)
		}

		for _, id := range ids {
			forgotten = append(forgotten, chat.AutoSummary{WorkspaceID: row.WorkspaceID, ChatID: id})
		}

		if len(forgotten) == limit {
			break
		}
	}

	return forgotten, nil
}
