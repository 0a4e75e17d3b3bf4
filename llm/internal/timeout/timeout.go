// Package timeout tells a model that took too long from a caller who no longer waits.
package timeout

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// exceededError is the cause of contexts that end by themselves.
type exceededError struct{ limit time.Duration }

func (e exceededError) Error() string {
	return fmt.Sprintf("the model did not answer within %s", e.limit)
}

// Bound ends the context after the limit.
func Bound(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, limit, exceededError{limit})
}

// Exceeded reports whether a limit has ended the context, and which.
func Exceeded(ctx context.Context) (limit time.Duration, exceeded bool) {
	e, exceeded := errors.AsType[exceededError](context.Cause(ctx))
	return e.limit, exceeded
}
