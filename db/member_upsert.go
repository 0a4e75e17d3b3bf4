package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

// UpsertMember makes a member with an external id, or changes the one that has it, and reports whether it was made.
// The errors are those of [Store.CreateMember] and [Store.UpdateMember].
//
// Two at once make one member: the second finds the one that the first has made.
func (s *Store) UpsertMember(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in chat.MemberUpsert,
) (chat.Member, bool, error) {
	if err := canonical.Patch(&in.Patch); err != nil {
		return chat.Member{}, false, err
	}

	if err := chat.CheckExternalID("external_id", in.ExternalID); err != nil {
		return chat.Member{}, false, err
	}

	if in.ExternalID == "" {
		return chat.Member{}, false, chat.Invalid("external_id", "must not be empty")
	}

	member, made, err := s.upsertMember(ctx, ws, by, &in)
	if made && chat.CodeOf(err) == chat.CodeExternalIDTaken {
		member, made, err = s.upsertMember(ctx, ws, by, &in)
	}

	return member, made, err
}

// upsertMember returns also with an error whether the member would have been made.
func (s *Store) upsertMember(
	ctx context.Context,
	ws chat.WorkspaceID,
	by chat.Actor,
	in *chat.MemberUpsert,
) (chat.Member, bool, error) {
	var row memberRow
	var made bool

	change := approvedChange{workspace: ws, by: by}

	err := s.inTx(ctx, "create or change a member", func(ctx context.Context, tx bun.Tx) error {
		existing, err := findMemberBy(ctx, tx.NewSelect(), ws, "external_id", in.ExternalID)
		if err != nil {
			return err
		}

		made = existing == nil

		if !made {
			if err := in.CheckKind(new(existing.member())); err != nil {
				return err
			}

			row, err = s.changeMember(ctx, tx, change, existing.ID, &in.Patch)

			return err
		}

		fresh, err := in.NewMember(ws)
		if err != nil {
			return err
		}

		row, err = s.insertMember(ctx, tx, change, &fresh)

		return err
	})
	if err != nil {
		return chat.Member{}, made, s.orTaken(ctx, err, &row)
	}

	return row.member(), made, nil
}

// findMemberBy finds the member of a workspace that has a value, nil for none. Of several who share an address it is
// the one whom it belongs to.
func findMemberBy(
	ctx context.Context,
	q *bun.SelectQuery,
	ws chat.WorkspaceID,
	column, value string,
) (*memberRow, error) {
	var row memberRow

	q.Model(&row).
		Where("m.workspace_id = ?", ws).
		Where("m.? = ?", bun.Ident(column), value).
		Limit(1)

	if owns, ok := ownershipColumns[column]; ok {
		q.OrderExpr("m.? DESC", bun.Ident(owns))
	}

	if err := q.OrderExpr("m.id").Scan(ctx); err != nil {
		return nil, unlessNone(err)
	}

	return &row, nil
}
