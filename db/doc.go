// Package db owns what Handrail remembers: one [Store] on PostgreSQL, for production, or
// on SQLite, for handrail-dev, with the same behaviour on both. Row types and SQL stay in
// here; callers speak the domain's types.
//
// Rules that hold for every method:
//
//   - A workspace's id is in every query. An id of another workspace is not found.
//   - Failures that a caller can do something about are [chat.Error]s; their codes stand
//     at the methods. Any other error says what was attempted and wraps its cause.
//   - A method that takes a [chat.Actor] writes one row of the audit log in the same
//     transaction.
//   - Methods that workflows call may be repeated: each says why that changes nothing.
//   - Times are UTC with microseconds. Lists have a total order, and cursors that only
//     the list they come from accepts.
package db
