package db

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"handrail/chat"
)

type workspaceRow struct {
	bun.BaseModel `bun:"table:workspaces,alias:w"`

	ID        chat.WorkspaceID `bun:"id,pk"`
	Name      string           `bun:"name"`
	CreatedAt time.Time        `bun:"created_at"`
}

func (r *workspaceRow) workspace() chat.Workspace {
	return chat.Workspace{ID: r.ID, Name: r.Name, CreatedAt: r.CreatedAt.UTC()}
}

// CreateWorkspace adds a tenant: already_exists when its id is taken. It is for the
// command line and writes no audit entry, because nobody is in the workspace yet.
func (s *Store) CreateWorkspace(ctx context.Context, w chat.Workspace) error {
	row := workspaceRow{ID: w.ID, Name: w.Name, CreatedAt: toMicroseconds(w.CreatedAt)}
	if w.CreatedAt.IsZero() {
		row.CreatedAt = s.time()
	}

	return s.inTx(ctx, "create a workspace", func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(&row).Exec(ctx)
		return onViolation(err, uniqueViolation, chat.Errorf(chat.CodeAlreadyExists, "a workspace with this id exists"))
	})
}

// Workspace finds a tenant: workspace_not_found.
func (s *Store) Workspace(ctx context.Context, ws chat.WorkspaceID) (chat.Workspace, error) {
	workspace, err := findWorkspace(ctx, s.db, ws)
	return workspace, wrapErr("find a workspace", err)
}

func findWorkspace(ctx context.Context, db bun.IDB, ws chat.WorkspaceID) (chat.Workspace, error) {
	var row workspaceRow
	err := db.NewSelect().Model(&row).Where("w.id = ?", ws).Scan(ctx)

	return row.workspace(), orNotFound(err, chat.CodeWorkspaceNotFound, "workspace")
}

// Workspaces lists all tenants by id, for the command line.
func (s *Store) Workspaces(ctx context.Context) ([]chat.Workspace, error) {
	var rows []workspaceRow
	if err := s.db.NewSelect().Model(&rows).OrderExpr("w.id").Scan(ctx); err != nil {
		return nil, wrapErr("list the workspaces", err)
	}

	return mapSlice(rows, (*workspaceRow).workspace), nil
}
