package db

import (
	"context"
	"encoding/json"
	"fmt"
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
	Kind        chat.ToolKind      `bun:"kind"`
	Risk        chat.ToolRisk      `bun:"risk"`
	ToolID      chat.ToolID        `bun:"tool_id,nullzero"`
	Idempotent  bool               `bun:"idempotent"`
	Undo        *chat.Undo         `bun:"undo,type:json,nullzero"`
	// Undoes is the position of the call that this one takes back.
	Undoes   *int `bun:"undoes"`
	Attempts int  `bun:"attempts"`
	// Endpoint is what the last try of a tool outside has called.
	Endpoint   string             `bun:"endpoint"`
	LeaseUntil *time.Time         `bun:"lease_until"`
	TookEffect bool               `bun:"took_effect"`
	ErrorCode  string             `bun:"error_code"`
	Decision   *chat.ToolDecision `bun:"decision,type:json,nullzero"`
	StartedAt  *time.Time         `bun:"started_at"`
	FinishedAt *time.Time         `bun:"finished_at"`

	ChatID    chat.ChatID               `bun:"chat_id,scanonly"`
	RequestID chat.ContributorRequestID `bun:"request_id,scanonly"`
	ActionID  chat.ActionID             `bun:"action_id,scanonly"`
	// UndoesCall is the id of the call that this one takes back.
	UndoesCall string `bun:"undoes_call,scanonly"`
}

func (r *toolCallRow) toolCall() chat.ToolCall {
	call := chat.ToolCall{
		ID:         r.CallID,
		Name:       r.Name,
		Arguments:  r.Arguments,
		State:      r.State,
		Result:     r.Result,
		ErrorCode:  r.ErrorCode,
		Error:      r.Error,
		Kind:       r.Kind,
		Risk:       r.Risk,
		ToolID:     r.ToolID,
		Idempotent: r.Idempotent,
		Attempts:   r.Attempts,
		Where:      r.Endpoint,
		MayHaveRun: r.TookEffect && r.State != chat.ToolCallSucceeded,
		StartedAt:  chat.UTC(r.StartedAt),
		FinishedAt: chat.UTC(r.FinishedAt),
		Request:    r.RequestID,
		Decision:   r.Decision,
	}

	if r.Undo != nil {
		call.UndoTool = r.Undo.Tool
	}

	if r.Kind != chat.ToolBuiltin {
		call.Key = r.key()
	}

	return call
}

// key is the idempotency key of the call: the same for every try of it, and no other call has it.
func (r *toolCallRow) key() string { return fmt.Sprintf("%s-%d", r.MessageID, r.Position) }

// toolCallRows are the calls of a send, each of the tool that it was found to be of.
func toolCallRows(
	ws chat.WorkspaceID,
	message chat.MessageID,
	calls []chat.ToolCall,
	tools []chat.Tool,
	now time.Time,
) []toolCallRow {
	rows := make([]toolCallRow, len(calls))
	for i, c := range calls {
		rows[i] = toolCallRow{
			WorkspaceID: ws,
			MessageID:   message,
			Position:    i,
			CallID:      c.ID,
			Name:        c.Name,
			Arguments:   c.Arguments,
			State:       chat.ToolCallPending,
			UpdatedAt:   now,
			Kind:        chat.ToolBuiltin,
			Risk:        chat.RiskWrite,
			Idempotent:  true,
		}

		if len(c.Arguments) == 0 {
			rows[i].Arguments = json.RawMessage(`{}`)
		}

		if i < len(tools) {
			t := tools[i]
			rows[i].Kind = t.Kind
			rows[i].Risk = t.Risk
			rows[i].ToolID = t.ID
			rows[i].Undo = t.Undo
			rows[i].Idempotent = t.Idempotent || t.Kind == chat.ToolBuiltin
		}
	}

	return rows
}

// callsOf selects the calls of messages with what belongs to them.
func callsOf(q *bun.SelectQuery) *bun.SelectQuery {
	return withRequests(q.ColumnExpr("t.*"))
}

// briefCallsOf selects tool calls without what they were given and have answered, which may be megabytes.
func briefCallsOf(q *bun.SelectQuery) *bun.SelectQuery {
	return withRequests(q.ExcludeColumn("arguments", "result"))
}

// withRequests adds the ids of what contributors are asked by tool calls.
func withRequests(q *bun.SelectQuery) *bun.SelectQuery {
	return q.
		ColumnExpr(`(SELECT r.id FROM contributor_requests r WHERE r.workspace_id = t.workspace_id
			AND r.message_id = t.message_id AND r.position = t.position) AS request_id`)
}

// addToolCalls fills in the tool calls of messages, in the order in which they run.
func addToolCalls(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, messages []chat.Message) error {
	return addSelectedCalls(ctx, db, ws, messages, callsOf)
}

// addSelectedCalls is addToolCalls with the columns that are given.
func addSelectedCalls(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	messages []chat.Message,
	columns func(*bun.SelectQuery) *bun.SelectQuery,
) error {
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

	err := columns(db.NewSelect().Model(&rows)).
		Where("t.workspace_id = ?", ws).
		Where("t.message_id IN ?", bun.Tuple(ids)).
		OrderExpr("t.message_id, t.position").
		Scan(ctx)
	if err != nil {
		return err
	}

	calls := map[chat.MessageID][]chat.ToolCall{}
	for _, r := range rows {
		of := calls[r.MessageID]
		call := r.toolCall()

		switch {
		case r.Undoes == nil:
			calls[r.MessageID] = append(of, call)
		case *r.Undoes < len(of):
			// They come after what they take back.
			of[*r.Undoes].Undo = &call
		}
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
func (s *Store) CompleteToolCall(
	ctx context.Context,
	ws chat.WorkspaceID,
	action chat.ActionID,
	index int,
	effect func(context.Context, chat.ChatEditor) (json.RawMessage, error),
) (chat.ToolCall, error) {
	var call chat.ToolCall
	err := s.inTx(ctx, "complete a tool call", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockCall(ctx, tx, ws, action, index)
		if err != nil {
			return err
		}

		if row.State != chat.ToolCallPending {
			call = row.toolCall()
			return nil
		}

		now := s.time()

		row.Result, err = effect(ctx, &chatEditor{
			tx:  tx,
			ws:  ws,
			id:  row.ChatID,
			now: now,
		})
		if err != nil {
			return err
		}

		row.Attempts++
		row.State = chat.ToolCallSucceeded
		row.TookEffect = true
		row.StartedAt = &now
		row.FinishedAt = &now
		row.UpdatedAt = now
		call = row.toolCall()

		return saveCall(ctx, tx, &row)
	})

	return call, err
}

// lockCall holds a tool call of an action: action_not_found.
func (s *Store) lockCall(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	action chat.ActionID,
	index int,
) (toolCallRow, error) {
	var row toolCallRow
	err := s.locked(callsOf(tx.NewSelect().Model(&row)).ColumnExpr("m.chat_id AS chat_id").
		Join("JOIN messages AS m ON m.workspace_id = t.workspace_id AND m.id = t.message_id").
		Where("t.workspace_id = ?", ws).Where("m.action_id = ?", action).Where("t.position = ?", index)).Scan(ctx)

	return row, orNotFound(err, chat.CodeActionNotFound, "action or tool call")
}

// savedCallColumns are what may change of a call.
var savedCallColumns = []string{
	"state",
	"result",
	"error",
	"error_code",
	"attempts",
	"endpoint",
	"lease_until",
	"took_effect",
	"decision",
	"started_at",
	"finished_at",
	"updated_at",
}

func saveCall(ctx context.Context, tx bun.Tx, row *toolCallRow) error {
	_, err := tx.NewUpdate().Model(row).Column(savedCallColumns...).WherePK().Exec(ctx)

	return err
}
