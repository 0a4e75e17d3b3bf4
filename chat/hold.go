package chat

import "time"

// DatabaseHold is the last time that the database lost a part of its history, by a failover or
// a restore, and all that may have been sent was held for a person.
type DatabaseHold struct {
	// At is by the clock of the database.
	At time.Time
	// Reason is [ErrorDatabaseFailedOver] or [ErrorDatabaseRestored].
	Reason string
}

// Covers reports whether a request that was accepted at a time may have been carried out in the
// history that was lost. A time that is not known may be any. A nil hold covers nothing.
func (h *DatabaseHold) Covers(acceptedAt time.Time) bool {
	return h != nil && !acceptedAt.After(h.At)
}

// Message says why a delivery waits for a person.
func (h *DatabaseHold) Message() string {
	if h.Reason == ErrorDatabaseRestored {
		return "the database was set back to a backup, and this message may have been sent after it was made"
	}

	return "the database failed over to a standby, which may not have stored that this message was sent"
}
