package db

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// errorWorkerLost is the code of a call whose outcome is not known because its worker is gone.
const errorWorkerLost = "worker_lost"

// BeginToolCall grants one try of a call of a tool outside, or says why there is none:
// action_not_found when the action has no such call. Nobody else is granted one for the
// tool's time limit and lease beyond it.
//
// Idempotent in what it means: a call that was begun and has no outcome when it is asked for
// again was with a worker that is lost, or still is. If its tool is idempotent it is granted
// again; else nobody knows whether it ran, and after the lease it is unknown.
func (s *Store) BeginToolCall(
	ctx context.Context,
	in chat.ToolStep,
	now time.Time,
	lease time.Duration,
) (chat.ToolTry, error) {
	now = toMicroseconds(now)
	var try chat.ToolTry
	err := s.inTx(ctx, "begin a tool call", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockCall(ctx, tx, in.WorkspaceID, in.ActionID, in.Index)
		if err != nil {
			return err
		}

		try = chat.ToolTry{
			Key:       row.key(),
			ChatID:    row.ChatID,
			MessageID: row.MessageID,
		}

		err = s.beginTry(ctx, tx, tryRequest{action: in.ActionID, now: now, lease: lease}, &row, &try)
		try.Call = row.toolCall()

		return err
	})

	return try, err
}

// tryRequest asks for a try of a call of an action, now and for its time limit and lease.
type tryRequest struct {
	action chat.ActionID
	now    time.Time
	lease  time.Duration
}

// beginTry grants a try of the call, which is held, or records why there is none.
func (s *Store) beginTry(ctx context.Context, tx bun.Tx, in tryRequest, row *toolCallRow, try *chat.ToolTry) error {
	now := in.now
	lost := row.State == chat.ToolCallRunning && !row.Idempotent

	switch {
	case lost && row.LeaseUntil != nil && now.Before(*row.LeaseUntil):
		try.WaitUntil = chat.UTC(row.LeaseUntil)
		return nil
	case lost:
		row.State = chat.ToolCallUnknown
		row.TookEffect = true
		row.ErrorCode = errorWorkerLost
		row.UpdatedAt = now
		row.Error = "the worker that ran it was lost; the tool may have carried it out"

		return s.saveAndMoveAction(ctx, tx, in.action, row)

	case row.State != chat.ToolCallPending && row.State != chat.ToolCallRunning:
		return nil
	}

	// A try that was lost may have had its effect.
	row.TookEffect = row.TookEffect || row.State == chat.ToolCallRunning

	definition, err := findTool(ctx, tx.NewSelect().Where("tl.enabled"), row.WorkspaceID, row.ToolID)
	if chat.CodeOf(err) == chat.CodeToolNotFound {
		gone := chat.Errorf(chat.CodeToolNotFound, "the tool was deleted or switched off meanwhile")
		return s.refuseTry(ctx, tx, in, row, gone)
	}

	if err != nil {
		return err
	}

	try.Definition = definition.definition()

	isOver, err := s.refuseToolOfEndedSend(ctx, tx, in, row)
	if err != nil || isOver {
		return err
	}

	refusal, err := checkAgreement(ctx, tx, in.action, row, &try.Definition)
	if err != nil {
		return err
	}

	if refusal != nil {
		return s.refuseTry(ctx, tx, in, row, refusal)
	}

	row.startTry(now, try.Definition.Timeout+in.lease)
	row.Endpoint = try.Definition.Endpoint()

	try.Granted = true
	try.Fence = row.Attempts

	return saveCall(ctx, tx, row)
}

// startTry notes that a try of the call has begun, which lasts for the lease.
func (r *toolCallRow) startTry(now time.Time, lease time.Duration) {
	until := now.Add(lease)
	r.Attempts++
	r.State = chat.ToolCallRunning
	r.LeaseUntil = &until
	r.UpdatedAt = now

	if r.StartedAt == nil {
		r.StartedAt = &now
	}
}

// refuseTry ends a call that cannot run as its tool is now.
func (s *Store) refuseTry(
	ctx context.Context,
	tx bun.Tx,
	in tryRequest,
	row *toolCallRow,
	why *chat.Error,
) error {
	applyOutcome(row, chat.ToolOutcome{
		Kind:    chat.ToolFailed,
		Code:    string(why.Code),
		Message: why.Message,
	}, in.now)

	return s.saveAndMoveAction(ctx, tx, in.action, row)
}

// refuseToolOfEndedSend ends a call of a send whose message does not leave any more, and reports whether it has done
// so. The send may have waited for a day since it was prepared, and its recipient may have said STOP. What takes a call
// back
// is not ended.
func (s *Store) refuseToolOfEndedSend(
	ctx context.Context,
	tx bun.Tx,
	in tryRequest,
	row *toolCallRow,
) (bool, error) {
	if row.Undoes != nil {
		return false, nil
	}

	var sent deliveryRow

	err := selectAllowance(tx.NewSelect().Model(&sent).ColumnExpr("d.*"), in.now).
		Where("d.workspace_id = ?", row.WorkspaceID).
		Where("d.action_id = ?", in.action).
		Scan(ctx)
	if err != nil {
		return false, err
	}

	d := sent.delivery()

	refusal, isRefused := d.RefuseTool(sent.allowance(in.now, sent.Segments))
	if !isRefused {
		return false, nil
	}

	applyOutcome(row, refusal, in.now)

	return true, s.saveAndMoveAction(ctx, tx, in.action, row)
}

// checkAgreement returns why a call may not run as its tool is now: what was agreed to was another tool,
// or less.
func checkAgreement(
	ctx context.Context,
	tx bun.Tx,
	action chat.ActionID,
	row *toolCallRow,
	d *chat.ToolDefinition,
) (*chat.Error, error) {
	if d.RiskOf(row.Name).Exceeds(row.Risk) {
		raised := chat.Errorf(
			chat.CodeApprovalVoid,
			"the risk of the tool was raised after its call was accepted: send again",
		)

		return raised, nil
	}

	if row.Undoes != nil || row.Risk != chat.RiskApproval {
		return nil, nil //nolint:nilnil // nothing stands against it
	}

	found, err := findApproval(ctx, tx.NewSelect(), row.WorkspaceID, chat.ApprovalID(action))
	if err != nil && chat.CodeOf(err) != chat.CodeApprovalNotFound {
		return nil, err
	}

	approval := found.approval()
	if err := approval.CheckPins(row.CallID, d); err != nil {
		return chat.AsError(err), nil
	}

	return nil, nil //nolint:nilnil // nothing stands against it
}

// RecordToolCall records what the try with this fence has come to: action_not_found. An
// outcome that comes late, when the call is taken for unknown, is what is known from then on,
// unless a person has decided.
//
// Idempotent: a try is recorded once; one that another has followed changes nothing.
func (s *Store) RecordToolCall(
	ctx context.Context,
	in chat.ToolStep,
	fence int,
	o chat.ToolOutcome,
	now time.Time,
) (chat.ToolCall, error) {
	now = toMicroseconds(now)
	var call chat.ToolCall
	err := s.inTx(ctx, "record a tool call", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockCall(ctx, tx, in.WorkspaceID, in.ActionID, in.Index)
		if err != nil {
			return err
		}

		open := row.State == chat.ToolCallRunning || row.State == chat.ToolCallUnknown && row.Decision == nil
		if !open || row.Attempts != fence {
			call = row.toolCall()
			return nil
		}

		applyOutcome(&row, o, now)
		call = row.toolCall()

		return s.saveAndMoveAction(ctx, tx, in.ActionID, &row)
	})

	return call, err
}

// applyOutcome gives a call the outcome of its try, judged with the tries before it.
func applyOutcome(row *toolCallRow, o chat.ToolOutcome, now time.Time) {
	before := chat.ToolProgress{Idempotent: row.Idempotent, MayHaveRun: row.TookEffect}
	if row.StartedAt != nil {
		before.Elapsed = now.Sub(*row.StartedAt)
	}

	judged := before.JudgeTry(o)
	row.State = judged.State
	row.TookEffect = judged.MayHaveRun
	row.ErrorCode = o.Code
	row.Error = judged.Message
	row.LeaseUntil = nil
	row.UpdatedAt = now

	switch judged.State {
	case chat.ToolCallSucceeded:
		row.succeed(o.Result, now)
	case chat.ToolCallFailed:
		row.FinishedAt = &now
	case chat.ToolCallPending,
		chat.ToolCallUnknown,
		chat.ToolCallRunning,
		chat.ToolCallWaiting,
		chat.ToolCallSkipped:
	}
}

// succeed gives a call its result; a tool that says nothing has answered an empty object.
func (r *toolCallRow) succeed(result json.RawMessage, now time.Time) {
	if len(result) == 0 {
		result = json.RawMessage(`{}`)
	}

	r.State = chat.ToolCallSucceeded
	r.Result = result
	r.TookEffect = true
	r.ErrorCode = ""
	r.Error = ""
	r.FinishedAt = &now
}

// saveAndMoveAction stores a call after a try. Its action waits for a person when one must
// decide about the call, and runs on otherwise. What takes a call back holds up nothing, but
// a person has to know when it does not succeed.
func (s *Store) saveAndMoveAction(ctx context.Context, tx bun.Tx, action chat.ActionID, row *toolCallRow) error {
	if err := saveCall(ctx, tx, row); err != nil {
		return err
	}

	unknown := row.State == chat.ToolCallUnknown
	if row.Undoes != nil {
		if unknown || row.State == chat.ToolCallFailed {
			return s.callForUndo(ctx, tx, row, row.UpdatedAt)
		}

		return nil
	}

	to, from := chat.ActionRunning, chat.ActionParked
	if unknown {
		to, from = from, to
	}

	_, err := moveAction(tx, actionKey{workspace: row.WorkspaceID, id: action}, to, row.UpdatedAt, from).Exec(ctx)

	return err
}

// ResolveToolCall records a person's decision about a call whose outcome is not known, and
// returns the workflow that waits for it: tool_call_not_found; conflict for a call that is
// not unknown.
func (s *Store) ResolveToolCall(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	key chat.ToolCallKey,
	d chat.ToolDecision,
) (chat.ToolCall, string, error) {
	now := s.time()
	d.By = by.MemberID
	d.At = now
	var call chat.ToolCall
	var workflow string
	err := s.inTx(ctx, "resolve a tool call", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockNamedCall(ctx, tx, ws, key)
		if err != nil {
			return err
		}

		stored := row.toolCall()
		if err := stored.CheckResolvable(); err != nil {
			return err
		}

		if err := checkResolver(ctx, tx, &row, resolution{
			action:  key.ActionID,
			verdict: d.Verdict,
			by:      by,
			at:      now,
		}); err != nil {
			return err
		}

		before := map[string]any{"state": row.State}
		applyToolDecision(&row, &d, now)
		call = row.toolCall()

		if workflow, err = workflowOfAction(ctx, tx, ws, key.ActionID); err != nil {
			return err
		}

		if err := s.saveAndMoveAction(ctx, tx, key.ActionID, &row); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "tool_call.resolved",
			object:    string(key.ActionID),
			detail: changesOf(chat.AuditToolCall, before, map[string]any{"state": row.State}).
				with("call_id", key.CallID).
				with("outcome", d.Verdict).
				with("reason", d.Reason),
		})
	})

	return call, workflow, err
}

// lockNamedCall holds the call that people name by its id: tool_call_not_found.
func (s *Store) lockNamedCall(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	key chat.ToolCallKey,
) (toolCallRow, error) {
	var at struct{ Position int }

	err := tx.NewSelect().Model((*toolCallRow)(nil)).Column("t.position").
		Join("JOIN messages AS m ON m.workspace_id = t.workspace_id AND m.id = t.message_id").
		Where("t.workspace_id = ?", ws).Where("m.action_id = ?", key.ActionID).Where("t.call_id = ?", key.CallID).
		// A caller may have called a call of its own as an undo is called.
		OrderExpr("t.position").Limit(1).Scan(ctx, &at.Position)
	if err != nil {
		return toolCallRow{}, orNotFound(err, chat.CodeToolCallNotFound, "tool call")
	}

	return s.lockCall(ctx, tx, ws, key.ActionID, at.Position)
}

// resolution is who says what of a call of an action.
type resolution struct {
	action  chat.ActionID
	verdict chat.ToolVerdict
	by      chat.Actor
	at      time.Time
}

// checkResolver refuses who asked for a call that took a second member's word, and their hand, where the decision has
// it run again, or says what it returned, which its undo may get: own_request. The operator, who has no key, may.
func checkResolver(ctx context.Context, tx bun.Tx, row *toolCallRow, r resolution) error {
	if row.Risk != chat.RiskApproval || r.verdict == chat.VerdictToolFailed || r.by.KeyID == 0 {
		return nil
	}

	found, err := findApproval(ctx, tx.NewSelect(), row.WorkspaceID, chat.ApprovalID(r.action))
	if err != nil {
		return err
	}

	asker, err := askerOf(ctx, tx, &found, r.at)
	if err != nil {
		return err
	}

	decider, err := authorityOf(ctx, tx, row.WorkspaceID, r.by, r.at)
	if err != nil {
		return err
	}

	approval := found.approval()

	return approval.CheckDecider(asker, decider, r.at)
}

// applyToolDecision gives a call the outcome that a person has said.
func applyToolDecision(row *toolCallRow, d *chat.ToolDecision, now time.Time) {
	row.Decision = d
	row.LeaseUntil = nil
	row.UpdatedAt = now

	switch d.Verdict {
	case chat.VerdictToolSucceeded:
		row.succeed(d.Result, now)
	case chat.VerdictToolFailed:
		row.State = chat.ToolCallFailed
		row.TookEffect = false
		row.FinishedAt = &now
		row.Error = strings.TrimSpace("a person has said that it did not run: " + d.Reason)

	case chat.VerdictToolRetry:
		row.State = chat.ToolCallPending
		row.TookEffect = false
		row.StartedAt = nil
		row.ErrorCode = ""
		row.Error = ""
		// The next outcome is looked at afresh.
		row.Decision = nil
	}
}
