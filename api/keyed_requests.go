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
	// retrySoon is the Retry-After, in seconds, of a request whose key is in use.
	retrySoon = "2"
)

// saneKey is what an Idempotency-Key may look like.
var saneKey = regexp.MustCompile(`^[!-~]{1,255}$`)

// checkKey refuses an Idempotency-Key that cannot be one, or is given twice: its sender counts on it, and would be
// left without.
func checkKey(ctx huma.Context, _ *requestInfo) error {
	const field = "header." + headerKey

	switch keys := humafiber.Unwrap(ctx).Request().Header.PeekAll(headerKey); {
	case len(keys) > 1:
		return chat.Invalid(field, "must be given once")
	case len(keys) == 1 && !saneKey.Match(keys[0]):
		return chat.Invalid(field, "must be 1 to 255 visible ASCII characters")
	}

	return nil
}

// takesKey reports whether a route carries out a request once for each key, and keeps its answer. Actions are
// carried out once by their workflows.
func (r *route) takesKey() bool { return r.method == http.MethodPost && !r.acts }

// documentKey adds the Idempotency-Key to what the document says of a route.
func (r *route) documentKey(op *huma.Operation) {
	op.Parameters = append(op.Parameters, &huma.Param{
		Name:        headerKey,
		In:          "header",
		Example:     "order-4711",
		Description: describeTag[ActionHeaders](headerKey),
		Schema: &huma.Schema{
			Type:               huma.TypeString,
			Pattern:            saneKey.String(),
			PatternDescription: "1 to 255 visible ASCII characters",
		},
	})

	op.Description += r.describeSecrets()
	r.problems = append(r.problems, keyCodes()...)
}

// describeTag returns the description of the header that a struct of headers has.
func describeTag[Headers any](name string) string {
	for field := range reflect.TypeFor[Headers]().Fields() {
		if field.Tag.Get("header") == name {
			return field.Tag.Get("doc")
		}
	}

	return ""
}

// describeSecrets says in the document what a repeated request does not get.
func (r *route) describeSecrets() string {
	if len(r.secrets) == 0 {
		return ""
	}

	return " The answer to a repeated request is without `" + strings.Join(r.secrets, "` and `") +
		"`, which is kept nowhere."
}

// once carries out a request once, however often it is sent with one key: whoever repeats it gets the first answer.
// A request that was refused, or that has failed before it had stored anything, frees its key.
func (s *service) once(r *route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := callFrom(ctx.Context())

		key := ctx.Header(headerKey)
		if key == "" {
			next(ctx)
			return
		}

		asked, err := s.keyedRequest(ctx, c, key)
		if err != nil {
			s.refuse(ctx, err)
			return
		}

		asked.Repeatable = r.repeatable

		answer, err := s.store.BeginRequest(ctx.Context(), asked)

		switch {
		case chat.CodeOf(err) == chat.CodeRequestInProgress:
			ctx.SetHeader("Retry-After", retrySoon)
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

// keyedRequest describes a request with a key.
func (s *service) keyedRequest(ctx huma.Context, c *requestInfo, key string) (chat.KeyedRequest, error) {
	digests, err := fingerprintRequest(ctx, c, key)

	return chat.KeyedRequest{
		WorkspaceID: c.workspace(),
		ID:          s.engine.ActionID(c.workspace(), key),
		Holder:      uuidv7.New[string](),
		RequestID:   c.requestID,
		Fingerprint: digests,
	}, err
}

// fingerprintRequest digests where a request was sent, each parameter of its query, and each field of its body. The
// key goes into the digests, and is not kept: nobody who reads them can try what they are made of.
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

// repeatAnswer writes what the first request with a key was answered with.
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

	// With the end of the line that every body has.
	if _, err := ctx.BodyWriter().Write(append(answer.Body, '\n')); err != nil {
		s.logger.ErrorContext(ctx.Context(), "repeating an answer failed", "error", err)
	}
}

// endRequest keeps the answer that a request has got, or frees its key.
func (s *service) endRequest(ctx huma.Context, r *route, asked chat.KeyedRequest) {
	response := humafiber.Unwrap(ctx).Response()

	switch status := response.StatusCode(); {
	case status < http.StatusBadRequest:
		body, err := withoutFields(response.Body(), r.secrets)
		if err == nil {
			err = s.store.KeepAnswer(ctx.Context(), asked, chat.RequestAnswer{
				Status:   status,
				Location: string(response.Header.Peek(headerLocation)),
				Body:     body,
			})
		}

		if err != nil {
			// It was carried out, which is what the caller must know.
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
		// It may have failed after it had stored what was asked for.
		s.freeKey(ctx.Context(), asked, r.repeatable)
	}
}

// freeKey frees the key of a request; what cannot be freed lapses.
func (s *service) freeKey(ctx context.Context, asked chat.KeyedRequest, even bool) {
	if err := s.store.FreeRequest(ctx, asked, even); err != nil {
		s.logger.WarnContext(
			ctx,
			"an idempotency key was not freed",
			"request_id", asked.RequestID,
			"error", err,
		)
	}
}

// withoutFields returns a JSON object without some of its fields.
func withoutFields(body []byte, names []string) ([]byte, error) {
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

// forgiveGone lets a request pass whose chat is gone, if its key was used while the chat was there: it gets what was
// answered then. gone is what it is answered with otherwise.
func (s *service) forgiveGone(ctx context.Context, c *requestInfo, key chat.ActionID, gone error) error {
	stored, err := s.store.Action(ctx, c.workspace(), key)
	used := err == nil && stored.Resumable() != nil // what has done nothing could not now

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
