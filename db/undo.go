package db

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// undoFailedReason is why a chat needs a response when something could not be taken back.
const undoFailedReason = "what a tool did for a message that was not delivered could not be undone"

// isUndoable reports whether a tool call of a delivery's message names what takes it back.
func isUndoable(ctx context.Context, tx bun.Tx, row *deliveryRow) (bool, error) {
	return tx.NewSelect().Model((*toolCallRow)(nil)).Where("t.workspace_id = ?", row.WorkspaceID).
		Where("t.message_id = ?", row.MessageID).Where("t.undo IS NOT NULL").Exists(ctx)
}

// BeginUndo stores the calls that take back what the tool calls of a send have done, as plan
// makes them, and returns those that are to run, the newest effect first: action_not_found.
// There are none unless the message was not delivered, and will not be: once they are stored
// its delivery is not tried again.
//
// Idempotent: they are stored once.
func (s *Store) BeginUndo(
	ctx context.Context,
	ws chat.WorkspaceID,
	action chat.ActionID,
	plan func(call chat.ToolCall, undo chat.Undo, tools []chat.Tool) chat.ToolCall,
	now time.Time,
) ([]chat.ToolRun, error) {
	now = toMicroseconds(now)
	var runs []chat.ToolRun
	err := s.inTx(ctx, "begin an undo", func(ctx context.Context, tx bun.Tx) error {
		message, delivery, err := s.lockNewest(ctx, tx, ws, action)
		if errors.Is(err, errNotNewest) {
			return nil
		}

		if err != nil {
			return err
		}

		rows, err := messageCalls(ctx, tx, ws, message.ID)
		if err != nil {
			return err
		}

		undone := slices.ContainsFunc(rows, func(r toolCallRow) bool { return r.Undoes != nil })
		snapshot := delivery.Snapshot()

		if !undone && snapshot.Undelivered() {
			in := undoPlan{action: message.ActionID, plan: plan, now: now}
			if rows, err = s.storeUndo(ctx, tx, in, rows); err != nil {
				return err
			}
		}

		runs = undoRuns(ws, message.ActionID, rows)

		return nil
	})

	return runs, err
}

// errNotNewest says that the message has a delivery of another action by now.
var errNotNewest = errors.New("another action has delivered the message anew")

// lockNewest finds the message of a send, or of a retry, and holds its newest delivery, as
// another retry of it would.
func (s *Store) lockNewest(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	action chat.ActionID,
) (messageRow, chat.Delivery, error) {
	var message messageRow

	err := tx.NewSelect().
		Model(&message).
		Where("m.workspace_id = ?", ws).
		Where(`m.id IN (SELECT d.message_id FROM deliveries d
			WHERE d.workspace_id = ? AND d.action_id = ?)`, ws, action).
		Scan(ctx)
	if err != nil {
		return message, chat.Delivery{}, orNotFound(err, chat.CodeActionNotFound, "action that sends")
	}

	newest := func(q *bun.SelectQuery) (row deliveryRow, err error) {
		err = q.Model(&row).Where("d.workspace_id = ?", ws).Where("d.message_id = ?", message.ID).
			OrderExpr("d.created_at DESC, d.id DESC").Limit(1).Scan(ctx)

		return row, err
	}

	held, err := newest(s.locked(tx.NewSelect()))
	if err != nil {
		return message, chat.Delivery{}, err
	}

	// Who has held it before may have made a newer one meanwhile. Each delivery is its own
	// action's to undo, so that two workflows never do.
	row, err := newest(tx.NewSelect())
	if err == nil && (row.ID != held.ID || row.ActionID != action) {
		err = errNotNewest
	}

	return message, row.delivery(), err
}

func messageCalls(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, message chat.MessageID) ([]toolCallRow, error) {
	var rows []toolCallRow
	err := tx.NewSelect().
		Model(&rows).
		Where("t.workspace_id = ?", ws).
		Where("t.message_id = ?", message).
		OrderExpr("t.position").
		Scan(ctx)

	return rows, err
}

// undoPlan says how the calls of an action are taken back, and when.
type undoPlan struct {
	action chat.ActionID
	plan   func(chat.ToolCall, chat.Undo, []chat.Tool) chat.ToolCall
	now    time.Time
}

// storeUndo inserts the calls that take back what has had, or may have had, its effect.
func (s *Store) storeUndo(ctx context.Context, tx bun.Tx, in undoPlan, rows []toolCallRow) ([]toolCallRow, error) {
	var undo []toolCallRow
	var tools []chat.Tool

	for i := range rows {
		row := &rows[i]
		if row.Undo == nil || !row.TookEffect {
			continue
		}

		if tools == nil {
			var err error
			// Whoever may use them: what was done is taken back by the workspace.
			if tools, err = workspaceTools(ctx, tx, row.WorkspaceID, everyTool); err != nil {
				return nil, err
			}
		}

		call := in.plan(row.toolCall(), *row.Undo, tools)
		undo = append(undo, undoRow(row, &call, in.now))
	}

	if len(undo) == 0 {
		return rows, nil
	}

	if _, err := tx.NewInsert().Model(&undo).Exec(ctx); err != nil {
		return nil, err
	}

	if slices.ContainsFunc(undo, func(r toolCallRow) bool { return r.State == chat.ToolCallFailed }) {
		if err := s.callForUndo(ctx, tx, &rows[0], in.now); err != nil {
			return nil, err
		}
	}

	rows = append(rows, undo...)

	return rows, s.audit(ctx, tx, auditEvent{
		workspace: rows[0].WorkspaceID,
		by:        chat.Actor{},
		verb:      "tool_calls.undone",
		object:    string(in.action),
		detail:    changed{"tool_calls": len(undo)},
	})
}

func undoRow(of *toolCallRow, call *chat.ToolCall, now time.Time) toolCallRow {
	undoes := of.Position

	row := toolCallRow{
		WorkspaceID: of.WorkspaceID,
		MessageID:   of.MessageID,
		Position:    chat.MaxToolCalls + of.Position,
		Undoes:      &undoes,
		CallID:      call.ID,
		Name:        call.Name,
		Arguments:   call.Arguments,
		State:       call.State,
		ErrorCode:   call.ErrorCode,
		Error:       call.Error,
		Kind:        call.Kind,
		Risk:        call.Risk,
		ToolID:      call.ToolID,
		Idempotent:  call.Idempotent,
		UpdatedAt:   now,
	}
	if row.Kind == "" {
		row.Kind = of.Kind
		row.Risk = of.Risk
	}

	return row
}

// undoRuns are the undo calls that have no outcome yet, the newest effect first.
func undoRuns(ws chat.WorkspaceID, action chat.ActionID, rows []toolCallRow) []chat.ToolRun {
	var runs []chat.ToolRun

	for i := len(rows) - 1; i >= 0; i-- {
		row := &rows[i]
		if row.Undoes == nil || row.State.Settled() || row.State == chat.ToolCallUnknown {
			continue
		}

		runs = append(runs, chat.ToolRun{
			ToolStep:  chat.ToolStep{WorkspaceID: ws, ActionID: action, Index: row.Position},
			Name:      row.Name,
			Kind:      row.Kind,
			Arguments: row.Arguments,
		})
	}

	return runs
}

// FailUndo records why a call could not be taken back, and calls for a person:
// action_not_found.
//
// Idempotent: an undo that has its outcome keeps it.
func (s *Store) FailUndo(ctx context.Context, in chat.SendFailure, now time.Time) error {
	now = toMicroseconds(now)

	return s.inTx(ctx, "fail an undo", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockCall(ctx, tx, in.WorkspaceID, in.ActionID, in.Index)
		if err != nil || row.Undoes == nil || row.State != chat.ToolCallPending && row.State != chat.ToolCallRunning {
			return err
		}

		if row.ErrorCode == "" {
			row.ErrorCode = string(in.Problem.Code)
			row.Error = in.Problem.Message
		}

		row.State = chat.ToolCallFailed
		row.FinishedAt = &now
		row.UpdatedAt = now

		return s.saveAndMoveAction(ctx, tx, in.ActionID, &row)
	})
}

// callForUndo calls a person into the chat of a message.
func (*Store) callForUndo(ctx context.Context, tx bun.Tx, row *toolCallRow, now time.Time) error {
	var message messageRow

	err := tx.NewSelect().
		Model(&message).
		Where("m.workspace_id = ?", row.WorkspaceID).
		Where("m.id = ?", row.MessageID).
		Scan(ctx)
	if err != nil {
		return err
	}

	err = editChat(ctx, requestResponse(tx.NewUpdate(), undoFailedReason), row.WorkspaceID, message.ChatID, now)
	if chat.CodeOf(err) == chat.CodeChatNotFound {
		return nil // deleted meanwhile: nobody is to respond
	}

	return err
}

var toolCallMessagesOrder = keyset[messageRow, int64]{
	list:        "tool_call_messages",
	id:          "m.number",
	idOf:        func(r *messageRow) int64 { return r.Number },
	newestFirst: true,
}

// ToolCallMessages are the messages of a chat that bring a call with this id, the newest
// first, each with that call alone: tool_call_not_found when there is none.
func (s *Store) ToolCallMessages(
	ctx context.Context,
	ws chat.WorkspaceID,
	id chat.ChatID,
	callID string,
	p chat.Page,
) (chat.List[chat.Message], error) {
	var rows []messageRow

	q := s.db.NewSelect().Model(&rows).ColumnExpr("m.*").ColumnExpr(callsBytes).
		Where("m.workspace_id = ?", ws).Where("m.chat_id = ?", id).
		// Nearly every message with tool calls has a call_1, so it is the chat's messages that are walked.
		Where(`EXISTS (SELECT 1 FROM tool_calls t WHERE t.workspace_id = m.workspace_id AND t.message_id = m.id
			AND t.call_id = ? AND t.undoes IS NULL)`, callID)

	list, err := listQuery[messageRow, int64, chat.Message]{
		query: q,
		rows:  &rows,
		order: &toolCallMessagesOrder,
		page:  p,
		item:  (*messageRow).message,
	}.read(ctx)
	if err != nil {
		return chat.List[chat.Message]{}, wrapErr("list the messages of a tool call", err)
	}

	if len(rows) == 0 && p.Cursor == "" && p.Limit > 0 {
		return chat.List[chat.Message]{}, notFound(chat.CodeToolCallNotFound, "tool call")
	}

	if err := addToolCalls(ctx, s.db, ws, list.Items); err != nil {
		return chat.List[chat.Message]{}, wrapErr("list the tool calls of messages", err)
	}

	for i := range list.Items {
		list.Items[i].ToolCalls = slices.DeleteFunc(
			list.Items[i].ToolCalls,
			func(c chat.ToolCall) bool { return c.ID != callID },
		)
	}

	return list, nil
}
