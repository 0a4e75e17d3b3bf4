package db

import (
	"context"

	"handrail/chat"
)

// SealedSecrets are the secrets of one tool as they are stored.
type SealedSecrets struct {
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	ToolID      chat.ToolID      `bun:"id"`
	Sealed      []byte           `bun:"sealed"`
}

// SealedSecrets lists the sealed secrets of all workspaces' tools, for the operator.
func (s *Store) SealedSecrets(ctx context.Context) ([]SealedSecrets, error) {
	var all []SealedSecrets

	err := s.db.NewSelect().
		Model((*toolRow)(nil)).
		Column("workspace_id", "id", "sealed").
		Where("sealed IS NOT NULL").
		OrderExpr("workspace_id, id").
		Scan(ctx, &all)

	return all, wrapErr("list the sealed secrets", err)
}

// ReplaceSealed stores the same secrets of a tool, sealed anew. It reports false if they were changed
// since they were read.
func (s *Store) ReplaceSealed(ctx context.Context, was SealedSecrets, fresh []byte) (bool, error) {
	done, err := hasChanged(s.db.NewUpdate().
		Model((*toolRow)(nil)).
		Set("sealed = ?", fresh).
		Where("workspace_id = ?", was.WorkspaceID).
		Where("id = ?", was.ToolID).
		Where("sealed = ?", was.Sealed).
		Exec(ctx))

	return done, wrapErr("store secrets sealed anew", err)
}
