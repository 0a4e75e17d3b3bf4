package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"handrail/chat"
	"handrail/llm/internal/timeout"
)

// Failure translates what came instead of a completion: no response, or one that the SDK
// has read and put back. Texts of the server are left out: they may quote the prompt or a
// part of the key.
func (s *Server) Failure(ctx context.Context, response *http.Response, err error) error {
	if limit, exceeded := timeout.Exceeded(ctx); exceeded {
		return s.later("timeout", fmt.Sprintf("the model did not answer within %s", limit))
	}

	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return chat.Errorf(
			chat.CodeSummarizationFailed,
			"the model's server answered with more than %d bytes: check the base URL",
			tooLarge.Limit,
		)
	}

	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case ctx.Err() == nil && isNetwork && network.Timeout():
		return s.later("timeout", "the model's server did not answer in time").Because(withoutURL(err))
	case ctx.Err() != nil:
		return fmt.Errorf("ask the model: %w", ctx.Err())
	case response == nil:
		return s.later("unreachable", "there is no connection to the model's server").Because(withoutURL(err))
	case response.StatusCode >= http.StatusMultipleChoices && response.StatusCode < http.StatusBadRequest:
		return chat.Errorf(
			chat.CodeSummarizationFailed,
			"the model's server redirects elsewhere (%d %s): check the base URL",
			response.StatusCode,
			http.StatusText(response.StatusCode),
		)

	case response.StatusCode < http.StatusBadRequest:
		return s.later("unreadable", "the model's server answered with something that is not a completion")
	}

	c := Read(response)

	return s.refused(response.StatusCode, &c, retryAfter(response, time.Now()))
}

// Refused translates a failure that came in an answer of status 200.
func (s *Server) Refused(c *Complaint) error { return s.refused(c.status, c, 0) }

// Stopped is the failure of a server that gave up in the middle of an answer.
func (s *Server) Stopped() error {
	return s.later("stopped", "the model's server gave up in the middle of its answer")
}

func (s *Server) later(code, message string) *chat.RetryLaterError {
	return &chat.RetryLaterError{Code: s.Provider + "_" + code, Message: message}
}

// refused translates an answer of 400 and more.
func (s *Server) refused(status int, c *Complaint, after time.Duration) error {
	answered := strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))

	if reason := c.reason(); reason != "" {
		answered += ", " + reason
	}

	failed := chat.CodeSummarizationFailed

	switch c.class() {
	case tooLong:
		return s.TooLong()
	case filtered:
		return Refusal()
	case quotaUsed:
		return chat.Errorf(failed, "the quota at the model's server is used up (%s): check its billing", answered)
	case unknownModel:
		return chat.Errorf(
			failed,
			"the model's server does not have the model %s (%s): check its name and the base URL",
			s.Model,
			answered,
		)
	case wrongKey:
		return chat.Errorf(failed, "the model's credentials are refused (%s): check the API key", answered)
	case limitedRate:
		return s.busy(status, after, "the model's server takes no more requests for now ("+answered+")")
	case overloaded:
		return s.busy(status, after, "the model's server has too much to do for now ("+answered+")")
	case passing:
		return s.busy(status, after, "the model's server answered "+answered)
	case refusedRequest:
	}

	return chat.Errorf(failed, "the model's server refused the request (%s)", answered)
}

func (s *Server) busy(status int, after time.Duration, message string) error {
	later := s.later(strconv.Itoa(status), message)
	later.After = after

	return later
}

// TooLong is the failure of a model that cannot hold what it was given.
func (s *Server) TooLong() error {
	return chat.Errorf(chat.CodeTooLongForModel, "the model %s cannot hold this much text at once", s.Model)
}

// Refusal is the failure of a model that does not want to.
func Refusal() error {
	return chat.Errorf(chat.CodeSummarizationFailed, "the model refuses to summarize this chat")
}

// withoutURL leaves out the address, which may hold credentials.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}

	return err
}

// maxWait bounds what a server may ask us to wait.
const maxWait = 24 * time.Hour

// maxComplaint bounds what of an error's body is read.
const maxComplaint = 64 << 10

// readBody reads a response's body and leaves it for the next one to read.
func readBody(response *http.Response) []byte {
	read, err := io.ReadAll(io.LimitReader(response.Body, maxComplaint))
	if err != nil {
		return nil
	}

	response.Body = io.NopCloser(strings.NewReader(string(read)))

	return read
}
