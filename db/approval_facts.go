package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// addApprovalFacts adds to approvals the names of their requesters, and the texts of their sends.
func addApprovalFacts(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, all []chat.Approval) error {
	var members []chat.MemberID

	var actions []chat.ActionID

	for i := range all {
		if all[i].RequestedBy != 0 {
			members = append(members, all[i].RequestedBy)
		}

		if all[i].ActionID != "" {
			actions = append(actions, all[i].ActionID)
		}
	}

	names, err := findMemberNames(ctx, db, ws, members)
	if err != nil {
		return err
	}

	texts, err := findActionTexts(ctx, db, ws, actions)
	if err != nil {
		return err
	}

	for i := range all {
		all[i].RequesterName = names[all[i].RequestedBy]
		all[i].Message = texts[all[i].ActionID]
	}

	return nil
}

// findMemberNames returns the names of members by their ids.
func findMemberNames(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	ids []chat.MemberID,
) (map[chat.MemberID]string, error) {
	names := map[chat.MemberID]string{}
	if len(ids) == 0 {
		return names, nil
	}

	var rows []memberRow

	err := db.NewSelect().
		Model(&rows).
		Column("id", "name").
		Where("m.workspace_id = ?", ws).
		Where("m.id IN ?", bun.Tuple(ids)).
		Scan(ctx)

	for i := range rows {
		names[rows[i].ID] = rows[i].Name
	}

	return names, err
}

// findActionTexts returns the texts of sends by their action ids.
func findActionTexts(
	ctx context.Context,
	db bun.IDB,
	ws chat.WorkspaceID,
	ids []chat.ActionID,
) (map[chat.ActionID]string, error) {
	texts := map[chat.ActionID]string{}
	if len(ids) == 0 {
		return texts, nil
	}

	var rows []messageRow

	err := db.NewSelect().
		Model(&rows).
		Column("action_id", "content").
		Where("m.workspace_id = ?", ws).
		Where("m.action_id IN ?", bun.Tuple(ids)).
		Scan(ctx)

	for i := range rows {
		texts[rows[i].ActionID] = rows[i].Content
	}

	return texts, err
}
