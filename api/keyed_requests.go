package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"

	"handrail/chat"
	"handrail/uuidv7"
)

const (
	headerKey        = "Idempotency-Key"
	headerReplayed   = "Idempotency-Replayed"
	headerPreference = "Preference-Applied"
	headerLocation   = "Location"
	// keyRetryAfter is the Retry-After, in seconds, of a request whose key is in use.
	keyRetryAfter = "2"
)

// validKey matches valid Idempotency-Keys.
var validKey = regexp.MustCompile(`^[!-~]{1,255}$`)

// checkKey refuses an Idempotency-Key that is invalid or given twice. To ignore it would break what its sender relies
// on.
func checkKey(ctx huma.Context, _ *requestInfo) error {
	const field = "header." + headerKey

	switch keys := humafiber.Unwrap(ctx).Request().Header.PeekAll(headerKey); {
	case len(keys) > 1:
		return chat.Invalid(field, "must be given once")
	case len(keys) == 1 && !validKey.Match(keys[0]):
		return chat.Invalid(field, "must be 1 to 255 visible ASCII characters")
	}

	return nil
}

// takesKey reports whether the route carries a request out once for each key, and keeps its answer. Workflows do that
// for actions.
func (r *route) takesKey() bool { return r.method == http.MethodPost && !r.acts }

// documentKey adds the Idempotency-Key to the documentation of a route.
func (r *route) documentKey(op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name:        headerKey,
		In:          "header",
		Example:     "order-4711",
		Description: describeTag[ActionHeaders](headerKey),
		Schema: &huma.Schema{
			Type:               huma.TypeString,
			Pattern:            validKey.String(),
			PatternDescription: "1 to 255 visible ASCII characters",
		},
	})

	op.Description += r.describeSecrets()
	r.problems = append(r.problems, keyCodes()...)
}

// describeTag returns the description of a header in a struct of headers.
func describeTag[Headers any](name string) string {
	for field := range reflect.TypeFor[Headers]().Fields() {
		if field.Tag.Get("header") == name {
			return field.Tag.Get("doc")
		}
	}

	return ""
}

// describeSecrets documents which fields the answer to a repeated request lacks.
func (r *route) describeSecrets() string {
	if len(r.secrets) == 0 {
		return ""
	}

	return " The answer to a repeated request is without `" + strings.Join(r.secrets, "` and `") +
		"`, which is kept nowhere."
}

// carryOutOnce carries a request out once, however often it is sent with the same key. Repeated requests get the first
// answer. A request that was refused, or has failed before it stored anything, frees its key.
func (s *service) carryOutOnce(r *route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := callFrom(ctx.Context())

		key := ctx.Header(headerKey)
		if key == "" {
			next(ctx)
			return
		}

		asked, err := s.newKeyedRequest(ctx, c, key)
		if err != nil {
			s.refuse(ctx, err)
			return
		}

		asked.Repeatable = r.repeatable

		answer, err := s.store.BeginRequest(ctx.Context(), asked)

		switch {
		case chat.CodeOf(err) == chat.CodeRequestInProgress:
			ctx.SetHeader("Retry-After", keyRetryAfter)
			s.refuse(ctx, err)

		case err != nil:
			s.refuse(ctx, err)
		case answer != nil:
			s.repeatAnswer(ctx, answer)
		case c.gone != nil:
			s.freeKey(ctx.Context(), asked, true)
			s.refuse(ctx, c.gone)

		default:
			next(huma.WithContext(ctx, chat.WithKeyedRequest(ctx.Context(), asked)))
			s.endRequest(ctx, r, asked)
		}
	}
}

// newKeyedRequest returns a request with a key, for the store.
func (s *service) newKeyedRequest(ctx huma.Context, c *requestInfo, key string) (chat.KeyedRequest, error) {
	digests, err := fingerprintRequest(ctx, c, key)

	return chat.KeyedRequest{
		WorkspaceID: c.workspace(),
		ID:          s.engine.ActionID(c.workspace(), key),
		Holder:      uuidv7.New[string](),
		RequestID:   c.requestID,
		Fingerprint: digests,
	}, err
}

// fingerprintRequest returns digests of the request's path, of each query parameter and of each field of the body. They
// include the key, which is not stored, so that nobody can find the values from stored digests by trying.
func fingerprintRequest(ctx huma.Context, c *requestInfo, key string) (chat.Fingerprint, error) {
	request := humafiber.Unwrap(ctx)
	digests := chat.Fingerprint{}
	digest := func(name, value string) {
		sum := sha256.Sum256([]byte(key + "\x00" + name + "\x00" + value))
		digests[name] = hex.EncodeToString(sum[:16])
	}

	digest(chat.FieldPath, string(request.Request().URI().Path()))

	query, err := url.ParseQuery(string(request.Request().URI().QueryString()))
	if err != nil {
		return nil, fmt.Errorf("read the query of a request: %w", err)
	}

	for name, values := range query {
		digest("query."+name, strings.Join(values, "\x00"))
	}

	if len(c.body) == 0 {
		return digests, nil
	}

	var fields map[string]json.RawMessage
	if err := json.Unmarshal(c.body, &fields); err != nil {
		return nil, fmt.Errorf("read the fields of a request: %w", err)
	}

	for name, value := range fields {
		digest(name, string(value))
	}

	return digests, nil
}

// repeatAnswer writes the stored answer of the first request with a key.
func (s *service) repeatAnswer(ctx huma.Context, answer *chat.RequestAnswer) {
	ctx.SetHeader(headerReplayed, flagText(true))

	if answer.Location != "" {
		ctx.SetHeader(headerLocation, answer.Location)
	}

	ctx.SetStatus(answer.Status)

	if len(answer.Body) == 0 {
		return
	}

	ctx.SetHeader("Content-Type", "application/json")

	// Every body ends with a line feed, which is not stored.
	if _, err := ctx.BodyWriter().Write(append(answer.Body, '\n')); err != nil {
		s.logger.ErrorContext(ctx.Context(), "repeating an answer failed", "error", err)
	}
}

// endRequest stores the answer of a request, or frees its key.
func (s *service) endRequest(ctx huma.Context, r *route, asked chat.KeyedRequest) {
	response := humafiber.Unwrap(ctx).Response()

	switch status := response.StatusCode(); {
	case status < http.StatusBadRequest:
		body, err := removeFields(response.Body(), r.secrets)
		if err == nil {
			err = s.store.KeepAnswer(ctx.Context(), asked, chat.RequestAnswer{
				Status:   status,
				Location: string(response.Header.Peek(headerLocation)),
				Body:     body,
			})
		}

		if err != nil {
			// The request was carried out, so the caller gets its answer all the same.
			s.logger.ErrorContext(
				ctx.Context(),
				"the answer to a request with an idempotency key was not kept",
				"request_id", asked.RequestID,
				"error", err,
			)
		}

	case status < http.StatusInternalServerError:
		s.freeKey(ctx.Context(), asked, true)
	default:
		// It may have failed after it stored something.
		s.freeKey(ctx.Context(), asked, r.repeatable)
	}
}

// freeKey frees the key of a request. A key that cannot be freed now expires.
func (s *service) freeKey(ctx context.Context, asked chat.KeyedRequest, evenIfDone bool) {
	if err := s.store.FreeRequest(ctx, asked, evenIfDone); err != nil {
		s.logger.InfoContext(
			ctx,
			"an idempotency key was not freed, and lapses",
			"request_id", asked.RequestID,
			"error", err,
		)
	}
}

// removeFields returns a JSON object without some of its fields.
func removeFields(body []byte, names []string) ([]byte, error) {
	body = bytes.TrimSpace(body)
	if len(names) == 0 || len(body) == 0 {
		return bytes.Clone(body), nil
	}

	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}

	for _, name := range names {
		delete(fields, name)
	}

	return json.Marshal(fields)
}

// allowRepeatInGoneChat allows a request about a deleted chat if its key was used before: it then gets the first
// answer. Otherwise it returns gone.
func (s *service) allowRepeatInGoneChat(ctx context.Context, c *requestInfo, key chat.ActionID, gone error) error {
	stored, err := s.store.Action(ctx, c.workspace(), key)
	used := err == nil && stored.Resumable() != nil // an action that has done nothing cannot do it in a deleted chat

	if chat.CodeOf(err) == chat.CodeActionNotFound {
		used, err = s.store.HasRequest(ctx, c.workspace(), key)
	}

	switch {
	case err != nil:
		return err
	case !used:
		return gone
	}

	c.chat.Acted = true
	c.gone = gone

	return nil
}
