package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// routeDoc is what the document says of a route, beside its types.
type routeDoc struct {
	id, tag, summary, description string
	// request and answer are examples; the answer's type is the type of the answer.
	request, answer any
	// status is that of success: 200 when 0.
	status int
	// acts marks what is asked for with an idempotency key, and may answer 202; running is
	// an example of that answer, an action when nil.
	acts    bool
	running any
	// problems are the codes that this route adds to those that all have.
	problems []chat.Code
	// codes are fields of the body that have their own code.
	codes map[string]chat.Code
}

// registerRoute adds a route of a workspace. P holds its query, headers and Body; path ids are
// read by the checks and found in the call. O is what huma answers with.
func registerRoute[P, O any](
	s *service,
	method, path string,
	who access,
	handle func(context.Context, *P) (*O, error),
	a routeDoc,
) {
	body, hasBody := reflect.TypeFor[P]().FieldByName("Body")

	op := huma.Operation{
		Method:        method,
		Path:          workspacePath + path,
		OperationID:   a.id,
		Tags:          []string{a.tag},
		Summary:       a.summary,
		Description:   describeAccess(a.description, who),
		Parameters:    documentPath(workspacePath + path),
		Security:      []map[string][]string{{securityScheme: {}}},
		DefaultStatus: a.status,
		// The body is limited by the server, and checked by readBody.
		MaxBodyBytes:     -1,
		SkipValidateBody: true,
		Responses:        map[string]*huma.Response{},
	}

	checks := []check{s.authenticate, s.withinRate, s.inWorkspace, s.permit(who), readPath(op.Path)}
	if strings.HasPrefix(path, "/chats/{chat_id}") {
		checks = append(checks, s.loadChat)
		a.problems = append(a.problems, chat.CodeChatNotFound)
	}

	if strings.HasPrefix(path, "/deliveries/{delivery_id}") {
		checks = append(checks, s.loadDelivery)
		a.problems = append(a.problems, chat.CodeDeliveryNotFound)
	}

	checks = append(checks, checkQuery)
	if a.acts {
		checks = append(checks, checkKey)
	}

	switch {
	case hasBody:
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/json": {
				Schema:  s.api.OpenAPI().Components.Schemas.Schema(body.Type, true, ""),
				Example: a.request,
			},
		}}

		s.bodyTypes[a.id] = op.RequestBody.Content["application/json"].Schema.Ref
		checks = append(checks, s.readBody(a.id, a.codes))
		a.problems = append(a.problems, slices.Collect(maps.Values(a.codes))...)
		a.problems = append(a.problems, chat.CodeBodyTooLarge, chat.CodeUnsupportedMediaType)

	case method != http.MethodGet:
		checks = append(checks, noBody)
	}

	op.Middlewares = huma.Middlewares{s.guard(checks...)}
	s.documentAnswers(&op, a)
	huma.Register(s.api, op, answerProblems(s, handle))
}

// answerProblems turns a handler's error into the problem that huma writes.
func answerProblems[P, O any](
	s *service,
	handle func(context.Context, *P) (*O, error),
) func(context.Context, *P) (*O, error) {
	return func(ctx context.Context, in *P) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			p := s.problemOf(ctx, err)
			if _, replayed := errors.AsType[*replayedError](err); replayed {
				p.headers = http.Header{"Idempotency-Replayed": {"true"}}
			}

			return nil, p
		}

		return out, nil
	}
}

func describeAccess(description string, who access) string {
	access := "Needs the scope `" + string(who.scope) + "`."
	switch {
	case who.asked:
		access = "Needs what asking for the action needs."
	case who.contributor:
		access = "For who was asked, with any key; others need the scope `" + string(who.scope) + "`."
	case who.own:
		access = "Needs a place in the chat, or the scope `" + string(who.scope) + "`."
	}

	return strings.TrimSpace(description + "\n\n" + access)
}

// documentAnswers describes the answers of a route of a workspace.
func (s *service) documentAnswers(op *huma.Operation, a routeDoc) {
	status := max(op.DefaultStatus, http.StatusOK)
	if a.answer != nil {
		s.documentAnswer(op, status, http.StatusText(status), a.answer)
	}

	if a.acts {
		running := a.running
		if running == nil {
			running = exampleRunning()
		}

		s.documentAnswer(op, http.StatusAccepted, "The work goes on; Location says where to ask for it.", running)
		op.Responses[strconv.Itoa(http.StatusAccepted)].Headers["Location"] = textHeader("Where to ask how it stands.")
	}

	problems := append([]chat.Code{
		chat.CodeInvalidRequest, chat.CodeUnauthenticated, chat.CodeForbidden, chat.CodeWorkspaceNotFound,
		chat.CodeRateLimited, chat.CodeInternal, chat.CodeUnavailable,
	}, a.problems...)

	s.documentProblems(op, problems)
}

func (s *service) documentAnswer(op *huma.Operation, status int, description string, example any) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(example), true, "")
	op.Responses[strconv.Itoa(status)] = &huma.Response{
		Description: description, Headers: answerHeaders(),
		Content: map[string]*huma.MediaType{"application/json": {Schema: schema, Example: example}},
	}
}

// documentProblems adds one response for each status, which lists its codes.
func (s *service) documentProblems(op *huma.Operation, problems []chat.Code) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[problem](), true, "")
	byStatus := map[int][]string{}

	for _, code := range problems {
		status := statuses[code.Kind()]
		if !slices.Contains(byStatus[status], string(code)) {
			byStatus[status] = append(byStatus[status], string(code))
		}
	}

	for status, codes := range byStatus {
		headers := answerHeaders()

		switch status {
		case http.StatusTooManyRequests:
			headers["Retry-After"] = textHeader("Seconds to wait.")
		case http.StatusUnauthorized:
			headers["WWW-Authenticate"] = textHeader("Bearer.")
		}

		example := newProblem(
			exampleRequest,
			chat.Errorf(chat.Code(codes[0]), "What is wrong this time, and what would be right."),
		)

		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status) + ": `" + strings.Join(codes, "`, `") + "`.", Headers: headers,
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema, Example: example}},
		}
	}
}
