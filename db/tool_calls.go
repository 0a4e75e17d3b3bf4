package db

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type toolCallRow struct {
	bun.BaseModel `bun:"table:tool_calls,alias:t"`

	WorkspaceID chat.WorkspaceID   `bun:"workspace_id,pk"`
	MessageID   chat.MessageID     `bun:"message_id,pk"`
	Position    int                `bun:"position,pk"`
	CallID      string             `bun:"call_id"`
	Name        string             `bun:"name"`
	Arguments   json.RawMessage    `bun:"arguments"`
	State       chat.ToolCallState `bun:"state"`
	Result      json.RawMessage    `bun:"result,nullzero"`
	Error       string             `bun:"error"`
	UpdatedAt   time.Time          `bun:"updated_at"`

	ChatID chat.ChatID `bun:"chat_id,scanonly"`
}

func (r *toolCallRow) toolCall() chat.ToolCall {
	return chat.ToolCall{ID: r.CallID, Name: r.Name, Arguments: r.Arguments, State: r.State, Result: r.Result, Error: r.Error}
}

func toolCallRows(ws chat.WorkspaceID, message chat.MessageID, calls []chat.ToolCall, now time.Time) []toolCallRow {
	rows := make([]toolCallRow, len(calls))
	for i, c := range calls {
		rows[i] = toolCallRow{
			WorkspaceID: ws, MessageID: message, Position: i, CallID: c.ID, Name: c.Name, Arguments: c.Arguments,
			State: chat.ToolCallPending, UpdatedAt: now,
		}
		if len(c.Arguments) == 0 {
			rows[i].Arguments = json.RawMessage(`{}`)
		}
	}
	return rows
}

// addToolCalls fills in the tool calls of messages, in the order in which they run.
func addToolCalls(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, messages []chat.Message) error {
	var ids []chat.MessageID
	for i := range messages {
		if messages[i].Role == chat.RoleAssistantMessage {
			ids = append(ids, messages[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []toolCallRow
	err := db.NewSelect().Model(&rows).Where("t.workspace_id = ?", ws).Where("t.message_id IN ?", bun.Tuple(ids)).
		OrderExpr("t.message_id, t.position").Scan(ctx)
	if err != nil {
		return err
	}
	calls := map[chat.MessageID][]chat.ToolCall{}
	for _, r := range rows {
		calls[r.MessageID] = append(calls[r.MessageID], r.toolCall())
	}
	for i := range messages {
		messages[i].ToolCalls = calls[messages[i].ID]
	}
	return nil
}

// CompleteToolCall runs effect on the chat and stores its result: action_not_found when
// the action has no such tool call. An error of effect undoes what it did, stores nothing
// and is returned; FailSend records it.
//
// Idempotent: effect and result are one transaction that holds the call's row, and a call
// that has its result is returned without running effect.
func (s *Store) CompleteToolCall(ctx context.Context, ws chat.WorkspaceID, action chat.ActionID, index int, effect func(context.Context, chat.ChatEditor) (json.RawMessage, error)) (chat.ToolCall, error) {
	var call chat.ToolCall
	err := s.inTx(ctx, "complete a tool call", func(ctx context.Context, tx bun.Tx) error {
		var row toolCallRow
		err := s.locked(tx.NewSelect().Model(&row).ColumnExpr("t.*").ColumnExpr("m.chat_id AS chat_id").
			Join("JOIN messages AS m ON m.workspace_id = t.workspace_id AND m.id = t.message_id").
			Where("t.workspace_id = ?", ws).Where("m.action_id = ?", action).Where("t.position = ?", index)).Scan(ctx)
		if err != nil {
			return found(err, chat.CodeActionNotFound, "action or tool call")
		}
		if row.State != chat.ToolCallPending {
			call = row.toolCall()
			return nil
		}
		now := s.time()
		row.Result, err = effect(ctx, &chatEditor{tx: tx, ws: ws, id: row.ChatID, now: now})
		if err != nil {
			return err
		}
		row.State, row.UpdatedAt = chat.ToolCallSucceeded, now
		call = row.toolCall()
		_, err = tx.NewUpdate().Model(&row).Column("state", "result", "updated_at").WherePK().Exec(ctx)
		return err
	})
	return call, err
}
