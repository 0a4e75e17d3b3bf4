package mcpserver

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// newSchema returns the schema of a type. Beside jsonschema, which describes a field, the tags minimum, maximum,
// minLength, maxLength, maxItems, pattern, enum (with commas) and default bound it. It panics for a type that has none:
// all types are known when the program starts.
func newSchema(t reflect.Type) *jsonschema.Schema {
	if t.Kind() == reflect.Pointer { // nothing is never an answer
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

// boundFields puts the bounds of a struct's fields into its schema.
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

		if len(property.Types) == 2 && property.Types[0] == "null" { // what is not there is left out
			property.Type = property.Types[1]
			property.Types = nil
		}

		boundField(field.Tag, property)
		boundFields(field.Type, property)
	}
}

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

// parseBound returns the bound in a tag, nil when there is none. It panics for one that is no number.
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
