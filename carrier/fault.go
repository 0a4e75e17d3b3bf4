package carrier

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"handrail/chat"
)

// completeFailed completes the submission of a post to which no full answer came. Without a
// connection nothing can have left; with one, nobody knows.
func completeFailed(s *chat.Submission, err error, connected bool) {
	switch {
	case !connected:
		s.Outcome = chat.OutcomeNotProcessed
		s.ErrorCode = chat.ErrorDialFailed
		s.ErrorMessage = dialFailure(err)

	case timedOut(err):
		s.Outcome, s.ErrorCode = chat.OutcomeUnknown, chat.ErrorTimeout
		s.ErrorMessage = "the provider had the request and did not answer in time"
	default:
		s.Outcome, s.ErrorCode = chat.OutcomeUnknown, chat.ErrorConnectionLost
		s.ErrorMessage = "the connection was lost before the provider's answer was complete"
	}
}

// dialFailure says why there was no connection. The error's own text is not used: it holds
// the URL and with it the account.
func dialFailure(err error) string {
	_, unresolved := errors.AsType[*net.DNSError](err)

	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return "it was called off before there was a connection to the provider"
	case unresolved:
		return "the provider's host name could not be resolved"
	case untrusted:
		return "the provider's TLS certificate could not be verified"
	case timedOut(err):
		return "no connection to the provider in time"
	}

	return "no connection to the provider could be made"
}

func timedOut(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout()
}
