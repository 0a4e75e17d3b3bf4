package db

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// transcriptRow is a message with who said it.
type transcriptRow struct {
	bun.BaseModel `bun:"table:messages,alias:m"`
	messageRow

	Speaker string `bun:"speaker,scanonly"`
	Writer  string `bun:"writer,scanonly"`
}

// nameSpeaker is who said it, with a mark where nothing shows that it is theirs, and with who has written it
// in their name: a summary must not make a forged word that of the person whom it names.
func (r *transcriptRow) nameSpeaker() string {
	if r.WrittenBy != 0 {
		return fmt.Sprintf("%s (as %s has entered it)", r.Speaker, cmp.Or(r.Writer, "somebody else"))
	}

	if r.Speaker == "" || r.Trust == "" || r.Trust.HasAuthority() || strings.HasSuffix(r.Speaker, unverifiedMark) {
		return r.Speaker
	}

	return r.Speaker + unverifiedMark
}

// Reading is what a model is to read for one part of a run: chat_not_found;
// summary_not_found for a version to build on that is not there.
func (s *Store) Reading(ctx context.Context, part chat.SummaryPart) (chat.Reading, error) {
	row, err := findChat(ctx, s.db.NewSelect(), part.WorkspaceID, part.ChatID)
	if err != nil {
		return chat.Reading{}, wrapErr("find a chat", err)
	}

	settings, err := findSettings(ctx, s.db, part.WorkspaceID)
	if err != nil {
		return chat.Reading{}, wrapErr("find the settings of summaries", err)
	}

	reading := chat.Reading{
		ChatID:       row.ID,
		Channel:      row.Channel,
		Title:        row.Title,
		ChooseLabels: part.UpdateLabels,
		Language:     settings.Language,
		Instructions: settings.Instructions,
	}

	if part.Base != "" {
		base, err := findSummary(ctx, s.db, part.WorkspaceID, part.ChatID, part.Base)
		if err != nil {
			return chat.Reading{}, wrapErr("find a summary", err)
		}

		reading.Earlier = append(reading.Earlier, base.content())
	}

	reading.Earlier = append(reading.Earlier, part.Parts...)
	if reading.Messages, err = s.readLines(ctx, &part); err != nil {
		return chat.Reading{}, wrapErr("read the messages", err)
	}

	if part.UpdateLabels {
		reading.Labels, err = workspaceLabels(ctx, s.db, part.WorkspaceID)
	}

	return reading, wrapErr("list the labels", err)
}

func (s *Store) readLines(ctx context.Context, part *chat.SummaryPart) ([]chat.Line, error) {
	if part.Messages == (chat.MessageRange{}) {
		return nil, nil
	}

	var rows []transcriptRow
	err := s.db.NewSelect().
		Model(&rows).
		Column("m.id", "m.role", "m.content", "m.trust", "m.written_by").
		ColumnExpr("p.name AS speaker").
		ColumnExpr("wr.name AS writer").
		Join("LEFT JOIN members AS p ON p.workspace_id = m.workspace_id AND p.id = m.member_id").
		Join("LEFT JOIN members AS wr ON wr.workspace_id = m.workspace_id AND wr.id = m.written_by").
		Where("m.workspace_id = ?", part.WorkspaceID).
		Where("m.chat_id = ?", part.ChatID).
		Where("m.state <> ?", chat.MessageNotSent).
		Where("m.number BETWEEN ? AND ?", part.Messages.From, part.Messages.To).
		OrderExpr("m.number").
		Scan(ctx)

	return mapSlice(rows, func(r *transcriptRow) chat.Line {
		return chat.Line{
			ID:      r.ID,
			Role:    r.Role,
			Speaker: r.nameSpeaker(),
			Text:    r.Content,
		}
	}), err
}
