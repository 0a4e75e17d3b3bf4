package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"handrail/chat"
)

// route is one route of a workspace: who may use it, what is loaded before its handler runs,
// and what the document says of it beside its types.
type route struct {
	method string
	// path is what comes after that of the workspace.
	path   string
	access access
	// withChat loads the chat of the path's {chat_id}, and answers 404 without one.
	withChat bool
	// withDelivery does the same with the delivery of {delivery_id}.
	withDelivery bool

	id, tag, summary, description string
	// request and answer are examples; the answer's type is the type of the answer.
	request, answer any
	// status is that of success: 200 when 0.
	status int
	// acts marks what is asked for with an idempotency key, and may answer 202; running is
	// an example of that answer, an action when nil.
	acts    bool
	running any
	// emptyToo says that success may also be 204.
	emptyToo bool
	// createsOr says that success may also be 201, of the same answer.
	createsOr bool
	// streams says that success may also be a stream of events, to who asks for that, with a key or a token.
	streams bool
	// repeatable says that it may be asked twice: one that has failed frees its key whatever it has stored.
	repeatable bool
	// secrets are fields of the answer that are shown once: a repeated request does not get them.
	secrets []string
	// second says when the request takes a second member, in a sentence; "" for never. The
	// answer is then 202 with the approval.
	second string
	// problems are the codes that this route adds to those that all have.
	problems []chat.Code
	// codes are fields of the body that have their own code.
	codes map[string]chat.Code
}

// checkLoads refuses a route that does not declare withChat or withDelivery exactly when its
// path names one: a forgotten one would leave a handler without its chat, and without the
// 404 for a chat of another workspace.
func (r *route) checkLoads() error {
	names := listPathNames(r.path)

	if r.withChat != slices.Contains(names, chatParameter.name) {
		return errors.New("withChat must be set exactly when the path has {chat_id}")
	}

	if r.withDelivery != slices.Contains(names, deliveryParameter.name) {
		return errors.New("withDelivery must be set exactly when the path has {delivery_id}")
	}

	return nil
}

// registerRoute adds a route. P is the handler's input: the ids of its path under the tag
// inPath, which the checks have read, its query, headers and Body. O is what huma answers with.
// A route that contradicts itself is left out, and makes New fail.
func registerRoute[P, O any](s *service, handle func(context.Context, *P) (*O, error), r route) {
	ids, err := newPathReader(workspacePath+r.path, reflect.TypeFor[P]())
	if err = errors.Join(err, r.checkLoads()); err != nil {
		s.routeErrors = append(s.routeErrors, fmt.Errorf("route %s: %w", r.id, err))
		return
	}

	s.registered = append(s.registered, r)

	body, hasBody := reflect.TypeFor[P]().FieldByName("Body")

	op := huma.Operation{
		Method:        r.method,
		Path:          workspacePath + r.path,
		OperationID:   r.id,
		Tags:          []string{r.tag},
		Summary:       r.summary,
		Description:   describeAccess(describeSecond(r.description, r.second), r.access),
		Parameters:    ids.document(),
		DefaultStatus: r.status,
		// The body is limited by the server, and checked by readBody.
		MaxBodyBytes:     -1,
		SkipValidateBody: true,

		RejectUnknownQueryParameters: true,
		Responses:                    map[string]*huma.Response{},
	}

	checks := s.listChecks(&r, ids)

	switch {
	case hasBody:
		op.RequestBody = s.documentBody(body.Type, r.request)
		s.bodyTypes[r.id] = op.RequestBody.Content["application/json"].Schema.Ref

		checks = append(checks, s.readBody(r.id, r.codes))
		r.problems = append(r.problems, slices.Collect(maps.Values(r.codes))...)
		r.problems = append(r.problems, bodyCodes()...)

	case r.method != http.MethodGet:
		checks = append(checks, noBody)
	}

	op.Middlewares = huma.Middlewares{s.guard(checks...)}

	if r.takesKey() {
		op.Middlewares = append(op.Middlewares, s.carryOutOnce(&r))
		r.documentKey(&op)
	}

	s.documentAnswers(&op, &r)

	huma.Register(s.api, op, answerProblems(s, func(ctx context.Context, in *P) (*O, error) {
		ids.fillInput(in, callFrom(ctx))
		return handle(ctx, in)
	}))
}

// listChecks returns the checks of a route up to that of its body, and adds the codes that
// they answer with to its problems.
func (s *service) listChecks(r *route, ids *pathReader) []check {
	authenticate := s.authenticate
	if r.streams {
		authenticate = s.authenticateReader
	}

	checks := []check{
		s.withinAddressRate,
		authenticate,
		s.withinRate,
		s.withinWorkspaceRate,
		s.inWorkspace,
		s.permit(r.access),
		ids.readIDs,
	}

	if r.second != "" {
		r.problems = append(r.problems, chat.CodeTooManyApprovals)
	}

	if r.withChat {
		checks = append(checks, s.loadChat)
		r.problems = append(r.problems, chat.CodeChatNotFound)
	}

	if r.withDelivery {
		checks = append(checks, s.loadDelivery)
		r.problems = append(r.problems, chat.CodeDeliveryNotFound)
	}

	checks = append(checks, checkVersion, checkQuery)
	if r.method == http.MethodPost {
		checks = append(checks, checkKey)
	}

	return checks
}

func (s *service) documentBody(body reflect.Type, example any) *huma.RequestBody {
	return &huma.RequestBody{
		Required: true,
		Content: map[string]*huma.MediaType{
			"application/json": {
				Schema:  s.api.OpenAPI().Components.Schemas.Schema(body, true, ""),
				Example: example,
			},
		},
	}
}

// answerProblems turns a handler's error into the problem that huma writes.
func answerProblems[P, O any](
	s *service,
	handle func(context.Context, *P) (*O, error),
) func(context.Context, *P) (*O, error) {
	return func(ctx context.Context, in *P) (*O, error) {
		out, err := handle(ctx, in)
		if err == nil {
			return out, nil
		}

		p := s.problemOf(ctx, err)
		if _, replayed := errors.AsType[*replayedError](err); replayed {
			p.setHeader(headerReplayed, flagText(true))
		}

		return nil, p
	}
}

func describeAccess(description string, who access) string {
	needs := "Scope: `" + string(who.scope) + "`."

	switch {
	case who.needsNoScope():
		return description
	case who.asked:
		needs = "Needs what asking for the action needs."
	case who.contributor:
		needs = "For who was asked, with any key; others need the scope `" + string(who.scope) + "`."
	case who.also != "":
		needs = "Scope: `" + string(who.scope) + "` or `" + string(who.also) + "`."
	case who.own:
		needs = "Needs a place in the chat, or the scope `" + string(who.scope) + "`."
	}

	return strings.TrimSpace(description + "\n\n" + needs)
}

// documentAnswers describes the answers of a route of a workspace.
func (s *service) documentAnswers(op *huma.Operation, r *route) {
	status := cmp.Or(op.DefaultStatus, http.StatusOK)
	if r.answer != nil {
		s.documentAnswer(op, status, http.StatusText(status), r.answer)
	}

	if r.streams {
		op.Responses[strconv.Itoa(status)].Content[mediaEvents] = &huma.MediaType{
			Schema: &huma.Schema{
				Type:        huma.TypeString,
				Description: "Server-sent events: data of each is one of items, id its sequence.",
			},
		}
	}

	if r.createsOr {
		s.documentAnswer(op, http.StatusCreated, http.StatusText(http.StatusCreated), r.answer)
		op.Responses[strconv.Itoa(http.StatusCreated)].Headers = map[string]*huma.Param{
			"Location": textHeader("Where it is found."),
		}
	}

	if r.emptyToo {
		op.Responses[strconv.Itoa(http.StatusNoContent)] = &huma.Response{
			Description: http.StatusText(http.StatusNoContent),
		}
	}

	if r.acts {
		running := r.running
		if running == nil {
			running = exampleRunning()
		}

		s.documentAnswer(op, http.StatusAccepted, http.StatusText(http.StatusAccepted), running)
	}

	if r.second != "" {
		s.documentAnswer(op, http.StatusAccepted, http.StatusText(http.StatusAccepted), exampleSecond())
	}

	documentRouteProblems(op, r)
}

// documentAnswer describes an answer by the type of its example.
func (s *service) documentAnswer(op *huma.Operation, status int, description string, example any) {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(example), true, "")
	op.Responses[strconv.Itoa(status)] = &huma.Response{
		Description: description,
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}
}
