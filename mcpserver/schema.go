package mcpserver

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// newSchema returns the JSON schema of a type. A field is described by its tag jsonschema, and limited by the tags
// minimum, maximum, minLength, maxLength, maxItems, pattern, enum (with commas) and default. newSchema panics for a
// type that has no schema, which every start of the program would show.
func newSchema(t reflect.Type) *jsonschema.Schema {
	if t.Kind() == reflect.Pointer { // arguments and answers are never null
		t = t.Elem()
	}

	s, err := jsonschema.ForType(t, &jsonschema.ForOptions{
		TypeSchemas: map[reflect.Type]*jsonschema.Schema{
			reflect.TypeFor[json.RawMessage](): {Type: "object"},
		},
	})
	if err != nil {
		panic(fmt.Sprintf("no schema of %s: %v", t, err))
	}

	boundFields(t, s)

	return s
}

// boundFields adds the limits in the tags of a struct's fields to its schema.
func boundFields(t reflect.Type, s *jsonschema.Schema) {
	switch t.Kind() {
	case reflect.Pointer:
		boundFields(t.Elem(), s)
		return

	case reflect.Slice:
		if s.Items != nil {
			boundFields(t.Elem(), s.Items)
		}

		return

	case reflect.Struct:
	default:
		return
	}

	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")

		property := s.Properties[name]
		if property == nil {
			continue
		}

		if len(property.Types) == 2 && property.Types[0] == "null" { // a missing value is left out, and never null
			property.Type = property.Types[1]
			property.Types = nil
		}

		boundField(field.Tag, property)
		boundFields(field.Type, property)
	}
}

// boundField adds the limits in a field's tag to its schema.
func boundField(tag reflect.StructTag, s *jsonschema.Schema) {
	s.Minimum = parseBound(tag, "minimum", func(n int) float64 { return float64(n) })
	s.Maximum = parseBound(tag, "maximum", func(n int) float64 { return float64(n) })
	s.MinLength = parseBound(tag, "minLength", func(n int) int { return n })
	s.MaxLength = parseBound(tag, "maxLength", func(n int) int { return n })
	s.MaxItems = parseBound(tag, "maxItems", func(n int) int { return n })
	s.Pattern = tag.Get("pattern")

	if words := tag.Get("enum"); words != "" {
		for word := range strings.SplitSeq(words, ",") {
			s.Enum = append(s.Enum, word)
		}
	}

	if value := tag.Get("default"); value != "" {
		s.Default = json.RawMessage(value)
	}
}

// parseBound returns the limit in a tag, nil if there is none. It panics for one that is not a number.
func parseBound[T any](tag reflect.StructTag, name string, convert func(int) T) *T {
	text := tag.Get(name)
	if text == "" {
		return nil
	}

	n, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}

	return new(convert(n))
}
