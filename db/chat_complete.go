package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// suggestion is a label that a model was not sure enough of, as a chat's row keeps it.
type suggestion struct {
	LabelID    chat.LabelID `json:"label_id"`
	Confidence float64      `json:"confidence"`
	Evidence   []chat.Quote `json:"evidence"`
}

// completeChat is one chat with what other tables hold of it.
func completeChat(ctx context.Context, db bun.IDB, row *chatRow) (chat.Chat, error) {
	chats := []chat.Chat{row.chat()}
	err := completeChats(ctx, db, row.WorkspaceID, []chatRow{*row}, chats)

	return chats[0], err
}

// completeChats fills in the chats of rows: their members' names, their labels, the suggested ones, and how many
// messages are newer than their summaries.
func completeChats(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, rows []chatRow, chats []chat.Chat) error {
	if len(chats) == 0 {
		return nil
	}

	ids := mapSlice(rows, func(r *chatRow) chat.ChatID { return r.ID })

	labels, err := chatLabels(ctx, db, ws, ids)
	if err != nil {
		return err
	}

	extras, err := chatExtras(ctx, db, ws, ids)
	if err != nil {
		return err
	}

	known, err := suggestedLabels(ctx, db, ws, rows)
	if err != nil {
		return err
	}

	for i := range chats {
		chats[i].MemberName = extras[rows[i].ID].MemberName
		chats[i].Labels = labels[rows[i].ID]
		chats[i].StaleBy = extras[rows[i].ID].Stale
		chats[i].Suggested = openSuggestions(rows[i].SuggestedLabels, known, chats[i].Labels)
	}

	return nil
}

// chatExtra is what is read of a chat from rows of which there is not just one.
type chatExtra struct {
	ID chat.ChatID `bun:"id"`
	// Stale is how many messages are newer than the summary, up to [chat.MaxStaleBy].
	Stale      int    `bun:"stale"`
	MemberName string `bun:"member_name"`
}

// chatExtras are those of chats, by their ids.
func chatExtras(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	ids []chat.ChatID,
) (map[chat.ChatID]chatExtra, error) {
	const (
		newer = `(SELECT count(*) FROM (SELECT 1 FROM messages m
			WHERE m.workspace_id = c.workspace_id AND m.chat_id = c.id
				AND m.number > c.summary_watermark AND m.state <> ? LIMIT ?) AS newer) AS stale`
		name = `(SELECT w.name FROM members w
			WHERE w.workspace_id = c.workspace_id AND w.id = c.member_id) AS member_name`
	)

	var rows []chatExtra

	err := db.NewSelect().
		Model((*chatRow)(nil)).
		Column("c.id").
		ColumnExpr(newer, chat.MessageNotSent, chat.MaxStaleBy).
		ColumnExpr(name).
		Where("c.workspace_id = ?", ws).
		Where("c.id IN ?", bun.Tuple(ids)).
		Scan(ctx, &rows)

	extras := make(map[chat.ChatID]chatExtra, len(rows))
	for _, row := range rows {
		extras[row.ID] = row
	}

	return extras, err
}

// suggestedLabels are the labels that rows suggest, as far as they still exist.
func suggestedLabels(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, rows []chatRow) ([]chat.Label, error) {
	var ids []chat.LabelID

	for i := range rows {
		for _, s := range rows[i].SuggestedLabels {
			ids = append(ids, s.LabelID)
		}
	}

	if len(ids) == 0 {
		return nil, nil
	}

	var found []labelRow
	err := db.NewSelect().Model(&found).Where("l.workspace_id = ?", ws).Where("l.id IN ?", bun.Tuple(ids)).Scan(ctx)

	return mapSlice(found, (*labelRow).label), err
}

// openSuggestions leaves out what is on the chat by now.
func openSuggestions(all []suggestion, known []chat.Label, on []chat.ChatLabel) []chat.SuggestedLabel {
	var out []chat.SuggestedLabel

	for _, s := range all {
		at := slices.IndexFunc(known, func(l chat.Label) bool { return l.ID == s.LabelID })
		if at < 0 || slices.ContainsFunc(on, func(l chat.ChatLabel) bool { return l.ID == s.LabelID }) {
			continue
		}

		out = append(out, chat.SuggestedLabel{Label: known[at], Confidence: s.Confidence, Evidence: s.Evidence})
	}

	return out
}
