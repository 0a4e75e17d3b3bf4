package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"handrail/chat"
	"handrail/cmd/internal/service"
)

// client calls the REST API of one workspace.
type client struct {
	*console
	base *url.URL
	key  string
	// shown is the address as the person knows it.
	shown string
	http  *http.Client
}

// call is one request.
type call struct {
	method, path string
	query        url.Values
	body         any
	// key is the Idempotency-Key.
	key string
	// again reports whether a second request does no harm, even without a key.
	again bool
	// prefer is the Prefer header.
	prefer string
}

// answer is an answer of the API that is no problem.
type answer struct {
	status int
	raw    json.RawMessage
}

// into decodes the answer.
func (a *answer) into(v any) error {
	if err := json.Unmarshal(a.raw, v); err != nil {
		return fmt.Errorf("cannot read the API's answer (is the API another version of Handrail?): %w", err)
	}

	return nil
}

// problem is a refusal of the API (RFC 9457).
type problem struct {
	Status     int            `json:"status"`
	Detail     string         `json:"detail"`
	Code       string         `json:"code"`
	Instance   string         `json:"instance"`
	Errors     []fieldProblem `json:"errors"`
	DeliveryID string         `json:"delivery_id"`
}

// fieldProblem is what is wrong with one field of a request.
type fieldProblem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error returns what is wrong and which fields are, and with a fault of the API where its
// log has more.
func (p *problem) Error() string {
	var b strings.Builder

	detail := p.Detail
	if p.Code == string(chat.CodeUnauthenticated) {
		detail = "the API does not accept the key in --key (HANDRAIL_API_KEY)"
	}

	for _, e := range p.Errors {
		detail = strings.Replace(detail, e.Field, flagForField(e.Field), 1)
	}

	fmt.Fprintf(&b, "%s (%s)", makePrintable(detail), makePrintable(p.Code))

	for _, e := range p.Errors {
		if !strings.Contains(p.Detail, e.Message) {
			fmt.Fprintf(&b, "\n  %s %s", makePrintable(flagForField(e.Field)), makePrintable(e.Message))
		}
	}

	if p.DeliveryID != "" {
		fmt.Fprintf(&b, "\n  delivery %s", makePrintable(p.DeliveryID))
	}

	if p.Status >= http.StatusInternalServerError {
		fmt.Fprintf(&b, "\n  %s", makePrintable(p.Instance))
	}

	return b.String()
}

// flagForField returns the flag of the command line for a field of the API.
func flagForField(field string) string {
	if strings.HasPrefix(field, "path.") {
		return "the id"
	}

	name := strings.TrimPrefix(strings.TrimPrefix(field, "query."), "body.")

	switch name {
	case "workspace_uuid":
		name = "workspace"
	case chat.FieldAcknowledgeDuplicate:
		name = "may-duplicate"
	}

	name = strings.TrimSuffix(strings.TrimSuffix(name, "_per_second"), "_seconds")

	return "--" + strings.ReplaceAll(name, "_", "-")
}

// needsField reports whether the API refused because of a field.
func needsField(err error, field string) bool {
	p, ok := errors.AsType[*problem](err)

	return ok && slices.ContainsFunc(p.Errors, func(e fieldProblem) bool { return e.Field == field })
}

// isProblem reports whether the API refused with a code.
func isProblem(err error, code chat.Code) bool {
	p, ok := errors.AsType[*problem](err)
	return ok && p.Code == string(code)
}

// repeatable reports whether a second request does no harm.
func (c *call) repeatable() bool { return c.method == http.MethodGet || c.key != "" || c.again }

// tries is how often a request is made that may be repeated.
const tries = 4

// do makes a request, and repeats it where the API or the way to it failed for a moment.
// Errors: *problem for a refusal.
func (c *client) do(what call) (*answer, error) {
	for try := 1; ; try++ {
		got, err := c.once(what)
		if !what.repeatable() || !isTransient(err) || try == tries || c.ctx.Err() != nil || !c.pause(nil) {
			return got, err
		}
	}
}

// isTransient reports whether a failure may be over in a moment.
func isTransient(err error) bool {
	if p, ok := errors.AsType[*problem](err); ok {
		return p.Status == http.StatusServiceUnavailable || p.Status == http.StatusTooManyRequests
	}

	_, broken := errors.AsType[*brokenError](err)

	return broken
}

// brokenError is a request without an answer.
type brokenError struct{ error }

// Unwrap returns what went wrong underneath.
func (e *brokenError) Unwrap() error { return e.error }

func (c *client) once(what call) (*answer, error) {
	request, err := c.request(what)
	if err != nil {
		return nil, err
	}

	res, err := c.http.Do(request)
	if err != nil {
		return nil, c.unreachable(err)
	}

	defer func() { _ = res.Body.Close() }() // read to its end, or given up

	if res.StatusCode/100 != 2 {
		return nil, c.refusal(res)
	}

	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, c.unreachable(err)
	}

	return &answer{status: res.StatusCode, raw: raw}, nil
}

// maxAnswer exceeds every answer of the API: a page of a hundred deliveries, or one with
// its payload and events.
const maxAnswer = 64 << 20

func (c *client) request(what call) (*http.Request, error) {
	var body io.Reader
	if what.body != nil {
		encoded, err := json.Marshal(what.body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}

		body = bytes.NewReader(encoded)
	}

	target := c.base.JoinPath(what.path)
	target.RawQuery = what.query.Encode()

	request, err := http.NewRequestWithContext(c.ctx, what.method, target.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}

	for name, value := range map[string]string{
		"Authorization":   "Bearer " + c.key,
		"Accept":          "application/json",
		"User-Agent":      "handrail/" + service.Version,
		"Idempotency-Key": what.key,
		"Prefer":          what.prefer,
	} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}

	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}

	return request, nil
}

// unreachable returns an error with the address that does not answer, and what sets it.
func (c *client) unreachable(err error) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}

	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}

	return &brokenError{
		fmt.Errorf(
			"the API does not answer at %s: %w. Is it running there? --url (HANDRAIL_URL) sets the address",
			c.shown,
			err,
		),
	}
}

// get reads something and decodes it into v.
func (c *client) get(path string, query url.Values, v any) (*answer, error) {
	got, err := c.do(call{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return nil, err
	}

	return got, got.into(v)
}

// showOne makes a call and writes its answer with show, or as the API's JSON.
func showOne[T any](c *console, r *remote, what call, show func(api *client, answered *T) error) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	got, err := api.do(what)
	if err != nil {
		return err
	}

	if r.JSON {
		return api.showJSON(got.raw)
	}

	var answered T
	if err := got.into(&answered); err != nil {
		return err
	}

	return show(api, &answered)
}

// showJSON writes an answer of the API, indented.
func (c *client) showJSON(raw json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return fmt.Errorf("the API's answer cannot be read: %w", err)
	}

	b.WriteByte('\n')

	if _, err := b.WriteTo(c.out); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}

	return nil
}
