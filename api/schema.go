package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"handrail/budget"
	"handrail/chat"
)

// compileBodies makes the validators of the bodies out of the finished document, so that
// what is promised and what is checked are one thing. They are known by operation id.
func compileBodies(document []byte, operations map[string]string) (map[string]*jsonschema.Schema, error) {
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}

	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "int64", Validate: checkInt64})
	compiler.RegisterFormat(&jsonschema.Format{Name: "date-time", Validate: checkTime})

	if err := compiler.AddResource("openapi.json", parsed); err != nil {
		return nil, fmt.Errorf("take the OpenAPI document as schemas: %w", err)
	}

	bodies := map[string]*jsonschema.Schema{}
	for operation, ref := range operations {
		if bodies[operation], err = compiler.Compile("openapi.json" + ref); err != nil {
			return nil, fmt.Errorf("compile the body of %s: %w", operation, err)
		}
	}

	return bodies, nil
}

// checkInt64 holds integers to what an int64 can hold, written plainly: 1.0 and 1e2 are
// integers to JSON Schema, but not to the decoder behind it.
func checkInt64(value any) error {
	number, ok := value.(json.Number)
	if !ok {
		return nil
	}

	if _, err := strconv.ParseInt(string(number), 10, 64); err != nil {
		return errors.New("not an int64")
	}

	return nil
}

// checkTime takes the times that Go's decoder takes, and that databases and JSON have: of the years 1 to 9999 in UTC.
func checkTime(value any) error {
	text, ok := value.(string)
	if !ok {
		return nil
	}

	at, err := time.Parse(time.RFC3339, text)
	if year := at.UTC().Year(); err != nil || year < 1 || year > 9999 {
		return errors.New("not a time")
	}

	return nil
}

// schemaError says which fields do not fit, as the caller spelled them. codes are the
// fields that have a more telling code than invalid_request.
func schemaError(err error, value any, codes map[string]chat.Code) error {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return fmt.Errorf("check a body: %w", err)
	}

	var fields []chat.FieldError
	collectErrors(invalid, value, &fields)

	slices.SortFunc(fields, func(a, b chat.FieldError) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})

	fields = slices.CompactFunc(fields, func(a, b chat.FieldError) bool { return a.Field == b.Field })
	fields = fields[:min(len(fields), budget.MaxViolations)]

	code := chat.CodeInvalidRequest
	if special, ok := codes[withoutIndexes(fields[0].Field)]; ok && fields[0].Message != missing {
		code = special
	}

	e := chat.InvalidAs(code, fields[0].Field, "%s", fields[0].Message)
	e.Fields = fields

	return e
}

func withoutIndexes(field string) string {
	name, rest, found := strings.Cut(field, "[")
	if !found {
		return field
	}

	_, rest, _ = strings.Cut(rest, "]")

	return name + "[]" + withoutIndexes(rest)
}

// missing is what is wrong with a field that is not there: the request, not its value.
const missing = "is required"

// collected is how many broken rules are looked for: more than are told, to be sorted.
const collected = 10 * budget.MaxViolations

// collectErrors walks down to what is wrong in the end. It stops at a oneOf: why each of
// several shapes does not fit helps nobody. Nor does it go on when there are more than are told: the
// library finds them in no order.
func collectErrors(e *jsonschema.ValidationError, value any, fields *[]chat.FieldError) {
	if len(*fields) >= collected {
		return
	}

	at, here := fieldAt(e.InstanceLocation, value)

	add := func(field, format string, args ...any) {
		message := budget.Clip(fmt.Sprintf(format, args...), budget.MaxViolation)
		*fields = append(*fields, chat.FieldError{Field: orBody(field), Message: message})
	}

	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range firstFew(k.Missing) {
			add(budget.JoinPath(at, name), missing)
		}

	case *kind.AdditionalProperties:
		for _, name := range firstFew(k.Properties) {
			add(budget.JoinPath(at, name), "is not a field of this request")
		}

	case *kind.OneOf:
		call, isObject := here.(map[string]any)

		switch {
		case isObject:
			collectCallErrors(e, call, value, fields)
		case wantsObject(e):
			add(at, "must be an object")
		default:
			add(at, `must be a whole number from 1 to 5, or "up" or "down"`)
		}

	default:
		if len(e.Causes) == 0 {
			add(at, "%s", describeViolation(k))
		}

		for _, cause := range e.Causes {
			collectErrors(cause, value, fields)
		}
	}
}

// collectCallErrors says what is wrong with a tool call, which has one of two shapes: first what keeps it from
// both, and then what is wrong within the one that it was meant to have.
func collectCallErrors(e *jsonschema.ValidationError, call map[string]any, value any, fields *[]chat.FieldError) {
	at, _ := fieldAt(e.InstanceLocation, value)
	told := map[string]bool{}

	for _, f := range toolCallShape(call) {
		f.Field = orBody(budget.JoinPath(at, f.Field))
		told[f.Field] = true
		*fields = append(*fields, f)
	}

	meant := 1
	if hasKey(call, "function") {
		meant = 0
	}

	if meant >= len(e.Causes) {
		return
	}

	var within []chat.FieldError
	collectErrors(e.Causes[meant], value, &within)

	for _, f := range within {
		if !told[f.Field] {
			*fields = append(*fields, f)
		}
	}
}

// wantsObject reports whether a value was refused because it is no object.
func wantsObject(e *jsonschema.ValidationError) bool {
	if k, ok := e.ErrorKind.(*kind.Type); ok {
		return slices.Contains(k.Want, "object")
	}

	return slices.ContainsFunc(e.Causes, wantsObject)
}

// firstFew leaves out what would not be told anyway.
func firstFew(names []string) []string {
	return names[:min(len(names), collected)]
}

// describeViolation says what would be right.
func describeViolation(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return "must be " + typeNames(k.Want)
	case *kind.Enum:
		return "must be one of " + listValues(k.Want)
	case *kind.Const:
		return fmt.Sprintf("must be %v", k.Want)
	case *kind.MinLength:
		if k.Want == 1 {
			return "must not be empty"
		}

		return fmt.Sprintf("must have at least %d characters, it has %d", k.Want, k.Got)

	case *kind.MaxLength:
		return fmt.Sprintf("must have at most %d characters, it has %d", k.Want, k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("must have at least %d entries", k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("must have at most %d entries, it has %d", k.Want, k.Got)
	case *kind.MinProperties:
		return "must name at least one field to change"
	case *kind.UniqueItems:
		return "must not have an entry twice"
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + k.Want.RatString()
	case *kind.Pattern:
		return cmp.Or(patternNames[k.Want], "must match "+k.Want)
	case *kind.Format:
		return formatNames[k.Want]
	}

	return "is not valid"
}

// formatNames say what the formats of the document mean.
var formatNames = map[string]string{
	"int64":     "must be a whole number from -9223372036854775808 to 9223372036854775807, without point or exponent",
	"date-time": "must be a time like 2026-11-22T10:00:00Z",
	"uuid":      "must be a UUID like " + exampleMessage,
}

// patternNames say what the patterns of the document mean.
var patternNames = map[string]string{
	"^(#[0-9a-fA-F]{6})?$":     "must be like #3366ff",
	"^([+][1-9][0-9]{6,14})?$": "must be an E.164 number like +14155550123",
}

func typeNames(types []string) string {
	names := map[string]string{
		"string":  "a string",
		"integer": "a whole number",
		"number":  "a number",
		"boolean": "true or false",
		"object":  "an object",
		"array":   "a list",
		"null":    "null",
	}

	words := make([]string, len(types))
	for i, t := range types {
		words[i] = names[t]
	}

	return strings.Join(words, " or ")
}

func listValues(values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}

	return strings.Join(words, ", ")
}

// fieldAt writes a place in value as callers do, tool_calls[0].name, and returns what is
// there.
func fieldAt(tokens []string, value any) (string, any) {
	field := ""

	for _, token := range tokens {
		switch v := value.(type) {
		case []any:
			field += "[" + token + "]"

			if i, err := strconv.Atoi(token); err == nil && i < len(v) {
				value = v[i]
			}

		case map[string]any:
			field = budget.JoinPath(field, token)
			value = v[token]
		}
	}

	return field, value
}

// parameterError says what is wrong with the query and the headers that huma has read.
func parameterError(op *huma.Operation, message string, errs []error) *chat.Error {
	var fields []chat.FieldError

	for _, err := range errs {
		var detailer huma.ErrorDetailer
		if errors.As(err, &detailer) {
			// A list is one parameter: which of its words is wrong, its values show.
			field, _, _ := strings.Cut(detailer.ErrorDetail().Location, "[")
			wrong := chat.FieldError{Field: field, Message: describeField(op, field)}

			if !slices.Contains(fields, wrong) {
				fields = append(fields, wrong)
			}
		}
	}

	if len(fields) == 0 {
		// huma has failed at something that is not the caller's doing.
		return chat.AsError(errors.New(message))
	}

	e := chat.Invalid(fields[0].Field, "%s", fields[0].Message)
	e.Fields = fields

	return e
}

func describeField(op *huma.Operation, field string) string {
	in, name, _ := strings.Cut(field, ".")

	name = cmp.Or(aliases[name], name)
	for _, p := range op.Parameters {
		if p.In == in && p.Name == name {
			return describeSchema(cmp.Or(p.Schema.Items, p.Schema))
		}
	}

	return "is not a parameter of this call"
}

func describeSchema(s *huma.Schema) string {
	switch {
	case len(s.Enum) > 0:
		return "must be one of " + listValues(s.Enum)
	case s.PatternDescription != "":
		return "must be " + s.PatternDescription
	case s.Type == huma.TypeBoolean:
		return "must be true or false"
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf("must be a whole number from %.0f to %.0f", *s.Minimum, *s.Maximum)
	case s.Type == huma.TypeInteger:
		return fmt.Sprintf("must be a whole number from %.0f to %d", valueOr(s.Minimum, 1), int64(math.MaxInt64))
	case s.MaxLength != nil:
		return fmt.Sprintf("must have at most %d characters", *s.MaxLength)
	}

	return cmp.Or(formatNames[s.Format], "is not valid")
}
