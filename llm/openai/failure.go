package openai

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	sdk "github.com/openai/openai-go/v3"

	"handrail/chat"
)

var (
	errTimeout = errors.New("the model took too long")
	// errNoSchema says that the server does not take a JSON Schema as response format.
	errNoSchema = errors.New("the server does not know JSON Schema response formats")
)

// maxWait bounds what a server may ask us to wait.
const maxWait = 24 * time.Hour

// failure translates what came instead of a completion. Texts of the server are left
// out: they may quote the prompt or a part of the key.
func (m *Model) failure(ctx context.Context, response *http.Response, withSchema bool, err error) error {
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(context.Cause(ctx), errTimeout), ctx.Err() == nil && isNet && timeout.Timeout():
		return &chat.RetryLaterError{Code: "openai_timeout", Message: fmt.Sprintf("the model did not answer within %s", m.timeout)}
	case ctx.Err() != nil:
		return fmt.Errorf("ask the model: %w", ctx.Err())
	case response == nil:
		return (&chat.RetryLaterError{Code: "openai_unreachable", Message: "there is no connection to the model's server"}).Because(withoutURL(err))
	case response.StatusCode < http.StatusBadRequest:
		return &chat.RetryLaterError{Code: "openai_unreadable", Message: "the model's server answered with something that is not a completion"}
	case withSchema && refusesSchema(response):
		return errNoSchema
	}
	return m.refused(response, reason(err))
}

// refused translates an answer of 400 and more.
func (m *Model) refused(response *http.Response, reason string) error {
	status := response.StatusCode
	answered := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if reason != "" {
		answered += ", " + reason
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return chat.Errorf(chat.CodeSummarizationFailed, "the model's credentials are refused (%s): check the API key", answered)
	case status == http.StatusNotFound:
		return chat.Errorf(chat.CodeSummarizationFailed, "the model's server does not have the model %s (%s): check its name and the base URL", m.name, answered)
	case reason == "insufficient_quota":
		return chat.Errorf(chat.CodeSummarizationFailed, "the quota at the model's server is used up (%s): check its billing", answered)
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout,
		status == http.StatusConflict, status == http.StatusTooEarly:
		return &chat.RetryLaterError{
			After: retryAfter(response.Header, time.Now()),
			Code:  "openai_" + strconv.Itoa(status), Message: "the model's server answered " + answered,
		}
	}
	return chat.Errorf(chat.CodeSummarizationFailed, "the model's server refused the request (%s)", answered)
}

var identifier = regexp.MustCompile(`^[a-z][a-z_]{2,40}$`)

// reason is the server's own word for the failure, such as context_length_exceeded; only
// what can be nothing but such a word.
func reason(err error) string {
	e, ok := errors.AsType[*sdk.Error](err)
	switch {
	case ok && identifier.MatchString(e.Code):
		return e.Code
	case ok && identifier.MatchString(e.Type):
		return e.Type
	}
	return ""
}

// refusesSchema tells whether the server's complaint is about the response format. The
// SDK has read the body and put it back.
func refusesSchema(response *http.Response) bool {
	if response.StatusCode != http.StatusBadRequest && response.StatusCode != http.StatusUnprocessableEntity {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	return err == nil && (bytes.Contains(body, []byte("response_format")) || bytes.Contains(body, []byte("json_schema")))
}

// withoutURL leaves out the address, which may hold credentials.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// retryAfter is how long the server asks to wait: Retry-After-Ms as OpenAI sends it, or
// Retry-After (RFC 9110 10.2.3) in seconds or as a date; 0 when it does not say.
func retryAfter(header http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(header.Get("Retry-After-Ms"), 64); err == nil {
		return bounded(ms, time.Millisecond)
	}
	if seconds, err := strconv.ParseFloat(header.Get("Retry-After"), 64); err == nil {
		return bounded(seconds, time.Second)
	}
	if at, err := http.ParseTime(header.Get("Retry-After")); err == nil {
		return bounded(at.Sub(now).Seconds(), time.Second)
	}
	return 0
}

func bounded(n float64, unit time.Duration) time.Duration {
	if n > 0 { // which NaN is not
		return time.Duration(min(n*float64(unit), float64(maxWait)))
	}
	return 0
}
