package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The kinds of fields of a tool's form.
const (
	fieldText    = "text"
	fieldLine    = "line"
	fieldNumber  = "number"
	fieldBoolean = "boolean"
	fieldChoice  = "choice"
	// fieldJSON is for values that have parts of their own.
	fieldJSON = "json"
)

// toolField is an argument of a tool in its form.
type toolField struct {
	name        string
	description string
	kind        string
	// choices are the values of a choice.
	choices    []string
	isRequired bool
	// value is what was typed.
	value string
}

// listToolFields returns the fields for the properties of a tool's JSON Schema, the required ones first. It returns
// none for a schema that does not list properties: its arguments are given as JSON.
func listToolFields(schema any) []toolField {
	object, _ := schema.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	required, _ := object["required"].([]any)

	var fields []toolField

	for name, raw := range properties {
		property, _ := raw.(map[string]any)
		field := toolField{
			name:       name,
			isRequired: slices.Contains(required, any(name)),
		}

		field.description, _ = property["description"].(string)
		field.kind, field.choices = kindOfField(property)
		fields = append(fields, field)
	}

	slices.SortFunc(fields, func(a, b toolField) int {
		if a.isRequired != b.isRequired {
			if a.isRequired {
				return -1
			}

			return 1
		}

		return strings.Compare(a.name, b.name)
	})

	return fields
}

// longestLine is how long a text may be at most that is typed in a single line.
const longestLine = 200

// kindOfField returns the kind of field for a property of a JSON Schema, and the values of a choice.
func kindOfField(property map[string]any) (kind string, choices []string) {
	if values, has := property["enum"].([]any); has {
		for _, value := range values {
			text, isText := value.(string)
			if !isText || text == "" {
				return fieldJSON, nil
			}

			choices = append(choices, text)
		}

		return fieldChoice, choices
	}

	switch property["type"] {
	case "string":
		if longest, has := property["maxLength"].(float64); has && longest <= longestLine {
			return fieldLine, nil
		}

		if property["format"] != nil || property["pattern"] != nil {
			return fieldLine, nil
		}

		return fieldText, nil
	case "integer", "number":
		return fieldNumber, nil
	case "boolean":
		return fieldBoolean, nil
	}

	return fieldJSON, nil
}

// arguments returns the arguments of a call as its form has them. Errors: what is no number, or no JSON, where one has
// to be. All else is checked by the API.
func (c *draftCall) arguments() (map[string]any, error) {
	arguments := map[string]any{}

	if len(c.fields) == 0 {
		if strings.TrimSpace(c.raw) == "" {
			return arguments, nil
		}

		if err := json.Unmarshal([]byte(c.raw), &arguments); err != nil || arguments == nil {
			return nil, errors.New("they must be a JSON object, such as {\"name\": \"value\"}")
		}

		return arguments, nil
	}

	for i := range c.fields {
		field := &c.fields[i]
		if field.value == "" {
			continue
		}

		value, err := field.parse()
		if err != nil {
			return nil, err
		}

		arguments[field.name] = value
	}

	return arguments, nil
}

// parse returns the value of a field.
func (f *toolField) parse() (any, error) {
	switch f.kind {
	case fieldNumber:
		number := strings.TrimSpace(f.value)

		var parsed json.Number
		if err := json.Unmarshal([]byte(number), &parsed); err != nil || parsed == "" || number[0] == '"' {
			return nil, fmt.Errorf("%s must be a number", f.name)
		}

		return parsed, nil
	case fieldBoolean:
		return f.value == "true", nil
	case fieldJSON:
		if !json.Valid([]byte(f.value)) {
			return nil, fmt.Errorf("%s must be JSON", f.name)
		}

		return json.RawMessage(f.value), nil
	}

	return f.value, nil
}
