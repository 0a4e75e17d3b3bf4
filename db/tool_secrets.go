package db

import (
	"bytes"
	"context"

	"github.com/uptrace/bun"

	"handrail/chat"
)

// SealedSecrets are the secrets of one tool as they are stored: with the tool, or with a change of one that
// waits for a second member. Or they are those of a webhook endpoint.
type SealedSecrets struct {
	WorkspaceID chat.WorkspaceID `bun:"workspace_id"`
	ToolID      chat.ToolID      `bun:"id"`
	// ApprovalID is the change that waits, "" for what is stored with the tool.
	ApprovalID chat.ApprovalID `bun:"-"`
	// EndpointID is set for those of a webhook endpoint, which belong to no tool.
	EndpointID chat.WebhookEndpointID `bun:"endpoint_id"`
	Sealed     []byte                 `bun:"sealed"`
}

// SealedSecrets lists the sealed secrets of all workspaces' tools, of the changes of tools that wait for a
// second member, and of webhook endpoints, for the operator.
func (s *Store) SealedSecrets(ctx context.Context) ([]SealedSecrets, error) {
	var all []SealedSecrets

	err := s.db.NewSelect().
		Model((*toolRow)(nil)).
		Column("workspace_id", "id", "sealed").
		Where("sealed IS NOT NULL").
		OrderExpr("workspace_id, id").
		Scan(ctx, &all)
	if err != nil {
		return nil, wrapErr("list the sealed secrets", err)
	}

	var waiting []approvalRow

	err = s.db.NewSelect().
		Model(&waiting).
		Where("ap.kind = ?", chat.ApprovalToolChange).
		Where("ap.state = ?", chat.ApprovalWaiting).
		OrderExpr("ap.workspace_id, ap.id").
		Scan(ctx)
	if err != nil {
		return nil, wrapErr("list the changes of tools that wait", err)
	}

	for i := range waiting {
		if change := waiting[i].toolChange(); change != nil && change.Sealed != nil {
			all = append(all, SealedSecrets{
				WorkspaceID: waiting[i].WorkspaceID,
				ToolID:      change.ID,
				ApprovalID:  waiting[i].ID,
				Sealed:      change.Sealed,
			})
		}
	}

	endpoints, err := s.sealedWebhooks(ctx)

	return append(all, endpoints...), err
}

// toolChange is what a tool becomes when the approval is given, nil if it is not about one.
func (r *approvalRow) toolChange() *chat.ToolDefinition {
	if r.Effect == nil {
		return nil
	}

	return r.Effect.Tool
}

// ReplaceSealed stores the same secrets, sealed anew. It reports false if they were changed since they were
// read.
func (s *Store) ReplaceSealed(ctx context.Context, was SealedSecrets, fresh []byte) (bool, error) {
	switch {
	case was.ApprovalID != "":
		return s.replaceSealedChange(ctx, was, fresh)
	case was.EndpointID != 0:
		return s.replaceSealedWebhook(ctx, was, fresh)
	}

	done, err := hasChanged(s.db.NewUpdate().
		Model((*toolRow)(nil)).
		Set("sealed = ?", fresh).
		Where("workspace_id = ?", was.WorkspaceID).
		Where("id = ?", was.ToolID).
		Where("sealed = ?", was.Sealed).
		Exec(ctx))

	return done, wrapErr("store secrets sealed anew", err)
}

// replaceSealedChange is ReplaceSealed for a change of a tool that waits. What was decided meanwhile is left
// alone: it is with its tool now, or nowhere.
func (s *Store) replaceSealedChange(ctx context.Context, was SealedSecrets, fresh []byte) (bool, error) {
	done := false

	err := s.inTx(ctx, "store secrets of a change sealed anew", func(ctx context.Context, tx bun.Tx) error {
		row, err := findApproval(ctx, s.locked(tx.NewSelect()), was.WorkspaceID, was.ApprovalID)
		if err != nil {
			return err
		}

		change := row.toolChange()
		if row.State != chat.ApprovalWaiting || change == nil || !bytes.Equal(change.Sealed, was.Sealed) {
			return nil
		}

		change.Sealed = fresh

		done, err = hasChanged(tx.NewUpdate().Model(&row).Column("effect").WherePK().Exec(ctx))

		return err
	})

	return done, err
}
