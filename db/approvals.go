package db

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
	"handrail/uuidv7"
)

type approvalRow struct {
	bun.BaseModel `bun:"table:approvals,alias:ap"`

	WorkspaceID  chat.WorkspaceID     `bun:"workspace_id,pk"`
	ID           chat.ApprovalID      `bun:"id,pk"`
	Kind         chat.ApprovalKind    `bun:"kind"`
	ActionID     chat.ActionID        `bun:"action_id,nullzero"`
	ChatID       chat.ChatID          `bun:"chat_id,nullzero"`
	State        chat.ApprovalState   `bun:"state"`
	Request      chat.ApprovalRequest `bun:"request,type:json"`
	Effect       *chat.ApprovalEffect `bun:"effect,type:json,nullzero"`
	Deadline     time.Time            `bun:"deadline"`
	RequestedBy  chat.MemberID        `bun:"requested_by,nullzero"`
	RequestedKey chat.KeyID           `bun:"requested_key,nullzero"`
	DecidedBy    chat.MemberID        `bun:"decided_by,nullzero"`
	DecidedAt    *time.Time           `bun:"decided_at"`
	ExecutedAt   *time.Time           `bun:"executed_at"`
	Reason       string               `bun:"reason"`
	CreatedAt    time.Time            `bun:"created_at"`
}

func (r *approvalRow) approval() chat.Approval {
	a := chat.Approval{
		ID:          r.ID,
		Kind:        r.Kind,
		ActionID:    r.ActionID,
		ChatID:      r.ChatID,
		State:       r.State,
		Request:     r.Request,
		Deadline:    r.Deadline.UTC(),
		RequestedBy: r.RequestedBy,
		DecidedBy:   r.DecidedBy,
		DecidedAt:   chat.UTC(r.DecidedAt),
		ExecutedAt:  chat.UTC(r.ExecutedAt),
		Reason:      r.Reason,
		CreatedAt:   r.CreatedAt.UTC(),
	}

	for _, call := range r.Request.Calls {
		a.Calls = append(a.Calls, call.CallID)
	}

	return a
}

// approvalAt is the approval as it stands at a time: no workflow ends the wait of one that is not a
// send's.
func (r *approvalRow) approvalAt(now time.Time) chat.Approval {
	a := r.approval()
	if a.Kind != chat.ApprovalSend && a.State == chat.ApprovalWaiting && !now.Before(a.Deadline) {
		a.State = chat.ApprovalExpired
	}

	return a
}

// newApproval is what a send with risky tool calls waits for. It pins their tools as they are.
func newApproval(in *chat.SendAssistantMessage, plan *chat.SendPlan, now time.Time) *approvalRow {
	row := &approvalRow{
		WorkspaceID:  in.WorkspaceID,
		ID:           chat.ApprovalID(in.ActionID),
		Kind:         chat.ApprovalSend,
		ActionID:     in.ActionID,
		ChatID:       in.ChatID,
		State:        chat.ApprovalWaiting,
		Deadline:     now.Add(plan.ApproveWithin),
		RequestedBy:  in.By.MemberID,
		RequestedKey: in.By.KeyID,
		CreatedAt:    now,
	}

	for i := range plan.Tools {
		if plan.Tools[i].Risk == chat.RiskApproval {
			row.Request.Calls = append(row.Request.Calls, chat.PinnedCall{
				CallID:    in.ToolCalls[i].ID,
				Tool:      chat.PinTool(&plan.Tools[i]),
				Arguments: in.ToolCalls[i].Arguments,
			})
		}
	}

	return row
}

// Approval finds what waits, or has waited, for a second member: approval_not_found.
func (s *Store) Approval(ctx context.Context, ws chat.WorkspaceID, id chat.ApprovalID) (chat.Approval, error) {
	row, err := findApproval(ctx, s.db.NewSelect(), ws, id)
	if err != nil {
		return chat.Approval{}, wrapErr("find an approval", err)
	}

	all := []chat.Approval{row.approvalAt(s.time())}
	if err := s.nameDeciders(ctx, s.db, ws, all, []approvalRow{row}); err != nil {
		return chat.Approval{}, wrapErr("find who can decide about an approval", err)
	}

	err = addApprovalFacts(ctx, s.db, ws, all)

	return all[0], wrapErr("read what an approval is about", err)
}

func findApproval(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	id chat.ApprovalID,
) (approvalRow, error) {
	var row approvalRow
	err := q.Model(&row).Where("ap.workspace_id = ?", ws).Where("ap.id = ?", id).Scan(ctx)

	return row, orNotFound(err, chat.CodeApprovalNotFound, "approval")
}

var approvalsOrder = keyset[approvalRow, chat.ApprovalID]{
	list: "approvals",
	id:   "ap.id",
	idOf: func(r *approvalRow) chat.ApprovalID { return r.ID },
	times: []timeColumn[approvalRow]{{
		name:    "created_at",
		column:  "ap.created_at",
		valueOf: func(r *approvalRow) time.Time { return r.CreatedAt },
	}},
	newestFirst: true,
}

// Approvals lists approvals, those asked for last first; with a state only those in it.
func (s *Store) Approvals(
	ctx context.Context,
	ws chat.WorkspaceID,
	states []chat.ApprovalState,
	p chat.Page,
) (chat.List[chat.Approval], error) {
	var rows []approvalRow
	now := s.time()
	q := s.db.NewSelect().
		Model(&rows).
		Where("ap.workspace_id = ?", ws)

	if len(states) > 0 {
		q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery { return whereApprovalIsIn(q, states, now) })
	}

	list, err := listQuery[approvalRow, chat.ApprovalID, chat.Approval]{
		query: q,
		rows:  &rows,
		order: &approvalsOrder,
		page:  p,
		item:  func(r *approvalRow) chat.Approval { return r.approvalAt(now) },
	}.read(ctx)
	if err != nil {
		return chat.List[chat.Approval]{}, wrapErr("list the approvals", err)
	}

	if err := s.nameDeciders(ctx, s.db, ws, list.Items, rows); err != nil {
		return chat.List[chat.Approval]{}, wrapErr("find who can decide about approvals", err)
	}

	return list, wrapErr("read what approvals are about", addApprovalFacts(ctx, s.db, ws, list.Items))
}

// whereApprovalIsIn finds approvals in any of the states. What nobody has decided on in time waits in its row, unless
// it is a send, which its workflow ends.
func whereApprovalIsIn(q *bun.SelectQuery, states []chat.ApprovalState, now time.Time) *bun.SelectQuery {
	const ended = "(ap.kind <> 'send' AND ap.state = 'waiting' AND ap.deadline <= ?)"

	for _, state := range states {
		switch state {
		case chat.ApprovalWaiting:
			q.WhereOr("(ap.state = ? AND NOT "+ended+")", state, now)
		case chat.ApprovalExpired:
			q.WhereOr("(ap.state = ? OR "+ended+")", state, now)
		case chat.ApprovalApproved, chat.ApprovalRefused, chat.ApprovalVoid:
			q.WhereOr("ap.state = ?", state)
		}
	}

	return q
}

// maxWaitingApprovals is how much one member may have waiting beside sends.
const maxWaitingApprovals = 100

// RequestApproval asks for a second member's word on something that is no send. The same that waits
// already is not asked for twice; rate_limited when very much of one member waits.
func (s *Store) RequestApproval(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.NewApproval,
) (chat.Approval, error) {
	now := s.time()
	all := make([]chat.Approval, 1)

	err := s.inTx(ctx, "ask for an approval", func(ctx context.Context, tx bun.Tx) error {
		row := approvalRow{
			WorkspaceID:  ws,
			ID:           uuidv7.New[chat.ApprovalID](),
			Kind:         in.Kind,
			State:        chat.ApprovalWaiting,
			Request:      in.Request,
			Effect:       in.Effect,
			Deadline:     now.Add(chat.ApprovalDeadline),
			RequestedBy:  by.MemberID,
			RequestedKey: by.KeyID,
			CreatedAt:    now,
		}

		same, err := findSameRequest(ctx, tx, &row)
		if err != nil {
			return err
		}

		if same != nil {
			row = *same
			all[0] = row.approvalAt(now)

			return s.nameDeciders(ctx, tx, ws, all, []approvalRow{row})
		}

		if err := insertOwned(ctx, tx.NewInsert().Model(&row)); err != nil {
			return err
		}

		all[0] = row.approval()
		if err := s.nameDeciders(ctx, tx, ws, all, []approvalRow{row}); err != nil {
			return err
		}

		return s.audit(ctx, tx, auditEvent{
			workspace: ws,
			by:        by,
			verb:      "approval.requested",
			object:    string(row.ID),
			detail:    describeApproval(&row),
		})
	})

	return all[0], err
}

// findSameRequest finds what asks for the same and waits, nil when nothing does.
func findSameRequest(ctx context.Context, tx bun.Tx, row *approvalRow) (*approvalRow, error) {
	var waiting []approvalRow

	err := tx.NewSelect().
		Model(&waiting).
		Where("ap.workspace_id = ?", row.WorkspaceID).
		Where("ap.kind <> ?", chat.ApprovalSend).
		Where("ap.requested_by = ?", row.RequestedBy).
		Where("ap.state = ?", chat.ApprovalWaiting).
		Where("ap.deadline > ?", row.CreatedAt).
		OrderExpr("ap.created_at DESC, ap.id DESC").
		Limit(maxWaitingApprovals).
		Scan(ctx)
	if err != nil {
		return nil, err
	}

	for i := range waiting {
		same := &waiting[i]
		if same.Kind == row.Kind && same.RequestedKey == row.RequestedKey &&
			chat.SameRequest(same.Request, row.Request) && chat.SameEffect(same.Effect, row.Effect) {
			return same, nil
		}
	}

	if len(waiting) >= maxWaitingApprovals {
		return nil, chat.Errorf(
			chat.CodeTooManyApprovals,
			"%d requests of this member wait for a second member already; have some decided first",
			maxWaitingApprovals,
		)
	}

	return nil, nil //nolint:nilnil // nothing asks for the same
}

// errVoid says that what an approval is about was changed since it was asked for, or who asked.
var errVoid = errors.New("the approval is void")

// DecideApproval records a second member's decision, or the operator's when it is by no key, and does
// in the same transaction what it is about. It returns the workflow that waits for it, "" for
// none: approval_not_found; own_request and forbidden for who cannot decide; already_decided, also
// once the deadline has passed; approval_void when what it is about was changed since, or who asked may
// not ask any more, which is recorded. The errors of what is done are returned too, and then nothing is decided.
func (s *Store) DecideApproval(
	ctx context.Context,
	ws chat.WorkspaceID,
	in chat.ApprovalDecision,
) (chat.Approval, string, error) {
	in.At = toMicroseconds(in.At)

	var row approvalRow
	var workflow string
	var void bool
	var member memberRow

	err := s.inTx(ctx, "decide about an approval", func(ctx context.Context, tx bun.Tx) error {
		var err error

		if row, err = s.lockApproval(ctx, tx, ws, in); err != nil {
			return err
		}

		if workflow, err = workflowOfApproval(ctx, tx, &row); err != nil {
			return err
		}

		err = s.decideApproval(ctx, tx, &row, in)
		if err == nil && row.State == chat.ApprovalApproved {
			member, err = s.executeApproval(ctx, tx, &row, in)
		}

		if void = errors.Is(err, errVoid); err != nil && !void {
			return err
		}

		if void {
			row.State = chat.ApprovalVoid
		}

		return s.saveDecision(ctx, tx, &row, in)
	})
	if err != nil {
		return chat.Approval{}, "", s.orAddressTaken(ctx, err, &member)
	}

	approval := row.approval()
	if void {
		return approval, workflow, approval.Void()
	}

	return approval, workflow, nil
}

// decideApproval puts a decision into the row, which is held. It returns errVoid, with the decision in the
// row, when who asked may not ask for it any more.
func (s *Store) decideApproval(ctx context.Context, tx bun.Tx, row *approvalRow, in chat.ApprovalDecision) error {
	approval := row.approval()

	asker, err := askerOf(ctx, tx, row, in.At)
	if err != nil {
		return err
	}

	if in.By.KeyID != 0 {
		decider, err := authorityOf(ctx, tx, row.WorkspaceID, in.By, in.At)
		if err != nil {
			return err
		}

		if err := approval.CheckDecider(asker, decider, in.At); err != nil {
			return err
		}
	}

	if err := approval.Decide(in); err != nil {
		return err
	}

	row.State = approval.State
	row.DecidedBy = approval.DecidedBy
	row.DecidedAt = approval.DecidedAt
	row.Reason = approval.Reason

	if row.State == chat.ApprovalApproved && !approval.AskerHolds(asker) {
		return errVoid
	}

	return nil
}

// requester is who has asked, with which key.
func (r *approvalRow) requester() chat.Actor {
	return chat.Actor{MemberID: r.RequestedBy, KeyID: r.RequestedKey}
}

func (s *Store) saveDecision(ctx context.Context, tx bun.Tx, row *approvalRow, in chat.ApprovalDecision) error {
	detail := describeApproval(row)
	detail["reason"] = in.Reason

	statements := []bun.Query{
		tx.NewUpdate().Model(row).Column("state", "decided_by", "decided_at", "executed_at", "reason").WherePK(),
		s.insertAudit(tx, auditEvent{
			workspace: row.WorkspaceID,
			by:        in.By,
			verb:      "approval." + string(row.State),
			object:    string(row.ID),
			detail:    detail,
		}),
	}

	if row.Kind == chat.ApprovalSend {
		key := actionKey{workspace: row.WorkspaceID, id: row.ActionID}
		statements = append(statements, moveAction(tx, key, chat.ActionRunning, in.At, chat.ActionParked))
	}

	return s.batch(ctx, tx, statements...)
}

func workflowOfApproval(ctx context.Context, tx bun.Tx, row *approvalRow) (string, error) {
	if row.Kind != chat.ApprovalSend {
		return "", nil
	}

	return workflowOfAction(ctx, tx, row.WorkspaceID, row.ActionID)
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

func workflowsOfActions(
	ctx context.Context,
	tx bun.Tx,
	ws chat.WorkspaceID,
	actions []chat.ActionID,
) (workflows []string, err error) {
	err = tx.NewSelect().
		Model((*actionRow)(nil)).
		Column("workflow_id").
		Where("a.workspace_id = ?", ws).
		Where("a.id IN ?", bun.Tuple(actions)).
		OrderExpr("a.id").
		Scan(ctx, &workflows)

	return workflows, err
}

// ExpireApproval ends the wait for the approval of a send: approval_not_found. That its deadline has
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
		if row, err = findApproval(ctx, s.locked(tx.NewSelect()), ws, chat.ApprovalID(action)); err != nil ||
			row.State != chat.ApprovalWaiting {
			return err
		}

		row.State = chat.ApprovalExpired

		return s.batch(ctx, tx, tx.NewUpdate().Model(&row).Column("state").WherePK(),
			moveAction(tx, actionKey{workspace: ws, id: action}, chat.ActionRunning, now, chat.ActionParked))
	})

	return row.approval(), err
}
