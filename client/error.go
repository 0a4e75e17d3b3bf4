package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Error is a refusal of the API (RFC 9457). Code is stable, Detail is for people, and Errors names what is wrong with
// which field.
type Error struct {
	Problem
	// RequestID names the request in the server's logs.
	RequestID string
	// RetryAfter is how long the server asks to wait before the same request; 0 when it does not say.
	RetryAfter time.Duration
}

// Error returns what is wrong with which fields, and the code.
func (e *Error) Error() string {
	var b strings.Builder

	fmt.Fprintf(&b, "%s (%s)", e.Detail, e.Code)

	for _, field := range e.Errors {
		if !strings.Contains(e.Detail, field.Message) {
			fmt.Fprintf(&b, "; %s %s", field.Field, field.Message)
		}
	}

	return b.String()
}

// HasCode reports whether the error is a refusal of the API with this code.
func HasCode(err error, code ProblemCode) bool {
	refusal, ok := errors.AsType[*Error](err)

	return ok && refusal.Code == code
}

// UnreachableError is a request without an answer. It may have been carried out.
type UnreachableError struct {
	// Address is the API's scheme and host.
	Address string
	Err     error
}

// Error returns the address, and what went wrong.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("the API does not answer at %s: %v", e.Address, e.Err)
}

// Unwrap returns what went wrong underneath.
func (e *UnreachableError) Unwrap() error { return e.Err }

// UnexpectedAnswerError is an answer that Handrail's API does not give.
type UnexpectedAnswerError struct {
	// Status is the status of the answer, such as "502 Bad Gateway".
	Status string
	// Err is what is wrong with the body, nil if the status is wrong.
	Err error
}

// Error returns the status, or why the answer cannot be read.
func (e *UnexpectedAnswerError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("cannot read the API's answer (is the API another version of Handrail?): %v", e.Err)
	}

	return fmt.Sprintf("the answer is %s, and this is not Handrail's API", e.Status)
}

// Unwrap returns what is wrong with the body.
func (e *UnexpectedAnswerError) Unwrap() error { return e.Err }

// isGateway reports whether the answer is that of a proxy that cannot reach the API at the moment. The request may have
// been carried out nevertheless.
func (e *UnexpectedAnswerError) isGateway() bool {
	switch code, _, _ := strings.Cut(e.Status, " "); code {
	case "502", "503", "504":
		return true
	}

	return false
}

// IsTransient reports whether the same request may succeed in a moment: the server is busy or does not answer, or a
// proxy cannot reach it.
func IsTransient(err error) bool {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.Status == http.StatusServiceUnavailable || refusal.Status == http.StatusTooManyRequests
	}

	if other, ok := errors.AsType[*UnexpectedAnswerError](err); ok {
		return other.isGateway()
	}

	_, broken := errors.AsType[*UnreachableError](err)

	return broken
}

// readRetryAfter returns how long the server asks to wait before the next try, 0 if it does not.
func readRetryAfter(err error) time.Duration {
	if refusal, ok := errors.AsType[*Error](err); ok {
		return refusal.RetryAfter
	}

	return 0
}
