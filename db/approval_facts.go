package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// addRequesters adds to approvals who has asked, by name.
func addRequesters(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, all []chat.Approval) error {
	var members []chat.MemberID

	for i := range all {
		if all[i].RequestedBy != 0 {
			members = append(members, all[i].RequestedBy)
		}
	}

	names, err := memberNames(ctx, db, ws, members)

	for i := range all {
		all[i].RequesterName = names[all[i].RequestedBy]
	}

	return err
}

// addApprovedTexts adds to approvals of sends what is to be said.
func addApprovedTexts(ctx context.Context, db bun.IDB, ws chat.WorkspaceID, all []chat.Approval) error {
	var actions []chat.ActionID

	for i := range all {
		if all[i].ActionID != "" {
			actions = append(actions, all[i].ActionID)
		}
	}

	texts, err := textsOfActions(ctx, db, ws, actions)

	for i := range all {
		all[i].Message = texts[all[i].ActionID]
	}

	return err
}

func memberNames(
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

func textsOfActions(
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
