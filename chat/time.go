package chat

import "time"

// UTC returns the moment in UTC, or nil for nil.
func UTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}

	moment := t.UTC()

	return &moment
}
