package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type approvalRow struct {
	bun.BaseModel `bun:"table:approvals,alias:ap"`

	WorkspaceID chat.WorkspaceID   `bun:"workspace_id,pk"`
	ActionID    chat.ActionID      `bun:"action_id,pk"`
	ChatID      chat.ChatID        `bun:"chat_id"`
	State       chat.ApprovalState `bun:"state"`
	Calls       []string           `bun:"calls,type:json"`
	Deadline    time.Time          `bun:"deadline"`
	RequestedBy chat.MemberID      `bun:"requested_by,nullzero"`
	DecidedBy   chat.MemberID      `bun:"decided_by,nullzero"`
	DecidedAt   *time.Time         `bun:"decided_at"`
	Reason      string             `bun:"reason"`
	CreatedAt   time.Time          `bun:"created_at"`
}

func (r *approvalRow) approval() chat.Approval {
	return chat.Approval{
		ActionID:    r.ActionID,
		ChatID:      r.ChatID,
		State:       r.State,
		Calls:       r.Calls,
		Deadline:    r.Deadline.UTC(),
		RequestedBy: r.RequestedBy,
		DecidedBy:   r.DecidedBy,
		DecidedAt:   chat.UTC(r.DecidedAt),
		Reason:      r.Reason,
	}
}

// newApproval is what a send with risky tool calls waits for.
func newApproval(in *chat.SendAssistantMessage, plan *chat.SendPlan, now time.Time) *approvalRow {
	row := &approvalRow{
		WorkspaceID: in.WorkspaceID,
		ActionID:    in.ActionID,
		ChatID:      in.ChatID,
		State:       chat.ApprovalWaiting,
		Deadline:    now.Add(plan.ApproveWithin),
		RequestedBy: in.By.MemberID,
		CreatedAt:   now,
	}

	for i, tool := range plan.Tools {
		if tool.Risk == chat.RiskApproval {
			row.Calls = append(row.Calls, in.ToolCalls[i].ID)
		}
	}

	return row
}

// Approval finds what a send waits, or has waited, for: approval_not_found.
func (s *Store) Approval(ctx context.Context, ws chat.WorkspaceID, action chat.ActionID) (chat.Approval, error) {
	row, err := findApproval(ctx, s.db.NewSelect(), ws, action)
	return row.approval(), wrapErr("find an approval", err)
}

func findApproval(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	action chat.ActionID,
) (approvalRow, error) {
	var row approvalRow
	err := q.Model(&row).Where("ap.workspace_id = ?", ws).Where("ap.action_id = ?", action).Scan(ctx)

	return row, orNotFound(err, chat.CodeApprovalNotFound, "approval")
}

// approvalOf is the approval of a send, nil when it needs none.
func approvalOf(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, action chat.ActionID) (*chat.Approval, error) {
	row, err := findApproval(ctx, db.NewSelect(), ws, action)
	if chat.CodeOf(err) == chat.CodeApprovalNotFound {
		return nil, nil //nolint:nilnil // most sends need none
	}

	approval := row.approval()

	return &approval, err
}

// Approvals lists approvals, those asked for last first; with a state only those in it.
func (s *Store) Approvals(
	ctx context.Context,
	ws chat.WorkspaceID,
	state chat.ApprovalState,
	p chat.Page,
) (chat.List[chat.Approval], error) {
	var rows []approvalRow
	q := s.db.NewSelect().
		Model(&rows).
		Where("ap.workspace_id = ?", ws).
		OrderExpr("ap.created_at DESC, ap.action_id DESC").
		Limit(oneMore(p.Limit))

	var micros int64

	var id chat.ActionID
	if ok, err := readCursor("approvals", p.Cursor, &micros, &id); err != nil {
		return chat.List[chat.Approval]{}, err
	} else if ok {
		q.Where("(ap.created_at, ap.action_id) < (?, ?)", time.UnixMicro(micros).UTC(), id)
	}

	if state != "" {
		q.Where("ap.state = ?", state)
	}

	if err := q.Scan(ctx); err != nil {
		return chat.List[chat.Approval]{}, wrapErr("list the approvals", err)
	}

	return listOf(rows, p.Limit, (*approvalRow).approval, func(r *approvalRow) string {
		return cursorOf("approvals", microCursor(r.CreatedAt), r.ActionID)
	}), nil
}

// DecideApproval records a second person's decision, and returns the workflow that waits for
// it: approval_not_found; own_request for who has asked for the send; already_decided, also
// once the deadline has passed.
func (s *Store) DecideApproval(
	ctx context.Context,
	ws chat.WorkspaceID,
	in chat.ApprovalDecision,
) (chat.Approval, string, error) {
	in.At = toMicroseconds(in.At)

	var approval chat.Approval
	var workflow string
	err := s.inTx(ctx, "decide about an approval", func(ctx context.Context, tx bun.Tx) error {
		row, err := findApproval(ctx, s.locked(tx.NewSelect()), ws, in.ActionID)
		if err != nil {
			return err
		}

		approval = row.approval()
		if err := approval.Decide(in); err != nil {
			return err
		}

		row.State = approval.State
		row.DecidedBy = approval.DecidedBy
		row.DecidedAt = approval.DecidedAt
		row.Reason = approval.Reason

		if workflow, err = workflowOfAction(ctx, tx, ws, in.ActionID); err != nil {
			return err
		}

		return s.batch(ctx, tx,
			tx.NewUpdate().Model(&row).Column("state", "decided_by", "decided_at", "reason").WherePK(),
			moveAction(tx, actionKey{workspace: ws, id: in.ActionID}, chat.ActionRunning, in.At, chat.ActionParked),
			s.insertAudit(tx, auditEvent{
				workspace: ws,
				by:        in.By,
				verb:      "approval." + string(row.State),
				object:    string(in.ActionID),
				detail:    changed{"chat_id": row.ChatID, "reason": in.Reason},
			}),
		)
	})

	return approval, workflow, err
}

func workflowOfAction(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	action chat.ActionID,
) (workflow string, err error) {
	err = tx.NewSelect().
		Model((*actionRow)(nil)).
		Column("workflow_id").
		Where("a.workspace_id = ?", ws).
		Where("a.id = ?", action).
		Scan(ctx, &workflow)

	return workflow, err
}

// ExpireApproval ends the wait for an approval: approval_not_found. That its deadline has
// passed is for who waits to know, by one clock.
//
// Idempotent: one that is decided stays as it is.
func (s *Store) ExpireApproval(
	ctx context.Context,
	ws chat.WorkspaceID,
	action chat.ActionID,
	now time.Time,
) (chat.Approval, error) {
	now = toMicroseconds(now)
	var row approvalRow
	err := s.inTx(ctx, "expire an approval", func(ctx context.Context, tx bun.Tx) error {
		var err error
		if row, err = findApproval(ctx, s.locked(tx.NewSelect()), ws, action); err != nil ||
			row.State != chat.ApprovalWaiting {
			return err
		}

		row.State = chat.ApprovalExpired

		return s.batch(ctx, tx, tx.NewUpdate().Model(&row).Column("state").WherePK(),
			moveAction(tx, actionKey{workspace: ws, id: action}, chat.ActionRunning, now, chat.ActionParked))
	})

	return row.approval(), err
}
