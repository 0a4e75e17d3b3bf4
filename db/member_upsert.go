package db

import (
	"context"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

// UpsertMember creates a member with an external id, or changes the one that has it, and reports whether it was
// created. The errors are those of [Store.CreateMember] and [Store.UpdateMember].
//
// Two at once create one member: the second finds the one that the first has created.
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

// upsertMember tries once. It reports whether the member was to be created even if it returns an error.
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

// findMemberBy returns the member of a workspace with a value in a column, nil if there is none. If several share an
// address, it is the one who owns it.
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
