package chat

import (
	"fmt"
	"time"
)

// RetryAfterError is a failure that may pass, from a part that said how long to leave it
// alone. Whoever retries waits at least After before the next try.
type RetryAfterError struct {
	After time.Duration
	Err   error
}

// Error tells the failure and the wait.
func (e *RetryAfterError) Error() string {
	return fmt.Sprintf("%v (asked to wait %s)", e.Err, e.After)
}

// Unwrap returns the failure itself.
func (e *RetryAfterError) Unwrap() error { return e.Err }
