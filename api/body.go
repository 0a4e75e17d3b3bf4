package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"handrail/budget"
	"handrail/chat"
)

// aliases are fields that may be spelled in two ways.
var aliases = map[string]string{"memberId": "member_id", "toolCalls": "tool_calls"}

// readBody checks the body against the schema in the document, and keeps it for the
// handler with its fields under the names of the document.
func (s *service) readBody(operation string, codes map[string]chat.Code) check {
	return func(ctx huma.Context, c *requestInfo) error {
		request := humafiber.Unwrap(ctx).Request()
		if err := checkMedia(string(request.Header.ContentType()), ctx.Header("Content-Encoding")); err != nil {
			return err
		}

		// Not fiber's Body, which unpacks what is compressed, however large it becomes.
		value, err := parseBody(request.Body())
		if err != nil {
			return err
		}

		c.spelled = map[string]string{}
		if err := c.rename("", value); err != nil {
			return err
		}

		if err := s.bodies[operation].Validate(value); err != nil {
			return schemaError(err, value, codes)
		}

		if ctx.Method() == http.MethodPatch {
			clearFields(s.bodies[operation], value)
		}

		c.body, err = canonicalJSON(value)

		return err
	}
}

// clearFields writes what a field of a PATCH is without a value where it is null: handlers take null for a field
// that was left out. The schema has refused null where a field needs a value.
func clearFields(schema *jsonschema.Schema, value any) {
	for schema.Ref != nil {
		schema = schema.Ref
	}

	object, _ := value.(map[string]any)

	for name, given := range object {
		property, known := schema.Properties[name]

		switch {
		case given != nil || !known || property.Types == nil:
		case slices.Contains(property.Types.ToStrings(), huma.TypeInteger):
			object[name] = json.Number("0")
		default:
			object[name] = ""
		}
	}
}

// noBody refuses what a call without a body would silently ignore.
func noBody(ctx huma.Context, _ *requestInfo) error {
	body := bytes.TrimSpace(humafiber.Unwrap(ctx).Request().Body())
	if len(body) == 0 || string(body) == "{}" {
		return nil
	}

	return chat.Invalid("body", "must be empty: this call takes its parameters in the path, the query and the headers")
}

func checkMedia(contentType, encoding string) error {
	if encoding != "" && !strings.EqualFold(encoding, "identity") {
		return chat.Errorf(chat.CodeUnsupportedMediaType, "the body must not be compressed")
	}

	if contentType == "" {
		return nil
	}

	media, parameters, err := mime.ParseMediaType(contentType)

	charset := parameters["charset"]
	if err != nil || media != "application/json" || (charset != "" && !strings.EqualFold(charset, "utf-8")) {
		return chat.Errorf(chat.CodeUnsupportedMediaType, "the Content-Type must be application/json, in UTF-8")
	}

	return nil
}

// rename gives aliased fields the name of the document, here, in to, and in lists of objects
// at the top; never below, where a tool's own arguments are.
func (c *requestInfo) rename(field string, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return nil
	}

	for alias, name := range aliases {
		given, ok := object[alias]
		if !ok {
			continue
		}

		if other, both := object[name]; both && !reflect.DeepEqual(given, other) {
			return chat.Invalid(
				budget.JoinPath(field, alias),
				"and %s are the same field; give one of them",
				budget.JoinPath(field, name),
			)
		}

		delete(object, alias)
		object[name] = given
		c.spelled[budget.JoinPath(field, name)] = budget.JoinPath(field, alias)
	}

	if field != "" {
		return nil
	}

	relaxToolCalls(object)

	if err := c.rename("to", object["to"]); err != nil {
		return err
	}

	items, _ := object["participants"].([]any)
	for i := range items {
		if err := c.rename(fmt.Sprintf("participants[%d]", i), items[i]); err != nil {
			return err
		}
	}

	return nil
}

// respell names the fields of an error as the caller spelled them.
func (c *requestInfo) respell(e *chat.Error) *chat.Error {
	if len(c.spelled) == 0 || len(e.Fields) == 0 {
		return e
	}

	respelled := *e

	respelled.Fields = nil
	for _, f := range e.Fields {
		for name, alias := range c.spelled {
			if rest, ok := strings.CutPrefix(f.Field, name); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				respelled.Message = strings.Replace(respelled.Message, f.Field, alias+rest, 1)
				f.Field = alias + rest

				break
			}
		}

		respelled.Fields = append(respelled.Fields, f)
	}

	return &respelled
}

// humaContext is embedded under a name that its method Context does not clash with.
type humaContext = huma.Context

// readContext is a huma.Context whose body has been read and checked.
type readContext struct {
	humaContext
	body []byte
}

// BodyReader returns the checked body.
func (r readContext) BodyReader() io.Reader { return bytes.NewReader(r.body) }

// SetReadDeadline does nothing: there is nothing left to read.
func (r readContext) SetReadDeadline(time.Time) error { return nil }

// Unwrap lets the adapter find its own context.
func (r readContext) Unwrap() huma.Context { return r.humaContext }
