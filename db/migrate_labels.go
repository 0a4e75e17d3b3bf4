package db

import (
	"context"

	"handrail/chat"
)

// labels puts the names of labels into the form in which they are compared now. One that would have another
// one's name keeps its old form, and is told: a person deletes or renames it.
func (m *addressMigrator) labels(ctx context.Context) error {
	rows, err := m.read(ctx, `SELECT id, workspace_id, name AS address, folded FROM labels ORDER BY id`)
	if err != nil {
		return err
	}

	for i := range rows {
		row := &rows[i]

		form := chat.FoldName(row.Address)
		if form == row.Folded {
			continue
		}

		taken, err := m.exists(
			ctx,
			`SELECT 1 FROM labels WHERE workspace_id = ? AND folded = ?`,
			row.WorkspaceID,
			form,
		)

		switch {
		case err != nil:
			return err
		case taken || form == "":
			m.note("label", row, row.Address, "another label has this name in other letters: rename or delete it")
			continue
		}

		err = m.run(
			ctx,
			`UPDATE labels SET folded = ? WHERE workspace_id = ? AND id = ?`,
			form,
			row.WorkspaceID,
			row.ID,
		)
		if err != nil {
			return err
		}
	}

	return nil
}
