package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// argumentPrefix begins the names of the fields that are arguments of a tool.
const argumentPrefix = "arg."

// argumentField is an argument of a tool that a form has a field for: a text, a number, or one of some words.
type argumentField struct {
	name        string
	kind        string
	description string
	isNeeded    bool
	options     []string
}

// fieldName returns the name of the field in the form.
func (f argumentField) fieldName() string { return argumentPrefix + f.name }

// readArgumentFields returns the fields of a tool's arguments: those that are needed first. It returns false if an
// argument is of a kind that has no field, such as a list: then the arguments are written as JSON.
func readArgumentFields(schema any) ([]argumentField, bool) {
	object, _ := schema.(map[string]any)
	properties, isGiven := object["properties"].(map[string]any)

	if !isGiven {
		return nil, false
	}

	needed, _ := object["required"].([]any)
	fields := make([]argumentField, 0, len(properties))

	for name, property := range properties {
		field, simple := newArgumentField(name, property)
		if !simple {
			return nil, false
		}

		field.isNeeded = slices.Contains(needed, any(name))
		fields = append(fields, field)
	}

	slices.SortFunc(fields, func(a, b argumentField) int {
		if a.isNeeded != b.isNeeded {
			if a.isNeeded {
				return -1
			}

			return 1
		}

		return cmp.Compare(a.name, b.name)
	})

	return fields, true
}

// newArgumentField returns the field of one argument. It returns false if there is none for its kind.
func newArgumentField(name string, property any) (argumentField, bool) {
	described, _ := property.(map[string]any)
	field := argumentField{name: name}
	field.kind, _ = described["type"].(string)
	field.description, _ = described["description"].(string)

	switch field.kind {
	case "integer", "number":
		return field, described["enum"] == nil
	case "boolean":
		field.options = []string{"true", "false"}
		return field, described["enum"] == nil
	case "string":
	default:
		return field, false
	}

	options, _ := described["enum"].([]any)
	for _, option := range options {
		word, isText := option.(string)
		if !isText {
			return field, false
		}

		field.options = append(field.options, word)
	}

	return field, true
}

// readArguments reads the arguments of a test. Errors: that of a field that cannot be read.
func readArguments(v *viewer, view *toolView) (map[string]any, error) {
	if !view.hasFields {
		return readWrittenArguments(v)
	}

	arguments := map[string]any{}

	for _, field := range view.fields {
		text := v.PostFormValue(field.fieldName())
		if text == "" && (!field.isNeeded || field.kind != "string" || len(field.options) > 0) {
			continue
		}

		value, err := field.read(text)
		if err != nil {
			return nil, err
		}

		arguments[field.name] = value
	}

	return arguments, nil
}

// read returns the value of an argument. A number stays as it was written, so that none loses digits.
func (f argumentField) read(text string) (any, error) {
	switch f.kind {
	case "integer":
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			return nil, newInputError(f.name, "must be a whole number")
		}

		return json.Number(text), nil
	case "number":
		if !json.Valid([]byte(text)) {
			return nil, newInputError(f.name, "must be a number")
		}

		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return nil, newInputError(f.name, "must be a number")
		}

		return json.Number(text), nil
	case "boolean":
		return text == "true", nil
	}

	return text, nil
}

// readWrittenArguments reads arguments that are written as JSON; none for an empty field.
func readWrittenArguments(v *viewer) (map[string]any, error) {
	text := readText(v, "arguments")
	if text == "" {
		return map[string]any{}, nil
	}

	var arguments map[string]any

	decoder := json.NewDecoder(bytes.NewBufferString(text))
	decoder.UseNumber()

	if err := decoder.Decode(&arguments); err != nil || decoder.More() || arguments == nil {
		return nil, newInputError("arguments", "must be a JSON object")
	}

	return arguments, nil
}

// formatAny returns a value as JSON for people.
func formatAny(value any) string {
	written, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Sprint(value)
	}

	return string(written)
}
