package db

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/uptrace/bun/driver/pgdriver"

	"handrail/chat"
)

// violation is a rule of the schema that a statement broke.
type violation int

const (
	noViolation violation = iota
	uniqueViolation
	referenceViolation
)

// violationOf reads SQLSTATE (PostgreSQL, appendix A) or SQLite's extended result code.
func violationOf(err error) violation {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		switch e.Field('C') {
		case "23505":
			return uniqueViolation
		case "23503", "23001":
			return referenceViolation
		}
	}

	return sqliteViolation(err)
}

// isDeadlock reports whether two transactions have waited for each other, and the database has ended this
// one. It may be tried again at once.
func isDeadlock(err error) bool {
	e, ok := errors.AsType[pgdriver.Error](err)

	return ok && e.Field('C') == "40P01"
}

// onViolation replaces an error that broke the rule with what that means to the caller.
func onViolation(err error, broke violation, means *chat.Error) error {
	if err != nil && violationOf(err) == broke {
		return means.Because(err)
	}

	return err
}

// wrapErr says what failed, unless the error already speaks to the caller.
func wrapErr(what string, err error) error {
	if err == nil {
		return nil
	}

	if _, ok := errors.AsType[*chat.Error](err); ok {
		return err
	}

	if isReadOnly(err) {
		return chat.Unavailable(readOnlyMessage).Because(fmt.Errorf("%s: %w", what, err))
	}

	if isFull(err) {
		return chat.Unavailable(fullMessage).Because(fmt.Errorf("%s: %w", what, err))
	}

	if isUnavailable(err) {
		return chat.Unavailable("the database does not answer now; try again").Because(fmt.Errorf("%s: %w", what, err))
	}

	return fmt.Errorf("%s: %w", what, err)
}

// isUnavailable reports whether the database could not be reached, or was going or coming:
// connection exceptions (class 08), too many connections, and what an operator's hand does
// to a server (57P01 to 57P03), by PostgreSQL's appendix A.
func isUnavailable(err error) bool {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		state := e.Field('C')
		return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P") || state == "53300"
	}

	_, network := errors.AsType[*net.OpError](err)

	return network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// isReadOnly reports whether the database takes no writes, as a standby does, or a server whose
// operator has made it read-only.
func isReadOnly(err error) bool {
	e, ok := errors.AsType[pgdriver.Error](err)
	return ok && e.Field('C') == "25006"
}

// isFull reports whether the database has no room on its disk: disk_full of PostgreSQL's appendix A, SQLITE_FULL.
func isFull(err error) bool {
	e, ok := errors.AsType[pgdriver.Error](err)
	return ok && e.Field('C') == "53100" || sqliteFull(err)
}

// isMissingTable reports whether a table is not there, for it comes with a migration.
func isMissingTable(err error) bool {
	e, ok := errors.AsType[pgdriver.Error](err)
	return ok && e.Field('C') == "42P01" || err != nil && strings.Contains(err.Error(), "no such table")
}

// ErrInvalidURL is in every error of [Open] that the URL itself is the reason of: trying
// again cannot help.
var ErrInvalidURL = errors.New("database URL")

// invalidURL says what is wrong with a database URL without repeating it.
func invalidURL(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalidURL}, args...)...)
}

// closeStore closes a store that cannot be used and returns why.
func closeStore(s *Store, why error) error { return errors.Join(why, s.Close()) }
