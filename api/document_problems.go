package api

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// extensionProblems is the member of an operation that lists its codes, by status.
const extensionProblems = "x-problems"

// The answers with a problem that all operations share. Statuses are ranges, since all have one form; which
// status comes with which code the operation lists.
const (
	responseRefused = "Refused"
	responseFailed  = "Failed"
)

// commonCodes are those that every route of a workspace may answer with: they are described once.
func commonCodes() []chat.Code {
	return []chat.Code{
		chat.CodeInvalidRequest,
		chat.CodeUnauthenticated,
		chat.CodeForbidden,
		chat.CodeWorkspaceNotFound,
		chat.CodeRateLimited,
		chat.CodeInternal,
		chat.CodeUnavailable,
	}
}

// bodyCodes are those of every route with a body, keyCodes those of every route with an Idempotency-Key.
func bodyCodes() []chat.Code {
	return []chat.Code{chat.CodeBodyTooLarge, chat.CodeUnsupportedMediaType}
}

func keyCodes() []chat.Code {
	return []chat.Code{chat.CodeIdempotencyKeyReused, chat.CodeRequestInProgress, chat.CodeAnswerLost}
}

// problemResponses are the answers to which operations refer.
func problemResponses(registry huma.Registry) map[string]*huma.Response {
	schema := registry.Schema(reflect.TypeFor[problem](), true, "")
	example := newProblem(exampleRequest, chat.Invalid("message", "must not be empty"))

	refused := &huma.Response{
		Description: "The request must change, or wait. Every operation of a workspace may answer " +
			listStatuses(commonCodes(), false) + "; with a body also " + listStatuses(bodyCodes(), false) +
			"; every POST also " + listStatuses(keyCodes(), false) + ". What else an operation answers stands in its " +
			"`" + extensionProblems + "`.",
		Headers: answerHeaders("Retry-After", "WWW-Authenticate"),
		Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema, Example: example}},
	}

	failed := &huma.Response{
		Description: "A part does not answer, or what was asked for has failed. Every operation of a workspace may " +
			"answer " + listStatuses(commonCodes(), true) + ".",
		Headers: answerHeaders(),
		Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}},
	}

	return map[string]*huma.Response{responseRefused: refused, responseFailed: failed}
}

// listStatuses says in words which codes come with which status, of those below 500 or from there.
func listStatuses(codes []chat.Code, failures bool) string {
	var parts []string

	for _, code := range codes {
		status := statuses[code.Kind()]
		if (status >= http.StatusInternalServerError) == failures {
			parts = append(parts, strconv.Itoa(status)+" `"+string(code)+"`")
		}
	}

	return strings.Join(parts, ", ")
}

// documentProblems refers to the shared answers, and lists the codes of this operation by status, without those
// that are described for all.
func documentProblems(op *huma.Operation, codes, described []chat.Code) {
	own := map[string][]chat.Code{}

	for _, code := range codes {
		status := statuses[code.Kind()]
		if status < http.StatusInternalServerError {
			op.Responses["4XX"] = &huma.Response{Ref: sharedResponses + responseRefused}
		} else {
			op.Responses["5XX"] = &huma.Response{Ref: sharedResponses + responseFailed}
		}

		text := strconv.Itoa(status)
		if !slices.Contains(described, code) && !slices.Contains(own[text], code) {
			own[text] = append(own[text], code)
		}
	}

	if len(own) > 0 {
		op.Extensions = map[string]any{extensionProblems: own}
	}
}

// documentRouteProblems describes what a route of a workspace answers beside what it was asked for.
func documentRouteProblems(op *huma.Operation, r *route) {
	described := slices.Concat(commonCodes(), bodyCodes(), keyCodes())
	documentProblems(op, append(commonCodes(), r.problems...), described)
}
