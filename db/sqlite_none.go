//go:build nosqlite

package db

// The production program is built with the tag nosqlite: it runs on PostgreSQL, and
// SQLite would be four megabytes of it.

func openSQLite(string, options) (*Store, error) {
	return nil, invalidURL("this program is built without SQLite; use postgres://…, or handrail-dev")
}

func sqliteViolation(error) violation { return noViolation }

func sqliteFull(error) bool { return false }
