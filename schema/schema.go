// Package schema owns JSON Schema: compiling what people and servers define, telling what
// is wrong with a value and where, and reading a typed answer out of what a person wrote.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"handrail/chat"
)

// MaxSize is the most bytes that a schema may have.
const MaxSize = 64 << 10

// maxErrors is the most broken rules that are told of one value.
const maxErrors = 20

// Schema is a compiled JSON Schema. It is safe for concurrent use.
type Schema struct {
	compiled *jsonschema.Schema
	meter    *meter
	// document is the schema as JSON decodes it: a map or a bool.
	document any
}

// location names the document to the library; nothing is loaded from anywhere.
const location = "schema:document"

// Compile makes a Schema of a document, of draft 2020-12 unless it names another one. The
// error is CodeInvalidRequest naming field, with what is wrong. References to other
// documents are refused: nothing is fetched.
func Compile(field string, document json.RawMessage) (*Schema, error) {
	if len(document) > MaxSize {
		return nil, chat.Invalid(field, "must be at most %d bytes, it has %d", MaxSize, len(document))
	}

	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, chat.Invalid(field, "must be a JSON Schema: it is no JSON")
	}

	switch decoded.(type) {
	case map[string]any, bool:
	default:
		return nil, chat.Invalid(field, "must be a JSON Schema: an object like {\"type\":\"object\"}")
	}

	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.UseLoader(nothing{})

	m := &meter{}
	compiler.RegisterVocabulary(m.vocabulary())
	compiler.AssertVocabs()

	if err := compiler.AddResource(location, decoded); err != nil {
		return nil, chat.Invalid(field, "must be a JSON Schema: %s", compileReason(err))
	}

	compiled, err := compiler.Compile(location)
	if err != nil {
		return nil, chat.Invalid(field, "must be a JSON Schema: %s", compileReason(err))
	}

	return &Schema{compiled: compiled, meter: m, document: decoded}, nil
}

// nothing refuses to load references to other documents.
type nothing struct{}

// Load fails.
func (nothing) Load(string) (any, error) {
	return nil, errors.New("references to other documents are not followed")
}

// compileReason is why a schema does not compile, in one line without the library's location.
func compileReason(err error) string {
	if invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if inner, ok := errors.AsType[*jsonschema.ValidationError](invalid.Err); ok {
			first := leafErrors(inner, "")[0]
			return strings.TrimSpace(strings.TrimPrefix(first.Field, ".") + " " + first.Message)
		}
	}

	text := strings.ReplaceAll(strings.ReplaceAll(err.Error(), location+"#", ""), location, "it")
	text, _, _ = strings.Cut(text, "\n")

	return text
}

// Check refuses a value that does not fit, with the code and every broken rule: each names
// its place below field, and what would be right.
func (s *Schema) Check(code chat.Code, field string, value json.RawMessage) error {
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return chat.InvalidAs(code, field, "must be JSON")
	}

	return s.check(code, field, decoded)
}

func (s *Schema) check(code chat.Code, field string, decoded any) error {
	err := s.meter.run(func() error { return s.compiled.Validate(decoded) })
	if errors.Is(err, errBeyond) {
		return chat.InvalidAs(
			code,
			field,
			"cannot be checked: its schema asks for too much work, or it holds a number beyond measure",
		)
	}

	if err == nil {
		return nil
	}

	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return fmt.Errorf("validate a value: %w", err)
	}

	fields := leafErrors(invalid, field)
	fields = fields[:min(len(fields), maxErrors)]
	refused := &chat.Error{Code: code, Fields: fields}
	refused.Message = fields[0].Field + " " + fields[0].Message

	return refused
}

var english = message.NewPrinter(language.English)

// leafErrors are the rules that were broken, each with the path it was broken at.
func leafErrors(e *jsonschema.ValidationError, field string) []chat.FieldError {
	if len(e.Causes) > 0 {
		var all []chat.FieldError
		for _, cause := range e.Causes {
			all = append(all, leafErrors(cause, field)...)
		}

		return all
	}

	path := strings.Join(append([]string{field}, e.InstanceLocation...), ".")
	switch broken := e.ErrorKind.(type) {
	case *kind.Required:
		return fieldErrors(broken.Missing, path, "is required")
	case *kind.AdditionalProperties:
		return fieldErrors(broken.Properties, path, "is not known here; leave it out")
	}

	return []chat.FieldError{{Field: path, Message: "must fit its schema: " + e.ErrorKind.LocalizedString(english)}}
}

// fieldErrors names properties below a path, with what holds for all of them.
func fieldErrors(names []string, path, message string) []chat.FieldError {
	fields := make([]chat.FieldError, len(names))
	for i, name := range names {
		fields[i] = chat.FieldError{Field: path + "." + name, Message: message}
	}

	return fields
}
