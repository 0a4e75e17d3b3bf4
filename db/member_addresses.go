package db

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"handrail/canonical"
	"handrail/chat"
)

// foldedAddress is an address of a channel as it is compared.
func foldedAddress(channel chat.Channel, address string) string {
	return chat.FoldAddress(canonical.Of(channel.Spec().Address, address))
}

// keepOwnership leaves an address that has not changed to whom it belonged before.
func (r *memberRow) keepOwnership(old *memberRow) {
	if r.Phone == old.Phone {
		r.OwnsPhone = old.OwnsPhone
	}

	if r.EmailFolded == old.EmailFolded {
		r.OwnsEmail = old.OwnsEmail
	}
}

// passOnAddresses gives the addresses that a member had to the oldest of those who share them and
// of whom none owns them. Only members older than the rule that addresses are unique share any.
func passOnAddresses(ctx context.Context, tx bun.Tx, old *memberRow) error {
	for _, address := range []struct {
		column string
		value  string
		owned  bool
	}{
		{"phone", old.Phone, old.OwnsPhone},
		{"email_folded", old.EmailFolded, old.OwnsEmail},
	} {
		if !address.owned {
			continue
		}

		_, err := assignAddresses(tx, address.column).
			Where("m.workspace_id = ?", old.WorkspaceID).
			Where("m.? = ?", bun.Ident(address.column), address.value).
			Exec(ctx)
		if err != nil {
			return err
		}
	}

	return nil
}

// ownershipColumns have the column that says whether an address is the member's alone.
var ownershipColumns = map[string]string{"phone": "owns_phone", "email_folded": "owns_email"}

// assignAddresses is the statement that gives every address of the column that nobody owns to the
// oldest member who has it.
func assignAddresses(db bun.IDB, column string) *bun.UpdateQuery {
	owns := ownershipColumns[column]

	return db.NewUpdate().
		Table("members").
		ModelTableExpr("members AS m").
		Set("? = TRUE", bun.Ident(owns)).
		Where("m.? <> ''", bun.Ident(column)).
		Where("NOT m.?", bun.Ident(owns)).
		Where("NOT EXISTS (SELECT 1 FROM members AS o WHERE o.workspace_id = m.workspace_id "+
			"AND o.?0 = m.?0 AND (o.?1 OR o.id < m.id))", bun.Ident(column), bun.Ident(owns))
}

// orTaken is err, unless it says that somebody else has the external id or an address of the row: then it
// says who.
func (s *Store) orTaken(ctx context.Context, err error, row *memberRow) error {
	if violationOf(err) != uniqueViolation {
		return err
	}

	var owner memberRow

	found := s.db.NewSelect().
		Model(&owner).
		Where("m.workspace_id = ?", row.WorkspaceID).
		Where("m.id <> ?", row.ID).
		Where("m.external_id = ?", row.ExternalID).
		Where("m.external_id <> ''").
		Scan(ctx)
	if found != nil { // it is an address
		return s.orAddressTaken(ctx, err, row)
	}

	taken := externalIDTaken("member", int64(owner.ID)).Because(err)
	taken.MemberID = owner.ID

	return taken
}

// externalIDTaken says which other member or chat has an external id.
func externalIDTaken(kind string, id int64) *chat.Error {
	return chat.InvalidAs(chat.CodeExternalIDTaken, "external_id", "is that of %s %d already", kind, id)
}

// orAddressTaken is err, unless it says that somebody else has an address of the row: then it
// says who.
func (s *Store) orAddressTaken(ctx context.Context, err error, row *memberRow) error {
	if violationOf(err) != uniqueViolation {
		return err
	}

	taken := chat.Errorf(chat.CodeAddressTaken, "another member of the workspace has this address").Because(err)

	var owner memberRow

	found := s.db.NewSelect().
		Model(&owner).
		Where("m.workspace_id = ?", row.WorkspaceID).
		Where("m.id <> ?", row.ID).
		WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("m.owns_phone AND m.phone = ?", row.Phone).
				WhereOr("m.owns_email AND m.email_folded = ?", row.EmailFolded)
		}).
		OrderExpr("m.id").
		Limit(1).
		Scan(ctx)
	if found != nil { // given up since
		return taken
	}

	field := "email"
	if owner.Phone == row.Phone && owner.OwnsPhone {
		field = "phone"
	}

	message := fmt.Sprintf("is that of member %d already", owner.ID)
	taken.Message = field + " " + message
	taken.Fields = []chat.FieldError{{Field: field, Message: message}}
	taken.MemberID = owner.ID

	return taken
}
