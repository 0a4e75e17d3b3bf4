package toolbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"handrail/budget"
	"handrail/chat"
	"handrail/retryafter"
	"handrail/schema"
)

// read says what an answer means.
func (b *Toolbox) read(ctx context.Context, d *chat.ToolDefinition, answer *http.Response) chat.ToolOutcome {
	body, err := io.ReadAll(io.LimitReader(answer.Body, chat.MaxToolResult+1))
	outcome := judgeAnswer(ctx, d, answer, body, err)
	outcome.HTTPStatus = answer.StatusCode

	return outcome
}

// judgeAnswer goes by the status first: what it says is known, however the body ends.
func judgeAnswer(
	ctx context.Context,
	d *chat.ToolDefinition,
	answer *http.Response,
	body []byte,
	err error,
) chat.ToolOutcome {
	status := answer.StatusCode
	if status >= 200 && status < 300 {
		return acceptAnswer(ctx, d, answer, body, err)
	}

	code := "http_" + strconv.Itoa(status)
	words := detailOf(answer.Header.Get("Content-Type"), body)

	var outcome chat.ToolOutcome

	switch {
	case status == http.StatusTooManyRequests:
		// RFC 6585 4: the request was not served.
		outcome = notRun(codeRateLimited, "the tool has too many requests now"+words)
	case status == http.StatusTooEarly:
		// RFC 8470 5.2: the server does not process the request.
		outcome = notRun(code, "the tool does not take the request yet"+words)
	case status >= 500 || status == http.StatusRequestTimeout:
		outcome = unknownOutcome(code, "the tool has failed"+words)
	case status >= 300 && status < 400:
		outcome = failedOutcome(codeRedirect, "the tool sends its callers to another place, and is not followed there")
	default:
		outcome = failedOutcome(code, "the tool has refused the call"+words)
	}

	outcome.RetryAfter = retryAfter(answer.Header, time.Now())

	return outcome
}

// acceptAnswer takes the result of a call that the tool has carried out. One that cannot be used
// is a failure, of a call that had its effect.
func acceptAnswer(
	ctx context.Context,
	d *chat.ToolDefinition,
	answer *http.Response,
	body []byte,
	err error,
) chat.ToolOutcome {
	switch {
	case len(body) > chat.MaxToolResult:
		return lateFailure(codeTooLarge, "the tool has carried out the call, and answered with more than 256 KiB")
	case err != nil && ctx.Err() != nil:
		return lateFailure(codeTimeout, "the tool has carried out the call, and not finished its answer in time")
	case err != nil:
		return lateFailure(codeConnection, "the tool has carried out the call, and the connection broke in its answer")
	}

	result, unread := decodeAnswer(answer.Header.Get("Content-Type"), body)
	if unread != "" {
		return lateFailure(codeInvalid, "the tool has carried out the call, and "+unread)
	}

	if wrong := unfitResult(result); wrong != "" {
		return lateFailure(codeInvalid, "the tool has carried out the call, and in its answer "+wrong)
	}

	if err := checkResult(d.HTTP.ResponseSchema, result); err != nil {
		return lateFailure(
			codeInvalid,
			"the tool has carried out the call, and its answer is not what its response_schema says: "+chat.AsError(
				err,
			).Message,
		)
	}

	return chat.ToolOutcome{Kind: chat.ToolSucceeded, Result: result}
}

// decodeAnswer is the answer as JSON: nothing is an empty object, and a text that is none a string. wrong says
// what cannot be used.
func decodeAnswer(contentType string, body []byte) (result json.RawMessage, wrong string) {
	text, ok := decodeText(contentType, body)

	switch {
	case !ok:
		return nil, "its answer is no text"
	case text == "":
		return json.RawMessage(`{}`), ""
	case json.Valid([]byte(text)):
		return json.RawMessage(text), ""
	case strings.ContainsAny(text[:1], "{[\""):
		return nil, "its answer is no JSON: it may have been cut off"
	case isWebPage(contentType, text):
		return nil, "its answer is a web page, as of a login"
	}

	encoded, err := json.Marshal(text)
	if err != nil {
		return nil, "its answer is no text"
	}

	return encoded, ""
}

// unfitResult says what of a result is more than can be stored and checked, "" for nothing. A store
// that refused it after the call was made would have the call made again.
func unfitResult(result json.RawMessage) string {
	exceeded, ok := errors.AsType[*budget.ExceededError](budget.Document.Check(result))
	if !ok {
		return ""
	}

	if exceeded.Path == "" {
		exceeded.Path = "the result"
	}

	return exceeded.Error()
}

func checkResult(document, result json.RawMessage) error {
	if document == nil {
		return nil
	}

	compiled, err := schema.Compile("response_schema", document)
	if err != nil {
		return err
	}

	return compiled.Check(chat.CodeToolUnavailable, "result", result)
}

// maxRetryAfter bounds how long a tool may ask to be left alone.
const maxRetryAfter = 10 * time.Minute

// retryAfter returns how long the tool asks to be left alone, or 0.
func retryAfter(header http.Header, now time.Time) time.Duration {
	wait, _ := retryafter.Parse(header.Get("Retry-After"), now, maxRetryAfter)

	return wait
}
