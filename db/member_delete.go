package db

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// DeleteMember deletes a member to whom nothing refers. Errors: member_not_found, which names the other member after a
// merge; member_in_use, which counts what refers to the member; last_manager.
func (s *Store) DeleteMember(ctx context.Context, ws chat.WorkspaceID, by chat.Actor, id chat.MemberID) error {
	err := s.inTx(ctx, "delete a member", func(ctx context.Context, tx bun.Tx) error {
		// The managers are locked first, in the same order as by a change of a role.
		lastManager := s.keepManager(ctx, tx, ws, id, "path.member_id")
		if lastManager != nil && chat.CodeOf(lastManager) != chat.CodeLastManager {
			return lastManager
		}

		// Whatever would refer to the member meanwhile waits for this lock, and then finds no member.
		row, err := findMember(ctx, s.locked(tx.NewSelect()), ws, id)
		if err != nil {
			return err
		}

		uses, err := countMemberUses(ctx, tx, ws, id)
		if err != nil {
			return err
		}

		if err := chat.RefuseMemberInUse(uses); err != nil {
			return err
		}

		if lastManager != nil {
			return lastManager
		}

		return s.batch(ctx, tx,
			tx.NewDelete().Table("members").Where("workspace_id = ?", ws).Where("id = ?", id),
			s.insertAudit(tx, auditEvent{
				workspace: ws,
				by:        by,
				verb:      "member.deleted",
				object:    objectID(id),
				detail:    changesOf(chat.AuditMember, row.auditFields(), nil),
			}))
	})

	return s.orMerged(ctx, err, ws, id)
}

// countMemberUses counts the rows that refer to a member, by table.
func countMemberUses(ctx context.Context, tx bun.Tx, ws chat.WorkspaceID, id chat.MemberID) ([]chat.MemberUse, error) {
	columns := map[string][]string{}
	for _, reference := range slices.Concat(keptReferences, movedReferences, unreferenced) {
		columns[reference.table] = append(columns[reference.table], reference.column)
	}

	var uses []chat.MemberUse

	for _, table := range slices.Sorted(maps.Keys(columns)) {
		found := tx.NewSelect().
			Table(table).
			ColumnExpr("1").
			Where("workspace_id = ?", ws).
			WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
				for _, column := range columns[table] {
					q.WhereOr("? = ?", bun.Ident(column), id)
				}

				return q
			}).
			Limit(chat.MaxMemberUses)

		use := chat.MemberUse{What: table}

		err := tx.NewSelect().TableExpr("(?) AS found", found).ColumnExpr("count(*)").Scan(ctx, &use.Count)
		if err != nil {
			return nil, err
		}

		uses = append(uses, use)
	}

	return uses, nil
}
