//go:build !nosqlite

package db

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"handrail/db/migrations"
)

var registerFold = sync.OnceValue(func() error {
	return sqlite.RegisterDeterministicScalarFunction(foldFunction, 1,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			if text, ok := args[0].(string); ok {
				return strings.ToLower(text), nil
			}

			return args[0], nil
		})
})

// sqliteParameters are in the DSN, not run once: every connection of the pool must have
// them.
func sqliteParameters(inMemory bool) string {
	// SQLite does not enforce references unless asked to.
	pragmas := []string{"foreign_keys(1)"}
	if !inMemory {
		pragmas = []string{
			// First, because setting the journal mode can itself meet a lock. Another
			// process may be writing, a migration or a backup for example.
			"busy_timeout(10000)",
			// Readers do not wait for the writer.
			"journal_mode(WAL)",
			"foreign_keys(1)",
			// A commit must survive a power cut: after it a message may have been sent.
			"synchronous(FULL)",
		}
	}

	// A transaction takes the write lock when it begins. One that reads first and
	// writes then would fail at once, without waiting, if another wrote in between.
	return neturl.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()
}

func openSQLite(file string, o options) (*Store, error) {
	if err := registerFold(); err != nil {
		return nil, wrapErr("add a function to SQLite", err)
	}

	if file == "" || strings.ContainsAny(file, "?#%") {
		return nil, invalidURL("it must be sqlite:/path/to/file.db, without ?, # and %%, or sqlite::memory:")
	}

	inMemory := file == ":memory:"
	if inMemory {
		// Every connection to :memory: would be a database of its own.
		o.maxConns = 1
	} else if err := createPrivately(file); err != nil {
		return nil, err
	}

	connector, err := sqlite.NewConnector("file:" + file + "?" + sqliteParameters(inMemory))
	if err != nil {
		return nil, wrapErr("open SQLite", err)
	}

	return newStore(migrations.SQLite, sql.OpenDB(connector), o), nil
}

// createPrivately makes the file if there is none, so that only its owner may read it: it holds texts
// and addresses. SQLite gives the files beside it the same mode (sqlite.org/wal.html).
func createPrivately(file string) error {
	if folder, err := os.Stat(filepath.Dir(file)); err != nil || !folder.IsDir() {
		return invalidURL("the folder %s does not exist", filepath.Dir(file))
	}

	made, err := os.OpenFile(file, os.O_RDONLY|os.O_CREATE, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return invalidURL("the file %s cannot be opened", file)
	}

	return wrapErr("make the file of SQLite", made.Close())
}

// sqliteFull reports whether the file cannot grow.
func sqliteFull(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code() == sqlite3.SQLITE_FULL
}

// sqliteViolation reads SQLite's extended result code.
func sqliteViolation(err error) violation {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return uniqueViolation
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return referenceViolation
		}
	}

	return noViolation
}
