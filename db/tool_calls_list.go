package db

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// listedCall returns the call with its action and chat.
func (r *toolCallRow) listedCall() chat.ListedToolCall {
	return chat.ListedToolCall{
		ToolCall:  r.toolCall(),
		ActionID:  r.ActionID,
		ChatID:    r.ChatID,
		Undoes:    r.UndoesCall,
		UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// ToolCalls lists tool calls and their undos, without arguments and results. The calls of the newest message come
// first.
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
		Where("t.workspace_id = ?", ws)
	filterToolCalls(q, &f)

	total, err := countRows(ctx, q, f.Page)
	if err != nil {
		return chat.List[chat.ListedToolCall]{}, wrapErr("count the tool calls", err)
	}

	name, err := orderToolCalls(q, f.Page)
	if err != nil {
		return chat.List[chat.ListedToolCall]{}, err
	}

	if f.Limit == 0 {
		return chat.List[chat.ListedToolCall]{Items: []chat.ListedToolCall{}, Total: total}, nil
	}

	fits, err := scanPage(ctx, q, &rows, f.Limit)
	if err != nil {
		return chat.List[chat.ListedToolCall]{}, wrapErr("list the tool calls", err)
	}

	list := listOf(rows, fits, (*toolCallRow).listedCall, func(r *toolCallRow) string {
		return cursorOf(name, r.MessageID, r.Position)
	})
	list.Total = total

	return list, nil
}

// orderToolCalls sorts a query by message and position, and starts it after the page's cursor. It returns the name of
// this order in cursors.
func orderToolCalls(q *bun.SelectQuery, p chat.Page) (name string, err error) {
	name = "tool_calls"
	direction := " DESC"
	after := " < "

	if p.Order == chat.Ascending {
		name = "tool_calls:asc"
		direction = " ASC"
		after = " > "
	}

	q.OrderExpr("t.message_id" + direction + ", t.position" + direction).Limit(oneMore(p.Limit))

	var (
		message  chat.MessageID
		position int
	)

	paged, err := readCursor(name, p.Cursor, &message, &position)
	if paged {
		q.Where("(t.message_id, t.position)"+after+"(?, ?)", message, position)
	}

	return name, err
}

// filterToolCalls adds the conditions of a filter.
func filterToolCalls(q *bun.SelectQuery, f *chat.ToolCallFilter) {
	if len(f.States) > 0 {
		q.Where("t.state IN ?", bun.Tuple(f.States))

		if !slices.ContainsFunc(f.States, chat.ToolCallState.Settled) {
			// The condition of the partial index of open calls, of which there are few.
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
