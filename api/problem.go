package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"handrail/budget"
	"handrail/chat"
)

// problemType prefixes the code in a problem's type: the path of the page that explains it. It is relative, so
// that it leads to this server wherever it is installed (RFC 9457, 3.1.1).
const problemType = pathProblems + "/"

// problem is an error as callers get it (RFC 9457).
type problem struct {
	Type       string            `json:"type" doc:"A page that explains the code." format:"uri-reference" example:"/docs/problems/invalid_request"`
	Title      string            `json:"title" example:"Invalid request"`
	Status     int               `json:"status" doc:"The HTTP status." example:"400"`
	Detail     string            `json:"detail" doc:"What is wrong this time, and what would be right." example:"message must not be empty"`
	Instance   string            `json:"instance" doc:"Its end is the request id, which the logs carry too." example:"urn:handrail:request:0193a1b2-0000-7000-8000-000000000000"`
	Code       chat.Code         `json:"code" doc:"For programs: codes are stable." example:"invalid_request"`
	Errors     []chat.FieldError `json:"errors,omitempty" doc:"The fields that are wrong, as you spelled them."`
	DeliveryID string            `json:"delivery_id,omitempty" doc:"The delivery that failed." format:"uuid"`
	ErrorCode  string            `json:"error_code,omitempty" doc:"With delivery_failed: the provider's code, as deliveries have it." example:"twilio_30007"`
	ActionID   string            `json:"action_id,omitempty" doc:"The action that failed." format:"uuid"`
	MemberID   chat.MemberID     `json:"member_id,omitempty" doc:"The other member: with address_taken and external_id_taken who has it, with member_not_found into whom the member was merged."`
	ChatID     chat.ChatID       `json:"chat_id,omitempty" doc:"With external_id_taken: the other chat."`
	Retryable  bool              `json:"retryable,omitempty" doc:"The same request may succeed later."`
	ToolCalls  []toolCallJSON    `json:"tool_calls,omitempty" doc:"With tool_call_failed: the results so far."`

	Messages []newerMessageJSON `json:"messages,omitempty" doc:"With chat_moved_on, for keys that may read the chat: what the customer has written since, oldest first."`

	headers http.Header
}

// statuses is the only place where a kind of failure becomes an HTTP status.
var statuses = map[chat.Kind]int{
	chat.KindInternal:        http.StatusInternalServerError,
	chat.KindInvalid:         http.StatusBadRequest,
	chat.KindUnauthenticated: http.StatusUnauthorized,
	chat.KindForbidden:       http.StatusForbidden,
	chat.KindNotFound:        http.StatusNotFound,
	chat.KindMethod:          http.StatusMethodNotAllowed,
	chat.KindConflict:        http.StatusConflict,
	chat.KindTooLarge:        http.StatusRequestEntityTooLarge,
	chat.KindMedia:           http.StatusUnsupportedMediaType,
	chat.KindRateLimited:     http.StatusTooManyRequests,
	chat.KindFailed:          http.StatusInternalServerError,
	chat.KindUnavailable:     http.StatusServiceUnavailable,
}

// Error makes a problem an error that huma answers with as it is.
func (p *problem) Error() string { return p.Detail }

// GetStatus is asked by huma.
func (p *problem) GetStatus() int { return p.Status }

// ContentType is asked by huma.
func (p *problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders is asked by huma.
func (p *problem) GetHeaders() http.Header { return p.headers }

// setHeader gives the answer a header.
func (p *problem) setHeader(name, value string) {
	if p.headers == nil {
		p.headers = http.Header{}
	}

	p.headers[name] = []string{value}
}

// retryUnavailable is the Retry-After, in seconds, of what does not answer: nobody knows how long that lasts.
const retryUnavailable = "5"

func newProblem(requestID string, e *chat.Error) *problem {
	return &problem{
		Type:       problemType + string(e.Code),
		Title:      titleOf(e.Code),
		Status:     statuses[e.Code.Kind()],
		Detail:     e.Message,
		Instance:   "urn:handrail:request:" + requestID,
		Code:       e.Code,
		Errors:     e.NamingField().Fields,
		DeliveryID: e.DeliveryID,
		ErrorCode:  e.ErrorCode,
		ActionID:   e.ActionID,
		MemberID:   e.MemberID,
		ChatID:     e.ChatID,
		Retryable:  e.Retryable,
		ToolCalls:  toolCalls(e.ToolCalls),
	}
}

func titleOf(code chat.Code) string {
	words := strings.ReplaceAll(string(code), "_", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// problemOf answers err, and logs it when it is a fault of ours: here and nowhere else.
func (s *service) problemOf(ctx context.Context, err error) *problem {
	e := callFrom(ctx).respell(chat.AsError(err).NamingField())

	switch e.Code.Kind() {
	case chat.KindInternal:
		s.logger.ErrorContext(ctx, "request failed", "request_id", requestIDFrom(ctx), "error", err)
	case chat.KindUnavailable:
		s.logger.WarnContext(ctx, "a part does not answer", "request_id", requestIDFrom(ctx), "error", err)
	default:
	}

	p := newProblem(requestIDFrom(ctx), e)
	if moved, ok := errors.AsType[*movedOnError](err); ok {
		p.Messages = moved.messages
	}

	if p.Status == http.StatusServiceUnavailable {
		p.setHeader("Retry-After", retryUnavailable)
	}

	return p
}

// refuse writes err as the answer of a request that does not reach its handler.
func (s *service) refuse(ctx huma.Context, err error) {
	p := s.problemOf(ctx.Context(), err)
	ctx.SetHeader("Content-Type", p.ContentType(""))

	for name, values := range p.headers {
		ctx.SetHeader(name, values[0])
	}

	ctx.SetStatus(p.Status)

	if err := huma.DefaultJSONFormat.Marshal(ctx.BodyWriter(), p); err != nil {
		s.logger.ErrorContext(
			ctx.Context(),
			"writing a problem failed",
			"request_id", requestIDFrom(ctx.Context()),
			"error", err,
		)
	}
}

// fiberError answers what never reaches a route: unknown paths and methods, and requests
// that are not HTTP or too large.
func (s *service) fiberError(c *fiber.Ctx, err error) error {
	p := s.transportProblem(c, err)

	return c.Status(p.Status).JSON(p, p.ContentType(""))
}

// transportProblem returns what is wrong with a request that no route has answered, and sets the headers that go with
// it.
func (s *service) transportProblem(c *fiber.Ctx, err error) *problem {
	e := transportError(err)

	p := s.problemOf(requestContext(c), e)
	if f, ok := errors.AsType[*fiber.Error](err); ok && e.Code.Kind() == chat.KindInvalid {
		p.Status = f.Code
	}

	for name, values := range p.headers {
		c.Set(name, values[0])
	}

	return p
}

func transportError(err error) *chat.Error {
	f, ok := errors.AsType[*fiber.Error](err)
	if !ok {
		return chat.AsError(err)
	}

	switch f.Code {
	case http.StatusNotFound:
		return chat.Errorf(
			chat.CodeNotFound,
			"there is nothing at this path; /docs shows what there is, and /openapi.json describes it",
		)
	case http.StatusMethodNotAllowed:
		return chat.Errorf(
			chat.CodeMethodNotAllowed,
			"this path does not take this method; the Allow header names those it takes",
		)

	case http.StatusRequestHeaderFieldsTooLarge:
		return chat.Errorf(chat.CodeInvalidRequest, "the request's headers must be at most %d bytes", budget.MaxHead)
	case http.StatusRequestTimeout:
		return chat.Errorf(chat.CodeInvalidRequest, "the request did not arrive in time")
	}

	if f.Code < http.StatusInternalServerError {
		return chat.Errorf(chat.CodeInvalidRequest, "this is not a request that can be read")
	}

	return chat.AsError(err)
}

// huma can be told only through package variables how to make the errors of what it parses
// itself, the query and the headers, and that lists are never null here. Nothing else in a
// program that links this package uses huma.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(_ int, message string, _ ...error) huma.StatusError {
		return newProblem("", chat.AsError(errors.New(message)))
	}

	huma.NewErrorWithContext = func(ctx huma.Context, _ int, message string, errs ...error) huma.StatusError {
		return newProblem(requestIDFrom(ctx.Context()), parameterError(ctx.Operation(), message, errs))
	}
}
