package toolbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	switch {
	case status >= 200 && status < 300:
		return acceptAnswer(ctx, d, answer, body, err)
	case status == http.StatusTooManyRequests:
		// RFC 6585 4: the request was not served.
		outcome := notRun(codeRateLimited, "the tool has too many requests now")
		outcome.RetryAfter = retryAfter(answer.Header, time.Now())

		return outcome

	case status >= 500 || status == http.StatusRequestTimeout:
		return unknownOutcome("http_"+strconv.Itoa(status), "the tool has failed"+detailOf(body))
	case status >= 300 && status < 400:
		return failedOutcome(codeRedirect, "the tool sends its callers to another place, and is not followed there")
	}

	return failedOutcome("http_"+strconv.Itoa(status), "the tool has refused the call"+detailOf(body))
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

	result, ok := decodeAnswer(answer.Header.Get("Content-Type"), body)
	if !ok {
		return lateFailure(codeInvalid, "the tool has carried out the call, and its answer is no JSON")
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

// decodeAnswer is the answer as JSON: nothing is an empty object, plain text a string.
func decodeAnswer(contentType string, body []byte) (json.RawMessage, bool) {
	text := strings.TrimSpace(string(body))
	if text == "" {
		return json.RawMessage(`{}`), true
	}

	if json.Valid(body) && utf8.Valid(body) {
		return json.RawMessage(text), true
	}

	// What begins like JSON and is none was cut off, whatever its type says.
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "text/plain" || !utf8.Valid(body) ||
		strings.ContainsAny(text[:1], "{[\"") {
		return nil, false
	}

	encoded, err := json.Marshal(text)

	return encoded, err == nil
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

// maxDetail is the most characters of a tool's own words that are kept.
const maxDetail = 300

// detailOf is what the tool says for itself, from the usual places of an error.
func detailOf(body []byte) string {
	var said struct {
		Detail  any `json:"detail"`
		Message any `json:"message"`
		Error   any `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}

	for _, words := range []any{said.Detail, said.Message, said.Error} {
		if text, ok := words.(string); ok && strings.TrimSpace(text) != "" {
			return ": " + tidyLine(text)
		}
	}

	return ""
}

// tidyLine makes a text from outside fit for one line.
func tidyLine(text string) string {
	text = strings.Join(
		strings.FieldsFunc(
			strings.ToValidUTF8(text, ""),
			func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) },
		),
		" ",
	)

	if runes := []rune(text); len(runes) > maxDetail {
		return string(runes[:maxDetail]) + "…"
	}

	return text
}

// maxRetryAfter bounds how long a tool may ask to be left alone.
const maxRetryAfter = 10 * time.Minute

// retryAfter returns how long the tool asks to be left alone, or 0.
func retryAfter(header http.Header, now time.Time) time.Duration {
	wait, _ := retryafter.Parse(header.Get("Retry-After"), now, maxRetryAfter)

	return wait
}
