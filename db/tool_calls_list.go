package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// listedCall is the call with whose it is.
func (r *toolCallRow) listedCall() chat.ListedToolCall {
	return chat.ListedToolCall{
		ToolCall:  r.toolCall(),
		ActionID:  r.ActionID,
		ChatID:    r.ChatID,
		Undoes:    r.UndoesCall,
		UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// ToolCalls lists tool calls, and the calls that take others back, without what they were given and have answered.
// Those of the newest message come first.
func (s *Store) ToolCalls(
	ctx context.Context,
	ws chat.WorkspaceID,
	f chat.ToolCallFilter,
) (chat.List[chat.ListedToolCall], error) {
	var rows []toolCallRow

	q := briefCallsOf(s.db.NewSelect().Model(&rows)).
		ColumnExpr("n.action_id, n.chat_id").
		ColumnExpr(`COALESCE((SELECT o.call_id FROM tool_calls AS o WHERE o.workspace_id = t.workspace_id
			AND o.message_id = t.message_id AND o.position = t.undoes), '') AS undoes_call`).
		Join("JOIN messages AS n ON n.workspace_id = t.workspace_id AND n.id = t.message_id").
		Where("t.workspace_id = ?", ws).
		OrderExpr("t.message_id DESC, t.position DESC").
		Limit(oneMore(f.Limit))

	var (
		message  chat.MessageID
		position int
	)

	paged, err := readCursor("tool_calls", f.Cursor, &message, &position)
	if err != nil {
		return chat.List[chat.ListedToolCall]{}, err
	}

	if paged {
		q.Where("(t.message_id, t.position) < (?, ?)", message, position)
	}

	filterToolCalls(q, &f)

	fits, err := scanPage(ctx, q, &rows, f.Limit)
	if err != nil {
		return chat.List[chat.ListedToolCall]{}, wrapErr("list the tool calls", err)
	}

	return listOf(rows, fits, (*toolCallRow).listedCall, func(r *toolCallRow) string {
		return cursorOf("tool_calls", r.MessageID, r.Position)
	}), nil
}

func filterToolCalls(q *bun.SelectQuery, f *chat.ToolCallFilter) {
	if len(f.States) > 0 {
		q.Where("t.state IN ?", bun.Tuple(f.States))

		if !slices.ContainsFunc(f.States, chat.ToolCallState.Settled) {
			// In the words of the index of those that are open, which are few.
			q.Where("t.state IN ('unknown', 'pending', 'running', 'waiting')")
		}
	}

	if f.ActionID != "" {
		q.Where("n.action_id = ?", f.ActionID)
	}

	if f.ChatID != 0 {
		q.Where("n.chat_id = ?", f.ChatID)
	}
}
