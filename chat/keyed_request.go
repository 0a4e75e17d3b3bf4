package chat

import (
	"context"
	"time"
)

// This file has the rules of the Idempotency-Key of requests other than actions. The key of an action identifies its
// workflow, so actions do not need them.

const (
	// RequestLease is how long a request may take. After that, another one with the same key may take its place.
	RequestLease = 2 * time.Minute
	// RequestKept is how long the answer of a request with a key is kept.
	RequestKept = 30 * 24 * time.Hour
)

// KeyState is the state of a request with a key.
type KeyState string

// The states of a request with a key.
const (
	// KeyBegun: it has stored nothing yet.
	KeyBegun KeyState = "begun"
	// KeyDone: it has stored something, and its answer is not kept yet.
	KeyDone KeyState = "done"
	// KeyAnswered: its answer is kept.
	KeyAnswered KeyState = "answered"
)

// KeyedRequest is a request with an Idempotency-Key, about to be carried out.
type KeyedRequest struct {
	WorkspaceID WorkspaceID
	// ID is derived from the key, like the id of an action. The key itself is not stored.
	ID ActionID
	// Holder identifies this request among those with the same key. Only the holder of the key may store anything.
	Holder string
	// RequestID is the id of the request in the audit log.
	RequestID   string
	Fingerprint Fingerprint
	// Repeatable reports whether carrying the request out twice has the same effect as once.
	Repeatable bool
}

// StoredRequest is the first request with a key, as it is stored.
type StoredRequest struct {
	KeyedRequest
	State      KeyState
	LeaseUntil time.Time
	Answer     RequestAnswer
}

// RequestAnswer is the answer of a request, without secrets that are shown only once.
type RequestAnswer struct {
	Status   int
	Location string
	Body     []byte
}

// FieldPath is the field of a request's fingerprint that has its path.
const FieldPath = "path"

// DecideRepeat decides about a request whose key an earlier one, r, has: it takes the place of r if takeOver is true,
// and gets the answer of r otherwise. The errors:
//
//   - CodeIdempotencyKeyReused: the two differ, in the fields that it names.
//   - CodeRequestInProgress: the earlier one may still be carried out.
//   - CodeAnswerLost: the earlier one was carried out, and whoever did was stopped before its answer was kept.
func (r *StoredRequest) DecideRepeat(asked *KeyedRequest, now time.Time) (takeOver bool, err error) {
	if err := r.checkSame(asked); err != nil {
		return false, err
	}

	switch {
	case r.State == KeyAnswered:
		return false, nil
	case r.LeaseUntil.After(now):
		return false, RequestInProgress(
			"the first request with this Idempotency-Key is still being carried out; send this one again",
		)

	case r.State == KeyBegun || r.Repeatable:
		return true, nil
	}

	return false, Errorf(
		CodeAnswerLost,
		"the first request with this Idempotency-Key was carried out, and its answer was lost; the audit log has it "+
			"under the request id %s: look there before you ask anew with another key",
		r.RequestID,
	)
}

// checkSame returns idempotency_key_reused, which names the fields that differ, if the two requests are not the same.
func (r *StoredRequest) checkSame(asked *KeyedRequest) error {
	stored := r.Fingerprint

	if stored[FieldPath] != asked.Fingerprint[FieldPath] {
		return Fingerprint{FieldPath: stored[FieldPath]}.Match(
			Fingerprint{FieldPath: asked.Fingerprint[FieldPath]},
		)
	}

	return stored.Match(asked.Fingerprint)
}

// RequestInProgress returns a retryable CodeRequestInProgress with a message.
func RequestInProgress(message string) *Error {
	return &Error{Code: CodeRequestInProgress, Message: message, Retryable: true}
}

// KeyUsedElsewhere returns idempotency_key_reused for an action whose key another request has, and the reverse.
func KeyUsedElsewhere() error { return Fingerprint{FieldPath: ""}.Match(Fingerprint{}) }

// keyedRequestKey is the context key of a [KeyedRequest].
type keyedRequestKey struct{}

// WithKeyedRequest returns a context whose transactions belong to r. They fail if r no longer holds its key.
func WithKeyedRequest(ctx context.Context, r KeyedRequest) context.Context {
	return context.WithValue(ctx, keyedRequestKey{}, &r)
}

// WithoutKeyedRequest returns a context whose transactions belong to no request with a key.
func WithoutKeyedRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, keyedRequestKey{}, (*KeyedRequest)(nil))
}

// KeyedRequestFrom returns the request that the context's transactions belong to, nil if there is none.
func KeyedRequestFrom(ctx context.Context) *KeyedRequest {
	r, _ := ctx.Value(keyedRequestKey{}).(*KeyedRequest)
	return r
}
