// Package schema owns JSON Schema: compiling what people and servers define, telling what
// is wrong with a value and where, and reading a typed answer out of what a person wrote.
package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"handrail/budget"
	"handrail/chat"
)

// MaxSize is the most bytes that a schema may have.
const MaxSize = budget.MaxSchema

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

	if err := budget.Document.Check(document); err != nil {
		return nil, chat.Invalid(field, "must be a JSON Schema of usual size: %s", err)
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

	if err := checkKeywords(field, decoded); err != nil {
		return nil, err
	}

	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.RegisterFormat(&jsonschema.Format{Name: "email", Validate: checkEmail})
	compiler.UseLoader(nothing{})

	m := &meter{}
	compiler.UseRegexpEngine(m.compilePattern)

	if err := compiler.AddResource(location, decoded); err != nil {
		return nil, chat.Invalid(field, "must be a JSON Schema: %s", compileReason(err))
	}

	compiled, err := compiler.Compile(location)
	if err != nil {
		return nil, chat.Invalid(field, "must be a JSON Schema: %s", compileReason(err))
	}

	m.attach(compiled, map[*jsonschema.Schema]bool{})

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
			var broken violations
			broken.collect(inner, "")
			first := broken.told[0]

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
	if exceeded, ok := errors.AsType[*budget.ExceededError](budget.Document.Check(value)); ok {
		at := budget.ClipPath(budget.JoinPath(field, exceeded.Path))
		return chat.InvalidAs(code, at, "%s", exceeded.Message)
	}

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

	var broken violations
	broken.collect(invalid, field)

	refused := &chat.Error{Code: code, Fields: broken.told}
	refused.Message = broken.told[0].Field + " " + broken.told[0].Message

	return refused
}

var english = message.NewPrinter(language.English)

// violations are the rules that were broken, each with the path it was broken at: as many as are
// told, for a value may break a hundred thousand.
type violations struct{ told []chat.FieldError }

func (v *violations) isFull() bool { return len(v.told) >= budget.MaxViolations }

func (v *violations) add(path, message string) {
	if !v.isFull() {
		v.told = append(v.told, chat.FieldError{
			Field:   budget.ClipPath(path),
			Message: budget.Clip(message, budget.MaxViolation),
		})
	}
}

// collect walks down to what is wrong in the end.
func (v *violations) collect(e *jsonschema.ValidationError, field string) {
	if v.isFull() {
		return
	}

	for _, cause := range e.Causes {
		v.collect(cause, field)
	}

	if len(e.Causes) > 0 {
		return
	}

	path := strings.Join(append([]string{field}, e.InstanceLocation...), ".")
	switch broken := e.ErrorKind.(type) {
	case *kind.Required:
		v.addAll(broken.Missing, path, "is required")
	case *kind.AdditionalProperties:
		v.addAll(broken.Properties, path, "is not known here; leave it out")
	default:
		v.add(path, "must fit its schema: "+shortKind(e.ErrorKind).LocalizedString(english))
	}
}

// addAll names properties below a path, with what holds for all of them.
func (v *violations) addAll(names []string, path, message string) {
	for _, name := range names[:min(len(names), budget.MaxViolations)] {
		v.add(path+"."+name, message)
	}
}

// shownChoices is how many choices are told of a value that is none of them.
const shownChoices = 50

// shortKind is a broken rule without what makes its text long: the value, and most of many choices.
func shortKind(broken jsonschema.ErrorKind) jsonschema.ErrorKind {
	switch k := broken.(type) {
	case *kind.Enum:
		if len(k.Want) <= shownChoices {
			return k
		}

		return &kind.Enum{Want: append(slices.Clone(k.Want[:shownChoices]), "…")}

	case *kind.Pattern:
		return &kind.Pattern{Got: budget.Clip(k.Got, budget.MaxViolation), Want: k.Want}
	case *kind.Format:
		if choice, ok := errors.AsType[*notChosenError](k.Err); ok {
			return shortKind(choice.broken)
		}

		if text, ok := k.Got.(string); ok {
			return &kind.Format{
				Got:  budget.Clip(text, budget.MaxViolation),
				Want: strings.TrimSpace(k.Want),
				Err:  k.Err,
			}
		}
	}

	return broken
}
