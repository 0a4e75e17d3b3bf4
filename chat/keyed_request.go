package chat

import (
	"context"
	"time"
)

// This file has the rules of the Idempotency-Key on requests that are no actions. The key of an action is the
// identity of its workflow, and needs none of this.

const (
	// RequestLease is how long a request may take. Only after it another one with the same key takes its place.
	RequestLease = 2 * time.Minute
	// RequestKept is how long the answer to a request with a key is kept.
	RequestKept = 30 * 24 * time.Hour
)

// KeyState is how far a request with a key has come.
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
	// ID is made of the key, like the id of an action. The key itself is not kept.
	ID ActionID
	// Holder names this one request among those with its key: only the holder of the key may store anything.
	Holder string
	// RequestID is what the audit log calls it.
	RequestID   string
	Fingerprint Fingerprint
	// Repeatable reports that carrying it out twice does what once does.
	Repeatable bool
}

// StoredRequest is the first request with a key, as it is stored.
type StoredRequest struct {
	KeyedRequest
	State      KeyState
	LeaseUntil time.Time
	Answer     RequestAnswer
}

// RequestAnswer is what a request was answered with. What is shown once is not in it.
type RequestAnswer struct {
	Status   int
	Location string
	Body     []byte
}

// FieldPath is the field of a request's fingerprint that holds where it was sent.
const FieldPath = "path"

// Meet decides what becomes of a request whose key an earlier one has. It gets that one's answer, or takes its
// place if takeOver. The errors:
//
//   - CodeIdempotencyKeyReused: the two differ, in the fields that it names.
//   - CodeRequestInProgress: the earlier one may still be carried out.
//   - CodeAnswerLost: the earlier one was carried out, and whoever did was stopped before its answer was kept.
func (r *StoredRequest) Meet(asked *KeyedRequest, now time.Time) (takeOver bool, err error) {
	if err := r.match(asked); err != nil {
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

// match names the fields in which the two requests differ. Those of another route have nothing in common.
func (r *StoredRequest) match(asked *KeyedRequest) error {
	stored := r.Fingerprint

	if stored[FieldPath] != asked.Fingerprint[FieldPath] {
		return Fingerprint{FieldPath: stored[FieldPath]}.Match(
			Fingerprint{FieldPath: asked.Fingerprint[FieldPath]},
		)
	}

	return stored.Match(asked.Fingerprint)
}

// RequestInProgress makes a CodeRequestInProgress that says that the same may succeed later.
func RequestInProgress(message string) *Error {
	return &Error{Code: CodeRequestInProgress, Message: message, Retryable: true}
}

// KeyUsedElsewhere refuses an action whose key another request has, and the reverse.
func KeyUsedElsewhere() error { return Fingerprint{FieldPath: ""}.Match(Fingerprint{}) }

type keyedRequestKey struct{}

// WithKeyedRequest returns a context in which all that is stored is stored for r, and nothing if r does not hold its
// key any more.
func WithKeyedRequest(ctx context.Context, r KeyedRequest) context.Context {
	return context.WithValue(ctx, keyedRequestKey{}, &r)
}

// WithoutKeyedRequest returns a context in which what is stored is not what was asked for.
func WithoutKeyedRequest(ctx context.Context) context.Context {
	return context.WithValue(ctx, keyedRequestKey{}, (*KeyedRequest)(nil))
}

// KeyedRequestFrom returns the request for which something is stored, nil for none.
func KeyedRequestFrom(ctx context.Context) *KeyedRequest {
	r, _ := ctx.Value(keyedRequestKey{}).(*KeyedRequest)
	return r
}
