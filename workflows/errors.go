package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"handrail/chat"
)

// ChatError finds the chat.Error that [Failure] put into a Temporal error; ok is false when
// there is none.
func ChatError(err error) (*chat.Error, bool) {
	application, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || !application.HasDetails() {
		return nil, false
	}

	var e chat.Error
	err = application.Details(&e)

	return &e, err == nil && string(e.Code) == application.Type()
}

// FailureNonce returns the nonce of the request whose failure an Outcome update has answered with,
// "" if the error is none.
func FailureNonce(err error) string {
	application, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok || !application.HasDetails() {
		return ""
	}

	var (
		e     chat.Error
		nonce string
	)

	if application.Details(&e, &nonce) != nil {
		return ""
	}

	return nonce
}

// problemOf is the chat.Error in what a step returned: its own, or an internal one.
func problemOf(err error) *chat.Error {
	if e, ok := ChatError(err); ok {
		return e
	}

	return chat.AsError(err)
}
