package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// ReviewTool says whether storing a definition takes a second member, before anything of it is used: of a
// new one when it has no ID, otherwise of a change: tool_not_found. The operator needs nobody.
func (s *Store) ReviewTool(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	d chat.ToolDefinition,
) (chat.ToolReview, error) {
	if by.KeyID == 0 {
		return chat.ToolReview{}, nil
	}

	var before *chat.ToolDefinition

	if d.ID != 0 {
		stored, err := findTool(ctx, s.db.NewSelect(), ws, d.ID)
		if err != nil {
			return chat.ToolReview{}, wrapErr("find a tool", err)
		}

		before = new(stored.definition())
	}

	review, err := reviewTool(ctx, s.db, ws, before, &d)

	return review, wrapErr("review a tool", err)
}

// reviewTool says whether a definition takes a second member in place of another one, or of none.
func reviewTool(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	before *chat.ToolDefinition,
	after *chat.ToolDefinition,
) (chat.ToolReview, error) {
	var review chat.ToolReview

	if before != nil {
		review.NeedsSecond = chat.ToolChangeNeedsSecond(before, after)

		if !after.HasMoved(before) {
			return review, nil
		}
	}

	var rows []toolRow

	err := db.NewSelect().
		Model(&rows).
		Where("tl.workspace_id = ?", ws).
		Where("tl.id <> ?", after.ID).
		// What was stored before destinations were has none.
		Where("(tl.destination = ? OR tl.destination IS NULL)", after.Destination()).
		OrderExpr("tl.id").
		Scan(ctx)
	if err != nil {
		return review, err
	}

	for i := range rows {
		if other := rows[i].definition(); after.BypassesRisk(&other) {
			review.NeedsSecond = true
			review.Bypasses = other.Pin()

			break
		}
	}

	return review, nil
}

// allowToolChange refuses a new tool, before is nil then, or a change that takes a second member, unless it
// was approved: as a whole, or as a new signing secret.
func (s *Store) allowToolChange(
	ctx context.Context,
	tx bun.Tx,
	change approvedChange,
	before *chat.ToolDefinition,
	after *chat.ToolDefinition,
) error {
	if before != nil && after.Approval != "" {
		return s.useApproval(ctx, tx, approvalUse{
			workspace: change.workspace,
			by:        change.by,
			id:        after.Approval,
			kind:      chat.ApprovalToolSecret,
			request:   chat.ApprovalRequest{Tool: before.Pin()},
		})
	}

	if !change.isAlone() {
		return nil
	}

	review, err := reviewTool(ctx, tx, change.workspace, before, after)
	if err == nil && review.NeedsSecond {
		return needsApproval(
			"changing a tool that needs approval, lowering a tool's risk, or reaching with a lower risk " +
				"what another reaches",
		)
	}

	return err
}

// keepDestination remembers where a tool of the risk approval has gone that now goes elsewhere: with the row
// of a tool that is deleted. Two have agreed to the move, and not to what one may do with the old address.
func (s *Store) keepDestination(ctx context.Context, tx bun.Tx, stored toolRow, after *chat.ToolDefinition) error {
	before := stored.definition()
	if !before.NeedsApproval() || !after.HasMoved(&before) {
		return nil
	}

	now := s.time()
	stored.ID = 0
	stored.Destination = before.Destination()
	stored.Sealed = nil
	stored.UpdatedAt = now
	stored.DeletedAt = &now

	_, err := tx.NewInsert().Model(&stored).Exec(ctx)

	return err
}
