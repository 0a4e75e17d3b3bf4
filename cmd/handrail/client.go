package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"handrail/client"
)

// apiClient calls the REST API of one workspace.
type apiClient struct {
	*console
	*client.API
	// workspace is the id of the workspace.
	workspace string
	// shown is the address as it was given.
	shown string
}

// answer is a successful answer of the API.
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

// problem is a refusal of the API, in the words of the command line.
type problem struct {
	refusal *client.Error
	// words name the fields of the API as the command does that was run.
	words commandWords
}

// Unwrap returns the refusal.
func (p *problem) Unwrap() error { return p.refusal }

// Error returns what is wrong with which flags, and for a fault of the API the instance that its log names.
func (p *problem) Error() string {
	var b strings.Builder

	detail := p.refusal.Detail
	if p.refusal.Code == client.ProblemCodeUnauthenticated {
		detail = "the API does not accept the key in --key (HANDRAIL_API_KEY)"
	}

	for _, e := range p.refusal.Errors {
		detail = strings.Replace(detail, e.Message, sayDurations(e.Field, e.Message), 1)
		detail = strings.Replace(detail, e.Field, p.words.nameField(e.Field), 1)
	}

	fmt.Fprintf(&b, "%s (%s)", makePrintable(detail), makePrintable(string(p.refusal.Code)))

	for _, e := range p.refusal.Errors {
		if !strings.Contains(p.refusal.Detail, e.Message) {
			name := p.words.nameField(e.Field)
			fmt.Fprintf(&b, "\n  %s %s", makePrintable(name), makePrintable(sayDurations(e.Field, e.Message)))
		}
	}

	if p.refusal.DeliveryID != nil {
		fmt.Fprintf(&b, "\n  delivery %s", makePrintable(*p.refusal.DeliveryID))
	}

	if p.refusal.Status >= http.StatusInternalServerError {
		fmt.Fprintf(&b, "\n  %s", makePrintable(p.refusal.Instance))
	}

	return b.String()
}

// needsField reports whether the API refused because of a field.
func needsField(err error, field string) bool {
	refusal, ok := errors.AsType[*client.Error](err)

	return ok && slices.ContainsFunc(refusal.Errors, func(e client.FieldError) bool { return e.Field == field })
}

// read reads the answer to a request, and says what is wrong in the words of the command line.
// Errors: *problem for a refusal.
func (c *apiClient) read(res *http.Response, err error) (*answer, error) {
	if err != nil {
		return nil, c.explainFailure(err)
	}

	defer func() { _ = res.Body.Close() }() // read to its end

	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read the API's answer: %w", err)
	}

	return &answer{status: res.StatusCode, raw: raw}, nil
}

// explainFailure returns an error that says why there is no answer, and which flag to check.
func (c *apiClient) explainFailure(err error) error {
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		return &problem{refusal, c.words}
	}

	if nobody, ok := errors.AsType[*client.UnreachableError](err); ok {
		return fmt.Errorf(
			"the API does not answer at %s: %w. Is it running there? --url (HANDRAIL_URL) sets the address",
			c.shown,
			nobody.Err,
		)
	}

	if other, ok := errors.AsType[*client.UnexpectedAnswerError](err); ok {
		return fmt.Errorf(
			"%s answers %s, and this is not Handrail's API. Check --url (HANDRAIL_URL)",
			c.shown,
			makePrintable(other.Status),
		)
	}

	return err
}

// question makes one request to the API.
type question func(api *apiClient) (*http.Response, error)

// showOne makes a request and writes its answer with show, or as the API's JSON.
func showOne[T any](c *console, r *remote, ask question, show func(api *apiClient, answered *T) error) error {
	api, err := r.dial(c)
	if err != nil {
		return err
	}

	got, err := api.read(ask(api))
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
func (c *console) showJSON(raw json.RawMessage) error {
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
