// Package migrations holds the SQL that makes and changes the tables, one folder for
// each engine. A file is named YYYYMMDDHHMMSS_what.tx.up.sql; the two folders hold the
// same names, and a released file is never changed.
package migrations

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/uptrace/bun/migrate"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// The engines, which are also the names of the folders.
const (
	Postgres = "postgres"
	SQLite   = "sqlite"
)

// For returns the migrations of one engine, in order.
func For(engine string) (*migrate.Migrations, error) {
	folder, err := fs.Sub(files, engine)
	if err != nil {
		return nil, fmt.Errorf("open the migrations of %s: %w", engine, err)
	}

	all := migrate.NewMigrations()
	if err := all.Discover(folder); err != nil {
		return nil, fmt.Errorf("read the migrations of %s: %w", engine, err)
	}

	return all, nil
}
